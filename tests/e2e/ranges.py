"""An index that is out of range is an error with the entry's name and the value, wherever it stands, and nothing changes."""
import re

from artefacts import CLANG
from case import BUILD, QUERN, ROOT, case, expect, run, write

# How an index may be used, on a parameter w of f32[5, 3], and what of 5, -6 and, for what counts from the end, -1 is wrong.
USES = {
    "embedding": ("embedding(i, w)", "5 -6 -1"),
    "indexing": ("w[i]", "5 -6 -1"),
    "pairs": ("w[i, i - 2]", "5 -6"),
    "gathering": ("gather(w, 0, stack([i, i, i], dim=1))", "5 -6 -1"),
    "targets": ("cross_entropy(w[:2], i - 2)[None, None]", "5 -6"),
    "likelihoods": ("nll_loss(log_softmax(w[:2]), i - 2)[None, None]", "5 -6"),
    "one_hots": ("one_hot(i, 5).to(f32) @ w", "5 -6 -1"),
    "notation": ("noted(w, i)", "5 -6 -1"),
    "place": ("w[i[1]][None]", "5 -6 -1"),
    "slice": ("w[i[1]:i[1] + 2]", "5 -6"),
    "update": ("changed(w, i)", "5 -6 -1"),
    "part": ("partly(w, i)", "5 -6"),
}
HEAD = """w = param(normal(f32[5, 3]))
"""
MODEL = '''module Table():
    w = param(normal(f32[5, 3]))
    calls = buffer(zeros(i64))

    def count():
        calls = calls + 1

table = Table()

def noted(w: f32[5, 3], i: i64[B]):
    y[b, k] := w[i[b], k]
    return y

def changed(w: f32[5, 3], i: i64[B]):
    x = w
    x[i] = 2.0
    return x

def partly(w: f32[5, 3], i: i64[B]):
    x = w
    x[i[1]:i[1] + 2] = 2.0
    return x
'''


def model():
    text = MODEL
    for name, (use, _) in USES.items():
        text += f"\ndef {name}_of(w: f32[5, 3], i: i64[B]):\n    return {use}\n"
        text += f"\n@export\ndef {name}(i: i64[B]) -> f32[*]:\n    table.count()\n    return {name}_of(table.w, i)\n"
    return text


@case
def every_use_in_exports_and_training(folder):
    pass
