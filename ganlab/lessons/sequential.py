"""`nn.Sequential`, layer by layer: the shape after each, the parameters, or which layer does not fit and why.

Layers are built and run on torch's meta device: it knows every shape, holds no numbers and draws none.
"""

import ast
import math
import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ganlab.lessons.fitting import Shape, check_fit

# The arguments of each layer in their order; True: it cannot be left out.
ARGUMENTS: dict[str, dict[str, bool]] = {
    "Linear": {"in_features": True, "out_features": True, "bias": False},
    "Conv2d": dict.fromkeys(("in_channels", "out_channels", "kernel_size"), True)
    | dict.fromkeys(("stride", "padding", "bias"), False),
    "ConvTranspose2d": dict.fromkeys(("in_channels", "out_channels", "kernel_size"), True)
    | dict.fromkeys(("stride", "padding", "output_padding", "bias"), False),
    "BatchNorm1d": {"num_features": True},
    "BatchNorm2d": {"num_features": True},
    "ReLU": {},
    "LeakyReLU": {"negative_slope": False},
    "Tanh": {},
    "MaxPool2d": {"kernel_size": True, "stride": False, "padding": False},
    "Flatten": {},
    "Unflatten": {"dim": True, "unflattened_size": True},
}
NATURAL = ("padding", "output_padding", "dim")  # may be 0; all other whole numbers begin at 1
EXAMPLE = {"Unflatten": "1, (100, 1, 1)", "Linear": "3, 10", "LeakyReLU": "0.2", "MaxPool2d": "2"}
WITH_WEIGHTS = ("Linear", "Conv2d", "ConvTranspose2d", "BatchNorm1d", "BatchNorm2d")
LINE = 46  # characters of a layer that fit beside the lesson
MOST_LAYERS = 12
LARGEST_ARGUMENT = 10_000
LARGEST_TENSOR = 2_000_000  # 8 MB
MOST_PARAMETERS = 5_000_000  # 20 MB
MOST_PRODUCTS = 1_000_000_000  # multiplications in one layer, some 0.1 s


@dataclass(frozen=True)
class Layer:
    """A layer as one writes it: `nn.` kind, and its arguments by name in the order they were written."""

    kind: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        required = [name for name, needed in ARGUMENTS[self.kind].items() if needed]
        given = dict(self.arguments)
        words = [repr(given.pop(name)) for name in required] + [f"{name}={value!r}" for name, value in given.items()]
        return f"{self.kind}({', '.join(words)})"


@dataclass(frozen=True)
class Row:
    """A layer that fits, with what it makes and holds."""

    layer: Layer
    shape: Shape
    parameters: int


@dataclass(frozen=True)
class Report:
    """How far an input came; `why` is a sentence on the layer after the last row, empty if all fit."""

    input_shape: Shape
    rows: tuple[Row, ...]
    why: str = ""

    @property
    def parameters(self) -> int:
        """Of all layers that fit."""
        return sum(row.parameters for row in self.rows)


def parse_shape(text: str) -> Shape:
    """The text "64, 1, 16, 16" as numbers. ValueError in a sentence."""
    if not re.fullmatch(r"\d{1,9}(\s*,\s*\d{1,9}){0,9}", text := text.strip(" ()[],"), re.ASCII):
        raise ValueError("Write the input shape as whole numbers, for example 64, 1, 16, 16.")
    shape = tuple(map(int, text.split(",")))
    if len(shape) > 5 or min(shape) < 1:
        raise ValueError("The input shape needs one to five numbers, each at least 1.")
    if math.prod(shape) > LARGEST_TENSOR:
        raise ValueError(f"That is an input of {math.prod(shape):,} numbers; this page stops at {LARGEST_TENSOR:,}.")
    return shape


def parse(kind: str, text: str) -> Layer:
    """The arguments of a layer as they stand between its brackets. ValueError in a sentence."""
    example = EXAMPLE.get(kind, "1, 32, 4, stride=2, padding=1" if "Conv" in kind else "32")
    if not ARGUMENTS[kind]:
        if text.strip():
            raise ValueError(f"{kind} needs no arguments here.")
        return Layer(kind)
    try:
        positional, named = _read(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError(f"Write the arguments of {kind} as in PyTorch, for example {example}.") from None
    return Layer(kind, tuple(_by_name(kind, positional, named).items()))


def _read(text: str) -> tuple[list[Any], list[tuple[str, Any]]]:
    """What stands between the brackets of a call, literals only; nothing is executed."""
    if "#" in text:
        raise ValueError("a comment")
    call = ast.parse(f"f({text})", mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError("more than one call")
    positional = [ast.literal_eval(argument) for argument in call.args]
    if any(keyword.arg is None for keyword in call.keywords):
        raise ValueError("** names nothing")
    return positional, [(str(keyword.arg), ast.literal_eval(keyword.value)) for keyword in call.keywords]


def _by_name(kind: str, positional: list[Any], named: list[tuple[str, Any]]) -> dict[str, Any]:
    known = ARGUMENTS[kind]
    if len(positional) > len(known):
        raise ValueError(f"{kind} takes at most {len(known)} arguments here: {', '.join(known)}.")
    given = dict(zip(known, positional, strict=False))
    for name, value in named:
        if name not in known:
            raise ValueError(f"{kind} has no argument {name[:40]} here; it has {', '.join(known)}.")
        if name in given:
            raise ValueError(f"{name} of {kind} is given twice.")
        given[name] = value
    for name, needed in known.items():
        if needed and name not in given:
            raise ValueError(f"{kind} needs {name}.")
    for name, value in given.items():
        _check(kind, name, value)
    return given


def _check(kind: str, name: str, value: Any) -> None:
    if name == "bias":
        right, wanted = isinstance(value, bool), "True or False"
    elif name == "negative_slope":
        right, wanted = type(value) in (int, float) and -1000 <= value <= 1000, "a number such as 0.2"
    elif name == "unflattened_size":
        right = isinstance(value, tuple) and 0 < len(value) < 5 and all(_whole(part, 1) for part in value)
        wanted = "one to four whole numbers in brackets, such as (100, 1, 1)"
    else:
        least = 0 if name in NATURAL else 1
        right, wanted = _whole(value, least), f"a whole number from {least} to {LARGEST_ARGUMENT:,}"
    if not right:
        raise ValueError(f"{name} of {kind} must be {wanted}.")


def _whole(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= LARGEST_ARGUMENT


def suggest(kind: str, shape: Shape) -> str:
    """Arguments with which a layer fits what arrives, as far as they can be chosen."""
    channels = shape[-3] if len(shape) > 2 else shape[-1]
    return {
        "Linear": f"{shape[-1]}, 64",
        "Conv2d": f"{channels}, 32, 4, stride=2, padding=1",
        "ConvTranspose2d": f"{channels}, 32, 4, stride=2, padding=1",
        "BatchNorm1d": f"{shape[1] if len(shape) > 1 else shape[0]}",
        "BatchNorm2d": f"{channels}",
        "LeakyReLU": "0.2",
        "MaxPool2d": "2",
        "Unflatten": f"1, ({shape[1] if len(shape) > 1 else shape[0]}, 1, 1)",
    }.get(kind, "")


def run(input_shape: Shape, layers: list[Layer]) -> Report:
    """Send a shape through the layers until one does not fit."""
    rows: list[Row] = []
    shape, parameters = input_shape, 0
    for number, layer in enumerate(layers, start=1):
        try:
            check_fit(layer.kind, dict(layer.arguments), shape)
            row = _run_one(layer, shape)
            parameters += row.parameters
            if parameters > MOST_PARAMETERS:
                raise ValueError(f"makes {parameters:,} parameters in all; this page stops at {MOST_PARAMETERS:,}.")
        except ValueError as error:
            return Report(input_shape, tuple(rows), f"Layer {number}, {layer}, {error}")
        rows.append(row)
        shape = row.shape
    return Report(input_shape, tuple(rows))


def _run_one(layer: Layer, shape: Shape) -> Row:
    device = {"device": "meta"} if layer.kind in WITH_WEIGHTS else {}
    module = getattr(nn, layer.kind)(**dict(layer.arguments), **device)
    made = tuple(module(torch.empty(shape, device="meta")).shape)
    if math.prod(made) > LARGEST_TENSOR:
        raise ValueError(f"would make {math.prod(made):,} numbers; this page stops at {LARGEST_TENSOR:,}.")
    row = Row(layer, made, sum(p.numel() for p in module.parameters()))
    products = row.parameters * _places(layer.kind, shape, made)
    if products > MOST_PRODUCTS:
        raise ValueError(f"would take {products:,} multiplications; this page stops at {MOST_PRODUCTS:,}.")
    return row


def _places(kind: str, shape: Shape, made: Shape) -> int:
    """How often every weight is used: once for each row, or for each place of a window."""
    if kind == "Linear":
        return math.prod(shape[:-1])
    images = shape if kind == "ConvTranspose2d" else made
    return math.prod(images) // images[-3] if len(images) > 2 else images[0]


def code(report: Report) -> str:
    """The lines that send zeros through the layers that fit."""
    layers = "".join(f"    {_line(str(row.layer))},\n" for row in report.rows)
    model = f"nn.Sequential(\n{layers})" if layers else "nn.Sequential()"
    shape = ", ".join(map(str, report.input_shape))
    return (
        f"import torch\nfrom torch import nn\n\nmodel = {model}\nx = torch.zeros({shape})\n"
        "for layer in model:\n    x = layer(x)\n"
        "    print(type(layer).__name__, tuple(x.shape))\n"
        "print(sum(p.numel() for p in model.parameters()))\n"
    )


def _line(layer: str) -> str:
    """A layer in code, on three lines where one is wider than the page shows."""
    kind, arguments = layer[:-1].split("(", 1)
    return f"nn.{layer}" if len(layer) <= LINE else f"nn.{kind}(\n        {arguments}\n    )"


def printed(report: Report) -> str:
    """What `code` prints."""
    shapes = [f"{row.layer.kind} {row.shape}" for row in report.rows]
    return "\n".join([*shapes, str(report.parameters), ""])
