"""What PyTorch and Quern make of each other's files. It needs torch and safetensors.

make.py torch      writes from_torch.safetensors, x.csv and predicted.csv: a state dict of net.qn's model as PyTorch has it, rows of
                   inputs, and what PyTorch predicts from them.
make.py check FILE loads FILE, which Quern saved, with strict=True and compares it with from_torch.safetensors bit by bit."""
import os
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1 = nn.Linear(width, 7)
        self.fc2 = nn.Linear(7, width)

    def forward(self, x):
        return x + self.fc2(nn.functional.gelu(self.fc1(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(5, 6, bias=False)
        self.blocks = nn.ModuleList([Block(6), Block(6)])
        self.register_buffer("scale", torch.ones(6))
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.inner(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x * self.scale)


def write_csv(path, names, rows):
    with open(path, "w") as file:
        file.write(",".join(names) + "\n")
        for row in rows.tolist():
            file.write(",".join(f"{value:.9g}" for value in row) + "\n")


def make():
    torch.manual_seed(4)
    net = Net()
    net.scale.uniform_(0.5, 2)
    x = torch.randn(16, 5)
    save_file(net.state_dict(), f"{HERE}/from_torch.safetensors")
    write_csv(f"{HERE}/x.csv", "abcde", x)
    write_csv(f"{HERE}/predicted.csv", ["p0", "p1", "p2"], nn.functional.log_softmax(net(x), dim=-1).detach())


def check(path):
    net = Net()
    print(net.load_state_dict(load_file(path), strict=True))
    ours, theirs = net.state_dict(), load_file(f"{HERE}/from_torch.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs), "the values differ"


if sys.argv[1] == "torch":
    make()
else:
    check(sys.argv[2])
