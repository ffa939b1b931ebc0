"""Weights and images that any machine makes alike without a library: a short pseudo-random pattern, repeated and scaled.
Both the test of examples/resnet and the script that asked PyTorch for its losses use them."""
import array
import json
import struct

LENGTH = 10007  # a prime, so that no row of a weight repeats another


def pattern():
    """Numbers in [-1, 1), by a linear congruential generator."""
    state, numbers = 12345, []
    for _ in range(LENGTH):
        state = (state * 1103515245 + 12345) % 2**31
        numbers.append(state / 2**30 - 1)
    return numbers


PATTERN = pattern()


def floats(count, scale, offset=0.0):
    part = array.array("f", [offset + scale * v for v in PATTERN])
    return (part.tobytes() * (count // LENGTH + 1))[:4 * count]


def resnet18_shapes(stem):
    """torchvision's names and shapes, but for the size of the stem's windows, 7 there, and ten classes."""
    shapes = {}

    def norm(name, width):
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (width,)
        shapes[f"{name}.num_batches_tracked"] = ()

    def conv(name, norm_name, cout, cin, size):
        shapes[f"{name}.weight"] = (cout, cin, size, size)
        norm(norm_name, cout)

    conv("conv1", "bn1", 64, 3, stem)
    cin = 64
    for stage, cout in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"layer{stage}.{block}"
            conv(f"{name}.conv1", f"{name}.bn1", cout, cin, 3)
            conv(f"{name}.conv2", f"{name}.bn2", cout, cout, 3)
            if cin != cout:
                conv(f"{name}.downsample.0", f"{name}.downsample.1", cout, cin, 1)
            cin = cout
    shapes["fc.weight"], shapes["fc.bias"] = (10, 512), (10,)
    return shapes


def size_of(shape):
    count = 1
    for extent in shape:
        count *= extent
    return count


def weight_bytes(name, shape):
    """Convolutions as Kaiming's initialiser scales them; norms near 1 and 0."""
    if name.endswith("num_batches_tracked"):
        return struct.pack("<q", 0)
    count = size_of(shape)
    if len(shape) > 1:
        return floats(count, (6 / size_of(shape[1:])) ** 0.5)
    return floats(count, 0.1, 1.0 if name.endswith(("weight", "running_var")) else 0.0)


def write_weights(path, shapes):
    header, parts, offset = {}, [], 0
    for name, shape in shapes.items():
        data = weight_bytes(name, shape)
        dtype = "I64" if name.endswith("num_batches_tracked") else "F32"
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def write_npy(path, descr, shape, data):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data)
