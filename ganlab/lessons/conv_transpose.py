"""`nn.ConvTranspose2d` on a small square input, with every argument. Knows nothing of pictures.

All numbers are whole and can be added in one's head: the input counts from 1, every weight is WEIGHT and the
bias is BIAS, so the last digit of an output is the bias and the rest is a sum of inputs.
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

WEIGHT, BIAS = 10, 1
# The largest value of each setting here: together at most some 200,000 weights and 10 ms.
LARGEST = {
    "in_channels": 64,
    "out_channels": 64,
    "kernel_size": 7,
    "stride": 8,
    "padding": 16,
    "output_padding": 7,
    "groups": 64,
    "dilation": 8,
    "input_size": 8,
}
LARGEST_GRID = 32
PRINTED_WHOLE = 13  # rows; of larger outputs only the last row is printed


@dataclass(frozen=True)
class Layer:
    """The arguments of a square `nn.ConvTranspose2d`, and the height and width of its input.

    Settings that do not fit together are a ValueError that says why in a sentence.
    """

    in_channels: int = 1
    out_channels: int = 1
    kernel_size: int = 3
    stride: int = 2
    padding: int = 1
    output_padding: int = 1
    groups: int = 1
    bias: bool = True
    dilation: int = 1
    input_size: int = 4

    def __post_init__(self) -> None:
        for name, largest in LARGEST.items():
            _check_range(name, getattr(self, name), largest)
        _check_groups(self)
        if self.output_padding >= max(self.stride, self.dilation):
            raise ValueError(
                f"output_padding must be smaller than stride or dilation: {self.output_padding} is not below "
                f"the larger of {self.stride} and {self.dilation}."
            )
        if self.output_size < 1:
            raise ValueError(
                f"padding cuts everything away: {size_formula(self)} = {minus(self.output_size)}, "
                "and an output needs at least 1 cell."
            )
        if self.grid > LARGEST_GRID:
            raise ValueError(
                f"These settings spread the input over {self.grid} × {self.grid} cells; "
                f"this page draws at most {LARGEST_GRID} × {LARGEST_GRID}."
            )

    @property
    def footprint(self) -> int:
        """The cells that the windows of all inputs span, in one direction, before anything is cut."""
        return (self.input_size - 1) * self.stride + self.dilation * (self.kernel_size - 1) + 1

    @property
    def output_size(self) -> int:
        """`torch.nn.ConvTranspose2d`'s formula: `padding` is cut on either side, `output_padding` given back."""
        return self.footprint - 2 * self.padding + self.output_padding

    @property
    def beyond(self) -> int:
        """How far the output reaches past the footprint, where no window can reach."""
        return max(self.output_padding - self.padding, 0)

    @property
    def grid(self) -> int:
        """Footprint and what lies beyond."""
        return self.footprint + self.beyond

    @property
    def kept(self) -> slice:
        """The part of the grid that is the output."""
        return slice(self.padding, self.padding + self.output_size)


@dataclass(frozen=True)
class Result:
    """What torch computes for a layer; channel 0 of the output, and all output channels are alike here."""

    layer: Layer
    uncut: Tensor  # [footprint, footprint]: the output as it would be without padding and output_padding
    output: Tensor  # [output_size, output_size]
    reached: Tensor  # [grid, grid]: how many windows of the input put something into each cell
    parameters: int
    parameters_ungrouped: int  # with groups=1
    collisions: tuple[int, ...]  # the input sizes that a Conv2d with these settings turns into this input size
    conv_of_output: int  # what such a Conv2d turns this output size into

    @property
    def added(self) -> tuple[str, ...]:
        """Of every row that output_padding adds (and column, they are alike): "contributions" or "bias only"."""
        rows = self.reached[self.layer.kept, self.layer.kept][
            max(self.layer.output_size - self.layer.output_padding, 0) :
        ]
        return tuple("contributions" if row.any() else "bias only" for row in rows)


def compute(layer: Layer) -> Result:
    """Run the layer. Draws no random numbers."""
    n, per_group = layer.input_size, layer.out_channels // layer.groups
    k = layer.kernel_size
    x = torch.arange(1.0, n * n + 1).reshape(1, 1, n, n).repeat(1, layer.in_channels, 1, 1)
    weight = torch.full((layer.in_channels, per_group, k, k), float(WEIGHT))
    bias = torch.full((layer.out_channels,), float(BIAS)) if layer.bias else None
    spread = {"stride": layer.stride, "dilation": layer.dilation}
    cut = {"padding": layer.padding, "output_padding": layer.output_padding, "groups": layer.groups}
    reached = functional.conv_transpose2d(torch.ones(1, 1, n, n), torch.ones(1, 1, k, k), **spread)[0, 0]
    biases = layer.out_channels if layer.bias else 0
    sizes = range(1, layer.grid + layer.stride + 2 * layer.padding)
    return Result(
        layer=layer,
        uncut=functional.conv_transpose2d(x, weight, bias, groups=layer.groups, **spread)[0, 0],
        output=functional.conv_transpose2d(x, weight, bias, **cut, **spread)[0, 0],
        reached=functional.pad(reached, (0, layer.beyond, 0, layer.beyond)),
        parameters=weight.numel() + biases,
        parameters_ungrouped=weight.numel() * layer.groups + biases,
        collisions=tuple(size for size in sizes if conv_size(layer, size) == n),
        conv_of_output=conv_size(layer, layer.output_size),
    )


def conv_size(layer: Layer, size: int) -> int:
    """What a Conv2d with the same settings turns `size` into, found by running one; 0 where it cannot run."""
    if size + 2 * layer.padding < layer.dilation * (layer.kernel_size - 1) + 1:
        return 0
    x, weight = torch.zeros(1, 1, size, size), torch.ones(1, 1, layer.kernel_size, layer.kernel_size)
    return functional.conv2d(x, weight, None, layer.stride, layer.padding, layer.dilation).shape[-1]


def size_formula(layer: Layer) -> str:
    """The right-hand side of the documentation's formula with the numbers filled in."""
    return (
        f"({layer.input_size} − 1)·{layer.stride} − 2·{layer.padding} + "
        f"{layer.dilation}·({layer.kernel_size} − 1) + {layer.output_padding} + 1"
    )


def code(result: Result) -> str:
    """The lines that compute what is shown."""
    layer, n = result.layer, result.layer.input_size
    arguments = "".join(f"    {f.name}={getattr(layer, f.name)},\n" for f in fields(layer) if f.name != "input_size")
    channels = f".repeat(1, {layer.in_channels}, 1, 1)" if layer.in_channels > 1 else ""
    lines = (
        "import torch\nfrom torch import nn\n\n"
        f"layer = nn.ConvTranspose2d(\n{arguments})\n"
        f"nn.init.constant_(layer.weight, {WEIGHT})\n"
        + (f"nn.init.constant_(layer.bias, {BIAS})\n" if layer.bias else "")
        + f"\nx = torch.arange(1.0, {n * n + 1})\nx = x.reshape(1, 1, {n}, {n}){channels}\n"
        "y = layer(x).detach()\n"
        "print(y.shape)\n"
        "print(sum(p.numel() for p in layer.parameters()))\n"
        f"print({'y[0, 0]' if layer.output_size <= PRINTED_WHOLE else 'y[0, 0, -1]'}.long())\n"
    )
    if not result.collisions:
        return lines
    dilation = f", dilation={layer.dilation}" if layer.dilation > 1 else ""
    return (
        f"{lines}\nback = nn.Conv2d(\n    1, 1, {layer.kernel_size}, stride={layer.stride}, "
        f"padding={layer.padding}{dilation}\n)\n"
        f"for size in {result.collisions}:\n"
        "    z = back(torch.zeros(1, 1, size, size))\n"
        '    print(size, "becomes", z.shape[-1])\n'
    )


def printed(result: Result) -> str:
    """What `code` prints."""
    layer = result.layer
    shape = torch.Size((1, layer.out_channels, layer.output_size, layer.output_size))
    back = (f"{size} becomes {layer.input_size}" for size in result.collisions)
    numbers = result.output.long() if layer.output_size <= PRINTED_WHOLE else result.output[-1].long()
    return "\n".join([str(shape), str(result.parameters), str(numbers), *back, ""])


def minus(n: int) -> str:
    """A number with the true minus sign."""
    return str(n).replace("-", "−")


def _check_range(name: str, value: int, largest: int) -> None:
    smallest = 0 if name in ("padding", "output_padding") else 1
    if value < smallest:
        raise ValueError(f"{name} must be at least {smallest}, not {minus(value)}.")
    if value > largest:
        raise ValueError(f"This page goes up to {name}={largest}; {value:,} would be too much to draw.")


def _check_groups(layer: Layer) -> None:
    for name in ("in_channels", "out_channels"):
        if getattr(layer, name) % layer.groups:
            raise ValueError(
                f"{name} must be divisible by groups: {getattr(layer, name)} channels cannot be split into "
                f"{layer.groups} equal groups."
            )
