"""Makes the golden files with PyTorch (any 2.x): the synthetic digits and the losses of 100 SGD steps of
every model in models.py, in f32 on one thread. Run it here; it needs torch and numpy."""
import gzip
import struct

import numpy
import torch

from models import MODELS, STEPS, batches, weights


def write_idx(path, values):
    header = struct.pack(">BBBB", 0, 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(header + values.astype(numpy.uint8).tobytes())


def make_digits(rows=1280):
    """Ten prototypes of strokes, shifted and speckled: as sparse as handwritten digits."""
    random = numpy.random.default_rng(5)
    prototypes = numpy.zeros((10, 28, 28))
    for prototype in prototypes:
        y, x = random.uniform(6, 22, 2)
        for _ in range(70):
            y, x = numpy.clip([y + random.normal(0, 1.2), x + random.normal(0, 1.2)], 4, 23)
            prototype[int(y):int(y) + 2, int(x):int(x) + 2] = 1
    labels = random.integers(0, 10, rows)
    images = numpy.zeros((rows, 28, 28))
    for image, label in zip(images, labels):
        moved = numpy.roll(prototypes[label], random.integers(-3, 4, 2), (0, 1))
        image[:] = moved * random.integers(9, 16, (28, 28)) * (random.random((28, 28)) > 0.1) * 17
    write_idx("digits-images.idx.gz", images)
    write_idx("digits-labels.idx.gz", labels)


def forward(parameters, x, activation):
    for layer in range(0, len(parameters), 2):
        x = torch.nn.functional.linear(x, parameters[layer], parameters[layer + 1])
        if layer + 2 < len(parameters):
            x = getattr(torch, activation)(x)
    return x


def train(name, dtype=torch.float32):
    source, sizes, activation, loss_kind, rate, batch = MODELS[name]
    parameters = [torch.tensor(values.tolist(), dtype=dtype).reshape(shape).requires_grad_()
                  for _, _, shape, values in weights(name)]
    optimizer = torch.optim.SGD(parameters, lr=rate)
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
    make_digits()
    for name in MODELS:
        losses, exact = train(name), train(name, torch.float64)
        spread = max(abs(a - b) / abs(b) for a, b in zip(losses, exact))
        with open(name + ".losses.txt", "w") as file:
            file.write(f"# torch {torch.__version__}, f32; at most {spread:.1e} relative from f64\n")
            file.writelines(f"{loss:.9g}\n" for loss in losses)
        print(name, losses[0], losses[-1], f"{spread:.1e}")
