"""Convolutional networks: they learn, with the same bits for any number of threads, and take images of any size."""
import re

from case import QUERN, case, example, expect, run, same, tensors

NET = """net = Sequential(Conv2d(1, 16, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(16, 32, 3, padding=1, groups=2), ReLU(),
                 Conv2d(32, 32, 3, stride=2), ReLU(), AdaptiveAvgPool2d(1), Flatten(), Linear(32, 10))

@export
def predict(x: u8[B, H, W]) -> f32[B, 10]:
    return softmax(net(x[:, None] / 16), dim=-1)

@train(AdamW(lr=5e-3))
def loss(x: u8[B, 8, 8], y: u8[B]) -> f32:
    return cross_entropy(net(x[:, None] / 16), y)

@metric
def accuracy(x: u8[B, 8, 8], y: u8[B]) -> f32:
    return (net(x[:, None] / 16).argmax(dim=-1) == y).mean()
"""


def built(folder):
    with open(f"{folder}/net.qn", "w") as file:
        file.write(NET)
    run(QUERN, "build", f"{folder}/net.qn", "-o", f"{folder}/net")
    return f"{folder}/net"


@case
def digits_are_learnt_with_the_same_bits_for_any_number_of_threads(folder):
    program = built(folder)
    train, test = example("digits/train.npz"), example("digits/test.npz")
    for threads in ("1", "3"):
        run(program, "train", "--data", train, "--epochs", "12", "--batch", "32", "--threads", threads, "--quiet",
            "--save", f"{folder}/{threads}.safetensors")
    same(f"{folder}/1.safetensors", f"{folder}/3.safetensors")
    output, _ = run(program, "eval", "--data", test, "--load", f"{folder}/1.safetensors")
    found = re.search(r"accuracy: ([0-9.]+)", output)
    expect(found and float(found[1]) > 0.95, output)
    counts = {name: len(numbers) for name, numbers in tensors(f"{folder}/1.safetensors").items()}
    expect(counts["0.weight"] == 16 * 9 and counts["3.weight"] == 32 * 8 * 9 and counts["9.bias"] == 10, counts)


@case
def an_image_that_is_too_small_is_an_error_of_the_call(folder):
    program = built(folder)

    def predict(rows, height, width, status):
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({rows}, {height}, {width}), }}"
        header += " " * (63 - (len(header) + 10) % 64) + "\n"
        with open(f"{folder}/x.npy", "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
            file.write(bytes(i % 17 for i in range(rows * height * width)))
        return run(program, "predict", "--data", f"x={folder}/x.npy", "--batch", "2", "--out", f"{folder}/p.csv", status=status)

    for height, width in ((8, 8), (23, 9), (6, 40)):
        predict(3, height, width, 0)
        with open(f"{folder}/p.csv") as file:
            rows = [[float(v) for v in line.split(",")] for line in file.read().split("\n")[-4:-1]]
        expect(len(rows) == 3 and all(abs(sum(row) - 1) < 1e-5 for row in rows), rows)
    _, errors = predict(3, 8, 5, 1)
    expect("conv slides windows of 3 over W//2 places, but there are 2" in errors, errors)
