"""Writes whole trainings by PyTorch in f64 as golden files that numerics_learning compares with: what make_learning.py
and the scripts of models share. Needs torch and numpy. GoldenFile.h tells the format."""
import numpy
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
STEPS = 100
GRADIENTS_AT = (0, 50)  # steps of which the file has each gradient
SUMS_AT = range(10, STEPS, 10)  # steps of which it has the sum of their digests
WHOLE = 12  # Tensors of more elements are written as digests.


def uniform(seed, count):
    """GoldenFile.cpp's drawNumbers, from 0 to 1."""
    with numpy.errstate(over="ignore"):
        x = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(seed << 32) + numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> numpy.uint64(31))) >> numpy.uint64(40)).astype(numpy.float64) * 2.0**-24


def draw(seed, *shape, low=-2.0, high=2.0, dtype=None):
    """Numbers from a formula, of which the file has no more than the seed and the bounds. Whole numbers are truncated."""
    numbers = low + (high - low) * uniform(seed, int(numpy.prod(shape, dtype=int)))
    tensor = torch.from_numpy(numbers).reshape(shape)
    tensor = tensor if dtype is None else tensor.to(dtype)
    tensor.recipe = f"draw {seed} {low!r} {high!r}"
    return tensor


def numbers(seed, *shape, below, dtype=torch.int64):
    """Whole numbers from 0."""
    return draw(seed, *shape, low=0.0, high=float(below), dtype=dtype)


def chances(seed, *shape):
    return draw(seed, *shape, low=0.0, high=1.0)


def adamw(lr, *modules, **options):
    return torch.optim.AdamW([p for module in modules for p in module.parameters()], lr, **options)


def by_name(given, name):
    return given if isinstance(given, dict) else {name: given}


def start(roots):
    """Sets the parameters of a module, or of several by name, but of norms, to drawn numbers, not too large for their fan-in."""
    for number, module in enumerate(by_name(roots, "").values()):
        kept = [id(p) for layer in module.modules() if "Norm" in type(layer).__name__ for p in layer.parameters(recurse=False)]
        for place, parameter in enumerate(module.parameters()):
            if id(parameter) not in kept:
                bound = round(parameter[0].numel() ** -0.5, 3) if parameter.dim() > 1 else 0.3
                drawn = draw(100 * number + place + 7, *parameter.shape, low=-bound, high=bound)
                parameter.data, parameter.recipe = drawn, drawn.recipe


def digest(tensor):
    """As GoldenFile.cpp's digestOf: a norm and an inner product."""
    flat = tensor.detach().flatten()
    pattern = torch.from_numpy(-1 + 2 * uniform(0, flat.numel()))
    return torch.stack([flat.norm(), flat @ pattern])


class Training:
    """What PyTorch's loop does with a loss: `clip` is the common norm of gradients, `group` the number of batches a step,
    `then` runs after each step."""

    def __init__(self, optimizer, loss, clip=None, group=1, then=None):
        self.optimizer, self.loss, self.clip, self.group, self.then = optimizer, loss, clip, group, then
        self.parameters = [p for part in optimizer.param_groups for p in part["params"]]

    def step(self, number, batch):
        """Trains on a batch; returns the loss and its gradients."""
        loss = self.loss(**batch)
        gradients = torch.autograd.grad(loss, self.parameters)
        for parameter, gradient in zip(self.parameters, gradients):
            share = gradient / self.group
            parameter.grad = share if parameter.grad is None else parameter.grad + share
        if (number + 1) % self.group == 0:
            if self.clip is not None:
                nn.utils.clip_grad_norm_(self.parameters, self.clip)
            self.optimizer.step()
            self.optimizer.zero_grad()
            if self.then:
                self.then()
        return loss.detach(), gradients


class GoldenFile:
    """The trainings of one file NAME.txt."""

    def __init__(self, name):
        self.name, self.lines = name, []

    def line(self, word, name, tensor):
        each = tensor.detach().flatten().tolist()
        alike = f"draw 0 {float(each[0])!r} {float(each[0])!r}" if len(each) > 3 and len(set(each)) == 1 else None
        numbers = getattr(tensor, "recipe", None) or alike or " ".join(map(repr, each))
        self.lines.append(" ".join([word, name, str(tensor.dim()), *map(str, tensor.shape), numbers]))

    def case(self, name, roots, inputs, trainings, program=None, changes=(), interpreted=None, after=None, near=(),
             slopes=True, calls={}):
        """Runs the training of `loss`, or trainings by @train function in the order of the program, in turn for 100 steps.

        roots: the module, or modules by their names in the program; start() has set their parameters
        inputs: batches by argument; step s takes batch s modulo their number
        program: the .qn file, as a path from this folder; NAME.qn where none is given
        changes: pairs (old, new) of replacements in the program, such as smaller sizes
        interpreted: how many steps the interpreter takes part in, where all take too long
        after: gives further tensors by name to compare in the end, such as averages
        slopes: whether gradients are the loss's slopes, as those of a derivative of the user's own, or of a net whose kinks lie near,
            need not be
        calls: what exports return in the end, from the last batch: a tensor or several; written as digests
        near: names of tensors that hang on rounding, as a bias before a batch norm under Adam does: within 1e-7"""
        names, roots, trainings = {}, by_name(roots, ""), by_name(trainings, "loss")
        self.lines.append(name)
        if program:
            self.lines.append(f"program {program}")
        self.lines.extend(f"change {old} => {new}" for old, new in changes)
        if interpreted is not None:
            self.lines.append(f"interpreted {interpreted}")
        if not slopes:
            self.lines.append("slopes none")
        for key, tensor in inputs.items():
            self.line("batches", key, tensor)
        for root, module in roots.items():
            for key, tensor in [*module.named_parameters(), *module.named_buffers()]:
                if id(tensor) not in names:
                    names[id(tensor)] = f"{root}.{key}" if root else key
                    self.line("in", names[id(tensor)], tensor)
        losses = {key: [] for key in trainings}
        for step in range(STEPS):
            batch = {key: tensor[step % len(tensor)] for key, tensor in inputs.items()}
            for key, training in trainings.items():
                loss, gradients = training.step(step, batch)
                losses[key].append(loss)
                if step in GRADIENTS_AT:
                    for parameter, gradient in zip(training.parameters, gradients):
                        self.line("grad", f"{step}:{key}:{names[id(parameter)]}", digest(gradient))
                if step in SUMS_AT:
                    norms, products = torch.stack([digest(gradient) for gradient in gradients]).unbind(1)
                    self.line("grad", f"{step}:{key}:*", torch.stack([norms.norm(), products.sum()]))
        for key, each in losses.items():
            self.line("loss", key, torch.stack(each))
        found = {names[id(t)]: t for m in roots.values() for t in [*m.parameters(), *m.buffers()]}
        for key, tensor in {**found, **(after() if after else {})}.items():
            tensor = tensor.detach().clone()  # without its recipe
            word = "near" if key in near else "out" if tensor.numel() <= WHOLE else "digest"
            self.line(word, key, digest(tensor.double()) if word == "digest" else tensor)
        for key, call in calls.items():
            returned = call(**batch)
            for number, tensor in enumerate(returned if isinstance(returned, tuple) else [returned]):
                self.line("call", f"{key}:{number}", digest(tensor.double()))
        self.lines.append("")

    def write(self):
        with open(f"{self.name}.txt", "w") as file:
            file.write("\n".join(self.lines) + "\n")
