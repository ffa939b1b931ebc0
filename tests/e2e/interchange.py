"""Weights between Quern, PyTorch and memory: a state dict of either loads in the other, a file is mapped in the place of the
parameters where its layout allows, and one for another model is refused by name. tests/e2e/torch/make.py made the files of
PyTorch, and checks with PyTorch what Quern saves; the C++ interface is used throughout."""
import json
import struct

from case import BUILD, QUERN, ROOT, case, expect, run, same, tensors, write
from files import safetensors

TORCH = f"{ROOT}/tests/e2e/torch"
MODEL = """# Enough weights to see where they lie; sizes that leave gaps where each is aligned by itself.
net = Sequential(Linear(1024, 4099), Tanh(), Linear(4099, 3))

@export
def predict(x: f32[B, 1024]) -> f32[B, 3]:
    return net(x)

@train(SGD(lr=0.01, momentum=0.9))
def loss(x: f32[B, 1024], y: f32[B, 3]) -> f32:
    return mse_loss(net(x), y)
"""


def wrapper(folder, source=MODEL):
    """Builds the model as wide.so and the C++ program that uses it."""
    write(folder, "wide.qn", source)
    run(QUERN, "build", "wide.qn", "-o", "wide.so", cwd=folder)
    run("g++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror",
        f"-I{ROOT}/runtime/include", f"{ROOT}/tests/e2e/wrapper.cpp", f"{BUILD}/lib/libquern.a", "-lm", "-pthread", "-o",
        f"{folder}/wrapper")
    return f"{folder}/wrapper"


def as_torch_writes(path):
    """The tensors of a file as PyTorch's writer orders them: by name."""
    return safetensors({name: ("F32", SHAPES[name], struct.pack(f"<{len(values)}f", *values))
                        for name, values in sorted(tensors(path).items())})


SHAPES = {"0.weight": [4099, 1024], "0.bias": [4099], "2.weight": [3, 4099], "2.bias": [3]}


@case
def weights_are_mapped_without_a_copy(folder):
    """Then, the same predictions from files of other layouts, which are copied; and the mapped file stays as it was."""
    program, path = wrapper(folder), f"{folder}/w.safetensors"
    output, _ = run(program, "map", "./wide.so", path, cwd=folder)
    expect(output.splitlines() == [
        f"mapping {4 * (4099 * 1024 + 4099 + 3 * 4099 + 3)} bytes took less than 512 KiB of memory",
        "inference: invalid: entry loss trains, but this instance of model wide was made for inference alone",
        "state: invalid: state.safetensors: this instance of model wide was made for inference alone and has no training "
        "state", "done"], output)
    before = open(path, "rb").read()
    write(folder, "sorted.safetensors", as_torch_writes(path))
    run(program, "same", "./wide.so", path, "0", "sorted.safetensors", cwd=folder)
    # The right order, but data that begin at no multiple of 64.
    (size,) = struct.unpack("<Q", before[:8])
    write(folder, "odd.safetensors", struct.pack("<Q", size + 4) + before[8 : 8 + size] + b"    " + before[8 + size :])
    run(program, "same", "./wide.so", path, "0", "odd.safetensors", cwd=folder)
    write(folder, "even.safetensors", struct.pack("<Q", size + 64) + before[8 : 8 + size] + b" " * 64 + before[8 + size :])
    run(program, "same", "./wide.so", path, "1", "even.safetensors", cwd=folder)
    expect(open(path, "rb").read() == before, "the file changed")


@case
def weights_of_another_model_are_refused(folder):
    program = wrapper(folder, MODEL.replace("4099", "7").replace("1024", "5"))
    files = {
        "shapes": ({"0.weight": [9, 5], "0.bias": [9], "2.weight": [3, 9], "2.bias": [3]},
                   "does not fit model wide: 0.weight is F32[9, 5], but the model has f32[7, 5]; 0.bias is F32[9], but the "
                   "model has f32[7]; 2.weight is F32[3, 9], but the model has f32[3, 7]"),
        "names": ({"0.weight": [7, 5], "0.bias": [7], "3.weight": [3, 7], "3.bias": [3]},
                  "does not fit model wide: parameter 2.weight is missing; parameter 2.bias is missing; the model wide has "
                  "no tensor 3.weight; the model wide has no tensor 3.bias"),
        "many": ({f"{i}.weight": [1] for i in range(4, 9)},
                 "does not fit model wide: parameter 0.weight is missing; parameter 0.bias is missing; parameter 2.weight is "
                 "missing; parameter 2.bias is missing; the model wide has no tensor 4.weight; the model wide has no tensor "
                 "5.weight; and 3 more"),
        "one": ({"0.weight": [7, 5], "0.bias": [7], "2.weight": [3, 7], "2.bias": [4]},
                "2.bias is F32[4], but the model has f32[3]"),
    }
    for name, (shapes, message) in files.items():
        content = {}
        for key, shape in shapes.items():
            count = shape[0] * (shape[1] if len(shape) > 1 else 1)
            content[key] = ("F32", shape, bytes(4 * count))
        write(folder, f"{name}.safetensors", safetensors(content))
        output, _ = run(program, "refuse", "./wide.so", f"{name}.safetensors", cwd=folder)
        said = f"mismatch: {name}.safetensors{': ' if name == 'one' else ' '}{message}"
        lines = output.splitlines()
        expect(lines == [f"options: ./wide.so: {said}".replace("options: ./wide.so: mismatch", "options: mismatch: ./wide.so"),
                         f"load: {said}", "done"], output)


@case
def callbacks_that_throw(folder):
    """They become statuses, with the update whole; one that throws through the C interface ends the program."""
    program = wrapper(folder)
    run(program, "map", "./wide.so", f"{folder}/w.safetensors", cwd=folder)
    output, _ = run(program, "callbacks", "./wide.so", "w.safetensors", cwd=folder)
    tail = "; its other chunks ran on the calling thread, so the results are whole"
    lines = output.splitlines()
    expect(lines[:2] == [f"parallel: callback failed: the parallel callback threw: no more threads{tail}",
                         f"parallel: callback failed: the parallel callback threw: something that is no std::exception{tail}"]
           and lines[2].startswith("allocator: out of memory: ") and lines[3:] == ["done"], output)


@case
def spans_of_other_types_and_sizes(folder):
    output, _ = run(wrapper(folder), "spans", "./wide.so", cwd=folder)
    expect(output.splitlines() == [
        "dims: mismatch: entry predict of model wide has 1 dims, not 2",
        "elements: mismatch: x has 2048 elements, but its shape 3072",
        "strides: mismatch: x has strides of (4, 8) bytes, but an entry takes dense rows, here (4096, 4): copy it",
        "count: invalid: entry predict takes 1 inputs, not 2",
        "type: mismatch: x is f64[2, 1024], entry predict takes f32[B, 1024]",
        "align: invalid: x of entry predict is misaligned: its address is 1 past a multiple of 4, the size of f32",
        "output: mismatch: output predict of entry predict is f32, not f64",
        "name: not found: entry predict has no output loss",
        "room: not reserved: output predict of entry predict needs 24 bytes here, but 20 are reserved",
        "memory: mismatch: output predict of entry predict is f32, not f64", "done"], output)


def built(folder):
    run(QUERN, "build", f"{TORCH}/net.qn", "-o", f"{folder}/net")
    return f"{folder}/net"


def rows(text):
    return [[float(number) for number in line.split(",")] for line in text.split("\n")[1:] if line]


@case
def state_dict_of_pytorch_loads_and_predicts_the_same(folder):
    output, _ = run(built(folder), "predict", "--data", f"{TORCH}/x.csv", "--load", f"{TORCH}/from_torch.safetensors",
                    "--out", f"{folder}/p.csv")
    ours, theirs = rows(open(f"{folder}/p.csv").read()), rows(open(f"{TORCH}/predicted.csv").read())
    expect(len(ours) == len(theirs) == 16, f"{len(ours)} rows")
    worst = max(abs(a - b) for x, y in zip(ours, theirs) for a, b in zip(x, y))
    expect(worst <= 1e-6, f"they differ by {worst}")
    return f"they differ by {worst:.1e}"


@case
def state_dict_of_quern_is_the_one_that_pytorch_took(folder):
    """`make.py check` loaded the kept file with strict=True. Loading and saving change no bit on any CPU."""
    program = wrapper(folder)
    run(QUERN, "build", f"{TORCH}/net.qn", "-o", f"{folder}/net.so")
    run(program, "save", f"{folder}/net.so", f"{TORCH}/from_torch.safetensors", f"{folder}/saved.safetensors")
    same(f"{folder}/saved.safetensors", f"{TORCH}/from_quern.safetensors")
    ours, theirs = tensors(f"{folder}/saved.safetensors"), tensors(f"{TORCH}/from_torch.safetensors")
    expect(ours == theirs and len(ours) == 12, "the values or the names differ")


@case
def training_leaves_weights_that_are_a_state_dict_alone(folder):
    """Moments, step counts and scalers lie in the second file."""
    write(folder, "d.csv", "a,b,c,d,e,y\n" + "".join(f"{i},{i * i % 5},{-i},0.5,{i % 2},{i % 3}\n" for i in range(12)))
    run(built(folder), "train", "--data", "d.csv", "--epochs", "2", "--standardize", "x", "--save", "w.safetensors",
        cwd=folder)
    expect(set(tensors(f"{folder}/w.safetensors")) == set(tensors(f"{TORCH}/from_torch.safetensors")), "other names")
    beside = open(f"{folder}/w.training.safetensors", "rb").read()
    (size,) = struct.unpack("<Q", beside[:8])
    header = json.loads(beside[8 : 8 + size])
    for key in ("quern.seed", "quern.step.loss", "quern.standardize.x"):
        expect(key in header["__metadata__"], f"no {key} in {header['__metadata__']}")
    states = [name for name in header if name.startswith("state.")]
    expect(len(states) == 2 * 11, f"{states}")


TIED = """module Words():
    tok = Embedding(4, 2)
    head = Linear(2, 4, bias=False)
    head.weight = tok.weight

    def forward(ids: i64[B]) -> f32[B, 4]:
        return head(tok(ids))

net = Words()

@export
def predict(ids: i64[B]) -> f32[B, 4]:
    return net(ids)
"""


@case
def a_shared_tensor_loads_by_any_of_its_names(folder):
    """PyTorch's state dict has it under all, its safetensors file under one; copies that differ are refused."""
    write(folder, "m.qn", TIED)
    write(folder, "x.csv", "ids\n1\n3\n")
    run(QUERN, "build", "m.qn", "-o", "m", cwd=folder)
    entry = ("F32", [4, 2], struct.pack("<8f", *range(8)))
    other = ("F32", [4, 2], struct.pack("<8f", *range(1, 9)))
    for name, content, status in (("both", {"head.weight": entry, "tok.weight": entry}, 0), ("first", {"tok.weight": entry}, 0),
                                  ("second", {"head.weight": entry}, 0), ("unequal", {"head.weight": other, "tok.weight": entry}, 1)):
        write(folder, "w.safetensors", safetensors(content))
        output, errors = run("./m", "predict", "--data", "x.csv", "--load", "w.safetensors", cwd=folder, status=status)
        if status:
            expect(errors == "error: w.safetensors: tok.weight and head.weight are one tensor in the model, but differ\n", errors)
        else:
            expect([row.split(",") for row in output.split()[1:]][-2:] == [["3", "13", "23", "33"], ["7", "33", "59", "85"]], f"{name}: {output}")
