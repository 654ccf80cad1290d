"""`nn.Sequential`, layer by layer: the shape after each and its parameters, or which layer does not fit and why.

Layers are built and run on torch's meta device, which knows every shape but neither stores nor draws numbers.
"""

import ast
import math
from typing import Any, NamedTuple

import torch
from torch import nn

from ganlab.lessons import tensors
from ganlab.lessons.fitting import CHECKS
from ganlab.lessons.tensors import Shape

# The arguments of each layer that can be given, in order.
ARGUMENTS = {
    "Linear": ("in_features", "out_features", "bias"),
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "bias"),
    "ConvTranspose2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "bias"),
    "BatchNorm1d": ("num_features",),
    "BatchNorm2d": ("num_features",),
    "ReLU": (),
    "LeakyReLU": ("negative_slope",),
    "Tanh": (),
    "MaxPool2d": ("kernel_size", "stride", "padding"),
    "Flatten": (),
    "Unflatten": ("dim", "unflattened_size"),
}
OPTIONAL = ("stride", "padding", "output_padding", "bias", "negative_slope")
NATURAL = ("padding", "output_padding", "dim")  # may be 0; all other whole numbers start at 1
EXAMPLES = {"Unflatten": "1, (100, 1, 1)", "Linear": "3, 10", "LeakyReLU": "0.2", "MaxPool2d": "2"}
LINE = 46  # characters of a layer that fit in the narrow column
MOST_LAYERS = 12
LARGEST_ARGUMENT = 10_000
LARGEST_TENSOR = 2_000_000  # 8 MB
MOST_PARAMETERS = 5_000_000  # 20 MB
MOST_PRODUCTS = 1_000_000_000  # multiplications in one layer, about 0.1 s


class Layer(NamedTuple):
    """A layer as it is written: `nn.` kind, and its arguments by name in the order they were written."""

    kind: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        required = [repr(self.arguments[name]) for name in ARGUMENTS[self.kind] if name not in OPTIONAL]
        optional = [f"{name}={value!r}" for name, value in self.arguments.items() if name in OPTIONAL]
        return f"{self.kind}({', '.join(required + optional)})"


class Row(NamedTuple):
    """A layer that fits, the shape after it, and its number of parameters."""

    layer: Layer
    shape: Shape
    parameters: int


class Report(NamedTuple):
    """The layers that fit, and in a sentence why the next one does not; `why` is empty if all fit."""

    input_shape: Shape
    rows: list[Row]
    why: str = ""

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)


def parse_shape(text: str) -> Shape:
    """As `tensors.parse`; also refuses a shape that is too large or can't be a layer's input."""
    shape = tensors.parse(text)
    if len(shape) > 5 or min(shape) < 1:
        raise ValueError("The input shape needs one to five sizes, each at least 1.")
    if math.prod(shape) > LARGEST_TENSOR:
        raise ValueError(f"The input has {math.prod(shape):,} numbers; this page allows at most {LARGEST_TENSOR:,}.")
    return shape


def parse(kind: str, text: str) -> Layer:
    """The layer with the arguments written in the text. Raises ValueError for other text."""
    example = EXAMPLES.get(kind, "1, 32, 4, stride=2, padding=1" if "Conv" in kind else "32")
    if not ARGUMENTS[kind] and text.strip():
        raise ValueError(f"{kind} takes no arguments here.")
    try:
        positional, named = _read(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError(f"Write the arguments of {kind} as in PyTorch, for example {example}.") from None
    return Layer(kind, _by_name(kind, positional, named))


def _read(text: str) -> tuple[list[Any], list[tuple[str, Any]]]:
    """The positional and named arguments of a call, literals only: nothing is executed. Raises what `ast` raises."""
    if "#" in text:
        raise ValueError("a comment")
    call = ast.parse(f"f({text})", mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError("more than one call")
    positional = [ast.literal_eval(argument) for argument in call.args]
    if any(keyword.arg is None for keyword in call.keywords):
        raise ValueError("** has no name")
    return positional, [(str(keyword.arg), ast.literal_eval(keyword.value)) for keyword in call.keywords]


def _by_name(kind: str, positional: list[Any], named: list[tuple[str, Any]]) -> dict[str, Any]:
    known = ARGUMENTS[kind]
    if len(positional) > len(known):
        raise ValueError(f"{kind} takes at most {len(known)} arguments here: {', '.join(known)}.")
    arguments = dict(zip(known, positional, strict=False))
    for name, value in named:
        if name not in known:
            raise ValueError(f"{kind} has no argument {name[:40]} here; it has {', '.join(known)}.")
        if name in arguments:
            raise ValueError(f"{name} of {kind} is given twice.")
        arguments[name] = value
    for name in known:
        if name not in arguments and name not in OPTIONAL:
            raise ValueError(f"{kind} needs {name}.")
    for name, value in arguments.items():
        _check(kind, name, value)
    return arguments


def _check(kind: str, name: str, value: object) -> None:
    if name == "bias":
        valid, wanted = isinstance(value, bool), "True or False"
    elif name == "negative_slope":
        valid = isinstance(value, int | float) and not isinstance(value, bool) and -1000 <= value <= 1000
        wanted = "a number such as 0.2"
    elif name == "unflattened_size":
        valid = isinstance(value, tuple) and 0 < len(value) < 5 and all(_is_whole(part, 1) for part in value)
        wanted = "one to four whole numbers in brackets, such as (100, 1, 1)"
    else:
        least = 0 if name in NATURAL else 1
        valid, wanted = _is_whole(value, least), f"a whole number from {least} to {LARGEST_ARGUMENT:,}"
    if not valid:
        raise ValueError(f"{name} of {kind} must be {wanted}.")


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_ARGUMENT


def suggest(kind: str, shape: Shape) -> str:
    """Arguments with which a layer accepts the shape, if there are any."""
    channels = shape[-3] if len(shape) > 2 else shape[-1]
    features = shape[1] if len(shape) > 1 else shape[0]
    return {
        "Linear": f"{shape[-1]}, 64",
        "Conv2d": f"{channels}, 32, 4, stride=2, padding=1",
        "ConvTranspose2d": f"{channels}, 32, 4, stride=2, padding=1",
        "BatchNorm1d": f"{features}",
        "BatchNorm2d": f"{channels}",
        "Unflatten": f"1, ({features}, 1, 1)",
    }.get(kind, EXAMPLES.get(kind, ""))


def run(input_shape: Shape, layers: list[Layer]) -> Report:
    """Send a shape through the layers until one does not fit."""
    rows: list[Row] = []
    shape, parameters = input_shape, 0
    for number, layer in enumerate(layers, start=1):
        try:
            row = _run_one(layer, shape)
            shape, parameters = row.shape, parameters + row.parameters
            if parameters > MOST_PARAMETERS:
                raise ValueError(
                    f"brings the model to {parameters:,} parameters; this page allows at most {MOST_PARAMETERS:,}."
                )
        except ValueError as error:
            return Report(input_shape, rows, f"Layer {number}, {layer}, {error}")
        rows.append(row)
    return Report(input_shape, rows)


def _run_one(layer: Layer, shape: Shape) -> Row:
    for check in CHECKS.get(layer.kind, ()):
        check(layer.arguments, shape)
    with torch.device("meta"):
        module = getattr(nn, layer.kind)(**layer.arguments)
        output = tuple(module(torch.empty(shape)).shape)
    if math.prod(output) > LARGEST_TENSOR:
        raise ValueError(f"would output {math.prod(output):,} numbers; this page allows at most {LARGEST_TENSOR:,}.")
    row = Row(layer, output, sum(p.numel() for p in module.parameters()))
    products = row.parameters * _uses(layer.kind, shape, output)
    if products > MOST_PRODUCTS:
        raise ValueError(f"would take {products:,} multiplications; this page allows at most {MOST_PRODUCTS:,}.")
    return row


def _uses(kind: str, shape: Shape, output: Shape) -> int:
    """How often each weight is used: once per row, or once per position of the window."""
    if kind == "Linear":
        return math.prod(shape[:-1])
    images = shape if kind == "ConvTranspose2d" else output
    return math.prod(images) // images[-3] if len(images) > 2 else images[0]


def code(report: Report) -> str:
    """The lines that send zeros through the layers that fit."""
    layers = "".join(f"    {_line(str(row.layer))},\n" for row in report.rows)
    model = f"nn.Sequential(\n{layers})" if layers else "nn.Sequential()"
    return f"""import torch
from torch import nn

model = {model}
x = torch.zeros({tensors.written(report.input_shape)})
for layer in model:
    x = layer(x)
    print(type(layer).__name__, tuple(x.shape))
print(sum(p.numel() for p in model.parameters()))
"""


def _line(layer: str) -> str:
    kind, arguments = layer[:-1].split("(", 1)
    return f"nn.{layer}" if len(layer) <= LINE else f"nn.{kind}(\n        {arguments}\n    )"


def printed(report: Report) -> str:
    shapes = "".join(f"{row.layer.kind} {row.shape}\n" for row in report.rows)
    return f"{shapes}{report.parameters}\n"
