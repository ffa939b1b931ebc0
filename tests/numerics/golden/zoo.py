"""The models of examples/ and of the language's worked programs in PyTorch, small: what make_examples.py and
make_programs.py train. Names of parameters are those of the programs."""
import torch
import torch.nn.functional as F
import torchvision
from torch import nn


def before_norms(module, prefix=""):
    """The names of what hangs on rounding: biases of layers before a batch norm, whose gradients are zero but for it, and the
    means behind them."""
    names, last = [], None
    for name, layer in module.named_modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)) and last and last[1].bias is not None:
            names += [f"{prefix}{last[0]}.bias", f"{prefix}{name}.running_mean"]
        if not list(layer.children()):
            last = (name, layer) if isinstance(layer, (nn.Linear, nn.Conv2d)) else None
    return names


def mlp(*sizes, between=nn.ReLU, first=()):
    layers = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), between())]
    return nn.Sequential(*first, *layers[:-1])


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, t, width = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln1, self.attn, self.ln2 = nn.LayerNorm(width), Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocab, context, width, heads, depth):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.ln, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)
        self.head.weight = self.tok.weight

    def forward(self, ids):
        x = self.tok(ids) + self.pos.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x))

    def loss(self, x, y):
        return F.cross_entropy(self(x.int()).flatten(0, 1), y.flatten().long())


class Encoder(nn.Module):
    """examples/bert."""

    def __init__(self, vocab, context, width, heads, depth):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab + 1, width), nn.Embedding(context, width)
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True)
                                     for _ in range(depth)])
        self.head = nn.Linear(width, vocab)

    def forward(self, ids):
        x = self.tok(ids) + self.pos.weight[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


class ViT(nn.Module):
    def __init__(self, width, heads, depth):
        super().__init__()
        self.conv_proj = nn.Conv2d(1, width, 2, 2)
        self.class_token, self.pos_embedding = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(torch.zeros(1, 17, width))
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(width, heads, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True)
                                     for _ in range(depth)])
        self.ln, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x):
        x = self.conv_proj(x[:, None] / 16).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), *self.class_token.shape[1:]), x], 1) + self.pos_embedding
        for layer in self.layers:
            x = layer(x)
        return self.head(self.ln(x[:, 0]))


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
        self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout)) if cin != cout else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


class ResNet(nn.Module):
    """torchvision's, as wide as `widths` say; behind another stem if it is given."""

    def __init__(self, widths, stem=None):
        super().__init__()
        first = widths[0]
        self.conv1, self.bn1 = nn.Conv2d(3, first, *(stem or (3, 1, 1)), bias=False), nn.BatchNorm2d(first)
        self.stem = nn.MaxPool2d(3, 2, 1) if stem else nn.Identity()
        for number, (cin, cout) in enumerate(zip((first, *widths), widths), 1):
            setattr(self, f"layer{number}", nn.Sequential(BasicBlock(cin, cout, 1 if number == 1 else 2), BasicBlock(cout, cout)))
        self.fc = nn.Linear(widths[-1], 10)

    def forward(self, x):
        x = self.stem(F.relu(self.bn1(self.conv1(x))))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return self.fc(x.mean((2, 3)))


def mobilenet(*settings):
    """torchvision's own, without the first two strides, with a stem of 4 and 10 features behind the blocks."""
    net = torchvision.models.MobileNetV2(10, inverted_residual_setting=[list(s) for s in settings], round_nearest=1, dropout=0.0)
    net.features[0] = torchvision.ops.Conv2dNormActivation(3, 4, 3, 1, activation_layer=nn.ReLU6)
    net.features[1] = torchvision.models.mobilenetv2.InvertedResidual(4, settings[0][1], 1, 1)
    net.features[-1] = torchvision.ops.Conv2dNormActivation(settings[-1][1], 10, 1, activation_layer=nn.ReLU6)
    net.classifier[1] = nn.Linear(10, 10)
    return net


def double_conv(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(),
                         nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU())


class DoubleConv(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.net = double_conv(cin, cout)

    def forward(self, x):
        return self.net(x)


class UNet(nn.Module):
    def __init__(self, cin, classes, widths, block):
        super().__init__()
        self.downs = nn.ModuleList([block(a, b) for a, b in zip((cin, *widths), widths)])
        self.mid = block(widths[-1], 2 * widths[-1])
        self.ups = nn.ModuleList([nn.ConvTranspose2d(2 * c, c, 2, 2) for c in reversed(widths)])
        self.convs = nn.ModuleList([block(2 * c, c) for c in reversed(widths)])
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.mid(x)
        for up, conv, skip in zip(self.ups, self.convs, reversed(skips)):
            x = conv(torch.cat([skip, up(x)], 1))
        return self.head(x)


class VAE(nn.Module):
    def __init__(self, inputs, hidden, latent):
        super().__init__()
        self.enc, self.mu, self.logvar = nn.Linear(inputs, hidden), nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.dec = mlp(latent, hidden, inputs)

    def forward(self, x, noise):
        h = F.relu(self.enc(x))
        mean, logv = self.mu(h), self.logvar(h)
        recon = F.binary_cross_entropy_with_logits(self.dec(mean + torch.exp(0.5 * logv) * noise), x, reduction="sum") / len(x)
        return recon - 0.5 * (1 + logv - mean ** 2 - torch.exp(logv)).sum() / len(x)


class SkipGram(nn.Module):
    """examples/word2vec."""

    def __init__(self, vocab, width):
        super().__init__()
        self.center, self.context = nn.Embedding(vocab, width), nn.Embedding(vocab, width)

    def forward(self, x, y, chance):
        others = y[(chance * len(y)).long()]
        v = self.center(x)
        near, far = (v * self.context(y)).sum(-1), (v[:, None] * self.context(others)).sum(-1)
        return (F.softplus(-near) + F.softplus(far).sum(-1)).mean()


class Tower(nn.Module):
    def __init__(self, encoder, width, outputs):
        super().__init__()
        self.encoder, self.proj = encoder, nn.Linear(width, outputs)

    def forward(self, x):
        z = self.proj(self.encoder(x))
        return z / torch.linalg.vector_norm(z, dim=-1, keepdim=True)


def gan(latent, hidden, pixels):
    """A generator and a discriminator."""
    return (nn.Sequential(nn.Linear(latent, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, pixels), nn.Tanh()),
            nn.Sequential(nn.Linear(pixels, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1)))


def tells_apart(gen, disc):
    """The discriminator's loss."""
    return lambda x, z, **_: (F.softplus(-disc(x)) + F.softplus(disc(gen(z)))).mean()


def deceives(gen, disc):
    """The generator's loss."""
    return lambda again, **_: F.softplus(-disc(gen(again))).mean()
