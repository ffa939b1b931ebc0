"""The models of examples/ that learn from data that ship: the commands of their pages, and what they reach; others on
made-up text."""
import os
import re
import shutil

from case import EXAMPLES, QUERN, case, expect, losses, run, write


def page(folder, name):
    """Runs the commands of examples/NAME/README.md in a copy of the examples; what they print, in order."""
    for part in (name, "digits"):
        shutil.copytree(f"{EXAMPLES}/{part}", f"{folder}/{part}")
    (block,) = re.findall(r"```\n(.*?)```", open(f"{folder}/{name}/README.md").read(), re.S)
    outputs = []
    for line in block.splitlines():
        words = [QUERN if word == "quern" else word for word in line.split()]
        outputs.append(run(*words, cwd=f"{folder}/{name}")[0])
    return outputs


def last(text, figure):
    return losses(text, figure)[-1]


@case
def autoencoder(folder):
    _, _, seen = page(folder, "autoencoder")
    expect(last(seen, "loss") < 0.02, seen)


@case
def vae(folder):
    _, trained, seen = page(folder, "vae")
    expect(losses(trained)[0] > 30 and last(seen, "loss") < 26 and 1 < last(seen, "kl") < 8, seen)


@case
def gan(folder):
    """Neither wins: the discriminator stays near, but below, what guessing costs, 2 log 2."""
    _, trained = page(folder, "gan")
    expect(1 < last(trained, "d_loss") < 1.386 and 0.5 < last(trained, "g_loss") < 2, trained)


@case
def policy(folder):
    _, trained, seen = page(folder, "policy")
    expect(losses(trained, "reward")[0] < 0.3 and last(seen, "accuracy") > 0.9, seen)


@case
def unet(folder):
    _, _, seen = page(folder, "unet")
    expect(last(seen, "accuracy") > 0.98, seen)


@case
def vit(folder):
    _, _, seen = page(folder, "vit")
    expect(last(seen, "accuracy") > 0.93, seen)


@case
def bert(folder):
    """Hidden bytes of a text that repeats itself are found."""
    write(folder, "t.txt", "the quick brown fox jumps over the lazy dog. " * 200)
    run(QUERN, "build", f"{EXAMPLES}/bert/bert.qn", "-o", "bert", cwd=folder)
    output, _ = run("./bert", "train", "--data", "x=t.txt:32", "--batch", "16", "--epochs", "30", "--lr", "0.003", "--save", "w.safetensors",
                    cwd=folder)
    found = losses(output)
    expect(found[0] > 2.5 and found[-1] < 1, output)
    return f"{found[0]} to {found[-1]} nats"


@case
def word2vec(folder):
    """Words that stand among the same words are nearest to each other."""
    shutil.copytree(f"{EXAMPLES}/word2vec", f"{folder}/word2vec")
    place = f"{folder}/word2vec"
    write(place, "input.txt", "".join(f"the {animal} eats {food} now. " for _ in range(150) for animal in ("cat", "dog", "cow")
                                      for food in ("fish", "meat", "grass")))
    run("python3", "prepare.py", "input.txt", cwd=place)
    run(QUERN, "build", "word2vec.qn", "-o", "word2vec", cwd=place)
    output, _ = run("./word2vec", "train", "--data", "pairs.npz", "--batch", "64", "--epochs", "4", "--save", "w.safetensors", cwd=place)
    found = losses(output)
    expect(found[-1] < found[0] - 0.3, output)
    words = open(f"{place}/words.txt").read().split("\n")
    expect(os.path.getsize(f"{place}/pairs.npz") > 1000 and words[0] == "<rare>" and "cow" in words, words)


@case
def mobilenet(folder):
    """It compiles, and every parameter has torchvision's name."""
    run(QUERN, "build", f"{EXAMPLES}/mobilenet/mobilenet_v2.qn", "-o", "m", "--entries", "predict", cwd=folder)
    output, _ = run("./m", "summary", cwd=folder)
    expect("Total params: 2,236,682" in output, output[-400:])
