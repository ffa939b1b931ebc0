"""Measures how many bytes a second examples/gpt writes through its cache of keys and values, beside PyTorch doing the same
with a cache of its own: one thread, one byte at a time, in turns.

    python3 tests/bench/generation.py

Needs torch and clang++-22. Machines are noisy: compare the best figures."""
import os
import re
import subprocess
import tempfile
import time

import torch
import torch.nn.functional as F
from torch import nn

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.abspath(os.environ.get("QUERN_BUILD", f"{ROOT}/build"))
VOCAB, CONTEXT, WIDTH, HEADS, DEPTH = 128, 128, 128, 4, 4
BYTES, ROUNDS = 2000, 5


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
        self.keys, self.values = torch.zeros(2, 1, HEADS, CONTEXT, WIDTH // HEADS).unbind(0)

    def forward(self, x, place):
        q, k, v = self.qkv(self.ln1(x)).reshape(1, 1, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        self.keys[:, :, place], self.values[:, :, place] = k[:, :, 0], v[:, :, 0]
        y = F.scaled_dot_product_attention(q, self.keys[:, :, : place + 1], self.values[:, :, : place + 1])
        x = x + self.proj(y.transpose(1, 2).reshape(1, 1, WIDTH))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos, self.ln = nn.Embedding(VOCAB, WIDTH), nn.Embedding(CONTEXT, WIDTH), nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))

    @torch.inference_mode()
    def write(self, count):
        byte = torch.tensor([[10]])
        for k in range(count):
            x = self.tok(byte) + self.pos.weight[k % CONTEXT]
            for block in self.blocks:
                x = block(x, k % CONTEXT)
            logits, ids = (self.ln(x) @ self.tok.weight.T)[0, 0].topk(20)
            byte = ids[torch.multinomial(F.softmax(logits / 0.8, -1), 1)][None]


def main():
    torch.set_num_threads(1)
    peer = GPT()
    with tempfile.TemporaryDirectory() as folder:
        def run(*words):
            return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True, errors="replace")

        model = f"{ROOT}/examples/gpt/gpt.qn"
        run(f"{BUILD}/bin/quern", "build", model, "-o", "gpt")
        # Speed does not hang on what the weights say: one step makes a file of them.
        with open(f"{folder}/t.txt", "w") as file:
            file.write("a" * 300)
        run("./gpt", "train", "--data", "x=t.txt:128", "--data", "y=t.txt:128+1", "--batch", "2", "--epochs", "1", "--save",
            "w.safetensors", "--quiet")
        run(f"{BUILD}/bin/quern", "build", model, "-o", "gpt.a", "--entries", "begin,next")
        run("clang++-22", "-std=c++17", "-O2", f"-I{folder}", f"-I{ROOT}/runtime/include", f"{ROOT}/examples/gpt/generate.cpp",
            "gpt.a", f"{BUILD}/lib/libquern.a", "-lm", "-pthread", "-o", "generate")
        figures = {"Quern": [], f"PyTorch {torch.__version__.split('+')[0]}": []}
        ours, theirs = figures
        for _ in range(ROUNDS):
            errors = run("./generate", "w.safetensors", "--length", str(BYTES), "--top-k", "20", "--time").stderr
            figures[ours].append(float(re.search(r"(\d+) a second", errors)[1]))
            start = time.perf_counter()
            peer.write(BYTES)
            figures[theirs].append(BYTES / (time.perf_counter() - start))
    for name, rates in figures.items():
        print(f"{name}: {max(rates):.0f} bytes a second (median {sorted(rates)[ROUNDS // 2]:.0f})")


if __name__ == "__main__":
    main()
