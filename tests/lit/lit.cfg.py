# Runs the FileCheck tests with the tools of this build and of LLVM.
import os
import shutil
import lit.formats

config.name = "quern"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".mlir", ".qn", ".test"]
config.excludes = ["Inputs", "programs", "wrong"]
config.test_source_root = os.path.dirname(__file__)
build = os.environ.get("QUERN_BUILD", os.path.join(config.test_source_root, "../../build"))
config.test_exec_root = os.path.join(build, "tests/lit")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(os.path.abspath(build), "bin"), "/usr/lib/llvm-22/bin", os.environ["PATH"]]
)
# NVIDIA's assembler, which no part of Quern needs, shows whether it would take the PTX.
ptxas = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))
config.substitutions.append(("%build", os.path.abspath(build)))
