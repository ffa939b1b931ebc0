"""Writes edges.qn and edges.txt: functions at their kinks, poles and ties, and what PyTorch's autograd makes of
them there, in f64. Needs torch; run it here."""
import itertools
import math
import torch
import torch.nn.functional as F

nan, inf = math.nan, math.inf
line = [-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, inf, -inf, nan]
mild = [v for v in line if abs(v) < inf]
pairs = list(itertools.product([-2.0, -1.0, 0.0, 1.0, 2.5], repeat=2))
first, second = [list(side) for side in zip(*pairs)]
powers = list(itertools.product([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0], [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0]))
bases, exponents = [list(side) for side in zip(*powers)]
rows = [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [2.0, 1.0, 2.0], [-1.0, -3.0, -3.0], [0.0, 2.0, 3.0], [1.0, nan, 1.0],
        [0.0, 4.0, 0.0], [inf, 1.0, inf]]
lengths = [[3.0, 4.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [-2.0, 0.5, 7.0], [-0.0, 0.0, 0.0], [nan, 1.0, 1.0]]
logits = [[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0], [-1000.0, -1000.0, -1000.0]]

# name, expression in Quern (of x, and y), function in PyTorch, inputs
cases = [
    # The sign of NaN is NaN in Quern, but 0 in PyTorch.
    ("absolute", "abs(x)", torch.abs, [line[:-1]]),
    ("signs", "sign(x) * x", lambda x: torch.sign(x) * x, [line[:-1]]),
    ("floors", "floor(x) * x", lambda x: torch.floor(x) * x, [mild]),
    ("rounds", "round(x) * x", lambda x: torch.round(x) * x, [mild]),
    ("roots", "sqrt(x)", torch.sqrt, [line]),
    ("inverse_roots", "rsqrt(x)", torch.rsqrt, [line]),
    ("logarithms", "log(x)", torch.log, [line]),
    ("logarithms_of_one_plus", "log1p(x)", torch.log1p, [line]),
    ("powers", "x ** y", torch.pow, [bases, exponents]),
    ("squares", "x ** 2", lambda x: x ** 2, [line]),
    ("reciprocals", "1 / x", lambda x: 1 / x, [line]),
    ("quotients", "x / y", torch.div, [first, second]),
    ("remainders", "x % y", torch.remainder, [[5.5, -5.5, 6.0, -6.0], [2.0, 2.0, 3.0, -3.0]]),
    ("largest", "maximum(x, y)", torch.maximum, [first + [nan, 1.0], second + [1.0, nan]]),
    ("smallest", "minimum(x, y)", torch.minimum, [first + [nan, 1.0], second + [1.0, nan]]),
    ("chosen", "where(x > 0, x, y)", lambda x, y: torch.where(x > 0, x, y), [first, second]),
    ("row_maxima", "x.max(dim=1)", lambda x: x.amax(1), [rows]),
    ("row_minima", "x.min(dim=1)", lambda x: x.amin(1), [rows]),
    ("cumulative_sums", "cumsum(x, 1)", lambda x: x.cumsum(1), [rows]),
    ("cumulative_products", "cumprod(x, 1)", lambda x: x.cumprod(1), [rows[:5] + [[0.0, 4.0, 0.0], [3.0, -2.0, 5.0]]]),
    ("cumulative_maxima", "cummax(x, 1)[0]", lambda x: x.cummax(1)[0], [rows]),
    ("cumulative_minima", "cummin(x, 1)[0]", lambda x: x.cummin(1)[0], [rows]),
    ("places_of_maxima", "cummax(x, 1)[1] * x", lambda x: x.cummax(1)[1] * x, [rows[:5]]),
    ("places_of_minima", "cummin(x, 1)[1] * x", lambda x: x.cummin(1)[1] * x, [rows[:5]]),
    ("ascending", "sort(x)[0]", lambda x: x.sort(stable=True)[0], [rows]),
    ("descending", "sort(x, descending=True)[0]", lambda x: x.sort(stable=True, descending=True)[0], [rows]),
    ("places_descending", "argsort(x, descending=True) * x", lambda x: x.argsort(stable=True, descending=True) * x, [rows[:5]]),
    ("columns", "sort(x, dim=0)[0]", lambda x: x.sort(dim=0, stable=True)[0], [rows]),
    ("largest_three", "topk(x, 3)[0]", lambda x: x.topk(3)[0], [[[1.0, 3.0, 2.0], [-1.0, -3.0, inf]]]),
    ("smallest_three", "topk(x, 3, largest=False)[0]", lambda x: x.topk(3, largest=False)[0], [[[1.0, 3.0, 2.0]]]),
    ("detached", "detach(x) * x", lambda x: x.detach() * x, [mild]),
    ("relus", "relu(x)", torch.relu, [line]),
    ("leaky_relus", "leaky_relu(x)", F.leaky_relu, [line]),
    ("sigmoids", "sigmoid(x)", torch.sigmoid, [line]),
    ("tanhs", "tanh(x)", torch.tanh, [line]),
    ("softpluses", "softplus(x)", lambda x: F.softplus(x, threshold=1000), [mild + [500.0, -500.0]]),
    ("selus", "selu(x)", F.selu, [mild + [-500.0]]),
    ("gelus", "gelu(x)", F.gelu, [mild]),
    ("silus", "silu(x)", F.silu, [mild]),
    ("softmaxes", "softmax(x)", lambda x: F.softmax(x, 1), [logits]),
    ("log_softmaxes", "log_softmax(x)", lambda x: F.log_softmax(x, 1), [logits]),
    ("norms", "norm(x, dim=1)", lambda x: x.norm(dim=1), [lengths]),
    ("deviations", "std(x, dim=1)", lambda x: x.std(1), [lengths]),
    ("deviations_of_all_rows", "std(x, dim=1, correction=0)", lambda x: x.std(1, correction=0), [lengths]),
    ("absolute_losses", 'l1_loss(x, y, reduction="none")', lambda x, y: F.l1_loss(x, y, reduction="none"),
     [first, second]),
    ("huber_losses", 'huber_loss(x, y, reduction="none")', lambda x, y: F.huber_loss(x, y, reduction="none"),
     [first, second]),
    ("logit_losses_at", 'bce_with_logits(x, y, reduction="none")',
     lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction="none"),
     [[-800.0, -1.0, 0.0, 0.0, 1.0, 800.0], [0.0, 1.0, 0.5, 0.0, 1.0, 1.0]]),
]


def text(tensor):
    return " ".join(repr(v) for v in tensor.detach().flatten().tolist())


with open("edges.qn", "w") as programs, open("edges.txt", "w") as values:
    programs.write("# Functions whose gradients edges.txt has at their kinks, poles and ties; written by make_edges.py.\n")
    for name, expression, function, inputs in cases:
        tensors = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in inputs]
        shape = "[B, 3]" if tensors[0].dim() == 2 else "[B]"
        arguments = ", ".join(f"{argument}: f64{shape}" for argument, _ in zip("xy", tensors))
        result = function(*tensors)
        programs.write(f"\n@export\ndef {name}({arguments}) -> f64{'[B, 3]' if result.dim() == 2 else '[B]'}:\n"
                       f"    return {expression}\n")
        cotangent = torch.arange(1, result.numel() + 1, dtype=torch.float64).reshape(result.shape)
        gradients = torch.autograd.grad(result, tensors, cotangent)
        values.write(f"{name}\n")
        for tensor in [*tensors, result, *gradients]:
            values.write(text(tensor) + "\n")
