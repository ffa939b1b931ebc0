"""The workloads T1 to T4: their layers, hyperparameters, and data and initial weights, the same for every system."""
import json
import math
import os
import random
import struct
from array import array

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Workload:
    def __init__(self, name, widths, activation, loss, batch, learning_rate, momentum=0.0):
        self.name, self.widths, self.activation, self.loss = name, widths, activation, loss
        self.batch, self.learning_rate, self.momentum = batch, learning_rate, momentum
        self.rows = (1, batch)  # of inference

    @property
    def model(self):
        return os.path.join(FOLDER, "models", self.name + ".qn")

    def flops(self, rows, training):
        """Of the matrix products; the gradient of the first layer's input is not needed."""
        pairs = list(zip(self.widths, self.widths[1:]))
        forward = sum(2 * rows * i * o for i, o in pairs)
        return 3 * forward - 2 * rows * pairs[0][0] * pairs[0][1] if training else forward

    def parameters(self):
        """Names as PyTorch's Sequential has them, with shape and numbers, drawn as PyTorch draws them."""
        source = random.Random(7)
        result = {}
        for layer, (inner, outer) in enumerate(zip(self.widths, self.widths[1:])):
            bound = 1 / math.sqrt(inner)
            prefix = "" if len(self.widths) == 2 else f"{2 * layer}."
            for name, shape in (("weight", (outer, inner)), ("bias", (outer,))):
                count = math.prod(shape)
                result[prefix + name] = shape, array("f", (source.uniform(-bound, bound) for _ in range(count)))
        return result

    def data(self):
        """One batch: ((shape, numbers) of x, (shape, numbers) of y); classes are i32."""
        source = random.Random(11)
        x = array("f", (source.random() for _ in range(self.batch * self.widths[0])))
        if self.loss == "cross_entropy":
            return ((self.batch, self.widths[0]), x), ((self.batch,), array("i", (source.randrange(10) for _ in range(self.batch))))
        y = array("f", (3 * math.sin(4 * value) + source.gauss(0, 0.1) for value in x))
        return ((self.batch, 1), x), ((self.batch, 1), y)

    def write(self, folder):
        """x.npy, y.npy and w.safetensors, for Quern and for the workers of the peers."""
        for name, (shape, numbers) in zip("xy", self.data()):
            kind = "<f4" if numbers.typecode == "f" else "<i4"
            header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
            header += " " * (-(len(header) + 11) % 64) + "\n"
            with open(f"{folder}/{name}.npy", "wb") as file:
                file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + numbers.tobytes())
        table, blob = {}, b""
        for name, (shape, numbers) in self.parameters().items():
            part = numbers.tobytes()
            table[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(blob), len(blob) + len(part)]}
            blob += part
        text = json.dumps(table).encode()
        text += b" " * (-len(text) % 8)
        with open(f"{folder}/w.safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + blob)


WORKLOADS = {w.name: w for w in (
    Workload("T1", (1, 1), "sigmoid", "mse", 50, 0.1),
    Workload("T2", (1, 3, 1), "sigmoid", "mse", 50, 0.3),
    Workload("T3", (1, 5, 3, 1), "sigmoid", "mse", 50, 0.3),
    Workload("T4", (784, 512, 256, 10), "relu", "cross_entropy", 128, 0.05, 0.9),
)}
