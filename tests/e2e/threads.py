"""Instances under LLVM's ThreadSanitizer: runtime, host program and compiled models are all built with it."""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess

from artefacts import CLANG
from case import QUERN, ROOT, case, example, expect, run, same

MODELS = ("simple", "nonlinear_deep")
CACHED = ["ccache"] if shutil.which("ccache") else []
THREAD = ["-fsanitize=thread", "-O1", "-g1"]


def instrumented_model(folder, name):
    """The model's program as LLVM holds it, with every function marked for the sanitizer, as an object. Its own headers
    and symbols are those of `quern build`."""
    text, _ = run(QUERN, "emit", "llvm", example(f"lecture/{name}.qn"))
    text, count = re.subn(r"^(attributes #\d+ = \{) ", r"\1 sanitize_thread ", text, flags=re.M)
    expect(count > 0, "no function has attributes")
    with open(f"{folder}/{name}.ll", "w") as file:
        file.write(text)
    run(QUERN, "build", example(f"lecture/{name}.qn"), "-o", f"{folder}/{name}.o")
    run(CLANG, *THREAD, "-Wno-override-module", "-c", f"{folder}/{name}.ll", "-o", f"{folder}/{name}.o")
    symbols, _ = run("/usr/lib/llvm-22/bin/llvm-nm", f"{folder}/{name}.o")
    expect(f" quern_model_{name}\n" in symbols and " U __tsan_" in symbols, f"symbols: {symbols}")
    return f"{folder}/{name}.o"


def program(folder):
    sources = [*sorted(glob.glob(f"{ROOT}/runtime/core/*.cpp")), f"{ROOT}/tests/e2e/eight_instances.c"]
    objects = [instrumented_model(folder, name) for name in MODELS]

    def compiled(source):
        target = f"{folder}/{os.path.basename(source)}.o"
        standard = ["-std=c++17", "-fno-exceptions", "-fno-rtti"] if source.endswith(".cpp") else ["-std=c99"]
        run(*CACHED, CLANG, *THREAD, *standard, f"-I{ROOT}", f"-I{ROOT}/runtime/include", f"-I{folder}", "-c", source,
            "-o", target)
        return target

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        objects += pool.map(compiled, sources)
    run(CLANG, "-fsanitize=thread", *objects, "-lm", "-pthread", "-o", f"{folder}/eight_instances")
    return f"{folder}/eight_instances"


@case
def eight_instances_of_two_models_have_no_race(folder):
    path = program(folder)
    output, errors = run(path, cwd=folder)
    expect(output == "eight instances are done\n" and not errors, errors)
    for number in range(2, 8):
        same(f"{folder}/w{number % 2}.safetensors", f"{folder}/w{number}.safetensors")
    # The sanitizer sees into compiled models: a forbidden race in one is found.
    done = subprocess.run([path, "race"], cwd=folder, capture_output=True, text=True, timeout=600)
    expect(done.returncode == 66 and "data race" in done.stderr and "loss." in done.stderr,
           f"a race is not seen: it exits with {done.returncode}: {done.stderr[-500:]}")
