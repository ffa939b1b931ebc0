"""16-bit floats and f64: tensors of them from data to checkpoint, and what `--precision` makes of a model in f32."""
import json
import math
import os
import random
import struct

from case import QUERN, case, example, expect, losses, run, tensors, write

HALF = """
weight = param(uniform(T[3, 4], -0.5, 0.5))
bias = param(zeros(T[3]))

@train(SGD(lr=0.5))
def loss(x: T[B, 4], y: u8[B]) -> T:
    return cross_entropy(linear(x, weight, bias), y)

@export
def predict(x: T[B, 4]) -> T[B, 3]:
    return softmax(gelu(standardized(linear(x, weight, bias), -1)))
"""
LINE = """
net = Linear(5, 3)

@train(SGD(lr=0.1))
def loss(x: f32[B, 5], y: f32[B, 3]) -> f32:
    return mse_loss(net(x), y)

@export
def predict(x: f32[B, 5]) -> f32[B, 3]:
    return net(x)
"""


def bf16(number):
    """The nearest bf16, ties to even."""
    (bits,) = struct.unpack("<I", struct.pack("<f", number))
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def stored(path):
    """{name: (dtype, numbers)} of a safetensors file of 16-bit floats."""
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    found = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        part = data[8 + size + first : 8 + size + last]
        if entry["dtype"] == "F16":
            numbers = struct.unpack(f"<{len(part) // 2}e", part)
        else:
            numbers = [struct.unpack("<f", b"\0\0" + part[i : i + 2])[0] for i in range(0, len(part), 2)]
        found[name] = entry["dtype"], numbers
    return found


def printed(text):
    """The rows of numbers that a program prints below the name of its result."""
    return [[float(word) for word in line.replace(",", " ").split()] for line in text.splitlines()[1:]]


@case
def half_floats_from_data_to_checkpoint(folder):
    """A model whose parameters, data and loss are bf16 or f16, also for a CPU without instructions for bf16."""
    random.seed(1)
    rows = [[round(random.gauss(0, 1), 3) for _ in range(4)] for _ in range(60)]
    classes = [max(range(3), key=lambda k: row[k] + 0.3 * row[3]) for row in rows]
    write(folder, "data.csv", "a,b,c,d,y\n" + "".join(",".join(map(str, r)) + f",{y}\n" for r, y in zip(rows, classes)))
    data = ["--data", "x=a,b,c,d", "--data", f"{folder}/data.csv"]
    for element, steps, cpu in (("bf16", 1 / 128, "host"), ("bf16", 1 / 128, "haswell"), ("f16", 1 / 1024, "host")):
        write(folder, "half.qn", HALF.replace("T", element))
        run(QUERN, "build", f"{folder}/half.qn", "-o", f"{folder}/half", "--mcpu", cpu)
        text, _ = run(f"{folder}/half", "train", *data, "--epochs", "30", "--batch", "20", "--save", f"{folder}/w.safetensors")
        expect(losses(text)[-1] < 0.25, f"{element}: the loss ends at {losses(text)[-1]}")
        found = stored(f"{folder}/w.safetensors")
        expect(found["weight"][0] == element.upper(), found["weight"][0])
        text, _ = run(f"{folder}/half", "predict", *data, "--load", f"{folder}/w.safetensors")
        for row, got in zip(rows, printed(text)):
            z = [sum(x * w for x, w in zip(row, found["weight"][1][4 * k : 4 * k + 4])) + found["bias"][1][k] for k in range(3)]
            mean = sum(z) / 3
            scale = (sum((v - mean) ** 2 for v in z) / 3 + 1e-5) ** -0.5
            e = [(v - mean) * scale for v in z]
            e = [math.exp(0.5 * v * (1 + math.erf(v / math.sqrt(2)))) for v in e]
            for wanted, value in zip(e, got):
                expect(abs(wanted / sum(e) - value) < 12 * steps, f"{element}: {value} is not {wanted / sum(e)}")


@case
def mixed_precision_rounds_factors_only(folder):
    """With --precision bf16 a product's factors are rounded, but neither its sum nor what is stored."""
    write(folder, "line.qn", LINE)
    run(QUERN, "build", f"{folder}/line.qn", "-o", f"{folder}/line", "--precision", "bf16")
    random.seed(2)
    rows = [[round(random.gauss(0, 3), 4) for _ in range(8)] for _ in range(40)]
    write(folder, "data.csv", "a,b,c,d,e,p,q,r\n" + "".join(",".join(map(str, r)) + "\n" for r in rows))
    data = ["--data", "x=a,b,c,d,e", "--data", "y=p,q,r", "--data", f"{folder}/data.csv"]
    run(f"{folder}/line", "train", *data, "--epochs", "3", "--batch", "8", "--save", f"{folder}/w.safetensors")
    weights = tensors(f"{folder}/w.safetensors")
    expect(any(bf16(w) != w for w in weights["weight"]), "the parameters are rounded")
    text, _ = run(f"{folder}/line", "predict", *data, "--load", f"{folder}/w.safetensors")
    wide = 0.0
    for row, got in zip(rows, printed(text)):
        for k in range(3):
            own = weights["weight"][5 * k : 5 * k + 5]
            wanted = sum(bf16(x) * bf16(w) for x, w in zip(row, own)) + weights["bias"][k]
            expect(abs(wanted - got[k]) < 1e-5 * (1 + abs(wanted)), f"{got[k]} is not {wanted}")
            wide = max(wide, abs(sum(x * w for x, w in zip(row, own)) + weights["bias"][k] - got[k]))
    expect(wide > 1e-3, f"the factors are off by {wide} only")
    write(folder, "run.qn", "def demo():\n    x = tensor([[1.001, 2.003]])\n    print(x @ x.T, x.sum())\n")
    text, _ = run(QUERN, "run", f"{folder}/run.qn:demo", "--precision", "bf16")
    expect(text == "tensor([[5.]]) tensor(3.0040)\n", text)


@case
def mixed_precision_learns_as_well(folder):
    """The digits in mixed precision: the same accuracy, the checkpoint in f32, which the program in f32 loads."""
    source, accuracy = example("digits/digits.qn"), {}
    for precision in ("f32", "bf16", "f64"):
        program = f"{folder}/{precision}"
        run(QUERN, "build", source, "-o", program, "--precision", precision)
        run(program, "train", "--data", example("digits/train.npz"), "--epochs", "20", "--seed", "1", "--quiet",
            "--save", f"{program}.safetensors")
        text, _ = run(program, "eval", "--data", example("digits/test.npz"), "--load", f"{program}.safetensors")
        accuracy[precision] = losses(text, "accuracy")[0]
    expect(accuracy["f32"] > 0.96, str(accuracy))
    expect(abs(accuracy["bf16"] - accuracy["f32"]) < 0.01 and abs(accuracy["f64"] - accuracy["f32"]) < 0.01, str(accuracy))
    first, second = (tensors(f"{folder}/{name}.safetensors") for name in ("f32", "bf16"))
    expect(first.keys() == second.keys() and first != second, "the two checkpoints")
    text, _ = run(f"{folder}/f32", "eval", "--data", example("digits/test.npz"), "--load", f"{folder}/bf16.safetensors")
    expect(abs(losses(text, "accuracy")[0] - accuracy["bf16"]) < 0.005, text)
    return ", ".join(f"{name} {value}" for name, value in accuracy.items())
