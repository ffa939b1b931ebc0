"""What the end-to-end tests share: cases with names, running commands, reading safetensors."""
import json
import os
import re
import struct
import subprocess
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.abspath(os.environ.get("QUERN_BUILD", os.path.join(ROOT, "build")))
QUERN = os.path.join(BUILD, "bin/quern")
EXAMPLES = os.path.join(ROOT, "examples")
CASES = []


def case(function):
    """Registers a function as the case of its name; it gets a folder of its own, and fails by raising."""
    CASES.append((function.__module__ + "." + function.__name__, function))
    return function


def run(*words, status=0, cwd=None):
    """Runs a command and returns its stdout and stderr; raises where it does not exit with `status`."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=600)
    if done.returncode != status:
        what = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise AssertionError(f"{os.path.basename(words[0])} {words[1:3]} exits with {done.returncode}: {what}")
    return done.stdout, done.stderr


def held_to_permissions(*command):
    """A command that a folder's permissions hold back, as they do not hold back root."""
    if os.geteuid() != 0:
        return command
    rights = "-dac_override,-dac_read_search"
    return ("setpriv", "--bounding-set=" + rights, "--inh-caps=" + rights, "--", *command)


def example(name):
    return os.path.join(EXAMPLES, name)


_programs = {}
_folder = tempfile.TemporaryDirectory()


def program(source):
    """The native program of examples/SOURCE.qn, or of SOURCE.qn where that is a whole path, built once."""
    if source not in _programs:
        path = os.path.join(_folder.name, source.strip("/").replace("/", "-"))
        run(QUERN, "build", example(source + ".qn"), "-o", path)
        _programs[source] = path
    return _programs[source]


def preloaded(name):
    """The shared library of tests/e2e/NAME.c, built once, for LD_PRELOAD."""
    path = os.path.join(_folder.name, name + ".so")
    if not os.path.exists(path):
        run("clang-22", "-shared", "-fPIC", "-O1", "-fno-builtin", f"{ROOT}/tests/e2e/{name}.c", "-o", path)
    return path


def full_disk(folder, left, *command, status=1):
    """Runs a command with that many bytes left on the disk."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600,
                          env={**os.environ, "LD_PRELOAD": preloaded("full_disk"), "QUERN_TEST_DISK_BYTES": str(left)})
    expect(done.returncode == status, f"with {left} bytes left it exits with {done.returncode}: {done.stderr}")
    return done.stdout, done.stderr


def write(folder, name, content):
    """Writes text or bytes to a file of the folder, whose own folders it makes."""
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def snapshot(folder):
    """Every file below the folder, by path, as bytes."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                found[os.path.relpath(os.path.join(place, name), folder)] = file.read()
    return found


def losses(text, figure="loss"):
    return [float(n) for n in re.findall(rf"\b{figure}: (\S+?)(?:,|$)", text, re.M)]


def expect(condition, why):
    if not condition:
        raise AssertionError(why)


def tensors(path):
    """The f32 tensors of a safetensors file, by name."""
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, last = entry["data_offsets"]
            found[name] = struct.unpack(f"<{(last - first) // 4}f", data[8 + size + first : 8 + size + last])
    return found


def same(left, right):
    expect(open(left, "rb").read() == open(right, "rb").read(), f"{left} and {right} differ")
