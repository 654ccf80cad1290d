"""Whether a layer accepts an input shape; if not, why, as the end of a sentence that begins with the layer."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from ganlab.formatting import count_of, number
from ganlab.lessons.tensors import Shape

Arguments = Mapping[str, Any]  # by name; the name decides the type


def _linear(arguments: Arguments, shape: Shape) -> None:
    wanted = arguments["in_features"]
    if shape[-1] != wanted:
        hint = " Flatten first?" if len(shape) > 2 and math.prod(shape[1:]) == wanted else ""
        raise ValueError(f"expects {wanted:,} as the last size of the shape, but gets {shape}.{hint}")


def _images(arguments: Arguments, shape: Shape, fewest: int = 3, rows: str = " Unflatten first?") -> None:
    """`fewest` is the smallest number of sizes allowed; `rows` is the hint for a shape of rows."""
    if not fewest <= len(shape) <= 4:
        hint = rows if len(shape) == 2 else ""
        raise ValueError(f"expects images, (n, channels, height, width), but gets {shape}.{hint}")
    wanted = arguments.get("in_channels") or arguments.get("num_features") or shape[-3]
    if shape[-3] != wanted:
        raise ValueError(f"expects {count_of(wanted, 'channel')}, but {shape} has {shape[-3]:,}.")


def _conv(arguments: Arguments, shape: Shape) -> None:
    _images(arguments, shape)
    _window(arguments, shape)


def _window(arguments: Arguments, shape: Shape) -> None:
    kernel, padding = arguments["kernel_size"], arguments.get("padding", 0)
    high, wide = (size + 2 * padding for size in shape[-2:])
    if kernel > min(high, wide):
        around = ", padding included" if padding else ""
        raise ValueError(f"has a window of {kernel} × {kernel}, which does not fit into {high} × {wide}{around}.")


def _conv_transpose(arguments: Arguments, shape: Shape) -> None:
    _images(arguments, shape)
    stride, padding = arguments.get("stride", 1), arguments.get("padding", 0)
    added = arguments.get("output_padding", 0)
    if added >= stride:
        raise ValueError(f"needs an output_padding smaller than its stride, but {added} is not smaller than {stride}.")
    sizes = [(n - 1) * stride - 2 * padding + arguments["kernel_size"] + added for n in shape[-2:]]
    if min(sizes) < 1:
        raise ValueError(f"cuts everything away: its padding leaves an output of {' × '.join(map(number, sizes))}.")


def _pool(arguments: Arguments, shape: Shape) -> None:
    _images(arguments, shape)
    kernel, padding = arguments["kernel_size"], arguments.get("padding", 0)
    if 2 * padding > kernel:
        raise ValueError(f"needs a padding of at most half its kernel_size, but {padding} is more than {kernel} / 2.")
    _window(arguments, shape)


def _norm1d(arguments: Arguments, shape: Shape) -> None:
    if len(shape) not in (2, 3):
        hint = " BatchNorm2d takes images." if len(shape) == 4 else ""
        raise ValueError(f"expects rows, (n, features), but gets {shape}.{hint}")
    wanted = arguments["num_features"]
    if shape[1] != wanted:
        raise ValueError(f"expects {count_of(wanted, 'feature')}, but {shape} has {shape[1]:,}.")
    _several(shape)


def _norm2d(arguments: Arguments, shape: Shape) -> None:
    _images(arguments, shape, fewest=4, rows=" BatchNorm1d takes rows.")
    _several(shape)


def _several(shape: Shape) -> None:
    if math.prod(shape) == shape[1]:
        raise ValueError(f"needs more than one value per channel in training, but {shape} has only one.")


def _flatten(arguments: Arguments, shape: Shape) -> None:
    if len(shape) < 2:
        raise ValueError(f"joins all sizes of a shape after the first, but {shape} has only one.")


def _unflatten(arguments: Arguments, shape: Shape) -> None:
    dim, sizes = arguments["dim"], arguments["unflattened_size"]
    if dim >= len(shape):
        raise ValueError(f"splits size {dim} of a shape, counting from 0, but the last of {shape} is {len(shape) - 1}.")
    if math.prod(sizes) != shape[dim]:
        raise ValueError(f"splits {math.prod(sizes):,} into {sizes}, but size {dim} of {shape} is {shape[dim]:,}.")


# Each raises ValueError where its layer, in training mode, would refuse the shape. The other layers accept every shape.
CHECKS: dict[str, Callable[[Arguments, Shape], None]] = {
    "Linear": _linear,
    "Conv2d": _conv,
    "ConvTranspose2d": _conv_transpose,
    "BatchNorm1d": _norm1d,
    "BatchNorm2d": _norm2d,
    "MaxPool2d": _pool,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
}
