"""Training the examples: the figures that they reach, the same bits again, resuming, predicting."""
import ast
import os
import struct

from case import case, example, expect, losses, program, run, same, tensors, write, QUERN

DATA = example("lecture/data/")


def train(source, data, folder, *flags, name="w"):
    weights = f"{folder}/{name}.safetensors"
    output, _ = run(program(source), "train", "--data", DATA + data, "--batch", "50", *flags, "--save", weights)
    return losses(output), weights


def reaches(model, data, epochs, rate, first, last, folder):
    """Trains, and checks the first and the last epoch's loss against the spread of 40 PyTorch runs with other seeds."""
    figures, weights = train("lecture/" + model, data, folder, "--epochs", str(epochs), "--lr", str(rate))
    expect(len(figures) == epochs, f"{len(figures)} epochs were printed, not {epochs}")
    for which, figure, (least, most) in (("first", figures[0], first), ("last", figures[-1], last)):
        expect(least <= figure <= most, f"the {which} loss is {figure}, not within {least} .. {most}")
    return tensors(weights), f"{figures[0]} to {figures[-1]}"


def columns(data):
    lines = open(DATA + data).read().split()
    names = lines[0].split(",")
    rows = [[float(cell) for cell in line.split(",")] for line in lines[1:]]
    return [[row[i] for i, name in enumerate(names) if name != "y"] for row in rows], [row[names.index("y")]
                                                                                         for row in rows]


def least_squares(data):
    """Bias, weights and mean squared error of the exact solution, by the normal equations."""
    x, y = columns(data)
    x = [[1.0] + row for row in x]
    size = len(x[0])
    rows = [[sum(r[i] * r[k] for r in x) for k in range(size)] + [sum(r[i] * v for r, v in zip(x, y))]
            for i in range(size)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(size):
            if k != i:
                factor = rows[k][i] / rows[i][i]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i])]
    solution = [rows[i][size] / rows[i][i] for i in range(size)]
    return solution, error_of(solution, data)


def error_of(weights, data):
    x, y = columns(data)
    return sum((weights[0] + sum(w * v for w, v in zip(weights[1:], row)) - t) ** 2 for row, t in zip(x, y)) / len(y)


@case
def simple_reaches_least_squares(folder):
    values, note = reaches("simple", "simple.csv", 5, 0.1, (638.7, 696.5), (93.37, 94.39), folder)
    w0, w1 = values["linear.bias"][0], values["linear.weight"][0]
    expect(-1.28 <= w0 <= -0.24 and 44.79 <= w1 <= 46.04, f"w0 {w0}, w1 {w1}")
    (exact0, exact1), error = least_squares("simple.csv")
    expect((round(exact0, 3), round(exact1, 3), round(error, 3)) == (-0.769, 45.497, 93.096), "least squares")
    return note


@case
def multiple_reaches_least_squares(folder):
    values, note = reaches("multiple", "multiple.csv", 5, 0.1, (984, 1035), (101.5, 103.0), folder)
    exact, error = least_squares("multiple.csv")
    expect([round(v, 3) for v in exact] == [0.425, 0.616, 55.991, 11.141] and round(error, 2) == 100.79, exact)
    found = [values["linear.bias"][0], *values["linear.weight"]]
    expect(error <= error_of(found, "multiple.csv") <= 103.0, f"the weights {found} leave "
           f"{error_of(found, 'multiple.csv')}, the exact ones {error}")
    return note


@case
def nonlinear_fits(folder):
    return reaches("nonlinear", "nonlinear.csv", 10, 0.3, (28.1, 49.7), (4.19, 6.36), folder)[1]


@case
def nonlinear_deep_fits(folder):
    return reaches("nonlinear_deep", "nonlinear.csv", 20, 0.3, (49.2, 61.2), (4.05, 8.71), folder)[1]


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


METRICS = """net = Linear(1, 1)

@train(SGD(lr=0.01))
def loss(x: f32[B, 1], y: f32[B, 1]) -> f32:
    return mse_loss(net(x), y)

@metric
def errors(x: f32[B, 1], y: f32[B, 1]) -> (mean: f32, rest: f32, counts: i64[2]):
    d = abs(x - y)
    return d.mean(), 1 - d.mean(), stack([(d < 3).sum(), (d >= 3).sum()])

@metric
def means(x: f32[B, 1], y: f32[B, 1]) -> (f32, f32):
    return x.mean(), y.mean()
"""


@case
def metrics_of_several_results(folder):
    """Each scalar averages by rows and each tensor sums, under its own name, or its function's and a number."""
    write(folder, "m.qn", METRICS)
    write(folder, "d.csv", "x,y\n1,2\n3,4\n5,7\n7,11\n9,9\n")
    for batch in "1235":
        text, _ = run(QUERN, "eval", "m.qn", "--data", "d.csv", "--batch", batch, cwd=folder)
        line, *tensor = text.splitlines()
        expect(line.endswith(", mean: 1.6000, rest: -0.6000, means_0: 5.0000, means_1: 6.6000"), line)
        expect(tensor == ["counts:", "[4, 1]"], tensor)
    run(QUERN, "train", "m.qn", "--data", "d.csv", "--val", "d.csv", "--epochs", "1", "--history", "h.csv", cwd=folder)
    names, values = [line.split(",") for line in open(f"{folder}/h.csv").read().split()]
    expect(names == ["epoch", "loss", "val_loss", "mean", "rest", "means_0", "means_1"], names)
    expect([round(float(v), 4) for v in values[3:]] == [1.6, -0.6, 5, 6.6], values)
