"""The workloads T1 to T7: their networks, hyperparameters, and data and initial weights, the same for every system."""
import json
import math
import os
import random
import struct
from array import array

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Workload:
    """`network(ops, parameters, x)` builds the forward pass from the operations of a framework, see peers.py."""

    def __init__(self, name, batch, optimizer, learning_rate, momentum=0.0, betas=(0.9, 0.999), weight_decay=0.0):
        self.name, self.batch, self.optimizer, self.learning_rate = name, batch, optimizer, learning_rate
        self.momentum, self.betas, self.weight_decay = momentum, betas, weight_decay
        self.rows = (1, batch)  # of inference

    loss = "cross_entropy"
    handwritten = False  # whether handwritten.cpp has it
    flop_peak = True  # whether its time is that of matrix products
    channels_last = False  # whether peers that can choose keep the channels of an image side by side

    @property
    def model(self):
        return os.path.join(FOLDER, "models", self.name + ".qn")

    def flops(self, rows, training):
        """Of matrix products and convolutions; the gradient of the first one's input is not needed."""
        parts = [rows * part for part in self.products()]
        return 3 * sum(parts) - parts[0] if training else sum(parts)

    def parameters(self):
        """{name as PyTorch has it: (shape, numbers)}."""
        source = random.Random(7)
        result = {}
        for name, shape, bound in self.shapes():
            draw = (lambda: float(bound[0])) if isinstance(bound, tuple) else (lambda: source.uniform(-bound, bound))
            result[name] = shape, array("f", (draw() for _ in range(math.prod(shape))))
        return result

    def buffers(self):
        """{name: (shape, the number that it is full of)}: what training updates without a gradient."""
        return {}

    def write(self, folder):
        """x.npy, y.npy and w.safetensors, for Quern; the workers of the peers make their own."""
        for name, (shape, numbers) in zip("xy", self.data()):
            kind = "<f4" if numbers.typecode == "f" else "<i4"
            header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
            header += " " * (-(len(header) + 11) % 64) + "\n"
            with open(f"{folder}/{name}.npy", "wb") as file:
                file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + numbers.tobytes())
        table, blob = {}, b""
        tensors = [(name, shape, "F32", numbers) for name, (shape, numbers) in self.parameters().items()]
        for name, (shape, number) in self.buffers().items():
            tensors.append((name, shape, "F32", array("f", [number]) * math.prod(shape)))
            if name.endswith("running_var"):
                tensors.append((name.replace("running_var", "num_batches_tracked"), (), "I64", array("q", [0])))
        for name, shape, dtype, numbers in tensors:
            part = numbers.tobytes()
            table[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(blob), len(blob) + len(part)]}
            blob += part
        text = json.dumps(table).encode()
        text += b" " * (-len(text) % 8)
        with open(f"{folder}/w.safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + blob)


def affine(name, inner, outer, bias=True, bound=None):
    """A weight and a bias, drawn as PyTorch draws them."""
    bound = bound or 1 / math.sqrt(inner)
    return [(name + "weight", (outer, inner), bound)] + ([(name + "bias", (outer,), bound)] if bias else [])


class MultiLayer(Workload):
    def __init__(self, name, widths, activation, loss, batch, learning_rate, momentum=0.0):
        super().__init__(name, batch, "SGD", learning_rate, momentum)
        self.widths, self.activation, self.loss = widths, activation, loss
        self.handwritten = loss == "mse"
        self.flop_peak = not self.handwritten

    def layer(self, number):
        return "" if len(self.widths) == 2 else f"{2 * number}."

    def products(self):
        return [2 * inner * outer for inner, outer in zip(self.widths, self.widths[1:])]

    def shapes(self):
        return [row for number, sizes in enumerate(zip(self.widths, self.widths[1:])) for row in affine(self.layer(number), *sizes)]

    def data(self):
        """One batch: ((shape, numbers) of x, (shape, numbers) of y); classes are i32."""
        source = random.Random(11)
        x = array("f", (source.random() for _ in range(self.batch * self.widths[0])))
        if self.loss == "cross_entropy":
            return ((self.batch, self.widths[0]), x), ((self.batch,), array("i", (source.randrange(10) for _ in range(self.batch))))
        y = array("f", (3 * math.sin(4 * value) + source.gauss(0, 0.1) for value in x))
        return ((self.batch, 1), x), ((self.batch, 1), y)

    def network(self, ops, p, x):
        for number in range(len(self.widths) - 1):
            if number:
                x = ops.relu(x) if self.activation == "relu" else ops.sigmoid(x)
            x = ops.linear(x, p[self.layer(number) + "weight"], p[self.layer(number) + "bias"])
        return x


class Convolutional(Workload):
    """Two convolutions, a pooling and two linear layers, for MNIST's images."""

    def products(self):
        return [2 * 26 * 26 * 32 * 9, 2 * 24 * 24 * 64 * 32 * 9, 2 * 9216 * 128, 2 * 128 * 10]

    def shapes(self):
        return [("0.weight", (32, 1, 3, 3), 1 / 3), ("0.bias", (32,), 1 / 3),
                ("2.weight", (64, 32, 3, 3), 1 / math.sqrt(288)), ("2.bias", (64,), 1 / math.sqrt(288)),
                *affine("6.", 9216, 128), *affine("8.", 128, 10)]

    def data(self):
        source = random.Random(11)
        x = array("f", (source.random() for _ in range(self.batch * 784)))
        return ((self.batch, 1, 28, 28), x), ((self.batch,), array("i", (source.randrange(10) for _ in range(self.batch))))

    def network(self, ops, p, x):
        x = ops.relu(ops.convolution(x, p["0.weight"], p["0.bias"]))
        x = ops.relu(ops.convolution(x, p["2.weight"], p["2.bias"]))
        x = ops.flatten(ops.max_pool(x, 2))
        return ops.linear(ops.relu(ops.linear(x, p["6.weight"], p["6.bias"])), p["8.weight"], p["8.bias"])


class Transformer(Workload):
    """A GPT: 65 letters, a context of 128, width 128, 4 heads, 4 blocks."""
    vocabulary, context, width, heads, depth = 65, 128, 128, 4, 4

    def products(self):
        width, context = self.width, self.context
        block = [2 * width * 3 * width, 4 * context * width, 2 * width * width, 2 * width * 4 * width, 2 * width * 4 * width]
        # An embedding is no product, so that the first counts whole.
        return [0] + [context * part for part in block * self.depth + [2 * width * self.vocabulary]]

    def shapes(self):
        width, small = self.width, 0.035
        rows = [("tok.weight", (self.vocabulary, width), small), ("pos.weight", (self.context, width), small)]
        for name in (f"blocks.{i}." for i in range(self.depth)):
            rows += [(name + "ln1.weight", (width,), (1,)), (name + "ln1.bias", (width,), (0,)),
                     *affine(name + "attn.qkv.", width, 3 * width, bound=small), *affine(name + "attn.proj.", width, width, bound=small),
                     (name + "ln2.weight", (width,), (1,)), (name + "ln2.bias", (width,), (0,)),
                     *affine(name + "mlp.0.", width, 4 * width, bound=small), *affine(name + "mlp.2.", 4 * width, width, bound=small)]
        return rows + [("ln.weight", (width,), (1,)), ("ln.bias", (width,), (0,)),
                       *affine("head.", width, self.vocabulary, bias=False, bound=small)]

    def data(self):
        source = random.Random(11)
        text = [source.randrange(self.vocabulary) for _ in range(self.batch * self.context + 1)]
        shape = (self.batch, self.context)
        return (shape, array("i", text[:-1])), (shape, array("i", text[1:]))

    def network(self, ops, p, x):
        x = ops.embedding(x, p["tok.weight"]) + p["pos.weight"]
        for name in (f"blocks.{i}." for i in range(self.depth)):
            linear = lambda x, layer: ops.linear(x, p[name + layer + ".weight"], p[name + layer + ".bias"])
            norm = lambda x, layer: ops.layer_norm(x, p[name + layer + ".weight"], p[name + layer + ".bias"])
            x = x + linear(ops.causal_attention(linear(norm(x, "ln1"), "attn.qkv"), self.heads), "attn.proj")
            x = x + linear(ops.gelu(linear(norm(x, "ln2"), "mlp.0")), "mlp.2")
        return ops.linear(ops.layer_norm(x, p["ln.weight"], p["ln.bias"]), p["head.weight"], None)


class Residual(Workload):
    """ResNet-18 for images of 32x32 pixels, under torchvision's names."""
    channels_last = True

    @staticmethod
    def blocks():
        """(name, channels that come in, that go out, stride)."""
        widths = (64, 64, 128, 256, 512)
        for stage in range(1, 5):
            yield f"layer{stage}.0.", widths[stage - 1], widths[stage], 1 if stage == 1 else 2
            yield f"layer{stage}.1.", widths[stage], widths[stage], 1

    def convolutions(self):
        """(name of its weight, of its norm, channels in, out, size, side of its result)."""
        yield "conv1.", "bn1.", 3, 64, 3, 32
        side = 32
        for name, inner, outer, stride in self.blocks():
            side //= stride
            yield name + "conv1.", name + "bn1.", inner, outer, 3, side
            yield name + "conv2.", name + "bn2.", outer, outer, 3, side
            if stride != 1:
                yield name + "downsample.0.", name + "downsample.1.", inner, outer, 1, side

    def products(self):
        return [2 * side * side * outer * inner * size * size for _, _, inner, outer, size, side in self.convolutions()] + [2 * 512 * 10]

    def shapes(self):
        rows = []
        for weight, norm, inner, outer, size, _ in self.convolutions():
            rows += [(weight + "weight", (outer, inner, size, size), math.sqrt(6 / (inner * size * size))),
                     (norm + "weight", (outer,), (1,)), (norm + "bias", (outer,), (0,))]
        return rows + affine("fc.", 512, 10)

    def buffers(self):
        return {norm + name: ((outer,), number) for _, norm, _, outer, _, _ in self.convolutions()
                for name, number in (("running_mean", 0.0), ("running_var", 1.0))}

    def data(self):
        source = random.Random(11)
        x = array("f", (source.gauss(0, 1) for _ in range(self.batch * 3 * 32 * 32)))
        return ((self.batch, 3, 32, 32), x), ((self.batch,), array("i", (source.randrange(10) for _ in range(self.batch))))

    def network(self, ops, p, x):
        def unit(x, weight, norm, stride=1, padding=1):
            return ops.batch_norm(ops.convolution(x, p[weight + ".weight"], None, stride, padding), p, norm)
        x = ops.relu(unit(ops.image(x), "conv1", "bn1"))
        for name, _, _, stride in self.blocks():
            y = unit(ops.relu(unit(x, name + "conv1", name + "bn1", stride)), name + "conv2", name + "bn2")
            x = ops.relu(y + (x if stride == 1 else unit(x, name + "downsample.0", name + "downsample.1", stride, 0)))
        return ops.linear(ops.spatial_mean(x), p["fc.weight"], p["fc.bias"])


WORKLOADS = {w.name: w for w in (
    MultiLayer("T1", (1, 1), "sigmoid", "mse", 50, 0.1),
    MultiLayer("T2", (1, 3, 1), "sigmoid", "mse", 50, 0.3),
    MultiLayer("T3", (1, 5, 3, 1), "sigmoid", "mse", 50, 0.3),
    MultiLayer("T4", (784, 512, 256, 10), "relu", "cross_entropy", 128, 0.05, 0.9),
    Convolutional("T5", 64, "Adam", 1e-3),
    Transformer("T6", 16, "AdamW", 3e-4, weight_decay=0.01),
    Residual("T7", 16, "SGD", 0.001, 0.9),
)}
