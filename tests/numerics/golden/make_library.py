"""Writes library.qn and library.txt: functions and layers of the standard library, values, gradients and steps of
training, as PyTorch has them in f64. Needs torch; run it here. The program is compiled with f64 for f32.

A case of library.txt is its name, then lines of a word, the name of an argument or result, the rank, the extents and
the numbers: `in` is given, `out` and `grad` are wanted; `loss` has the loss of each step."""
import math
import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
DTYPES = {torch.float64: "f32", torch.int64: "i64", torch.bool: "bool"}
programs, values = [], []


def draw(seed, *shape, low=-2.0, high=2.0):
    """Numbers of two decimals, so that the file stays small."""
    generator = torch.Generator().manual_seed(seed)
    return torch.round((torch.rand(shape, generator=generator) * (high - low) + low) * 100) / 100


def ids(*numbers):
    return torch.tensor(numbers)


def line(word, name, tensor):
    numbers = [repr(int(v) if tensor.dtype == torch.bool else v) for v in tensor.detach().flatten().tolist()]
    values.append(" ".join([word, name, str(tensor.dim()), *map(str, tensor.shape), *numbers]))


def dims(tensor):
    return "[" + ", ".join(map(str, tensor.shape)) + "]" if tensor.dim() else ""


def case(name, expression, function, module=None, detached="", picks=(), **inputs):
    """An export `name` with these inputs, whose result is `expression`, against function(*inputs). With a module
    (declaration in Quern, module of torch) its parameters count as inputs too, and it is what is called, with the arguments
    that the expression says, or with the inputs; of a tuple, `picks` says which. Cotangents count 1, 2, 3 and so on."""
    parameters = {}
    if module:
        programs.append(f"\n{name}_layer = {module[0]}\n")
        for own, parameter in module[1].named_parameters():
            parameter.data = torch.round(parameter.data * 100) / 100
            parameters[f"{name}_layer.{own}"] = parameter
        expression = f"{name}_layer({expression or ', '.join(inputs)})" + "".join(f"[{i}]" for i in picks)
        function = function or module[1].eval()
    tensors = {k: v.clone() for k, v in inputs.items()}
    for key, tensor in tensors.items():
        tensor.requires_grad_(tensor.is_floating_point() and key not in detached.split())
    result = function(*tensors.values())
    for i in picks:
        result = result[i]
    arguments = ", ".join(f"{k}: {DTYPES[v.dtype]}{dims(v)}" for k, v in tensors.items())
    programs.append(f"\n@export\ndef {name}({arguments}) -> {DTYPES[result.dtype]}{dims(result)}:\n    return {expression}\n")
    values.append(name)
    everything = {**tensors, **parameters}
    for key, tensor in everything.items():
        line("in", key, tensor)
    line("out", name, result)
    wanted = {k: v for k, v in everything.items() if v.requires_grad}
    cotangent = torch.arange(1.0, result.numel() + 1).reshape(result.shape)
    if wanted:
        for key, gradient in zip(wanted, torch.autograd.grad(result, wanted.values(), cotangent, materialize_grads=True)):
            line("grad", key, gradient)
    values.append("")


def steps(name, optimizer, make, module=("Linear(4, 3)", nn.Linear(4, 3)), x=draw(1, 5, 4), y=draw(2, 5, 3),
          count=20, each=None):
    """A @train function of this optimizer, whose loss is the squared error of tanh(module(x)), trained on one batch."""
    layer = module[1]
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.round(torch.rand(parameter.shape, generator=generator) * 200 - 100) / 100)
    programs.append(f"\n{name}_layer = {module[0]}\n\n@train({optimizer})\ndef {name}(x: f32{dims(x)}, y: f32{dims(y)}) -> f32:\n"
                    f"    return mse_loss(tanh({name}_layer(x)), y)\n")
    values.append(name)
    line("in", "x", x)
    line("in", "y", y)
    for key, tensor in layer.named_parameters():
        line("in", f"{name}_layer.{key}", tensor)
    made = make(layer.parameters())
    made, scheduler = made if isinstance(made, tuple) else (made, None)
    losses = []
    layer.train()
    for _ in range(count):
        made.zero_grad()
        loss = F.mse_loss(torch.tanh(layer(x)), y)
        if each:
            loss = each(loss)
        loss.backward()
        made.step()
        losses.append(loss.detach())
        if scheduler:
            scheduler.step()
    line("loss", name, torch.stack(losses))
    for key, tensor in layer.state_dict().items():
        line("out", f"{name}_layer.{key}", tensor)
    values.append("")


class Lion(torch.optim.Optimizer):
    """Chen et al., Symbolic discovery of optimization algorithms (2023), program 1."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                update = torch.sign(b1 * m + (1 - b1) * p.grad)
                p -= group["lr"] * (update + group["weight_decay"] * p)
                m.mul_(b2).add_(p.grad, alpha=1 - b2)


# Activations, at their kinks too.
LINE = torch.tensor([-30.0, -4.0, -3.0, -2.5, -1.0, -0.5, 0.0, 0.3, 0.5, 1.0, 2.5, 3.0, 6.0, 7.0, 25.0])
for name, expression, function in [
        ("leaky_relus", "leaky_relu(x, 0.2)", lambda x: F.leaky_relu(x, 0.2)), ("selus", "selu(x)", F.selu), ("silus", "silu(x)", F.silu),
        ("gelus", "gelu(x)", F.gelu), ("softpluses", "softplus(x)", F.softplus), ("sigmoids", "sigmoid(x)", torch.sigmoid),
        ("softmaxes", "softmax(x)", lambda x: F.softmax(x, -1)), ("log_softmaxes", "log_softmax(x)", lambda x: F.log_softmax(x, -1)),
        ("variances", "var(x)", torch.var), ("deviations", "std(x, correction=0)", lambda x: torch.std(x, correction=0)),
        ("lengths", "norm(x)", torch.linalg.vector_norm), ("elus", "elu(x, 1.5)", lambda x: F.elu(x, 1.5)), ("celus", "celu(x, 2.0)", lambda x: F.celu(x, 2.0)),
        ("hardtanhs", "hardtanh(x, -1, 3)", lambda x: F.hardtanh(x, -1, 3)), ("relu6s", "relu6(x)", F.relu6),
        # F.hardsigmoid's gradient has 1 / 6 in single precision only.
        ("hardsigmoids", "hardsigmoid(x)", lambda x: F.relu6(x + 3) / 6), ("hardswishes", "hardswish(x)", F.hardswish),
        ("mishes", "mish(x)", F.mish), ("logsigmoids", "logsigmoid(x)", F.logsigmoid),
        ("softsigns", "softsign(x)", F.softsign), ("tanhshrinks", "tanhshrink(x)", F.tanhshrink),
        ("softshrinks", "softshrink(x)", F.softshrink), ("hardshrinks", "hardshrink(x)", F.hardshrink),
        ("clamped", "clamp(x, -0.5, 3)", lambda x: x.clamp(-0.5, 3)),
        ("thresholds", "threshold(x, 0.5, 9)", lambda x: F.threshold(x, 0.5, 9)),
        ("softmins", "softmin(x)", lambda x: F.softmin(x, -1)),
        ("tanh_gelus", 'gelu(x, approximate="tanh")', lambda x: F.gelu(x, approximate="tanh")),
        ("softpluses_of", "softplus(x, beta=2.0, threshold=4.0)", lambda x: F.softplus(x, 2.0, 4.0)),
        ("prelus", "prelu(x, tensor([0.25]))", lambda x: F.prelu(x, torch.tensor([0.25])))]:
    case(name, expression, function, x=LINE)
case("glus", "glu(x, dim=1)", lambda x: F.glu(x, 1), x=draw(4, 3, 4))
case("swiglus", "swiglu(x)", lambda x: F.silu(x[:, :2]) * x[:, 2:], x=draw(4, 3, 4))
case("prelu_of_one", "", None, ("PReLU()", nn.PReLU()), x=draw(5, 3, 4))
case("prelu_of_channels", "", None, ("PReLU(4, init=0.1)", nn.PReLU(4, init=0.1)), x=draw(5, 2, 4, 3))
# Layers with PyTorch's defaults, outside of training.
BENT = torch.tensor([[-4.0, -0.7, -0.3], [0.3, 0.7, 7.0]])
for made in ("ReLU()", "LeakyReLU()", "Sigmoid()", "Tanh()", "Softplus()", "SELU()", "GELU()", "SiLU()", "ELU()", "CELU()", "Hardtanh()", "ReLU6()",
             "Hardswish()", "Mish()", "LogSigmoid()", "Softsign()", "Tanhshrink()", "Softshrink()", "Hardshrink()", "Threshold(0.5, 9)",
             "Softmax(dim=0)", "LogSoftmax(dim=1)", "Softmin(dim=1)", "Identity()", "Flatten()", "Dropout()", "AlphaDropout()"):
    case(made.split("(")[0].lower() + "_layers", "", None, (made, eval("nn." + made)), x=BENT)
case("hardsigmoid_layers", "", lambda x: F.relu6(x + 3) / 6, ("Hardsigmoid()", nn.Hardsigmoid()), x=BENT)
case("glu_layers", "", None, ("GLU()", nn.GLU()), x=BENT.T)
case("swiglu_layers", "", lambda x: F.silu(x[:, :1]) * x[:, 1:], ("SwiGLU()", nn.Identity()), x=BENT.T)
for made, shape in (("MaxPool1d(2)", (1, 2, 5)), ("MaxPool2d(2)", (1, 2, 4, 5)), ("AvgPool1d(2)", (1, 2, 5)), ("AvgPool2d(2)", (1, 2, 4, 5)),
                    ("MaxPool3d(2, padding=1)", (1, 2, 2, 3, 4)), ("AvgPool3d(2, stride=1)", (1, 2, 2, 3, 3)), ("AdaptiveAvgPool1d(3)", (1, 2, 5)),
                    ("AdaptiveAvgPool2d(2)", (1, 2, 3, 5)), ("Upsample(scale_factor=2)", (1, 2, 2, 3)), ("PixelShuffle(2)", (1, 4, 2, 2)),
                    ("Dropout1d()", (1, 2, 3)), ("Dropout2d()", (1, 2, 2, 2)), ("Dropout3d()", (1, 2, 1, 2, 2)), ("InstanceNorm3d(2)", (1, 2, 2, 1, 2))):
    case(made.split("(")[0].lower() + "_layers", "", None, (made, eval("nn." + made)), x=draw(17, *shape))
# Layers of two tensors, and distances.
case("bilinears", "", None, ("Bilinear(2, 3, 4)", nn.Bilinear(2, 3, 4)), x=draw(6, 5, 2), y=draw(7, 5, 3))
case("bilinears_of_sequences", "", None, ("Bilinear(2, 3, 4, bias=False)", nn.Bilinear(2, 3, 4, bias=False)),
     x=draw(6, 2, 3, 2), y=draw(7, 2, 3, 3))
APART = torch.cat([draw(8, 3, 4), torch.zeros(1, 4)])
case("cosines", "cosine_similarity(x, y)", F.cosine_similarity, x=APART, y=draw(9, 4, 4))
case("cosines_along_first", "", None, ("CosineSimilarity(dim=0)", nn.CosineSimilarity(dim=0)), x=draw(8, 3, 4), y=draw(9, 3, 4))
for name, p in (("distances", 2.0), ("distances_1", 1.0), ("distances_3", 3.0), ("distances_inf", math.inf)):
    order = "inf" if p == math.inf else p
    case(name, f"pairwise_distance(x, y, p={order})", lambda x, y, p=p: F.pairwise_distance(x, y, p), x=draw(8, 3, 4), y=draw(9, 3, 4))
case("pairwisedistance_layers", "", None, ("PairwiseDistance()", nn.PairwiseDistance()), x=draw(8, 3, 4), y=draw(9, 3, 4))
case("norms_3", "vector_norm(x, 3, dim=1)", lambda x: torch.linalg.vector_norm(x, 3, dim=1), x=APART)
case("normalized", "normalize(x)", F.normalize, x=draw(8, 3, 4))
# Norms.
case("batch_norms", "batch_norm(x, m, v, w, b, training=True)",
     lambda x, w, b, m, v: F.batch_norm(x, m.clone(), v.clone(), w, b, True), detached="m v",
     x=draw(10, 3, 2, 2), w=draw(11, 2), b=draw(12, 2), m=draw(13, 2), v=draw(14, 2, low=0.1))
case("batch_norms_at_rest", "batch_norm(x, m, v, w, b)", lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b), detached="m v",
     x=draw(10, 3, 2, 2), w=draw(11, 2), b=draw(12, 2), m=draw(13, 2), v=draw(14, 2, low=0.1))
case("group_norms", "", None, ("GroupNorm(2, 4)", nn.GroupNorm(2, 4)), x=draw(15, 2, 4, 3))
case("group_norms_of_rows", "", None, ("GroupNorm(2, 4, eps=0.1, affine=False)", nn.GroupNorm(2, 4, eps=0.1, affine=False)), x=draw(15, 3, 4))
case("instance_norms", "", None, ("InstanceNorm1d(2)", nn.InstanceNorm1d(2)), x=draw(16, 3, 2, 4))
case("instance_norms_affine", "", None, ("InstanceNorm2d(2, affine=True)", nn.InstanceNorm2d(2, affine=True)), x=draw(16, 2, 2, 2, 3))
# Losses.
LOGITS, CLASSES = draw(20, 4, 3), ids(2, 0, 1, 2)
MAPS, PLACES = draw(21, 2, 3, 2), ids(2, -100, 0, 1).reshape(2, 2)
WEIGHTS = torch.tensor([0.5, 2.0, 1.25])
for reduction in ("mean", "sum", "none"):
    r = f'reduction="{reduction}"'
    case(f"nll_{reduction}", f"nll_loss(x, y, w, {r})",
         lambda x, y, w: F.nll_loss(x, y, w, reduction=reduction), detached="w", x=LOGITS, y=CLASSES, w=WEIGHTS)
    case(f"entropies_{reduction}", f"cross_entropy(x, y, {r})", lambda x, y: F.cross_entropy(x, y, reduction=reduction),
         x=LOGITS, y=ids(2, 0, -100, 1))
    case(f"entropies_of_maps_{reduction}", f"cross_entropy(x, y, w, {r}, label_smoothing=0.2)",
         lambda x, y, w: F.cross_entropy(x, y, w, reduction=reduction, label_smoothing=0.2), detached="w", x=MAPS, y=PLACES, w=WEIGHTS)
    case(f"soft_entropies_{reduction}", f"soft_cross_entropy(x, y, w, {r}, label_smoothing=0.2)",
         lambda x, y, w: F.cross_entropy(x, y, w, reduction=reduction, label_smoothing=0.2), detached="w",
         x=MAPS, y=draw(22, 2, 3, 2, low=0.0, high=1.0), w=WEIGHTS)
    case(f"logit_losses_{reduction}", f"binary_cross_entropy_with_logits(x, y, w, {r}, pos_weight=p)",
         lambda x, y, w, p: F.binary_cross_entropy_with_logits(x, y, w, reduction=reduction, pos_weight=p), detached="w p",
         x=LOGITS, y=draw(23, 4, 3, low=0.0, high=1.0), w=draw(24, 4, 3, low=0.0), p=WEIGHTS)
case("entropies_ignoring", "cross_entropy(x, y, ignore_index=2)", lambda x, y: F.cross_entropy(x, y, ignore_index=2), x=LOGITS, y=CLASSES)
case("entropies_smoothed", "cross_entropy(x, y, label_smoothing=0.1)", lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1), x=LOGITS, y=CLASSES)
case("soft_entropies", "soft_cross_entropy(x, y)", F.cross_entropy, x=LOGITS, y=draw(22, 4, 3, low=0.0, high=1.0))
P = torch.tensor([[0.2, 0.0, 0.8], [0.5, 0.25, 0.25]])
case("divergences", "kl_div(x, y)", lambda x, y: F.kl_div(x, y), detached="y", x=draw(25, 2, 3), y=P)
case("divergences_of_rows", 'kl_div(x, y, reduction="batchmean")', lambda x, y: F.kl_div(x, y, reduction="batchmean"), detached="y", x=draw(25, 2, 3), y=P)
case("divergences_of_logs", 'kl_div(x, y, reduction="sum", log_target=True)',
     lambda x, y: F.kl_div(x, y, reduction="sum", log_target=True), x=draw(25, 2, 3), y=draw(26, 2, 3))
case("binary_entropies", 'binary_cross_entropy(x, y, w, reduction="none")',
     lambda x, y, w: F.binary_cross_entropy(x, y, w, reduction="none"), detached="w", x=torch.tensor([0.0, 0.25, 0.5, 1.0, 1.0]),
     y=torch.tensor([0.0, 1.0, 0.25, 1.0, 1.0]), w=torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0]))
case("binary_entropies_clamped", 'binary_cross_entropy(x, y, reduction="none")', lambda x, y: F.binary_cross_entropy(x, y, reduction="none"),
     detached="x y", x=torch.tensor([0.0, 0.25, 1.0]), y=torch.tensor([0.5, 0.25, 0.25]))
X, Y = torch.tensor([-2.0, -0.75, 0.0, 0.3, 1.0, 3.5]), torch.tensor([-1.0, 0.0, 0.0, 1.0, 2.0, 3.0])
case("hubers", "huber_loss(x, y, delta=0.7)", lambda x, y: F.huber_loss(x, y, delta=0.7), x=X, y=Y)
case("smooth_l1s", 'smooth_l1_loss(x, y, reduction="sum", beta=0.5)', lambda x, y: F.smooth_l1_loss(x, y, reduction="sum", beta=0.5), x=X, y=Y)
case("smooth_l1s_without_curve", "smooth_l1_loss(x, y, beta=0.0)", lambda x, y: F.smooth_l1_loss(x, y, beta=0.0), x=X, y=Y)
COUNTS = torch.tensor([0.0, 1.0, 2.0, 1.0, 4.0, 3.0])
case("poissons", "poisson_nll_loss(x, y, full=True)", lambda x, y: F.poisson_nll_loss(x, y, full=True), detached="y", x=X, y=COUNTS)
case("poissons_of_means", 'poisson_nll_loss(x, y, log_input=False, reduction="sum")',
     lambda x, y: F.poisson_nll_loss(x, y, log_input=False, reduction="sum"), x=X.abs(), y=COUNTS)
case("gaussians", "gaussian_nll_loss(x, y, v, full=True)", lambda x, y, v: F.gaussian_nll_loss(x, y, v, full=True),
     x=X, y=Y, v=torch.tensor([1.0, 0.5, 0.0, 2.0, 0.25, 1e-7]))
SIGNS = torch.tensor([1.0, -1.0, 1.0, -1.0, -1.0, 1.0])
case("rankings", "margin_ranking_loss(x, y, s, margin=0.25)", lambda x, y, s: F.margin_ranking_loss(x, y, s, margin=0.25), detached="s", x=X, y=Y, s=SIGNS)
case("hinges", 'hinge_embedding_loss(x, s, reduction="sum")', lambda x, s: F.hinge_embedding_loss(x, s, reduction="sum"), detached="s", x=X, s=SIGNS)
case("soft_margins", "soft_margin_loss(x, s)", F.soft_margin_loss, detached="s", x=X, s=SIGNS)
case("soft_margins_of_labels", 'multilabel_soft_margin_loss(x, y, reduction="none")',
     lambda x, y: F.multilabel_soft_margin_loss(x, y, reduction="none"), detached="y", x=LOGITS, y=draw(23, 4, 3, low=0.0, high=1.0).round())
case("embeddings", 'cosine_embedding_loss(x, y, s, margin=0.25, reduction="sum")',
     lambda x, y, s: F.cosine_embedding_loss(x, y, s, margin=0.25, reduction="sum"), detached="s", x=APART, y=draw(9, 4, 4), s=SIGNS[:4])
case("triplets", "triplet_margin_loss(a, p, n, swap=True)", lambda a, p, n: F.triplet_margin_loss(a, p, n, swap=True),
     a=draw(27, 3, 4), p=draw(28, 3, 4), n=draw(29, 3, 4))
case("triplets_of_sums", 'triplet_margin_loss(a, p, n, margin=2.0, p=1, reduction="none")'.replace("(a, p, n", "(a, q, n"),
     lambda a, q, n: F.triplet_margin_loss(a, q, n, margin=2.0, p=1, reduction="none"), a=draw(27, 3, 4), q=draw(28, 3, 4), n=draw(29, 3, 4))
for reduction in ("mean", "sum", "none"):
    r = f'reduction="{reduction}"'
    case(f"squares_{reduction}", f"mse_loss(x, y, {r})", lambda x, y: F.mse_loss(x, y, reduction=reduction), x=X, y=Y)
    case(f"differences_{reduction}", f"l1_loss(x, y, {r})", lambda x, y: F.l1_loss(x, y, reduction=reduction), x=X, y=Y + 0.25)


# CTC: lengths that are all there are, shorter ones, one of 0, a repeated class, what a length leaves out, and too few steps.
def ctc(x, *rest, **options):
    return F.ctc_loss(F.log_softmax(x, 2), *rest, **options)


SPOKEN = dict(x=draw(32, 7, 4, 5), y=ids([1, 2, 2], [3, 1, 4], [4, 4, -1], [-1, 9, 3]), steps=ids(7, 6, 5, 4), lengths=ids(3, 3, 2, 0))
case("ctcs", "ctc_loss(log_softmax(x, dim=2), y, steps, lengths)", ctc, **SPOKEN)
case("ctcs_of_another_blank", 'ctc_loss(log_softmax(x, dim=2), y, steps, lengths, blank=4, reduction="none")',
     lambda x, *rest: ctc(x, *rest, blank=4, reduction="none"), **{**SPOKEN, "y": ids([1, 2, 2], [3, 1, 0], [3, 3, 0], [2, 1, 3])})
case("ctcs_too_short", 'ctc_loss(log_softmax(x, dim=2), y, steps, lengths, reduction="sum", zero_infinity=True)',
     lambda x, *rest: ctc(x, *rest, reduction="sum", zero_infinity=True), **{**SPOKEN, "steps": ids(3, 6, 2, 1)})

# Metrics, from their definitions.
SCORES, KINDS = draw(33, 6, 4), ids(0, 3, 1, 1, 2, 0)
COUNTED = F.one_hot(KINDS, 4).T @ F.one_hot(SCORES.argmax(1), 4)
case("hits", "top_k_accuracy(x, y, k=2)", lambda x, y: (x.topk(2).indices == y[:, None]).any(1).double().mean(), detached="x", x=SCORES, y=KINDS)
case("confusions", "confusion_matrix(y, argmax(x, dim=1), 4)", lambda x, y: F.one_hot(y, 4).T @ F.one_hot(x.argmax(1), 4), detached="x", x=SCORES, y=KINDS)
case("precisions", "precision(c, average=None)", lambda c: (c.diagonal() / c.sum(0)).nan_to_num(), c=COUNTED)
case("recalls", "recall(c)", lambda c: (c.diagonal() / c.sum(1)).mean(), c=COUNTED)
case("f1_scores", "f1_score(c)", lambda c: (2 * c.diagonal() / (c.sum(0) + c.sum(1))).mean(), c=COUNTED)
case("explained", "r2_score(r2_totals(x, y)).to(f32)", lambda x, y: 1 - ((x - y) ** 2).sum() / ((y - y.mean()) ** 2).sum(), detached="x y", x=X, y=Y)
case("perplexities", "perplexity(perplexity_totals(x, y)).to(f32)", lambda x, y: torch.exp(F.cross_entropy(x, y)), detached="x",
     x=LOGITS, y=ids(2, 0, -100, 1))

# Shapes and lookups.
GRID = draw(34, 3, 4, 2)
case("rolled", "roll(x, 5)", lambda x: torch.roll(x, 5), x=GRID)
case("rolled_rows", "roll(x, -1, 1)", lambda x: torch.roll(x, -1, 1), x=GRID)
case("rolled_planes", "roll(x, (4, 3), (0, 1))", lambda x: torch.roll(x, (4, 3), (0, 1)), x=GRID)
case("classes_apart", "one_hot(y, 4)", lambda y: F.one_hot(y, 4), y=KINDS)
case("diagonals", "diagonal(x)", torch.diagonal, x=draw(35, 3, 3))
case("between", "lerp(x, y, 0.3)", lambda x, y: torch.lerp(x, y, 0.3), x=X, y=Y)
case("looked_up", "", None, ("Embedding(5, 3, padding_idx=1)", nn.Embedding(5, 3, padding_idx=1)), x=ids([0, 1, 4], [1, 0, 0]))


# Attention, and the layers around it. Parameters that begin as zeros and ones would hide what is not applied.
def shaken(module, seed):
    for number, parameter in enumerate(module.parameters()):
        if parameter.dim() == 1:
            parameter.data = draw(100 * seed + number, *parameter.shape, low=-1.0, high=1.5)
    return module


ROWS, KEYS = draw(36, 2, 3, 4), draw(37, 2, 5, 4)
QUERIES, GROUPS = draw(38, 2, 4, 3, 2), draw(39, 2, 2, 5, 2)
FUTURE = torch.ones(3, 3, dtype=torch.bool).triu(1)
HIDDEN = torch.tensor([[0, 0, 0, 1, 1], [0, 1, 0, 0, 0]], dtype=torch.bool)
ATTENDED = "scaled_dot_product_attention(q, k, v"
case("layer_norms", "", None, ("LayerNorm((3, 4))", shaken(nn.LayerNorm((3, 4)), 1)), x=ROWS)
case("layer_norms_plain", "layer_norm(x, 4, eps=0.01)", lambda x: F.layer_norm(x, (4,), eps=0.01), x=ROWS)
case("rms_norms", "", None, ("RMSNorm(4)", nn.RMSNorm(4)), x=ROWS)
case("attentions", f"{ATTENDED})", F.scaled_dot_product_attention, q=ROWS, k=KEYS, v=draw(40, 2, 5, 3))
case("attentions_causal", f"{ATTENDED}, is_causal=True, scale=0.7)",
     lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.7), q=ROWS, k=draw(41, 2, 3, 4), v=draw(42, 2, 3, 2))
case("attentions_masked", f"{ATTENDED}, mask=m)", F.scaled_dot_product_attention, q=ROWS, k=KEYS, v=KEYS, m=~HIDDEN[:, None].expand(2, 3, 5))
case("attentions_biased", f"{ATTENDED}, mask=m)", F.scaled_dot_product_attention, detached="m", q=ROWS, k=KEYS, v=KEYS, m=draw(43, 3, 5))
case("attentions_grouped", f"{ATTENDED}, enable_gqa=True)", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True),
     q=QUERIES, k=GROUPS, v=GROUPS)


def turned(x, interleaved):
    """Su et al., RoFormer (2021), equation 34; or with the halves in the place of neighbours."""
    angle = torch.arange(3.0)[:, None] * 10000.0 ** (-torch.arange(2.0) / 2)
    a, b = (x[..., ::2], x[..., 1::2]) if interleaved else x.chunk(2, -1)
    pair = a * torch.cos(angle) - b * torch.sin(angle), a * torch.sin(angle) + b * torch.cos(angle)
    return torch.stack(pair, -1).flatten(-2) if interleaved else torch.cat(pair, -1)


case("turned", "rope(x)", lambda x: turned(x, True), x=ROWS)
case("turned_halves", "rope(x, interleaved=False)", lambda x: turned(x, False), x=ROWS)
mha = shaken(nn.MultiheadAttention(4, 2), 2)
case("heads", "q, k, k, key_padding_mask=p", lambda q, k, p: mha(q, k, k, key_padding_mask=p), ("MultiheadAttention(4, 2)", mha), picks=(0,),
     q=ROWS.transpose(0, 1), k=KEYS.transpose(0, 1), p=HIDDEN)
case("weights_of_heads", "q, k, k, average_attn_weights=False", lambda q, k: mha(q, k, k, average_attn_weights=False),
     ("MultiheadAttention(4, 2)", mha), picks=(1,), q=ROWS.transpose(0, 1), k=KEYS.transpose(0, 1))
for own, options in (("encoded", ""), ("encoded_after_norms", ', activation="gelu", norm_first=True')):
    layer = shaken(eval(f"nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True{options})"), 3)
    case(own, "x, src_mask=m", lambda x, m: layer(x, src_mask=m), (f"TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True{options})", layer),
         x=ROWS, m=FUTURE)
for own, options in (("decoded", ""), ("decoded_after_norms", ", norm_first=True, bias=False")):
    layer = shaken(eval(f"nn.TransformerDecoderLayer(4, 2, 6, dropout=0.0, batch_first=True{options})"), 4)
    case(own, "x, k, tgt_mask=m, memory_key_padding_mask=p", lambda x, k, m, p: layer(x, k, tgt_mask=m, memory_key_padding_mask=p),
         (f"TransformerDecoderLayer(4, 2, 6, dropout=0.0, batch_first=True{options})", layer), x=ROWS, k=KEYS, m=FUTURE, p=HIDDEN)
# Optimizers.
O = torch.optim
steps("sgd_dampened", "SGD(lr=0.5, momentum=0.9, dampening=0.25, weight_decay=0.01)", lambda p: O.SGD(p, 0.5, 0.9, 0.25, 0.01))
steps("sgd_nesterov", "SGD(lr=0.25, momentum=0.5, nesterov=True)", lambda p: O.SGD(p, 0.25, 0.5, nesterov=True))
steps("sgd_maximizing", "SGD(lr=0.25, maximize=True)", lambda p: O.SGD(p, 0.25, maximize=True))
steps("adam", "Adam(lr=0.05, weight_decay=0.01)", lambda p: O.Adam(p, 0.05, weight_decay=0.01))
steps("adam_amsgrad", "Adam(lr=0.3, betas=(0.8, 0.5), amsgrad=True)", lambda p: O.Adam(p, 0.3, (0.8, 0.5), amsgrad=True))
steps("adamw", "AdamW(lr=0.05, weight_decay=0.1)", lambda p: O.AdamW(p, 0.05, weight_decay=0.1))
steps("adamw_amsgrad", "AdamW(lr=0.3, betas=(0.8, 0.5), amsgrad=True, maximize=True)",
      lambda p: O.AdamW(p, 0.3, (0.8, 0.5), amsgrad=True, maximize=True))
steps("rmsprop", "RMSprop(lr=0.02, weight_decay=0.01)", lambda p: O.RMSprop(p, 0.02, weight_decay=0.01))
steps("rmsprop_centered", "RMSprop(lr=0.02, alpha=0.9, momentum=0.5, centered=True)",
      lambda p: O.RMSprop(p, 0.02, 0.9, momentum=0.5, centered=True))
steps("adagrad", "Adagrad(lr=0.2, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.1)",
      lambda p: O.Adagrad(p, 0.2, 0.1, 0.01, 0.1))
steps("adadelta", "Adadelta(lr=2.0, weight_decay=0.01)", lambda p: O.Adadelta(p, 2.0, weight_decay=0.01))
steps("adamax", "Adamax(lr=0.05, weight_decay=0.01)", lambda p: O.Adamax(p, 0.05, weight_decay=0.01))
steps("nadam", "NAdam(lr=0.05, weight_decay=0.01)", lambda p: O.NAdam(p, 0.05, weight_decay=0.01))
steps("nadam_decoupled", "NAdam(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)",
      lambda p: O.NAdam(p, 0.05, weight_decay=0.1, decoupled_weight_decay=True))
steps("radam", "RAdam(lr=0.05, weight_decay=0.01)", lambda p: O.RAdam(p, 0.05, weight_decay=0.01))
steps("radam_decoupled", "RAdam(lr=0.05, betas=(0.9, 0.9), weight_decay=0.1, decoupled_weight_decay=True)",
      lambda p: O.RAdam(p, 0.05, (0.9, 0.9), weight_decay=0.1, decoupled_weight_decay=True))
steps("lion", "Lion(lr=0.02, weight_decay=0.1)", lambda p: Lion(p, 0.02, weight_decay=0.1))


# Schedules: an SGD whose rate a scheduler sets after every step.
def scheduled(name, schedule, make, count=20):
    def optimizer(parameters):
        sgd = O.SGD(parameters, 0.5)
        return sgd, make(sgd)
    steps(name, f"SGD(lr={schedule})", optimizer, count=count)


L = torch.optim.lr_scheduler
scheduled("by_step", "step_lr(0.5, 3, gamma=0.5)", lambda o: L.StepLR(o, 3, 0.5))
scheduled("by_milestones", "multi_step_lr(0.5, [4, 9])", lambda o: L.MultiStepLR(o, [4, 9]))
scheduled("by_exponential", "exponential_lr(0.5, 0.875)", lambda o: L.ExponentialLR(o, 0.875))
scheduled("by_line", "linear_lr(0.5, start_factor=0.125, total_iters=8)", lambda o: L.LinearLR(o, 0.125, total_iters=8))
scheduled("by_power", "polynomial_lr(0.5, total_iters=15, power=2.0)", lambda o: L.PolynomialLR(o, 15, 2.0))
scheduled("by_cosine", "cosine_annealing_lr(0.5, 8, eta_min=0.01)", lambda o: L.CosineAnnealingLR(o, 8, 0.01))
scheduled("by_restarts", "cosine_annealing_warm_restarts(0.5, 6)", lambda o: L.CosineAnnealingWarmRestarts(o, 6))
scheduled("by_cycle", "one_cycle(0.5, 20)", lambda o: L.OneCycleLR(o, 0.5, total_steps=20, cycle_momentum=False), count=19)
scheduled("by_lines", 'one_cycle(0.5, 21, pct_start=0.4, anneal_strategy="linear")',
          lambda o: L.OneCycleLR(o, 0.5, total_steps=21, pct_start=0.4, anneal_strategy="linear", cycle_momentum=False))
scheduled("by_warm_cosine", "cosine(0.5, 16, warmup=4)",
          lambda o: L.LambdaLR(o, lambda n: (n + 1) / 4 if n < 3 else 0.5 + 0.5 * math.cos(math.pi * min(n - 3, 12) / 12)))


# Index notation: contractions in several orders, indices as values, equal, computed and constant ones, every reduction.
programs.append("""
def noted_linear(x: f32[B, N], w: f32[M, N], b: f32[M]):
    y[n, o] := sum[i](w[o, i] * x[n, i]) + b[o]
    return y

def noted_attention(q: f32[B, T, H, D], k: f32[B, T, H, D], v: f32[B, T, H, D]):
    s[b, h, t, u] := where(u <= t, sum[d](q[b, t, h, d] * k[b, u, h, d]) * 0.5, -inf)
    p = softmax(s, dim=-1)
    y[b, t, h, d] := sum[u](p[b, h, t, u] * v[b, u, h, d])
    return y

def noted_chain(a: f32[N, K], b: f32[K, L], c: f32[L, M]):
    y[m, n] := sum[k, l](a[n, k] * b[k, l] * c[l, m]) + a[n, 0] * c[-1, m]
    return y

def noted_rows(table: f32[V, D], ids: i64[N]):
    y[n, d] := table[ids[n], d] * (d + 1) - table[ids[n], 0]
    return y

def noted_square(x: f32[4, 4]):
    y[i, j] := x[i, i] * x[j, 3 - i] + where(i < j, x[j, i] ** 2, x[0, j])
    return y

def noted_reductions(x: f32[N, N]):
    a[i] := max[j](x[i, j]) - min[j](x[j, i] * (1 + j))
    b[i] := mean[j](x[i, j] * a[j]) + prod[j](x[j, i])
    return b
""")
case("noted_products", "noted_linear(x, w, b)", F.linear, x=draw(70, 5, 3), w=draw(71, 2, 3), b=draw(72, 2))
case("noted_attentions", "noted_attention(q, k, v)", lambda q, k, v: F.scaled_dot_product_attention(
    q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True, scale=0.5).transpose(1, 2),
    q=draw(73, 2, 3, 2, 4), k=draw(74, 2, 3, 2, 4), v=draw(75, 2, 3, 2, 4))
case("noted_chains", "noted_chain(a, b, c)", lambda a, b, c: (a @ b @ c + a[:, :1] * c[-1]).T,
     a=draw(76, 3, 2), b=draw(77, 2, 4), c=draw(78, 4, 5))
case("noted_lookups", "noted_rows(table, ids)", lambda table, ids: table[ids] * torch.arange(1.0, 4) - table[ids][:, :1],
     table=draw(79, 4, 3), ids=ids(3, 0, 3, 1, 1))
case("noted_squares", "noted_square(x)", lambda x: x.diagonal()[:, None] * x.flip(1).T + torch.where(
    torch.arange(4)[:, None] < torch.arange(4), x.T**2, x[0]), x=draw(80, 4, 4))
case("noted_extremes", "noted_reductions(x)", lambda x: (lambda a: (x * a).mean(1) + x.prod(0))(
    x.amax(1) - (x * torch.arange(1.0, 5)[:, None]).amin(0)), x=draw(81, 4, 4))

# Gradients as values, with gradients of their own: a slope, its penalty, and a product with the matrix of second derivatives.
programs.append("""
def bent(x: f32[N, 2], w: f32[2, 3]):
    return (gelu(layer_norm(x @ w, 3)) ** 3).sum() + (softmax(x, dim=-1) * x).sum()

def bent_slope(x: f32[N, 2], w: f32[2, 3], v: f32[N, 2]):
    return (grad(bent, x, w) * v).sum()
""")


def bent(x, w):
    centred = x @ w - (x @ w).mean(-1, keepdim=True)
    # F.layer_norm has another third derivative in torch 2.15 than its own definition, which this is.
    normal = centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + 1e-5)
    return (F.gelu(normal) ** 3).sum() + (F.softmax(x, -1) * x).sum()


def slope(function, *inputs):
    return torch.autograd.grad(function(*inputs), inputs[0], create_graph=True)[0]


# Recurrent layers: x is [T, N, 3], or with N first.
SEQUENCE = draw(80, 3, 2, 3)
for own, made, picks, more in (
        ("rnns", "RNN(3, 4)", (0,), {}),
        ("rnns_both_ways", 'RNN(3, 2, num_layers=2, nonlinearity="relu", batch_first=True, bidirectional=True)', (1,), {}),
        ("lstms", "LSTM(3, 4)", (0,), {}),
        ("lstms_both_ways", "LSTM(3, 2, num_layers=2, batch_first=True, bidirectional=True)", (1, 1), {}),
        ("lstms_without_bias", "LSTM(3, 2, bias=False)", (1, 0), {"h": draw(81, 1, 2, 2), "c": draw(82, 1, 2, 2)}),
        ("grus", "GRU(3, 4)", (0,), {}),
        ("grus_both_ways", "GRU(3, 2, num_layers=2, bidirectional=True)", (1,), {"h": draw(83, 4, 2, 2)}),
        ("grus_without_bias", "GRU(3, 2, bias=False)", (0,), {}),
        ("rnn_cells", "RNNCell(3, 4)", (), {"h": draw(84, 2, 4)}),
        ("lstm_cells", "LSTMCell(3, 4)", (1,), {"h": draw(84, 2, 4), "c": draw(85, 2, 4)}),
        ("gru_cells", "GRUCell(3, 4)", (), {"h": draw(84, 2, 4)})):
    torch.manual_seed(80)
    layer = eval("nn." + made)
    case(own, "", lambda x, *states, layer=layer: layer(x, states if len(states) == 2 else states[0] if states else None),
         (made, layer), picks=picks, x=SEQUENCE[0] if "Cell" in made else SEQUENCE, **more)

bend = dict(x=draw(82, 4, 2), w=draw(83, 2, 3))
case("slopes", "grad(bent, x, w)", lambda x, w: slope(bent, x, w), **bend)
case("slope_penalties", "(norm(grad(bent, x, w), dim=-1) - 1) ** 2",
     lambda x, w: (torch.linalg.vector_norm(slope(bent, x, w), dim=-1) - 1) ** 2, **bend)
case("curvatures", "grad(bent_slope, x, w, v)",
     lambda x, w, v: slope(lambda x, w, v: (slope(bent, x, w) * v).sum(), x, w, v), **bend, v=draw(84, 4, 2))


case("log_sums", "logsumexp(x, 1)", lambda x: torch.logsumexp(x, 1), x=draw(93, 3, 4, 2, low=-100.0, high=100.0))
case("log_sums_kept", "logsumexp(x, dim=-1, keepdim=True)", lambda x: torch.logsumexp(x, -1, keepdim=True), x=draw(94, 3, 4))

# Parts that are replaced at places of run time.
programs.append("""
def with_rows(x: f32[N, K], i: i64[M], v: f32[M, K]):
    x[i] = v
    return x * x

def with_columns(x: f32[N, K, L], i: i64[M], v: f32[N, M, L]):
    x[:, i] = v
    return x * x

def with_planes(x: f32[N, K, L], i: i64, v: f32[K]):
    x[:, :, i] = v
    return x * x

def with_lines(x: f32[N, K, L], i: i64[2, 1], v: f32[L]):
    x[:, i + 1] = v * 3
    return x * x
""")


def replaced(x, where, v):
    y = x.clone()
    y[where] = v
    return y * y


case("rows_replaced", "with_rows(x, i, v)", lambda x, i, v: replaced(x, i, v), x=draw(85, 4, 3), i=ids(2, 0), v=draw(86, 2, 3))
case("columns_replaced", "with_columns(x, i, v)", lambda x, i, v: replaced(x, (slice(None), i), v), x=draw(87, 2, 4, 3),
     i=ids(3, 1), v=draw(88, 2, 2, 3))
case("planes_replaced", "with_planes(x, i, v)", lambda x, i, v: replaced(x, (slice(None), slice(None), i), v), x=draw(89, 2, 3, 4),
     i=torch.tensor(2), v=draw(90, 3))
case("lines_replaced", "with_lines(x, i, v)", lambda x, i, v: replaced(x, (slice(None), i + 1), v * 3), x=draw(91, 2, 4, 3),
     i=ids([1], [0]), v=draw(92, 3))


# Batch norm while training: parameters, and buffers as in the state dict.
def trained(name, quern, made, *shape):
    x = draw(30, *shape)
    steps(name, "SGD(lr=0.25)", lambda p: O.SGD(p, 0.25), (quern, made), x=x, y=draw(31, *shape), count=5)


trained("norm_of_rows", "BatchNorm1d(3)", nn.BatchNorm1d(3), 4, 3)
trained("norm_of_sequences", "BatchNorm1d(2, momentum=None)", nn.BatchNorm1d(2, momentum=None), 3, 2, 4)
trained("norm_of_images", "BatchNorm2d(2, eps=0.01, momentum=0.25)", nn.BatchNorm2d(2, eps=0.01, momentum=0.25), 3, 2, 2, 3)
trained("norm_of_volumes", "BatchNorm3d(2)", nn.BatchNorm3d(2), 2, 2, 2, 1, 2)
trained("norm_of_samples", "InstanceNorm2d(2, affine=True, track_running_stats=True)",
        nn.InstanceNorm2d(2, affine=True, track_running_stats=True), 2, 2, 2, 3)

with open("library.qn", "w") as file:
    file.write("# Functions, layers, optimizers and schedules that library.txt has the values of; written by make_library.py.\n")
    file.write("".join(programs))
with open("library.txt", "w") as file:
    file.write("\n".join(values) + "\n")
