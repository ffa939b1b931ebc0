"""Optimizers, schedules and batch norms in built programs, step by step as PyTorch has them in f64."""
import json
import re
import struct

from case import QUERN, ROOT, case, expect, run, same, tensors, write
from files import npy

GOLDEN = f"{ROOT}/tests/numerics/golden/library"


def golden():
    """The training cases of library.txt: {name: {word: {name of the tensor: (extents, numbers)}}}."""
    found = {}
    with open(f"{GOLDEN}.txt") as file:
        for part in file.read().split("\n\n"):
            name, *lines = part.strip().split("\n")
            if not any(line.startswith("loss ") for line in lines):
                continue
            words = found.setdefault(name, {"in": {}, "out": {}, "loss": {}})
            for line in lines:
                word, tensor, rank, *numbers = line.split()
                rank = int(rank)
                words[word][tensor] = [int(n) for n in numbers[:rank]], [float(n) for n in numbers[rank:]]
    return found


def safetensors(weights):
    header, data = {}, b""
    for name, (extents, numbers) in weights.items():
        counts = name.endswith("num_batches_tracked")
        part = struct.pack(f"<{len(numbers)}{'q' if counts else 'd'}", *(int(n) if counts else n for n in numbers))
        header[name] = {"dtype": "I64" if counts else "F64", "shape": extents, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def read(path):
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    found = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            letter = {"F64": "d", "I64": "q"}[entry["dtype"]]
            found[name] = struct.unpack(f"<{(last - first) // 8}{letter}", data[8 + size + first : 8 + size + last])
    return found


@case
def steps_of_training(folder):
    """Every optimizer of the library, trained on one batch from PyTorch's weights."""
    with open(f"{GOLDEN}.qn") as file:
        programs = file.read()
    worst, cases = 0.0, golden()
    for name, words in cases.items():
        layer = re.search(rf"^{name}_layer = (.*)$", programs, re.M)[1]
        entry = re.search(rf"^@train.*\ndef {name}\(.*\n.*\n", programs, re.M)[0]
        entry = re.sub(r": f32\[\d+", ": f32[B", entry).replace(f"def {name}(", "def loss(")
        write(folder, "m.qn", f"{name}_layer = {layer}\n\n{entry}")
        run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/m", "--precision", "f64")
        given = dict(words["in"])
        for array in "xy":
            extents, numbers = given.pop(array)
            write(folder, f"{array}.npy", npy("f8", tuple(extents), numbers))
        for key, (shape, numbers) in words["out"].items():
            if key not in given:  # a buffer, as it is at first
                given[key] = shape, [float(key.endswith("running_var"))] * len(numbers)
        write(folder, "w.safetensors", safetensors({key.split(".", 1)[1]: value for key, value in given.items()}))
        ((_, wanted),) = words["loss"].values()
        run(f"{folder}/m", "train", "--data", f"x={folder}/x.npy", "--data", f"y={folder}/y.npy", "--load",
            f"{folder}/w.safetensors", "--batch", str(extents[0]), "--epochs", str(len(wanted)), "--quiet", "--history", f"{folder}/{name}.csv",
            "--save", f"{folder}/after.safetensors")
        with open(f"{folder}/{name}.csv") as file:
            got = [float(line.split(",")[1]) for line in file.read().split()[1:]]
        expect(len(got) == len(wanted), f"{name} has {len(got)} epochs")
        for step, (a, b) in enumerate(zip(got, wanted)):  # written with nine digits
            expect(abs(a - b) <= 6e-9 * abs(b), f"{name}, step {step + 1}: {a}, but PyTorch has {b}")
        after = read(f"{folder}/after.safetensors")
        for key, (_, numbers) in words["out"].items():
            for a, b in zip(after[key.split(".", 1)[1]], numbers, strict=True):
                worst = max(worst, abs(a - b) / (abs(b) + 1e-3))
                expect(abs(a - b) <= 1e-9 * (abs(b) + 1e-3), f"{name}: {key} has {a}, but PyTorch {b}")
    expect(len(cases) > 30, len(cases))
    return f"{len(cases)} trainings, at worst {worst:.1e} off"


AVERAGED = """net = Sequential(Linear(2, 3), Tanh(), Dropout(0.1), Linear(3, 1))

@train(EMA(AdamW(lr=0.01), decay=0.9), clip_norm=0.5, accumulate=3)
def loss(x: f32[B, 2], y: f32[B, 1]) -> f32:
    return mse_loss(net(x), y)

@export
def predict(x: f32[B, 2]) -> f32[B, 1]:
    return average(net)(x)

@export
def plain(x: f32[B, 2]) -> f32[B, 1]:
    return net(x)
"""


def averaged_program(folder):
    write(folder, "m.qn", AVERAGED)
    run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/m")
    rows = "".join(f"{k % 7},{k % 5},{k % 3}\n" for k in range(37))
    write(folder, "d.csv", "a,b,y\n" + rows)
    return f"{folder}/m"


@case
def resuming_within_a_group_of_batches(folder):
    """37 rows make eight batches of at most five; groups of three are never done at an epoch's end but the third."""
    program = averaged_program(folder)
    flags = ("--data", "d.csv", "--batch", "5", "--schedule", "constant")
    run(program, "train", *flags, "--epochs", "4", "--save", "whole.safetensors", cwd=folder)
    run(program, "train", *flags, "--epochs", "1", "--save", "parts.safetensors", cwd=folder)
    gathered = tensors(f"{folder}/parts.training.safetensors")["state.0.weight.accumulated_gradient"]
    expect(all(g != 0 for g in gathered), f"nothing is gathered after eight batches: {gathered}")
    for epochs in (2, 4):
        run(program, "train", "--data", "d.csv", "--epochs", str(epochs), "--save", "parts.safetensors",
            "--resume", cwd=folder)
    for end in ("safetensors", "training.safetensors"):
        same(f"{folder}/whole.{end}", f"{folder}/parts.{end}")


@case
def averages_begin_with_loaded_weights(folder):
    """A file without averages, as PyTorch writes it, makes them equal to the parameters; one with some of them is refused."""
    program = averaged_program(folder)
    weights = {"0.weight": ([3, 2], [0.5, -1, 2, 0.25, 1, 1]), "0.bias": ([3], [0, 1, -1]), "3.weight": ([1, 3], [1, -2, 3]),
               "3.bias": ([1], [0.5])}
    averages = {f"average.{name}": (shape, [n / 2 for n in numbers]) for name, (shape, numbers) in weights.items()}
    write(folder, "x.csv", "a,b\n1,2\n3,-1\n")

    def results(name, files, prefix=""):
        write(folder, name, safetensors({prefix + key: value for key, value in files.items()}))
        return [run(program, "predict", "--data", "x.csv", "--entry", entry, "--load", f"{folder}/{name}", cwd=folder)[0]
                for entry in ("predict", "plain")]

    first, plain = results("torch.safetensors", weights)
    expect(first.split("\n")[1:] == plain.split("\n")[1:], f"{first!r} is not {plain!r}")
    expect(results("prefixed.safetensors", weights, "model.") == [first, plain], "a prefix makes a difference")
    second, again = results("both.safetensors", {**weights, **averages})
    expect(again == plain and second != first, f"{second!r}, {again!r}")
    del averages["average.3.bias"]
    write(folder, "some.safetensors", safetensors({**weights, **averages}))
    _, errors = run(program, "predict", "--data", "x.csv", "--load", f"{folder}/some.safetensors", cwd=folder, status=1)
    expect(errors.endswith("some.safetensors: buffer average.3.bias is missing\n"), errors)
    # And training goes on from there: after a step the average is the parameter.
    run(program, "train", "--data", "d.csv", "--batch", "13", "--epochs", "1", "--load",
        "torch.safetensors", "--save", "after.safetensors", cwd=folder)
    after = tensors(f"{folder}/after.safetensors")
    for name, (_, numbers) in weights.items():
        expect(after[name] == after[f"average.{name}"] != tuple(numbers), f"{name}: {after}")
