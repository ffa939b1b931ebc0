"""`quern bisect`: models that are compiled well agree, and a compiler with a fault (quern_faulty.cpp) is found out."""
import json
import os
import re

from case import BUILD, EXAMPLES, QUERN, case, expect, run, tensors, write
from files import npy, npz

FAULTY = os.path.join(BUILD, "bin/quern-faulty")
MLP = """a = Linear(3, 8)
b = Linear(8, 2)

@train(SGD(lr=0.1))
def loss(x: f32[B, 3], y: f32[B, 2]) -> f32:
    h = tanh(a(x))
    return mse_loss(b(h), y)

@export
def predict(x: f32[B, 3]) -> f32[B, 2]:
    return b(tanh(a(x)))
"""


def wave(*shape):
    """An array of floats that repeat nothing."""
    count = 1
    for extent in shape:
        count *= extent
    return npy("f4", shape, [((i * 37 + 11) % 101 - 50) / 25 for i in range(count)])


def write_mlp(folder):
    write(folder, "m.qn", MLP)
    write(folder, "d.npz", npz({"x": wave(40, 3), "y": wave(40, 2)}))


def agrees(folder, *words):
    """What an agreement says: the kernels, and the largest error in units of its bound."""
    text, stderr = run(QUERN, "bisect", *words, cwd=folder)
    found = re.match(r"\w+: all (\d+) kernels agree with the reference interpreter, and as a whole it gives the same bits\n"
                     r"(?:runs of kernels, with those in loops: \d+\n)?"
                     r"elements compared: (\d+), \S+ % of them without a bound\n"
                     r"largest error: (\S+) of its bound, in \S+ \(\S+:\d+:\d+\)\n$", text)
    expect(found and stderr == "", text + stderr)
    expect(int(found[2]) > 0 and 0 < float(found[3]) <= 1, text)
    return int(found[1]), text


def finds(folder, fault, *words):
    """The lines of what a compiler with a fault says."""
    text, stderr = run(FAULTY, fault, "bisect", *words, status=1, cwd=folder)
    expect(text == "", text)
    return stderr.splitlines()


@case
def kernels_of_a_step_agree(folder):
    write_mlp(folder)
    kernels, _ = agrees(folder, "m.qn", "--data", "d.npz")
    for flags in (["--entry", "predict"], ["--entry", "loss_validate"], ["--batch", "7", "--lr", "0.5", "--seed", "3"],
                  ["--precision", "f64"], ["--precision", "bf16"], ["-O0", "--mcpu", "x86-64-v3", "--threads", "1"]):
        agrees(folder, "m.qn", "--data", "d.npz", *flags)
    apart, _ = agrees(folder, "m.qn", "--data", "d.npz", "--disable", "fusion")
    expect(apart > 2 * kernels, f"{apart} kernels without fusion, {kernels} with it")
    text, _ = run(QUERN, "bisect", "m.qn", "--data", "d.npz", "--dim", "B=32", cwd=folder)
    expect(text.startswith("loss: its one kernel agrees") and "in loss.B32.k0 " in text, text)


@case
def trained_weights_agree(folder):
    write_mlp(folder)
    run(QUERN, "train", "m.qn", "--data", "d.npz", "--epochs", "1", "--standardize", "x", "--save", "w.safetensors", cwd=folder)
    _, fresh = agrees(folder, "m.qn", "--data", "d.npz")
    _, loaded = agrees(folder, "m.qn", "--data", "d.npz", "--load", "w.safetensors")
    expect(fresh != loaded, "--load changes nothing")


@case
def later_steps_agree(folder):
    """Steps come before, over the end of the data; of two steps that share an update the second updates."""
    write(folder, "m.qn", MLP.replace("SGD(lr=0.1)", "Adam(lr=0.1), accumulate=2"))
    write(folder, "d.npz", npz({"x": wave(40, 3), "y": wave(40, 2)}))
    found = [agrees(folder, "m.qn", "--data", "d.npz", "--batch", "16", "--after", str(n))[1] for n in range(4)]
    expect(len(set(found)) == 4, found)
    write(folder, "i.qn", "emb = Embedding(10, 4)\n\n@export\ndef rows(x: i32[B]) -> f32[B, 4]:\n    return emb(x)\n")
    write(folder, "i.npz", npz({"x": npy("i4", (12,), [11] + [3] * 11)}))
    _, stderr = run(QUERN, "bisect", "i.qn", "--data", "i.npz", "--batch", "2", "--after", "1", status=1, cwd=folder)
    expect(stderr == "error: i.qn:5:12: rows: id 11 at position 0 is outside [0, 10)\n", stderr)


@case
def numbers_that_are_none_agree(folder):
    """Kernels of a training that diverged are run on NaN, which `train` refuses in data."""
    write(folder, "m.qn", "@export\ndef f(x: f32[B]) -> (a: f32[B], b: f32, c: f32[B]):\n"
          "    return relu(x), x.max(), exp(x) - tanh(x)\n")
    write(folder, "x.npy", npy("f4", (4,), [1, float("nan"), -2, 200]))
    agrees(folder, "m.qn", "--data", "x.npy")
    _, stderr = run(QUERN, "predict", "m.qn", "--data", "x.npy", status=1, cwd=folder)
    expect("x[1] is NaN" in stderr, stderr)


def add(name, source, data, *flags, changes=(), inside=""):
    def check(folder):
        text = open(f"{EXAMPLES}/{source}.qn").read()
        for old, new in changes:
            expect(old in text, f"{source}.qn has no {old}")
            text = text.replace(old, new)
        write(folder, "m.qn", text)
        _, found = agrees(folder, "m.qn", *data(folder), *flags)
        expect(inside in found, found)
    check.__name__, check.__module__ = name + "_agrees", __name__
    case(check)


def digits(folder):
    return "--data", f"{EXAMPLES}/digits/train.npz"


def text(folder):
    write(folder, "text.txt", "".join(chr(97 + i * i % 26) for i in range(200)))
    return "--data", "x=text.txt:12", "--data", "y=text.txt:12+1"


def pictures(folder):
    write(folder, "p.npz", npz({"x": npy("u1", (2, 28, 28), [i * 7 % 256 for i in range(2 * 28 * 28)]),
                                "y": npy("u1", (2,), [3, 9])}))
    return "--data", "p.npz"


add("line", "lecture/simple", lambda _: ("--data", f"{EXAMPLES}/lecture/data/simple.csv"))
add("mlp", "digits/digits", digits)
add("policy", "policy/policy", digits, "--batch", "4")
add("second_train_function", "gan/gan", digits, "--batch", "2", "--entry", "g_loss")
add("cnn", "cnn/cnn", pictures, "--batch", "1")
add("lstm", "char_lstm/char_lstm", text, "--batch", "2", changes=[("vocab, hidden = 128, 256", "vocab, hidden = 128, 12")],
    inside="runs of kernels, with those in loops: ")
SMALL = [("vocab, ctx, width, heads, depth = 128, 128, 128, 4, 4", "vocab, ctx, width, heads, depth = 128, 16, 16, 2, 1")]
add("gpt", "gpt/gpt", text, "--batch", "2", changes=SMALL)
add("gpt_with_given_dims", "gpt/gpt", text, "--batch", "2", "--dim", "B=2", "--dim", "T=12", changes=SMALL)


@case
def wrong_kernel_is_found_and_reduced(folder):
    """The line, the element, and the one operation that is wrong, which runs again by itself."""
    write_mlp(folder)
    lines = finds(folder, "tanh", "m.qn", "--data", "d.npz")
    expect(re.match(r"m\.qn:6:9: error: loss\.k0 \(contraction\) leaves its bound: result \d of loss\.k0 at \[\d+, \d+\] is "
                    r"-?0\.\d+, but must be within \S+e-0\d of -?0\.\d+; \d+ of 256 elements are off$", lines[0]), lines)
    expect(lines[1:3] == ["    h = tanh(a(x))", "        ^"], lines)
    expect(lines[-1] == "note: quern bisect m.bisect.mlir --data m.bisect.safetensors runs it again", lines)
    small = open(f"{folder}/m.bisect.mlir").read()
    expect(re.findall(r"quern\.(\w+) %", small) == ["tanh"], small)
    (values,) = tensors(f"{folder}/m.bisect.safetensors").values()
    expect(len(values) == 8, f"{len(values)} values where a row has 8")
    words = "m.bisect.mlir", "--data", "m.bisect.safetensors", "-o", "again.mlir"
    again = finds(folder, "tanh", *words)
    expect(re.match(r"m\.bisect\.mlir:4:10: error: kernel\.k0 \(pointwise\) leaves its bound: 'y0' at \[0, \d\] is ", again[0]) and
           "quern.tanh %arg0" in again[1], again)
    text, _ = run(QUERN, "bisect", *words, cwd=folder)
    expect(text.startswith("kernel: its one kernel agrees with the reference interpreter\nelements compared: 8,"), text)


@case
def command_that_runs_it_again_has_the_flags(folder):
    write_mlp(folder)
    flags = "-O1 --mcpu x86-64-v3 --disable fusion"
    lines = finds(folder, "tanh", "m.qn", "--data", "d.npz", *flags.split())
    expect(lines[-1] == f"note: quern bisect m.bisect.mlir --data m.bisect.safetensors {flags} runs it again", lines)


@case
def operations_that_are_wrong_together_stay_together(folder):
    write_mlp(folder)
    lines = finds(folder, "squares", "m.qn", "--data", "d.npz", "-o", "small.mlir")
    expect(lines[0].startswith("m.qn:7:12: error: loss.k1 (contraction) leaves its bound: "), lines)
    small = open(f"{folder}/small.mlir").read()
    expect(re.findall(r"quern\.(\w+) %", small) == ["sub", "mul"], small)


@case
def wrong_kernel_in_a_whole_step_is_found(folder):
    write_mlp(folder)
    lines = finds(folder, "tanh", "m.qn", "--data", "d.npz", "--dim", "B=32")
    expect(lines[0].startswith("m.qn:6:9: error: loss.B32.k0 (whole) leaves its bound: "), lines)
    small = open(f"{folder}/m.bisect.mlir").read()
    expect(re.findall(r"quern\.(\w+) %", small) == ["tanh"], small)


@case
def wrong_kernel_in_a_loop_is_found(folder):
    write(folder, "m.qn", "rnn = RNN(3, 4)\nhead = Linear(4, 2)\n\n@train(SGD(lr=0.1))\n"
          "def loss(x: f32[T, B, 3], y: f32[B, 2]) -> f32:\n    h, _ = rnn(x)\n    return mse_loss(head(h[-1]), y)\n")
    write(folder, "d.npz", npz({"x": wave(5, 6, 3), "y": wave(6, 2)}))
    agrees(folder, "m.qn", "--data", "d.npz")
    lines = finds(folder, "tanh", "m.qn", "--data", "d.npz")
    expect(re.match(r"m\.qn:6:12: error: loss\.k\d+ \(\w+\) leaves its bound: ", lines[0]), lines)
    small = open(f"{folder}/m.bisect.mlir").read()
    expect(re.findall(r"quern\.(\w+) %", small) == ["tanh"], small)


NESTED = """w = param(ones(f32[3]))

@train(SGD(lr=0.1))
def loss(x: f32[T, B, 3]) -> f32:
    total = zeros(f32[B])
    for t in range(T):
        y = x[t] * w
        for k in loop(4):
            y = tanh(y) + 0.5 * y * x[t]
        total = total + y.sum(dim=1)
    return total.mean()
"""


@case
def loops_in_loops_agree(folder):
    write(folder, "m.qn", NESTED)
    write(folder, "x.npy", wave(5, 6, 3))
    _, text = agrees(folder, "m.qn", "--data", "x.npy")
    runs = int(re.search(r"in loops: (\d+)", text)[1])
    expect(runs >= 5 * 4 * 2, text)  # forwards and backwards
    lines = finds(folder, "tanh", "m.qn", "--data", "x.npy")
    expect(re.match(r"m\.qn:9:17: error: loss\.k\d+ \(\w+\) leaves its bound: ", lines[0]), lines)
    lines = finds(folder, "whole", "m.qn", "--data", "x.npy")
    expect(re.match(r"m\.qn:\d+:\d+: error: loss run as a whole gives another 'loss' than kernel by kernel", lines[0]), lines)


@case
def sizes_that_no_input_has_stay_known(folder):
    """A part of a kernel in which no tensor has the size B gets the size from an input that is there for it."""
    write(folder, "m.qn", "@export\ndef surplus(x: f32[B]) -> f32:\n    y = x.sum() - B\n    return y * y\n")
    write(folder, "x.npy", wave(40))
    finds(folder, "squares", "m.qn", "--data", "x.npy")
    small = open(f"{folder}/m.bisect.mlir").read()
    expect('quern.name = "length_B"' in small and re.findall(r"quern\.(\w+) [%B]", small) == ["extent", "sub", "mul"], small)
    again = finds(folder, "squares", "m.bisect.mlir", "--data", "m.bisect.safetensors", "-o", "again.mlir")
    expect(again[0].startswith("m.bisect.mlir:"), again)


@case
def overwritten_result_is_found(folder):
    """The kernel that writes too early, what it overwrites and where that is read."""
    write_mlp(folder)
    lines = finds(folder, "plan", "m.qn", "--data", "d.npz")
    expect(re.match(r"m\.qn:7:12: error: loss\.k1 overwrites result \d of loss\.k0, which loss\.k\d reads later$", lines[0]) and
           "m.qn:6:9: note: it is made here, by loss.k0" in lines, lines)
    expect(not os.path.exists(f"{folder}/m.bisect.mlir"), "a kernel that is right is written")


@case
def difference_of_the_whole_is_found(folder):
    write_mlp(folder)
    lines = finds(folder, "whole", "m.qn", "--data", "d.npz")
    expect(lines[0] == "m.qn:7:12: error: loss run as a whole gives another 'loss' than kernel by kernel", lines)


@case
def checks_of_indices_agree(folder):
    """An index that is out of range is an error of the data, unless the compiled check misses it."""
    write(folder, "m.qn", "emb = Embedding(10, 4)\nhead = Linear(4, 3)\n\n@train(SGD(lr=0.1))\n"
          "def loss(x: i32[B], y: i32[B]) -> f32:\n    return cross_entropy(head(emb(x)), y)\n")
    write(folder, "d.npz", npz({"x": npy("i4", (11,), list(range(11))), "y": npy("i4", (11,), [0] * 11)}))
    agrees(folder, "m.qn", "--data", "d.npz", "--batch", "8")
    message = "m.qn:6:31: id 10 at position 10 is outside [0, 10)"
    _, stderr = run(QUERN, "bisect", "m.qn", "--data", "d.npz", status=1, cwd=folder)
    expect(stderr == f"error: {message}\n", stderr)
    lines = finds(folder, "checks", "m.qn", "--data", "d.npz")
    expect(lines[0] == "m.qn:6:31: error: loss.k0 finds no index out of range, but the reference interpreter: " + message, lines)
    again = finds(folder, "checks", "m.bisect.mlir", "--data", "m.bisect.safetensors")
    expect(again[0].startswith("m.bisect.mlir:4:5: error: kernel.k0 finds no index out of range"), again)


@case
def finding_as_json(folder):
    write_mlp(folder)
    (line,) = finds(folder, "tanh", "m.qn", "--data", "d.npz", "--diagnostics=json")
    found = json.loads(line)
    expect(found["file"] == "m.qn" and found["line"] == 6 and len(found["notes"]) == 2, line)


@case
def bad_input(folder):
    write_mlp(folder)
    write(folder, "empty.qn", "def twice(x: f32[B]) -> f32[B]:\n    return 2 * x\n")
    write(folder, "limit.qn", "@export\ndef predict(x: f32[B, 3]) -> f32[B, 3] where B <= 4:\n    return 2 * x\n")
    data = "--data", "d.npz"
    for status, message, *words in (
            (1, "bisect needs --data", "m.qn"),
            (1, "there is no function 'lose' that is compiled in m.qn; it has loss, loss_validate, predict", "m.qn", *data,
             "--entry", "lose"),
            (1, "cannot read 'no.npz': No such file or directory", "m.qn", "--data", "no.npz"),
            (2, "bisect has no flag --lr", "m.qn", *data, "--entry", "predict", "--lr", "1"),
            (2, "bisect does not use --epochs", "m.qn", *data, "--epochs", "3"),
            (2, "bisect has no flag --bach; did you mean --batch?", "m.qn", *data, "--bach", "3"),
            (2, "bisect needs a file")):
        text, stderr = run(QUERN, "bisect", *words, status=status, cwd=folder)
        expect(stderr.splitlines()[0] == "error: " + message and text == "", stderr)
    _, stderr = run(QUERN, "bisect", "empty.qn", status=1, cwd=folder)
    expect("empty.qn" in stderr, stderr)
    _, stderr = run(QUERN, "bisect", "limit.qn", *data, status=1, cwd=folder)
    expect(re.match(r"error: limit\.qn:2:\d+: .*\b32\b.*\b4\b", stderr), stderr)
    lines = finds(folder, "tanh", "m.qn", *data, "-o", "no/m.mlir")
    expect("error: cannot write 'no/m.safetensors': No such file or directory" in lines, lines)
    text, _ = run(QUERN, "bisect", "m.qn", "--help", cwd=folder)
    for part in ("usage: quern bisect FILE", "--entry NAME", "usage: quern bisect [FLAGS]", "--batch N", "--lr VALUE"):
        expect(part in text, f"no {part} in {text}")
