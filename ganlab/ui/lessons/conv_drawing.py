"""What a transposed convolution does, as SVG with the colours of front/blocks.css: one square is one cell."""

import itertools
from collections.abc import Iterable, Sequence

from ganlab.lessons.conv_transpose import BIAS, Layer, Result

AREA = 306  # pixels: the side of the larger drawing
MOST_NUMBERED = 14  # cells per side; in more, numbers would be too small to read
Cell = tuple[int, int]  # row, column
KEY = "<span class='cells'><i class='{}'></i>{}</span>"


def drawing(result: Result, outlined: int) -> str:
    """The input spread out; and all cells that its windows reach, with those that are cut off marked.

    The window of input number `outlined`, counting from 0, is outlined.
    """
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
    if layer.beyond:
        kinds["edge"] = "where the windows end"
    return f"<p class='cellkeys'>{''.join(KEY.format(kind, text) for kind, text in kinds.items())}</p>"


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
    inputs = {(i * stride, j * stride): i * n + j + 1 for i in range(n) for j in range(n)}
    gaps = [(i, j) for i in range(extent) for j in range(extent) if (i, j) not in inputs]
    picked = [(cell[0] * stride, cell[1] * stride)]
    parts = [_squares("gap", gaps, side), _squares("in", inputs, side), _squares("pick", picked, side)]
    parts.append(_numbers("num", inputs, side, layer.grid))
    return _svg(extent, side, f"{n} by {n} inputs, {stride - 1} empty cells between neighbours", parts)


def _cut(result: Result, cell: Cell, side: float) -> str:
    layer = result.layer
    grid, kept = layer.grid, range(layer.kept.start, layer.kept.stop)
    new_from = kept.stop - layer.output_padding
    everywhere = [(i, j) for i in range(grid) for j in range(grid)]
    outside = [(i, j) for i, j in everywhere if i not in kept or j not in kept]
    inside = [(i, j) for i, j in everywhere if i in kept and j in kept]
    reached = result.reached.int().tolist()
    uncut, beyond = result.uncut.int().tolist(), BIAS if layer.bias else 0
    values = {(i, j): uncut[i][j] if max(i, j) < layer.footprint else beyond for i, j in everywhere}
    filled = [(i, j) for i, j in inside if reached[i][j]]
    unreached = [(i, j) for i, j in inside if not reached[i][j]]
    new = [(i, j) for i, j in inside if max(i, j) >= new_from]
    parts = [
        _squares("cut", outside, side),
        *_shades(inside, reached, side),
        _squares("bias", unreached, side),
        _squares("new", new, side),
        _squares("pick", _window(layer, cell), side),
        _numbers("faint", {c: values[c] for c in outside}, side, grid),
        _numbers("num", {c: values[c] for c in filled}, side, grid),
        _numbers("faint", {c: values[c] for c in unreached}, side, grid),
    ]
    if layer.beyond:
        end = f"{layer.footprint * side:.1f}"
        parts.append(f"<path class='edge' d='M{end} 0V{end}H0'/>")
    # What the rows that output_padding added hold, nearest first.
    added = ", then ".join(kind for kind, _ in itertools.groupby(result.added))
    label = f"added: {added} ↑" if added else ""
    parts.append(f"<text class='label' x='{kept.stop * side:.1f}' y='{grid * side + 17:.1f}'>{label}</text>")
    return _svg(grid, side, f"output of {layer.output_size} by {layer.output_size} cells", parts)


def _window(layer: Layer, cell: Cell) -> list[Cell]:
    steps = range(0, layer.dilation * layer.kernel_size, layer.dilation)
    return [(cell[0] * layer.stride + a, cell[1] * layer.stride + b) for a in steps for b in steps]


def _shades(cells: Sequence[Cell], reached: list[list[int]], side: float) -> Iterable[str]:
    """One path for each number of overlapping windows."""
    most = max(map(max, reached))
    for count in range(1, most + 1):
        opacity = 0.14 + 0.36 * (count - 1) / max(most - 1, 1)
        if overlapping := [(i, j) for i, j in cells if reached[i][j] == count]:
            yield _squares("out", overlapping, side, f"fill-opacity='{opacity:.2f}'")


def _squares(kind: str, cells: Iterable[Cell], side: float, attributes: str = "") -> str:
    inset = 1 if side > 14 else 0.5
    size = round(side - 2 * inset, 1)
    path = "".join(f"M{j * side + inset:.1f} {i * side + inset:.1f}h{size}v{size}h-{size}z" for i, j in cells)
    return f"<path class='{kind}' {attributes} d='{path}'/>"


def _numbers(kind: str, values: dict[Cell, int], side: float, grid: int) -> str:
    if grid > MOST_NUMBERED or not values:
        return ""
    size = min(13, side * 0.5, 1.6 * side / max(len(str(n)) for n in values.values()))
    texts = "".join(
        f"<text x='{(j + 0.5) * side:.1f}' y='{(i + 0.5) * side + size * 0.35:.1f}'>{n}</text>"
        for (i, j), n in values.items()
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
