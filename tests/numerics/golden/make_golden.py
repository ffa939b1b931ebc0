"""Makes the golden files with PyTorch (any 2.x): the digits and the losses of 100 SGD steps of every model in
models.py, in f32 on one thread. Run it here as make_golden.py FOLDER, where the folder has MNIST's original
files; it needs torch and numpy."""
import gzip
import os
import struct
import sys

import numpy
import torch

from models import MODELS, STEPS, batches, read_idx, weights


def write_idx(path, values):
    header = struct.pack(">BBBB", 0, 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(header + values.astype(numpy.uint8).tobytes())


def take_digits(folder, rows=1024):
    """The first rows of MNIST's training set, from its original files."""
    for what, name in (("images", "train-images-idx3-ubyte.gz"), ("labels", "train-labels-idx1-ubyte.gz")):
        shape, values = read_idx(os.path.join(folder, name))
        values = numpy.frombuffer(values, numpy.uint8).reshape(shape)[:rows]
        write_idx(f"digits-{what}.idx.gz", values)


def forward(parameters, x, activation):
    for layer in range(0, len(parameters), 2):
        x = torch.nn.functional.linear(x, parameters[layer], parameters[layer + 1])
        if layer + 2 < len(parameters):
            x = getattr(torch, activation)(x)
    return x


def train(name, dtype=torch.float32):
    source, sizes, activation, loss_kind, rate, momentum, batch = MODELS[name]
    parameters = [torch.tensor(values.tolist(), dtype=dtype).reshape(shape).requires_grad_()
                  for _, _, shape, values in weights(name)]
    optimizer = torch.optim.SGD(parameters, lr=rate, momentum=momentum)
    data = []
    for inputs, targets in batches(name):
        if source == "digits":
            x = torch.frombuffer(bytearray(inputs), dtype=torch.uint8).reshape(batch, 784).to(dtype) / 255
            y = torch.frombuffer(bytearray(targets), dtype=torch.uint8).long()
        else:
            x = torch.tensor(inputs.tolist(), dtype=dtype).reshape(batch, sizes[0])
            y = torch.tensor(targets.tolist(), dtype=dtype).reshape(batch, 1)
        data.append((x, y))
    losses = []
    for step in range(STEPS):
        x, y = data[step % len(data)]
        output = forward(parameters, x, activation)
        loss = getattr(torch.nn.functional, loss_kind + ("_loss" if loss_kind == "mse" else ""))(output, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    torch.set_num_threads(1)
    take_digits(sys.argv[1])
    for name in MODELS:
        losses, exact = train(name), train(name, torch.float64)
        spread = max(abs(a - b) / abs(b) for a, b in zip(losses, exact))
        with open(name + ".losses.txt", "w") as file:
            file.write(f"# torch {torch.__version__}, f32; at most {spread:.1e} relative from f64\n")
            file.writelines(f"{loss:.9g}\n" for loss in losses)
        print(name, losses[0], losses[-1], f"{spread:.1e}")
