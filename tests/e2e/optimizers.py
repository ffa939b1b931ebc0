"""Optimizers, schedules and batch norms in built programs, step by step as PyTorch has them in f64."""
import json
import re
import struct

from case import QUERN, ROOT, case, expect, run, write
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
