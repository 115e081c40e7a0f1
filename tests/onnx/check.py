"""The ONNX that a trainer exports: valid, and the same numbers as the trainer predicts.

    python3 check.py FOLDER PARAMS      FOLDER/m is the trainer

onnx.checker says whether it is valid, shapes and types included. It is then evaluated with numpy,
operator by operator as the standard describes them, on inputs that are drawn here. Outputs may
differ by 1e-5 of the greater of 1 and their size. Ends with 77 where there is no onnx module.
"""
import json
import math
import re
import subprocess
import sys

try:
    import numpy as np
    import onnx
    from onnx import numpy_helper
except ImportError as missing:
    print("not checked:", missing, file=sys.stderr)
    sys.exit(77)

erf = np.vectorize(math.erf, otypes=[float])
TYPES = {"F32": np.float32, "F64": np.float64, "U8": np.uint8, "I32": np.int32}


def reduction(f):
    def reduce(x, axes=None, keepdims=1):
        axes = axes if axes is None else tuple(int(i) for i in axes)
        return f(x, axis=axes, keepdims=bool(keepdims))
    return reduce


def position(f):
    return lambda x, axis=0, keepdims=1: f(x, axis=axis) if not keepdims else np.expand_dims(
        f(x, axis=axis), axis)


def unsqueeze(x, axes):
    for axis in sorted(int(i) for i in axes):
        x = np.expand_dims(x, axis)
    return x


def reshape(x, shape):
    return x.reshape([x.shape[i] if n == 0 else int(n) for i, n in enumerate(shape)])


def divide(x, y):
    return x / y if x.dtype.kind == "f" else np.trunc(x / y).astype(x.dtype)


OPERATORS = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": divide, "Neg": np.negative,
    "Pow": np.power, "Sqrt": np.sqrt, "Reciprocal": np.reciprocal, "Exp": np.exp, "Log": np.log,
    "Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Atan": np.arctan, "Sinh": np.sinh,
    "Cosh": np.cosh, "Tanh": np.tanh, "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softplus": lambda x: np.logaddexp(x, x.dtype.type(0)),
    "Erf": lambda x: erf(x).astype(x.dtype), "Abs": np.abs, "Sign": np.sign, "Floor": np.floor,
    "Min": np.minimum, "Max": np.maximum, "Equal": np.equal, "Not": np.logical_not,
    "Less": np.less, "LessOrEqual": np.less_equal, "GreaterOrEqual": np.greater_equal,
    "And": np.logical_and, "Or": np.logical_or, "Where": np.where, "IsNaN": np.isnan,
    "Mod": np.mod, "Identity": lambda x: x, "Squeeze": np.squeeze, "Unsqueeze": unsqueeze,
    "Reshape": reshape,
    "Expand": lambda x, shape: x * np.ones([int(n) for n in shape], x.dtype),
    "Transpose": lambda x, perm: np.transpose(x, perm),
    "Gather": lambda x, i, axis=0: np.take(x, i, axis=axis),
    "Concat": lambda *x, axis: np.concatenate(x, axis=axis),
    "Range": lambda a, b, step: np.arange(int(a), int(b), int(step)),
    "Shape": lambda x: np.array(x.shape, np.int64),
    "Cast": lambda x, to: x.astype(onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[to]),
    "Einsum": lambda *x, equation: np.einsum(equation.decode(), *x, optimize=True),
    "ReduceSum": reduction(np.sum), "ReduceMax": reduction(np.max),
    "ReduceMin": reduction(np.min), "ReduceProd": reduction(np.prod),
    "ArgMax": position(np.argmax), "ArgMin": position(np.argmin),
}


def evaluate(model, inputs):
    value = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    value.update(inputs)
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        with np.errstate(all="ignore"):
            x = OPERATORS[node.op_type](*[value[i] for i in node.input], **attributes)
        value[node.output[0]] = np.asarray(x)
    return {o.name.removesuffix(":out"): value[o.name] for o in model.graph.output}


def draw_inputs(info, rows):
    """Inputs as `info` lists them: "  image  (28, 28)  784  U8, index < 10"."""
    random = np.random.default_rng(1)
    for line in re.search(r"^inputs:\n((?:  .*\n)+)", info, re.M).group(1).splitlines():
        name, dims, kind, bound = re.match(
            r" +(\S+) +\(([^)]*)\) +\d+ +(\w+)(?:, index < (\d+))?", line).groups()
        shape = [rows] + [int(d) for d in dims.split(",") if d.strip()]
        if kind in ("U8", "I32"):
            x = random.integers(0, int(bound or 256), shape)
        else:
            x = random.uniform(-1, 1, shape)
        yield name, kind, x.astype(TYPES[kind])


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, kind, x in tensors:
        header[name] = {"dtype": kind, "shape": x.shape,
                        "data_offsets": [len(data), len(data) + x.nbytes]}
        data += x.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + data)


def read_safetensors(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = f.read()
    return {name: np.frombuffer(data[slice(*t["data_offsets"])], TYPES[t["dtype"]])
            .reshape(t["shape"]) for name, t in header.items() if name != "__metadata__"}


def main(folder, params):
    m = folder + "/m"
    info = subprocess.run([m, "info"], check=True, capture_output=True, text=True).stdout
    rows = max(1, min(3, int(re.search(r"batch (\d+)", info).group(1)) - 1))
    given = list(draw_inputs(info, rows))
    write_safetensors(folder + "/in.safetensors", given)
    for words in (["export", "-o", folder + "/m.onnx"],
                  ["predict", "-i", folder + "/in.safetensors", "-o",
                   folder + "/want.safetensors"]):
        subprocess.run([m, *words, "-p", params], check=True)
    model = onnx.load(folder + "/m.onnx")
    onnx.checker.check_model(model, full_check=True)
    names = {i.name for i in model.graph.input}
    found = evaluate(model, {name: x for name, _, x in given if name in names})
    want = read_safetensors(folder + "/want.safetensors")
    assert found.keys() == want.keys(), (found.keys(), want.keys())
    worst = 0
    for name, x in want.items():
        assert found[name].shape == x.shape, (name, found[name].shape, x.shape)
        with np.errstate(invalid="ignore"):
            off = np.where(found[name] == x, 0,
                           np.abs(found[name] - x) / np.maximum(1, np.abs(x)))
        assert np.all(off <= 1e-5), f"{name}: {off.max()}"
        worst = max(worst, float(off.max()))
    print(f"{len(model.graph.node)} nodes, {' '.join(want)}: {worst:.2g}")


main(*sys.argv[1:])
