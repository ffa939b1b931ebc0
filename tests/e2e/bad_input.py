"""Bad input: one sentence that names the file and the place, a status, and nothing overwritten."""
from case import case, expect, program, run

GOOD = "x,y\n1,2\n3,4\n"


def refused(message, *flags, files=(), status=1):
    """A case: `simple` with these flags, in a folder with these files, says exactly `error: MESSAGE`."""
    def check(folder):
        for name, content in files:
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        _, stderr = run(program("lecture/simple"), *flags, status=status, cwd=folder)
        expect(stderr.splitlines()[:1] == ["error: " + message], f"it says {stderr.strip()!r}")
    return check


def train_on(name, content, message):
    return refused(message, "train", "--data", name, "--epochs", "1", files=[(name, content)])


def add(name, check):
    check.__name__, check.__module__ = name, __name__
    case(check)


add("empty_cell", train_on("d.csv", "x,y\n1,2\n3,\n", "d.csv:3:3: the cell is empty (column y)"))
add("word_in_cell", train_on("d.csv", "x,y\n1,2\n3,four\n", 'd.csv:3:3: "four" is not a number (column y)'))
add("nan_in_cell", train_on("d.csv", "x,y\n1,2\n3,nan\n", "d.csv:3:3: the cell is NaN (column y)"))
add("short_line", train_on("d.csv", "x,y\n1,2\n3\n", "d.csv:3:1: 1 cells, but the first line names 2 columns"))
add("no_archive", train_on("d.npz", "hello\n", "d.npz: this is no zip archive, or it is truncated"))
add("truncated_npy", refused("x.npy: the file ends within its header", "train", "--data", "x.npy",
                             files=[("x.npy", b"\x93NUMPY\x01\x00v\x00{")]))
add("truncated_idx", refused("x-ubyte: the file ends within its header", "train", "--data", "x=x-ubyte",
                             files=[("x-ubyte", bytes([0, 0, 8, 3, 0, 0, 0, 1]))]))
add("missing_file", refused("cannot read 'd.csv': No such file or directory", "train", "--data", "d.csv"))
add("bad_weights", refused("w.safetensors: 4 bytes are too few for a safetensors file", "eval", "--data", "d.csv",
                           "--load", "w.safetensors", files=[("d.csv", GOOD), ("w.safetensors", "junk")]))
add("no_data", refused("train needs --data", "train"))
add("misspelt_flag", refused("train has no flag --epoch; did you mean --epochs?", "train", "--epoch", "3", status=2))
add("misspelt_command", refused("'trian' is no command; did you mean train?", "trian", status=2))
add("unused_flag", refused("predict does not use --epochs", "predict", "--epochs", "1", status=2))
add("not_a_count", refused("--epochs takes a whole number from 0, not 'zero'", "train", "--epochs", "zero", status=2))
add("no_gpu_code", refused("--device cuda: this program holds code for the CPU only; use --device cpu", "train",
                           "--device", "cuda", status=2))


@case
def failed_run_keeps_earlier_weights(folder):
    with open(f"{folder}/d.csv", "w") as file:
        file.write(GOOD)
    flags = ["train", "--data", "d.csv", "--epochs", "1", "--save", "w.safetensors"]
    run(program("lecture/simple"), *flags, cwd=folder)
    before = open(f"{folder}/w.safetensors", "rb").read()
    with open(f"{folder}/d.csv", "a") as file:
        file.write("5,six\n")
    run(program("lecture/simple"), *flags, status=1, cwd=folder)
    expect(open(f"{folder}/w.safetensors", "rb").read() == before, "the weights changed")


@case
def label_out_of_range(folder):
    # IDX: 0, 0, dtype u8, rank, extents, data; digit 12 in row 1.
    with open(f"{folder}/x.idx", "wb") as file:
        file.write(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 8]) + bytes(128))
    with open(f"{folder}/y.idx", "wb") as file:
        file.write(bytes([0, 0, 8, 1, 0, 0, 0, 2, 3, 12]))
    _, stderr = run(program("digits/digits"), "train", "--data", "x.idx", "--data", "y.idx", "--epochs", "1",
                    status=1, cwd=folder)
    expect("class 12" in stderr and "is not below 10" in stderr and stderr.count("\n") == 1, stderr)
