"""What the flags of a built program do: each against figures worked out here."""
import json
import math
import os
import re
import struct
import subprocess
import time
import xml.dom.minidom

from bad_data import own_program
from case import QUERN, case, example, expect, losses, program, run, same, tensors, write
from files import floats, npy

SIMPLE = "lecture/simple"
ROWS = [(float(i % 7) - 3, 2.0 * (i % 7) - 5 + (i % 3)) for i in range(21)]
DROPOUT = """# A model that behaves otherwise while it trains.
net = Sequential(Linear(1, 16), Tanh(), Dropout(0.5), Linear(16, 1))

@train(SGD(lr=0.0))
def loss(x: f32[B, 1], y: f32[B, 1]) -> f32:
    return mse_loss(net(x), y)

@export
def predict(x: f32[B, 1]) -> f32[B, 1]:
    return net(x)
"""


def csv(rows, header="x,y"):
    return header + "\n" + "".join(",".join(repr(v) for v in row) + "\n" for row in rows)


def mean_squares(weights, bias, rows):
    return sum((weights * x + bias - y) ** 2 for x, y in rows) / len(rows)


def line_of(path):
    values = tensors(path)
    return values["linear.weight"][0], values["linear.bias"][0]


def near(left, right, bound=1e-4):
    return abs(left - right) <= bound * max(abs(left), abs(right), 1e-6)


def train(folder, *flags, rows=ROWS, name="w", epochs=2, source=SIMPLE):
    write(folder, "d.csv", csv(rows))
    path = source if os.path.isabs(source) else program(source)
    return run(path, "train", "--data", "d.csv", "--epochs", str(epochs), "--lr", "0.01", "--batch", "4", "--save",
               f"{name}.safetensors", *flags, cwd=folder)[0]


@case
def eval_measures_the_loss(folder):
    """`loss_validate` of a built program: the mean over all rows, whatever the batches."""
    train(folder)
    exact = mean_squares(*line_of(f"{folder}/w.safetensors"), ROWS)
    for batch in ("1", "4", "32"):
        output, _ = run(program(SIMPLE), "eval", "--data", "d.csv", "--load", "w.safetensors", "--batch", batch,
                        cwd=folder)
        expect(re.fullmatch(r"loss: [\d.]+\n", output) and near(losses(output)[0], exact), f"{output}, not {exact}")


@case
def validation_is_without_dropout(folder):
    """With a rate of 0 the weights stay, so the validation loss is that of `predict`, in each epoch; the training loss
    drops units and differs."""
    model = own_program("dropout", DROPOUT, folder)
    write(folder, "d.csv", csv(ROWS))
    output, _ = run(model, "train", "--data", "d.csv", "--val", "d.csv", "--epochs", "3", "--lr", "0", "--save",
                    "w.safetensors", cwd=folder)
    run(model, "predict", "--data", "d.csv", "--load", "w.safetensors", "--out", "p.csv", cwd=folder)
    answers = [float(line) for line in open(f"{folder}/p.csv").read().split()[1:]]
    exact = sum((p - y) ** 2 for p, (_, y) in zip(answers, ROWS)) / len(ROWS)
    expect(all(near(loss, exact) for loss in losses(output, "val_loss")), f"{output} is not {exact}")
    train_losses = losses(output)
    expect(len(set(train_losses)) == 3 and not any(near(loss, exact) for loss in train_losses), output)
    evaluated, _ = run(model, "eval", "--data", "d.csv", "--load", "w.safetensors", cwd=folder)
    expect(near(losses(evaluated)[0], exact), evaluated)
    _, stderr = run(model, "eval", "--data", "d.csv", "--load", "w.safetensors", "--seed", "1", status=1, cwd=folder)
    expect("draws no random numbers" in stderr, stderr)


@case
def history_in_three_formats(folder):
    printed = [(float(a), float(b)) for a, b in re.findall(
        r"loss: (\S+), val_loss: (\S+)", train(folder, "--val", "d.csv", "--history", "h.csv", epochs=3))]
    train(folder, "--val", "d.csv", "--history", "h.jsonl", epochs=3)
    train(folder, "--val", "d.csv", "--history", "events.out.tfevents.1", epochs=3)
    lines = open(f"{folder}/h.csv").read().splitlines()
    expect(lines[0] == "epoch,loss,val_loss", lines[0])
    table = [[float(cell) for cell in line.split(",")] for line in lines[1:]]
    records = [json.loads(line) for line in open(f"{folder}/h.jsonl")]
    events = read_events(f"{folder}/events.out.tfevents.1")
    expect(events[0] == (0, "brain.Event:2"), events[0])
    expect(len(printed) == len(table) == len(records) == len(events) - 1 == 3, "there are 3 epochs")
    for epoch, (shown, row, record, event) in enumerate(zip(printed, table, records, events[1:]), 1):
        expect(row[0] == record["epoch"] == event[0] == epoch, f"epoch {epoch}")
        for i, name in enumerate(("loss", "val_loss")):
            expect(abs(row[i + 1] - shown[i]) <= 5.1e-5 and near(row[i + 1], record[name], 1e-9)
                   and near(event[1][name], row[i + 1], 1e-6), f"epoch {epoch}: {shown}, {row}, {record}, {event}")


def read_events(path):
    """(step, file version or {tag: value}) of each record, with checksums verified."""
    def checksum(data):
        crc = 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        crc ^= 0xFFFFFFFF
        return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

    def varint(data, at):
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return value, at

    def fields(data):
        at = 0
        while at < len(data):
            key, at = varint(data, at)
            if key & 7 == 0:
                value, at = varint(data, at)
            elif key & 7 == 2:
                size, at = varint(data, at)
                value, at = data[at : at + size], at + size
            else:
                size, code = {1: (8, "<d"), 5: (4, "<f")}[key & 7]
                (value,), at = struct.unpack(code, data[at : at + size]), at + size
            yield key >> 3, value

    expect(checksum(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF, "the checksum")
    data, found = open(path, "rb").read(), []
    while data:
        size, crc = struct.unpack("<QI", data[:12])
        expect(crc == checksum(data[:8]), "the length's checksum")
        event = data[12 : 12 + size]
        expect(struct.unpack("<I", data[12 + size : 16 + size])[0] == checksum(event), "the event's checksum")
        data = data[16 + size :]
        parts = dict(fields(event))
        expect(1.5e9 < parts[1] < 1e11, "the time of day")
        values = [dict(fields(value)) for key, value in fields(parts.get(5, b"")) if key == 1]
        found.append((parts[2], parts[3].decode() if 3 in parts else {v[1].decode(): v[2] for v in values}))
    return found


@case
def history_goes_on(folder):
    """A resumed run drops what lies after its checkpoint, in each format; a new one starts anew."""
    for name in ("h.csv", "h.jsonl", "h.tfevents"):
        train(folder, "--history", name, epochs=2)
        kept = open(f"{folder}/{name}", "rb").read()
        run(program(SIMPLE), "train", "--data", "d.csv", "--load", "w.safetensors", "--epochs", "5", "--history", name,
            cwd=folder)
        fresh = open(f"{folder}/{name}", "rb").read()
        count = len(read_events(f"{folder}/{name}")) if name == "h.tfevents" else fresh.count(b"\n")
        expect(count == (5 if name == "h.jsonl" else 6), f"{name} has {count} records after a new run of 5 epochs")
        write(folder, name, kept + {"h.csv": b"3,99\n4,9", "h.jsonl": b'{"epoch": 3, "loss": 99}\n{"epo',
                                    "h.tfevents": kept[-30:]}[name])
        run(program(SIMPLE), "train", "--data", "d.csv", "--epochs", "3", "--save", "w.safetensors", "--resume",
            "--history", name, cwd=folder)
        content = open(f"{folder}/{name}", "rb").read()
        expect(content.startswith(kept), f"{name}: {content}")
        if name == "h.tfevents":
            expect([step for step, _ in read_events(f"{folder}/{name}")] == [0, 1, 2, 3], "the steps")
        else:
            last = content[len(kept):].decode().splitlines()
            expect(len(last) == 1 and re.match(r'(\{"epoch": )?3\b', last[0]) and "99" not in last[0], last)


@case
def plot_draws_curves_and_fit(folder):
    train(folder, "--val", "d.csv", "--standardize", "x", "--plot", "plots", epochs=5)
    expect(sorted(os.listdir(f"{folder}/plots")) == ["fit.svg", "loss.svg"], os.listdir(f"{folder}/plots"))
    for name, words, lines, points in (("loss", {"loss", "val_loss", "epoch"}, 2, 0), ("fit", {"y", "x", "data",
                                                                                             "predict"}, 1, 21)):
        picture = xml.dom.minidom.parse(f"{folder}/plots/{name}.svg")
        texts = [t.firstChild.data for t in picture.getElementsByTagName("text")]
        expect(words <= set(texts), f"{name}: {texts}")
        paths = [p.getAttribute("d") for p in picture.getElementsByTagName("path")
                 if p.getAttribute("stroke-linejoin")]
        expect(len(paths) == lines, f"{name} has {len(paths)} lines")
        circles = picture.getElementsByTagName("circle")
        expect(len([c for c in circles if c.getAttribute("r") == "2.2"]) == points, f"{name} has {len(circles)} points")
        numbers = [float(n) for path in paths for n in re.findall(r"-?[\d.]+", path)]
        expect(all(40 <= x <= 640 for x in numbers[::2]) and all(0 <= y <= 400 for y in numbers[1::2]), numbers)
    labels = [float(text) for text in texts if re.fullmatch(r"-?[\d.]+", text)]
    expect(-3.0 in labels and 3.0 in labels, f"x is not shown as it was before scaling: {labels}")


@case
def plot_of_metrics(folder):
    run(program("digits/digits"), "train", "--data", example("digits/test.npz"), "--val", example("digits/test.npz"),
        "--epochs", "1", "--quiet", "--plot", "deep", cwd=folder)
    expect(sorted(os.listdir(f"{folder}/deep")) == ["accuracy.svg", "loss.svg"], os.listdir(f"{folder}/deep"))


@case
def schedule_scales_the_rate(folder):
    """With a tiny factor after the first epoch, nothing changes any more; with `constant` nothing is scaled."""
    train(folder, name="one", epochs=1)
    train(folder, "--schedule", "step:1:1e-30", name="still", epochs=4)
    expect(tensors(f"{folder}/one.safetensors") == tensors(f"{folder}/still.safetensors"), "the weights moved")
    plain = train(folder, name="plain", epochs=4)
    expect(train(folder, "--schedule", "constant", name="constant", epochs=4) == plain, "constant is not constant")
    for kind in ("linear", "cosine"):
        expect(train(folder, "--schedule", kind, name=kind, epochs=4) != plain, f"{kind} is constant")


@case
def plateau_lowers_the_rate(folder):
    """The weight sums up the rates, whatever the loss, which gets better for four epochs and then stays; the losses that
    PyTorch's ReduceLROnPlateau(patience=2, factor=0.5) would see give the rates, also over a resumed run."""
    write(folder, "m.qn", "w = param(zeros(f32))\n\n@train(SGD(lr=1.0))\ndef loss(x: f32[B]) -> f32:\n"
          "    return detach(maximum(w, -3)) + 9 + w - detach(w) + 0 * x.sum()\n")
    write(folder, "x.csv", "x\n1\n2\n")
    run(QUERN, "build", "m.qn", "-o", "m", cwd=folder)
    weight, rate, best, since = 0.0, 1.0, math.inf, 0
    for _ in range(14):
        loss = max(weight, -3) + 9
        weight -= rate
        if loss < best * (1 - 1e-4):
            best, since = loss, 0
        else:
            since += 1
        if since > 2:
            rate, since = rate * 0.5, 0
    flags = ["train", "--data", "x.csv", "--batch", "2", "--quiet"]
    run("./m", *flags, "--epochs", "14", "--schedule", "plateau:2:0.5", "--save", "a.safetensors", cwd=folder)
    run("./m", *flags, "--epochs", "8", "--schedule", "plateau:2:0.5", "--save", "b.safetensors", cwd=folder)
    run("./m", *flags, "--epochs", "14", "--resume", "--save", "b.safetensors", cwd=folder)
    for name in "ab":
        (got,) = tensors(f"{folder}/{name}.safetensors")["w"]
        expect(got == weight, f"{name}: the rates sum to {-got}, not {-weight}")
    expect(rate == 0.125, rate)


@case
def rows_and_batches(folder):
    """--no-shuffle and --drop-last against a loop of plain gradient steps in double precision."""
    for flags, used in ((["--no-shuffle"], 21), (["--no-shuffle", "--drop-last"], 20)):
        train(folder, *flags, epochs=3, name="w")
        train(folder, *flags, epochs=0, name="w0")
        w, b = line_of(f"{folder}/w0.safetensors")
        for _ in range(3):
            for first in range(0, used, 4):
                batch = ROWS[first : first + 4]
                errors = [(w * x + b - y, x) for x, y in batch]
                gw, gb = (2 * sum(e * x for e, x in errors) / len(batch), 2 * sum(e for e, _ in errors) / len(batch))
                w, b = w - 0.01 * gw, b - 0.01 * gb
        found = line_of(f"{folder}/w.safetensors")
        expect(near(found[0], w) and near(found[1], b), f"{flags}: {found} is not {(w, b)}")
    expect(train(folder, "--no-shuffle") != train(folder), "shuffling does nothing")


@case
def split_holds_rows_out(folder):
    """A tenth that must be guessed: the validation losses come from rows that training does not see."""
    rows = [(float(i), 0.0) for i in range(-5, 5)] * 2
    output = train(folder, "--split", "0.2", "--history", "h.csv", rows=rows)
    expect(len(losses(output, "val_loss")) == 2, output)
    expect(train(folder, "--split", "0.2", rows=rows) == output, "the split is another one each time")
    write(folder, "all.csv", csv(rows))
    whole, _ = run(program(SIMPLE), "eval", "--data", "all.csv", "--load", "w.safetensors", cwd=folder)
    expect(not near(losses(whole)[0], losses(output, "val_loss")[-1]), "all rows give the loss of the held-out ones")


@case
def standardize_is_kept_with_the_weights(folder):
    rows = [(100 + 5 * x, y) for x, y in ROWS]
    train(folder, "--standardize", "x", rows=rows, epochs=200)
    w, b = line_of(f"{folder}/w.safetensors")
    mean = sum(x for x, _ in rows) / len(rows)
    deviation = (sum((x - mean) ** 2 for x, _ in rows) / len(rows)) ** 0.5
    scaled = [((x - mean) / deviation, y) for x, y in rows]
    output, _ = run(program(SIMPLE), "eval", "--data", "d.csv", "--load", "w.safetensors", cwd=folder)
    expect(near(losses(output)[0], mean_squares(w, b, scaled)), output)
    run(program(SIMPLE), "predict", "--data", "x=105,", "--load", "w.safetensors", cwd=folder, status=1)
    output, _ = run(program(SIMPLE), "predict", "--data", "x=105", "--load", "w.safetensors", cwd=folder)
    expect(near(float(output.split()[1]), w * (105 - mean) / deviation + b), output)


@case
def patience_stops(folder):
    output = train(folder, "--lr", "0", "--no-shuffle", "--patience", "3", epochs=50)
    expect(len(losses(output)) == 4 and output.endswith("stopped: loss has not improved since epoch 1\n"), output)


@case
def seeds_threads_and_devices(folder):
    plain = train(folder, name="a")
    for flags in (["--threads", "1"], ["--threads", "2"], ["--device", "auto"], ["--device", "cpu"], ["--seed", "0"]):
        expect(train(folder, *flags, name="b") == plain, f"{flags} changes the losses")
        same(f"{folder}/a.safetensors", f"{folder}/b.safetensors")
    expect(train(folder, "--seed", "3", name="b") != plain, "--seed does nothing")


@case
def load_starts_from_weights(folder):
    train(folder, epochs=2, name="two")
    train(folder, "--load", "two.safetensors", "--lr", "0", epochs=1, name="same")
    expect(tensors(f"{folder}/two.safetensors") == tensors(f"{folder}/same.safetensors"), "the weights are others")


@case
def data_by_name_and_place(folder):
    """One data set in the shapes that --data takes gives one result."""
    write(folder, "d.csv", csv(ROWS))
    write(folder, "sheet.csv", csv([(y, 0.0, x) for x, y in ROWS], "target,unused,width"))
    write(folder, "in/x.npy", npy("f8", (21, 1), [x for x, _ in ROWS]))
    write(folder, "in/y.npy", npy("f8", (21, 1), [y for _, y in ROWS]))
    results = set()
    for data in (["d.csv"], ["in"], ["in/x.npy", "in/y.npy"], ["sheet.csv", "x=width", "y=target"],
                 ["x=d.csv:x", "y=in/y.npy"], ["x=sheet.csv:width", "y=sheet.csv:target"]):
        results.add(run(program(SIMPLE), "train", *[word for value in data for word in ("--data", value)], "--epochs",
                        "2", "--lr", "0.01", cwd=folder)[0])
    expect(len(results) == 1, f"{len(results)} results: {results}")


@case
def bench_prints_json(folder):
    output, _ = run(program(SIMPLE), "bench", "--json", "--time", "0.01", "--batch", "50")
    found = {entry["entry"]: entry for entry in json.loads(output)}
    expect(set(found) == {"loss", "predict"} and found["loss"]["kind"] == "train"
           and found["loss"]["dims"] == {"B": 50}, output)
    expect(all(0 < entry["min_ns"] <= entry["median_ns"] and entry["runs"] > 0 for entry in found.values()), output)
    one, _ = run(program(SIMPLE), "bench", "--json", "--time", "0.01", "--entry", "predict", "--dim", "B=7")
    expect([(e["entry"], e["dims"]) for e in json.loads(one)] == [("predict", {"B": 7})], one)


@case
def save_every_few_epochs(folder):
    """A run that is killed as soon as there is a checkpoint: it is of an even epoch; and saving changes no result."""
    write(folder, "d.csv", csv(ROWS))
    child = subprocess.Popen([program(SIMPLE), "train", "--data", "d.csv", "--epochs", "1000000000", "--quiet", "--save",
                              "w.safetensors", "--save-every", "2"], cwd=folder)
    end = time.monotonic() + 60
    while not os.path.exists(f"{folder}/w.safetensors") and time.monotonic() < end:
        time.sleep(0.001)
    child.kill()
    child.wait()
    output, _ = run(program(SIMPLE), "train", "--data", "d.csv", "--epochs", "0", "--save", "w.safetensors", "--resume",
                    cwd=folder)
    done = re.fullmatch(r"already trained for (\d+) epochs\n", output)
    expect(done and int(done.group(1)) > 0 and int(done.group(1)) % 2 == 0, output)
    train(folder, "--save-every", "1", epochs=3, name="often")
    train(folder, epochs=3, name="once")
    same(f"{folder}/often.safetensors", f"{folder}/once.safetensors")
