"""The generated C header: clean under every compiler and standard, documented by docstrings, typed; and the programs of
examples/embed, which use it."""
import re

from artefacts import CLANG
from case import BUILD, QUERN, ROOT, case, example, expect, run, write

WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror"]
LINKED = [f"{BUILD}/lib/libquern.a", "-lm", "-pthread"]
INCLUDE = f"-I{ROOT}/runtime/include"
COMPILERS = [["gcc", "-std=c99"], [CLANG, "-std=c99"], ["g++", "-std=c++17", "-x", "c++"],
             [CLANG, "-std=c++17", "-x", "c++"], ["g++", "-std=c++17", "-fno-exceptions", "-x", "c++"]]

# Names that are words of C, names that would meet, text that would end a comment, every dtype, extents that are computed.
STRANGE = '''"""Ends a comment: */ and begins one: /* and \\\\
then goes on."""
net = Linear(3, 2)

@export
def double(int: f32[N, 3], new: f32[M, 3], X: f32[M, 3], x: f32[M, 3]) -> f32[N + M, 2]:
    """Twice as much. */

    Args:
        int: what C calls a type,
            in two lines
        new: what C++ calls a word
    Returns:
        int: not an argument */
        both, one below the other"""
    return net(cat([int, new + X + x], dim=0)) * 2

@export
def double_inputs(ä: f64[K]) -> f64[K // 2] where K % 2 == 0:
    return ä.reshape(K // 2, 2).mean(dim=1)

@export
def create(a: bool[4], b: u8[4], c: i8[4], d: i32[4], e: i64[4]) -> f32[4]:
    return where(a, f32(b) + f32(c), f32(d) + f32(e))

@train(SGD(lr=0.1))
def loss(x: f32[B, 3], y: f32[B, 2], weight: f32 = 0.5) -> f32:
    """Learns.

    Args:
        weight: of the loss, from 0 to 1
    """
    return mse_loss(net(x), y) * weight
'''


@case
def headers_are_clean_c99_and_cpp17(folder):
    write(folder, "strange.qn", STRANGE)
    sources = [example("digits/digits.qn"), example("mnist/mnist.qn"), f"{folder}/strange.qn"]
    for source in sources:
        name = re.sub(r".*/|\.qn$", "", source)
        run(QUERN, "build", source, "-o", f"{folder}/{name}.o")
        write(folder, f"{name}.c", f'#include "{name}.h"\nint main(void) {{ return 0; }}\n')
        for compiler in COMPILERS:
            run(*compiler, *WARNINGS, "-c", "-o", f"{folder}/{name}.o", INCLUDE, f"{folder}/{name}.c")


@case
def header_says_what_docstrings_say(folder):
    write(folder, "strange.qn", STRANGE)
    run(QUERN, "build", f"{folder}/strange.qn", "-o", f"{folder}/strange.o")
    header = open(f"{folder}/strange.h").read()
    for text in ("Ends a comment: * / and begins one: / * and",
                 "/** Twice as much. * /\n *\n * double(int: f32[N, 3], ",
                 "  /** f32[N, 3]: what C calls a type, in two lines */\n  const float *int_;\n",
                 "  /** f32[M, 3]: what C++ calls a word */\n  const float *new_;\n",
                 "  /** f32[M + N, 2]: int: not an argument * / both, one below the other */\n  float *double_;\n",
                 "#define QUERN_STRANGE_DOUBLE_DOUBLE__COUNT(N, M) (((size_t)(M) + (size_t)(N)) * 2)\n",
                 "#define QUERN_STRANGE_LOSS_X_ROW 3\n",
                 "it begins as 0.5. weight: of the loss, from 0 to 1 */\n"):
        expect(text in header, f"{text!r} is not in {header}")


@case
def typed_calls_of_the_header(folder):
    """tests/e2e/typed_header.c: results, the caller's and the call's memory, and calls that are refused."""
    write(folder, "strange.qn", STRANGE)
    run(QUERN, "build", f"{folder}/strange.qn", "-o", f"{folder}/strange.a")
    run(QUERN, "build", example("digits/digits.qn"), "-o", f"{folder}/digits.a")
    for compiler in (["gcc", "-std=c99"], [CLANG, "-std=c99", "-fsanitize=undefined", "-fno-sanitize-recover"]):
        run(*compiler, *WARNINGS, "-O1", INCLUDE, f"-I{folder}", f"{ROOT}/tests/e2e/typed_header.c",
            f"{folder}/strange.a", f"{folder}/digits.a", *LINKED, "-o", f"{folder}/typed")
        output, _ = run(f"{folder}/typed")
        expect(output.splitlines() == [
            "create: not found: model digits has no entry double; it has predict, loss, accuracy",
            "dims: mismatch: entry double of model strange has 2 dims, not 1",
            "size: not reserved: output double of entry double needs 40 bytes here, but 32 are reserved",
            "input: invalid: int of entry double is misaligned: its address is 2 past a multiple of 4, the size of f32",
            "output: invalid: double of entry double is misaligned: its address is 1 past a multiple of 4, the size of "
            "f32",
            "strides: mismatch: int has strides of (4, 8) bytes, but an entry takes dense rows, here (12, 4): copy it",
            "done"], output)


@case
def embed_example_runs_as_its_page_says(folder):
    for name in ("line.qn", "train.c", "serve.cpp"):
        write(folder, name, open(example(f"embed/{name}")).read())
    run(QUERN, "build", "line.qn", "-o", "line.a", cwd=folder)
    run("gcc", "-std=c99", *WARNINGS, INCLUDE, "train.c", "line.a", *LINKED, "-o", "train", cwd=folder)
    output, _ = run("./train", "line.safetensors", cwd=folder)
    expect(output == "loss after 200 steps: 0.0006\n", output)
    run(QUERN, "build", "line.qn", "-o", "line.so", cwd=folder)
    run("g++", "-std=c++17", *WARNINGS, INCLUDE, "serve.cpp", *LINKED, "-o", "serve", cwd=folder)
    output, _ = run("./serve", "./line.so", "line.safetensors", "0.5", cwd=folder)
    expect(output == "2.002\n", output)


@case
def name_that_is_no_identifier(folder):
    write(folder, "7-bit.model.qn", "@export\ndef f(x: f32[B]) -> f32[B]:\n    return x\n")
    for name in ("7up", "a-b", "ä", "a.b"):
        _, stderr = run(QUERN, "build", "7-bit.model.qn", "-o", "m.o", "--name", name, status=2, cwd=folder)
        expect(stderr.startswith("error: --name takes a C identifier (letters, digits and _, no digit first), not "
                                 f"'{name}'\n"), stderr)
    run(QUERN, "build", "7-bit.model.qn", "-o", "m.o", cwd=folder)
    write(folder, "m.c", '#include "m.h"\nint main(void) { return quern_model__7_bit_model.abi_version == 0; }\n')
    run("gcc", "-std=c99", *WARNINGS, INCLUDE, "m.c", "m.o", "-lm", "-o", "m", cwd=folder)
    run("./m", cwd=folder)
