"""Loops of the program, compiled: what they carry, check and draw; recurrent layers are compared with PyTorch elsewhere."""
from case import QUERN, case, example, expect, losses, run, write
from files import npy

MODEL = """
module Counter():
    total = buffer(zeros(f32))

    def forward(x: f32[3]) -> f32:
        total = total + x.sum()
        return total

counter = Counter()
table = param(ones(f32[5]))

@export
def sums(x: f32[T, 3]) -> f32[T]:
    ys = []
    for t in range(T):
        ys.append(counter(x[t]))
    return stack(ys)

@export
def walk(start: i64, x: f32[T]) -> f32:
    at, total = start, 0.
    for t in range(T):
        total = total + table[at] * x[t]
        at = at + 2
    return total

@export
def draws(x: f32[T]) -> f32[T, 4]:
    ys = []
    for t in range(T):
        ys.append(rand(f32[4]) + x[t] * 0)
    return stack(ys)

@export
def inner(x: f32[T, 3]) -> f32[T]:
    ys = []
    for t in range(1, T):
        y = x[t, 0]
        for k in loop(3):
            y = y * 0.5 + x[t - 1][k]
        ys.append(y)
    return cat([x[0, :1], stack(ys)])
"""


def predicted(folder, entry, *data, status=0):
    """The lines that an entry's results print, or its error."""
    write(folder, "m.qn", MODEL)
    write(folder, "x.npy", npy("f4", (4, 3), range(1, 13)))
    write(folder, "v.npy", npy("f4", (4,), [1] * 4))
    write(folder, "zero.npy", npy("i8", (), [0]))
    run(QUERN, "build", "m.qn", "-o", "m", cwd=folder)
    words = [word for pair in data for word in ("--data", pair)]
    output, errors = run("./m", "predict", "--entry", entry, *words, cwd=folder, status=status)
    return [[float(word) for word in line.split(",")] for line in output.splitlines()[1:]] or errors


@case
def a_buffer_is_carried_through_a_loop(folder):
    found = predicted(folder, "sums", "x=x.npy")
    expect(found == [[6], [21], [45], [78]], found)


@case
def a_loop_in_a_loop_reads_slices_of_both(folder):
    found = predicted(folder, "inner", "x=x.npy")
    expect(found == [[1], [4.75], [10.375], [16]], found)


@case
def each_run_of_a_loop_draws_its_own_numbers(folder):
    found = predicted(folder, "draws", "x=v.npy")
    rows = {tuple(row) for row in found}
    expect(len(rows) == 4 and all(0 <= v < 1 for row in rows for v in row), found)


@case
def an_index_that_a_loop_computes_is_checked(folder):
    """The third one, 6, is beyond a table of five."""
    found = predicted(folder, "walk", "x=v.npy", "start=zero.npy", status=1)
    expect(found == "error: m.qn:23:25: walk: index 6 at position 3 is outside [0, 5)\n", found)


@case
def the_letters_of_a_word_are_learned(folder):
    """examples/char_lstm, smaller: after twenty epochs of one sentence it knows what follows what."""
    text = open(example("char_lstm/char_lstm.qn")).read()
    expect("= 128, 256" in text, text)
    write(folder, "m.qn", text.replace("= 128, 256", "= 128, 32"))
    write(folder, "t.txt", "how much wood would a woodchuck chuck " * 60)
    run(QUERN, "build", "m.qn", "-o", "m", cwd=folder)
    output, _ = run("./m", "train", "--data", "x=t.txt:16", "--data", "y=t.txt:16+1", "--batch", "8", "--epochs", "20",
                    "--lr", "0.02", "--save", "w.safetensors", cwd=folder)
    found = losses(output)
    expect(found[0] > 2 and found[-1] < 0.3, output)
    return f"{found[0]} to {found[-1]} nats"
