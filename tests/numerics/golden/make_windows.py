"""Writes windows.qn and windows.txt: convolutions, pooling and resampling, and what PyTorch's autograd makes of them,
in f64. Inputs are multiples of a quarter, so that ties occur in windows and most results are short. Needs torch; run
it here."""
import torch
import torch.nn.functional as F

# name, expression in Quern (of x, w and b), function in PyTorch, shapes
cases = [
    ("lines", "conv1d(x, w, b)", F.conv1d, [(2, 3, 9), (4, 3, 3), (4,)]),
    ("lines_strided", "conv1d(x, w, stride=2, padding=1, dilation=2)",
     lambda x, w: F.conv1d(x, w, stride=2, padding=1, dilation=2), [(1, 2, 10), (3, 2, 3)]),
    ("images", "conv2d(x, w, b, padding=1)", lambda x, w, b: F.conv2d(x, w, b, padding=1),
     [(2, 2, 5, 6), (3, 2, 3, 3), (3,)]),
    ("images_strided", "conv2d(x, w, stride=(2, 1), padding=(0, 2), dilation=(1, 2))",
     lambda x, w: F.conv2d(x, w, stride=(2, 1), padding=(0, 2), dilation=(1, 2)), [(1, 2, 6, 5), (2, 2, 2, 3)]),
    ("images_of_groups", "conv2d(x, w, padding=1, groups=2)", lambda x, w: F.conv2d(x, w, padding=1, groups=2),
     [(1, 4, 4, 4), (6, 2, 3, 3)]),
    ("images_depthwise", "conv2d(x, w, groups=3)", lambda x, w: F.conv2d(x, w, groups=3), [(2, 3, 4, 4), (3, 1, 3, 3)]),
    ("images_same", 'conv2d(x, w, padding="same")', lambda x, w: F.conv2d(x, w, padding="same"),
     [(1, 1, 4, 5), (2, 1, 2, 4)]),
    ("points", "conv2d(x, w, b, stride=2)", lambda x, w, b: F.conv2d(x, w, b, stride=2), [(2, 3, 4, 5), (4, 3, 1, 1), (4,)]),
    ("volumes", "conv3d(x, w, b, padding=(1, 0, 1), stride=(1, 2, 1))",
     lambda x, w, b: F.conv3d(x, w, b, padding=(1, 0, 1), stride=(1, 2, 1)), [(1, 2, 3, 4, 3), (2, 2, 2, 2, 3), (2,)]),
    ("transposed", "conv_transpose(x, w, stride=2)", lambda x, w: F.conv_transpose2d(x, w, stride=2),
     [(2, 3, 3, 4), (3, 2, 2, 2)]),
    ("transposed_padded", "conv_transpose(x, w, stride=(3, 2), padding=(1, 2), output_padding=(2, 1), groups=2, dilation=(1, 2))",
     lambda x, w: F.conv_transpose2d(x, w, stride=(3, 2), padding=(1, 2), output_padding=(2, 1), groups=2, dilation=(1, 2)),
     [(1, 4, 3, 3), (4, 1, 3, 2)]),
    ("maxima", "max_pool2d(x, 2)", lambda x: F.max_pool2d(x, 2), [(2, 2, 5, 6)]),
    ("maxima_overlapping", "max_pool2d(x, 3, stride=2, padding=1)", lambda x: F.max_pool2d(x, 3, stride=2, padding=1),
     [(1, 2, 7, 6)]),
    ("maxima_dilated", "max_pool2d(x, (2, 3), stride=1, padding=(0, 1), dilation=2)",
     lambda x: F.max_pool2d(x, (2, 3), stride=1, padding=(0, 1), dilation=2), [(1, 1, 6, 7)]),
    ("maxima_ceiled", "max_pool2d(x, 3, stride=2, ceil_mode=True)", lambda x: F.max_pool2d(x, 3, stride=2, ceil_mode=True),
     [(1, 2, 6, 8)]),
    ("maxima_ceiled_padded", "max_pool1d(x, 2, stride=3, padding=1, ceil_mode=True)",
     lambda x: F.max_pool1d(x, 2, stride=3, padding=1, ceil_mode=True), [(1, 2, 8)]),
    ("means", "avg_pool2d(x, 2)", lambda x: F.avg_pool2d(x, 2), [(2, 2, 5, 6)]),
    ("means_padded", "avg_pool2d(x, 3, stride=2, padding=1)", lambda x: F.avg_pool2d(x, 3, stride=2, padding=1), [(1, 2, 7, 6)]),
    ("means_of_inside", "avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)",
     lambda x: F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False), [(1, 2, 6, 7)]),
    ("means_ceiled", "avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True)",
     lambda x: F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True), [(1, 1, 6, 8)]),
    ("means_of_lines", "avg_pool1d(x, 4, stride=2, padding=2, ceil_mode=True, count_include_pad=False)",
     lambda x: F.avg_pool1d(x, 4, stride=2, padding=2, ceil_mode=True, count_include_pad=False), [(1, 2, 7)]),
    ("means_adaptive", "adaptive_avg_pool2d(x, (3, 2))", lambda x: F.adaptive_avg_pool2d(x, (3, 2)), [(1, 2, 5, 6)]),
    ("means_of_planes", "adaptive_avg_pool2d(x, 1)", lambda x: F.adaptive_avg_pool2d(x, 1), [(2, 2, 4, 3)]),
    ("nearest", "interpolate(x, (2, 3))", lambda x: F.interpolate(x, scale_factor=(2, 3)), [(1, 2, 2, 3)]),
    ("bilinear", 'interpolate(x, 2, mode="bilinear")',
     lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), [(1, 2, 3, 4)]),
    ("bilinear_to_corners", 'interpolate(x, 3, mode="bilinear", align_corners=True)',
     lambda x: F.interpolate(x, scale_factor=3, mode="bilinear", align_corners=True), [(1, 1, 2, 3)]),
    ("shuffled", "pixel_shuffle(x, 2)", lambda x: F.pixel_shuffle(x, 2), [(1, 8, 2, 3)]),
]


def text(tensor):
    return " ".join(repr(v + 0.0) for v in tensor.detach().flatten().tolist())


def type_of(tensor):
    return f"f64[{', '.join(map(str, tensor.shape))}]"


torch.manual_seed(1)
with open("windows.qn", "w") as programs, open("windows.txt", "w") as values:
    programs.write("# Functions whose values and gradients windows.txt has; written by make_windows.py.\n")
    for name, expression, function, shapes in cases:
        tensors = [(torch.randint(-8, 9, shape) / 4).double().requires_grad_() for shape in shapes]
        arguments = ", ".join(f"{argument}: {type_of(tensor)}" for argument, tensor in zip("xwb", tensors))
        result = function(*tensors)
        programs.write(f"\n@export\ndef {name}({arguments}) -> {type_of(result)}:\n    return {expression}\n")
        cotangent = torch.arange(1, result.numel() + 1, dtype=torch.float64).reshape(result.shape)
        gradients = torch.autograd.grad(result, tensors, cotangent)
        values.write("\n".join([name, *map(text, [*tensors, result, *gradients])]) + "\n")
