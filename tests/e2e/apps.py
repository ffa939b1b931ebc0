"""The programs of examples/apps: what they print, what they refuse, and that their own checks can fail."""
import os
import re
import shutil
import subprocess

from artefacts import CLANG
from case import BUILD, QUERN, ROOT, case, example, expect, losses, run

CXX = "clang++-22"
ENVIRONMENT = {**os.environ, "QUERN_BUILD": BUILD, "CC": CLANG, "CXX": CXX}
LINK = [f"{BUILD}/lib/libquern.a", "-lm", "-pthread"]


def shown(app, *words, status=0):
    done = subprocess.run(["sh", example("apps/run.sh"), *words, app], capture_output=True, text=True, env=ENVIRONMENT,
                          timeout=600)
    expect(done.returncode == status, f"it exits with {done.returncode}: {done.stdout}{done.stderr}")
    expect("left out" not in done.stdout, done.stdout)
    return done.stdout


def copied(app, folder, edits=(), flags=()):
    """The app's sources in the folder with (FILE, OLD, NEW) edits, its model as an archive with its header."""
    place = f"{folder}/{app}{len(os.listdir(folder))}"
    shutil.copytree(example(f"apps/{app}"), place)
    for name, old, new in edits:
        with open(f"{place}/{name}") as file:
            text = file.read()
        expect(text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}")
        with open(f"{place}/{name}", "w") as file:
            file.write(text.replace(old, new))
    (model,) = [name for name in os.listdir(place) if name.endswith(".qn")]
    run(QUERN, "build", model, "-o", model.replace(".qn", ".a"), *flags, cwd=place)
    return place


def built(place, compiler, standard, *flags):
    """Without a warning."""
    sources = [name for end in (".c", ".cpp", ".a") for name in os.listdir(place) if name.endswith(end)]
    run(compiler, standard, "-Wall", "-Wextra", "-pedantic", "-Werror", "-O1", *flags, f"-I{ROOT}/runtime/include", *sources,
        *LINK, "-o", "app", cwd=place)
    return f"{place}/app"


@case
def online_learns_and_follows(folder):
    found = losses(shown("online"))
    expect(len(found) == 10, f"{found}")
    expect(found[4] < 0.2 * found[0], f"it does not learn: {found}")
    expect(found[5] > 2 * found[4] and found[9] < 0.2 * found[5], f"it does not follow the change of the law: {found}")


@case
def online_reads_rows(folder):
    app = built(copied("online", folder), CLANG, "-std=c99", "-D_POSIX_C_SOURCE=200809L")

    def stream(text, status=0):
        done = subprocess.run([app, "w.safetensors"], cwd=folder, input=text, capture_output=True, text=True)
        expect(done.returncode == status, f"it exits with {done.returncode}: {done.stderr}")
        return done

    rows = "".join(f"{i % 7 / 7}, {i % 5 / 5}\t0 0.5,{i % 7 / 7 - i % 5 / 5}\n" for i in range(2000))
    first, second = losses(stream(rows).stdout)
    expect(second < 0.5 * first, f"{first}, {second}")
    expect(losses(stream(rows).stdout)[0] < second, "it does not go on with the weights that it saved")
    before = open(f"{folder}/w.safetensors", "rb").read()
    for bad in ("1,2,3,4\n", "1,2,3,4,5,6\n", "1,2,nan,4,5\n", "1,2,x,4,5\n", "\n"):
        done = stream("1,2,3,4,5\n" + bad, status=1)
        expect(done.stderr == "error: row 2 is not five finite numbers\n", done.stderr)
        expect(open(f"{folder}/w.safetensors", "rb").read() == before, "the weights changed")


def server_figures(output):
    found = re.search(r"answers: (\d+) .* taken up: (\d+), torn: (\d+), loss: ([\d.]+)", output)
    expect(found, output)
    return [float(word) for word in found.groups()]


@case
def server_swaps_weights_without_a_torn_answer(folder):
    answers, changes, torn, loss = server_figures(shown("server"))
    expect(torn == 0 and answers > 1000 and changes > 8 and loss < 0.05, f"{answers}, {changes}, {torn}, {loss}")
    return f"{answers:.0f} answers, {changes:.0f} versions taken up"


@case
def server_sees_weights_that_change_under_a_reader(folder):
    """Weights copied into the version that is served, in the place of a new version."""
    place = copied("server", folder, [("server.cpp", "std::atomic_store(&service.current, next);",
                                       "copyWeights(next->net, service.current->net);")])
    done = subprocess.run([built(place, CXX, "-std=c++17"), "100"], capture_output=True, text=True)
    expect(done.returncode == 1 and server_figures(done.stdout)[2] > 0, f"{done.returncode}: {done.stdout}{done.stderr}")


@case
def server_has_no_race(folder):
    """Under ThreadSanitizer; the compiled model's part of it is tests/e2e/threads.py's."""
    place = copied("server", folder)
    output, errors = run(built(place, CXX, "-std=c++17", "-fsanitize=thread"), "20")
    expect(server_figures(output)[2] == 0 and not errors, errors)


def level(output):
    found = re.findall(r"level: ([\d.]+)", output)
    expect(found, output)
    return [float(one) for one in found]


@case
def audio_plays(folder):
    found = level(shown("audio"))
    # A sine of amplitude 0.8 through the curve: between half of it and all that the curve lets through.
    expect(len(found) == 2 and found[0] == found[1] and 0.5 < found[0] < 1, f"{found}")


HOT = "  std::memmove(history, history + block, sizeof(float) * (window - 1));\n"
# What does not belong into the callback: (name, statement, what it needs, who sees it).
FORBIDDEN = (("allocation", "static void *volatile kept; kept = std::malloc(10); (void)kept;", "#include <cstdlib>\n", "realtime"),
             ("lock", "static std::mutex lock; std::lock_guard<std::mutex> hold(lock);", "#include <mutex>\n", "realtime"),
             ("library_call", "usleep(0);", "#include <unistd.h>\n", "realtime seal"),
             ("system_call", 'long n = 39; asm volatile("syscall" : "+a"(n) : : "rcx", "r11", "memory");', "", "seal"))


@case
def audio_callback_is_real_time(folder):
    """RealtimeSanitizer watches what the callback calls, Quern's functions and the compiled code's included; the kernel
    watches for system calls."""
    app = built(copied("audio", folder), CXX, "-std=c++17", "-fsanitize=realtime")
    output, errors = run(app, "--sealed", "2000")
    expect(len(level(output)) == 1 and not errors, errors)


for name, statement, header, seen_by in FORBIDDEN:
    def check(folder, statement=statement, header=header, seen_by=seen_by):
        place = copied("audio", folder, [("effect.cpp", HOT, f"  {statement}\n{HOT}"),
                                         ("effect.cpp", '#include "effect.h"\n', f'{header}#include "effect.h"\n')])
        if "realtime" in seen_by:
            app = built(place, CXX, "-std=c++17", "-fsanitize=realtime")
            done = subprocess.run([app, "10"], capture_output=True, text=True)
            expect(done.returncode != 0 and "RealtimeSanitizer: unsafe-library-call" in done.stderr and
                   "Effect::process" in done.stderr, f"{done.returncode}: {done.stderr[:500]}")
        if "seal" in seen_by:
            done = subprocess.run([built(place, CXX, "-std=c++17"), "--sealed", "10"], capture_output=True, text=True)
            expect(done.returncode == -31, f"it exits with {done.returncode}, not by SIGSYS: {done.stderr}")
    check.__name__, check.__module__ = f"audio_refuses_{name}", __name__
    case(check)


@case
def quern_itself_is_watched_in_real_time(folder):
    """Memory that Quern asks for within the callback is seen, too."""
    place = copied("audio", folder, [("effect.cpp", HOT, f"  (void)net.save(\"/dev/null/x\");\n{HOT}")])
    done = subprocess.run([built(place, CXX, "-std=c++17", "-fsanitize=realtime"), "10"], capture_output=True, text=True)
    expect(done.returncode != 0 and "real-time unsafe function `malloc`" in done.stderr, f"{done.returncode}: {done.stderr[:500]}")


@case
def audio_memory_that_is_too_small(folder):
    place = copied("audio", folder, [("effect.h", "memory[128 * 1024]", "memory[4 * 1024]")])
    done = subprocess.run([built(place, CXX, "-std=c++17")], capture_output=True, text=True)
    expect(done.returncode == 1 and re.fullmatch(r"error: out of memory: there are no \d+ bytes for [\w ]+\n", done.stderr),
           f"{done.returncode}: {done.stderr}")


@case
def numpy_arrays_are_used_in_place(folder):
    output = shown("numpy")
    found = losses(output)
    expect(len(found) == 3 and found[2] < 0.05, output)
    expect("right: 1.000\n" in output and output.endswith("as the last: [ True]\n"), output)


@case
def numpy_arrays_that_do_not_fit(folder):
    """Each in one sentence: a transposed array, another dtype, another shape, and an integer that no model takes."""
    place = copied("numpy", folder)
    run(QUERN, "build", "moons.qn", "-o", "moons.so", cwd=place)
    with open(f"{place}/moons.py") as file:
        source = file.read()
    for old, new, sentence in (
            ("loss, x, y)", "loss, np.asfortranarray(x), y)", "Quern takes dense row-major arrays; np.ascontiguousarray makes one"),
            ("loss, x, y)", "loss, x.astype(np.float64), y)", "x is f64[200, 2], entry loss takes f32[B, 2]"),
            ("loss, x, y)", "loss, x, y[:199].copy())", "y is f32[199, 1], entry loss takes f32[B, 1] with B = 200"),
            ("np.zeros((), np.float32)", "np.zeros((), np.float16)",
             "output loss of entry loss needs 4 bytes here, but 2 are reserved")):
        expect(source.count(old) == 1, f"the script has {source.count(old)} times {old}")
        with open(f"{place}/bad.py", "w") as file:
            file.write(source.replace(old, new))
        done = subprocess.run([python(), "bad.py", f"{BUILD}/lib/libquern_shared.so", "./moons.so"], cwd=place,
                              capture_output=True, text=True)
        expect(done.returncode == 1 and done.stderr.strip().endswith(sentence), f"{done.returncode}: {done.stderr[-300:]}")


def python():
    """One that has NumPy, as Debian's has it from python3-numpy."""
    for name in ("python3", "/usr/bin/python3"):
        if subprocess.run([name, "-c", "import numpy"], capture_output=True).returncode == 0:
            return name
    raise AssertionError("no python3 has NumPy; tests/run.sh installs Debian's python3-numpy")
