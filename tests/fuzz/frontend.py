"""Mutates the programs of tests and library with a seed; the compiler must answer each with success or messages,
and what it accepts must go through all phases to `planned`.
usage: frontend.py QUERN [COUNT] [SEED]"""
import glob, os, random, re, subprocess, sys, tempfile

tool = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
here = os.path.dirname(os.path.abspath(__file__))
paths = sorted(glob.glob(here + "/../lit/*/*.qn") + glob.glob(here + "/../../compiler/stdlib/*.qn") +
               glob.glob(here + "/../../examples/**/*.qn", recursive=True))
texts = [open(path, "rb").read() for path in paths]
token = re.compile(rb'"""(?:.|\n)*?"""|"[^"\n]*"|\w+|\n *|[^\w\s]{2}|[^\s]| +')
tokens = [token.findall(text) for text in texts]
words = b"( ) [ ] , : = . * ** @ def module if for in return where -1 0 None f32 B x relu param \n \n\t \xff \x00 \" " \
        b"B-1 9999999999 [:] [0] .T 1e400 // % 0.5 True zeros(f32[0]) *S step training".split(b" ")
rng = random.Random(seed)
# Programs that compile are the better start: what is made of them gets further.
weights = [1 if "/wrong/" in path else 8 for path in paths]


def choose(of):
    return rng.choices(of, weights)[0]


def mutate_bytes():
    text = bytearray(choose(texts))
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
    return bytes(text)


def mutate_tokens():
    """Most results parse, so that they reach the evaluation and what comes behind it."""
    program = list(choose(tokens))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(program))
        kind = rng.randrange(6)
        if kind == 0:
            del program[at]
        elif kind == 1:
            program.insert(at, program[at])
        elif kind == 2:
            other = rng.randrange(len(program))
            program[at], program[other] = program[other], program[at]
        elif kind == 3:
            program[at] = rng.choice(words)
        else:
            # A word by a word, a number by a number, an operator by an operator.
            like = [t for t in choose(tokens) if t[:1].isalpha() == program[at][:1].isalpha()
                    and t[:1].isdigit() == program[at][:1].isdigit()
                    and t.isspace() == program[at].isspace()]
            if like:
                program[at] = rng.choice(like)
        if not program:
            break
    return b"".join(program)


def fails(command, path):
    try:
        run = subprocess.run([tool, *command, path], capture_output=True, timeout=30)
    except subprocess.TimeoutExpired:
        return "no end", False
    said = run.stderr
    accepted = run.returncode == 0
    if run.returncode not in (0, 1):
        return f"status {run.returncode}", accepted
    if run.returncode == 1 and b"error: " not in said:
        return "no message", accepted
    if any(word in said for word in (b"internal error", b"Assertion", b"LLVM ERROR", b"'quern.", b"loc(")):
        return "a message of the compiler's own: " + said.decode(errors="replace")[:200], accepted
    return "", accepted


bad = accepted = 0
with tempfile.TemporaryDirectory() as folder:
    path = folder + "/program.qn"
    for n in range(count):
        text = mutate_bytes() if n % 3 == 0 else mutate_tokens()
        with open(path, "wb") as f:
            f.write(text)
        wrong, isAccepted = fails(["check"], path)
        if isAccepted and not wrong:
            accepted += 1
            wrong, _ = fails(["emit", "planned", "-o", os.devnull], path)
            wrong = wrong and "emit planned: " + wrong
        if wrong:
            bad += 1
            kept = f"fuzz-{seed}-{n}.qn"
            with open(kept, "wb") as f:
                f.write(text)
            print("program", n, "kept as", kept + ":", wrong)
print(count, "programs,", accepted, "accepted,", bad, "failures")
sys.exit(bad != 0)
