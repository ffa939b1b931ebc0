"""Weights as part of the code (`--embed`), and artefacts of some entries (`--entries`)."""
import json
import os
import random
import re
import struct

from case import QUERN, case, expect, losses, run, same, write

MODULE = """
module N(T):
    a = param(uniform(T[37, 9], -1, 1))
    b = param(uniform(T[9, 35], -1, 1))
    c = param(uniform(T[3, 6, 20], -1, 1))
    d = param(uniform(T[9], -1, 1))
"""
N = {"a": (37, 9), "b": (9, 35), "c": (3, 6, 20), "d": (9,)}
WIDE = {"0.weight": (70, 7), "0.bias": (70,), "2.weight": (33, 70), "2.bias": (33,), "4.weight": (5, 33), "4.bias": (5,)}
TINY = {"0.weight": (3, 2), "0.bias": (3,), "2.weight": (2, 3), "2.bias": (2,)}
DEEP = {"0.weight": (40, 1500), "0.bias": (40,), "2.weight": (16, 40), "2.bias": (16,)}
# Contractions with a constant on the right, on the left, in a batch, transposed, deeper than a block of k; sizes about
# the widths of register tiles; tables that pointwise, row and whole kernels read. Name: (net, its weights, x, result).
MODELS = {
    "wide": ("Sequential(Linear(7, 70), Tanh(), Linear(70, 33), ReLU(), Linear(33, 5))", WIDE, "f32[B, 7]", "net(x)"),
    "tiny": ("Sequential(Linear(2, 3), Sigmoid(), Linear(3, 2))", TINY, "f32[B, 2]", "net(x)"),
    "deep": ("Sequential(Linear(1500, 40), ReLU(), Linear(40, 16))", DEEP, "f32[B, 1500]", "softmax(net(x), dim=-1)"),
    "left": ("N(f32)", N, "f32[B, 9]", "(net.a @ x.T).T"),
    "right": ("N(f32)", N, "f32[B, 9]", "x @ net.b"),
    "both": ("N(f32)", N, "f32[B, 9]", "x + (net.a.T @ net.a).sum(dim=0)"),
    "batched": ("N(f32)", N, "f32[B, 3, 4, 6]", "x @ net.c"),
    "pointwise": ("N(f32)", N, "f32[B, 9]", "x * net.d + net.a[3]"),
    "f64": ("N(f64)", N, "f64[B, 9]", "x @ net.b * net.d.sum()"),
    "f16": ("N(f16)", N, "f16[B, 9]", "(x @ net.b).to(f32)"),
}
FORMATS = {"f32": ("F32", "f"), "f64": ("F64", "d"), "f16": ("F16", "e")}


def safetensors(path, tensors):
    """Writes {name: (dtype, shape)} with made-up numbers."""
    header, data = {}, b""
    for name, (dtype, shape) in tensors.items():
        word, letter = FORMATS[dtype]
        count = 1
        for extent in shape:
            count *= extent
        made = random.Random(f"{name}{count}")
        numbers = struct.pack(f"<{count}{letter}", *(made.uniform(-1, 1) for _ in range(count)))
        header[name] = {"dtype": word, "shape": shape, "data_offsets": [len(data), len(data) + len(numbers)]}
        data += numbers
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def numbers(path):
    """The floats of a .npy file."""
    data = open(path, "rb").read()
    (size,) = struct.unpack("<H", data[8:10])
    letter = "d" if b"<f8" in data[:10 + size] else "f"
    return [number for (number,) in struct.iter_unpack("<" + letter, data[10 + size:])]


def add(name, net, weights, x, result):
    def check(folder):
        dtype, extents = x[:-1].split("[")
        shape = [int(extent) for extent in extents.split(",")[1:]]
        write(folder, "m.qn", MODULE + f"net = {net}\n@export\ndef predict(x: {x}):\n    return {result}\n")
        safetensors(f"{folder}/w.safetensors", {name: (dtype, extents) for name, extents in weights.items()})
        for cpu in ("x86-64-v4", "x86-64-v3"):
            flags = ["--mcpu", cpu, "--dim", "B=4"]
            run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/live", *flags)
            run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/fixed", "--embed", f"{folder}/w.safetensors", *flags)
            # One row, a few, a variant's, and more than a chunk of a contraction.
            for rows in (1, 2, 4, 9, 300):
                safetensors(f"{folder}/x.safetensors", {"x": (dtype, [rows, *shape])})
                for program, load in (("live", ["--load", f"{folder}/w.safetensors"]), ("fixed", [])):
                    run(f"{folder}/{program}", "predict", "--data", f"{folder}/x.safetensors", "--batch", str(rows),
                        "--out", f"{folder}/{program}.npy", *load)
                live, fixed = numbers(f"{folder}/live.npy"), numbers(f"{folder}/fixed.npy")
                near = 1e-12 if dtype == "f64" else 1e-5
                expect(len(live) == len(fixed) > 0 and any(live), f"{len(live)} and {len(fixed)} numbers")
                worst = max(abs(a - b) / max(1, abs(a)) for a, b in zip(live, fixed))
                expect(worst <= near, f"{rows} rows for {cpu} differ by {worst}")
    check.__name__, check.__module__ = "same_results_" + name, __name__
    case(check)


for name, model in MODELS.items():
    add(name, *model)

LINE = """net = Linear(2, 3)
@train(SGD(lr=0.1))
def loss(x: f32[B, 2], y: f32[B, 3]) -> f32:
    return mse_loss(net(x), y)
@export
def predict(x: f32[B, 2]) -> f32[B, 3]:
    return net(x)
"""


def line(folder):
    write(folder, "m.qn", LINE)
    write(folder, "d.csv", "a,b,y\n1,2,3\n4,5,6\n7,8,9\n")
    safetensors(f"{folder}/w.safetensors", {"weight": ("f32", [3, 2]), "bias": ("f32", [3])})
    safetensors(f"{folder}/d.safetensors", {"x": ("f32", [10, 2]), "y": ("f32", [10, 3])})


@case
def training_begins_with_embedded_weights(folder):
    line(folder)
    weights, data = f"{folder}/w.safetensors", f"{folder}/d.safetensors"
    run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/live")
    run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/begun", "--embed", weights)
    train = ["train", "--data", data, "--epochs", "3", "--save"]
    loaded, _ = run(f"{folder}/live", *train, f"{folder}/a.safetensors", "--load", weights)
    begun, _ = run(f"{folder}/begun", *train, f"{folder}/b.safetensors")
    expect(begun == loaded, f"{begun!r} instead of {loaded!r}")
    expect(losses(begun)[0] != losses(run(f"{folder}/live", *train, f"{folder}/c.safetensors")[0])[0], "weights do not matter")
    same(f"{folder}/a.safetensors", f"{folder}/b.safetensors")


@case
def an_artefact_of_one_entry(folder):
    """It has no state, no parameters, and no way to change what it is."""
    line(folder)
    flags = ["--entries", "predict", "--embed", f"{folder}/w.safetensors"]
    run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/m", *flags)
    text, _ = run(QUERN, "explain", f"{folder}/m.qn", *flags)
    expect("loss" not in text, text)
    run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/m.o", *flags)
    header = " ".join(open(f"{folder}/m.h").read().replace(" *", "").split())
    expect("nothing to initialize or load" in header and "quern_instance_initialize" not in header, header[:600])
    for what in ("parameters", "optimizer state"):
        expect(any(row.split()[-2:] == ["0", "bytes"] for row in text.splitlines() if row.strip().startswith(what)), text)
    # Six weights, three biases: 36 bytes that the one kernel reads beside 8 of x and 12 of the result a row.
    expect("20*B + 36 " in text and re.search(r"constants +36 bytes of the code\n$", text), text)
    _, error = run(f"{folder}/m", "train", "--data", f"{folder}/d.safetensors", status=1)
    expect(error.count("\n") == 1 and "train" in error, error)
    _, error = run(f"{folder}/m", "predict", "--data", "x=1,2", "--load", f"{folder}/w.safetensors", status=1)
    expect(error == f"error: {folder}/w.safetensors: the model m has no weights to load: it has none, or they were embedded "
           "when it was compiled\n", error)


@case
def what_is_embedded_is_a_dependency(folder):
    line(folder)
    os.rename(f"{folder}/w.safetensors", f"{folder}/the weights.safetensors")
    run(QUERN, "build", "m.qn", "-o", "m.o", "-MD", "--embed", "the weights.safetensors", cwd=folder)
    rule = open(f"{folder}/m.d").read()
    expect(rule == "m.o: m.qn the\\ weights.safetensors\n", rule)


@case
def wrong_weights_and_entries(folder):
    line(folder)
    _, error = run(QUERN, "check", "m.qn", "--embed", "w.safetensors", status=2, cwd=folder)
    expect(error == "error: check does not use --embed\n", error)
    safetensors(f"{folder}/few.safetensors", {"weight": ("f32", [3, 2])})
    safetensors(f"{folder}/shape.safetensors", {"weight": ("f32", [2, 2]), "bias": ("f32", [3])})
    safetensors(f"{folder}/many.safetensors", {"weight": ("f32", [3, 2]), "bias": ("f32", [3]), "more": ("f32", [1])})
    write(folder, "text.safetensors", "not a header\n")
    for flags, message in (
            (["--embed", "few.safetensors"], "few.safetensors: parameter bias is missing"),
            (["--embed", "shape.safetensors"], "shape.safetensors: weight is F32[2, 2], but the model has f32[3, 2]"),
            (["--embed", "many.safetensors"], "many.safetensors: the model m has no tensor more"),
            (["--embed", "text.safetensors"], "text.safetensors: "),
            (["--embed", "none.safetensors"], "cannot read 'none.safetensors': No such file or directory"),
            (["--embed", "."], ""),
            (["--entries", "predict,los"], "there is no entry 'los'; the model has loss, loss_validate, predict")):
        _, error = run(QUERN, "build", "m.qn", "-o", "m", *flags, status=1, cwd=folder)
        expect(error.startswith("error: " + message) and error.count("\n") == 1, error)
        expect(not os.path.exists(f"{folder}/m"), "it was built")
    for value in ("", "a,,b"):
        run(QUERN, "build", "m.qn", "-o", "m", f"--entries={value}", status=2, cwd=folder)
