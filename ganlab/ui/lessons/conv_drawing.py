"""What a transposed convolution does, as SVG with the colours of front/blocks.css: one square is one cell."""

import itertools

import torch
from torch import Tensor

from ganlab.lessons.conv_transpose import Layer, Result

AREA = 306  # pixels: the side of the larger drawing
MOST_NUMBERED = 14  # cells per side; in more, numbers would be too small to read
Cell = tuple[int, int]  # row, column
KEY = "<span class='cells'>{}{}</span>"
HATCHED = "<svg class='grid' viewBox='0 0 14 14' aria-hidden='true'><rect class='cut' width='14' height='14'/></svg>"


def drawing(result: Result, outlined: int) -> str:
    """The input spread out, and all cells that windows reach; that of input number `outlined`, from 0, is outlined."""
    layer = result.layer
    side = min(AREA / layer.grid, 34)
    cell = divmod(outlined, layer.input_size)
    title = "side by side" if layer.stride == 1 else f"spread out by stride {layer.stride}"
    return (
        "<div class='pair'>"
        f"<figure><figcaption><b>Input, {title}</b></figcaption>{_spread(layer, cell, side)}</figure>"
        f"<figure><figcaption><b>Windows added up, then cut</b></figcaption>{_cut(result, cell, side)}</figure></div>"
    )


def keys(layer: Layer) -> str:
    kinds = {
        "gap": "gap between inputs",
        "pick": f"input chosen below, and its {layer.kernel_size} × {layer.kernel_size} window",
        "out": "output, stronger where windows overlap",
        "cut": "cut off by padding",
        "bias": "bias only" if layer.bias else "only 0",
        "new": "added by output_padding",
    }
    if layer.grid > layer.footprint:
        kinds["edge"] = "where the windows end"
    marks = {kind: f"<i class='{kind}'></i>" for kind in kinds} | {"cut": HATCHED}
    return f"<p class='cellkeys'>{''.join(KEY.format(marks[kind], text) for kind, text in kinds.items())}</p>"


def channel_map(layer: Layer) -> str:
    """Which input channel (across) reaches which output channel (down)."""
    across, down = layer.in_channels, layer.out_channels
    wide, high = (112 * n / max(across, down) for n in (across, down))
    blocks = "".join(
        f"<rect class='out' fill-opacity='.45' x='{i * wide / layer.groups:.2f}' y='{i * high / layer.groups:.2f}' "
        f"width='{wide / layer.groups:.2f}' height='{high / layer.groups:.2f}'/>"
        for i in range(layer.groups)
    )
    lines = "".join(f"M{i * wide / across:.2f} 0V{high:.2f}" for i in range(across + 1))
    lines += "".join(f"M0 {i * high / down:.2f}H{wide:.2f}" for i in range(down + 1))
    return (
        f"<svg class='grid map' width='116' height='116' viewBox='-2 -2 116 116' role='img' "
        f"aria-label='{layer.groups} blocks on the diagonal of {down} output by {across} input channels'>"
        f"{blocks}<path class='line' d='{lines}'/></svg>"
    )


def _spread(layer: Layer, cell: Cell, side: float) -> str:
    n, stride = layer.input_size, layer.stride
    extent = (n - 1) * stride + 1
    values = torch.zeros(extent, extent, dtype=torch.long)
    values[::stride, ::stride] = torch.arange(1, n * n + 1).reshape(n, n)
    parts = [
        _squares("gap", values == 0, side),
        _squares("in", values > 0, side),
        _squares("pick", values == cell[0] * n + cell[1] + 1, side),
        _numbers("num", values > 0, values, side, layer.grid),
    ]
    return _svg(extent, side, f"{n} by {n} inputs, {stride - 1} empty cells between neighbours", parts)


def _cut(result: Result, cell: Cell, side: float) -> str:
    layer, reached, kept = result.layer, result.reached, result.layer.kept
    grid, most = layer.grid, int(reached.max())
    inside, new, window = torch.zeros(3, grid, grid, dtype=torch.bool)
    inside[kept, kept] = new[kept, kept] = True
    before_added = slice(max(kept.stop - layer.output_padding, 0))
    new[before_added, before_added] = False
    down, right = (slice(i * layer.stride, i * layer.stride + layer.dilation * layer.kernel_size) for i in cell)
    window[down, right][:: layer.dilation, :: layer.dilation] = True
    filled, unreached = inside & (reached > 0), inside & (reached == 0)
    values = result.cells.long()
    parts = [_squares("cut", ~inside, side)]
    for overlapping in range(1, most + 1):
        opacity = 0.14 + 0.36 * (overlapping - 1) / max(most - 1, 1)
        parts.append(_squares("out", inside & (reached == overlapping), side, f"fill-opacity='{opacity:.2f}'"))
    parts += [
        _squares("bias", unreached, side),
        _squares("new", new, side),
        _squares("pick", window, side),
        _numbers("faint", ~inside, values, side, grid),
        _numbers("num", filled, values, side, grid),
        _numbers("faint", unreached, values, side, grid),
    ]
    if layer.grid > layer.footprint:
        end = f"{layer.footprint * side:.1f}"
        parts.append(f"<path class='edge' d='M{end} 0V{end}H0'/>")
    # What the rows that output_padding added hold, nearest first.
    added = ", then ".join(kind for kind, _ in itertools.groupby(result.added))
    label = f"added: {added} ↑" if added else ""
    parts.append(f"<text class='label' x='{kept.stop * side:.1f}' y='{grid * side + 17:.1f}'>{label}</text>")
    return _svg(grid, side, f"output of {layer.output_size} by {layer.output_size} cells", parts)


def _squares(kind: str, mask: Tensor, side: float, attributes: str = "") -> str:
    inset = 1 if side > 14 else 0.5
    size = round(side - 2 * inset, 1)
    cells = mask.nonzero().tolist()
    path = "".join(f"M{j * side + inset:.1f} {i * side + inset:.1f}h{size}v{size}h-{size}z" for i, j in cells)
    return f"<path class='{kind}' {attributes} d='{path}'/>"


def _numbers(kind: str, mask: Tensor, values: Tensor, side: float, grid: int) -> str:
    numbers = values[mask].tolist()
    if grid > MOST_NUMBERED or not numbers:
        return ""
    size = min(13, side * 0.5, 1.6 * side / max(len(str(n)) for n in numbers))
    texts = "".join(
        f"<text x='{(j + 0.5) * side:.1f}' y='{(i + 0.5) * side + size * 0.35:.1f}'>{n}</text>"
        for (i, j), n in zip(mask.nonzero().tolist(), numbers, strict=True)
    )
    return f"<g class='{kind}' font-size='{size:.1f}'>{texts}</g>"


def _svg(cells: int, side: float, alt: str, parts: list[str]) -> str:
    width, height = f"{cells * side + 2:.1f}", f"{cells * side + 24:.1f}"
    hatch = (
        "<defs><pattern id='hatch' width='5' height='5' patternUnits='userSpaceOnUse' patternTransform='rotate(45)'>"
        "<path class='hatch' d='M0 0V5'/></pattern></defs>"
    )
    return (
        f"<svg class='grid' width='{width}' height='{height}' viewBox='-1 -1 {width} {height}' role='img' "
        f"aria-label='{alt}'>{hatch}{''.join(parts)}</svg>"
    )
