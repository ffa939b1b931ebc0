"""Loading artefacts: a compiled .so gives what the program gives, and one for another ABI, another CPU, or damaged, is
refused in one sentence, with every earlier file as it was."""
import os
import struct

from bad_data import GOOD_CSV, earlier_run, train_words
from case import BUILD, QUERN, ROOT, case, example, expect, program, run, snapshot, write
from artefacts import CLANG

SIMPLE = example("lecture/simple.qn")
# CPUs that no one machine is both of, each with features that only it has: (name, the kernel's word for one).
CPUS = (("bdver4", "xop"), ("graniterapids", "amx_fp16"))


def loader(folder):
    path = f"{folder}/load_library"
    run(CLANG, "-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", f"-I{ROOT}/runtime/include",
        f"{ROOT}/tests/e2e/load_library.c", f"{BUILD}/lib/libquern.a", "-lm", "-pthread", "-o", path)
    return path


def built(folder, name, *flags):
    run(QUERN, "build", SIMPLE, "-o", f"{folder}/{name}", "--name", "simple", *flags)
    return f"{folder}/{name}"


def file_offset(content, address):
    """Where in an ELF file the byte of an address lies, by its program headers."""
    (table,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    for i in range(count):
        kind, _, offset, start, _, bytes_in_file = struct.unpack_from("<IIQQQQ", content, table + i * size)
        if kind == 1 and start <= address < start + bytes_in_file:
            return offset + address - start
    raise AssertionError("no segment holds the address")


def patch(path, at, old, new):
    """Changes a 32-bit number at a byte of the artefact's descriptor."""
    content = bytearray(open(path, "rb").read())
    if path.endswith(".so"):
        symbols = run("/usr/lib/llvm-22/bin/llvm-nm", "-D", path)[0]
        (address,) = [int(line.split()[0], 16) for line in symbols.splitlines() if line.endswith(" quern_model_simple")]
        offset = file_offset(content, address) + at
    else:  # a program names no symbols: its descriptor is known by the ABI version and the size of quern_model
        start = struct.pack("<II", 1, 152)
        expect(content.count(start) == 1, f"{content.count(start)} places look like the descriptor")
        offset = content.index(start) + at
    expect(struct.unpack_from("<I", content, offset) == (old,), "this is not the field")
    struct.pack_into("<I", content, offset, new)
    with open(path, "wb") as file:
        file.write(content)


@case
def library_gives_what_the_program_gives(folder):
    write(folder, "d.csv", "x\n0.5\n-1\n2.25\n")
    run(program("lecture/simple"), "train", "--data", example("lecture/data/simple.csv"), "--epochs", "2", "--save",
        "w.safetensors", cwd=folder)
    library = built(folder, "libsimple.so")
    for weights, flags in (("w.safetensors", ["--load", "w.safetensors"]), ("-", [])):
        printed, _ = run(loader(folder), library, weights, "0.5", "-1", "2.25", cwd=folder)
        predicted, _ = run(program("lecture/simple"), "predict", "--data", "d.csv", *flags, cwd=folder)
        expect(predicted.splitlines()[1:] == printed.splitlines(), f"{predicted!r} is not {printed!r}")


def refused(folder, path, message):
    """A program and, by the loader, a library with this message; earlier results stay."""
    earlier_run("lecture/simple", {"d.csv": GOOD_CSV}, folder)
    write(folder, "d.csv", GOOD_CSV)
    load = loader(folder) if path.endswith(".so") else None
    before = snapshot(folder)
    if load:
        _, stderr = run(load, path, "-", "1", status=1, cwd=folder)
        expect(stderr == f"incompatible: {path}: {message}\n", stderr)
    else:
        for words in (train_words(["--data", "d.csv"]), ["predict", "--data", "d.csv", "--out", "p.csv"]):
            _, stderr = run(path, *words, status=1, cwd=folder)
            expect(stderr == f"error: {message}\n", stderr)
    expect(snapshot(folder) == before, "files changed")


for suffix in (".so", ""):
    kind = "library" if suffix else "program"

    def check(folder, suffix=suffix):
        path = built(folder, "simple" + suffix)
        patch(path, 0, 1, 2)
        refused(folder, path, "the model was compiled for ABI version 2, but this runtime reads version 1")
    check.__name__, check.__module__ = f"{kind}_of_another_abi_version", __name__
    case(check)

    def check(folder, suffix=suffix):
        flags = next(line for line in open("/proc/cpuinfo") if line.startswith("flags")).split()
        tried = 0
        earlier_run("lecture/simple", {"d.csv": GOOD_CSV}, folder)
        for cpu, word in CPUS:
            if word in flags:
                continue
            tried += 1
            path = built(folder, "simple" + suffix, "--mcpu", cpu)
            write(folder, "d.csv", GOOD_CSV)
            command = ([loader(folder), path, "-", "1"] if suffix else [path, *train_words(["--data", "d.csv"])])
            before = snapshot(folder)
            _, stderr = run(*command, status=1, cwd=folder)
            start = "incompatible: " + path if suffix else "error"
            expect(stderr.startswith(f"{start}: model simple was compiled for {cpu} and needs the CPU feature")
                   and stderr.rstrip().endswith("which this CPU lacks") and stderr.count("\n") == 1, stderr)
            expect(snapshot(folder) == before, "files changed")
        expect(tried > 0, "this CPU claims the features of both")
    check.__name__, check.__module__ = f"{kind}_for_another_cpu", __name__
    case(check)


@case
def library_damaged(folder):
    library = built(folder, "simple.so")
    content = open(library, "rb").read()
    load = loader(folder)
    write(folder, "half.so", content[: len(content) // 2])
    write(folder, "junk.so", b"junk")
    os.rename(library, f"{folder}/other.so")
    for name, start in (("half.so", "corrupt file: cannot load 'half.so': the file is truncated"),
                        ("junk.so", "corrupt file: cannot load 'junk.so': "),
                        ("absent.so", "not found: cannot read 'absent.so'"),
                        ("other.so", "not found: 'other.so' has no symbol quern_model_other")):
        _, stderr = run(load, name, "-", "1", status=1, cwd=folder)
        expect(stderr.startswith(start) and stderr.count("\n") == 1, stderr)
