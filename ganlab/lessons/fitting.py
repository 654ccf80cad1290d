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


def _images(arguments: Arguments, shape: Shape) -> None:
    fewest, rows = (4, " BatchNorm1d takes rows.") if "num_features" in arguments else (3, " Unflatten first?")
    if not fewest <= len(shape) <= 4:
        hint = rows if len(shape) == 2 else ""
        raise ValueError(f"expects images, (n, channels, height, width), but gets {shape}.{hint}")
    wanted = arguments.get("in_channels") or arguments.get("num_features") or shape[-3]
    if shape[-3] != wanted:
        raise ValueError(f"expects {count_of(wanted, 'channel')}, but {shape} has {shape[-3]:,}.")


def _window(arguments: Arguments, shape: Shape) -> None:
    kernel, padding = arguments["kernel_size"], arguments.get("padding", 0)
    high, wide = (size + 2 * padding for size in shape[-2:])
    if kernel > min(high, wide):
        around = ", padding included" if padding else ""
        raise ValueError(f"has a window of {kernel} × {kernel}, which does not fit into {high} × {wide}{around}.")


def _uncut(arguments: Arguments, shape: Shape) -> None:
    stride, padding = arguments.get("stride", 1), arguments.get("padding", 0)
    added = arguments.get("output_padding", 0)
    if added >= stride:
        raise ValueError(f"needs an output_padding smaller than its stride, but {added} is not smaller than {stride}.")
    sizes = [(n - 1) * stride - 2 * padding + arguments["kernel_size"] + added for n in shape[-2:]]
    if min(sizes) < 1:
        raise ValueError(f"cuts everything away: its padding leaves an output of {' × '.join(map(number, sizes))}.")


def _half_padding(arguments: Arguments, shape: Shape) -> None:
    kernel, padding = arguments["kernel_size"], arguments.get("padding", 0)
    if 2 * padding > kernel:
        raise ValueError(f"needs a padding of at most half its kernel_size, but {padding} is more than {kernel} / 2.")


def _rows(arguments: Arguments, shape: Shape) -> None:
    if len(shape) not in (2, 3):
        hint = " BatchNorm2d takes images." if len(shape) == 4 else ""
        raise ValueError(f"expects rows, (n, features), but gets {shape}.{hint}")
    wanted = arguments["num_features"]
    if shape[1] != wanted:
        raise ValueError(f"expects {count_of(wanted, 'feature')}, but {shape} has {shape[1]:,}.")


def _several(arguments: Arguments, shape: Shape) -> None:
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


# They raise ValueError where the layer, in training mode, would refuse the shape; the first to do so gives the reason.
# The other layers accept every shape.
CHECKS: dict[str, tuple[Callable[[Arguments, Shape], None], ...]] = {
    "Linear": (_linear,),
    "Conv2d": (_images, _window),
    "ConvTranspose2d": (_images, _uncut),
    "BatchNorm1d": (_rows, _several),
    "BatchNorm2d": (_images, _several),
    "MaxPool2d": (_images, _half_padding, _window),
    "Flatten": (_flatten,),
    "Unflatten": (_unflatten,),
}
