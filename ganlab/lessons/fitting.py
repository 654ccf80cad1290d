"""Whether a layer can take a shape, and if not why, in words that go on after its name."""

import math
from collections.abc import Callable, Mapping
from typing import Any

Shape = tuple[int, ...]
Arguments = Mapping[str, Any]


def check_fit(kind: str, arguments: Arguments, shape: Shape) -> None:
    """ValueError with the second half of a sentence where `nn.` `kind` in training would refuse the shape."""
    CHECKS.get(kind, _takes_all)(arguments, shape)


def _takes_all(arguments: Arguments, shape: Shape) -> None:
    pass


def _linear(arguments: Arguments, shape: Shape) -> None:
    wanted = arguments["in_features"]
    if shape[-1] != wanted:
        hint = " Flatten first?" if len(shape) > 2 and math.prod(shape[1:]) == wanted else ""
        raise ValueError(f"expects {wanted:,} as the last number of the shape, and {shape} arrives.{hint}")


def _images(arguments: Arguments, shape: Shape, channels: str = "in_channels") -> None:
    if len(shape) not in (3, 4):
        raise ValueError(
            f"expects images, (n, channels, height, width), and {shape} arrives."
            + (" Unflatten first?" if len(shape) == 2 else "")
        )
    wanted = arguments.get(channels, shape[-3])
    if shape[-3] != wanted:
        raise ValueError(f"expects {_channels(wanted)}, and {shape} has {shape[-3]:,}.")


def _conv(arguments: Arguments, shape: Shape) -> None:
    _images(arguments, shape)
    _window(arguments["kernel_size"], arguments.get("padding", 0), shape)


def _window(kernel: int, padding: int, shape: Shape) -> None:
    high, wide = (size + 2 * padding for size in shape[-2:])
    if kernel > min(high, wide):
        around = ", padding included" if padding else ""
        raise ValueError(f"has a window of {kernel} × {kernel} that does not fit into {high} × {wide}{around}.")


def _conv_transpose(arguments: Arguments, shape: Shape) -> None:
    _images(arguments, shape)
    stride, padding = arguments.get("stride", 1), arguments.get("padding", 0)
    added = arguments.get("output_padding", 0)
    if added >= stride:
        raise ValueError(f"needs an output_padding smaller than its stride, and {added} is not smaller than {stride}.")
    sizes = [(n - 1) * stride - 2 * padding + arguments["kernel_size"] + added for n in shape[-2:]]
    if min(sizes) < 1:
        raise ValueError(f"cuts everything away: its padding would leave {min(sizes)} of {max(shape[-2:])} rows.")


def _pool(arguments: Arguments, shape: Shape) -> None:
    _images(arguments, shape)
    kernel, padding = arguments["kernel_size"], arguments.get("padding", 0)
    if 2 * padding > kernel:
        raise ValueError(f"needs a padding of at most half its kernel_size, and {padding} is more than {kernel} / 2.")
    _window(kernel, padding, shape)


def _norm1d(arguments: Arguments, shape: Shape) -> None:
    if len(shape) not in (2, 3):
        raise ValueError(f"expects rows, (n, features), and {shape} arrives.{_other_norm(shape)}")
    wanted = arguments["num_features"]
    if shape[1] != wanted:
        raise ValueError(f"expects {wanted:,} features, and {shape} has {shape[1]:,}.")
    _several(shape)


def _norm2d(arguments: Arguments, shape: Shape) -> None:
    if len(shape) != 4:
        raise ValueError(f"expects images, (n, channels, height, width), and {shape} arrives.{_other_norm(shape)}")
    _images(arguments, shape, "num_features")
    _several(shape)


def _other_norm(shape: Shape) -> str:
    return {2: " BatchNorm1d takes rows.", 4: " BatchNorm2d takes images."}.get(len(shape), "")


def _several(shape: Shape) -> None:
    if math.prod(shape) == shape[1]:
        raise ValueError(f"needs more than one value per channel to take a mean in training, and {shape} has one.")


def _flatten(arguments: Arguments, shape: Shape) -> None:
    if len(shape) < 2:
        raise ValueError(f"keeps the first number of a shape and joins the others, and {shape} has no others.")


def _unflatten(arguments: Arguments, shape: Shape) -> None:
    dim, sizes = arguments["dim"], arguments["unflattened_size"]
    if dim >= len(shape):
        raise ValueError(f"splits number {dim} of the shape, counted from 0, and {shape} ends at {len(shape) - 1}.")
    if math.prod(sizes) != shape[dim]:
        raise ValueError(f"makes {math.prod(sizes):,} out of {sizes}, and {shape[dim]:,} arrive in {shape}.")


def _channels(n: int) -> str:
    return "1 channel" if n == 1 else f"{n:,} channels"


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
