"""Command lines of built programs that make no sense: one sentence, and the status 2 (1 where only the model or the data show it)."""
from case import QUERN, case, expect, program, run, write

CSV = "x,y\n1,2\n3,4\n5,7\n7,9\n"
# Each flag with a value, and the commands that use it.
FLAGS = {
    "--data": ("d.csv", "train eval predict"),
    "--val": ("d.csv", "train"),
    "--split": ("0.5", "train"),
    "--standardize": ("x", "train"),
    "--epochs": ("1", "train"),
    "--batch": ("2", "train eval predict bench"),
    "--schedule": ("cosine", "train"),
    "--seed": ("1", "train eval predict bench"),
    "--lr": ("0.01", "train bench"),
    "--no-shuffle": (None, "train"),
    "--drop-last": (None, "train"),
    "--patience": ("1", "train"),
    "--load": ("w.safetensors", "train eval predict bench"),
    "--save": ("w.safetensors", "train"),
    "--save-every": ("1", "train"),
    "--resume": (None, "train"),
    "--history": ("h.csv", "train"),
    "--plot": ("plots", "train"),
    "--out": ("p.csv", "predict"),
    "--entry": ("predict", "predict bench"),
    "--dim": ("B=2", "bench"),
    "--time": ("0.001", "bench"),
    "--json": (None, "bench"),
    "--tree": (None, "summary"),
    "--device": ("auto", "train eval predict bench"),
    "--threads": ("1", "train eval predict bench"),
    "--quiet": (None, "train"),
}
COMMANDS = "train eval predict summary bench".split()


def add(name, check):
    check.__name__, check.__module__ = name, __name__
    case(check)


def says(message, folder, *words, status=2):
    stdout, stderr = run(*words, status=status, cwd=folder)
    expect(stderr.splitlines()[:1] == ["error: " + message], f"{words[1:]} says {stderr.strip()!r}")
    expect(stdout == "", f"{words[1:]} prints {stdout!r}")


@case
def flags_that_a_command_does_not_use(folder):
    for flag, (value, users) in FLAGS.items():
        for command in COMMANDS:
            if command not in users.split():
                words = [flag] + ([value] if value else [])
                says(f"{command} does not use {flag}", folder, program("lecture/simple"), command, *words)


@case
def flags_that_a_command_uses(folder):
    """Every flag, alone with what it needs, does no harm; what it does is tested elsewhere."""
    model = program("lecture/simple")
    write(folder, "d.csv", CSV)
    run(model, "train", "--data", "d.csv", "--epochs", "1", "--lr", "0.01", "--save", "w.safetensors", cwd=folder)
    for flag, (value, users) in FLAGS.items():
        for command in users.split():
            words = [] if flag == "--data" or command in ("summary", "bench") else ["--data", "d.csv"]
            words += [flag] + ([value] if value else [])
            if flag in ("--resume", "--save-every"):
                words += ["--save", "w.safetensors"]
            if command == "bench" and flag != "--time":
                words += ["--time", "0.001"]
            run(model, command, *words, cwd=folder)


@case
def flags_that_exclude_each_other(folder):
    write(folder, "d.csv", CSV)
    write(folder, "w.safetensors", b"")
    model = program("lecture/simple")
    for message, *words in (
            ("--split and --val exclude each other", "--split", "0.5", "--val", "d.csv"),
            ("--resume needs --save FILE, which holds the run", "--resume"),
            ("--save-every needs --save FILE", "--save-every", "1"),
            ("--resume takes weights, seed and scalers from the run; leave --load, --seed and --standardize out",
             "--resume", "--save", "w.safetensors", "--seed", "1"),
            ("--split 0.1 of 4 rows leaves nothing on one side", "--split", "0.1"),
            ("--standardize z: no input has that name", "--standardize", "z"),
            ("x is standardized by an earlier --standardize already", "--standardize", "x,x"),
            ("nothing to resume: 'v.training.safetensors' does not exist; leave --resume out to start anew", "--resume",
             "--save", "v.safetensors")):
        says(message, folder, model, "train", "--data", "d.csv", *words, status=1)
    for message, *words in (
            ("--dim: no function that is timed has a dim T", "--dim", "T=3"),
            ("no function that is timed uses --lr", "--entry", "predict", "--lr", "0.1"),
            ("model simple has no function prdict to time", "--entry", "prdict")):
        says(message, folder, model, "bench", *words, status=1)
    says("model simple exports no function prdict; it has predict", folder, model, "predict", "--data", "d.csv",
         "--entry", "prdict", status=1)
    says("--out takes a name that ends in .csv or .npy, not 'p.txt'", folder, model, "predict", "--data", "d.csv",
         "--out", "p.txt", status=1)


@case
def seeds_that_change_nothing(folder):
    write(folder, "d.csv", CSV)
    model, words = program("lecture/simple"), ("--data", "d.csv", "--seed", "1")
    run(model, "train", "--data", "d.csv", "--epochs", "1", "--lr", "0.01", "--save", "w.safetensors", cwd=folder)
    for command in ("eval", "predict"):
        first, _ = run(model, command, *words, cwd=folder)
        second, _ = run(model, command, *words[:-1], "2", cwd=folder)
        expect(first != second, f"{command} has the same initial weights for two seeds")
        says("--seed changes nothing here: the weights come from --load, and model simple draws no random numbers",
             folder, model, command, *words, "--load", "w.safetensors", status=1)
    write(folder, "noise.qn", "net = Linear(1, 1)\n\n@export\ndef predict(x: f32[B, 1]) -> f32[B, 1]:\n"
          "    return net(x) + rand(f32[B, 1])\n")
    drawn = [run(QUERN, "predict", "noise.qn", "--data", "d.csv", "--load", "w.safetensors", "--seed", seed, cwd=folder)
             for seed in "12"]
    expect(drawn[0] != drawn[1], "two seeds draw the same noise")
    write(folder, "twice.qn", "@export\ndef predict(x: f32[B, 1]) -> f32[B, 1]:\n    return 2 * x\n")
    says("--seed changes nothing here: there are no weights, and model twice draws no random numbers", folder, QUERN,
         "predict", "twice.qn", *words, status=1)


@case
def values_that_a_flag_does_not_take(folder):
    for flag, wanted, values in (
            ("--epochs", "a whole number from 0", ("zero", "-1", "1.5", "", "99999999999999999999")),
            ("--batch", "a whole number from 1", ("0",)),
            ("--threads", "a whole number from 1", ("0",)),
            ("--seed", "a whole number from 0", ("-1",)),
            ("--split", "a fraction between 0 and 1", ("0", "1", "half", "nan")),
            ("--lr", "a number", ("fast", "inf", "nan")),
            ("--schedule", "constant, linear, cosine, step:EPOCHS:FACTOR or plateau:PATIENCE:FACTOR",
             ("sine", "step:0:1", "step:1", "plateau:-1:0.5", "plateau:2:1", "plateau:2")),
            ("--device", "auto, cpu or cuda", ("gpu",)),
            ("--save", "a name", ("",))):
        for value in values:
            says(f"{flag} takes {wanted}, not '{value}'", folder, program("lecture/simple"), "train", flag, value)


for name, message, *words in (
        ("flag_misspelt", "train has no flag --epoch; did you mean --epochs?", "train", "--epoch", "3"),
        ("command_misspelt", "'trian' is no command; did you mean train?", "trian"),
        ("command_missing", "a command is missing: train, eval, predict, summary, plot, batches or bench"),
        ("value_missing", "--epochs needs a value", "train", "--epochs"),
        ("value_too_many", "--quiet takes no value", "train", "--quiet=yes"),
        ("word_that_is_no_flag", "train takes flags only, and 'd.csv' is none; did you mean --data d.csv?", "train", "d.csv"),
        ("device_without_code", "--device cuda: this program holds code for the CPU only; use --device cpu", "train",
         "--device", "cuda")):
    def check(folder, message=message, words=words):
        says(message, folder, program("lecture/simple"), *words)
    add(name, check)

for command in ("train", "eval", "predict"):
    def check(folder, command=command):
        says(f"{command} needs --data", folder, program("lecture/simple"), command, status=1)
    add(f"{command}_without_data", check)
