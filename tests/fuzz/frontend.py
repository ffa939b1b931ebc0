"""Mutates the programs of tests/lit with a seed; the frontend must answer each with success or messages.
usage: frontend.py QUERN [COUNT] [SEED]"""
import glob, os, random, subprocess, sys, tempfile

tool, count, seed = sys.argv[1], int((sys.argv + [0, 0, 200])[2] or 200), int(sys.argv[3]) if len(sys.argv) > 3 else 1
here = os.path.dirname(os.path.abspath(__file__))
texts = [open(f, "rb").read() for f in sorted(glob.glob(here + "/../lit/*/*.qn"))]
words = b"( ) [ ] , : = . * ** @ def module if for in return where -1 0 None f32 B x relu param \n \n\t \xff \x00 \"".split(b" ")
rng = random.Random(seed)
bad = 0
with tempfile.TemporaryDirectory() as folder:
    for n in range(count):
        text = bytearray(rng.choice(texts))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(text) + 1)
            kind = rng.randrange(4)
            if kind == 0:
                del text[at:at + rng.randint(1, 12)]
            elif kind == 1:
                text[at:at] = rng.choice(words)
            elif kind == 2:
                other = rng.choice(texts)
                start = rng.randrange(len(other))
                text[at:at] = other[start:start + rng.randint(1, 60)]
            else:
                text[at:at + 1] = bytes([rng.randrange(256)])
        path = folder + "/program.qn"
        open(path, "wb").write(text)
        try:
            run = subprocess.run([tool, "check", path], capture_output=True, timeout=20)
            wrong = run.returncode not in (0, 1) or b"internal error" in run.stderr
            wrong = wrong or (run.returncode == 1 and b"error: " not in run.stderr)
            status = run.returncode
        except subprocess.TimeoutExpired:
            wrong, status = True, "timeout"
        if wrong:
            bad += 1
            kept = f"fuzz-{seed}-{n}.qn"
            open(kept, "wb").write(text)
            print("program", n, "kept as", kept, "status", status)
print(count, "programs,", bad, "failures")
sys.exit(bad != 0)
