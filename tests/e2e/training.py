"""Training the examples: the figures that they reach, the same bits again, resuming, predicting."""
import ast
import os
import struct

from case import case, example, expect, losses, program, run, same, tensors, QUERN

DATA = example("lecture/data/")


def train(source, data, folder, *flags, name="w"):
    weights = f"{folder}/{name}.safetensors"
    output, _ = run(program(source), "train", "--data", DATA + data, "--batch", "50", *flags, "--save", weights)
    return losses(output), weights


def reaches(model, data, epochs, rate, first, last, folder):
    figures, weights = train("lecture/" + model, data, folder, "--epochs", str(epochs), "--lr", str(rate))
    expect(len(figures) == epochs, f"{len(figures)} epochs were printed, not {epochs}")
    expect(figures[0] <= first, f"the first loss is {figures[0]}, above {first}")
    expect(figures[-1] <= last, f"the last loss is {figures[-1]}, above {last}")
    return tensors(weights)


@case
def simple_reaches_least_squares(folder):
    values = reaches("simple", "simple.csv", 5, 0.1, 696.5, 94.5, folder)
    expect(abs(values["linear.weight"][0] - 45.497) < 1 and abs(values["linear.bias"][0] + 0.769) < 1, values)


@case
def multiple_reaches_least_squares(folder):
    values = reaches("multiple", "multiple.csv", 5, 0.1, 1035, 103.1, folder)
    for found, exact in zip(values["linear.weight"], (0.616, 55.991, 11.141)):
        expect(abs(found - exact) < 1.5, values)


@case
def nonlinear_fits(folder):
    reaches("nonlinear", "nonlinear.csv", 10, 0.3, 60, 6.5, folder)


@case
def nonlinear_deep_fits(folder):
    reaches("nonlinear_deep", "nonlinear.csv", 20, 0.3, 75, 8.8, folder)


def train_digits(folder, *flags, name="w"):
    weights = f"{folder}/{name}.safetensors"
    output, _ = run(program("digits/digits"), "train", "--data", example("digits/train.npz"), "--val",
                    example("digits/test.npz"), "--batch", "32", *flags, "--save", weights)
    return output, weights


@case
def digits_reach_96_percent(folder):
    output, weights = train_digits(folder, "--epochs", "30")
    reached = losses(output, "accuracy")[-1]
    expect(reached >= 0.96, f"held-out accuracy is {reached}")
    evaluated, _ = run(program("digits/digits"), "eval", "--data", example("digits/test.npz"), "--load", weights)
    expect(losses(evaluated, "accuracy") == [reached], f"eval says {evaluated.strip()}, train said {reached}")
    return f"accuracy {reached}"


@case
def threads_and_runs_give_the_same_bits(folder):
    kept = [train_digits(folder, "--epochs", "2", "--threads", str(n), name=f"{n}{again}")[1]
            for n, again in ((1, "a"), (1, "b"), (2, "a"), (3, "a"))]
    for other in kept[1:]:
        same(kept[0], other)


@case
def seeds_give_other_bits(folder):
    one = train("lecture/simple", "simple.csv", folder, "--epochs", "1", "--seed", "1", name="one")
    two = train("lecture/simple", "simple.csv", folder, "--epochs", "1", "--seed", "2", name="two")
    expect(one[0] != two[0], "two seeds give one loss")


@case
def resume_equals_uninterrupted(folder):
    _, whole = train_digits(folder, "--epochs", "4", name="whole")
    _, parts = train_digits(folder, "--epochs", "2", name="parts")
    train_digits(folder, "--epochs", "4", "--resume", name="parts")
    same(whole, parts)
    same(whole.replace(".s", ".training.s"), parts.replace(".s", ".training.s"))


@case
def predicts_to_csv_and_npy(folder):
    _, weights = train("lecture/simple", "simple.csv", folder, "--epochs", "5", "--lr", "0.1")
    for kind in ("csv", "npy"):
        run(program("lecture/simple"), "predict", "--data", DATA + "simple.csv", "--load", weights,
            "--out", f"{folder}/p.{kind}")
    rows = open(f"{folder}/p.csv").read().splitlines()
    expect(len(rows) == 501, f"{len(rows)} lines, not 501")
    raw = open(f"{folder}/p.npy", "rb").read()
    expect(raw[:6] == b"\x93NUMPY", "this is no npy file")
    header = ast.literal_eval(raw[10 : 10 + struct.unpack("<H", raw[8:10])[0]].decode())
    expect(header == {"descr": "<f4", "fortran_order": False, "shape": (500, 1)}, header)
    value = struct.unpack("<f", raw[-4:])[0]
    expect(abs(float(rows[-1]) - value) <= 1e-5 * abs(value), f"csv has {rows[-1]}, npy {value}")


@case
def quern_train_forwards_flags(folder):
    direct, weights = train("lecture/simple", "simple.csv", folder, "--epochs", "3", "--lr", "0.1")
    output, _ = run(QUERN, "train", example("lecture/simple.qn"), "--data", DATA + "simple.csv", "--batch", "50",
                    "--epochs", "3", "--lr", "0.1", "--save", f"{folder}/v.safetensors")
    expect(losses(output) == direct, f"{losses(output)} is not {direct}")
    expect(tensors(weights) == tensors(f"{folder}/v.safetensors"), "the weights differ")
    expect(os.path.exists(weights), weights)
