"""The caller's callbacks, allocator and parallel_for: an exception that leaves one ends the program where it is thrown, with
its own message; it never passes through Quern, which would leave a step half done."""
import signal
import subprocess

from case import BUILD, QUERN, ROOT, case, example, expect, run

CXX = "clang++-22"


@case
def callback_that_throws_ends_the_program_at_once(folder):
    for flags in ([], ["-g"]):
        run(QUERN, "build", example("lecture/simple.qn"), "-o", f"{folder}/simple.a", *flags)
        run(CXX, "-std=c++17", "-Wall", "-Wextra", "-Werror", "-O1", f"-I{ROOT}/runtime/include", f"-I{folder}",
            f"{ROOT}/tests/e2e/throwing_callback.cpp", f"{folder}/simple.a", f"{BUILD}/lib/libquern.a", "-lm", "-pthread", "-o",
            f"{folder}/throwing")
        expect(run(f"{folder}/throwing", "none")[0] == "done\n", "it does not run without a throw")
        for where, sentence in (("allocate", "no memory today"), ("run", "no threads today")):
            done = subprocess.run([f"{folder}/throwing", where], capture_output=True, text=True)
            expect(done.returncode == -signal.SIGABRT and sentence in done.stderr and not done.stdout,
                   f"{where} {flags}: it exits with {done.returncode}: {done.stdout}{done.stderr}")
