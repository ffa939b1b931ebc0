"""The `quern` command: every flag, help, messages as text and JSON, exit statuses."""
import json
import os
import re
import shutil
import subprocess
import sys

from case import BUILD, QUERN, ROOT, case, example, expect, run

TOOLS = "/usr/lib/llvm-22/bin/"
SIMPLE = example("lecture/simple.qn")
UNDEFINED = "net = Linear(1, 1)\n\n@export\ndef predict(x: f32[B, 1]) -> f32[B, 1]:\n    return nett(x)\n"


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def refused(message, *words, status=2, cwd=None):
    """The command says exactly this sentence, as text and as JSON."""
    _, stderr = run(QUERN, *words, status=status, cwd=cwd)
    expect(stderr == f"error: {message}\n", f"it says {stderr!r}")
    _, stderr = run(QUERN, *words, "--diagnostics=json", status=status, cwd=cwd)
    expect(json.loads(stderr) == {"severity": "error", "message": message}, f"as JSON it says {stderr!r}")


@case
def wrong_command_lines(folder):
    refused("there is no command 'biuld'; did you mean build?", "biuld")
    refused("there is no command 'xyzzy'; quern --help lists them", "xyzzy")
    refused("build has no flag --mcpi; did you mean --mcpu?", "build", SIMPLE, "--mcpi=x", "-o", "m")
    refused("build has no flag -x; quern build --help lists them", "build", SIMPLE, "-x", "-o", "m")
    refused("check does not use -o", "check", SIMPLE, "-o", "m")
    refused("check does not use -MD", "check", SIMPLE, "-MD")
    refused("build needs a file", "build", "-o", "m")
    refused("build needs -o and the name of the result", "build", SIMPLE)
    refused("'b.qn' is one argument too many", "check", "a.qn", "b.qn")
    refused("emit needs a phase and a file; quern phases lists the phases", "emit")
    refused("there is no phase 'fuzed'; did you mean fused?", "emit", "fuzed", SIMPLE)
    refused("run takes FILE:FUNCTION, and 'a.qn' names no function", "run", "a.qn")
    refused("a command stands before the file: quern check a.qn; quern --help lists the commands", "a.qn")
    refused("a command stands before the file: quern run a.qn:f; quern --help lists the commands", "a.qn:f")
    refused("a.qn is a model: quern summary lists its layers, and params the weights that train --save writes", "params", "a.qn",
            status=1)
    refused("w.safetensors holds weights and no model: quern params lists them, and --load FILE gives them to one", "summary",
            "w.safetensors", status=1)
    refused("train takes the file before the flags of the program: quern train FILE --data", "train", "--data", "d.csv")
    refused("--dim takes NAME=SIZE with a size of at least 0, not 'B'", "check", SIMPLE, "--dim=B")
    refused("--dim takes NAME=SIZE with a size of at least 0, not 'B=-1'", "check", SIMPLE, "--dim", "B=-1")
    refused("'-O4' is none of -O0, -O1, -O2, -O3", "check", SIMPLE, "-O4")
    refused("there is no optimisation 'fuson'; did you mean fusion?", "check", SIMPLE, "--disable=fuson")
    refused("--color takes auto, always or never, not 'red'", "check", SIMPLE, "--color=red")
    refused("--precision takes f32, bf16 or f64, not 'f8'", "check", SIMPLE, "--precision=f8")
    refused("--precision f16: gradients are often too small for f16; bf16 has the range of f32", "check",
            SIMPLE, "--precision", "f16")
    refused("--name needs a value", "check", SIMPLE, "--name=")
    _, stderr = run(QUERN, "check", SIMPLE, "--mcpu", status=2)
    expect(stderr == "error: --mcpu needs a value\n", stderr)
    _, stderr = run(QUERN, status=2)
    expect(stderr == "error: no command given; quern --help lists them\n", stderr)


@case
def errors_of_the_system(folder):
    refused("cannot read gone.qn: No such file or directory", "build", "gone.qn", "-o", "m", status=1, cwd=folder)
    refused("cannot read gone.mlir: No such file or directory", "build", "gone.mlir", "-o", "m", status=1, cwd=folder)
    refused(f"cannot read {folder}: it is a directory", "check", folder, status=1)
    refused("cannot write gone/m.o: No such file or directory", "build", SIMPLE, "-o", "gone/m.o", status=1, cwd=folder)
    refused("cannot write gone/m.d: No such file or directory", "build", SIMPLE, "-o", "m.o", "-MF", "gone/m.d",
            status=1, cwd=folder)
    refused("cannot write gone/x: No such file or directory", "emit", "model", SIMPLE, "-o", "gone/x", status=1,
            cwd=folder)
    refused("unknown CPU 'z80' for target 'x86_64-pc-linux-gnu'", "build", SIMPLE, "-o", "m", "--mcpu=z80", status=1,
            cwd=folder)
    refused("CPU 'nehalem' has no AVX2 and FMA, which compiled models need", "build", SIMPLE, "-o", "m",
            "--mcpu=nehalem", status=1, cwd=folder)
    refused(f"{SIMPLE} has no function f", "run", f"{SIMPLE}:f", status=1)
    write(f"{folder}/list.qn", "def f():\n    return [1, 2]\n")
    refused("f prints nothing and returns no tensor", "run", "list.qn:f", status=1, cwd=folder)
    for suffix in ("", ".so"):
        os.makedirs(f"{folder}/taken{suffix}")
        _, stderr = run(QUERN, "build", SIMPLE, "-o", f"taken{suffix}", "--diagnostics=json", status=1, cwd=folder)
        message = json.loads(stderr)["message"]
        expect(message.startswith("linking failed: ") and "Is a directory" in message, message)
    with open("/dev/full", "w") as full:
        done = subprocess.run([QUERN, "emit", "model", SIMPLE], stdout=full, stderr=subprocess.PIPE, text=True)
    expect(done.returncode == 1 and done.stderr == "error: cannot write to the standard output: No space left on device\n",
           f"{done.returncode} {done.stderr}")


@case
def response_files(folder):
    write(f"{folder}/flags", "-O0 --dim 'B=50'\n@more")
    write(f"{folder}/more", '--name "two_words" -MF "two words.d"\n')
    run(QUERN, "build", SIMPLE, "@flags", "-o", "m.o", cwd=folder)
    symbols, _ = run(TOOLS + "llvm-nm", "-g", f"{folder}/m.o")
    expect("quern_model_two_words" in symbols, symbols)
    expect(os.path.exists(f"{folder}/two words.d"), "the quoted flag was cut")
    strings = open(f"{folder}/m.o", "rb").read()
    expect(b"-O0 --dim=B=50\0" in strings, "the artefact does not record its flags")
    refused("cannot read the flags in gone: No such file or directory", "check", SIMPLE, "@gone", cwd=folder)
    write(f"{folder}/loop", "@loop")
    refused("@loop is named by files that name each other", "check", SIMPLE, "@loop", cwd=folder)


@case
def message_at_a_place(folder):
    path = write(f"{folder}/m.qn", UNDEFINED)
    _, stderr = run(QUERN, "check", "m.qn", status=1, cwd=folder)
    expect(stderr == "m.qn:5:12: error: `nett` is not defined\n    return nett(x)\n           ^~~~ did you mean net?\n", stderr)
    _, stderr = run(QUERN, "check", "m.qn", "--color=always", status=1, cwd=folder)
    expect("\033[31merror: " in stderr, stderr)
    _, stderr = run(QUERN, "build", path, "-o", "m", "--diagnostics", "json", status=1, cwd=folder)
    found = json.loads(stderr)
    expect((found["line"], found["column"], found["endColumn"], found["file"]) == (5, 12, 16, path), found)
    expect(not os.path.exists(f"{folder}/m"), "a program was written")


@case
def standard_input(folder):
    text = open(SIMPLE).read()

    def piped(*words, source=text, status=0):
        done = subprocess.run([QUERN, *words], input=source, capture_output=True, text=True, cwd=folder)
        expect(done.returncode == status, f"{words}: {done.returncode} {done.stderr}")
        return done
    piped("check", "-")
    piped("build", "-", "-o", "m", "-MD")
    expect(open(f"{folder}/m.d").read() == "m:\n", "the standard input is no dependency")
    expect("linear.weight" in piped("emit", "model", "-").stdout, "emit prints no model")
    expect(piped("run", "-:f", source="def f():\n    return tensor([1, 2])\n").stdout == "tensor([1, 2])\n", "run")
    expect(piped("check", "-", source=UNDEFINED, status=1).stderr.startswith("<stdin>:5:12: error: "), "check")


@case
def dependencies_rebuild_with_ninja(folder):
    shutil.copy(SIMPLE, f"{folder}/my $model.qn")
    write(f"{folder}/build.ninja", f"""rule quern
  command = {QUERN} build $in -o $out -O0 -MD -MF $out.d
  depfile = $out.d
  deps = gcc
build m.o: quern my$ $$model.qn
""")
    expect("[1/1]" in run("ninja", cwd=folder)[0], "the first build")
    expect("no work to do" in run("ninja", cwd=folder)[0], "the second build")
    expect("my\\ $$model.qn" in run("ninja", "-t", "deps", cwd=folder)[0] or
           "my $model.qn" in run("ninja", "-t", "deps", cwd=folder)[0], run("ninja", "-t", "deps", cwd=folder)[0])
    time = os.stat(f"{folder}/m.o").st_mtime
    os.utime(f"{folder}/my $model.qn", (time + 2, time + 2))
    expect("[1/1]" in run("ninja", cwd=folder)[0], "the build after a change")


@case
def imports_are_dependencies(folder):
    os.makedirs(f"{folder}/library")
    write(f"{folder}/library/parts.qn", "def twice(x: f32[*S]) -> f32[*S]:\n    return 2 * x\n")
    write(f"{folder}/m.qn", "from parts import twice\n\n@export\ndef predict(x: f32[B]) -> f32[B]:\n    return twice(x)\n")
    refused_text = run(QUERN, "check", "m.qn", status=1, cwd=folder)[1]
    expect("parts" in refused_text, refused_text)
    run(QUERN, "build", "m.qn", "-o", "m.o", "-Ilibrary", "-MF", "m.d", cwd=folder)
    expect(open(f"{folder}/m.d").read() == "m.o: m.qn library/parts.qn\n", open(f"{folder}/m.d").read())


@case
def help_and_version(folder):
    text, _ = run(QUERN, "--help")
    for command in ("build", "emit", "phases", "run", "train", "eval", "predict", "summary", "plot", "batches", "bench", "explain", "bisect", "params", "check"):
        expect(f"\n  {command} " in text, f"{command} is not listed")
        own, _ = run(QUERN, command, "--help")
        expect(own.startswith(f"usage: quern {command}") and own == run(QUERN, "help", command)[0], own)
    expect("-MD" in run(QUERN, "build", "-h")[0] and "-MD" not in run(QUERN, "check", "-h")[0], "flags of commands")
    expect(re.fullmatch(r"quern \d+\.\d+\.\d+ \(LLVM 22\.\d+\.\d+\)\n", run(QUERN, "--version")[0]), "version")
    text, _ = run(QUERN, "train", SIMPLE, "--help")
    for part in ("--mcpu NAME", "--epochs N", "--lr VALUE", "(0.1)"):
        expect(part in text, f"no {part} in {text}")


@case
def debug_information(folder):
    """Every line of the line table is one of the model's, and kernels have the lines of their ops."""
    shutil.copy(SIMPLE, f"{folder}/simple.qn")
    for flags in ((), ("--dim=B=50",), ("-O0",)):
        run(QUERN, "build", "simple.qn", "-g", "-o", "m.o", *flags, cwd=folder)
        table, _ = run(TOOLS + "llvm-dwarfdump", "--debug-line", "m.o", cwd=folder)
        expect('name: "simple.qn"' in table and f'include_directories[  0] = "{os.path.realpath(folder)}"' in table,
               "the table names another file")
        lines = {int(row.split()[1]) for row in table.splitlines() if row.startswith("0x")}
        # linear(x), @train(SGD), the two entries and what they return.
        expect({6, 12} <= lines and lines <= {0, 1, 3, 5, 6, 10, 11, 12, 15, 16}, f"{flags}: lines {sorted(lines)}")
        run(TOOLS + "llvm-dwarfdump", "--verify", "m.o", cwd=folder)
    run(QUERN, "build", "simple.qn", "-o", "m.o", cwd=folder)
    expect(run(TOOLS + "llvm-dwarfdump", "--debug-line", "m.o", cwd=folder)[0].count("0x") == 0, "debug lines without -g")
    run(QUERN, "build", "simple.qn", "-g", "-o", "m", cwd=folder)
    symbols, _ = run(TOOLS + "llvm-nm", "m", cwd=folder)
    address = next(row.split()[0] for row in symbols.splitlines() if row.endswith(" loss.run"))
    place, _ = run(TOOLS + "llvm-symbolizer", "--obj=m", "0x" + address, cwd=folder)
    expect(place.splitlines()[0] == "loss.run" and "simple.qn:1" in place, place)
    with_places, _ = run(QUERN, "emit", "model", "simple.qn", "-g", cwd=folder)
    expect('"simple.qn":12:12' in with_places, "emit -g prints no places")
    expect("simple.qn\":12" not in run(QUERN, "emit", "model", "simple.qn", cwd=folder)[0], "places without -g")


@case
def backtrace_of_a_debugger(folder):
    if not shutil.which("gdb"):
        return "left out: no gdb"
    shutil.copy(SIMPLE, f"{folder}/simple.qn")
    write(f"{folder}/d.csv", "x,y\n1,2\n3,4\n")
    run(QUERN, "build", "simple.qn", "-g", "-o", "m", cwd=folder)
    text, _ = run("gdb", "-q", "-batch", "-nx", "-ex", "break simple.qn:12", "-ex", "run", "-ex", "bt", "--args", "./m",
                  "train", "--data", "d.csv", "--threads", "1", cwd=folder)
    expect("return mse_loss(net(x), y)" in text and re.search(r"#0 .* simple\.qn:12\n", text), text)
    expect("runEpoch" in text and "quern_program_main" in text, text)


@case
def times_of_phases(folder):
    _, stderr = run(QUERN, "build", SIMPLE, "-o", "m", "--time", cwd=folder)
    for name in ("frontend", "grad", "fused", "planned", "loops", "llvm", "obj", "link", "  TrainStep", "Total"):
        expect(re.search(rf"^ +\d+\.\d\d +\d+ %  {name}$", stderr, re.M), f"no line for {name} in {stderr}")
    expect(run(QUERN, "build", SIMPLE, "-o", "m", cwd=folder)[1] == "", "times without --time")


@case
def every_optimisation_can_be_disabled(folder):
    """Each name alone and all at once: the same losses within rounding, and not the same code."""
    text, _ = run(QUERN, "phases")
    names = re.findall(r"^  (\S+)", text.split("optimisations", 1)[1], re.M)
    expect({"fusion", "whole-steps"} <= set(names), names)
    data = example("lecture/data/simple.csv")

    def last_loss(*flags):
        run(QUERN, "build", SIMPLE, "-o", f"{folder}/m", "--dim=B=50", *flags)
        output, _ = run(f"{folder}/m", "train", "--data", data, "--batch=50", "--epochs=3", "--lr=0.1")
        return float(output.split()[-1])
    usual = last_loss()
    code = run(QUERN, "emit", "planned", SIMPLE, "--dim=B=50")[0]
    for name in (*names, ",".join(names)):
        loss = last_loss("--disable", name)
        expect(abs(loss - usual) < 2e-4 * usual, f"--disable={name}: {loss}, not {usual}")
    for name in ("fusion", "whole-steps"):
        expect(run(QUERN, "emit", "planned", SIMPLE, "--dim=B=50", "--disable", name)[0] != code,
               f"--disable={name} changes nothing")


@case
def optimisation_levels_and_cpus(folder):
    data = example("lecture/data/nonlinear.csv")
    losses = set()
    for flags in (["-O0"], ["-O1"], ["-O2"], ["-O3"], ["--mcpu=haswell"], ["--mcpu", "x86-64-v3"]):
        run(QUERN, "build", example("lecture/nonlinear.qn"), "-o", f"{folder}/m", *flags)
        output, _ = run(f"{folder}/m", "train", "--data", data, "--batch=50", "--epochs=2")
        losses.add(round(float(output.split()[-1]), 2))
    expect(len(losses) == 1, losses)
    text, _ = run(QUERN, "emit", "asm", example("lecture/nonlinear.qn"), "--mcpu=haswell")
    expect("zmm" not in text and "ymm" in text, "code for another CPU than haswell")


@case
def flags_of_the_program_pass_through(folder):
    text, _ = run(QUERN, "bench", SIMPLE, "--dim", "B=7", "--batch", "7", "--time", "0.01", "--json", "--threads", "1")
    expect({row["dims"]["B"] for row in json.loads(text)} == {7}, text)
    _, stderr = run(QUERN, "train", SIMPLE, "--epoch", "3", status=2)
    expect(stderr.startswith("error: train has no flag --epoch; did you mean --epochs?\n"), stderr)
    expect(f"quern train {SIMPLE} --help" in stderr, stderr)


@case
def summary_as_torchsummary_prints_it(folder):
    write(f"{folder}/m.qn", "net = Sequential(Flatten(), Linear(784, 1000), ReLU(), Sequential(Dropout(0.5), Linear(1000, 10)))\n\n"
          "@train(SGD(lr=0.1))\ndef loss(x: f32[B, 28, 28], y: i32[B]) -> f32:\n    return cross_entropy(net(x), y)\n")
    text, _ = run(QUERN, "summary", "m.qn", cwd=folder)
    expect(text == """\
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
           Flatten-1                  [-1, 784]               0
            Linear-2                 [-1, 1000]         785,000
              ReLU-3                 [-1, 1000]               0
           Dropout-4                 [-1, 1000]               0
            Linear-5                   [-1, 10]          10,010
================================================================
Total params: 795,010
Trainable params: 795,010
Non-trainable params: 0
----------------------------------------------------------------
Input size (MB): 0.00
Forward/backward pass size (MB): 0.03
Params size (MB): 3.03
Estimated Total Size (MB): 3.06
----------------------------------------------------------------
""", text)


@case
def summary_without_training(folder):
    """Without a @train every parameter is trainable, as in PyTorch; with one, those that it reaches are."""
    layers = "body = Linear(3, 4)\nhead = Linear(4, 2)\n\n@export\ndef predict(x: f32[B, 3]) -> f32[B, 2]:\n    return head(body(x))\n"
    train = "\n@train(SGD(lr=0.1), params=head)\ndef loss(x: f32[B, 3]) -> f32:\n    return predict(x).mean()\n"
    for text, trainable in ((layers, 26), (layers + train, 10)):
        write(f"{folder}/m.qn", text)
        summary, _ = run(QUERN, "summary", "m.qn", cwd=folder)
        expect(f"Trainable params: {trainable}\nNon-trainable params: {26 - trainable}\n" in summary, summary)


@case
def doc_tells_what_items_do(folder):
    text, _ = run(QUERN, "doc", "softmax")
    expect(text == "def softmax(x: float[*S], dim=-1) -> float[*S]\n  exp(x) over its sum along dim.\n"
           "  Example: softmax(tensor([0., 0.])) is [0.5, 0.5]\n", text)
    listed, _ = run(QUERN, "doc")
    items = json.loads(run(QUERN, "doc", "--json")[0])
    expect(all(item["name"] in listed.split() for item in items), listed)
    expect({"exp", "relu", "Linear", "Adam"} <= {item["name"] for item in items}, items)
    expect(not any(item["name"].endswith("_grad") for item in items), "a derivative is listed")
    _, stderr = run(QUERN, "doc", "sofmax", status=1)
    expect(stderr == "error: there is no 'sofmax'; did you mean softmax?\n", stderr)
    _, stderr = run(QUERN, "doc", "-O3", status=2)
    expect(stderr.startswith("error: doc does not use -O"), stderr)


@case
def installed_headers_and_libraries(folder):
    """The commands of examples/embed/README.md, away from the tree, in strict C and C++ with each compiler there is."""
    prefix = f"{folder}/prefix"
    run("cmake", "--install", BUILD, "--prefix", prefix)
    quern, work = f"{prefix}/bin/quern", f"{folder}/work"
    shutil.copytree(example("embed"), work)
    strict = ("-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{prefix}/include")
    link = (f"{prefix}/lib/libquern.a", "-lm", "-pthread", "-o")
    for suffix in ("a", "so"):
        run(quern, "build", "line.qn", "-o", f"line.{suffix}", cwd=work)
    compilers = [pair for pair in (("clang-22", "clang++-22"), ("gcc", "g++")) if shutil.which(pair[0]) and shutil.which(pair[1])]
    for cc, cxx in compilers:
        run(cc, "-std=c99", *strict, "train.c", "line.a", *link, "train", cwd=work)
        run(cxx, "-std=c++17", *strict, "serve.cpp", *link, "serve", cwd=work)
        run(cxx, "-x", "c++", "-std=c++17", *strict, "-fsyntax-only", "train.c", cwd=work)
        expect(run("./train", "w.safetensors", cwd=work)[0] == "loss after 200 steps: 0.0006\n", "train")
        expect(run("./serve", "./line.so", "w.safetensors", "0.5", cwd=work)[0] == "2.002\n", "serve")
    run(quern, "build", "line.qn", "-o", "line", cwd=work)
    expect("Linear-1" in run("./line", "summary", cwd=work)[0], "a program of the installed compiler")
    return ", ".join(cc for cc, _ in compilers)


@case
def benchmark_measures_and_compares(folder):
    bench = os.path.join(ROOT, "tests/bench/run.py")
    systems = ["quern"] + (["cpp"] if shutil.which("g++") else [])
    text, _ = run(sys.executable, "-B", bench, "--workloads", "T2", "--systems", ",".join(systems), "--rounds", "1", "--seconds", "0.02",
                  "--json", f"{folder}/b.json")
    with open(f"{folder}/b.json") as file:
        records = json.load(file)["records"]
    expect([record["system"] for record in records] == systems, records)
    for record in records:
        expect(0 < record["step_s"] < 1e-3 and len(record["losses"]) == 5, record)
    expect("| T2 | step | quern | " in text, text)
    _, stderr = run(sys.executable, "-B", bench, "--workloads", "T9", status=2)
    expect("there is no workload 'T9'; there are T1, T2, T3, T4" in stderr, stderr)


@case
def readme_prints_what_it_says(folder):
    """The README's first example: its model, its commands, its output."""
    with open(f"{ROOT}/README.md") as file:
        part = file.read().split("## From a file to a trained program\n", 1)[1].split("\n## ", 1)[0]
    model, commands, output = re.findall(r"```(?:python line.qn)?\n(.*?)```", part, re.S)[:3]
    write(f"{folder}/line.qn", model)
    os.symlink(BUILD, f"{folder}/build")
    os.symlink(example(""), f"{folder}/examples")
    text, _ = run("sh", "-ec", commands, cwd=folder)
    expect(text == output, text)
