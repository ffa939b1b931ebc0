"""Text from the GPT of examples/gpt: the commands of its README run, and the cache of keys and values gives what the whole
text gives."""
import os
import re
import subprocess

from case import BUILD, QUERN, ROOT, case, example, expect, run, write
from linking import prefix

TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. " * 40


def built(folder):
    """A small model that knows a little, its program and the generator."""
    text = open(example("gpt/gpt.qn")).read()
    old = "= 128, 128, 128, 4, 4"
    expect(text.count(old) == 1, f"the example lacks {old}")
    write(folder, "gpt.qn", text.replace(old, "= 128, 12, 16, 2, 2").replace("cosine(1e-3, steps=2000, warmup=100)", "2e-2"))
    write(folder, "t.txt", TEXT)
    run(QUERN, "build", "gpt.qn", "-o", "gpt", cwd=folder)
    run("./gpt", "train", "--data", "x=t.txt:12", "--data", "y=t.txt:12+1", "--batch", "16", "--epochs", "10",
        "--save", "w.safetensors", "--quiet", cwd=folder)
    run(QUERN, "build", "gpt.qn", "-o", "gpt.a", "--entries", "begin,next", cwd=folder)
    run("clang++-22", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{folder}", f"-I{ROOT}/runtime/include",
        example("gpt/generate.cpp"), f"{folder}/gpt.a", f"{BUILD}/lib/libquern.a", "-lm", "-pthread", "-o", f"{folder}/generate")


def generated(folder, *words, status=0):
    """Bytes, as a model that knows little writes any of them."""
    done = subprocess.run([f"{folder}/generate", f"{folder}/w.safetensors", *words], capture_output=True, timeout=600)
    expect(done.returncode == status, f"it exits with {done.returncode}: {done.stderr}")
    return done.stdout if status == 0 else done.stderr.decode()


def likeliest(folder, text):
    """The byte that the program's predict finds likeliest after a text."""
    output, _ = run("./gpt", "predict", "--entry", "predict", "--data", "x=" + ",".join(map(str, text)), "--load", "w.safetensors",
                    cwd=folder)
    numbers = [float(n) for n in re.split(r"[,\s]+", output.strip().split("\n")[-1])]
    expect(len(numbers) == 128, output)
    return numbers.index(max(numbers))


@case
def the_cache_gives_what_the_whole_text_gives(folder):
    """Greedily, far beyond the context of twelve bytes: then the last six begin a new one."""
    built(folder)
    text, read = b"The ", 0
    wanted = bytes(text)
    for _ in range(30):
        read = min(len(wanted), 6 if read else 12) if read in (0, 12) else read + 1
        wanted += bytes([likeliest(folder, wanted[-read:])])
    for flags in (["--temperature", "0"], ["--top-k", "1", "--temperature", "3"]):
        got = generated(folder, "The ", "--length", "30", *flags)
        expect(got == wanted + b"\n", f"{got} is not {wanted}")
    expect(len(set(wanted)) > 4, f"that says little: {wanted}")
    # Seeds, and bytes that the prompt may not have.
    first, again, other = (generated(folder, "The ", "--length", "200", "--seed", seed) for seed in "112")
    expect(first == again != other and len(first) == len(other) == 205, f"{first}, {other}")
    long = generated(folder, TEXT[:100], "--length", "3")
    expect(long.startswith(TEXT[:100].encode()) and len(long) == 104, f"{long}")
    errors = generated(folder, "Caf\u00e9", status=1)
    expect(re.search(r"gpt.qn:\d+:\d+: begin: id 195 at position 3 is outside \[0, 128\)", errors), errors)
    expect(generated(folder, "--top-k", "129", status=1) == "error: --top-k is at most 128, as many bytes as the model knows\n", "129")
    for words, message in ((["--top-k", "0"], "error: --top-k takes a number from 1 to 1e+06"), (["--speed", "9"], "usage:"),
                           (["a", "b"], "usage:"), (["--temperature", "hot"], "error: --temperature takes a number")):
        expect(message in generated(folder, *words, status=2), words)


@case
def commands_of_the_readme_run(folder):
    """On the first 9 kB of some text instead of the first 90 % of a megabyte."""
    with open(example("gpt/README.md")) as file:
        commands = "".join(block for block in file.read().split("```")[1::2] if "quern build" in block)
    commands = commands.replace("1003854", "9000").replace("1003855", "9001")
    for name in ("gpt.qn", "generate.cpp"):
        os.symlink(example(f"gpt/{name}"), f"{folder}/{name}")
    write(folder, "input.txt", TEXT * 5)
    done = subprocess.run(["sh", "-e", "-c", commands.replace("c++ ", "clang++-22 ")], cwd=folder, capture_output=True, text=True, timeout=600,
                          env={**os.environ, "P": prefix(), "PATH": f"{prefix()}/bin:{os.environ['PATH']}"})
    expect(done.returncode == 0, done.stderr[-600:])
    expect("ROMEO:" in done.stdout, done.stdout)
