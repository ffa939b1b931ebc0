"""Prints what torchvision's ResNet-18 makes of the weights and images of patterned.py, for tests/e2e/convolutions.py: the losses of two
training steps behind the stem of examples/resnet, and scores behind its own. Needs torch, torchvision and numpy."""
import os
import sys

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import patterned

torch.set_num_threads(1)


def resnet18(stem):
    net = torchvision.models.resnet18(num_classes=10)
    if stem == 3:
        net.conv1, net.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    state = {}
    for name, shape in patterned.resnet18_shapes(stem).items():
        dtype = numpy.int64 if name.endswith("num_batches_tracked") else numpy.float32
        state[name] = torch.from_numpy(numpy.frombuffer(patterned.weight_bytes(name, shape), dtype).reshape(shape).copy())
    net.load_state_dict(state)  # which wants every name, and each shape
    return net


x = torch.from_numpy(numpy.frombuffer(patterned.floats(4 * 3 * 32 * 32, 1.0), numpy.float32).reshape(4, 3, 32, 32).copy())
y = torch.tensor([3, 1, 4, 1])
net = resnet18(3)
optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4, nesterov=True)
for _ in range(2):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    print(loss.item())
for row in F.softmax(resnet18(7).eval()(x), -1).tolist():
    print(row)
