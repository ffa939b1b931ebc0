"""Convolutional networks: they learn, with the same bits for any number of threads, and take images of any size."""
import json
import math
import re
import struct

import patterned
from case import QUERN, ROOT, case, example, expect, run, same, tensors

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
        data = bytes(i % 17 for i in range(rows * height * width))
        patterned.write_npy(f"{folder}/x.npy", "|u1", (rows, height, width), data)
        return run(program, "predict", "--data", f"x={folder}/x.npy", "--batch", "2", "--out", f"{folder}/p.csv", status=status)

    for height, width in ((8, 8), (23, 9), (6, 40)):
        predict(3, height, width, 0)
        with open(f"{folder}/p.csv") as file:
            rows = [[float(v) for v in line.split(",")] for line in file.read().split("\n")[-4:-1]]
        expect(len(rows) == 3 and all(abs(sum(row) - 1) < 1e-5 for row in rows), rows)
    _, errors = predict(3, 8, 5, 1)
    expect("conv slides windows of 3 over W//2 places, but there are 2" in errors, errors)


# What torch/make_resnet.py prints.
RESNET_LOSSES = [3.923802137374878, 1.854899525642395]
RESNET_SCORES = [
    [1.466812733497136e-07, 1.7103693658880794e-19, 6.031483363970469e-13, 1.2331162480005986e-10, 5.772008658129186e-22, 9.54515044782056e-08,
     0.005090565420687199, 0.9948962330818176, 1.2915968909510411e-05, 7.010455041998875e-13],
    [2.3140083627026797e-08, 3.24812759293348e-20, 7.010931548853683e-13, 3.321023360827735e-12, 1.0055817208389257e-21, 1.1304847248538863e-05,
     0.09528383612632751, 0.9047005772590637, 4.323301709519001e-06, 3.3899268212390227e-14],
    [9.000839895634272e-08, 7.097051328165856e-21, 1.0936582550531443e-09, 1.923598780262381e-11, 1.1112704019123057e-21, 1.6528118067071773e-05,
     0.7475039958953857, 0.2523616552352905, 0.00011758799519157037, 1.570214271107151e-11],
    [4.837381883948666e-11, 5.5030973098928296e-21, 8.131847625825195e-12, 3.58542820880583e-15, 4.6159836148434725e-23, 0.0025863945484161377,
     0.002951983828097582, 0.9944607019424438, 9.230832347384421e-07, 1.22670752492716e-15]]


def write_resnet18_files(folder, stem):
    patterned.write_weights(f"{folder}/w.safetensors", patterned.resnet18_shapes(stem))
    patterned.write_npy(f"{folder}/x.npy", "<f4", (4, 3, 32, 32), patterned.floats(4 * 3 * 32 * 32, 1.0))


@case
def resnet18_loads_torchvisions_weights_and_running_statistics(folder):
    """The program has torchvision's layers, stem included; its names are those of torchvision's state dict."""
    write_resnet18_files(folder, 7)
    run(QUERN, "build", f"{ROOT}/tests/lit/programs/resnet18.qn", "-o", f"{folder}/resnet18", "--entries", "predict")
    run(f"{folder}/resnet18", "predict", "--data", f"x={folder}/x.npy", "--load", f"{folder}/w.safetensors", "--out", f"{folder}/p.csv")
    with open(f"{folder}/p.csv") as file:
        found = [[float(v) for v in line.split(",")] for line in file.read().split()[1:]]
    expect(len(found) == 4, found)
    worst = max(abs(math.log(a / b)) for row, wanted in zip(found, RESNET_SCORES) for a, b in zip(row, wanted))
    expect(worst < 1e-3, f"a logarithm is off by {worst}: {found}")
    return f"logarithms within {worst:.1e}"


@case
def resnet18_trains_from_torchvisions_weights_as_in_pytorch(folder):
    write_resnet18_files(folder, 3)
    patterned.write_npy(f"{folder}/y.npy", "<i8", (4,), struct.pack("<4q", 3, 1, 4, 1))
    run(QUERN, "build", example("resnet/resnet18.qn"), "-o", f"{folder}/resnet18", "--entries", "loss")
    run(f"{folder}/resnet18", "train", "--data", f"x={folder}/x.npy", "--data", f"y={folder}/y.npy", "--epochs", "2",
        "--batch", "4", "--lr", "0.001", "--load", f"{folder}/w.safetensors", "--history", f"{folder}/h.json", "--quiet")
    with open(f"{folder}/h.json") as file:
        found = [json.loads(line)["loss"] for line in file]
    expect(len(found) == 2, found)
    # A step of this net makes differences in rounding some twenty times larger.
    for number, wanted, bound in zip(found, RESNET_LOSSES, (1e-6, 3e-5)):
        expect(abs(number - wanted) <= bound * wanted, f"{found}, but PyTorch has {RESNET_LOSSES}")
