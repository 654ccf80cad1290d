"""The article's values, counts and slopes as HTML and as CSV rows."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from ganlab.formatting import fixed, range_in_words, significant
from ganlab.gan.clipping import ClipReport, WeightHistogram
from ganlab.ui.kit.html import AFTER, BEFORE
from ganlab.ui.kit.lesson import headline, table

KEY = f"<div class='muted small'>{BEFORE.format('before')}&emsp;{AFTER.format('after')}</div>"
UNITS = 10
# Each part's number of columns, its layer and its name; `nn` calls batch norm's scale weight and its shift bias.
HEADS = ((3, "linear", "weight"), (1, "linear", "bias"), (1, "norm", "scale"), (1, "norm", "shift"))
Table = tuple[Sequence[str], Sequence[Sequence[object]]]


class Value(NamedTuple):
    """One weight: its place, counted from 0 as in torch, and its value before and after the clamp."""

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


def clamped(report: ClipReport) -> str:
    """How many values were clamped, as the one big number."""
    bounds, count = range_in_words(report.clip_range), report.clamped.sum()
    text = f"they were outside {bounds}.<br>{AFTER.format('After')} it they are exactly at a bound."
    if count == 0:
        text = f"all were already inside {bounds}."
    return headline(
        f"{count} of {report.before.numel()}", f"values clamped. {BEFORE.format('Before')} the clamp {text}"
    )


def values_table(values: list[Value], bounds: tuple[float, float]) -> str:
    """Two tables with one row per unit: each value over a bar from 0, clamped values in colour."""
    furthest = max(max(abs(v.before) for v in values), *map(abs, bounds)) * 1.08
    low, high = (f"{50 + 50 * bound / furthest:.1f}%" for bound in bounds)
    by_unit = [[v for v in values if v.row == unit] for unit in range(UNITS)]
    heads = "".join(f"<th colspan={span}><span class=desk>{layer} </span>{part}" for span, layer, part in HEADS)

    tables = []
    for side, key in (("before", BEFORE), ("after", AFTER)):
        body = "".join(f"<tr>{''.join(_cell(getattr(v, side), v.clamped, furthest) for v in unit)}" for unit in by_unit)
        tables.append(
            f"<div><p>{key.format(side)}</p><table class='values {side}' style='--low:{low};--high:{high}'>"
            f"<tr>{heads}{body}</table></div>"
        )
    return f"<div class='beside'>{''.join(tables)}</div>"


def _cell(value: float, clamped: int, furthest: float) -> str:
    start, end = sorted((50.0, 50 + 50 * value / furthest))
    mark = " class=hit" if clamped else ""
    return f"<td{mark} style='--a:{start:.1f}%;--b:{end:.1f}%'>{fixed(value, 4)}"


def counts_csv(histograms: Sequence[WeightHistogram]) -> Table:
    """Column names, and each parameter's counts before and after."""
    head = ("parameter", "when", "below_low", "at_low", "inside", "at_high", "above_high")
    both = [((h.name, "before", *h.before_counts), (h.name, "after", *h.after_counts)) for h in histograms]
    return head, [row for pair in both for row in pair]


def slopes(factors: list[dict[str, float]], bounds: list[float], steepest: list[float]) -> str:
    """How much each layer can stretch a distance, their product, and the steepest slope found; before and after."""
    names = {
        "linear": "Linear <span class=muted>spectral norm</span>",
        "batchnorm": "BatchNorm1d <span class=muted>largest scale</span>",
        "sigmoid": "Sigmoid <span class=muted>steepest slope</span>",
    }
    pairs = {text: [each[name] for each in factors] for name, text in names.items()}
    pairs |= {"Bound on the slope, their product": bounds, "Steepest slope on this line": steepest}
    rows = [(text, *(significant(value, 3) for value in pair)) for text, pair in pairs.items()]
    head = ("multiplies distances by at most", BEFORE.format("before"), AFTER.format("after"))
    return table(head, rows, "slopes")
