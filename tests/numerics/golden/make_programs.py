"""Writes programs.txt: trainings and calls of the language's worked programs (tests/lit/programs), made small. Needs torch and
torchvision; run it here."""
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import zoo
from trainings import GoldenFile, Training, adamw, chances, draw, numbers, start

golden = GoldenFile("programs")
U8, I64 = torch.uint8, torch.int64


def case(name, roots, inputs, trainings, changes=(), title=None, **options):
    start(roots)
    golden.case(title or name, roots, inputs, trainings, program=f"../../lit/programs/{name}.qn", changes=changes, **options)


def scheduled(optimizer, rate):
    """An optimizer and what to do after its steps, of which the first, number 1, has its learning rate times rate(1)."""
    return optimizer, LambdaLR(optimizer, lambda done: rate(done + 1)).step


def warm_cosine(steps, warmup):
    """The library's cosine(1, steps, warmup)."""
    return lambda step: step / warmup if step < warmup else 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


# The lecture's.
line = nn.Module()
line.linear = nn.Linear(1, 1)
ones, targets = draw(15, 4, 6, 1), draw(16, 4, 6, 1)
case("regressions", line, dict(x=ones, y=targets), Training(torch.optim.SGD(line.parameters(), 0.1), lambda x, y: F.mse_loss(line.linear(x), y)),
     calls={"predict": lambda x, y: line.linear(x), "hidden": lambda x, y: torch.sigmoid(line.linear(x))})

deep = zoo.mlp(1, 5, 3, 1, between=nn.Sigmoid)
case("seqreg", deep, dict(x=ones, y=targets), Training(torch.optim.SGD(deep.parameters(), 0.3), lambda x, y: F.mse_loss(deep(x), y)),
     calls={"node": lambda x, y: (deep[:2](x), deep[:4](x))})

mnist = zoo.mlp(784, 5, 4, 10, first=[nn.Flatten()])
case("mnist", mnist, dict(x=numbers(3, 3, 4, 28, 28, below=256, dtype=U8), y=numbers(4, 3, 4, below=10, dtype=U8)),
     Training(adamw(1e-3, mnist), lambda x, y: F.cross_entropy(mnist(x / 255), y.long())),
     [("Linear(784, 512)", "Linear(784, 5)"), ("Linear(512, 256)", "Linear(5, 4)"), ("Linear(256, 10)", "Linear(4, 10)")],
     calls={"accuracy": lambda x, y: (mnist(x / 255).argmax(-1) == y).double().mean()}, interpreted=20)

# play.qn: averages of what groups of batches teach, and its functions as the loss.
play = zoo.mlp(2, 16, 3)
rows, classes = draw(30, 4, 6, 2), numbers(31, 4, 6, below=3)
averaged = AveragedModel(play, multi_avg_fn=get_ema_multi_avg_fn(0.999))
optimizer, climb = scheduled(adamw(1e-3, play), warm_cosine(1000, 100))


def average():
    climb()
    averaged.update_parameters(play)


def confusion(y, p):
    return F.one_hot(y, 3).T @ F.one_hot(p, 3)


case("play", play, dict(x=rows, y=classes, cm=numbers(32, 4, 3, 3, below=9)),
     Training(optimizer, lambda x, y, cm: F.cross_entropy(play(x), y), clip=1.0, group=4, then=average),
     after=lambda: {f"average.{key}": tensor for key, tensor in averaged.module.named_parameters()},
     calls={"predict": lambda x, y, cm: averaged.module(x), "confusion": lambda x, y, cm: confusion(y, play(x).argmax(-1)),
            "f1": lambda x, y, cm: (2 * cm.diagonal() / (cm.sum(0) + cm.sum(1))).mean()})


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, g):
        return g * (ctx.saved_tensors[0].abs() <= 1)


def played(x, y):
    h = bent(x)
    q = h[None, None]
    return F.cross_entropy(F.scaled_dot_product_attention(q, q, q, is_causal=True)[0, 0] + Sign.apply(h), y)


bent = zoo.mlp(2, 16, 3)
sdpa = "attention(net(x)[None, None], net(x)[None, None], net(x)[None, None])[0, 0]"
case("play", bent, dict(x=rows, y=classes), Training(adamw(1e-3, bent), played),
     [("EMA(AdamW(lr=cosine(1e-3, steps=1000, warmup=100))), clip_norm=1.0, accumulate=4", "AdamW(lr=1e-3)"),
      ("average(net)(x)", "net(x)"), ("return cross_entropy(net(x), y)", f"return cross_entropy({sdpa} + sign(net(x)), y)")],
     title="play_functions", slopes=False)

policy = zoo.mlp(4, 6, 2, between=nn.Tanh)
case("policy", policy, dict(obs=draw(10, 4, 6, 4), action=numbers(11, 4, 6, below=2), weight=draw(12, 4, 6)),
     Training(adamw(1e-2, policy), lambda obs, action, weight: -(F.log_softmax(policy(obs), -1)[torch.arange(6), action] * weight).mean()),
     [("Linear(4, 64)", "Linear(4, 6)"), ("Linear(64, 2)", "Linear(6, 2)")])

# Two towers of one encoder.
encoder = nn.Sequential(nn.Linear(784, 5), nn.BatchNorm1d(5), nn.ReLU())
a, b, scale = zoo.Tower(encoder, 5, 4), zoo.Tower(encoder, 5, 4), nn.Module()
scale.scale = nn.Parameter(torch.zeros(()))


def matched(x1, x2):
    s = a(x1) @ b(x2).T * torch.exp(scale.scale)
    y = torch.arange(len(x1))
    return 0.5 * (F.cross_entropy(s, y) + F.cross_entropy(s.T, y))


case("twotower", {"shared": encoder, "a": a, "b": b, "": scale}, dict(x1=draw(13, 4, 6, 784), x2=draw(14, 4, 6, 784)),
     Training(adamw(1e-3, encoder, a.proj, b.proj, scale), matched),
     [("Linear(256, outputs)", "Linear(5, outputs)"), ("Linear(784, 256), BatchNorm1d(256)", "Linear(784, 5), BatchNorm1d(5)"),
      ("a = Tower(shared, 64)", "a = Tower(shared, 4)"), ("b = Tower(shared, 64)", "b = Tower(shared, 4)")],
     interpreted=10, near=zoo.before_norms(encoder, "shared."))

# What draws random numbers takes them as inputs here.
vae = zoo.VAE(784, 5, 3)
case("vae", vae, dict(x=chances(8, 4, 6, 784), noise=draw(9, 4, 6, 3), z=draw(10, 4, 6, 3)), Training(adamw(1e-3, vae), lambda x, noise, z: vae(x, noise)),
     [("VAE(784, 400, 20)", "VAE(784, 5, 3)"), ("loss(x: f32[B, 784], beta", "loss(x: f32[B, 784], noise: f32[B, 3], beta"),
      ("randn(f32[B, 20])", "noise"), ("generate(z: f32[B, 20])", "generate(z: f32[B, 3])")],
     calls={"generate": lambda x, noise, z: torch.sigmoid(vae.dec(z))}, interpreted=10)

gen, disc = zoo.gan(2, 5, 784)
tells_apart, deceives = zoo.tells_apart(gen, disc), zoo.deceives(gen, disc)


def penalized(x, z, e, again):
    """The discriminator's loss with the penalty on its slope."""
    fake = gen(z)
    mid = e * x + (1 - e) * fake
    slope, = torch.autograd.grad(disc(mid).sum(), mid, create_graph=True)
    return (F.softplus(-disc(x)) + F.softplus(disc(fake))).mean() + ((torch.linalg.vector_norm(slope, dim=-1) - 1) ** 2).mean()


case("gan", dict(gen=gen, disc=disc), dict(x=draw(20, 4, 6, 784), z=draw(21, 4, 6, 2), again=draw(22, 4, 6, 2), e=chances(23, 4, 6, 1)), {
    "d_loss": Training(adamw(2e-4, disc, betas=(0.5, 0.999)), penalized), "g_loss": Training(adamw(2e-4, gen, betas=(0.5, 0.999)), deceives)},
     [("latent = 64", "latent = 2"), ("Linear(latent, 256), BatchNorm1d(256)", "Linear(latent, 5), BatchNorm1d(5)"), ("Linear(256, 784)", "Linear(5, 784)"),
      ("Linear(784, 256)", "Linear(784, 5)"), ("Linear(256, 1)", "Linear(5, 1)"),
      ("d_loss(x: f32[B, 784])", "d_loss(x: f32[B, 784], z: f32[B, latent], e: f32[B, 1])"), ("fake = gen(randn(f32[B, latent]))", "fake = gen(z)"),
      ("softplus(disc(fake))).mean()", "softplus(disc(fake))).mean() + penalty(x, fake, e)"),
      ("g_loss(x: f32[B, 784])", "g_loss(x: f32[B, 784], again: f32[B, latent])"), ("randn(f32[B, latent])", "again"),
      ("penalty(x: f32[B, 784], fake: f32[B, 784])", "penalty(x: f32[B, 784], fake: f32[B, 784], drawn: f32[B, 1])"), ("rand(f32[B, 1])", "drawn")],
     interpreted=10, near=zoo.before_norms(gen, "gen."))

# Text.
gpt = zoo.GPT(32, 12, 8, 2, 2)
optimizer, climb = scheduled(adamw(1e-3, gpt, betas=(0.9, 0.99)), warm_cosine(2000, 100))
case("gpt", gpt, dict(x=numbers(1, 4, 3, 7, below=32), y=numbers(2, 4, 3, 7, below=32), id=numbers(24, 4, 1, 1, below=32), pos=numbers(25, 4, below=1)),
     Training(optimizer, lambda x, y, **_: gpt.loss(x, y), clip=1.0, then=climb),
     [("= 65, 128, 128, 4, 4", "= 32, 12, 8, 2, 2"), ("Dropout(0.1)", "Dropout(0.0)"), ("temperature: f32 = 1.0) -> i64", "temperature: f32 = 1.0) -> f32[vocab]"),
      ("multinomial(softmax(net.one(id, pos) / temperature, dim=-1))", "softmax(net.one(id, pos) / temperature, dim=-1)")],
     calls={"sample": lambda id, **_: F.softmax(gpt(id)[0, 0], -1)}, interpreted=5)

emb, rnn, head = nn.Embedding(11, 5), nn.LSTM(5, 5, 2, batch_first=True), nn.Linear(5, 11)
enc, cell = nn.LSTM(5, 5, batch_first=True), nn.LSTM(5, 5, batch_first=True)


def following(y):
    return y.long()[:, 1:].reshape(-1)


def taught(src, dst, **_):
    _, state = enc(emb(src))
    y, _ = cell(emb(dst[:, :-1]), state)
    return F.cross_entropy(head(y).flatten(0, 1), following(dst))


def after_one(id, h, c, **_):
    y, (hn, cn) = rnn(emb(id), (h, c))
    return head(y)[:, 0], hn, cn


def translated(src, **_):
    _, state = enc(emb(src))
    id, out = torch.zeros(len(src), 1, dtype=I64), []
    for _ in range(50):
        y, state = cell(emb(id), state)
        id = head(y).argmax(-1)
        out.append(id[:, 0])
    return torch.stack(out, 1)


case("seq", dict(emb=emb, rnn=rnn, head=head, enc=enc, cell=cell),
     dict(tokens=numbers(40, 4, 3, 7, below=11, dtype=U8), src=numbers(41, 4, 3, 5, below=11), dst=numbers(42, 4, 3, 6, below=11),
          id=numbers(43, 4, 3, 1, below=11), h=draw(44, 4, 2, 3, 5), c=draw(45, 4, 2, 3, 5)), {
    "loss": Training(adamw(2e-3, emb, rnn, head), lambda tokens, **_: F.cross_entropy(
        head(rnn(emb(tokens[:, :-1].int()))[0]).flatten(0, 1), following(tokens))),
    "s2s": Training(adamw(1e-3, enc, cell), taught)}, [("= 96, 256", "= 11, 5")],
     calls={"next": after_one, "translate": translated}, interpreted=3)

# Images; the ResNet learns slowly, or rounding would grow from step to step.
resnet = zoo.ResNet((3, 4, 5, 6), stem=(7, 2, 3))
optimizer, fall = scheduled(torch.optim.SGD(resnet.parameters(), 0.001, momentum=0.9, nesterov=True), warm_cosine(10000, 0))
at_rest = lambda net, x: copy.deepcopy(net).eval()(x)
case("resnet18", resnet, dict(x=draw(5, 3, 5, 3, 32, 32), y=numbers(6, 3, 5, below=10)),
     Training(optimizer, lambda x, y: F.cross_entropy(resnet(x), y, label_smoothing=0.1), clip=1.0, then=fall),
     [("Conv2d(3, 64, 7, stride=2, padding=3, bias=False)", "Conv2d(3, 3, 7, stride=2, padding=3, bias=False)"), ("BatchNorm2d(64)", "BatchNorm2d(3)"),
      ("make_layer(block, 64, 64,", "make_layer(block, 3, 3,"), ("make_layer(block, 64, 128,", "make_layer(block, 3, 4,"),
      ("make_layer(block, 128, 256,", "make_layer(block, 4, 5,"), ("make_layer(block, 256, 512,", "make_layer(block, 5, 6,"),
      ("Linear(512,", "Linear(6,"), ("cosine(0.1,", "cosine(0.001,"),
      ("f32[B, 3, H, W], y: i64[B]) -> f32 where H >= 32, W >= 32", "f32[B, 3, 32, 32], y: i64[B]) -> f32")], calls={"predict": lambda x, y: F.softmax(at_rest(resnet, x), -1)}, interpreted=1)

unet = zoo.UNet(3, 5, (2, 4), zoo.DoubleConv)
case("unet", unet, dict(x=draw(50, 3, 2, 3, 16, 16), y=numbers(51, 3, 2, 16, 16, below=5, dtype=U8)),
     Training(adamw(1e-4, unet), lambda x, y: F.cross_entropy(unet(x), y.long())), [("widths=(64, 128, 256, 512)", "widths=(2, 4)")],
     interpreted=2, near=zoo.before_norms(unet))


# The library as the language's pages write it. No gradient reaches the row of an embedding that pads.
class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.rnn = nn.Embedding(7, 4, padding_idx=2), nn.LSTM(4, 4, 2, batch_first=True)
        self.attn, self.ln, self.head = nn.MultiheadAttention(4, 2, batch_first=True), nn.LayerNorm(4), nn.Linear(4, 3)

    def forward(self, ids):
        h, _ = self.rnn(self.emb(ids))
        future = torch.ones(h.shape[1], h.shape[1], dtype=torch.bool).triu(1)
        return self.head(self.ln(h + self.attn(h, h, h, attn_mask=future)[0]).mean(1))


class Pictures(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(2, 4, 3, 2, 1, groups=2), nn.BatchNorm2d(4), nn.Linear(4, 3, bias=False)

    def forward(self, x):
        return self.fc(torch.tanh(self.bn(self.conv(x))).mean((2, 3)))


words, pictures = Words(), Pictures()
optimizer, climb = scheduled(adamw(1e-2, words), warm_cosine(150, 10))
case("std_net", dict(words=words, pictures=pictures),
     dict(ids=numbers(60, 4, 3, 5, below=7), y=numbers(61, 4, 3, below=3), x=draw(62, 4, 3, 2, 5, 6), z=draw(63, 4, 3, 3)), {
    "spelled": Training(optimizer, lambda ids, y, **_: F.cross_entropy(words(ids), y, label_smoothing=0.1), then=climb),
    "seen": Training(torch.optim.SGD(pictures.parameters(), 0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
                     lambda x, z, **_: F.mse_loss(pictures(x), z))},
     calls={"name": lambda x, **_: at_rest(pictures, x)}, interpreted=10, slopes=False)

golden.write()
