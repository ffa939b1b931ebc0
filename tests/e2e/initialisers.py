"""Parameters as they begin: each with the bounds, or the mean and deviation, that PyTorch's layers and initialisers of the name
give it."""
import math

from case import QUERN, case, expect, run, tensors, write

MODEL = """module Everything():
    linear = Linear(64, 128)
    bilinear = Bilinear(8, 9, 40)
    conv1d = Conv1d(8, 64, 5, groups=2)
    conv2d = Conv2d(8, 32, 3)
    conv3d = Conv3d(4, 16, 3)
    transposed = ConvTranspose2d(8, 32, 3)
    embedding = Embedding(100, 32, padding_idx=3)
    rnn = RNN(16, 32, num_layers=2)
    lstm = LSTM(16, 32)
    gru = GRU(16, 32)
    cell = LSTMCell(16, 32)
    attention = MultiheadAttention(48, 4)
    batch = BatchNorm2d(64)
    layer = LayerNorm(64)
    rms = RMSNorm(64)
    group = GroupNorm(4, 64)
    prelu = PReLU(8)
    he = param(kaiming_uniform(f32[64, 8, 3, 3]))
    he_leaky = param(kaiming_uniform(f32[64, 32], a=0.5))
    he_normal = param(kaiming_normal(f32[64, 8, 3, 3], mode="fan_out"))
    glorot = param(xavier_uniform(f32[64, 8, 3, 3]))
    glorot_normal = param(xavier_normal(f32[64, 48], gain=2.0))
    normals = param(normal(f32[4096], mean=1.0, std=0.5))
    uniforms = param(uniform(f32[4096], -0.5, 2.0))
    coins = param(bernoulli(full(f32[4096], 0.25)))
    dice = param(randint(f32[4096], 1, 7))

    def forward(x: f32[B, 64]) -> f32[B, 128]:
        return linear(x)

net = Everything()

@train(SGD(lr=0.0))
def loss(x: f32[B, 64]) -> f32:
    return net(x).mean()
"""
# Bounds of what is uniformly distributed around 0.
BOUNDS = {
    "linear.weight": 64 ** -0.5, "linear.bias": 64 ** -0.5, "bilinear.weight": 8 ** -0.5, "bilinear.bias": 8 ** -0.5,
    "conv1d.weight": 20 ** -0.5, "conv1d.bias": 20 ** -0.5, "conv2d.weight": 72 ** -0.5, "conv2d.bias": 72 ** -0.5,
    "conv3d.weight": 108 ** -0.5, "conv3d.bias": 108 ** -0.5, "transposed.weight": 288 ** -0.5, "transposed.bias": 288 ** -0.5,
    **{f"{layer}.{kind}_{part}_l{number}": 32 ** -0.5 for layer, count in (("rnn", 2), ("lstm", 1), ("gru", 1)) for kind in ("weight", "bias")
       for part in ("ih", "hh") for number in range(count)},
    **{f"cell.{kind}_{part}": 32 ** -0.5 for kind in ("weight", "bias") for part in ("ih", "hh")},
    "attention.in_proj_weight": (6 / (4 * 48)) ** 0.5, "attention.out_proj.weight": 48 ** -0.5,
    "he": (6 / 72) ** 0.5, "he_leaky": (6 / (1.25 * 32)) ** 0.5, "glorot": (6 / (72 + 576)) ** 0.5,
}
# Means and deviations of the rest.
MOMENTS = {
    "embedding.weight": (0, 1), "attention.in_proj_bias": (0, 0), "attention.out_proj.bias": (0, 0), "prelu.weight": (0.25, 0),
    **{f"{norm}.weight": (1, 0) for norm in ("batch", "layer", "rms", "group")}, **{f"{norm}.bias": (0, 0) for norm in ("batch", "layer", "group")},
    "batch.running_mean": (0, 0), "batch.running_var": (1, 0),
    "he_normal": (0, (2 / 576) ** 0.5), "glorot_normal": (0, 2 * (2 / 112) ** 0.5), "normals": (1, 0.5), "uniforms": (0.75, 2.5 / 12 ** 0.5),
    "coins": (0.25, (3 / 16) ** 0.5), "dice": (3.5, (35 / 12) ** 0.5),
}


def moments(numbers):
    mean = sum(numbers) / len(numbers)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in numbers) / len(numbers))


@case
def parameters_begin_as_in_pytorch(folder):
    """Means and deviations within five times their own deviations; bounds are kept to, and nearly reached."""
    write(folder, "m.qn", MODEL)
    write(folder, "x.csv", "\n".join([",".join(f"x{i}" for i in range(64))] + [",".join("1" * 64)] * 4))
    run(QUERN, "build", "m.qn", "-o", "m", cwd=folder)
    run("./m", "train", "--data", "x.csv", "--epochs", "1", "--save", "w.safetensors", cwd=folder)
    found = {name: list(numbers) for name, numbers in tensors(f"{folder}/w.safetensors").items()}
    expect(found.keys() == {*BOUNDS, *MOMENTS}, f"the names differ: {found.keys() ^ {*BOUNDS, *MOMENTS}}")
    pads = found["embedding.weight"][3 * 32 : 4 * 32]
    expect(not any(pads), f"the row that pads is {pads}")
    del found["embedding.weight"][3 * 32 : 4 * 32]
    for name, numbers in found.items():
        count = len(numbers)
        if name in BOUNDS:
            bound = BOUNDS[name]
            largest = max(map(abs, numbers))
            expect(bound * (1 - 8 / count) <= largest <= bound * (1 + 1e-6), f"{name} reaches {largest} of {bound}")
        wanted, spread = MOMENTS.get(name) or (0, BOUNDS[name] / math.sqrt(3))
        mean, deviation = moments(numbers)
        expect(abs(mean - wanted) <= 5 * spread / math.sqrt(count), f"the mean of {name} is {mean}, not {wanted}")
        expect(abs(deviation - spread) <= 5 * spread / math.sqrt(count), f"the deviation of {name} is {deviation}, not {spread}")
    expect(set(found["coins"]) == {0, 1} and set(found["dice"]) == set(range(1, 7)), "coins or dice fall otherwise")
    return f"{len(found)} parameters"
