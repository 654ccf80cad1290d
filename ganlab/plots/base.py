"""What figures are made of: axes, curves, bars, upright lines and notes; and arrays packed for the browser."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from ganlab.formatting import round_up

Figure = dict[str, Any]
AT_X = "%{x}: %{y:.3~g}"  # a hover text for `curve` that names x as well


def framed(
    data: Sequence[Figure],
    xaxis: Figure,
    yaxis: Figure,
    *,
    scale: str,
    alt: str,
    margin: tuple[int, int, int, int] = (52, 6, 8, 40),
    **layout: Any,
) -> Figure:
    """Traces between two axes, of which only y has a grid; margins (left, right, top, bottom) in pixels."""
    sides, xaxis = dict(zip("lrtb", margin, strict=True)), {"showgrid": False} | xaxis
    layout = {"margin": sides, "hovermode": "closest", "xaxis": xaxis, "yaxis": yaxis} | layout
    return {"data": data, "layout": layout, "scale": scale, "alt": alt}


def axis(title: str, standoff: int = 2, **layout: Any) -> Figure:
    """An axis with a title, that many pixels from the labels."""
    return {"title": {"text": title, "standoff": standoff}} | layout


def steps_axis(last: float, over: bool = False, **layout: Any) -> Figure:
    """The x axis of a chart over steps up to `last`, with some room for the next ones unless the training is over."""
    end = max(1.02 * last, 10) if over else round_up(max(1.1 * last, 10))
    return {"range": [0, end], "tickformat": ",d"} | layout


def curve(
    y: np.ndarray,
    name: str,
    color: str,
    width: float = 2,
    dash: str = "solid",
    hover: str = "%{y:.3~g}",
    dots: float = 0,
    **trace: Any,
) -> Figure:
    """A line through y [n] at the x in `trace`, with dots of that many pixels; a pointer shows `hover` and the name."""
    line = {"color": color, "width": width, "dash": dash}
    text = f"{hover}<extra>{name}</extra>"
    base = {"type": "scatter", "mode": "lines", "name": name, "y": packed(y), "line": line, "hovertemplate": text}
    if dots:
        base |= {"mode": "lines+markers", "marker": {"color": color, "size": dots}}
    return base | trace


def bars(
    x: Figure | list[str], y: np.ndarray, name: str, color: str, outline: Figure, hover: str = "%{y:,.0f}", **trace: Any
) -> Figure:
    """Bars as high as y [n]; a pointer on one shows `hover` and the name."""
    style = {"marker": {"color": color, "line": outline}, "hovertemplate": f"{hover}<extra>{name}</extra>"}
    return {"type": "bar", "name": name, "x": x, "y": packed(y)} | style | trace


def upright(x: float, color: str = "$bound", width: float = 1.25, dash: str = "4px,3px") -> Figure:
    """A vertical line across a chart, below its curves; by default that of a bound."""
    ends = {"xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1}
    return {"type": "line", "layer": "below", "line": {"color": color, "width": width, "dash": dash}, **ends}


def note(x: float, y: float | str, text: str, color: str = "$text", size: float = 12.5, **more: Any) -> Figure:
    """A short text in a chart, without an arrow."""
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": {"color": color, "size": size}} | more


def per_mark(n: int, most: int) -> int:
    """How many of n neighbours share one mark, so that there are at most `most` marks; at least 1."""
    return max(1, -(-n // most))


def labelled(n: int, most: int, chosen: int | None = None) -> list[int]:
    """At most `most` of n places in a row, evenly spaced; `chosen` among them, without those that would touch it."""
    apart = per_mark(n, most)
    even = range(0, n, apart)
    if chosen is None or chosen in even:
        return list(even)
    return sorted([chosen, *(i for i in even if abs(i - chosen) >= apart)])


def rounded(value: float, digits: int = 4) -> float:
    """The value rounded to this many significant digits."""
    return float(f"{value:.{digits}g}")


def packed(values: np.ndarray) -> Figure:
    """[n] or [rows, columns] as Plotly's typed array: 4 bytes per number, a third of what JSON takes."""
    shape = {"shape": ", ".join(map(str, values.shape))} if values.ndim > 1 else {}
    return {"dtype": "f4", "bdata": base64.b64encode(values.astype("<f4").tobytes()).decode()} | shape


def in_units(values: np.ndarray, unit: float) -> Figure:
    """[n] or [rows, columns] as whole numbers of `unit`: 2 bytes per number, half of `packed`.

    The same as `packed` if a number is beyond 32,767 units or not finite. Plotly has no such array; plot.js unpacks it.
    """
    counts = np.rint(values / unit)
    if not np.abs(counts).max(initial=0) <= 32767:
        return packed(values)
    return {"unit": unit, "shape": [*counts.shape], "counts": base64.b64encode(counts.astype("<i2").tobytes()).decode()}
