"""The article's values, counts and slopes as HTML and as CSV rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import nn

from ganlab.formatting import number, range_in_words
from ganlab.gan.clipping import ClipReport, WeightHistogram
from ganlab.ui.kit.html import AFTER, BEFORE

KEY = f"<div class='muted small'>{BEFORE.format('before')}&emsp;{AFTER.format('after')}</div>"
UNITS = 10
HEADS = ((3, "linear", "weight"), (1, "linear", "bias"), (1, "norm", "scale"), (1, "norm", "shift"))
"""How many columns a part of a layer has; as named by `nn`, batch norm's scale is its weight and its shift the bias."""
Table = tuple[Sequence[str], list[Sequence[Any]]]


class Value(NamedTuple):
    """One weight: where it stands, and what the clamp made of it."""

    parameter: str
    row: int
    column: int
    before: float
    after: float

    @property
    def clamped(self) -> bool:
        """Whether the clamp moved it."""
        return self.before != self.after


def rows(before: nn.Module, after: nn.Module) -> list[Value]:
    """Every value of two models of one kind, parameter by parameter."""
    return [
        Value(name, *divmod(i, p[0].numel()), a, b)
        for (name, p), q in zip(before.named_parameters(), after.parameters(), strict=True)
        for i, (a, b) in enumerate(zip(p.flatten().tolist(), q.flatten().tolist(), strict=True))
    ]


def headline(report: ClipReport) -> str:
    """How many values were clamped, as the one big number."""
    bounds, clamped = range_in_words(report.clip_range), report.clamped.sum()
    told = f"values clamped. {BEFORE.format('Before')} the clamp they were outside {bounds}.<br>"
    told += f"{AFTER.format('After')} it they sit exactly on a bound."
    if clamped == 0:
        told = f"values clamped. {BEFORE.format('Before')} the clamp all were inside {bounds} already."
    return (
        f"<div class='headline'><span class='big'>{clamped} of {report.before.numel()}</span><span>{told}</span></div>"
    )


def values(values: list[Value], bounds: tuple[float, float]) -> str:
    """Two tables, a row for each of the ten units: each value over a bar from 0, those that were clamped in colour."""
    furthest = max(max(abs(v.before) for v in values), *map(abs, bounds)) * 1.08
    low, high = (f"{50 + 50 * bound / furthest:.1f}%" for bound in bounds)
    by_unit = [[v for v in values if v.row == unit] for unit in range(UNITS)]
    heads = "".join(f"<th colspan={span}><span class=desk>{layer} </span>{part}" for span, layer, part in HEADS)

    def table(title: str, look: str) -> str:
        body = "".join(f"<tr>{''.join(_cell(getattr(v, look), v.clamped, furthest) for v in unit)}" for unit in by_unit)
        return (
            f"<div><p>{title}</p><table class='values {look}' style='--low:{low};--high:{high}'>"
            f"<tr>{heads}{body}</table></div>"
        )

    return (
        f"<div class='beside'>{table(BEFORE.format('before'), 'before')}{table(AFTER.format('after'), 'after')}</div>"
    )


def _cell(value: float, clamped: bool, furthest: float) -> str:
    ends = sorted((50.0, 50 + 50 * value / furthest))
    mark = " class=hit" if clamped else ""
    text = f"{round(value, 4) + 0.0:.4f}".replace("-", "−")
    return f"<td{mark} style='--a:{ends[0]:.1f}%;--b:{ends[1]:.1f}%'>{text}"


def as_table(values: list[Value]) -> Table:
    """Every value as CSV: rows and columns count from 0, as torch does."""
    return ("parameter", "row", "column", "before", "after", "clamped"), [(*v, int(v.clamped)) for v in values]


def counts(histograms: Sequence[WeightHistogram]) -> Table:
    """The counts of each parameter, before and after, as CSV."""
    head = ("parameter", "when", "below_low", "at_low", "inside", "at_high", "above_high")
    both = [((h.name, "before", *h.before_counts), (h.name, "after", *h.after_counts)) for h in histograms]
    return head, [row for pair in both for row in pair]


def bound(before: float, after: float) -> str:
    """The bound on the slope in one line; the card below says where it comes from."""
    a, b = (number(float(f"{value:.3g}")) for value in (before, after))
    return f"<div class='muted'>The function's slope is at most {a} before the clamp and {b} after it.</div>"


def slopes(factors: list[dict[str, float]], bounds: list[float], steepest: list[float]) -> str:
    """How much each layer can stretch a distance, their product, the steepest slope met; before and after each."""
    names = {
        "linear": "Linear <span class=muted>spectral norm</span>",
        "batchnorm": "BatchNorm1d <span class=muted>largest scale</span>",
        "sigmoid": "Sigmoid <span class=muted>steepest</span>",
    }
    rows = [f"<tr><td>{names[name]}{_pair(factors[0][name], factors[1][name])}" for name in names]
    rows += [f"<tr class=sum><td>Bound on the slope, their product{_pair(*bounds)}"]
    rows += [f"<tr><td>Steepest on this line{_pair(*steepest)}"]
    heads = f"<tr><th>multiplies differences by at most<th>{BEFORE.format('before')}<th>{AFTER.format('after')}"
    return f"<table class=slopes>{heads}{''.join(rows)}</table>"


def _pair(before: float, after: float) -> str:
    return "".join(f"<td>{number(float(f'{value:.3g}'))}" for value in (before, after))
