"""Writes examples.txt: trainings of the models of examples/, made small. Needs torch and torchvision; run it here."""
import torch
import torch.nn.functional as F
from torch import nn

import zoo
from trainings import GoldenFile, Training, adamw, chances, draw, numbers, start

golden = GoldenFile("examples")
U8 = torch.uint8


def case(name, program, roots, inputs, trainings, changes=(), **options):
    start(roots)
    golden.case(name, roots, inputs, trainings, program=f"../../../examples/{program}", changes=changes, **options)


# Text: the GPT, whose learning rate grows over these 100 steps; the LSTM; BERT, of which chance hides bytes.
gpt = zoo.GPT(32, 12, 8, 2, 2)
optimizer = adamw(1e-3, gpt, betas=(0.9, 0.99))
growing = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (step + 1) / 100)
case("gpt", "gpt/gpt.qn", gpt, dict(x=numbers(1, 4, 3, 7, below=32, dtype=U8), y=numbers(2, 4, 3, 7, below=32, dtype=U8)),
     Training(optimizer, gpt.loss, then=growing.step), [("= 128, 128, 128, 4, 4", "= 32, 12, 8, 2, 2"), ("Dropout(0.1)", "Dropout(0.0)")],
     interpreted=30)

emb, rnn, head = nn.Embedding(11, 5), nn.LSTM(5, 5, 2, batch_first=True), nn.Linear(5, 11)
case("char_lstm", "char_lstm/char_lstm.qn", dict(emb=emb, rnn=rnn, head=head),
     dict(x=numbers(10, 4, 3, 6, below=11, dtype=U8), y=numbers(11, 4, 3, 6, below=11, dtype=U8)),
     Training(adamw(2e-3, emb, rnn, head), lambda x, y: F.cross_entropy(head(rnn(emb(x.int()))[0]).flatten(0, 1), y.flatten().long()), clip=1.0),
     [("= 128, 256", "= 11, 5")], interpreted=10)

bert = zoo.Encoder(16, 8, 8, 2, 2)
case("bert", "bert/bert.qn", bert, dict(x=numbers(12, 4, 3, 7, below=16, dtype=U8), chance=chances(13, 4, 3, 7)), Training(
    adamw(1e-3, bert), lambda x, chance: F.cross_entropy(bert(torch.where(chance < 0.3, 16, x.long())).transpose(1, 2),
                                                         torch.where(chance < 0.3, x.long(), -100))),
     [("= 128, 64, 64, 4, 2", "= 16, 8, 8, 2, 2"), ("loss(x: u8[B, T])", "loss(x: u8[B, T], chance: f32[B, T])"), ("rand(f32[B, T]) < 0.15", "chance < 0.3")],
     interpreted=5)

words = zoo.SkipGram(20, 4)
case("word2vec", "word2vec/word2vec.qn", words, dict(x=numbers(14, 4, 6, below=20), y=numbers(15, 4, 6, below=20),
                                                     chance=chances(16, 4, 6, 3)),
     Training(torch.optim.Adam(words.parameters(), 2e-3), words),
     [("= 4096, 64, 5", "= 20, 4, 3"), ("loss(x: i64[B], y: i64[B])", "loss(x: i64[B], y: i64[B], chance: f32[B, negatives])"),
      ("rand(f32[B, negatives])", "chance")], interpreted=50)

# Images of three colours, at learning rates at which rounding does not grow from step to step.
photos, kinds = draw(5, 3, 4, 3, 16, 16), numbers(6, 3, 4, below=10)
small = ("loss(x: f32[B, 3, 32, 32]", "loss(x: f32[B, 3, 16, 16]")
resnet = zoo.ResNet((3, 4, 5, 6))
case("resnet18", "resnet/resnet18.qn", resnet, dict(x=photos, y=kinds),
     Training(torch.optim.SGD(resnet.parameters(), 0.01, momentum=0.9, weight_decay=5e-4, nesterov=True), lambda x, y: F.cross_entropy(resnet(x), y)),
     [("Conv2d(3, 64, 3, padding=1, bias=False)", "Conv2d(3, 3, 3, padding=1, bias=False)"), ("BatchNorm2d(64)", "BatchNorm2d(3)"),
      ("stage(64, 64, 1)", "stage(3, 3, 1)"), ("stage(64, 128, 2)", "stage(3, 4, 2)"), ("stage(128, 256, 2)", "stage(4, 5, 2)"),
      ("stage(256, 512, 2)", "stage(5, 6, 2)"), ("Linear(512,", "Linear(6,"), ("lr=0.1", "lr=0.01"), small], interpreted=1)

# The MobileNet's slopes are none: a step of 1e-6 takes it over kinks.
mobilenet = zoo.mobilenet((1, 3, 1, 1), (2, 4, 1, 1), (2, 4, 1, 2), (2, 5, 1, 1), (2, 5, 1, 1), (2, 6, 1, 2), (2, 7, 1, 1))
case("mobilenet", "mobilenet/mobilenet_v2.qn", mobilenet, dict(x=photos, y=kinds),
     Training(torch.optim.SGD(mobilenet.parameters(), 0.001, momentum=0.9, weight_decay=4e-5), lambda x, y: F.cross_entropy(mobilenet(x), y)),
     [("conv_bn(3, 32, 3)", "conv_bn(3, 4, 3)"), ("stage(32, 16, 1, 1, 1)", "stage(4, 3, 1, 1, 1)"), ("stage(16, 24, 2, 1, 6)", "stage(3, 4, 1, 1, 2)"),
      ("stage(24, 32, 3, 2, 6)", "stage(4, 4, 1, 2, 2)"), ("stage(32, 64, 4, 2, 6)", "stage(4, 5, 1, 1, 2)"),
      ("stage(64, 96, 3, 1, 6)", "stage(5, 5, 1, 1, 2)"), ("stage(96, 160, 3, 2, 6)", "stage(5, 6, 1, 2, 2)"),
      ("stage(160, 320, 1, 1, 6)", "stage(6, 7, 1, 1, 2)"), ("conv_bn(320, 1280, 1)", "conv_bn(7, 10, 1)"), ("Dropout(0.2)", "Dropout(0.0)"),
      ("Linear(1280,", "Linear(10,"), ("lr=0.05", "lr=0.001"), small], interpreted=1, slopes=False)

# Digits of 28x28 pixels, and of 8x8.
large, digits = numbers(3, 3, 4, 28, 28, below=256, dtype=U8), numbers(7, 4, 5, 8, 8, below=17, dtype=U8)
large_names, names = numbers(4, 3, 4, below=10, dtype=U8), numbers(9, 4, 5, below=10, dtype=U8)
cnn = nn.Sequential(nn.Conv2d(1, 3, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 5), nn.ReLU(), nn.MaxPool2d(2), *zoo.mlp(64, 5, 10, first=[nn.Flatten()]))
case("cnn", "cnn/cnn.qn", cnn, dict(x=large, y=large_names), Training(adamw(1e-3, cnn), lambda x, y: F.cross_entropy(cnn(x[:, None] / 255), y.long())),
     [("Conv2d(1, 32, 5)", "Conv2d(1, 3, 5)"), ("Conv2d(32, 64, 5)", "Conv2d(3, 4, 5)"), ("Linear(1024, 128)", "Linear(64, 5)"),
      ("Linear(128, 10)", "Linear(5, 10)")], interpreted=3)

mnist = zoo.mlp(784, 5, 4, 10, first=[nn.Flatten()])
case("mnist", "mnist/mnist.qn", mnist, dict(x=large, y=large_names), Training(adamw(1e-3, mnist), lambda x, y: F.cross_entropy(mnist(x / 255), y.long())),
     [("Linear(784, 512)", "Linear(784, 5)"), ("Linear(512, 256)", "Linear(5, 4)"), ("Linear(256, 10)", "Linear(4, 10)")], interpreted=20)

reader = zoo.mlp(64, 6, 10, first=[nn.Flatten()])
case("digits", "digits/digits.qn", reader, dict(x=digits, y=names), Training(adamw(3e-3, reader), lambda x, y: F.cross_entropy(reader(x / 16), y.long())),
     [("Linear(64, 128)", "Linear(64, 6)"), ("Linear(128, 10)", "Linear(6, 10)")], interpreted=20)

vit = zoo.ViT(8, 2, 2)
case("vit", "vit/vit.qn", vit, dict(x=digits, y=names), Training(adamw(2e-3, vit), lambda x, y: F.cross_entropy(vit(x), y.long())),
     [("= 8, 2, 32, 4, 2", "= 8, 2, 8, 2, 2")], interpreted=3)

unet = zoo.UNet(1, 11, (2, 4), zoo.double_conv)
case("unet", "unet/unet.qn", unet, dict(x=digits, y=names), Training(adamw(2e-3, unet), lambda x, y: F.cross_entropy(
    unet(x[:, None] / 16), torch.where(x >= 8, y.long()[:, None, None] + 1, 0))), [("widths = (16, 32)", "widths = (2, 4)")],
     interpreted=2, near=zoo.before_norms(unet))

encoder, decoder = zoo.mlp(64, 6, 3, first=[nn.Flatten()]), zoo.mlp(3, 6, 64)
case("autoencoder", "autoencoder/autoencoder.qn", dict(encoder=encoder, decoder=decoder), dict(x=digits), Training(
    adamw(2e-3, encoder, decoder), lambda x: F.mse_loss(decoder(encoder(x / 16)).reshape(x.shape), x / 16)),
     [("hidden, latent = 64, 8", "hidden, latent = 6, 3")], interpreted=20)

# What draws random numbers takes them as inputs here.
vae = zoo.VAE(64, 6, 3)
case("vae", "vae/vae.qn", vae, dict(x=digits, noise=draw(8, 4, 5, 3)), Training(adamw(2e-3, vae), lambda x, noise: vae(x.flatten(1) / 16, noise)),
     [("hidden, latent = 128, 8", "hidden, latent = 6, 3"), ("x: u8[B, 8, 8], beta: f32 = 1.0", "x: u8[B, 8, 8], noise: f32[B, latent], beta: f32 = 1.0"),
      ("randn(f32[B, latent])", "noise")], interpreted=20)

gen, disc = zoo.gan(2, 5, 64)
tells_apart, deceives = zoo.tells_apart(gen, disc), zoo.deceives(gen, disc)
case("gan", "gan/gan.qn", dict(gen=gen, disc=disc), dict(x=digits, z=draw(17, 4, 5, 2), again=draw(18, 4, 5, 2)), {
    "d_loss": Training(adamw(1e-3, disc, betas=(0.5, 0.999)), lambda x, **noise: tells_apart(x=x.flatten(1) / 8 - 1, **noise)),
    "g_loss": Training(adamw(1e-3, gen, betas=(0.5, 0.999)), deceives)},
     [("latent, hidden = 16, 128", "latent, hidden = 2, 5"), ("d_loss(x: u8[B, 8, 8])", "d_loss(x: u8[B, 8, 8], z: f32[B, latent])"),
      ("fake = gen(randn(f32[B, latent]))", "fake = gen(z)"), ("g_loss(x: u8[B, 8, 8])", "g_loss(x: u8[B, 8, 8], again: f32[B, latent])"),
      ("randn(f32[B, latent])", "again")], interpreted=20, near=zoo.before_norms(gen, "gen."))

policy = zoo.mlp(64, 6, 10, first=[nn.Flatten()])


def rewarded(x, y, guess):
    reward = (guess == y).double()
    return -(F.log_softmax(policy(x / 16), -1)[torch.arange(len(x)), guess] * (reward - reward.mean())).mean()


case("policy", "policy/policy.qn", policy, dict(x=digits, y=numbers(19, 4, 5, below=3, dtype=U8), chosen=numbers(20, 4, 5, below=3)),
     Training(adamw(3e-3, policy), lambda x, y, chosen: rewarded(x, y, chosen)),
     [("hidden = 64", "hidden = 6"), ("loss(x: u8[B, 8, 8], y: u8[B])", "loss(x: u8[B, 8, 8], y: u8[B], chosen: i64[B])"),
      ("multinomial(detach(exp(logp)))", "chosen")], interpreted=20)

golden.write()
