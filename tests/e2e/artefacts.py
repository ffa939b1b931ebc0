"""What `quern build` makes: programs, libraries, objects, and a C program that links two models."""
import os
import shutil
import subprocess
import time

from case import BUILD, QUERN, ROOT, case, example, expect, program, run, same

SOURCES = ("lecture/simple", "lecture/multiple", "lecture/nonlinear", "lecture/nonlinear_deep", "digits/digits",
           "mnist/mnist")
CLANG = "clang-22"


def needed(path):
    """The libraries that a file asks for, without the loader and the kernel's."""
    lines = run("ldd", path)[0].splitlines()
    return {line.split()[0] for line in lines if "=>" in line}


def add(name, check):
    check.__name__, check.__module__ = name, __name__
    case(check)


for source in SOURCES:
    def check(folder, source=source):
        path = program(source)
        extra = needed(path) - {"libc.so.6", "libm.so.6"}
        expect(not extra, f"it needs {sorted(extra)}")
        small = f"{folder}/stripped"
        shutil.copy(path, small)
        run("/usr/lib/llvm-22/bin/llvm-strip", small)
        size = os.path.getsize(small)
        expect(size < 400_000, f"stripped, it has {size} bytes")
        run(small, "summary")
        return f"{size} bytes stripped"
    add("program_" + os.path.basename(source), check)


@case
def build_time_of_the_mlp(folder):
    start, before = time.monotonic(), os.times()
    run(QUERN, "build", example("mnist/mnist.qn"), "-o", f"{folder}/m")
    seconds, after = time.monotonic() - start, os.times()
    used = after.children_user - before.children_user + after.children_system - before.children_system
    # Other work on the machine lengthens the time on the clock, hardly that of the processor.
    expect(used < 2, f"it took {used:.2f} s of processor time")
    return f"{seconds:.2f} s, {used:.2f} s of processor time; the aim is 1 s"


@case
def object_is_the_same_for_any_number_of_threads(folder):
    cpu = min(os.sched_getaffinity(0))
    run("taskset", "-c", str(cpu), QUERN, "build", example("mnist/mnist.qn"), "-o", f"{folder}/one.o", "--name", "all")
    run(QUERN, "build", example("mnist/mnist.qn"), "-o", f"{folder}/two.o", "--name", "all")
    same(f"{folder}/one.o", f"{folder}/two.o")
    symbols, _ = run("/usr/lib/llvm-22/bin/llvm-nm", "--extern-only", "--defined-only", f"{folder}/two.o")
    expect(symbols.split()[1:] == ["D", "quern_model_all"], f"global symbols: {symbols}")


@case
def shared_library_needs_libc_and_libm_only(folder):
    run(QUERN, "build", example("lecture/simple.qn"), "-o", f"{folder}/simple.so")
    extra = needed(f"{folder}/simple.so") - {"libc.so.6", "libm.so.6"}
    expect(not extra, f"it needs {sorted(extra)}")
    symbols = run("/usr/lib/llvm-22/bin/llvm-nm", "-D", "--defined-only", f"{folder}/simple.so")[0]
    names = [line.split()[-1] for line in symbols.splitlines()]
    expect(names == ["quern_model_simple"], f"it exports {names}")


def link(folder, objects):
    """Builds and runs two_models.c against these objects and the headers beside them."""
    path = f"{folder}/two_models"
    run(CLANG, "-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", f"-I{ROOT}/runtime/include", f"-I{folder}",
        f"{ROOT}/tests/e2e/two_models.c", *objects, f"{BUILD}/lib/libquern.a", "-lm", "-pthread", "-o", path)
    output, _ = run(path)
    expect(output.startswith("trained"), output)
    return output.strip()


def two_models(suffix):
    def check(folder):
        for name in ("simple", "nonlinear"):
            run(QUERN, "build", example(f"lecture/{name}.qn"), "-o", f"{folder}/{name}.{suffix}")
        return link(folder, [f"{folder}/simple.{suffix}", f"{folder}/nonlinear.{suffix}"])
    return check


add("archives_of_two_models_train_and_serve", two_models("a"))
add("objects_of_two_models_train_and_serve", two_models("o"))


@case
def golden_losses_of_pytorch(folder):
    done = subprocess.run(["python3", "-B", f"{ROOT}/tests/numerics/golden/compare.py", "--quern", QUERN, "--runner",
                           f"{BUILD}/bin/numerics_golden"], capture_output=True, text=True, timeout=600)
    expect(done.returncode == 0, done.stdout + done.stderr)
