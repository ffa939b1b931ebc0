"""Bad data files: `train` and `predict` of a built program say one sentence that names the file and the place, exit
with 1, and leave the weights, history, plots and predictions of an earlier run as they were."""
import os
import shutil
import zipfile

from case import QUERN, case, example, expect, program, run, snapshot, write
from files import flipped, floats, gz, idx, npy, npz, safetensors

NAN = float("nan")
GOOD_CSV = "x,y\n1,2\n3,4\n5,7\n"
MLP = """# Digits as rows of numbers.
net = Linear(784, 10)

@train(SGD(lr=0.1))
def loss(x: f32[B, 784], y: i64[B]) -> f32:
    return cross_entropy(net(x), y)

@export
def predict(x: f32[B, 784]) -> f32[B, 10]:
    return net(x)
"""
RESULTS = ("w.safetensors", "w.training.safetensors", "h.csv", "p.csv", "plots")
_earlier = {}


def own_program(name, source, folder):
    """The program of a model that is no example, built once."""
    path = os.path.join(folder, name + ".qn")
    write(folder, name + ".qn", source)
    return program(path[: -len(".qn")])


def earlier_run(source, good, folder):
    """Puts the results of a good run on the data files `good` into the folder."""
    if source not in _earlier:
        kept = program(source) + "-earlier"
        os.mkdir(kept)
        data = []
        for name, content in good.items():
            write(kept, name, content)
            data += ["--data", name]
        run(program(source), "train", *data, "--epochs", "2", "--lr", "0.01", "--save", "w.safetensors", "--history",
            "h.csv", "--plot", "plots", cwd=kept)
        run(program(source), "predict", *data, "--load", "w.safetensors", "--out", "p.csv", cwd=kept)
        _earlier[source] = kept
    for name in RESULTS:
        path = os.path.join(_earlier[source], name)
        (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, os.path.join(folder, name))


def train_words(data):
    return ["train", *data, "--epochs", "2", "--save", "w.safetensors", "--history", "h.csv", "--plot", "plots"]


def refuse(message, folder, files, *words):
    """One run with bad files in the folder."""
    for name, content in files.items():
        write(folder, name, content)
    before = snapshot(folder)
    stdout, stderr = run(*words, status=1, cwd=folder)
    expect(stderr == f"error: {message}\n", f"{words[1]} says {stderr!r}")
    expect(stdout == "", f"{words[1]} prints {stdout!r} before it")
    expect(snapshot(folder) == before, "files changed")


def data_flags(files):
    return [word for name in files for word in ("--data", name)]


def add(name, files, message, source="lecture/simple", good=None, data=None, train=True, predict=True):
    """Registers a case. `{entry}` in the message stands for the function that reads the data."""
    def check(folder):
        earlier_run(source, good or {"d.csv": GOOD_CSV}, folder)
        flags = data or data_flags(files)
        if train:
            refuse(message.format(entry="loss"), folder, files, program(source), *train_words(flags))
        if predict:
            refuse(message.format(entry="predict"), folder, files, program(source), "predict", *flags, "--load",
                   "w.safetensors", "--out", "p.csv")
    check.__name__, check.__module__ = name, __name__
    case(check)


def add_csv(name, content, message):
    add("csv_" + name, {"d.csv": content}, "d.csv" + message)


add_csv("empty", "", ":1:1: the file is empty")
add_csv("without_rows", "x,y\n", ": no row follows the first line")
add_csv("without_names", "1,2\n3,4\n", ":1:1: the first line must name the columns")
add_csv("column_twice", "x,x\n1,2\n", ":1:3: a second column named x")
add_csv("empty_cell", "x,y\n1,2\n3,\n", ":3:3: the cell is empty (column y)")
add_csv("word_in_cell", "x,y\n1,2\n3,four\n", ':3:3: "four" is not a number (column y)')
add_csv("nan_in_cell", "x,y\n1,2\n3,nan\n", ":3:3: the cell is NaN (column y)")
add_csv("short_line", "x,y\n1,2\n3\n", ":3:1: 1 cells, but the first line names 2 columns")
add_csv("truncated_in_quotes", 'x,y\n1,"2', ":2:3: the quote does not end on this line")
add("csv_without_the_column", {"d.csv": "a,b\n1,2\n"},
    "no data for x of entry {entry}: the files have a, b; give --data x=FILE or --data x=COLUMN,...", predict=False)
add("csv_of_other_width", {"d.csv": "a,b,y\n1,2,3\n"},
    "d.csv:a: x is f64[1, 2], entry {entry} takes f32[B, 1]; declare x: f32[B, 2] in the model, or give x other data")

Y = {"y.npy": npy("f4", (2, 1), [1, 2])}
add("npy_of_no_npy", {"x.npy": b"hello"}, "x.npy: this is no .npy file")
add("npy_truncated_in_header", {"x.npy": npy("f4", (2, 1), [1, 2])[:30]}, "x.npy: the file ends within its header")
add("npy_truncated", {"x.npy": npy("f4", (2, 1), [1, 2])[:-3]}, "x.npy: the shape needs 8 bytes, but 5 are there")
add("npy_of_unknown_version", {"x.npy": flipped(npy("f4", (2, 1), [1, 2]), 6)}, "x.npy: .npy version 84 is unknown")
add("npy_of_objects", {"x.npy": npy("f4", (2, 1), [], "{'descr': '|O', 'fortran_order': False, 'shape': (2, 1), }")},
    "x.npy: the dtype '|O' is not supported")
add("npy_with_nan", {"x.npy": npy("f4", (2, 1), [1, NAN]), **Y}, "x.npy: x[1, 0] is NaN")
add("npy_of_other_rank", {"x.npy": npy("f4", (2,), [1, 2]), **Y},
    "x.npy: x is f32[2], entry {entry} takes f32[B, 1]; store it as [2, 1] or declare x: f32[B]")
add("npy_of_bytes", {"x.npy": npy("u1", (2, 1), [1, 2]), **Y},
    "x.npy: x is u8[2, 1], entry {entry} takes f32[B, 1]; bytes are never scaled silently: declare x: u8[B, 1] and "
    "convert it in the model")
add("npy_without_rows", {"x.npy": npy("f4", (0, 1), []), **Y}, "x.npy: x has no rows")
add("npy_of_other_length", {"x.npy": npy("f4", (3, 1), [1, 2, 3]), **Y},
    "y.npy: y has 2 rows, but x in x.npy has 3", predict=False)

XY = {"x": npy("f4", (2, 1), [1, 2]), "y": npy("f4", (2, 1), [1, 2])}
add("npz_of_no_zip", {"d.npz": b"hello\n"}, "d.npz: this is no zip archive, or it is truncated")
add("npz_truncated", {"d.npz": npz(XY)[:-20]}, "d.npz: this is no zip archive, or it is truncated")
add("npz_with_corrupt_directory", {"d.npz": flipped(npz(XY), -22 - 2 * 51)},
    f"d.npz: the zip directory is corrupt at byte {len(npz(XY)) - 22 - 2 * 51}")
add("npz_with_changed_byte", {"d.npz": flipped(npz(XY, zipfile.ZIP_STORED), 30 + 5 + 70)},
    "d.npz:x: the checksum does not match")
add("npz_with_corrupt_member", {"d.npz": flipped(npz(XY), 30 + 5)}, "d.npz:x: the compressed data are corrupt")
add("npz_with_nan", {"d.npz": npz({**XY, "x": npy("f8", (2, 1), [NAN, 2])})}, "d.npz:x: x[0, 0] is NaN")

EXAMPLE = example("digits/digits.qn")
DIGITS = {"x.idx": idx((3, 8, 8), range(192)), "y.idx": idx((3,), [3, 1, 9])}


def add_idx(name, files, message, **flags):
    add("idx_" + name, {**DIGITS, **files}, message, source="digits/digits", good=DIGITS, **flags)


add_idx("of_no_idx", {"x.idx": b"\x00\x01\x08\x01rest"}, "x.idx: byte 0: this is no IDX file")
add_idx("truncated_in_header", {"x.idx": DIGITS["x.idx"][:9]}, "x.idx: the file ends within its header")
add_idx("truncated", {"x.idx": DIGITS["x.idx"][:-7]}, "x.idx: the shape needs 192 bytes, but 185 are there")
add_idx("of_other_shape", {"x.idx": idx((3, 64), range(192))},
        "x.idx: x is u8[3, 64], entry {entry} takes u8[B, 8, 8]; declare x: u8[B, 64] in the model, or give x "
        "other data")
add_idx("label_out_of_range", {"y.idx": idx((3,), [3, 12, 1])},
        EXAMPLE + ":13:12: {entry}: class 12 in row 2 of y.idx is outside [0, 10)", predict=False)
for name, content, message in (
        ("truncated", gz(DIGITS["x.idx"])[:-9], "the compressed file is truncated"),
        ("empty", b"\x1f\x8b", "the compressed file is truncated"),
        ("corrupt", flipped(gz(DIGITS["x.idx"]), 12), "the compressed data are corrupt"),
        ("with_wrong_checksum", flipped(gz(DIGITS["x.idx"]), -6), "the compressed data are corrupt")):
    add("idx_gz_" + name, {"x.idx.gz": content, "y.idx": DIGITS["y.idx"]}, "x.idx.gz: " + message,
        source="digits/digits", good=DIGITS)

TENSORS = safetensors({"x": ("F32", [2, 1], floats(1, 2)), "y": ("F32", [2, 1], floats(1, 2))})
add("safetensors_of_four_bytes", {"d.safetensors": b"junk"},
    "d.safetensors: 4 bytes are too few for a safetensors file")
add("safetensors_truncated", {"d.safetensors": TENSORS[:-2]}, "d.safetensors: the file ends before the end of y")
add("safetensors_truncated_in_header", {"d.safetensors": TENSORS[:40]},
    f"d.safetensors: a header of {len(TENSORS) - 24} bytes does not fit into the file of 40")
add("safetensors_with_corrupt_header", {"d.safetensors": flipped(TENSORS, 8)},
    "d.safetensors: byte 0 of the header: expected '{{'")
add("safetensors_of_other_dtype", {"d.safetensors": safetensors({"x": ("U16", [1, 1], b"12")})},
    "d.safetensors: x has dtype U16, which no input can take")
add("safetensors_with_nan", {"d.safetensors": safetensors({"x": ("F32", [2, 1], floats(1, NAN)),
                                                          "y": ("F32", [2, 1], floats(1, 2))})},
    "d.safetensors:x: x[1, 0] is NaN")

add("file_missing", {}, "cannot read 'd.csv': No such file or directory", data=["--data", "d.csv"])
add("folder_without_data", {"empty/notes": "none\n"}, "the directory 'empty' holds no data file",
    data=["--data", "empty"])
add("file_of_unknown_kind", {"d.parquet": "PAR1"}, "d.parquet: data files end in .csv, .npy, .npz, .idx, .idx.gz, "
    "-ubyte, -ubyte.gz, .safetensors or .txt")
add("array_in_two_files", {"a.csv": GOOD_CSV, "b.csv": GOOD_CSV}, "both a.csv and b.csv have x: give --data x=FILE")


@case
def images_for_a_model_of_rows(folder):
    """The message that the language's list of wrong programs asks for (number 18), with a file of MNIST's shape."""
    model = own_program("mlp", MLP, folder)
    files = {"train.npz": npz({"x": npy("u1", (60, 28, 28), bytes(60 * 784)), "y": npy("u1", (60,), bytes(60))})}
    refuse("train.npz:x: x is u8[60, 28, 28], entry loss takes f32[B, 784]; declare x: u8[B, 28, 28] and flatten it in "
           "the model", folder, files, model, "train", "--data", "train.npz")
    one = {"one.npz": npz({"x": npy("f4", (784,), bytes(784))})}
    refuse("one.npz:x: x is f32[784], entry predict takes f32[B, 784]; store this one row as [1, 784]", folder, one,
           model, "predict", "--data", "one.npz")


@case
def labels_that_are_no_whole_numbers(folder):
    model = own_program("mlp", MLP, folder)
    files = {"x.npy": npy("f4", (2, 784), bytes(1568)), "y.npy": npy("f4", (2,), [3, 2.5])}
    refuse("y.npy: y[1] = 2.5 is no i64", folder, files, model, "train", "--data", "x.npy", "--data", "y.npy")


for name, files, message in (
        ("csv", {"d.csv": "x,y\n1,2\n3,four\n"}, 'd.csv:3:3: "four" is not a number (column y)'),
        ("npz", {"d.npz": npz(XY)[:-20]}, "d.npz: this is no zip archive, or it is truncated"),
        ("missing", {"e.csv": GOOD_CSV}, "cannot read 'd.csv': No such file or directory")):
    def check(folder, files=files, message=message):
        earlier_run("lecture/simple", {"d.csv": GOOD_CSV}, folder)
        flags = ["--data", "d.csv"] if "e.csv" in files else data_flags(files)
        words = train_words(flags)
        refuse(message, folder, files, QUERN, words[0], example("lecture/simple.qn"), *words[1:])
    check.__name__, check.__module__ = "quern_train_" + name, __name__
    case(check)


def add_weights(name, content, message):
    """Bad weights for --load, and a bad training state for --resume."""
    def check(folder):
        earlier_run("lecture/simple", {"d.csv": GOOD_CSV}, folder)
        files = {"d.csv": GOOD_CSV, "v.safetensors": content(folder)}
        for command in (["predict", "--out", "p.csv"], ["eval"], train_words([])):
            refuse("v.safetensors" + message, folder, files, program("lecture/simple"), *command, "--data", "d.csv",
                   "--load", "v.safetensors")
    check.__name__, check.__module__ = "weights_" + name, __name__
    case(check)


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


add_weights("truncated", lambda folder: read(folder, "w.safetensors")[:-1],
            ": the file ends before the end of linear.bias")
add_weights("of_junk", lambda folder: b"junk", ": 4 bytes are too few for a safetensors file")
add_weights("of_other_shape", lambda folder: safetensors({"linear.weight": ("F32", [1, 3], floats(1, 2, 3))}),
            " does not fit model simple: linear.weight is F32[1, 3], but the model has f32[1, 1]; parameter linear.bias is missing")
add_weights("incomplete", lambda folder: safetensors({"linear.weight": ("F32", [1, 1], floats(1))}),
            ": parameter linear.bias is missing")


@case
def training_state_truncated(folder):
    earlier_run("lecture/simple", {"d.csv": GOOD_CSV}, folder)
    files = {"d.csv": GOOD_CSV, "w.training.safetensors": read(folder, "w.training.safetensors")[:-1]}
    refuse("w.training.safetensors: the file ends before the end of params.linear.bias", folder, files,
           program("lecture/simple"), *train_words(["--data", "d.csv"]), "--resume")


@case
def saving_to_a_missing_folder(folder):
    """Told before the training, not after it."""
    refuse("cannot write 'absent/w.safetensors': No such file or directory", folder, {"d.csv": GOOD_CSV},
           program("lecture/simple"), "train", "--data", "d.csv", "--epochs", "1000000000", "--save",
           "absent/w.safetensors")
    refuse("cannot write 'absent/p.csv': No such file or directory", folder, {}, program("lecture/simple"), "predict",
           "--data", "d.csv", "--out", "absent/p.csv")


@case
def saving_to_a_device(folder):
    """A rename would replace the device by a file."""
    for flag in ("--save", "--history"):
        refuse("cannot write '/dev/null': it is not a regular file", folder, {"d.csv": GOOD_CSV},
               program("lecture/simple"), "train", "--data", "d.csv", flag, "/dev/null")
