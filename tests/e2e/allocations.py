"""Every allocation of a built program made to fail in turn: it ends with one sentence and leaves earlier files as they
were, or it can do without and gives what it always gives."""
import os
import re
import subprocess

from bad_data import own_program
from case import case, expect, preloaded, run, snapshot, write
from files import npy, npz

MODEL = """net = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))

@train(SGD(lr=0.1, momentum=0.9))
def loss(x: f32[B, 2], y: f32[B, 1]) -> f32:
    return mse_loss(net(x), y)

@metric
def error(x: f32[B, 2], y: f32[B, 1]) -> f32:
    return (net(x) - y).abs().mean()

@export
def predict(x: f32[B, 2]) -> f32[B, 1]:
    return net(x)
"""
CSV = "a,b,y\n" + "".join(f"{i},{i * 0.5},{i * 2 + 1}\n" for i in range(6))


def fails_in_turn(folder, words, first=None):
    """Runs the model's program with these words in a folder with data, and what `first` made; each allocation fails once
    alone and once with all after it."""
    path, library = own_program("small", MODEL, folder), preloaded("failing_allocations")
    work = f"{folder}/work"
    os.mkdir(work)
    write(work, "d.csv", CSV)
    write(work, "d.npz", npz({"x": npy("f4", (4, 2), [0, 1, 2, 3, 4, 5, 6, 7]), "y": npy("f4", (4, 1), [1, 2, 3, 4])}))
    if first:
        run(path, *first, cwd=work)
    before = snapshot(work)

    def attempt(number, onwards):
        environment = {**os.environ, "LD_PRELOAD": library, "QUERN_TEST_FAIL_AT": str(number),
                       "QUERN_TEST_COUNT": f"{folder}/count"}
        if onwards:
            environment["QUERN_TEST_FAIL_ONWARDS"] = "1"
        done = subprocess.run([path, *words], cwd=work, capture_output=True, text=True, env=environment, timeout=60)
        after = snapshot(work)
        for name in set(after) | set(before):
            if name not in before:
                os.remove(f"{work}/{name}")
            elif after.get(name) != before[name]:
                write(work, name, before[name])
        return done, after

    good, wanted = attempt(0, False)
    expect(good.returncode == 0 and wanted != before, good.stderr)
    total = int(open(f"{folder}/count").read())
    expect(total > 50, f"it allocates {total} times only")
    unharmed, wrong = 0, []
    for onwards in (False, True):
        for number in range(1, total + 1):
            done, after = attempt(number, onwards)
            where = f"allocation {number} of {total}{' and all after it' if onwards else ''}"
            half = [name for name, content in after.items()
                    if not (content in (before.get(name), wanted.get(name)) or
                            name.startswith("h.") and content[-1:] == b"\n" and wanted[name].startswith(content))]
            if half:
                wrong.append(f"{where}: {half} is half written")
            elif done.returncode == 0:
                unharmed += 1
                if done.stdout != good.stdout or after != wanted:
                    wrong.append(f"{where}: it gives something else")
            elif (done.returncode != 1 or not done.stderr.startswith("error: ") or done.stderr.count("\n") != 1 or
                  not re.search("out of memory|cannot start thread|Cannot allocate memory", done.stderr)):
                wrong.append(f"{where}: it exits with {done.returncode}: {done.stderr.strip()}")
    expect(not wrong, f"{len(wrong)} of {2 * total} runs, such as " + "; ".join(wrong[:int(os.environ.get("QUERN_SHOWN", "3"))]))
    return f"{total} allocations, {unharmed} runs of {2 * total} do without one"


TRAIN = ["train", "--data", "d.csv", "--data", "x=a,b", "--epochs", "2", "--batch", "4", "--save",
         "w.safetensors", "--threads", "1"]
# Each has something of what programs do: (name, words, words of a run before it).
RUNS = (("train", TRAIN, None),
        ("train_with_everything", ["train", "--data", "d.npz", "--split", "0.3", "--standardize", "x", "--epochs", "2",
                                   "--batch", "2", "--schedule", "cosine", "--history", "h.csv", "--save",
                                   "w.safetensors", "--seed", "3"], TRAIN),
        ("resume", ["train", "--data", "d.csv", "--data", "x=a,b", "--epochs", "4", "--resume", "--history",
                    "h.jsonl", "--save", "w.safetensors"], TRAIN),
        ("train_with_pictures", [*TRAIN, "--plot", "plots"], None),
        ("plot", ["plot", "--entry", "predict", "--over=-2:2,-1:1", "--data", "d.csv", "--data", "x=a,b", "--load",
                  "w.safetensors", "--out", "p.svg"], TRAIN),
        ("predict", ["predict", "--data", "d.csv", "--data", "x=a,b", "--load", "w.safetensors", "--out", "p.npy"], TRAIN))
for name, words, first in RUNS:
    def check(folder, words=words, first=first):
        return fails_in_turn(folder, words, first)
    check.__name__, check.__module__ = name, __name__
    case(check)
