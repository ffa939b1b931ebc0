"""Writes learning.qn and learning.txt: trainings of small programs that do what the worked programs and the examples do not.
Needs torch; run it here. Random numbers are inputs, as both draw their own."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from trainings import GoldenFile, Training, draw, start

programs, golden = [], GoldenFile("learning")


def case(name, text, roots, inputs, trainings, **options):
    programs.append("\n" + text.strip() + "\n")
    start(roots)
    golden.case(name, roots, inputs, trainings, **options)


class Scheduled(Training):
    """A learning rate that is multiplied by rate(step), where steps count from 0."""

    def __init__(self, optimizer, loss, rate):
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        super().__init__(optimizer, loss, then=schedule.step)


def adam(module, lr=1e-3, **options):
    return torch.optim.AdamW(module.parameters(), lr, **options)


# Gradients of a common norm, summed over groups, and averages of parameters.
x, y = draw(1, 4, 6, 3), draw(2, 4, 6, 2)
for name, options, clip, group in (("clipped", "clip_norm=0.5", 0.5, 1), ("grouped", "accumulate=3", None, 3),
                                   ("clipped_groups", "clip_norm=0.25, accumulate=4", 0.25, 4)):
    net = nn.Linear(3, 2)
    case(name, f"""
{name}_net = Linear(3, 2)

@train(AdamW(lr=0.05), {options})
def {name}(x: f32[B, 3], y: f32[B, 2]) -> f32:
    return mse_loss(tanh({name}_net(x)), y)
""", {f"{name}_net": net}, dict(x=x, y=y),
         {name: Training(adam(net, 0.05), lambda x, y: F.mse_loss(torch.tanh(net(x)), y), clip, group)})

for name, group in (("averaged", 1), ("averaged_groups", 3)):
    net = nn.Linear(3, 2)
    mean = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    case(name, f"""
{name}_net = Linear(3, 2)

@train(EMA(SGD(lr=0.1, momentum=0.9), decay=0.9), accumulate={group})
def {name}(x: f32[B, 3], y: f32[B, 2]) -> (loss: f32, smooth: f32):
    return mse_loss({name}_net(x), y), mse_loss(average({name}_net)(x), y)
""", {f"{name}_net": net}, dict(x=x, y=y),
         {name: Training(torch.optim.SGD(net.parameters(), 0.1, momentum=0.9), lambda x, y: F.mse_loss(net(x), y),
                         None, group, lambda: mean.update_parameters(net))},
         after=lambda: {f"average.{name}_net.{key}": tensor for key, tensor in mean.module.named_parameters()})

# A penalty on the critic's slope, which needs the derivative of a derivative.
critic = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))


def penalized(x, fake, e):
    mid = (e * x + (1 - e) * fake).requires_grad_()
    g, = torch.autograd.grad(critic(mid).sum(), mid, create_graph=True)
    return (critic(fake) - critic(x)).mean() + 10 * ((torch.linalg.vector_norm(g, dim=-1) - 1) ** 2).mean()


case("penalized", """
critic = Sequential(Linear(3, 5), Tanh(), Linear(5, 1))

def critic_sum(x: f32[B, 3]) -> f32:
    return critic(x).sum()

@train(AdamW(lr=1e-2))
def penalized(x: f32[B, 3], fake: f32[B, 3], e: f32[B, 1]) -> f32:
    mid = e * x + (1 - e) * fake
    g = grad(critic_sum, mid)
    return (critic(fake) - critic(x)).mean() + 10 * ((norm(g, dim=-1) - 1) ** 2).mean()
""", {"critic": critic}, dict(x=x, fake=draw(3, 4, 6, 3), e=draw(4, 4, 6, 1, low=0.0, high=1.0)),
     {"penalized": Training(adam(critic, 1e-2), penalized)})

# Index notation learns as the operators do.
noted = nn.Linear(3, 4)
case("noted", """
noted_net = Linear(3, 4)

@train(AdamW(lr=1e-2), clip_norm=1.0)
def noted(x: f32[B, 3], y: f32[B, 4]) -> f32:
    z[b, o] := sum[i](noted_net.weight[o, i] * x[b, i]) + noted_net.bias[o]
    s[b, c] := where(c <= b, tanh(sum[o](z[b, o] * z[c, o])), z[b, 0] * z[c, 3 - 1])
    error[b] := mean[o]((z[b, o] - y[b, o]) * (z[b, o] - y[b, o])) + 0.1 * max[c](s[b, c])
    return error.mean()
""", {"noted_net": noted}, dict(x=draw(17, 4, 6, 3), y=draw(18, 4, 6, 4)), {"noted": Training(
    adam(noted, 1e-2), lambda x, y: (lambda z: (((z - y) ** 2).mean(1) + 0.1 * torch.where(
        torch.arange(6)[None] <= torch.arange(6)[:, None], torch.tanh(z @ z.T),
        z[:, :1] * z[None, :, 2]).amax(1)).mean())(noted(x)), 1.0)})

# A frozen submodule is as outside of training, though its parameters learn.
frozen, reader = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)), nn.Linear(4, 2)
frozen.eval()
frozen[1].running_mean.copy_(draw(19, 4, low=-0.5, high=0.5))
frozen[1].running_var.copy_(draw(20, 4, low=0.5, high=2.0))
case("frozen", """
frozen_net = Sequential(Linear(3, 4), BatchNorm1d(4), Dropout(0.5))
frozen_reader = Linear(4, 2)

@train(Adam(lr=cosine(0.02, steps=60, warmup=10), weight_decay=0.01))
def frozen(x: f32[B, 3], y: f32[B, 2]) -> f32:
    return mse_loss(frozen_reader(tanh(eval(frozen_net)(x))), y)
""", {"frozen_net": frozen, "frozen_reader": reader}, dict(x=x, y=y), {"frozen": Scheduled(
    torch.optim.Adam([*frozen.parameters(), *reader.parameters()], 0.02, weight_decay=0.01),
    lambda x, y: F.mse_loss(reader(torch.tanh(frozen(x))), y), lambda n: (n + 1) / 10 if n < 9 else
    0.5 + 0.5 * math.cos(math.pi * min(n - 9, 50) / 50))})


# One matrix is the first layer and the last, as in a language model; its gradients add up.
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.head = nn.Embedding(5, 4), nn.Linear(4, 5)
        self.head.weight = self.tok.weight

    def forward(self, ids):
        return self.head(F.gelu(F.layer_norm(self.tok(ids), (4,))))


tied = Tied()
case("tied", """
module Tied():
    tok = Embedding(5, 4)
    head = Linear(4, 5)
    head.weight = tok.weight

    def forward(ids: i64[B]) -> f32[B, 5]:
        return head(gelu(layer_norm(tok(ids), 4)))

tied_net = Tied()

@train(RMSprop(lr=0.01, momentum=0.5))
def tied(ids: i64[B], following: i64[B]) -> f32:
    return cross_entropy(tied_net(ids), following, label_smoothing=0.1)
""", {"tied_net": tied}, dict(ids=draw(21, 4, 6, low=0.0, high=5.0, dtype=torch.int64),
                              following=draw(22, 4, 6, low=0.0, high=5.0, dtype=torch.int64)),
     {"tied": Training(torch.optim.RMSprop(tied.parameters(), 0.01, momentum=0.5),
                       lambda ids, following: F.cross_entropy(tied(ids), following, label_smoothing=0.1))})


# A gradient of the user's own, straight through a rounding.
class Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x, scale)
        return torch.round(x * scale) / scale

    @staticmethod
    def backward(ctx, g):
        x, scale = ctx.saved_tensors
        return torch.where(x.abs() < 1, g, 0.25 * g), None


coarse = nn.Linear(3, 2)
case("coarse", """
@composite
def stepped(x: float[*S], scale: float) -> float[*S]:
    return round(x * scale) / scale

@vjp(stepped)
def stepped_grad(x: float[*S], scale: float, y: float[*S], g: float[*S]):
    return where(abs(x) < 1, g, 0.25 * g), None

coarse_net = Linear(3, 2)

@train(SGD(lr=0.05, momentum=0.9, nesterov=True))
def coarse(x: f32[B, 3], y: f32[B, 2]) -> f32:
    return mse_loss(stepped(coarse_net(x), 4.3), y)
""", {"coarse_net": coarse}, dict(x=x, y=y), {"coarse": Training(
    torch.optim.SGD(coarse.parameters(), 0.05, momentum=0.9, nesterov=True),
    lambda x, y: F.mse_loss(Straight.apply(coarse(x), torch.tensor(4.3)), y))}, slopes=False)

with open("learning.qn", "w") as file:
    file.write("# Small programs whose trainings learning.txt has; written by make_learning.py.\n" + "".join(programs))
golden.write()
