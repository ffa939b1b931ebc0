"""One peer on one workload, in a process of its own: reads commands from the standard input, answers in JSON lines.

    setup                     import, build, first step: {"version", "import_s", "compile_s", "losses"}
    step SECONDS              times of a training step: {"min", "median"}
    infer ROWS SECONDS        times of an inference
    quit                      {"rss_mb"}
"""
import json
import os
import resource
import sys
import time

THREADS = int(sys.argv[3])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
answers = os.dup(1)
os.dup2(2, 1)  # what libraries print is no answer

from workloads import WORKLOADS  # noqa: E402

WORKLOAD = WORKLOADS[sys.argv[2]]


def measure(run, seconds):
    """Seconds a run, by groups long enough for the clock: the least and the median."""
    group = 1
    while True:
        start = time.perf_counter()
        for _ in range(group):
            run()
        if time.perf_counter() - start > 200e-6:
            break
        group *= 2
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        for _ in range(group):
            run()
        times.append((time.perf_counter() - start) / group)
    times.sort()
    return {"min": times[0], "median": times[len(times) // 2]}


def arrays():
    import numpy as np
    convert = lambda item: np.frombuffer(item[1], dtype="f4" if item[1].typecode == "f" else "i4").reshape(item[0]).copy()
    return {name: convert(item) for name, item in WORKLOAD.parameters().items()}, *map(convert, WORKLOAD.data())


def buffers():
    import numpy as np
    return {name: np.full(shape, number, "f4") for name, (shape, number) in WORKLOAD.buffers().items()}


class TorchOps:
    def __init__(self, torch):
        f = torch.nn.functional
        self.linear, self.relu, self.sigmoid, self.convolution = f.linear, torch.relu, torch.sigmoid, f.conv2d
        self.max_pool, self.embedding, self.gelu, self.attention = f.max_pool2d, f.embedding, f.gelu, f.scaled_dot_product_attention
        self.norm, self.standardize = f.layer_norm, f.batch_norm
        self.buffers = {name: torch.from_numpy(value) for name, value in buffers().items()}
        self.training = False

    @staticmethod
    def image(x):
        return x

    @staticmethod
    def flatten(x):
        return x.flatten(1)

    @staticmethod
    def spatial_mean(x):
        return x.mean((2, 3))

    def batch_norm(self, x, p, name):
        return self.standardize(x, self.buffers[name + ".running_mean"], self.buffers[name + ".running_var"],
                                p[name + ".weight"], p[name + ".bias"], self.training)

    def layer_norm(self, x, weight, bias):
        return self.norm(x, weight.shape, weight, bias)

    def causal_attention(self, x, heads):
        rows, context, width = x.shape[0], x.shape[1], x.shape[2] // 3
        q, k, v = x.reshape(rows, context, 3, heads, width // heads).permute(2, 0, 3, 1, 4).unbind(0)
        return self.attention(q, k, v, is_causal=True).transpose(1, 2).reshape(rows, context, width)


class Torch:
    """Eager, or with everything under torch.compile."""

    def __init__(self, compiled=False):
        import torch
        self.torch, self.version, self.ops = torch, torch.__version__, TorchOps(torch)
        torch.set_num_threads(THREADS)
        parameters, x, y = arrays()
        def place(value):
            tensor = torch.from_numpy(value)
            return tensor.contiguous(memory_format=torch.channels_last) if WORKLOAD.channels_last and tensor.ndim == 4 else tensor
        self.parameters = {name: place(value).requires_grad_() for name, value in parameters.items()}
        self.x, self.y = place(x), torch.from_numpy(y)
        self.x = self.x if self.x.is_floating_point() else self.x.long()
        if WORKLOAD.loss == "cross_entropy":
            self.y = self.y.long().flatten()
            loss = lambda out, y: torch.nn.functional.cross_entropy(out.reshape(-1, out.shape[-1]), y)
        else:
            loss = torch.nn.functional.mse_loss
        # The fused optimizer is the fastest of the eager ones.
        options = {"lr": WORKLOAD.learning_rate, "fused": not compiled}
        if WORKLOAD.optimizer == "SGD":
            options["momentum"] = WORKLOAD.momentum
        else:
            options.update(betas=WORKLOAD.betas, weight_decay=WORKLOAD.weight_decay)
        optimizer = getattr(torch.optim, WORKLOAD.optimizer)(self.parameters.values(), **options)
        self.training_ops = TorchOps(torch)
        self.training_ops.training = True
        forward = lambda: loss(WORKLOAD.network(self.training_ops, self.parameters, self.x), self.y)
        update = optimizer.step
        if compiled:
            forward, update = torch.compile(forward), torch.compile(update)

        def step():
            optimizer.zero_grad(set_to_none=True)
            value = forward()
            value.backward()
            update()
            return value.detach()
        self.step, self.compiled = step, compiled

    def inference(self, rows):
        torch, x = self.torch, self.x[:rows].clone()
        model = lambda x: WORKLOAD.network(self.ops, self.parameters, x)
        model = torch.compile(model) if self.compiled else model
        context = torch.no_grad if self.compiled else torch.inference_mode

        def run():
            with context():
                return model(x)
        return run


class JaxOps:
    """Weights of linear layers are stored as [inputs, outputs], which XLA likes better."""

    def __init__(self, jax):
        self.jax, self.jnp = jax, jax.numpy
        self.relu, self.sigmoid = jax.nn.relu, jax.nn.sigmoid
        self.layout = ("NHWC", "HWIO", "NHWC") if WORKLOAD.channels_last else ("NCHW", "OIHW", "NCHW")
        self.buffers, self.updated = {}, None  # the latter while a training step is traced

    @staticmethod
    def linear(x, weight, bias):
        return x @ weight if bias is None else x @ weight + bias

    def convolution(self, x, weight, bias, stride=1, padding=0):
        out = self.jax.lax.conv_general_dilated(x, weight, (stride, stride), ((padding, padding),) * 2, dimension_numbers=self.layout)
        return out if bias is None else out + bias[None, :, None, None]

    @staticmethod
    def image(x):
        return x.transpose(0, 2, 3, 1)

    @staticmethod
    def spatial_mean(x):
        return x.mean((1, 2))

    def batch_norm(self, x, p, name):
        names = name + ".running_mean", name + ".running_var"
        mean, variance = (self.buffers[part] for part in names)
        if self.updated is not None:
            count = x.size // x.shape[-1]
            old, mean, variance = (mean, variance), x.mean((0, 1, 2)), x.var((0, 1, 2))
            for part, before, now in zip(names, old, (mean, variance * count / (count - 1))):
                self.updated[part] = 0.9 * before + 0.1 * now
        return (x - mean) * self.jax.lax.rsqrt(variance + 1e-5) * p[name + ".weight"] + p[name + ".bias"]

    def max_pool(self, x, size):
        return self.jax.lax.reduce_window(x, -self.jnp.inf, self.jax.lax.max, (1, 1, size, size), (1, 1, size, size), "VALID")

    @staticmethod
    def flatten(x):
        return x.reshape(x.shape[0], -1)

    @staticmethod
    def embedding(x, weight):
        return weight[x]

    def gelu(self, x):
        return self.jax.nn.gelu(x, approximate=False)

    def layer_norm(self, x, weight, bias):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) * self.jax.lax.rsqrt(variance + 1e-5) * weight + bias

    def causal_attention(self, x, heads):
        jnp, (rows, context, width) = self.jnp, x.shape
        q, k, v = x.reshape(rows, context, 3, heads, width // 3 // heads).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1])
        scores = jnp.where(jnp.tril(jnp.ones((context, context), bool)), scores, -jnp.inf)
        return (self.jax.nn.softmax(scores, axis=-1) @ v).transpose(0, 2, 1, 3).reshape(rows, context, width // 3)


class Jax:
    def __init__(self):
        os.environ["JAX_PLATFORMS"] = "cpu"
        if THREADS == 1:
            os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
        import jax
        import jax.numpy as jnp
        self.jax, self.version = jax, jax.__version__
        parameters, x, y = arrays()
        tables = ("tok.weight", "pos.weight")
        def place(name, value):
            if value.ndim == 2 and name not in tables:
                value = value.T.copy()
            if value.ndim == 4 and WORKLOAD.channels_last:
                value = value.transpose(2, 3, 1, 0).copy()
            return jnp.asarray(value)
        self.parameters = {name: place(name, value) for name, value in parameters.items()}
        self.x, self.y = jnp.asarray(x), jnp.asarray(y)
        ops, tree = JaxOps(jax), jax.tree.map
        initial = {name: jnp.asarray(value) for name, value in buffers().items()}

        def forward(p, x):
            ops.buffers = initial
            return WORKLOAD.network(ops, p, x)
        self.forward = forward

        def loss(p, statistics, x, y):
            ops.buffers, ops.updated = statistics, {}
            out, updated = WORKLOAD.network(ops, p, x), ops.updated
            ops.updated = None
            if WORKLOAD.loss == "mse":
                return ((out - y) ** 2).mean(), updated
            logits, classes = out.reshape(-1, out.shape[-1]), y.reshape(-1)
            return -jnp.take_along_axis(jax.nn.log_softmax(logits), classes[:, None], 1).mean(), updated

        rate, (one, two) = WORKLOAD.learning_rate, WORKLOAD.betas

        def sgd(p, state, g):
            if not WORKLOAD.momentum:
                return tree(lambda a, b: a - rate * b, p, g), state
            state = tree(lambda a, b: WORKLOAD.momentum * a + b, state, g)
            return tree(lambda a, b: a - rate * b, p, state), state

        def adam(p, state, g):
            m, v, count = state
            count = count + 1
            m = tree(lambda a, b: one * a + (1 - one) * b, m, g)
            v = tree(lambda a, b: two * a + (1 - two) * b * b, v, g)
            first, second = 1 - one ** count, 1 - two ** count
            decay = 1 - rate * WORKLOAD.weight_decay if WORKLOAD.optimizer == "AdamW" else 1
            p = tree(lambda a, b, c: decay * a - rate * (b / first) / (jnp.sqrt(c / second) + 1e-8), p, m, v)
            return p, (m, v, count)

        def step(p, state, statistics, x, y):
            (value, statistics), g = jax.value_and_grad(loss, has_aux=True)(p, statistics, x, y)
            return *(sgd if WORKLOAD.optimizer == "SGD" else adam)(p, state, g), statistics, value
        compiled = jax.jit(step, donate_argnums=(0, 1, 2))
        zeros = lambda: tree(jnp.zeros_like, self.parameters)
        state = [tree(jnp.array, self.parameters)]
        state.append((zeros(), zeros(), jnp.float32(0)) if WORKLOAD.optimizer != "SGD" else zeros() if WORKLOAD.momentum else {})
        state.append(tree(jnp.array, initial))

        def run():
            *state[:], value = compiled(*state, self.x, self.y)
            value.block_until_ready()
            return value
        self.step = run

    def inference(self, rows):
        f, x = self.jax.jit(lambda x: self.forward(self.parameters, x)), self.x[:rows]
        return lambda: f(x).block_until_ready()


class Iree(Jax):
    """Inference alone, from the same StableHLO as JAX's."""

    def __init__(self):
        import iree.compiler as compiler
        import iree.runtime as runtime
        super().__init__()
        self.compiler, self.runtime, self.step = compiler, runtime, None
        from importlib.metadata import version
        self.version = version("iree-base-compiler")

    def inference(self, rows):
        import numpy as np
        runtime, x = self.runtime, self.x[:rows]
        program = self.jax.jit(lambda x: self.forward(self.parameters, x)).lower(x).compiler_ir("stablehlo")
        text = program.operation.get_asm(large_elements_limit=None)
        binary = self.compiler.compile_str(text, target_backends=["llvm-cpu"], extra_args=[
            "--iree-llvmcpu-target-cpu=host", "--iree-input-type=stablehlo", "--iree-opt-level=O3"])
        if THREADS > 1:
            runtime.flags.parse_flags(f"--task_topology_group_count={THREADS}")
        config = runtime.Config("local-task" if THREADS > 1 else "local-sync")
        module = runtime.VmModule.copy_buffer(config.vm_instance, binary)
        context = runtime.VmContext(config.vm_instance, [runtime.create_hal_module(config.vm_instance, config.device), module])
        function = module.lookup_function("main")
        held = runtime.asdevicearray(config.device, np.asarray(x))

        def run():
            inputs, outputs = runtime.VmVariantList(1), runtime.VmVariantList(1)
            inputs.push_ref(held._buffer_view)
            context.invoke(function, inputs, outputs)
            return outputs.get_as_ref(0).deref(runtime.HalBufferView)
        self.kept = module, context
        return run


class OnnxOps:
    """Builds a graph: values are names of its nodes' results."""

    class Value(str):
        def __add__(self, other):
            return self.ops.node("Add", self, other)

    def __init__(self, parameters):
        from onnx import helper, numpy_helper
        self.helper, self.constants, self.nodes, self.buffers = helper, numpy_helper, [], buffers()
        self.values = [numpy_helper.from_array(value, name) for name, value in parameters.items()]

    def value(self, name):
        made = self.Value(name)
        made.ops = self
        return made

    def node(self, kind, *inputs, **attributes):
        name = self.value(f"v{len(self.nodes)}")
        self.nodes.append(self.helper.make_node(kind, [str(value) for value in inputs], [str(name)], **attributes))
        return name

    def constant(self, numbers):
        name = f"c{len(self.values)}"
        self.values.append(self.constants.from_array(numbers, name))
        return name

    def integers(self, *numbers):
        import numpy as np
        return self.constant(np.array(numbers, "i8"))

    def linear(self, x, weight, bias):
        if WORKLOAD.name != "T6":
            return self.node("Gemm", x, weight, bias, transB=1)
        product = self.node("MatMul", x, self.node("Transpose", weight, perm=[1, 0]))
        return product if bias is None else product + bias

    def relu(self, x):
        return self.node("Relu", x)

    def sigmoid(self, x):
        return self.node("Sigmoid", x)

    def convolution(self, x, weight, bias, stride=1, padding=0):
        operands = (x, weight) if bias is None else (x, weight, bias)
        return self.node("Conv", *operands, strides=[stride, stride], pads=[padding] * 4)

    @staticmethod
    def image(x):
        return x

    def spatial_mean(self, x):
        return self.flatten(self.node("GlobalAveragePool", x))

    def batch_norm(self, x, p, name):
        parts = [self.constant(self.buffers[f"{name}.{part}"]) for part in ("running_mean", "running_var")]
        return self.node("BatchNormalization", x, p[name + ".weight"], p[name + ".bias"], *parts)

    def max_pool(self, x, size):
        return self.node("MaxPool", x, kernel_shape=[size, size], strides=[size, size])

    def flatten(self, x):
        return self.node("Flatten", x)

    def embedding(self, x, weight):
        return self.node("Gather", weight, x)

    def layer_norm(self, x, weight, bias):
        return self.node("LayerNormalization", x, weight, bias, epsilon=1e-5)

    def gelu(self, x):
        return self.node("Gelu", x)

    def causal_attention(self, x, heads):
        import numpy as np
        context, depth = WORKLOAD.context, WORKLOAD.width // heads
        split = self.node("Reshape", x, self.integers(0, context, 3, heads, depth))
        parts = []
        for i in range(3):
            part = self.node("Squeeze", self.node("Slice", split, self.integers(i), self.integers(i + 1), self.integers(2)), self.integers(2))
            parts.append(self.node("Transpose", part, perm=[0, 2, 3, 1] if i == 1 else [0, 2, 1, 3]))
        q, k, v = parts
        scores = self.node("Mul", self.node("MatMul", q, k), self.constant(np.float32(depth ** -0.5)))
        mask = np.triu(np.full((context, context), -np.inf, "f4"), 1)
        chances = self.node("Softmax", scores + self.constant(mask), axis=-1)
        together = self.node("Transpose", self.node("MatMul", chances, v), perm=[0, 2, 1, 3])
        return self.node("Reshape", together, self.integers(0, context, heads * depth))


class OnnxRuntime:
    """Inference alone."""
    step = None

    def __init__(self):
        import onnxruntime
        self.library, self.version = onnxruntime, onnxruntime.__version__

    def inference(self, rows):
        from onnx import TensorProto, helper
        parameters, x, _ = arrays()
        x = x[:rows].copy()
        ops = OnnxOps(parameters)
        result = WORKLOAD.network(ops, {name: ops.value(name) for name in parameters}, ops.value("x"))
        kind = TensorProto.FLOAT if x.dtype.kind == "f" else TensorProto.INT32
        graph = helper.make_graph(ops.nodes, "net", [helper.make_tensor_value_info("x", kind, x.shape)],
                                  [helper.make_tensor_value_info(str(result), TensorProto.FLOAT, None)], ops.values)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        options = self.library.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        session = self.library.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        inputs = {"x": x}
        return lambda: session.run(None, inputs)


SYSTEMS = {"torch": Torch, "torch-compile": lambda: Torch(compiled=True), "jax": Jax, "iree": Iree, "ort": OnnxRuntime}


def serve():
    system, runs = None, {}
    for line in sys.stdin:
        command, *words = line.split()
        answer = {}
        if command == "setup":
            start = time.perf_counter()
            system = SYSTEMS[sys.argv[1]]()
            answer = {"version": system.version, "import_s": time.perf_counter() - start}
            if system.step:
                start = time.perf_counter()
                losses = [float(system.step())]
                answer["compile_s"] = time.perf_counter() - start
                answer["losses"] = losses + [float(system.step()) for _ in range(4)]
        elif command == "step":
            answer = measure(system.step, float(words[0]))
        elif command == "infer":
            rows = int(words[0])
            if rows not in runs:
                runs[rows] = system.inference(rows)
            answer = measure(runs[rows], float(words[1]))
        elif command == "quit":
            answer = {"rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        os.write(answers, (json.dumps(answer) + "\n").encode())
        if command == "quit":
            return


serve()
