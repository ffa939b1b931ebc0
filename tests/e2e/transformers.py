"""Transformers against PyTorch: state dicts load by name, and one step from them has PyTorch's loss and gradients.
tests/e2e/torch/make_transformers.py made the files."""
import json
import math
import os

from case import QUERN, ROOT, case, example, expect, run, tensors, write

TORCH = f"{ROOT}/tests/e2e/torch"


def step_agrees(folder, program, state, batch):
    """The program trains by SGD(lr=1.0), so the gradient is what a step takes off the weights."""
    after, history = f"{folder}/after.safetensors", f"{folder}/history.jsonl"
    run(program, "train", "--data", f"{TORCH}/{batch}.safetensors", "--load", f"{TORCH}/{state}.safetensors", "--epochs", "1",
        "--batch", "3", "--save", after, "--history", history)
    before, after = tensors(f"{TORCH}/{state}.safetensors"), tensors(after)
    wanted = tensors(f"{TORCH}/{state}_gradients.safetensors")
    (loss,) = wanted.pop("loss")
    (line,) = [json.loads(line) for line in open(history) if "loss" in line]
    expect(abs(line["loss"] - loss) <= 1e-5 * abs(loss), f"{state}: the loss is {line['loss']}, PyTorch has {loss}")
    worst = 0
    for name, gradient in wanted.items():
        got = [a - b for a, b in zip(before[name], after[name])]
        norm = math.sqrt(sum(g * g for g in gradient))
        # Half an ulp of each weight is lost when its gradient is taken off.
        lost = math.sqrt(sum((b * 2.0**-24) ** 2 for b in before[name]))
        difference = math.sqrt(sum((a - b) ** 2 for a, b in zip(got, gradient)))
        expect(difference <= 1e-4 * norm + 2 * lost, f"{state}: the gradient of {name} differs by {difference} of {norm}")
        if norm > 0:
            worst = max(worst, difference / norm)
    return worst


def built(folder, source):
    run(QUERN, "build", source, "-o", f"{folder}/model")
    return f"{folder}/model"


@case
def layers_agree_with_pytorch(folder):
    """Masks of both kinds, padding, grouped queries, rotary positions, each layout and order of the layers."""
    worst = step_agrees(folder, built(folder, f"{TORCH}/transformers.qn"), "transformers_0", "transformers_batch")
    return f"gradients within {worst:.1e}"


@case
def gpt_agrees_with_pytorch(folder):
    """The example's own file, small and without dropout, from three states of a training by PyTorch."""
    text = open(example("gpt/gpt.qn")).read()
    for old, new in (("= 128, 128, 128, 4, 4", "= 32, 12, 8, 2, 2"), ("Dropout(0.1)", "Dropout(0.0)")):
        expect(text.count(old) == 1, f"the example lacks {old}")
        text = text.replace(old, new)
    lines = [line if not line.startswith("@train") else "@train(SGD(lr=1.0))" for line in text.split("\n")]
    write(folder, "gpt.qn", "\n".join(lines))
    program = built(folder, f"{folder}/gpt.qn")
    worst = max(step_agrees(folder, program, f"gpt_{step}", "gpt_batch") for step in (0, 10, 20))
    return f"gradients within {worst:.1e}"


@case
def a_byte_beyond_the_vocabulary_is_an_error(folder):
    run(QUERN, "build", example("gpt/gpt.qn"), "-o", f"{folder}/gpt")
    write(folder, "t.txt", "Caf\u00e9 au lait. " * 30)
    _, errors = run(f"{folder}/gpt", "train", "--data", "x=t.txt:16", "--data", "y=t.txt:16+1", "--batch", "4", "--save",
                    "w.safetensors", cwd=folder, status=1)
    expect("195 at position" in errors and "is outside [0, 128)" in errors, errors)
    expect(not os.path.exists(f"{folder}/w.safetensors"), "weights were saved")
