"""Measures the training step of examples/cnn beside PyTorch and JAX, interleaved in one run on one thread.

    taskset -c 1 python3 tests/bench/convolutions.py [BATCH] [ROUNDS]

Prints least and median times in ms. Peers that are not installed are left out."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", JAX_PLATFORMS="cpu",
                  XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
FOLDER = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("QUERN_BUILD", f"{FOLDER}/../../build"))
BATCH, ROUNDS = (int(word) for word in (sys.argv[1:] + ["128", "7"][len(sys.argv) - 1:])[:2])
SECONDS = 1.0


def repeat(step):
    times = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def quern(folder):
    program = f"{folder}/cnn"
    subprocess.run([f"{BUILD}/bin/quern", "build", f"{FOLDER}/../../examples/cnn/cnn.qn", "-o", program, f"--dim=B={BATCH}"], check=True)

    def measure():
        words = [program, "bench", "--entry", "loss", "--batch", str(BATCH), "--time", str(SECONDS), "--json", "--threads", "1"]
        (row,) = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        return [row["min_ns"] * 1e-9, row["median_ns"] * 1e-9]
    return measure


def torch(channels_last):
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10))
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    x = torch.randint(0, 256, (BATCH, 28, 28), dtype=torch.uint8)
    y = torch.randint(0, 10, (BATCH,))

    def step():
        optimizer.zero_grad()
        F.cross_entropy(net(x[:, None] / 255), y).backward()
        optimizer.step()
    for _ in range(3):
        step()
    return lambda: repeat(step)


def jax():
    import jax
    import jax.numpy as jnp
    keys = jax.random.split(jax.random.PRNGKey(0), 6)
    shapes = [(5, 5, 1, 32), (5, 5, 32, 64), (1024, 128), (128, 10)]
    params = [(0.05 * jax.random.normal(key, shape), jnp.zeros(shape[-1])) for key, shape in zip(keys, shapes)]
    state = (params, jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params), jnp.zeros(()))
    x = jax.random.randint(keys[4], (BATCH, 28, 28), 0, 256).astype(jnp.uint8)
    y = jax.random.randint(keys[5], (BATCH,), 0, 10)

    def loss(params, x, y):
        h = x[..., None] / 255.0
        for w, b in params[:2]:
            h = jax.lax.conv_general_dilated(h, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b
            h = jax.lax.reduce_window(jax.nn.relu(h), -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        h = jax.nn.relu(h.reshape(BATCH, -1) @ params[2][0] + params[2][1]) @ params[3][0] + params[3][1]
        return -jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], 1).mean()

    def update(state, x, y):
        params, m, v, t = state
        g = jax.grad(loss)(params, x, y)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        params = jax.tree.map(lambda p, m, v: p * (1 - 1e-5) - 1e-3 * (m / (1 - 0.9 ** t)) / (jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-8),
                              params, m, v)
        return params, m, v, t
    compiled = jax.jit(update, donate_argnums=0)

    def step():
        nonlocal state
        state = jax.block_until_ready(compiled(state, x, y))
    for _ in range(3):
        step()
    return lambda: repeat(step)


def main():
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        systems = {"Quern": lambda: quern(folder), "PyTorch": lambda: torch(False), "PyTorch, channels last": lambda: torch(True),
                   "JAX, channels last": jax}
        measures = {}
        for name, prepare in systems.items():
            try:
                measures[name] = prepare()
            except ImportError:
                print(f"{name} is not installed")
        for _ in range(ROUNDS):
            for name, measure in measures.items():
                times.setdefault(name, []).extend(measure())
    for name, each in times.items():
        print(f"{name}: {1e3 * min(each):.2f} ms ({1e3 * statistics.median(each):.2f})")


main()
