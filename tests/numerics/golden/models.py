"""The models, initial weights and batches of the golden losses: one definition for the script that makes
the losses with PyTorch and for the one that compares compiled programs. Standard library only.

Weights come from a formula instead of files: element i of parameter number p is
k * (2u - 1), rounded to f32, where u = (mix(p * 2**32 + i) >> 40) * 2**-24, mix is splitmix64's output
function and k is 1/sqrt(inputs of the layer). Step s takes batch s modulo the number of batches. Rows of a
CSV file are shuffled once, in the order of mix(2**40 + row); nonlinear.csv is sorted by x, and batches of
neighbours make training so unstable that f32 and f64 part within 100 steps.

digits-*.idx.gz are the first 1,024 training images of MNIST (Y. LeCun and C. Cortes, CC BY-SA 3.0)."""
import csv
import gzip
import os
import struct
from array import array

FOLDER = os.path.dirname(os.path.abspath(__file__))
STEPS = 100
MASK = (1 << 64) - 1

# name: data file, layer sizes, activation between layers, loss, learning rate, momentum, batch
MODELS = {
    "linear": ("simple.csv", [1, 1], None, "mse", 0.1, 0, 50),
    "multiple": ("multiple.csv", [3, 1], None, "mse", 0.1, 0, 50),
    "nonlinear3": ("nonlinear.csv", [1, 3, 1], "sigmoid", "mse", 0.3, 0, 50),
    "nonlinear53": ("nonlinear.csv", [1, 5, 3, 1], "sigmoid", "mse", 0.3, 0, 50),
    "mlp": ("digits", [784, 512, 256, 10], "relu", "cross_entropy", 0.05, 0.9, 128),
}


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def weights(name):
    """(layer number, "weight" or "bias", shape, array of f32) in the order of the parameters."""
    sizes, result = MODELS[name][1], []
    for layer, (n, m) in enumerate(zip(sizes, sizes[1:])):
        for kind, shape in (("weight", (m, n)), ("bias", (m,))):
            base, count = len(result) << 32, m * n if kind == "weight" else m
            k = n ** -0.5
            numbers = (k * (2 * ((mix(base + i) >> 40) * 2.0 ** -24) - 1) for i in range(count))
            result.append((layer, kind, shape, array("f", numbers)))
    return result


def write_safetensors(path, tensors):
    """tensors: (name, shape, array of f32) each."""
    entries, offset = [], 0
    for name, shape, values in tensors:
        end = offset + 4 * len(values)
        entries.append('"%s":{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}'
                       % (name, list(shape), offset, end))
        offset = end
    header = ("{" + ",".join(entries) + "}").encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for _, _, values in tensors:
            file.write(values.tobytes())


def read_idx(path):
    """(shape, bytes) of an IDX.gz file of unsigned bytes."""
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    return struct.unpack(">%dI" % rank, data[4:4 + 4 * rank]), data[4 + 4 * rank:]


def batches(name):
    """All batches: (inputs, targets) as arrays of f32, or bytes (u8) for digits."""
    source, sizes, *_, batch = MODELS[name]
    if source == "digits":
        (rows, _, _), images = read_idx(os.path.join(FOLDER, "digits-images.idx.gz"))
        _, labels = read_idx(os.path.join(FOLDER, "digits-labels.idx.gz"))
        return [(images[i * 784:(i + batch) * 784], labels[i:i + batch])
                for i in range(0, rows, batch)]
    with open(os.path.join(FOLDER, source), newline="") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    rows = [row for _, row in sorted(enumerate(rows), key=lambda pair: mix((1 << 40) + pair[0]))]
    result = []
    for i in range(0, len(rows) - batch + 1, batch):
        part = rows[i:i + batch]
        result.append((array("f", [x for row in part for x in row[:-1]]),
                       array("f", [row[-1] for row in part])))
    return result


def golden_losses(name):
    with open(os.path.join(FOLDER, name + ".losses.txt")) as file:
        return [float(line) for line in file if not line.startswith("#")]
