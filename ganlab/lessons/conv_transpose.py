"""`nn.ConvTranspose2d` on a small square input, with every argument. Knows nothing of drawings.

All numbers are whole and easy to add: the inputs are 1, 2, 3 and so on, every weight is WEIGHT and every bias is BIAS,
so the last digit of an output is the bias and the rest is a sum of inputs.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ganlab import settings
from ganlab.formatting import number
from ganlab.settings import setting

WEIGHT, BIAS = 10, 1
LARGEST_GRID = 32
SIZES = ("kernel_size", "stride", "padding", "output_padding", "dilation", "input_size")
CHANNELS = ("in_channels", "out_channels", "groups")
PRINTED_WHOLE = 13  # rows; of larger outputs only the last row is printed


@dataclass(frozen=True)
class Layer:
    """A square `nn.ConvTranspose2d` and its input. Raises ValueError if they do not fit or are too large to draw."""

    # Together the bounds allow about 200,000 weights and 10 ms.
    in_channels: int = setting(1, "", "Channels of the input; all are alike here.", bounds=(1, 64))
    out_channels: int = setting(1, "", "Channels of the output; the drawing shows the first.", bounds=(1, 64))
    kernel_size: int = setting(
        3, "", "Every input cell is multiplied by a window of this height and width.", bounds=(1, 7)
    )
    stride: int = setting(2, "", "How far apart the windows of neighbouring inputs start.", bounds=(1, 8))
    padding: int = setting(
        1, "", "How many rows and columns are cut off on each side: the reverse of a Conv2d's padding.", bounds=(0, 16)
    )
    output_padding: int = setting(
        1, "", "How many rows and columns are added back, at the bottom and on the right only.", bounds=(0, 7)
    )
    groups: int = setting(1, "", "Channels are split into this many parts that don't see each other.", bounds=(1, 64))
    bias: bool = setting(True, "", f"A number added to every output cell; here {BIAS}.", choices=(True, False))
    dilation: int = setting(1, "", "The distance between neighbouring cells of a window.", bounds=(1, 8))
    input_size: int = setting(4, "", "Height and width of the input.", bounds=(1, 8))

    def __post_init__(self) -> None:
        for name in settings.fields(Layer):
            value = getattr(self, name)
            smallest, largest = settings.rules(Layer, name).bounds or (False, True)  # bias is either
            if value < smallest:
                raise ValueError(f"{name} must be at least {smallest}, not {number(value)}.")
            if value > largest:
                raise ValueError(f"{name}={value:,} is too large to draw; this page goes up to {name}={largest}.")
        for name in ("in_channels", "out_channels"):
            if (channels := getattr(self, name)) % self.groups:
                raise ValueError(
                    f"{name} must be divisible by groups: {channels} channels can't be split into "
                    f"{self.groups} equal groups."
                )
        if self.output_padding >= max(self.stride, self.dilation):
            raise ValueError(
                f"output_padding must be smaller than stride or dilation: {self.output_padding} is not below "
                f"the larger of {self.stride} and {self.dilation}."
            )
        if self.output_size < 1:
            raise ValueError(
                f"padding cuts everything away: {size_formula(self)} = {number(self.output_size)}, "
                "but an output needs at least 1 cell."
            )
        if self.grid > LARGEST_GRID:
            raise ValueError(
                f"These settings spread the input over {self.grid} × {self.grid} cells; "
                f"this page draws at most {LARGEST_GRID} × {LARGEST_GRID}."
            )

    @property
    def footprint(self) -> int:
        """How many cells the windows of all inputs span in one direction, before padding cuts any off."""
        return (self.input_size - 1) * self.stride + self.dilation * (self.kernel_size - 1) + 1

    @property
    def output_size(self) -> int:
        """The formula of `torch.nn.ConvTranspose2d`: `padding` cuts each side, `output_padding` adds to the end."""
        return self.footprint - 2 * self.padding + self.output_padding

    @property
    def grid(self) -> int:
        """The footprint and the cells beyond it that output_padding adds, where no window reaches."""
        return self.footprint + max(self.output_padding - self.padding, 0)

    @property
    def kept(self) -> slice:
        """The cells of the grid that are the output."""
        return slice(self.padding, self.padding + self.output_size)

    @property
    def weights(self) -> int:
        # An output channel has some for each input channel of its group.
        return self.in_channels * self.out_channels // self.groups * self.kernel_size**2

    @property
    def biases(self) -> int:
        return self.out_channels if self.bias else 0


class Result(NamedTuple):
    """What torch computes for a layer. Tensors show channel 0 of the output; all output channels are alike here."""

    layer: Layer
    cells: Tensor  # [grid, grid]: the output before padding cuts any off
    reached: Tensor  # [grid, grid]: how many inputs' windows reach each cell
    collisions: tuple[int, ...]  # the sizes that a Conv2d with these settings turns into this input size

    @property
    def output(self) -> Tensor:
        return self.cells[self.layer.kept, self.layer.kept]

    @property
    def added(self) -> tuple[str, ...]:
        """What each row that output_padding adds holds: "contributions" or "bias only"; the columns are alike."""
        layer = self.layer
        rows = self.reached[layer.kept, layer.kept][max(layer.output_size - layer.output_padding, 0) :]
        return tuple("contributions" if row.any() else "bias only" for row in rows)


def compute(layer: Layer) -> Result:
    """Run the layer. Draws no random numbers."""
    n, k = layer.input_size, layer.kernel_size
    x = torch.arange(1.0, n * n + 1).reshape(1, 1, n, n).repeat(1, layer.in_channels, 1, 1)
    weight = torch.full((layer.in_channels, layer.out_channels // layer.groups, k, k), float(WEIGHT))
    bias = float(BIAS if layer.bias else 0)
    biases = torch.full((layer.out_channels,), bias)
    spread = {"stride": layer.stride, "dilation": layer.dilation}
    cells = functional.conv_transpose2d(x, weight, biases, groups=layer.groups, **spread)[0, 0]
    reached = functional.conv_transpose2d(torch.ones(1, 1, n, n), torch.ones(1, 1, k, k), None, **spread)[0, 0]
    beyond = (0, layer.grid - layer.footprint, 0, layer.grid - layer.footprint)
    cells, reached = functional.pad(cells, beyond, value=bias), functional.pad(reached, beyond)
    sizes = range(1, layer.grid + layer.stride + 2 * layer.padding)
    collisions = tuple(size for size in sizes if conv_size(layer, size) == n)
    return Result(layer, cells, reached, collisions)


def conv_size(layer: Layer, size: int) -> int:
    """The size that a Conv2d with the same settings turns `size` into, found by running one; 0 if it can't run."""
    if size + 2 * layer.padding < layer.dilation * (layer.kernel_size - 1) + 1:
        return 0
    x, weight = torch.zeros(1, 1, size, size), torch.ones(1, 1, layer.kernel_size, layer.kernel_size)
    return functional.conv2d(x, weight, None, layer.stride, layer.padding, layer.dilation).shape[-1]


def size_formula(layer: Layer) -> str:
    """The right-hand side of the documentation's formula, with numbers filled in."""
    return (
        f"({layer.input_size} − 1)·{layer.stride} − 2·{layer.padding} + "
        f"{layer.dilation}·({layer.kernel_size} − 1) + {layer.output_padding} + 1"
    )


def code(result: Result) -> str:
    """The layer and, if any sizes collide, the Conv2d that turns them into the same one."""
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
    layer = result.layer
    shape = torch.Size((1, layer.out_channels, layer.output_size, layer.output_size))
    back = (f"{size} becomes {layer.input_size}" for size in result.collisions)
    numbers = result.output.long() if layer.output_size <= PRINTED_WHOLE else result.output[-1].long()
    return "\n".join([str(shape), str(layer.weights + layer.biases), str(numbers), *back, ""])
