"""Checkpoints: a full disk and a kill at any time leave one that loads; Ctrl-C saves one; resuming continues bit for
bit from anywhere."""
import json
import os
import random
import resource
import signal
import struct
import subprocess
import time

from case import QUERN, ROOT, case, example, expect, full_disk, losses, program, run, same, snapshot, write
from bad_data import own_program

TRAIN, TEST = example("digits/train.npz"), example("digits/test.npz")
# Dropout makes the step count matter, momentum the state, and 1437 rows of 64 leave a last batch of 29.
MOMENTUM = """# As the digits, with everything that a resumed run must bring back.
net = Sequential(Flatten(), Linear(64, 32), ReLU(), Dropout(0.2), Linear(32, 10))

def pixels(x: u8[B, 8, 8]) -> f32[B, 8, 8]:
    return x / 16

@train(OPTIMIZER)
def loss(x: u8[B, 8, 8], y: u8[B]) -> f32:
    return cross_entropy(net(pixels(x)), y)

@metric
def accuracy(x: u8[B, 8, 8], y: u8[B]) -> f32:
    return (net(pixels(x)).argmax(dim=-1) == y).mean()
"""
OPTIMIZERS = {"momentum": "SGD(lr=0.01, momentum=0.9, nesterov=True)", "adam": "Adam(lr=0.003)"}


def model(name, folder):
    return own_program(name, MOMENTUM.replace("OPTIMIZER", OPTIMIZERS[name]), folder)


def fresh(*flags, epochs=3, weights="w.safetensors"):
    """The words of a run that starts anew."""
    return ["train", "--data", TRAIN, "--split", "0.2", "--batch", "64", "--epochs", str(epochs), "--schedule",
            "cosine", "--seed", "5", "--save", weights, *flags]


def resumed(*flags, epochs=3, weights="w.safetensors"):
    """The words of one that goes on; the rest of what `fresh` says is in the file."""
    return ["train", "--data", TRAIN, "--epochs", str(epochs), "--save", weights, "--resume", *flags]


def train(name, folder, words):
    return run(model(name, folder), *words, cwd=folder)[0]


def same_runs(folder, left, right):
    for end in (".safetensors", ".training.safetensors"):
        same(f"{folder}/{left}{end}", f"{folder}/{right}{end}")


def add(name, check):
    check.__name__, check.__module__ = name, __name__
    case(check)


for name in OPTIMIZERS:
    def check(folder, name=name):
        """A run of which --epochs grows, so with a constant rate, against an uninterrupted one; the history too."""
        flat = ("--schedule", "constant", "--history")
        whole = train(name, folder, fresh(*flat, "whole.csv", weights="whole.safetensors", epochs=4))
        parts = [train(name, folder, fresh(*flat, "parts.csv", weights="parts.safetensors", epochs=1))]
        for epochs in (2, 4):
            parts.append(train(name, folder, resumed("--history", "parts.csv", weights="parts.safetensors",
                                                     epochs=epochs)))
        expect("".join(parts) == whole, f"{parts} is not {whole!r}")
        same_runs(folder, "whole", "parts")
        same(f"{folder}/whole.csv", f"{folder}/parts.csv")
    add(f"resume_{name}_after_any_epoch", check)


def start(folder, name, words):
    return subprocess.Popen([model(name, folder), *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def wait_for_training(process, pid=None):
    """Returns when the process, or the program that it runs as `pid`, catches SIGINT, as it does while it trains, or has
    ended."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if pid and os.readlink(f"/proc/{pid}/exe") == os.path.realpath(QUERN):
            continue  # it has forked, and the program is not there yet
        with open(f"/proc/{pid or process.pid}/status") as file:
            caught = [int(line.split()[1], 16) for line in file if line.startswith("SigCgt:")]
        if caught and caught[0] >> (signal.SIGINT - 1) & 1:
            return
        time.sleep(0.002)


def started_by(process):
    """The process that this one starts, once it has."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            children = file.read().split()
        if children:
            return int(children[0])
        time.sleep(0.01)
    raise AssertionError("it started nothing")


for number in (signal.SIGINT, signal.SIGTERM):
    def check(folder, number=number):
        """Signals at several times, each run resumed until it is done; the result is that of a run left alone."""
        model("adam", folder)
        started = time.monotonic()
        whole = train("adam", folder, fresh(epochs=300, weights="whole.safetensors"))
        span = time.monotonic() - started
        output, stops, within = "", 0, 0
        words = fresh(epochs=300)
        while True:
            child = start(folder, "adam", words)
            wait_for_training(child)
            try:
                child.wait(timeout=span * (0.15 + 0.05 * stops))
            except subprocess.TimeoutExpired:
                child.send_signal(number)
            stdout, stderr = child.communicate()
            output += stdout
            if child.returncode == 0:
                break
            expect(child.returncode == 128 + number, f"it exits with {child.returncode}: {stderr}")
            expect(stderr.startswith("interrupted after ") and stderr.endswith(
                "; w.safetensors is saved, and --resume continues\n") and stderr.count("\n") == 1, stderr)
            stops += 1
            within += " batches;" in stderr
            expect(stops < 30, "it never ends")
            words = resumed(epochs=300)
        expect(stops >= 2, f"it was stopped {stops} times only")
        expect(output == whole, "the epochs' lines differ from those of a run left alone")
        same_runs(folder, "whole", "w")
        return f"stopped {stops} times, {within} of them within an epoch"
    add(f"{signal.Signals(number).name.lower()}_and_resume", check)


@case
def interrupt_without_save(folder):
    path = program("lecture/simple")
    child = subprocess.Popen([path, "train", "--data", example("lecture/data/simple.csv"), "--epochs", "1000000000",
                              "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_training(child)
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    expect(child.returncode == 130, f"it exits with {child.returncode}")
    expect(stderr.startswith("interrupted after ") and stderr.endswith("; nothing is saved without --save\n"), stderr)


@case
def second_interrupt_stops_at_once(folder):
    """The first one waits for the batch under way, which takes seconds here."""
    source = "\n".join(("net = Linear(1, 4096)", "deep = Sequential(" + ", ".join(["Linear(4096, 4096)"] * 3) + ")",
                        "@train(SGD(lr=0.0))", "def loss(x: f32[B, 1], y: f32[B, 1]) -> f32:",
                        "    return mse_loss(deep(net(x)).mean(dim=-1, keepdim=True), y)", ""))
    rows = "x,y\n" + "1,2\n" * 4000
    write(folder, "d.csv", rows)
    child = subprocess.Popen([own_program("slow", source, folder), "train", "--data", "d.csv", "--batch", "4000",
                              "--threads", "1", "--save", "w.safetensors"], cwd=folder, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    wait_for_training(child)
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    expect(child.poll() is None, f"the batch ended before the second signal, with {child.returncode}")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=5)
    expect(child.returncode == -signal.SIGINT, f"it exits with {child.returncode}")
    expect("w.safetensors" not in os.listdir(folder), "something was saved")


@case
def interrupt_of_quern_train(folder):
    """The terminal sends Ctrl-C to the command and to the program that it runs."""
    source = example("lecture/simple.qn")
    child = subprocess.Popen([QUERN, "train", source, "--data", example("lecture/data/simple.csv"), "--epochs",
                              "1000000000", "--quiet", "--save", "w.safetensors"], cwd=folder, stderr=subprocess.PIPE,
                             text=True, start_new_session=True, env={**os.environ, "TMPDIR": folder})
    wait_for_training(child, started_by(child))
    os.killpg(child.pid, signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    expect(child.returncode == 130, f"it exits with {child.returncode}: {stderr}")
    expect(stderr.endswith("; w.safetensors is saved, and --resume continues\n"), stderr)
    expect(sorted(os.listdir(folder)) == ["w.safetensors", "w.training.safetensors"], os.listdir(folder))


KILLS = int(os.environ.get("QUERN_KILLS", "20"))


def metadata(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(size))["__metadata__"]


@case
def kill_leaves_a_checkpoint(folder):
    """SIGKILL at random times of a run that saves after every epoch, the first one killed too: what is there loads,
    and going on gives the bits of a run left alone. QUERN_KILLS sets how often."""
    order = random.Random(7)
    flat = ("--schedule", "constant", "--save-every", "1", "--quiet")
    while_saving = 0
    for _ in range(KILLS):
        begun = os.path.exists(f"{folder}/w.training.safetensors")
        words = resumed("--save-every", "1", "--quiet", epochs=1000000) if begun else fresh(*flat, epochs=1000000)
        child = start(folder, "momentum", words)
        time.sleep(order.random() * 0.2)
        child.kill()
        _, stderr = child.communicate()
        expect(child.returncode == -signal.SIGKILL, f"it exits with {child.returncode}: {stderr}")
        while_saving += any(name.endswith(".tmp") for name in os.listdir(folder))
        if os.path.exists(f"{folder}/w.safetensors"):
            output, _ = run(model("momentum", folder), "eval", "--data", TEST, "--load", "w.safetensors", cwd=folder)
            expect(0 <= losses(output, "accuracy")[0] <= 1, output)
    done = int(float(metadata(f"{folder}/w.training.safetensors")["quern.epoch"]))
    expect(done > KILLS / 2, f"only {done} epochs in {KILLS} runs")
    train("momentum", folder, resumed(epochs=done + 2))
    left = [name for name in os.listdir(folder) if name.endswith(".tmp")]
    expect(not left, f"temporary files of killed runs stay: {left}")
    train("momentum", folder, fresh("--schedule", "constant", epochs=done + 2, weights="whole.safetensors"))
    same_runs(folder, "whole", "w")
    return f"{while_saving} of {KILLS} kills hit a save; {done} epochs"


@case
def full_disk_at_any_byte(folder):
    """The disk fills after each number of bytes that a checkpoint has, and the run before it stays."""
    work = os.path.join(folder, "work")
    os.mkdir(work)
    write(work, "d.csv", "x,y\n1,2\n3,4\n5,7\n")
    path = program("lecture/simple")
    command = [path, "train", "--data", "d.csv", "--epochs", "2", "--lr", "0.01", "--save", "w.safetensors"]
    run(*command, cwd=work)
    before = snapshot(work)
    training, weights = len(before["w.training.safetensors"]), len(before["w.safetensors"])
    for left in range(0, training):
        _, stderr = full_disk(work, left, *command, "--seed", "1")
        expect(stderr == "error: cannot write 'w.training.safetensors': No space left on device\n", stderr)
        expect(snapshot(work) == before, f"with {left} bytes left, files changed")
    _, stderr = full_disk(work, training + weights - 1, *command, "--seed", "1")
    expect(stderr == "error: cannot write 'w.safetensors': No space left on device\n", stderr)
    expect(snapshot(work)["w.safetensors"] == before["w.safetensors"], "the weights changed")
    full_disk(work, training + weights, *command, "--seed", "1", status=0)
    expect(snapshot(work)["w.safetensors"] != before["w.safetensors"], "the weights are the old ones")


@case
def full_disk_within_a_training(folder):
    """The checkpoint before the one that did not fit resumes."""
    work = os.path.join(folder, "work")
    os.mkdir(work)
    whole = train("adam", work, fresh(weights="whole.safetensors"))
    size = sum(os.path.getsize(f"{work}/whole.{end}") for end in ("safetensors", "training.safetensors"))
    command = [model("adam", work), *fresh("--save-every", "1")]
    stdout, stderr = full_disk(work, size + size // 2, *command)
    expect(stderr == "error: cannot write 'w.training.safetensors': No space left on device\n", stderr)
    done = train("adam", work, resumed())
    expect(stdout.splitlines()[0] + "\n" + done == whole, f"{stdout!r}, then {done!r}, is not {whole!r}")
    same_runs(work, "whole", "w")


@case
def full_disk_of_predictions(folder):
    work = os.path.join(folder, "work")
    os.mkdir(work)
    write(work, "d.csv", "x\n1\n2\n3\n")
    for kind in ("csv", "npy"):
        command = [program("lecture/simple"), "predict", "--data", "d.csv", "--out", f"p.{kind}"]
        run(*command, cwd=work)
        before = snapshot(work)
        _, stderr = full_disk(work, 5, *command, "--seed", "1")
        expect(stderr == f"error: cannot write 'p.{kind}': No space left on device\n", stderr)
        expect(snapshot(work) == before, "files changed")


@case
def file_size_limit(folder):
    """A limit of the system's own, as `ulimit -f` sets it, with the error that it gives."""
    work = os.path.join(folder, "work")
    os.mkdir(work)
    train("adam", work, fresh(epochs=1))
    before = snapshot(work)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))

    done = subprocess.run([model("adam", work), *fresh("--epochs", "2")], cwd=work, capture_output=True,
                          text=True, preexec_fn=limit)
    expect(done.returncode == 1, f"it exits with {done.returncode}")
    expect(done.stderr == "error: cannot write 'w.training.safetensors': File too large\n", done.stderr)
    expect(snapshot(work) == before, "files changed")


@case
def full_standard_output(folder):
    with open("/dev/full", "w") as full:
        done = subprocess.run([program("lecture/simple"), "summary"], stdout=full, stderr=subprocess.PIPE, text=True)
    expect(done.returncode == 1 and done.stderr == "error: cannot write to the standard output\n", done.stderr)
