"""The console blocks of pages: each line behind `$` is a command, and what follows is what it prints. Checks that they
print it still, numbers with a fraction within 1 %, or with --write puts in what they print. Pictures
that a page shows are compared by their texts, and renewed.
usage: pages.py [--write] PAGE..."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.abspath(os.environ.get("QUERN_BUILD", os.path.join(ROOT, "build")))
BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.M | re.S)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.M)
NUMBER = re.compile(r"(-?\d+\.\d*(?:e[+-]?\d+)?|-?\d+e[+-]?\d+)")
OMITTED = "...\n"
PICTURE = re.compile(r"\]\((pictures/[\w.-]+)\)")
LABEL = re.compile(r"<text[^>]*>([^<]*)<")


def prepare(page, folder):
    """A folder with what stands beside the page, and an environment where `quern` and $QUERN are the build's."""
    beside = os.path.dirname(os.path.abspath(page))
    work, prefix = os.path.join(folder, "work"), os.path.join(folder, "quern")
    os.makedirs(work)
    os.makedirs(prefix)
    for name in os.listdir(beside):
        os.symlink(os.path.join(beside, name), os.path.join(work, name))
    for name, target in (("bin", f"{BUILD}/bin"), ("lib", f"{BUILD}/lib"), ("include", f"{ROOT}/runtime/include")):
        os.symlink(target, os.path.join(prefix, name))
    environment = dict(os.environ, QUERN=prefix, PATH=f"{prefix}/bin:{os.environ['PATH']}", NO_COLOR="1")
    return work, environment


def execute(command, work, environment):
    done = subprocess.run(["sh", "-c", command], cwd=work, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    return done.stdout


def drawn(page, text, work):
    """For each picture that the page shows: where it lies, and where the commands have drawn it, or None."""
    made = {name: os.path.join(place, name) for place, _, names in os.walk(work) for name in names}
    for picture in PICTURE.findall(text):
        yield os.path.join(os.path.dirname(os.path.abspath(page)), picture), made.get(os.path.basename(picture))


def labels(path):
    with open(path) as file:
        return LABEL.findall(file.read())


def same_line(expected, actual):
    left, right = NUMBER.split(expected), NUMBER.split(actual)
    if len(left) != len(right):
        return False
    for i, (one, other) in enumerate(zip(left, right)):
        if i % 2:
            if abs(float(one) - float(other)) > 0.01 * max(1, abs(float(one))):
                return False
        elif one.split() != other.split():  # a number's width may change the blanks around it
            return False
    return True


def parts(expected, actual):
    """Pairs of expected and actual lines; those that a line of dots stands for are left out."""
    wanted, printed = expected.splitlines(True), actual.splitlines(True)
    if OMITTED in wanted:
        at = wanted.index(OMITTED)
        tail = len(wanted) - at - 1
        if len(printed) >= at + tail:
            return wanted[:at] + wanted[at + 1:], printed[:at] + printed[len(printed) - tail:]
    return wanted, printed


def check(page):
    """Runs the page's commands; returns how many there are, and what each that prints something else prints."""
    differences, count = [], 0
    with tempfile.TemporaryDirectory() as folder, open(page) as file:
        work, environment = prepare(page, folder)
        text = file.read()
        for block in BLOCK.findall(text):
            for command, expected in COMMAND.findall(block):
                count += 1
                actual = execute(command, work, environment)
                wanted, printed = parts(expected, actual)
                if len(wanted) != len(printed) or not all(map(same_line, wanted, printed)):
                    differences.append(f"$ {command}\nprints\n{actual}and not\n{expected}")
        for kept, made in drawn(page, text, work):
            if not made or not os.path.exists(kept) or labels(kept) != labels(made):
                differences.append(f"{kept} has other texts than what is drawn")
    return count, differences


def rewrite(page):
    with tempfile.TemporaryDirectory() as folder:
        work, environment = prepare(page, folder)

        def renew(match):
            command, expected = match.groups()
            actual = execute(command, work, environment)
            if OMITTED in expected.splitlines(True):
                _, shown = parts(expected, actual)
                at = expected.splitlines(True).index(OMITTED)
                actual = "".join(shown[:at] + [OMITTED] + shown[at:])
            return f"$ {command}\n{actual}"
        with open(page) as file:
            text = file.read()
        text = BLOCK.sub(lambda block: COMMAND.sub(renew, block.group()), text)
        with open(page, "w") as file:
            file.write(text)
        for kept, made in drawn(page, text, work):
            if not made:
                sys.exit(f"{page}: no command draws {kept}")
            shutil.copyfile(made, kept)


if __name__ == "__main__":
    pages = [word for word in sys.argv[1:] if word != "--write"]
    bad = 0
    for name in pages:
        if "--write" in sys.argv:
            rewrite(name)
            continue
        number, wrong = check(name)
        bad += len(wrong)
        print(*wrong, f"{name}: {number} commands, {len(wrong)} print something else", sep="\n")
    sys.exit(bad > 0)
