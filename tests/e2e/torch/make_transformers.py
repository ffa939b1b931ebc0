"""Writes what PyTorch makes of transformers.qn and of a small examples/gpt/gpt.qn: state dicts, batches, losses and gradients,
in f32. It needs torch, torchvision, numpy and safetensors.

make_transformers.py    writes transformers_*.safetensors and gpt_*.safetensors beside itself. Of the GPT there are the states after
                        0, 10 and 20 steps of AdamW; NAME_gradients.safetensors has the loss too."""
import math
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../../numerics/golden")
import zoo


def save(name, tensors):
    save_file({key: value.detach().clone().contiguous() for key, value in tensors.items()}, f"{HERE}/{name}.safetensors")


def save_step(name, net, loss):
    """The state, and what a step from it would use."""
    save(name, net.state_dict())
    net.zero_grad()
    loss.backward()
    gradients = {key: value.grad for key, value in net.named_parameters()}
    assert all(value is not None for value in gradients.values()), "a parameter has no gradient"
    save(f"{name}_gradients", {**gradients, "loss": loss})


def make_gpt():
    torch.manual_seed(5)
    net = zoo.GPT(32, 12, 8, 2, 2)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, betas=(0.9, 0.99))
    # Seven tokens of twelve places: the size is no multiple of a vector's, and the places are cut.
    data = torch.randint(0, 32, (3, 8))
    x, y = data[:, :-1], data[:, 1:]
    save("gpt_batch", {"x": x.to(torch.uint8), "y": y.to(torch.uint8)})
    for step in range(21):
        loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
        if step % 10 == 0:
            save_step(f"gpt_{step}", net, loss)
            loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def rope(x, interleaved=True):
    *lead, t, d = x.shape
    angle = torch.arange(t)[:, None] * 10000.0 ** (torch.arange(d // 2) * (-2 / d))
    c, s = torch.cos(angle), torch.sin(angle)
    axis = -1 if interleaved else -2
    a, b = x.reshape(*lead, t, d // 2, 2).unbind(-1) if interleaved else x.reshape(*lead, t, 2, d // 2).unbind(-2)
    return torch.stack([a * c - b * s, a * s + b * c], dim=axis).reshape(x.shape)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 8, padding_idx=3)
        self.enc = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.pre = nn.TransformerEncoderLayer(8, 4, 12, dropout=0.0, activation="gelu", norm_first=True, bias=False)
        self.dec = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.dec_pre = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, norm_first=True)
        self.mha = nn.MultiheadAttention(8, 2, batch_first=True)
        self.rms = nn.RMSNorm(8)
        self.ln = nn.LayerNorm((2, 4))

    def forward(self, ids, tgt, mask, bias, pad):
        m = self.enc(self.emb(ids), mask, pad)
        m = self.pre(m.transpose(0, 1)).transpose(0, 1)
        causal = torch.triu(torch.ones(tgt.shape[1], tgt.shape[1], dtype=torch.bool), 1)
        x = self.dec(self.emb(tgt), m, tgt_mask=causal, memory_key_padding_mask=pad)
        x = self.dec_pre(x.transpose(0, 1), m.transpose(0, 1), memory_mask=bias).transpose(0, 1)
        floats = torch.zeros(pad.shape).masked_fill(pad, -math.inf)
        y, w = self.mha(x, m, m, attn_mask=bias, key_padding_mask=floats)
        x = self.rms(x + y) + w.amax(2)[:, :, None]
        h = self.ln(x.reshape(*x.shape[:2], 2, 4)).transpose(1, 2)
        q = rope(torch.cat([h, h * 2], 1))
        k = rope(h, interleaved=False)
        z = F.scaled_dot_product_attention(q, k, h, is_causal=True, enable_gqa=True, scale=0.7)
        z = z + F.scaled_dot_product_attention(q, q, q, attn_mask=bias.abs()[:, : q.shape[2]])
        return x + (z[:, :2] + z[:, 2:]).transpose(1, 2).flatten(2)


def make_layers():
    torch.manual_seed(6)
    net = Net()
    for name, value in net.named_parameters():  # ones and zeros would hide what is not applied
        if "norm" in name or "bias" in name or name.startswith(("rms", "ln")):
            nn.init.uniform_(value, 0.5, 1.5)
    ids, tgt = torch.randint(0, 10, (3, 6)), torch.randint(0, 10, (3, 5))
    ids[0, 1] = tgt[1, 2] = 3
    mask = torch.triu(torch.ones(6, 6, dtype=torch.bool), 1)
    bias = torch.randn(5, 6)
    pad = torch.zeros(3, 6, dtype=torch.bool)
    pad[1, 4:] = pad[2, 2] = True
    y = torch.randn(3, 5, 8)
    save("transformers_batch", {"ids": ids, "tgt": tgt, "mask": mask, "bias": bias, "pad": pad, "y": y})
    save_step("transformers_0", net, F.mse_loss(net(ids, tgt, mask, bias, pad), y))


make_gpt()
make_layers()
