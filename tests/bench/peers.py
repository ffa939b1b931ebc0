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


def layers(parameters):
    """[(weight, bias)] in order."""
    values = list(parameters.values())
    return list(zip(values[::2], values[1::2]))


def arrays():
    import numpy as np
    convert = lambda item: np.frombuffer(item[1], dtype="f4" if item[1].typecode == "f" else "i4").reshape(item[0]).copy()
    return {name: convert(item) for name, item in WORKLOAD.parameters().items()}, *map(convert, WORKLOAD.data())


class Torch:
    """Eager, or with everything under torch.compile."""

    def __init__(self, compiled=False):
        import torch
        self.torch, self.version = torch, torch.__version__
        torch.set_num_threads(THREADS)
        parameters, x, y = arrays()
        modules = []
        for i, (weight, bias) in enumerate(layers(parameters)):
            linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight))
                linear.bias.copy_(torch.from_numpy(bias))
            modules += ([torch.nn.ReLU() if WORKLOAD.activation == "relu" else torch.nn.Sigmoid()] if i else []) + [linear]
        self.model = model = torch.nn.Sequential(*modules)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        if WORKLOAD.loss == "cross_entropy":
            self.y, loss = self.y.long(), torch.nn.functional.cross_entropy
        else:
            loss = torch.nn.functional.mse_loss
        # The fused optimizer is the fastest of the eager ones.
        optimizer = torch.optim.SGD(model.parameters(), lr=WORKLOAD.learning_rate, momentum=WORKLOAD.momentum, fused=not compiled)
        forward = lambda: loss(model(self.x), self.y)
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
        torch, x = self.torch, self.x[:rows].contiguous()
        model = torch.compile(self.model) if self.compiled else self.model
        context = torch.no_grad if self.compiled else torch.inference_mode

        def run():
            with context():
                return model(x)
        return run


class Jax:
    def __init__(self):
        os.environ["JAX_PLATFORMS"] = "cpu"
        if THREADS == 1:
            os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
        import jax
        import jax.numpy as jnp
        self.jax, self.version = jax, jax.__version__
        parameters, x, y = arrays()
        self.parameters = [(jnp.asarray(w.T.copy()), jnp.asarray(b)) for w, b in layers(parameters)]
        self.x, self.y = jnp.asarray(x), jnp.asarray(y)
        activation = jax.nn.relu if WORKLOAD.activation == "relu" else jax.nn.sigmoid

        def forward(p, x):
            for i, (w, b) in enumerate(p):
                x = (activation(x) if i else x) @ w + b
            return x

        def loss(p, x, y):
            out = forward(p, x)
            if WORKLOAD.loss == "mse":
                return ((out - y) ** 2).mean()
            return -jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], 1).mean()

        def step(p, m, x, y):
            value, g = jax.value_and_grad(loss)(p, x, y)
            m = jax.tree.map(lambda a, b: WORKLOAD.momentum * a + b, m, g) if WORKLOAD.momentum else m
            p = jax.tree.map(lambda a, b: a - WORKLOAD.learning_rate * b, p, m if WORKLOAD.momentum else g)
            return p, m, value
        compiled = jax.jit(step, donate_argnums=(0, 1))
        state = [jax.tree.map(jnp.array, self.parameters),
                 jax.tree.map(jnp.zeros_like, self.parameters) if WORKLOAD.momentum else []]

        def run():
            *state[:], value = compiled(*state, self.x, self.y)
            value.block_until_ready()
            return value
        self.step, self.forward = run, forward

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


class OnnxRuntime:
    """Inference alone."""
    step = None

    def __init__(self):
        import onnxruntime
        self.library, self.version = onnxruntime, onnxruntime.__version__

    def inference(self, rows):
        from onnx import TensorProto, helper, numpy_helper
        parameters, x, _ = arrays()
        nodes, values, last = [], [], "x"
        pairs = layers(parameters)
        for i, (weight, bias) in enumerate(pairs):
            values += [numpy_helper.from_array(weight, f"w{i}"), numpy_helper.from_array(bias, f"b{i}")]
            nodes.append(helper.make_node("Gemm", [last, f"w{i}", f"b{i}"], [f"z{i}"], transB=1))
            last = f"z{i}"
            if i + 1 < len(pairs):
                nodes.append(helper.make_node("Relu" if WORKLOAD.activation == "relu" else "Sigmoid", [last], [f"a{i}"]))
                last = f"a{i}"
        graph = helper.make_graph(
            nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, x.shape[1]])],
            [helper.make_tensor_value_info(last, TensorProto.FLOAT, [rows, WORKLOAD.widths[-1]])], values)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        options = self.library.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        session = self.library.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        inputs = {"x": x[:rows].copy()}
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
