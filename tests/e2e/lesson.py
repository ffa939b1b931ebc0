"""The lesson: every command of its pages prints what the page says, and reaches the figures of examples/lecture/README.md."""
import os
import re
import sys

from case import QUERN, ROOT, case, example, expect, program, run, tensors, write
from training import DATA, least_squares

sys.path.insert(0, os.path.join(ROOT, "tests/tools"))
import pages  # noqa: E402 (it lies there)

LESSON = example("lecture/")
CHAPTERS = re.findall(r"^\| \[(\w+)\]", open(LESSON + "README.md").read(), re.M)


def page(name):
    with open(f"{LESSON}{name}.md") as file:
        return file.read()


def add(chapter):
    def prints_what_its_page_says(folder):
        count, differences = pages.check(f"{LESSON}{chapter}.md")
        expect(count > 0 and not differences, "\n".join(differences) or "there are no commands")
        return f"{count} commands"
    prints_what_its_page_says.__name__ = f"{chapter}_prints_what_its_page_says"
    case(prints_what_its_page_says)


for name in CHAPTERS:
    add(name)


@case
def script_runs_a_chapter(folder):
    listed = re.search(r'^chapters="(.*)"', open(LESSON + "run.sh").read(), re.M)[1].split()
    expect(listed == CHAPTERS and all(os.path.exists(f"{LESSON}{name}.md") for name in listed), listed)
    text, _ = run("sh", LESSON + "run.sh", "--keep", folder, "tensors")
    expect("== tensors" in text and "\n$ quern run tensors.qn:create\ntensor([1, 2, 3])\n" in text, text)
    expect(os.path.exists(f"{folder}/tensors/twice.npy"), "nothing is kept")
    _, stderr = run("sh", LESSON + "run.sh", "tensor", status=2)
    expect(stderr == f"error: there is no chapter 'tensor'; there are {' '.join(listed)}\n", stderr)


@case
def pages_reach_their_figures(folder):
    """What the pages print, which the cases above hold them to, lies within the bounds of PyTorch's runs."""
    rows = re.findall(r"^\| `(\w+)\.qn` \| .* \| ([\d.]+), (\d+) \| (\S+) to (\S+) \| (\S+) to (\S+) \|$", page("README"), re.M)
    expect([row[0] for row in rows] == ["simple", "multiple", "nonlinear", "nonlinear_deep"], rows)
    for model, rate, epochs, *bounds in rows:
        chapter = page(model.split("_")[0])
        printed = re.search(rf"^\$ ./{model} train .*--epochs {epochs} .*\n((?:epoch: .*\n)+)", chapter, re.M)[1]
        losses = [float(number) for number in re.findall(r"loss: (\S+)", printed)]
        least, most, last_least, last_most = map(float, bounds)
        expect(len(losses) == int(epochs) and least <= losses[0] <= most and last_least <= losses[-1] <= last_most,
               f"{model}: {losses}")
        source = open(f"{LESSON}{model}.qn").read()
        expect(f"SGD(lr={rate})" in source, f"{model}.qn has another rate than {rate}")


@case
def least_squares_agree(folder):
    """Eigen's solution on the page is the exact one, and the trained weights are near it, with a slightly larger error."""
    for model in ("simple", "multiple"):
        exact, error = least_squares(model + ".csv")
        found = {name: [float(n) for n in re.findall(r"-?\d+\.\d+", rest)]
                 for name, rest in re.findall(r"^(least squares|trained) +bias (.*)", page(model), re.M)}
        *solution, mse = found["least squares"]
        expect(max(abs(a - b) for a, b in zip(solution, exact)) < 6e-4 and abs(mse - error) < 2e-3, f"{solution}, {mse}")
        *trained, trained_mse = found["trained"]
        expect(max(abs(a - b) for a, b in zip(trained, exact)) < 1 and mse <= trained_mse < 1.01 * mse, trained)


@case
def module_and_sequential_have_the_same_parameters(folder):
    def learn(name, *flags):
        path = f"{folder}/{name.replace('/', '-')}{len(flags)}.safetensors"
        run(program(name), "train", "--data", DATA + "nonlinear.csv", "--batch", "50", *flags, "--save", path)
        return path
    initial = learn("lecture/nonlinear", "--epochs", "0")
    chain = tensors(learn("lecture/nonlinear", "--epochs", "3", "--load", initial))
    module = tensors(learn("lecture/mlp", "--epochs", "3", "--load", initial))
    expect({"layers." + name: value for name, value in chain.items()} == module, f"{chain} and {module}")
    expect(chain != tensors(initial) and sum(map(len, chain.values())) == 10, chain)


@case
def predictions_before_and_after_training(folder):
    """Without --load the weights are those that training begins with."""
    weights = f"{folder}/w.safetensors"
    run(program("lecture/simple"), "train", "--data", DATA + "simple.csv", "--epochs", "0", "--save", weights)
    one = ("predict", "--data", "x=0.5")
    untrained, _ = run(program("lecture/simple"), *one)
    expect(untrained == run(program("lecture/simple"), *one, "--load", weights)[0], untrained)
    (weight,), (bias,) = tensors(weights)["linear.weight"], tensors(weights)["linear.bias"]
    expect(abs(float(untrained.split()[1]) - (0.5 * weight + bias)) < 1e-6, untrained)
    expect(untrained != run(program("lecture/simple"), *one, "--seed", "1")[0], "--seed changes nothing")


@case
def tree_as_pytorch_prints_it(folder):
    write(folder, "m.qn", """\
module Block(n):
    parts = [Linear(n, n), Linear(n, n, bias=False)]
    drop = Dropout(0.5)

    def forward(x: f32[B, n]) -> f32[B, n]:
        return drop(parts[1](parts[0](x)))

net = Sequential(Block(3), Sequential(ReLU()), Linear(3, 1))

@export
def predict(x: f32[B, 3]) -> f32[B, 1]:
    return net(x)

def look():
    print(net)
    print("{", net[1], "} {}")
""")
    tree = """\
Sequential(
  (0): Block(
    (0): Linear(in_features=3, out_features=3, bias=True)
    (1): Linear(in_features=3, out_features=3, bias=False)
    (drop): Dropout(p=0.5)
  )
  (1): Sequential(
    (0): ReLU()
  )
  (2): Linear(in_features=3, out_features=1, bias=True)
)
"""
    run(QUERN, "build", "m.qn", "-o", "m", cwd=folder)
    for words in ((QUERN, "summary", "--tree", "m.qn"), (QUERN, "summary", "m.qn", "--tree"), ("./m", "summary", "--tree")):
        expect(run(*words, cwd=folder)[0] == tree, f"{words[1:]}: {run(*words, cwd=folder)[0]}")
    printed, _ = run(QUERN, "run", "m.qn:look", cwd=folder)
    expect(printed == tree + "{ Sequential(\n  (0): ReLU()\n) } {}\n", printed)


@case
def batches_are_counted(folder):
    write(folder, "d.csv", "x,y\n" + "1,2\n" * 70)

    def counted(*flags):
        text, _ = run(program("lecture/simple"), "batches", "--data", f"{folder}/d.csv", *flags)
        return text.splitlines()
    expect(counted() == ["70 rows, 2 batches of 32 and one of 6", "x: f32[32, 1]", "y: f32[32, 1]"], counted())
    for flags, line, rows in ((("--batch", "35"), "70 rows, 2 batches of 35", 35), (("--batch", "90"), "70 rows, 1 batch of 70", 70),
                              (("--batch", "60", "--drop-last"), "70 rows, 1 batch of 60", 60),
                              (("--batch", "60"), "70 rows, 1 batch of 60 and one of 10", 60)):
        expect(counted(*flags) == [line, f"x: f32[{rows}, 1]", f"y: f32[{rows}, 1]"], counted(*flags))
    _, stderr = run(program("lecture/simple"), "batches", status=1)
    expect(stderr == "error: batches needs --data\n", stderr)
    text, _ = run(QUERN, "batches", LESSON + "tensors.qn", "--data", f"x={DATA}ints.npy", "--data", f"table={DATA}table.npz:x")
    expect(text.splitlines()[1:] == ["x: i32[3]", "table: f64[3, 2]"], text)


@case
def tensors_of_a_file_are_listed(folder):
    def listed(path):
        return run(QUERN, "params", path, cwd=folder)[0]
    expect(listed(DATA + "ints.npy") == "ints: i32[3]\ntensor([1, 2, 3], dtype=torch.int32)\n\n1 tensor, 3 numbers\n",
           listed(DATA + "ints.npy"))
    write(folder, "wide.qn", """\
net = Linear(100, 20)

@train(SGD(lr=0.1))
def loss(x: f32[B, 100], y: f32[B, 20]) -> f32:
    return mse_loss(net(x), y)
""")
    write(folder, "d.csv", ",".join([f"x{i}" for i in range(100)] + [f"y{i}" for i in range(20)]) + "\n" + ",".join(["1"] * 120) + "\n")
    columns = ",".join(f"y{i}" for i in range(20))
    run(QUERN, "train", "wide.qn", "--data", "d.csv", "--data", "x=" + ",".join(f"x{i}" for i in range(100)), "--data", "y=" + columns,
        "--epochs", "0", "--save", "w.safetensors", cwd=folder)
    text = listed("w.safetensors")
    expect(text.startswith("weight: f32[20, 100]\ntensor([[") and ",  ...,  " in text and "\n        ...,\n" in text
           and "\nbias: f32[20]\n" in text and text.endswith("\n2 tensors, 2020 numbers\n") and len(text) < 1500, text)
    write(folder, "cut.safetensors", open(f"{folder}/w.safetensors", "rb").read()[:-8])
    for name, message in (("m.txt.gz", "m.txt.gz: data files end in "), ("gone.npy", "cannot read 'gone.npy': No such file"),
                          ("cut.safetensors", "cut.safetensors: ")):
        _, stderr = run(QUERN, "params", name, status=1, cwd=folder)
        expect(stderr.startswith("error: " + message) and stderr.count("\n") == 1, stderr)


@case
def run_reads_initial_parameters(folder):
    write(folder, "m.qn", "net = Linear(1, 1)\n\ndef look():\n    print(net.weight, net(tensor([[2.]])))\n\n"
          "@export\ndef predict(x: f32[B, 1]) -> f32[B, 1]:\n    return net(x)\n")
    text, _ = run(QUERN, "run", "m.qn:look", cwd=folder)
    value = float(re.search(r"tensor\(\[\[(-?\d\.\d{4})\]\]\)\n$", text)[1])
    predicted, _ = run(QUERN, "predict", "m.qn", "--data", "x=2", cwd=folder)
    expect(abs(value - float(predicted.split()[1])) <= 5.1e-5, f"{text} and {predicted}")


def table(section):
    """Rows of a table of docs/pytorch.md: the first line of PyTorch, and what stands in the column of Quern."""
    with open(f"{ROOT}/docs/pytorch.md") as file:
        part = file.read().split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(.*?)`.*? \| (.*) \|$", part, re.M)


@case
def tensors_print_as_in_pytorch(folder):
    """Every line of the page's first table, beside what PyTorch printed for its own."""
    with open(f"{ROOT}/tests/e2e/pytorch_tensors.txt") as file:
        printed = dict(re.findall(r"^>>> (.*)\n((?:(?!>>> ).*\n)*)", file.read(), re.M))
    rows = [(torch, quern.strip("`")) for torch, quern in table("Tensors")]
    write(folder, "t.qn", "def f():\n    x = tensor([[1., 2.], [3., 4.], [5., 6.]])\n    row = tensor([[1, 2, 3]])\n"
          "    column = tensor([[10], [20], [30]])\n" + "".join(f'    print("{i}>", {quern})\n' for i, (_, quern) in enumerate(rows)))
    text, _ = run(QUERN, "run", "t.qn:f", cwd=folder)
    shown = re.findall(r"^\d+> ((?:(?!\d+> ).*\n)*)", text, re.M)
    expect(len(shown) == len(rows) > 40, f"{len(shown)} of {len(rows)} lines print")
    for (torch, quern), ours in zip(rows, shown):
        expect(ours == printed.pop(torch, ours), f"{torch}: {quern} prints {ours}")
    expect(not printed, f"not in the table: {list(printed)}")


@case
def lines_for_pytorch_users_stand_in_a_chapter(folder):
    """What the page says beyond tensors is taken from the chapters, whose lines the cases above run, or is a flag."""
    corpus = run(program("lecture/simple"), "train", "--help")[0]
    for name in sorted(os.listdir(LESSON)):
        if name.endswith((".md", ".qn")):
            corpus += open(LESSON + name).read()
    for section in ("NumPy", "Models", "Loss and optimizer", "Data", "Training", "After training", "Pictures"):
        rows = table(section)
        expect(len(rows) > 2, f"{section} has {len(rows)} rows")
        for torch, quern in rows:
            for line in re.findall(r"`(.*?)`", quern):
                expect(line in corpus, f"{section}: no chapter has {line}")


@case
def page_for_pytorch_users_prints_what_it_says(folder):
    count, differences = pages.check(f"{ROOT}/docs/pytorch.md")
    expect(count == 2 and not differences, "\n".join(differences) or count)


@case
def run_takes_arrays(folder):
    """Arguments have the dtype and shape of the array; what does not fit is said at the argument."""
    write(folder, "m.qn", "net = Linear(2, 1)\n\ndef look(x: any[*S]):\n    print(x.dtype, x.shape)\n\n"
          "def named(x: i32[N]):\n    print(N)\n    return x + 1\n\ndef both(x: f64[N, K], y: u8[N]):\n    print(x.mean(dim=0), y)\n\n"
          "def with_net(weight: f64[N, 2]):\n    return net.weight.shape[0] * weight + net.weight[0, 0] * 0\n")

    def said(function, *data, status=0):
        return run(QUERN, "run", f"m.qn:{function}", *(word for value in data for word in ("--data", value)), cwd=folder,
                   status=status)[status]
    ints, table = f"x={DATA}ints.npy", f"{DATA}table.npz"
    expect(said("look", ints) == "i32 (3,)\n" and said("look", f"x={table}:x") == "f64 (3, 2)\n", said("look", ints))
    expect(said("named", ints) == "3\ntensor([2, 3, 4], dtype=torch.int32)\n", said("named", ints))
    expect(said("both", table) == "tensor([3.1667, 4.0000], dtype=torch.float64) tensor([0, 1, 1], dtype=torch.uint8)\n",
           said("both", table))
    expect(said("with_net", f"weight={table}:x").startswith("tensor([[1.5000, 2.0000],"), said("with_net", f"weight={table}:x"))
    for words, message in ((("named",), "m.qn:6:11: error: named takes x, and no data have that name\n"),
                           (("named", f"x={table}:x"), "m.qn:6:11: error: named takes i32[N], but x is f64[3, 2]\n"),
                           (("look", f"x={table}"), f"error: {table} has several arrays (x, y); write x={table}:x\n"),
                           (("look", f"x={table}:z"), f"error: {table} has no z; it has x, y\n"),
                           (("look", "x=gone.npy"), "error: cannot read 'gone.npy': No such file or directory\n"),
                           (("look", "x=m.qn"), "error: m.qn: data files end in ")):
        expect(said(*words, status=1).startswith(message), said(*words, status=1))


@case
def code_on_the_pages_is_in_the_chapters(folder):
    sources = {name: open(LESSON + name).read() for name in os.listdir(LESSON) if name.endswith(".qn")}
    for chapter in CHAPTERS:
        blocks = re.findall(r"^```python\n(.*?)^```$", page(chapter), re.M | re.S)
        mentioned = [text for name, text in sources.items() if name in page(chapter)]
        for piece in "\n\n".join(blocks).split("\n\n"):
            expect(any(piece.strip("\n") in text for text in mentioned) or not piece, f"{chapter}: {piece}")
