"""Trains and predicts on NumPy arrays through ctypes: Quern reads and writes the arrays' own memory.
usage: moons.py LIBQUERN.so MODEL.so"""
import ctypes as c
import sys

import numpy as np

library = c.CDLL(sys.argv[1])
DTYPES = {"bool": 0, "uint8": 1, "int8": 2, "int32": 3, "int64": 4, "float16": 5, "float32": 7, "float64": 8}


class Array(c.Structure):
    _fields_ = [("data", c.c_void_p), ("extents", c.POINTER(c.c_int64)), ("rank", c.c_uint32), ("dtype", c.c_uint32)]


def quern(name, *arguments, out=()):
    message = c.create_string_buffer(1024)
    if getattr(library, "quern_" + name)(*arguments, message, *out):
        raise RuntimeError(message.value.decode())


def call(net, entry, result, *inputs):
    """A call bound to arrays, which must live as long as it; its first output goes to `result`."""
    if not all(a.flags.c_contiguous for a in (result, *inputs)):
        raise ValueError("Quern takes dense row-major arrays; np.ascontiguousarray makes one")
    index, made, dims = c.c_uint32(), c.c_void_p(), (c.c_int64 * 8)()
    views = (Array * len(inputs))(*(Array(a.ctypes.data, (c.c_int64 * a.ndim)(*a.shape), a.ndim, DTYPES[a.dtype.name])
                                    for a in inputs))
    quern("instance_find_entry", net, entry.encode(), out=[c.byref(index)])
    quern("call_create", net, index, out=[c.byref(made)])
    quern("call_dims", made, views, len(inputs), out=[dims])
    quern("call_reserve", made, dims)
    quern("call_set_output", made, 0, c.c_void_p(result.ctypes.data), c.c_size_t(result.nbytes))
    quern("call_bind", made, views, len(inputs))
    return made


net = c.c_void_p()
quern("instance_open", sys.argv[2].encode(), None, None, out=[c.byref(net)])
quern("instance_initialize", net, c.c_uint64(1))
angle = np.linspace(0, np.pi, 100, dtype=np.float32)
moon = np.stack([np.cos(angle), np.sin(angle)], 1)
x = np.concatenate([moon, [1, 0.5] - moon]).astype(np.float32)
y = np.repeat(np.float32([0, 1]), 100)[:, None]
loss, answer = np.zeros((), np.float32), np.zeros_like(y)
step, predict = call(net, "loss", loss, x, y), call(net, "predict", answer, x)
for i in range(300):
    quern("call_run", step)
    if i % 100 == 99:
        print(f"step: {i + 1}, loss: {loss:.4f}")
quern("call_run", predict)
print(f"right: {np.mean((answer > 0.5) == y):.3f}")
x[0] = x[-1]  # seen by the next run, since nothing was copied
quern("call_run", predict)
print(f"a moved point: {answer[0, 0]:.3f}, as the last: {answer[0] == answer[-1]}")
