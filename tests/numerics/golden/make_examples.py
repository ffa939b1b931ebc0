"""Writes examples.txt: trainings of the models of examples/, made small. Needs torch; run it here."""
import torch
import torch.nn.functional as F
from torch import nn

from trainings import GoldenFile, Training, draw, start

golden = GoldenFile("examples")
U8 = torch.uint8


def case(name, program, net, inputs, training, changes, **options):
    golden.case(name, {"": net}, inputs, {"loss": training}, program=f"../../../examples/{program}", changes=changes, **options)


# The GPT, whose learning rate grows over these 100 steps.
VOCAB, CONTEXT, WIDTH, HEADS, DEPTH = 32, 12, 8, 2, 2


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, WIDTH))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.attn, self.ln2 = nn.LayerNorm(WIDTH), Attention(), nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(VOCAB, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList([Block() for _ in range(DEPTH)])
        self.ln, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCAB, bias=False)
        self.head.weight = self.tok.weight

    def forward(self, ids):
        x = self.tok(ids) + self.pos.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x))


gpt = GPT()
start(gpt)
optimizer = torch.optim.AdamW(gpt.parameters(), 1e-3, betas=(0.9, 0.99))
growing = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (step + 1) / 100)
case("gpt", "gpt/gpt.qn", gpt, {word: draw(seed, 4, 3, 7, low=0.0, high=32.0, dtype=U8) for word, seed in (("x", 1), ("y", 2))},
     Training(optimizer, lambda x, y: F.cross_entropy(gpt(x.int()).flatten(0, 1), y.flatten().long()), then=growing.step),
     [("= 128, 128, 128, 4, 4", "= 32, 12, 8, 2, 2"), ("Dropout(0.1)", "Dropout(0.0)")], interpreted=30)

# LeNet.
cnn = nn.Sequential(nn.Conv2d(1, 3, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 5), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 10))
start(cnn)
case("cnn", "cnn/cnn.qn", cnn, dict(x=draw(3, 3, 4, 28, 28, low=0.0, high=256.0, dtype=U8), y=draw(4, 3, 4, low=0.0, high=10.0, dtype=U8)),
     Training(torch.optim.AdamW(cnn.parameters(), 1e-3), lambda x, y: F.cross_entropy(cnn(x[:, None] / 255), y.long())),
     [("Conv2d(1, 32, 5)", "Conv2d(1, 3, 5)"), ("Conv2d(32, 64, 5)", "Conv2d(3, 4, 5)"), ("Linear(1024, 128)", "Linear(64, 5)"),
      ("Linear(128, 10)", "Linear(5, 10)")], interpreted=3)


# ResNet-18, its stages 3 to 6 wide.
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
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3)
        for number, (cin, cout, stride) in enumerate(((3, 3, 1), (3, 4, 2), (4, 5, 2), (5, 6, 2)), 1):
            setattr(self, f"layer{number}", nn.Sequential(BasicBlock(cin, cout, stride), BasicBlock(cout, cout)))
        self.fc = nn.Linear(6, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return self.fc(x.mean((2, 3)))


resnet = ResNet()
start(resnet)
case("resnet18", "resnet/resnet18.qn", resnet, dict(x=draw(5, 3, 4, 3, 16, 16), y=draw(6, 3, 4, low=0.0, high=10.0, dtype=torch.int64)),
     Training(torch.optim.SGD(resnet.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True),
              lambda x, y: F.cross_entropy(resnet(x), y)),
     [("Conv2d(3, 64, 3, padding=1, bias=False)", "Conv2d(3, 3, 3, padding=1, bias=False)"), ("BatchNorm2d(64)", "BatchNorm2d(3)"),
      ("stage(64, 64, 1)", "stage(3, 3, 1)"), ("stage(64, 128, 2)", "stage(3, 4, 2)"), ("stage(128, 256, 2)", "stage(4, 5, 2)"),
      ("stage(256, 512, 2)", "stage(5, 6, 2)"), ("Linear(512,", "Linear(6,"), ("loss(x: f32[B, 3, 32, 32]", "loss(x: f32[B, 3, 16, 16]")],
     interpreted=2, singles=3)

# On images of digits: an autoencoder, a variational one whose noise is an input here, and a vision transformer.
digits = draw(7, 4, 5, 8, 8, low=0.0, high=17.0, dtype=U8)
encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 3))
decoder = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 64))
start(encoder, decoder)
golden.case("autoencoder", {"encoder": encoder, "decoder": decoder}, dict(x=digits), {"loss": Training(
    torch.optim.AdamW([*encoder.parameters(), *decoder.parameters()], 2e-3),
    lambda x: F.mse_loss(decoder(encoder(x / 16)).reshape(x.shape), x / 16))},
    program="../../../examples/autoencoder/autoencoder.qn", changes=[("hidden, latent = 64, 8", "hidden, latent = 6, 3")], interpreted=20)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc, self.mu, self.logvar = nn.Linear(64, 6), nn.Linear(6, 3), nn.Linear(6, 3)
        self.dec = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 64))

    def forward(self, x, noise):
        pixels = x.flatten(1) / 16
        h = F.relu(self.enc(pixels))
        mean, logv = self.mu(h), self.logvar(h)
        recon = F.binary_cross_entropy_with_logits(self.dec(mean + torch.exp(0.5 * logv) * noise), pixels, reduction="sum") / len(x)
        return recon - 0.5 * (1 + logv - mean ** 2 - torch.exp(logv)).sum() / len(x)


vae = VAE()
start(vae)
case("vae", "vae/vae.qn", vae, dict(x=digits, noise=draw(8, 4, 5, 3)), Training(torch.optim.AdamW(vae.parameters(), 2e-3), vae),
     [("hidden, latent = 128, 8", "hidden, latent = 6, 3"), ("x: u8[B, 8, 8], beta: f32 = 1.0", "x: u8[B, 8, 8], noise: f32[B, latent], beta: f32 = 1.0"),
      ("randn(f32[B, latent])", "noise")], interpreted=20)


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_proj = nn.Conv2d(1, 8, 2, 2)
        self.class_token, self.pos_embedding = nn.Parameter(torch.zeros(1, 1, 8)), nn.Parameter(torch.zeros(1, 17, 8))
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True) for _ in range(2)])
        self.ln, self.head = nn.LayerNorm(8), nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv_proj(x[:, None] / 16).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), 1, 8), x], 1) + self.pos_embedding
        for layer in self.layers:
            x = layer(x)
        return self.head(self.ln(x[:, 0]))


vit = ViT()
start(vit)
case("vit", "vit/vit.qn", vit, dict(x=digits, y=draw(9, 4, 5, low=0.0, high=10.0, dtype=U8)),
     Training(torch.optim.AdamW(vit.parameters(), 2e-3), lambda x, y: F.cross_entropy(vit(x), y.long())),
     [("= 8, 2, 32, 4, 2", "= 8, 2, 8, 2, 2")], interpreted=3)

golden.write()
