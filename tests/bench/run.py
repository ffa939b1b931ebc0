"""Measures Quern beside whichever peers are installed, interleaved in one run on one core, and checks that all losses agree.

    python3 tests/bench/run.py [--workloads T1,T4] [--systems quern,cpp,torch] [--threads 1] [--json FILE] [--chart FILE.svg]

Peers run under the Python that runs this file: torch (eager), torch-compile, jax, iree and ort (inference alone). `cpp` is
handwritten.cpp (T1 to T3), and needs g++. Machines are noisy: compare within one run, and by the least times."""
import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from workloads import FOLDER, WORKLOADS

BUILD = os.path.abspath(os.environ.get("QUERN_BUILD", os.path.join(FOLDER, "../../build")))
NEEDS = {"torch": "torch", "torch-compile": "torch", "jax": "jax", "iree": "iree.compiler", "ort": "onnxruntime"}
SYSTEMS = ("quern", "cpp", *NEEDS)


def installed(system):
    if system == "quern":
        return os.path.exists(f"{BUILD}/bin/quern")
    if system == "cpp":
        return shutil.which("g++") is not None
    try:
        return importlib.util.find_spec(NEEDS[system]) is not None
    except ModuleNotFoundError:
        return False


def output(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


class Quern:
    """Every measurement is a process of its own, of a program with a variant for the rows that are asked for."""

    def __init__(self, workload, folder, threads):
        self.workload, self.folder, self.threads = workload, folder, ["--threads", str(threads)]
        self.program = f"{folder}/program"
        start = time.perf_counter()
        output(f"{BUILD}/bin/quern", "build", workload.model, "-o", self.program,
               f"--dim=B={workload.batch}")
        self.record = {"compile_s": time.perf_counter() - start, "version": output(f"{BUILD}/bin/quern", "--version").split()[1]}
        # Programs of their own for inference, as peers compile one for each shape and know the weights when they do.
        for rows in workload.rows:
            for name, flags in ((f"rows{rows}", ["--entries=predict", f"--embed={folder}/w.safetensors"]), (f"loaded{rows}", [])):
                output(f"{BUILD}/bin/quern", "build", workload.model, "-o", f"{folder}/{name}", f"--dim=B={rows}", *flags)

    def train(self, *flags, data=("x.npy", "y.npy")):
        return output(self.program, "train", *(word for name in data for word in ("--data", f"{self.folder}/{name}")), *self.threads, *flags)

    def setup(self):
        batch = ["--batch", str(self.workload.batch)]
        start = time.perf_counter()
        self.train(*batch, "--epochs", "1", "--quiet")
        self.record["first_step_s"] = time.perf_counter() - start
        self.train(*batch, "--epochs", "5", "--load", f"{self.folder}/w.safetensors", "--quiet", "--history", f"{self.folder}/h.json")
        with open(f"{self.folder}/h.json") as file:
            self.record["losses"] = [json.loads(line)["loss"] for line in file]

    def bench(self, program, entry, rows, seconds):
        (row,) = json.loads(output(program, "bench", "--entry", entry, "--batch", str(rows), "--time", str(seconds), "--json", *self.threads))
        return {"min": row["min_ns"] * 1e-9, "median": row["median_ns"] * 1e-9}

    def step(self, seconds):
        return self.bench(self.program, "loss", self.workload.batch, seconds)

    def infer(self, rows, seconds):
        keep(self.record, f"infer {rows}, weights loaded", self.bench(f"{self.folder}/loaded{rows}", "predict", rows, seconds))
        return self.bench(f"{self.folder}/rows{rows}", "predict", rows, seconds)

    def finish(self):
        process = subprocess.Popen([self.program, "bench", "--time", "0.1", "--batch", str(self.workload.batch), *self.threads],
                                   stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        self.record["rss_mb"] = usage.ru_maxrss / 1024


class HandWritten:
    """Training steps alone."""

    def __init__(self, workload, folder, threads):
        self.workload, self.folder, self.record = workload, folder, {"version": "g++ " + output("g++", "-dumpfullversion").strip()}
        start = time.perf_counter()
        output("g++", "-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", f"{FOLDER}/handwritten.cpp", "-o", f"{folder}/handwritten")
        self.record["compile_s"] = time.perf_counter() - start

    def setup(self):
        self.record["losses"] = self.step(0.01)["losses"]

    def step(self, seconds):
        return json.loads(output(f"{self.folder}/handwritten", self.workload.name, self.folder, str(seconds)))

    infer = None

    def finish(self):
        pass


class Peer:
    """A worker that lives from the first round to the last, idle while others measure."""

    def __init__(self, system, workload, threads):
        self.record = {}
        self.log = tempfile.TemporaryFile("w+")
        self.started = time.perf_counter()
        self.process = subprocess.Popen([sys.executable, f"{FOLDER}/peers.py", system, workload.name, str(threads)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.trains = system not in ("iree", "ort")

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            raise RuntimeError((self.log.read().strip().splitlines() or ["it ended without a message"])[-1])
        return json.loads(line)

    def setup(self):
        self.record.update(self.ask("setup"))
        if self.trains:
            self.record["first_step_s"] = time.perf_counter() - self.started

    def step(self, seconds):
        return self.ask("step", seconds) if self.trains else None

    def infer(self, rows, seconds):
        return self.ask("infer", rows, seconds)

    def finish(self):
        self.record.update(self.ask("quit"))
        self.process.wait()  # or its end would take time from what is measured next


def start(system, workload, folder, threads):
    if system == "quern":
        return Quern(workload, folder, threads)
    if system == "cpp":
        return HandWritten(workload, folder, threads)
    return Peer(system, workload, threads)


def measure(workload, systems, threads, rounds, seconds, folder, complain):
    """{system: record}; rounds go round all systems, so that all of them see the same moments of the machine."""
    workload.write(folder)
    running = {}
    for system in systems:
        if system == "cpp" and not workload.handwritten:
            continue
        try:
            subject = start(system, workload, folder, threads)
            subject.setup()
            running[system] = subject
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            complain(f"{workload.name} {system}: {getattr(error, 'stderr', None) or error}")
    for _ in range(rounds):
        for system, subject in list(running.items()):
            try:
                keep(subject.record, "step", subject.step(seconds))
                for rows in workload.rows if subject.infer else ():
                    keep(subject.record, f"infer {rows}", subject.infer(rows, seconds))
            except (RuntimeError, subprocess.CalledProcessError) as error:
                complain(f"{workload.name} {system}: {getattr(error, 'stderr', None) or error}")
                del running[system]
    for subject in running.values():
        subject.finish()
    return {system: subject.record for system, subject in running.items()}


def keep(record, what, timing):
    if timing:
        record.setdefault(what, []).append((timing["min"], timing["median"]))


def least(record, what):
    """The least time of all rounds, and the median of the rounds' medians."""
    timings = record.get(what)
    if not timings:
        return None
    medians = sorted(median for _, median in timings)
    return min(time for time, _ in timings), medians[len(medians) // 2]


def check_losses(workload, records, complain):
    """Five losses from the same weights: the first tells of the forward pass, the others of gradients and updates."""
    reference = next((record["losses"] for record in records.values() if "losses" in record), None)
    for system, record in records.items():
        for ours, theirs in zip(record.get("losses", ()), reference or ()):
            if abs(ours - theirs) > 1e-4 * abs(theirs):
                complain(f"{workload.name} {system}: losses {record['losses']} are not {reference}")
                break


def epochs(folder, threads):
    """Linear(1, 1) on 500 rows: seconds of the CPU for an epoch of ten shuffled batches, and of the clock for a process with 5."""
    data = os.path.join(FOLDER, "../../examples/lecture/data/simple.csv")

    def train(count, *more):
        begin = time.perf_counter()
        process = subprocess.Popen([f"{folder}/program", "train", "--data", data, "--batch", "50", "--threads", str(threads),
                                    "--epochs", str(count), *more], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"training ended with status {status}")
        return usage.ru_utime + usage.ru_stime, time.perf_counter() - begin
    many = 100000
    epoch = (min(train(many, "--quiet")[0] for _ in range(7)) - min(train(0, "--quiet")[0] for _ in range(7))) / many
    return {"epoch_s": epoch, "process_s": min(train(5)[1] for _ in range(40))}


def shown(seconds):
    if seconds is None:
        return ""
    least_time, median = seconds
    unit, scale = ("µs", 1e6) if least_time < 1e-3 else ("ms", 1e3)
    digits = 3 if least_time * scale < 10 else 1
    return f"{least_time * scale:.{digits}f} {unit} ({median * scale:.{digits}f})"


def fma_peak():
    """FLOP/s of one core, as contraction-bench measures it; None where it is not built."""
    try:
        text = output(f"{BUILD}/bin/contraction-bench", "512", "512", "512", "NN")
        return max(map(float, re.findall(r"% of (\d+)", text))) * 1e9
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


COLOURS = {"quern": "#1b6ac9", "cpp": "#6b7280", "torch": "#d9480f", "torch-compile": "#e8890c", "jax": "#7048a8", "iree": "#12805c", "ort": "#a61e4d"}


def chart(records, path):
    """Bars of how fast each system's step is beside Quern's, or where a workload has no other, as SVG."""
    groups = []
    for workload in dict.fromkeys(record["workload"] for record in records):
        times = {record["system"]: record["step_s"] for record in records if record["workload"] == workload and record["step_s"]}
        if "quern" in times:
            groups.append((workload, {system: times["quern"] / time for system, time in times.items()}))
    if not groups:
        return
    left, width, bar, gap, top = 60, 560, 16, 14, 44
    most = max(max(speeds.values()) for _, speeds in groups)
    parts, y = [], top
    for workload, speeds in groups:
        parts.append(f'<text x="{left - 10}" y="{y + 12}" text-anchor="end" font-weight="600">{workload}</text>')
        for system, speed in speeds.items():
            length = max(1.5, width * speed / most)
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 3}" fill="{COLOURS[system]}"/>')
            parts.append(f'<text x="{left + length + 6:.1f}" y="{y + 11}">{system} {speed:.2g}</text>')
            y += bar
        y += gap
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 120} {y}" width="{left + width + 120}" height="{y}" '
            'font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
            f'<text x="{left}" y="24" font-size="14" font-weight="600">Training steps a second, Quern = 1</text>\n')
    with open(path, "w") as file:
        file.write(head + "\n".join(parts) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one measurement in one round")
    parser.add_argument("--core", type=int, default=1, help="the first core to use")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--chart", metavar="FILE.svg")
    arguments = parser.parse_args()
    names, systems = arguments.workloads.split(","), arguments.systems.split(",")
    for known, given, what in ((WORKLOADS, names, "workload"), (SYSTEMS, systems, "system")):
        for name in given:
            if name not in known:
                parser.error(f"there is no {what} '{name}'; there are {', '.join(known)}")
    present = [system for system in systems if installed(system)]
    for system in systems:
        if system not in present:
            print(f"{system} is left out: it is not installed", file=sys.stderr)
    cores = sorted(os.sched_getaffinity(0))
    first = min(arguments.core, len(cores) - 1)
    failures, records, extra = [], [], None

    def complain(text):
        failures.append(text)
        print("error: " + " ".join(text.split()), file=sys.stderr)
    rows = []
    for name in names:
        workload = WORKLOADS[name]
        with tempfile.TemporaryDirectory() as folder:
            # Programs are built on all cores and measured on those asked for; children inherit the mask.
            os.sched_setaffinity(0, cores[first:first + arguments.threads] or cores)
            found = measure(workload, present, arguments.threads, arguments.rounds, arguments.seconds, folder, complain)
            check_losses(workload, found, complain)
            if name == "T1" and "quern" in found:
                extra = epochs(folder, arguments.threads)
        peak = fma_peak() if workload.flop_peak else None
        own = found.get("quern", {})
        infers = [f"infer {count}{how}" for count in workload.rows for how in ("", ", weights loaded")]
        for what in ("step", *infers):
            for system, record in found.items():
                time_of = least(record, what)
                if not time_of:
                    continue
                mine = least(own, what)
                count = workload.batch if what == "step" else int(what.split()[1].rstrip(","))
                share = workload.flops(count, what == "step") / time_of[0] / (peak * arguments.threads) if peak else None
                rows.append([name, what, system, shown(time_of), f"{mine[0] / time_of[0]:.3g}" if mine and system != "quern" else "",
                             f"{share:.0%}" if share else ""])
        for system, record in found.items():
            step = least(record, "step")
            records.append({
                "workload": name, "system": system, "version": record.get("version"), "threads": arguments.threads,
                "step_s": step and step[0], "step_median_s": step and step[1],
                "infer_s": {str(n): t[0] for n in workload.rows if (t := least(record, f"infer {n}"))},
                "peak_share": workload.flops(workload.batch, True) / step[0] / (peak * arguments.threads) if peak and step else None,
                "first_step_s": record.get("first_step_s"), "compile_s": record.get("compile_s"), "rss_mb": record.get("rss_mb"),
                "losses": record.get("losses")})
    print("| workload | what | system | least (median) | Quern / it | share of the FMA peak |\n|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print("\n| workload | system | version | start to first step | compile | peak memory |\n|---|---|---|---|---|---|")
    for record in records:
        first_step, compile_time, memory = record["first_step_s"], record["compile_s"], record["rss_mb"]
        print(f"| {record['workload']} | {record['system']} | {record['version']} | "
              + " | ".join((f"{first_step * 1e3:.0f} ms" if first_step else "", f"{compile_time:.2f} s" if compile_time else "",
                            f"{memory:.0f} MB" if memory else "")) + " |")
    if extra:
        print(f"\nLinear(1, 1), 500 rows: an epoch of ten shuffled batches {extra['epoch_s'] * 1e6:.3f} µs, "
              f"the whole process with 5 epochs {extra['process_s'] * 1e3:.2f} ms")
    if arguments.chart:
        chart(records, arguments.chart)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"records": records, "epochs": extra}, file, indent=1)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
