"""The language's functions and operators on every dtype: what is refused is refused in the language's terms, and what is
taken goes through to code.
every_dtype.py QUERN FOLDER: writes the programs into FOLDER."""
import pathlib
import re
import subprocess
import sys

from checklist import INTERNAL

DTYPES = "f64 f32 bf16 f16 i64 i32 i8 u8 bool".split()
ELEMENTWISE = "exp expm1 log log1p sqrt rsqrt sin cos tanh erf sigmoid abs sign floor ceil round isnan detach relu".split()
REDUCTIONS = "sum mean prod max min all any argmax argmin".split()
OPERATORS = "+ - * / // % ** & | ^ == != < <= > >=".split()
EXPRESSIONS = [
    *(f"{name}(x)" for name in ELEMENTWISE),
    *(f"x.{name}({dims})" for name in REDUCTIONS for dims in ("", "dim=0", "dim=1, keepdim=True")),
    *(f"{x} {operator} {y}" for operator in OPERATORS for x, y in (("x", "x"), ("x", "2"), ("2", "x"), ("x", "0.5"))),
    "~x", "-x", "x ** -1", "x @ x.T", "x[0] @ x[0]", "maximum(x, x)", "minimum(x, 1)", "maximum(x, 0.5)", "x.max(x)",
    "where(x > 0, x, x)", "where(x > 0, x, 1)", "where(x == x, 1, 0)", "cumsum(x, 1)", "cumprod(x, 0)",
    "cummax(x, 1)[0]", "cummax(x, 1)[1]", "cummin(x, 1)[0]", "cummin(x, 1)[1]", "sort(x)[0]", "sort(x)[1]", "argsort(x)",
    "argsort(x, descending=True)", "topk(x, 2)[0]", "topk(x, 2, largest=False)[1]", "x.reshape(24)", "x.flatten()",
    "x.permute(1, 0)", "x.transpose(0, 1)", "x.T", "flip(x, 0)", "x.movedim(0, 1)", "x.unsqueeze(0)",
    "x[:1].squeeze(0)", "x[:1].expand(3, 6)", "cat([x, x])", "cat([x, 0.5 * w])", "stack([x, x], dim=1)",
    "x.chunk(2)[0]", "x.split(2)[1]", "x.unbind()[0]", "gather(x, i[:, None], dim=1)", "conv(x[None], w[:, :4, None])",
    "conv_transpose(x[None], x[:, :, None])", "max_pool(x[None], 2)", "avg_pool(x[None], 2)", "x[i]", "x[i[0]]",
    "x[i[0]:i[0] + 2]", "x[0]", "x[:, 1:3]", "x[:, ::2]", "x[x[:, 0]]", "x[i, i]", "x[i.to(i32)]", "x[i.to(u8)]",
    *(f"x.to({dtype})" for dtype in DTYPES), "full(i64[4], x[0, 0])", "clamp(x, 0, 1)", "diagonal(x[:, :4])",
    "softmax(x, 1)", "one_hot(x, 3)", "embedding(x, w)", "cross_entropy(w, x[:, 0])", "mse_loss(x, x)",
]
BODIES = [
    "x[i] = 1\nreturn x", "x[:, 1:3] = x[:, 3:5]\nreturn x", "x[0] = 0.5\nreturn x", "x[i[0]] = x[1]\nreturn x",
    "y[a] := sum[b](x[a, b] * x[a, b])\nreturn y", "y[a] := max[b](x[a, b])\nreturn y",
    "y[a, c] := sum[b](x[a, b] * x[c, b])\nreturn y", "y[a] := x[a, i[a]]\nreturn y",
    "h = z[0]\nfor t in range(B):\n    h = z[t]\nreturn h", "ys = []\nfor t in range(B):\n    ys.append(z[t])\nreturn stack(ys)",
]


def functions(dtype):
    for number, body in enumerate([f"return {expression}" for expression in EXPRESSIONS] + BODIES):
        head = f"def use_{number}(x: {dtype}[4, 6], i: i64[4], w: f32[4, 6], z: {dtype}[B]):"
        yield "@export\n" + "\n".join([head, *("    " + line for line in body.splitlines())]) + "\n\n"


def main():
    quern, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    failed = taken = 0
    for dtype in DTYPES:
        program = folder / f"all_{dtype}.qn"
        texts = list(functions(dtype))
        program.write_text("".join(texts))
        said = subprocess.run([quern, "check", program], capture_output=True, text=True).stderr
        refused = set()
        starts = [1 + sum(text.count("\n") for text in texts[:k]) for k in range(len(texts))]
        for place in re.finditer(r"^.*?\.qn:(\d+):\d+: error: .*$", said, flags=re.M):
            refused.add(max(k for k, start in enumerate(starts) if start <= int(place[1])))
        wrong = [line for line in said.splitlines() if re.match(r"\S*(error|fatal)", line) and INTERNAL.search(line)]
        if not refused or wrong or re.search(r"^error: (?!.*\.qn)|Stack dump", said, flags=re.M):
            print(f"{dtype}: {wrong or said}")
            failed += 1
        good = folder / f"good_{dtype}.qn"
        good.write_text("".join(text for k, text in enumerate(texts) if k not in refused))
        done = subprocess.run([quern, "emit", "planned", good], capture_output=True, text=True)
        taken += len(texts) - len(refused)
        if done.returncode or "error" in done.stderr:
            print(f"{dtype}: what is taken has no code: {done.stderr[:2000]}")
            failed += 1
    print(f"{len(DTYPES)} dtypes, {taken} uses taken, {failed} failed")
    return bool(failed)


sys.exit(main())
