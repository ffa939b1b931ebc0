"""Compares compiled programs with the golden losses: builds each model, starts it from the same weights,
feeds it the same batches and wants every loss of 100 steps within 1e-4 of PyTorch's, relatively.

    compare.py --quern build/bin/quern --runner build/bin/numerics_golden [MODEL...]
    compare.py --runner build/bin/numerics_golden_interpreter [MODEL...]

The first runner (GoldenMain.cpp) trains a compiled model through the C API; the second, without --quern,
takes the source and trains it in the reference interpreter. Exits with 1 after telling the worst step of
each model that disagrees."""
import argparse
import os
import subprocess
import sys
import tempfile

from models import FOLDER, MODELS, STEPS, batches, golden_losses, weights, write_safetensors

TOLERANCE = 1e-4
# State-dict names of the layers where they are not 0, 2, 4, ... of a Sequential.
LAYERS = {"linear": ["linear"], "mlp": ["1", "3", "5"]}


def compare(name, losses):
    """The worst relative difference and its step; a missing or invalid loss counts as infinite."""
    golden = golden_losses(name)
    if len(losses) != len(golden):
        return float("inf"), len(losses)
    differences = [abs(a - b) / abs(b) if a == a else float("inf") for a, b in zip(losses, golden)]
    worst = max(differences)
    return worst, differences.index(worst)


def run(name, arguments, folder):
    model, start = os.path.join(FOLDER, name + ".qn"), os.path.join(folder, name + ".safetensors")
    if arguments.quern:
        library = os.path.join(folder, name + ".so")
        subprocess.run([arguments.quern, "build", model, "-o", library,
                        *arguments.build_flags.split()], check=True)
        model = library
    layers = LAYERS.get(name, [str(2 * i) for i in range(len(MODELS[name][1]))])
    write_safetensors(start, [(f"{layers[layer]}.{kind}", shape, values)
                              for layer, kind, shape, values in weights(name)])
    data, paths = batches(name), []
    for position, what in enumerate(("inputs", "targets")):
        paths.append(os.path.join(folder, f"{name}.{what}"))
        with open(paths[-1], "wb") as file:
            for batch in data:
                file.write(bytes(batch[position]))
    output = subprocess.run(
        [arguments.runner, model, name, start, *paths, str(MODELS[name][-1]), str(len(data)),
         str(STEPS)] + ([] if arguments.quern else [arguments.phase]), check=True, stdout=subprocess.PIPE, text=True).stdout
    return [float(line) for line in output.split()]


def self_test():
    """The comparison itself can fail."""
    golden = golden_losses("linear")
    assert compare("linear", golden)[0] == 0
    assert compare("linear", golden[:-1])[0] == float("inf")
    assert compare("linear", golden[:40] + [float("nan")] + golden[41:])[0] == float("inf")
    worst, step = compare("linear", golden[:40] + [golden[40] * 1.0002] + golden[41:])
    assert worst > TOLERANCE and step == 40


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quern", help="builds the models; without it the runner gets their sources")
    parser.add_argument("--runner", required=True)
    parser.add_argument("--build-flags", default="", help="more flags for `quern build`")
    parser.add_argument("--phase", default="grad", help="grad, fused or fused-B, without --quern")
    parser.add_argument("models", nargs="*", default=list(MODELS))
    arguments = parser.parse_args()
    self_test()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.models:
            try:
                worst, step = compare(name, run(name, arguments, folder))
            except subprocess.CalledProcessError as error:
                print(f"{name}: exit {error.returncode} of: {' '.join(error.cmd)}")
                failures += 1
                continue
            good = worst <= TOLERANCE
            failures += not good
            print(f"{name}: {'agrees' if good else 'DISAGREES'}, at worst {worst:.1e} at step {step}")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
