"""An index that is out of range is an error with the entry's name and the value, wherever it stands, in exports and in
training, and changes nothing."""
import re

from artefacts import CLANG
from case import BUILD, QUERN, ROOT, case, expect, run, write

# How an index i (0, and one that is given) is used on the parameter w, f32[5, 3]; and values out of range.
USES = {
    "embeddings": ("embedding(i, w)", (5, -1)),
    "rows": ("w[i]", (5, -1)),
    "pairs": ("w[i, i // 2]", (5, -1)),
    "gathered": ("gather(w, stack([i, i, i], dim=1), dim=0)", (5, -1)),
    "targets": ("cross_entropy(w[:2], i[:2])", (3, -1, 1 << 40)),
    "likelihoods": ("nll_loss(log_softmax(w[:2]), i[:2])", (3, -1)),
    "one_hots": ("one_hot(i, 5).to(f32) @ w", (5, -1)),
    "noted": ("notation(w, i)", (5, -1)),
    "place": ("w[i[1]]", (5, -1)),
    "slices": ("w[i[1]:i[1] + 2]", (4, -1)),
    "changed": ("change(w, i[1])", (5, -1)),
    "overwritten": ("overwrite(w, i[1])", (4, -1)),
    "byte_targets": ("cross_entropy(w[:2], i[:2].to(u8))", (3, 200)),
    "smoothed": ("cross_entropy(w[:2], i[:2], label_smoothing=0.1)", (3, -1)),
    "weighed": ("cross_entropy(w[:2], i[:2], weight=w[0])", (3, -1)),
    "ranked": ("w * top_k_accuracy(w[:2], i[:2], k=1)", (3, -1)),
    "confused": ("confusion_matrix(i, i, 5).to(f32) @ w", (5, -1)),
    "composed": ("picked(w, i)", (5, -1)),
    "composed_twice": ("picked_twice(w, i)", (5, -1)),
    "walked": ("walk(w, i)", (5, -1)),
    "walked_twice": ("walk_twice(w, i)", (5, -1)),
    "walked_parts": ("walk_parts(w, i)", (4, -1)),
    "walked_back": ("walk_composed(w, i)", (5, -1)),
    "painted": ("paint(w, i)", (5, -1)),
}
MODEL = '''module Table():
    w = param(normal(f32[5, 3]))
    calls = buffer(zeros(i64))

    def use(f, i: i64[B]):
        calls = calls + 1
        return f(w, i).sum()

@composite
def picked(w: f32[5, 3], i: i64[B]) -> f32[B, 3]:
    return w[i]

@composite
def picked_twice(w: f32[5, 3], i: i64[B]) -> f32[B, 3]:
    return picked(w, i) + gather(w, stack([i, i, i], dim=1) * 1, dim=0)

def walk(w: f32[5, 3], i: i64[B]) -> f32[3]:
    total = zeros(f32[3])
    for b in range(B):
        total = total + w[i[b]]
    return total

def walk_twice(w: f32[5, 3], i: i64[B]) -> f32[3]:
    total = zeros(f32[3])
    for b in range(B):
        for c in loop(2):
            total = total + w[i[b]] * w[c]
    return total

def walk_parts(w: f32[5, 3], i: i64[B]) -> f32[2, 3]:
    total = zeros(f32[2, 3])
    for b in range(B):
        total = total + w[i[b]:i[b] + 2]
    return total

def walk_composed(w: f32[5, 3], i: i64[B]) -> f32[B, 3]:
    total = zeros(f32[B, 3])
    for b in range(B):
        total = total + picked(w, i) * w[i[b]]
    return total

def paint(w: f32[5, 3], i: i64[B]) -> f32[5, 3]:
    for b in range(B):
        w[i[b]] = 2.0 * w[i[b]]
    return w

def notation(w: f32[5, 3], i: i64[B]):
    y[b, k] := w[i[b], k]
    return y

def change(w: f32[5, 3], place: i64):
    w[place] = 2.0
    return w

def overwrite(w: f32[5, 3], place: i64):
    w[place:place + 2] = 2.0 * w[:2]
    return w
'''


def model():
    text = MODEL
    for name, (use, _) in USES.items():
        text += f"""
{name}_table = Table()

def {name}_of(w: f32[5, 3], i: i64[B]):
    return {use}

@export
def {name}(i: i64[B]) -> f32:
    return {name}_table.use({name}_of, i)

@train(SGD(lr=0.1, momentum=0.9), params={name}_table)
def learn_{name}(i: i64[B]) -> f32:
    return {name}_table.use({name}_of, i)
"""
    return text


@case
def every_use_of_an_index(folder):
    write(folder, "model.qn", model())
    run(QUERN, "build", f"{folder}/model.qn", "-o", f"{folder}/model.so")
    run(CLANG, "-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/runtime/include", f"{ROOT}/tests/e2e/out_of_range.c",
        f"{BUILD}/lib/libquern.a", "-lm", "-pthread", "-o", f"{folder}/calls")
    calls = [(prefix + name, value) for name, (_, values) in USES.items() for prefix in ("", "learn_") for value in (1, *values, 2)]
    output, _ = run(f"{folder}/calls", f"{folder}/model.so", *[str(word) for call in calls for word in call])
    lines = output.strip().split("\n")
    expect(len(lines) == len(calls), output)
    for (entry, value), line in zip(calls, lines):
        if value in (1, 2):
            expect(line == f"ok: {entry}", f"{entry} at {value}: {line}")
            continue
        good = re.fullmatch(rf"check[ _]failed: \S*model.qn:\d+:\d+: {entry}: .* {value} .*", line)
        expect(good, f"{entry} at {value}: {line}")
    return f"{len(calls)} calls"
