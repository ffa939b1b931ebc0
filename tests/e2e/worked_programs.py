"""The language's worked programs (tests/lit/programs) train: their losses go down on a pattern, and every network changes."""
import json
import math
import struct

import patterned
from case import QUERN, ROOT, case, expect, run, tensors

ROWS = 64


def floats(*shape, scale=1.0, offset=0.0):
    return "<f4", (ROWS, *shape), patterned.floats(ROWS * patterned.size_of(shape), scale, offset)


def classes(count):
    return "<i8", (ROWS,), struct.pack(f"<{ROWS}q", *(k * k % count for k in range(ROWS)))


# What each program reads, how many epochs, and which losses must end below these parts of what they begin with.
PROGRAMS = {
    "gan": ({"x": floats(784)}, 10, {"d_loss": 0.98}),
    "vae": ({"x": floats(784, scale=0.5, offset=0.5)}, 10, {"loss": 0.995}),
    "policy": ({"obs": floats(4), "action": classes(2), "weight": floats(scale=0.5, offset=1.0)}, 30, {"loss": 0.95}),
    "twotower": ({"x1": floats(784), "x2": floats(784, scale=0.9)}, 10, {"loss": 0.8}),
    "seqreg": ({"x": floats(1), "y": floats(1)}, 30, {"loss": 0.99}),
}


def add(name, inputs, epochs, parts):
    def check(folder):
        run(QUERN, "build", f"{ROOT}/tests/lit/programs/{name}.qn", "-o", f"{folder}/m")
        data = []
        for word, (descr, shape, content) in inputs.items():
            patterned.write_npy(f"{folder}/{word}.npy", descr, shape, content)
            data += ["--data", f"{word}={folder}/{word}.npy"]
        for count in (1, epochs):
            run(f"{folder}/m", "train", *data, "--batch", "16", "--epochs", str(count), "--quiet", "--save", f"{folder}/{count}.safetensors",
                "--history", f"{folder}/{count}.jsonl")
        with open(f"{folder}/{epochs}.jsonl") as file:
            lines = [json.loads(line) for line in file]
        for figure, part in parts.items():
            found = [line[figure] for line in lines]
            expect(all(map(math.isfinite, found)) and found[-1] < part * found[0], f"{figure}: {found}")
        before, after = tensors(f"{folder}/1.safetensors"), tensors(f"{folder}/{epochs}.safetensors")
        still = [key for key in before if before[key] == after[key]]
        expect(before.keys() == after.keys() and not still, f"these stay as they are: {still}")
    check.__name__, check.__module__ = name, __name__
    case(check)


for name, program in PROGRAMS.items():
    add(name, *program)
