"""Metrics of the library in a built program: means over rows, and functions of an epoch's totals."""
import math
import random

from case import QUERN, case, expect, losses, run, write

SOURCE = """
net = Linear(2, 3)
line = Linear(2, 1)

@train(SGD(lr=0.1))
def loss(x: f32[B, 2], y: i64[B], z: f32[B]) -> f32:
    return cross_entropy(net(x), y, ignore_index=2) + mse_loss(line(x).squeeze(1), z)

@export
def predict(x: f32[B, 2]) -> f32[B, 4]:
    return cat([net(x), line(x)], dim=1)

@metric
def second(x: f32[B, 2], y: i64[B]) -> f32:
    return top_k_accuracy(net(x), y, k=2)

@metric
def confusion(x: f32[B, 2], y: i64[B]) -> i64[3, 3]:
    return confusion_matrix(y, net(x).argmax(dim=-1), 3)

@metric(confusion)
def f1(totals: i64[3, 3]) -> f32:
    return f1_score(totals)

@metric(confusion)
def exactness(totals: i64[3, 3]) -> f32:
    return precision(totals)

@metric(confusion)
def completeness(totals: i64[3, 3]) -> f32:
    return recall(totals)

@metric
def surprises(x: f32[B, 2], y: i64[B]) -> f64[2]:
    return perplexity_totals(net(x), y, ignore_index=2)

@metric(surprises)
def surprise(totals: f64[2]) -> f64:
    return perplexity(totals)

@metric
def squares(x: f32[B, 2], z: f32[B]) -> f64[4]:
    return r2_totals(line(x).squeeze(1), z)

@metric(squares)
def explained(totals: f64[4]) -> f64:
    return r2_score(totals)
"""


def mean(numbers):
    return sum(numbers) / len(numbers)


@case
def metrics_over_an_epoch(folder):
    """Batches of unequal size; the figures worked out from the predictions are the ones that eval prints."""
    random.seed(4)
    rows = []
    for _ in range(47):
        a, b = round(random.gauss(0, 1), 3), round(random.gauss(0, 1), 3)
        rows.append((a, b, (a > 0) + (b > 0.5), round(a - b + random.gauss(0, 0.5), 3)))
    write(folder, "data.csv", "a,b,y,z\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    write(folder, "m.qn", SOURCE)
    data = ["--data", "x=a,b", "--data", f"{folder}/data.csv", "--load", f"{folder}/w.safetensors"]
    run(QUERN, "build", f"{folder}/m.qn", "-o", f"{folder}/m")
    run(f"{folder}/m", "train", *data[:4], "--epochs", "20", "--batch", "10", "--quiet", "--save", f"{folder}/w.safetensors")
    text, _ = run(f"{folder}/m", "predict", *data)
    scores = [[float(n) for n in line.replace(",", " ").split()] for line in text.splitlines()[1:]]
    text, _ = run(f"{folder}/m", "eval", *data, "--batch", "10")
    guesses = [row.index(max(row[:3])) for row in scores]
    count = lambda k, l: sum(row[2] == k and guess == l for row, guess in zip(rows, guesses))
    share = lambda part, whole: part / whole if whole else 0
    taken = [sum(count(k, l) for k in range(3)) for l in range(3)]
    given = [sum(count(k, l) for l in range(3)) for k in range(3)]
    z = [row[3] for row in rows]
    kept = [(row, s) for row, s in zip(rows, scores) if row[2] != 2]
    wanted = {
        "second": mean([sum(v > s[row[2]] for v in s[:3]) < 2 for row, s in zip(rows, scores)]),
        "exactness": mean([share(count(k, k), taken[k]) for k in range(3)]),
        "completeness": mean([share(count(k, k), given[k]) for k in range(3)]),
        "f1": mean([share(2 * count(k, k), taken[k] + given[k]) for k in range(3)]),
        "surprise": math.exp(mean([math.log(sum(map(math.exp, s[:3]))) - s[row[2]] for row, s in kept])),
        "explained": 1 - sum((s[3] - t) ** 2 for s, t in zip(scores, z)) / sum((t - mean(z)) ** 2 for t in z),
    }
    for name, value in wanted.items():
        got = losses(text, name)[0]
        expect(abs(got - value) < 1e-4 * (1 + abs(value)), f"{name} is {got}, not {value}")
    expect(0.4 < wanted["f1"] < 1 and wanted["second"] < 1, str(wanted))
