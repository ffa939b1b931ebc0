"""Prints the losses of two training steps of examples/resnet in PyTorch, from the weights and images of patterned.py, for
tests/e2e/convolutions.py. Needs torch and numpy: python3 make_resnet.py"""
import os
import sys

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import patterned


class Block(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
        self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout)) if cin != cout else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
        cin = 64
        for stage, cout in enumerate((64, 128, 256, 512), 1):
            setattr(self, f"layer{stage}", nn.Sequential(Block(cin, cout, 1 if stage == 1 else 2), Block(cout, cout)))
            cin = cout
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return self.fc(x.mean((2, 3)))


net = ResNet18()
state = {}
for name, shape in patterned.resnet18_shapes().items():
    dtype = numpy.int64 if name.endswith("num_batches_tracked") else numpy.float32
    state[name] = torch.from_numpy(numpy.frombuffer(patterned.weight_bytes(name, shape), dtype).reshape(shape).copy())
net.load_state_dict(state)
x = torch.from_numpy(numpy.frombuffer(patterned.floats(4 * 3 * 32 * 32, 1.0), numpy.float32).reshape(4, 3, 32, 32).copy())
y = torch.tensor([3, 1, 4, 1])
optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4, nesterov=True)
for _ in range(2):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    print(loss.item())
