"""What a person sees: a progress bar on a terminal, plain lines everywhere else, colour nowhere."""
import os
import pty
import re
import select
import subprocess
import time

from case import case, example, expect, losses, program, run, write


def on_terminal(command, cwd, columns=80, environment=None):
    """Runs a command on a pseudo-terminal; returns its status and all that it wrote there."""
    import fcntl
    import struct
    import termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen(command, cwd=cwd, stdin=slave, stdout=slave, stderr=slave, close_fds=True,
                             env={**os.environ, "TERM": "xterm-256color", **(environment or {})})
    os.close(slave)
    seen, end = b"", time.monotonic() + 300
    while time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            seen += piece
        elif child.poll() is not None:
            break
    os.close(master)
    return child.wait(timeout=10), seen.decode()


def screen(text):
    """The lines that stay on the screen: a carriage return starts a line again, ESC [ K erases the rest of it."""
    lines = [""]
    column = 0
    for token in re.findall(r"\x1b\[K|\r|\n|[^\r\n\x1b]+", text):
        if token == "\n":
            lines.append("")
            column = 0
        elif token == "\r":
            column = 0
        elif token == "\x1b[K":
            lines[-1] = lines[-1][:column]
        else:
            lines[-1] = lines[-1][:column] + token + lines[-1][column + len(token):]
            column += len(token)
    return lines


def slow_run(folder):
    """The words of a training whose epochs take some tenths of a second."""
    rows = "".join(f"{i % 7},{i % 5}\n" for i in range(1200000))
    write(folder, "d.csv", "x,y\n" + rows)
    return [program("lecture/nonlinear_deep"), "train", "--data", "d.csv", "--epochs", "3", "--batch", "1"]


@case
def bar_on_a_terminal(folder):
    command = slow_run(folder)
    status, text = on_terminal(command, folder)
    expect(status == 0, f"it exits with {status}: {text[-300:]}")
    bars = re.findall(r"epoch 1/3 \[(=*) *\] +(\d+)/1200000", text)
    expect(len(bars) >= 2, f"the bar was drawn {len(bars)} times: {text[:300]!r}")
    expect([int(n) for _, n in bars] == sorted(int(n) for _, n in bars), "it goes back")
    lines = screen(text)
    expect([line for line in lines if line] == [line for line in lines if re.fullmatch(r"epoch: \d, loss: [\d.]+", line)]
           and len([line for line in lines if line]) == 3, f"this stays on the screen: {lines}")
    codes = set(re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]", text))
    expect(codes <= {"\x1b[K"}, f"it writes the codes {codes}")
    return f"{len(bars)} bars in the first epoch"


@case
def bar_fits_a_narrow_terminal(folder):
    _, text = on_terminal(slow_run(folder), folder, columns=40)
    drawn = [part for part in re.split(r"[\r\n]|\x1b\[K", text) if part.startswith("epoch ")]
    expect(drawn and all(len(part) < 40 for part in drawn), f"too wide: {max(drawn, key=len)!r}")


@case
def plain_lines_without_a_terminal(folder):
    command = slow_run(folder)
    stdout, stderr = run(*command, cwd=folder)
    expect(re.fullmatch(r"(epoch: \d, loss: [\d.]+\n){3}", stdout) and stderr == "", stdout + stderr)
    for environment in ({"TERM": "dumb"}, {"NO_COLOR": "1", "TERM": "dumb"}):
        _, text = on_terminal(command, folder, environment=environment)
        expect(text.replace("\r\n", "\n") == stdout, f"with {environment} it prints {text!r}")


@case
def no_colour_when_asked(folder):
    """Neither where NO_COLOR forbids it nor anywhere else: nothing here needs it."""
    write(folder, "d.csv", "x,y\n1,two\n")
    for environment in ({}, {"NO_COLOR": "1"}):
        status, text = on_terminal([program("lecture/simple"), "train", "--data", "d.csv"], folder,
                                   environment=environment)
        expect(status == 1 and text == 'error: d.csv:2:3: "two" is not a number (column y)\r\n', repr(text))


@case
def quiet_prints_nothing(folder):
    command = [program("lecture/simple"), "train", "--data", example("lecture/data/simple.csv"), "--quiet", "--save",
               "w.safetensors"]
    stdout, stderr = run(*command, cwd=folder)
    expect(stdout == stderr == "", stdout + stderr)
    _, text = on_terminal(command, folder)
    expect(text == "", f"on a terminal it prints {text!r}")
    expect(losses(run(program("lecture/simple"), "eval", "--data", example("lecture/data/simple.csv"), "--load",
                      "w.safetensors", cwd=folder)[0])[0] < 1000, "it has not learned")
