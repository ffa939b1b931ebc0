"""Writes print.txt: tensors and PyTorch's text of them. Needs torch; run it here."""
import math
import torch

torch.manual_seed(0)
nan, inf = math.nan, math.inf
cases = [
    torch.tensor(3.0), torch.tensor(3), torch.tensor(True), torch.tensor(0.1234567), torch.tensor(1e-5),
    torch.tensor(-0.0), torch.tensor(nan), torch.tensor(inf), torch.tensor(2.5, dtype=torch.float64),
    torch.tensor([1, 2, 3]), torch.tensor([1, 2, 3], dtype=torch.int32), torch.tensor([1.0, 2, 3]),
    torch.tensor([-1.0, 20, 300]), torch.tensor([1.5, -2.25, 1000.0]), torch.tensor([1.5, 0.0005]),
    torch.tensor([1e9, 1.0]), torch.tensor([1e-6, 1e-7]), torch.tensor([1.0, nan, inf, -inf]),
    torch.tensor([0.5, nan, inf, -inf]), torch.tensor([nan, nan]), torch.tensor([0.0, 0.0]),
    torch.tensor([-0.0, 1.5]), torch.tensor([1e10, nan]), torch.tensor([123456.789, 200.5]),
    torch.tensor([True, False]), torch.tensor([[True], [False]]), torch.tensor([[1, 2], [30, 4]]),
    torch.tensor([1, 255], dtype=torch.uint8), torch.tensor([-128, 5], dtype=torch.int8),
    torch.tensor([0.1, 0.2], dtype=torch.bfloat16), torch.tensor([0.1, 65504], dtype=torch.float16),
    torch.tensor([]), torch.zeros(0, 3), torch.zeros(2, 0, dtype=torch.int64),
    torch.tensor([], dtype=torch.int64), torch.zeros(0, 2, dtype=torch.float64),
    torch.zeros(1), torch.ones(2, 3), torch.randn(2, 3), torch.randn(2, 3, 4), torch.randn(2, 1, 2, 3),
    torch.randn(30), torch.arange(40), torch.randn(5, 2) * 1000, torch.rand(3, 25),
    torch.arange(1000.0), torch.arange(1001.0), torch.arange(1001), torch.randn(1001),
    torch.randn(40, 30), torch.randn(7, 200), torch.randn(6, 200), torch.randn(11, 10, 11),
    torch.randn(3, 400, 2), torch.arange(2000).reshape(2, 1000), torch.randn(500, 3).double(),
    torch.arange(1200, dtype=torch.int32), torch.arange(12, dtype=torch.float64),
    torch.arange(11, dtype=torch.float64) * 1.5, torch.arange(20, dtype=torch.int32) * 10,
    torch.arange(19, dtype=torch.int32), torch.arange(21, dtype=torch.int32),
    torch.linspace(0, 1, 7).double(), torch.linspace(0, 1, 8).double(),
    torch.cat([torch.arange(500.0), torch.tensor([0.5]), torch.arange(500.0)]),
    torch.tensor([99999999.0, 1.0]), torch.tensor([100000.0, 200000.0]), torch.tensor([1000.0, 1.0]),
    torch.tensor([1001.0, 1.0]), torch.tensor([[0.0001, 0.0002], [0.0, 0.05]]),
]
names = {torch.float64: "f64", torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16",
         torch.int64: "i64", torch.int32: "i32", torch.int8: "i8", torch.uint8: "ui8", torch.bool: "i1"}
with open("print.txt", "w") as out:
    for t in cases:
        digits = 17 if t.dtype == torch.float64 else 9
        numbers = [f"{v:.{digits}g}" if t.dtype.is_floating_point else str(int(v))
                   for v in t.flatten().tolist()]
        out.write(f"case {names[t.dtype]} {' '.join(map(str, t.shape))}\n{' '.join(numbers)}\n{str(t)}\nend\n")
