"""Runs the example of every built-in function and of every item of the standard library, as `quern doc` has them.
usage: stdlib_examples.py

An example is one of
    EXPRESSION is VALUE             evaluated by `quern run`, compared to 4 decimals
    LAYER of EXPRESSION is VALUE    the layer is made in the file and called
    LAYER maps TYPE, ... to TYPE    an entry of these types is compiled
    @train(...)                     a small model is compiled with it
"""
import json, os, re, subprocess, sys, tempfile

# What the library must hold, by file.
NEEDED = """Linear Bilinear Identity Sequential Flatten Dropout Dropout1d Dropout2d Dropout3d AlphaDropout ReLU LeakyReLU
PReLU ReLU6 ELU CELU SELU GELU SiLU Mish Sigmoid LogSigmoid Hardsigmoid Hardswish Hardtanh Tanh Tanhshrink Softplus
Softsign Softshrink Hardshrink Threshold Softmax LogSoftmax Softmin GLU SwiGLU CosineSimilarity PairwiseDistance
Conv1d Conv2d Conv3d ConvTranspose2d MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d
Upsample PixelShuffle BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d GroupNorm
relu leaky_relu softplus selu gelu silu softmax log_softmax
mse_loss l1_loss huber_loss smooth_l1_loss cross_entropy soft_cross_entropy nll_loss kl_div binary_cross_entropy
binary_cross_entropy_with_logits bce_with_logits poisson_nll_loss gaussian_nll_loss margin_ranking_loss
hinge_embedding_loss soft_margin_loss multilabel_soft_margin_loss cosine_embedding_loss triplet_margin_loss ctc_loss
top_k_accuracy confusion_matrix precision recall f1_score r2_score perplexity
SGD Adam AdamW RMSprop Adagrad Adadelta Adamax NAdam RAdam Lion EMA
step_lr multi_step_lr exponential_lr linear_lr polynomial_lr cosine_annealing_lr cosine_annealing_warm_restarts
cosine one_cycle uniform normal bernoulli randint roll kaiming_uniform kaiming_normal xavier_uniform xavier_normal
RNNCell LSTMCell GRUCell RNN LSTM GRU
embedding Embedding layer_norm LayerNorm rms_norm RMSNorm rope scaled_dot_product_attention MultiheadAttention
TransformerEncoderLayer TransformerDecoderLayer""".split()

TRAIN = """net = Linear(2, 1)

{decorator}
def loss(x: f32[B, 2], y: f32[B, 1]) -> f32:
    return mse_loss(net(x), y)
"""
MAPS = """net = {layer}

@export
def f({given}) -> {result}:
    return net({names})
"""
OF = """net = {layer}

def demo():
    print(net({expression}))
"""
IS = """def demo():
    print({expression})
"""


def run(command, program, folder):
    path = os.path.join(folder, "example.qn")
    with open(path, "w") as f:
        f.write(program)
    target = path + ":demo" if command == "run" else path
    result = subprocess.run(["quern", command, target], capture_output=True, text=True)
    if result.returncode or result.stderr:
        return None, result.stderr.strip()
    return result.stdout, ""


def same(printed, wanted):
    """Whether both have the same brackets and, to 4 decimals, the same numbers."""
    printed = printed.strip()
    if printed.startswith("tensor("):
        printed = re.sub(r", dtype=torch\.\w+$", "", printed[len("tensor("):-1])
    number = r"-?\d+\.?\d*(?:e[-+]?\d+)?"
    shape = lambda s: re.sub(r"\s", "", re.sub(number, "#", s))
    if shape(printed) != shape(wanted):
        return False
    values = zip(re.findall(number, printed), re.findall(number, wanted))
    return all(abs(float(a) - float(b)) <= 5e-5 * max(1, abs(float(b))) for a, b in values)


def check(example, folder):
    """A complaint, or an empty string."""
    if example.startswith("@train("):
        return run("check", TRAIN.format(decorator=example), folder)[1]
    maps = re.fullmatch(r"(\w+\(.*\)) maps (\S.*) to (\S.*)", example)
    if maps:
        layer, given, result = maps.groups()
        given = dict(zip("xyz", re.findall(r"\w+(?:\[[^]]*\])?", given)))
        types = ", ".join(f"{name}: {type}" for name, type in given.items())
        return run("check", MAPS.format(layer=layer, given=types, names=", ".join(given), result=result), folder)[1]
    of = re.fullmatch(r"(\w+\(.*\)) of (.*) is (\S.*)", example)
    value = re.fullmatch(r"(.*\S) is (\S.*)", example)
    if not value:
        return "it says no result"
    program = OF.format(layer=of[1], expression=of[2]) if of else IS.format(expression=value[1])
    printed, message = run("run", program, folder)
    if printed is None:
        return message
    return "" if same(printed, value[2]) else f"it printed {printed.strip()}"


# Built-in functions whose work cannot be shown by a value.
SHOWN_ELSEWHERE = "param buffer state eval average print check_range loop".split()

failed, seen = 0, []
items = json.loads(subprocess.run(["quern", "doc", "--json"], capture_output=True, text=True, check=True).stdout)
with tempfile.TemporaryDirectory() as folder:
    for item in items:
        name, example = item["name"], item["example"]
        if item["kind"] == "builtin" and name in SHOWN_ELSEWHERE:
            continue
        seen.append(name)
        message = check(example, folder) if example else "its text has no example"
        if message:
            failed += 1
            print(f"{item['group']}: {name}: {example}\n  {message}")
missing = sorted(set(NEEDED) - set(seen))
if missing:
    print("the library has no", ", ".join(missing))
print(len(seen), "examples,", failed, "wrong")
sys.exit(bool(failed or missing))
