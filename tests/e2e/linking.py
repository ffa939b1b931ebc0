"""Installation, and programs outside the tree that link models: with CMake, with pkg-config, and from the package."""
import glob
import os
import re
import shutil
import struct
import subprocess
import tempfile

from case import BUILD, QUERN, ROOT, case, example, expect, full_disk, held_to_permissions, run, write

_installed = tempfile.TemporaryDirectory()


def prefix():
    """An installation, made once."""
    path = f"{_installed.name}/quern"
    if not os.path.exists(path):
        run("cmake", "--install", BUILD, "--prefix", path)
    return path


def configure(folder, *flags, status=0):
    """Configures the project of the folder with the installed Quern; returns the messages, one line each."""
    text = "\n".join(run("cmake", "-S", folder, "-B", f"{folder}/build", f"-DCMAKE_PREFIX_PATH={prefix()}", *flags,
                         status=status))
    return re.sub(r"\n  (?=\S)", " ", text)


def make(folder, status=0):
    done = subprocess.run(("cmake", "--build", f"{folder}/build"), capture_output=True, text=True, timeout=600)
    text = done.stdout + done.stderr
    expect(done.returncode == status, f"cmake --build exits with {done.returncode}: {text[-600:]}")
    return text


def two_models(generator):
    def check(folder):
        """A copy of examples/apps/two_models builds, and builds anew what a change reaches and nothing else."""
        app = f"{folder}/app"
        shutil.copytree(example("apps/two_models"), app)
        configure(app, "-G", generator)
        expect("Compiling the model alarm" in make(app), "the model was not compiled")
        output, _ = run(f"{app}/build/sensor")
        expect([line.endswith(": broken") for line in output.splitlines()[2:]] == [False] * 3 + [True] + [False] * 2, output)
        expect("Compiling" not in make(app), "a model is compiled again though nothing changed")
        with open(f"{app}/alarm.qn", "a") as file:
            file.write("\n")
        text = make(app)
        expect("model alarm" in text and "model forecast" not in text and "sensor" in text, text)
        write(app, "hidden.qn", open(f"{app}/hidden.qn").read().replace("width = 16", "width = 24"))
        text = make(app)
        expect("model alarm" in text and "model forecast" in text, "an import changed, and no model was compiled: " + text)
        write(app, "hidden.qn", open(f"{app}/hidden.qn").read().replace("tanh(", "tahn("))
        text = make(app, status=1 if "Ninja" in generator else 2)
        expect(f"{app}/hidden.qn:8:16: error: `tahn` is not defined" in text, text)
    check.__name__, check.__module__ = "app_of_two_models_" + generator.split()[-1].lower(), __name__
    case(check)


two_models("Ninja")
two_models("Unix Makefiles")


@case
def project_in_c_alone(folder):
    """No C++ compiler is asked for; HEADER, NAME, DIM, MCPU, IMPORTS and FLAGS reach the compiler."""
    write(folder, "layers/scale.qn", "def doubled(x: f32[B, 1]) -> f32[B, 1]:\n    return 2 * x\n")
    write(folder, "my-model.qn", "from scale import doubled\n@export\ndef twice(x: f32[B, 1]) -> f32[B, 1]:\n    return doubled(x)\n")
    write(folder, "main.c", '#include "net.h"\n#include "quern/quern.h"\n#include <stdio.h>\n'
          "int main(void) { printf(\"%s %s\\n\", quern_model_doubling.name, quern_model_doubling.flags); return 0; }\n")
    write(folder, "CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(app LANGUAGES C)\nfind_package(Quern 0.1 REQUIRED)\n"
          "quern_add_model(net my-model.qn NAME doubling HEADER net.h DIM B=1 B=8 MCPU x86-64-v3 IMPORTS layers FLAGS -O1)\n"
          "add_executable(app main.c)\ntarget_link_libraries(app PRIVATE net)\n")
    configure(folder, "-G", "Ninja")
    make(folder)
    output, _ = run(f"{folder}/build/app")
    expect(output == "doubling --dim=B=1 --dim=B=8 --mcpu=x86-64-v3 -O1\n", output)


@case
def embedded_weights_of_a_project(folder):
    """EMBED makes the weights part of the program, which is built anew when their file changes; ENTRIES drops the rest."""
    shutil.copy(example("embed/line.qn"), folder)
    write(folder, "main.c", '#include "line.h"\n#include <stdio.h>\nint main(void) {\n'
          "  quern_instance *line;\n  line_predict_call call;\n  float x = 2, y;\n  line_predict_inputs in = {&x};\n"
          "  line_predict_outputs out = {&y};\n"
          "  if (line_create(NULL, NULL, &line) || line_predict_create(line, 1, NULL, &call) ||\n"
          "      line_predict(call, 1, &in, NULL, &out))\n    return 1;\n"
          '  printf("%g\\n", (double)y);\n  line_predict_destroy(call);\n  quern_instance_destroy(line);\n  return 0;\n}\n')
    write(folder, "CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(app LANGUAGES C)\nfind_package(Quern REQUIRED)\n"
          "quern_add_model(line line.qn ENTRIES predict EMBED line.safetensors)\nadd_executable(app main.c)\n"
          "target_link_libraries(app PRIVATE line)\n")
    for weight, bias in ((3, 1), (5, -1)):
        header = b'{"weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"bias":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
        with open(f"{folder}/line.safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header + struct.pack("<2f", weight, bias))
        if weight == 3:
            configure(folder, "-G", "Ninja")
        make(folder)
        output, _ = run(f"{folder}/build/app")
        expect(output == f"{2 * weight + bias}\n", output)
    expect("line_loss" not in open(f"{folder}/build/quern/line/line.h").read(), "ENTRIES does not reach the compiler")


@case
def model_in_a_shared_library(folder):
    """A model inside a shared library of the project, which is position-independent."""
    shutil.copy(example("embed/line.qn"), folder)
    write(folder, "name.c", '#include "line.h"\nconst char *name(void) { return quern_model_line.name; }\n')
    write(folder, "main.c", "#include <stdio.h>\nconst char *name(void);\nint main(void) { return puts(name()) < 0; }\n")
    write(folder, "CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(app LANGUAGES C)\nfind_package(Quern REQUIRED)\n"
          "quern_add_model(line line.qn)\nadd_library(name SHARED name.c)\ntarget_link_libraries(name PRIVATE line)\n"
          "add_executable(app main.c)\ntarget_link_libraries(app PRIVATE name)\n")
    configure(folder, "-G", "Ninja")
    make(folder)
    expect(run(f"{folder}/build/app")[0] == "line\n", "the name of the model")


@case
def moved_installation_with_pkg_config(folder):
    moved = f"{folder}/somewhere else"
    shutil.copytree(prefix(), moved)
    shutil.copytree(example("embed"), f"{folder}/app")
    run(f"{moved}/bin/quern", "build", "line.qn", "-o", "line.a", cwd=f"{folder}/app")
    os.environ["PKG_CONFIG_PATH"] = f"{moved}/lib/pkgconfig"
    try:
        script = ('eval "cc $(pkg-config --cflags quern) train.c line.a $(pkg-config --libs quern) -o train"\n'
                  "./train line.safetensors\npkg-config --modversion quern")
        output, _ = run("sh", "-euc", script, cwd=f"{folder}/app")
    finally:
        del os.environ["PKG_CONFIG_PATH"]
    version = run(QUERN, "--version")[0].split()[1]
    expect(output.startswith("loss after 200 steps: 0.00") and output.endswith(version + "\n"), output)
    texts = [path for path in glob.glob(f"{moved}/lib/**", recursive=True) if path.endswith((".cmake", ".pc"))]
    expect(len(texts) >= 5, texts)
    for path in texts:
        text = open(path).read()
        expect(_installed.name not in text and BUILD not in text and ROOT not in text, f"{path} names a folder of its making")


@case
def debian_package(folder):
    """The package, unpacked into a folder of its own, does what the README says; tests/package/check.sh installs it."""
    run("cpack", "--config", f"{BUILD}/CPackConfig.cmake", "-B", folder, cwd=folder)
    (package,) = glob.glob(f"{folder}/*.deb")
    size = os.path.getsize(package)
    expect(size < 5_000_000, f"it has {size} bytes")
    fields = run("dpkg-deb", "-f", package)[0]
    for pattern in (r"^Package: quern$", r"^Version: \d+\.\d+\.\d+$", r"^Maintainer: .+ <.+@.+>$", r"^Architecture: amd64$"):
        expect(re.search(pattern, fields, re.M), f"{pattern} is not in {fields}")
    depends = re.search("^Depends: (.*)$", fields, re.M).group(1)
    names = {word.split()[0] for word in depends.split(", ")}
    expect({"libc6", "libllvm22", "libmlir-22", "libstdc++6"} <= names, depends)
    expect(not any(name.endswith("-dev") for name in names), depends)
    run("dpkg-deb", "-x", package, f"{folder}/root")
    usr = f"{folder}/root/usr"
    run("sh", f"{ROOT}/tests/package/readme_example.sh", f"{ROOT}/README.md", f"{usr}/bin/quern", f"{usr}/share/quern/examples",
        cwd=folder)
    return f"{size} bytes"


# What stands in a project's CMakeLists.txt, and the message.
WRONG_PROJECTS = {
    "missing_file": ("quern_add_model(m gone.qn)", "quern_add_model(m): there is no file {folder}/gone.qn"),
    "folder": ("quern_add_model(m .)", "quern_add_model(m): there is no file {folder}"),
    "one_name_twice": ("quern_add_model(first line.qn)\nquern_add_model(second line.qn)",
                       "quern_add_model(second): the target first has a model of the name 'line' already; give one of them another NAME"),
    "name": ("quern_add_model(m line.qn NAME my-line)", "NAME takes an identifier of C, not 'my-line'"),
    "empty_name": ('quern_add_model(m line.qn NAME "")', "quern_add_model(m): NAME has no value"),
    "header": ("quern_add_model(m line.qn HEADER my-line.h)", "HEADER takes an identifier with the suffix .h, not 'my-line.h'"),
    "header_suffix": ("quern_add_model(m line.qn HEADER line.hpp)", "HEADER takes an identifier with the suffix .h, not 'line.hpp'"),
    "header_folder": ("quern_add_model(m line.qn HEADER ../line.h)", "HEADER takes an identifier with the suffix .h, not '../line.h'"),
    "dim": ("quern_add_model(m line.qn DIM B=many)", "DIM takes NAME=SIZE with a size of at least 0, not 'B=many'"),
    "second_dim": ("quern_add_model(m line.qn DIM B=1 =2)", "DIM takes NAME=SIZE with a size of at least 0, not '=2'"),
    "argument": ("quern_add_model(m line.qn CPU host)", "there is no argument 'CPU'; there are NAME, HEADER, DIM, MCPU, ENTRIES, EMBED, IMPORTS and FLAGS"),
    "value": ("quern_add_model(m line.qn MCPU)", "MCPU has no value"),
    "target": ("add_custom_target(m)\nquern_add_model(m line.qn)", "there is a target of this name already"),
    "weights": ("quern_add_model(m line.qn EMBED gone.safetensors)", "quern_add_model(m): there is no file {folder}/gone.safetensors"),
    "version": ("find_package(Quern 9 REQUIRED)", 'compatible with requested version "9"'),
}


def wrong_project(name, lines, message):
    def check(folder):
        shutil.copy(example("embed/line.qn"), folder)
        write(folder, "CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(app LANGUAGES C)\nfind_package(Quern REQUIRED)\n" + lines)
        text = " ".join(configure(folder, "-G", "Ninja", status=1).split())
        expect(message.format(folder=folder) in text, text)
    check.__name__, check.__module__ = "wrong_project_" + name, __name__
    case(check)


for name, (lines, message) in WRONG_PROJECTS.items():
    wrong_project(name, lines, message)


@case
def wrong_cpu_of_a_project(folder):
    """What only the compiler can tell is told when the project is built."""
    shutil.copy(example("embed/line.qn"), folder)
    write(folder, "CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(app LANGUAGES C)\nfind_package(Quern REQUIRED)\n"
          "quern_add_model(line line.qn MCPU z80)\n")
    configure(folder, "-G", "Ninja")
    text = make(folder, status=1)
    expect("\nerror: unknown CPU 'z80'" in text, text)


@case
def objects_of_one_name_do_not_link(folder):
    """The linker's message names the model's symbol."""
    for folder_name, source in (("a", "simple"), ("b", "multiple")):
        os.mkdir(f"{folder}/{folder_name}")
        run(QUERN, "build", example(f"lecture/{source}.qn"), "-o", f"{folder}/{folder_name}/m.o", "--name", "line")
    write(folder, "main.c", "int main(void) { return 0; }\n")
    _, stderr = run("cc", "main.c", "a/m.o", "b/m.o", f"{BUILD}/lib/libquern.a", "-lm", cwd=folder, status=1)
    expect(re.search(r"multiple definition of `quern_model_line'", stderr), stderr)


@case
def prefix_that_cannot_be_written(folder):
    """Installing says which file could not be made and why: in a file, read-only, and on a full disk."""
    write(folder, "file", "")
    _, stderr = run("cmake", "--install", BUILD, "--prefix", f"{folder}/file/p", status=1)
    stderr = " ".join(stderr.split())
    expect(f"cannot install into {folder}/file/p: mkdir: cannot create directory" in stderr and "Not a directory" in stderr, stderr)
    locked = tempfile.mkdtemp()
    try:
        os.chmod(locked, 0o555)
        _, stderr = run(*held_to_permissions("cmake", "--install", BUILD, "--prefix", locked), status=1)
        stderr = " ".join(stderr.split())
        expect(f"cannot install into {locked}: mktemp: failed" in stderr and "Permission denied" in stderr, stderr)
        expect(not os.listdir(locked), "something was installed")
    finally:
        os.rmdir(locked)
    full = f"{folder}/full"
    _, stderr = full_disk(folder, 1_000_000, "cmake", "--install", BUILD, "--prefix", full)
    stderr = " ".join(stderr.split())
    expect("No space left on device" in stderr and f"{full}/" in stderr, stderr)
