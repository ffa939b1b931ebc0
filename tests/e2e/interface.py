"""The binary interface: what quern.h, program.h and artefact.h declare, as types and symbols, against the description kept in
interface.abi. `python3 tests/e2e/interface.py --renew` writes that file anew; CONTRIBUTING.md says when."""
import os
import re
import shutil
import subprocess
import sys

from artefacts import CLANG
from case import BUILD, ROOT, case, expect, run

KEPT = f"{ROOT}/tests/e2e/interface.abi"
HEADERS = f"{ROOT}/runtime/include"
NAMES = ("artefact.h", "program.h", "quern.h")


def headers():
    """The text of the public C headers without comments."""
    text = ""
    for name in NAMES:
        with open(f"{HEADERS}/quern/{name}") as file:
            text += re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    return text


def prototypes():
    """The functions that they declare."""
    text = re.sub(r"^\s*#.*$", "", headers(), flags=re.M)
    found = re.findall(r"(?:^|(?<=[;{}\n]))\s*((?:const )?\w+ \*?quern_\w+\([^;{}]*\));", text)
    return [" ".join(one.split()) for one in found]


def constants():
    """What no function's type names: enumerations that are passed as integers become an argument's type, and the value of
    each other constant the size of a variable."""
    text = headers()
    for name in re.findall(r"^typedef enum (\w+)", text, re.M):
        yield f"void interface_{name}({name} value) {{ (void)value; }}"
    flags = [name for body in re.findall(r"^enum \{(.*?)\}", text, re.S | re.M) for name in re.findall(r"QUERN_\w+", body)]
    for name in flags + re.findall(r"^#define (QUERN_\w+) \d+u?$", text, re.M):
        yield f"char interface_{name}[{name} + 1];"


def library(folder, change=None):
    """A library with those functions, all empty, with debug information; `change` may edit the headers' text."""
    include = HEADERS
    if change:
        include = f"{folder}/include"
        os.makedirs(f"{include}/quern", exist_ok=True)
        for name in NAMES:
            with open(f"{HEADERS}/quern/{name}") as file:
                before = file.read()
            with open(f"{include}/quern/{name}", "w") as file:
                file.write(change(name, before))
    with open(f"{folder}/interface.c", "w") as file:
        file.write('#include "quern/program.h"\n#include "quern/quern.h"\n')
        file.writelines(f"{one} {{ __builtin_trap(); }}\n" for one in prototypes())
        file.writelines(f"{one}\n" for one in constants())
    path = f"{folder}/interface.so"
    run(CLANG, "-std=c99", "-g", "-gdwarf-4", "-O0", "-fPIC", "-shared", f"-I{include}", "interface.c", "-o", path, cwd=folder)
    return path


def described(path, folder):
    run("abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--headers-dir", HEADERS, "--out-file",
        f"{folder}/interface.abi", path)
    return f"{folder}/interface.abi"


def compared(folder, path):
    """How abidiff's answer reads, and whether the two are the same and compatible."""
    done = subprocess.run(["abidiff", "--no-show-locs", KEPT, described(path, folder)], capture_output=True, text=True)
    expect(done.returncode & 3 == 0, f"abidiff fails: {done.stdout}{done.stderr}")
    return done.stdout, done.returncode == 0, not done.returncode & 8


def defined(path, *flags):
    lines = run("/usr/lib/llvm-22/bin/llvm-nm", *flags, "--defined-only", "--extern-only", path)[0].splitlines()
    return {line.split()[2] for line in lines if len(line.split()) == 3 and line.split()[2].startswith("quern_")}


@case
def binary_interface_is_the_one_kept(folder):
    report, same, compatible = compared(folder, library(folder))
    advice = ("only additions: renew it" if compatible else
              "old programs would misread new ones: undo it, or raise QUERN_ABI_VERSION and renew it")
    expect(same, f"interface.abi says otherwise ({advice} by tests/e2e/interface.py --renew): {report[:1500]}")


@case
def binary_interface_changes_are_seen(folder):
    """A field in the middle, another value or type, one more field at the end."""
    for header, old, new in (("artefact.h", "  uint32_t rank;\n", "  uint32_t rank, more;\n"),
                             ("quern.h", "QUERN_MISMATCH = 3", "QUERN_MISMATCH = 13"),
                             ("artefact.h", "  int32_t workers;\n", "  int64_t workers;\n"),
                             ("artefact.h", "QUERN_ENTRY_METRIC = 3", "QUERN_ENTRY_METRIC = 6"),
                             ("artefact.h", "QUERN_TENSOR_TRAINABLE = 1u", "QUERN_TENSOR_TRAINABLE = 4u"),
                             ("artefact.h", "QUERN_ARENA_ALIGNMENT 64u", "QUERN_ARENA_ALIGNMENT 32u"),
                             ("artefact.h", "\n} quern_model;", "\n  uint64_t more;\n} quern_model;")):
        def change(name, text, header=header, old=old, new=new):
            if name != header:
                return text
            expect(old in text, f"{header} has no {old!r}")
            return text.replace(old, new)
        report, same, _ = compared(folder, library(folder, change))
        expect(not same, f"a change of {old!r} to {new!r} is not seen: {report}")


@case
def libraries_define_what_the_headers_declare(folder):
    declared = {re.search(r"quern_\w+(?=\()", one).group() for one in prototypes()}
    expect(len(declared) > 25, f"the headers declare {sorted(declared)}")
    archive = defined(f"{BUILD}/lib/libquern.a") | defined(f"{BUILD}/lib/quern/libquern_program.a")
    expect(archive == declared, f"libquern.a and libquern_program.a differ by {sorted(archive ^ declared)}")
    shared = defined(f"{BUILD}/lib/libquern_shared.so", "-D")
    expect(shared == declared - {"quern_program_main"}, f"libquern_shared.so differs by {sorted(shared ^ declared)}")
    return f"{len(declared)} functions"


if __name__ == "__main__":
    import tempfile
    expect(sys.argv[1:] == ["--renew"], "usage: interface.py --renew")
    with tempfile.TemporaryDirectory() as place:
        shutil.copyfile(described(library(place), place), KEPT)
    print(f"{KEPT} is renewed")
