"""Exports that update buffers: from C, and in the built program, whose calls see what the calls before them left."""
from case import QUERN, ROOT, case, expect, run, tensors, write
from header import COMPILERS, INCLUDE, LINKED, WARNINGS

MEMORY = '''module Memory(n):
    values = buffer(zeros(f32[n]), persistent=False)
    total = buffer(zeros(f32))
    calls = buffer(zeros(i64))

    def put(x: f32, at: i64):
        values[at] = x
        total = total + x
        calls = calls + 1
        return values

memory = Memory(4)

@export
def put(x: f32, at: i64) -> f32[4]:
    """Keeps a number at a place, and returns all that is kept."""
    return memory.put(x, at)

@export
def read(scale: f32[B]) -> f32[B, 5]:
    return scale[:, None] * cat([memory.values, memory.total[None]])
'''

SUMS = '''module Sums():
    sum = buffer(zeros(f32[2]))
    rows = buffer(zeros(i64))

    def add(x: f32[B, 2]):
        sum = sum + x.sum(dim=0)
        rows = rows + B
        return sum / rows

sums = Sums()
net = Linear(2, 1)

@export
def seen(x: f32[B, 2]) -> f32[B, 2]:
    """The mean of all rows so far, for each row of the call."""
    return sums.add(x) + 0 * x

@train(SGD(lr=0.1))
def loss(x: f32[B, 2], y: f32[B, 1]) -> f32:
    return mse_loss(net(x), y)
'''


@case
def calls_in_sequence_from_c(folder):
    write(folder, "memory.qn", MEMORY)
    run(QUERN, "build", f"{folder}/memory.qn", "-o", f"{folder}/memory.o")
    with open(f"{folder}/memory.h") as file:
        header = " ".join(file.read().replace(" * ", " ").split())
    updates = ("Updates the instance's buffers total and calls, and the buffer values, which files of weights do not have. No other thread "
               "may use the instance meanwhile.")
    expect(header.count("Updates the instance's buffer") == 1 and updates in header, header)
    messages = set()
    for compiler in COMPILERS[:2]:
        run(*compiler, *WARNINGS, INCLUDE, f"-I{folder}", "-o", f"{folder}/calls", f"{ROOT}/tests/e2e/updated_buffers.c",
            f"{folder}/memory.o", *LINKED)
        messages.add(run(f"{folder}/calls", folder)[0])
    (message,) = messages
    expect("put" in message and "4" in message and "memory.qn:7" in message, message)
    saved = tensors(f"{folder}/w.safetensors")
    expect(saved == {"total": (12.0,)}, saved)  # and calls, which is i64


@case
def batches_of_predict_are_calls_in_sequence(folder):
    """Five rows in batches of two: the last one has the mean of all."""
    write(folder, "sums.qn", SUMS)
    write(folder, "d.csv", "a,b\n" + "".join(f"{k},{10 * k}\n" for k in range(1, 6)))
    run(QUERN, "build", f"{folder}/sums.qn", "-o", f"{folder}/sums")
    run(f"{folder}/sums", "predict", "--data", "d.csv", "--batch", "2", "--out", "p.csv", cwd=folder)
    with open(f"{folder}/p.csv") as file:
        rows = [[float(v) for v in line.split(",")] for line in file.read().split("\n")[1:] if line]
    expect([row[0] for row in rows] == [1.5, 1.5, 2.5, 2.5, 3.0] and rows[4][1] == 30.0, rows)
