"""The article's values, counts and slopes as HTML and as CSV rows."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from ganlab.formatting import fixed, range_in_words, significant
from ganlab.gan.clipping import ClipReport, WeightHistogram
from ganlab.ui.kit.html import AFTER, BEFORE

KEY = f"<div class='muted small'>{BEFORE.format('before')}&emsp;{AFTER.format('after')}</div>"
UNITS = 10
HEADS = ((3, "linear", "weight"), (1, "linear", "bias"), (1, "norm", "scale"), (1, "norm", "shift"))
"""Each part's number of columns, its layer and its name; `nn` calls batch norm's scale weight and its shift bias."""
Table = tuple[Sequence[str], Sequence[Sequence[object]]]


class Value(NamedTuple):
    """One weight: its place, and its value before and after the clamp."""

    parameter: str
    row: int
    column: int
    before: float
    after: float
    clamped: int  # 1 if the clamp moved it


def values_of(before: nn.Module, after: nn.Module) -> list[Value]:
    """Every value of a model before and after the clamp, parameter by parameter."""
    return [
        Value(name, *divmod(i, p[0].numel()), a, b, int(a != b))
        for (name, p), q in zip(before.named_parameters(), after.parameters(), strict=True)
        for i, (a, b) in enumerate(zip(p.flatten().tolist(), q.flatten().tolist(), strict=True))
    ]


def headline(report: ClipReport) -> str:
    """How many values were clamped, as the one big number."""
    bounds, clamped = range_in_words(report.clip_range), report.clamped
    text = f"{BEFORE.format('Before')} the clamp they were outside {bounds}.<br>"
    text += f"{AFTER.format('After')} it they are exactly at a bound."
    if clamped == 0:
        text = f"{BEFORE.format('Before')} the clamp all were already inside {bounds}."
    return (
        f"<div class='headline'><span class='big'>{clamped} of {report.before.numel()}</span>"
        f"<span>values clamped. {text}</span></div>"
    )


def values_table(values: list[Value], bounds: tuple[float, float]) -> str:
    """Two tables with one row per unit: each value over a bar from 0, clamped values in colour."""
    furthest = max(max(abs(v.before) for v in values), *map(abs, bounds)) * 1.08
    low, high = (f"{50 + 50 * bound / furthest:.1f}%" for bound in bounds)
    by_unit = [[v for v in values if v.row == unit] for unit in range(UNITS)]
    heads = "".join(f"<th colspan={span}><span class=desk>{layer} </span>{part}" for span, layer, part in HEADS)

    def table(title: str, side: str) -> str:
        body = "".join(f"<tr>{''.join(_cell(getattr(v, side), v.clamped, furthest) for v in unit)}" for unit in by_unit)
        return (
            f"<div><p>{title}</p><table class='values {side}' style='--low:{low};--high:{high}'>"
            f"<tr>{heads}{body}</table></div>"
        )

    both = table(BEFORE.format("before"), "before") + table(AFTER.format("after"), "after")
    return f"<div class='beside'>{both}</div>"


def _cell(value: float, clamped: int, furthest: float) -> str:
    start, end = sorted((50.0, 50 + 50 * value / furthest))
    mark = " class=hit" if clamped else ""
    return f"<td{mark} style='--a:{start:.1f}%;--b:{end:.1f}%'>{fixed(value, 4)}"


def values_csv(values: list[Value]) -> Table:
    """Column names and one row per value; a value's row and column count from 0, as in torch."""
    return ("parameter", "row", "column", "before", "after", "clamped"), values


def counts_csv(histograms: Sequence[WeightHistogram]) -> Table:
    """Column names, and each parameter's counts before and after."""
    head = ("parameter", "when", "below_low", "at_low", "inside", "at_high", "above_high")
    both = [((h.name, "before", *h.before_counts), (h.name, "after", *h.after_counts)) for h in histograms]
    return head, [row for pair in both for row in pair]


def bound(before: float, after: float) -> str:
    """The bound on the slope in one line; the next lesson says where it comes from."""
    return (
        f"<div class='muted'>The function's slope is at most {significant(before, 3)} before the clamp and "
        f"{significant(after, 3)} after it.</div>"
    )


def slopes(factors: list[dict[str, float]], bounds: list[float], steepest: list[float]) -> str:
    """How much each layer can stretch a distance, their product, and the steepest slope found; before and after."""
    names = {
        "linear": "Linear <span class=muted>spectral norm</span>",
        "batchnorm": "BatchNorm1d <span class=muted>largest scale</span>",
        "sigmoid": "Sigmoid <span class=muted>steepest slope</span>",
    }
    rows = [f"<tr><td>{names[name]}{_pair(factors[0][name], factors[1][name])}" for name in names]
    rows += [f"<tr class=sum><td>Bound on the slope, their product{_pair(*bounds)}"]
    rows += [f"<tr><td>Steepest slope on this line{_pair(*steepest)}"]
    heads = f"<tr><th>multiplies distances by at most<th>{BEFORE.format('before')}<th>{AFTER.format('after')}"
    return f"<table class=slopes>{heads}{''.join(rows)}</table>"


def _pair(before: float, after: float) -> str:
    return f"<td>{significant(before, 3)}<td>{significant(after, 3)}"
