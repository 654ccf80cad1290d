"""What the instruments found in the compared runs, as a table with the best marked."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ganlab.formatting import NOTHING, fixed_percent, short
from ganlab.measure.reading import READINGS
from ganlab.plots.compare import MEDIAN
from ganlab.ui.compare import groups
from ganlab.ui.compare.groups import Group
from ganlab.ui.compare.keys import across, chip
from ganlab.ui.compare.picks import Pick

BEST: dict[str, Callable[[float], float]] = {
    "low": lambda v: v,
    "high": lambda v: -v,
    "one": lambda v: abs(math.log(v)),
}
"""What is smallest for the best value: the value itself, or how far it is from 1."""


class Measure(NamedTuple):
    """One row of the table."""

    label: str
    of: Callable[[Pick], float]  # NaN if it was not measured
    best: str = ""  # one of BEST; "" where no value is better than another
    write: Callable[[float], str] = short


def _read(column: str) -> Callable[[Pick], float]:
    """The newest value in a column of instruments.csv."""

    def newest(pick: Pick) -> float:
        column_of = pick.record.readings[:, READINGS.index(column)]
        known = column_of[np.isfinite(column_of)]
        return float(known[-1]) if len(known) else math.nan

    return newest


def _times_real(pick: Pick) -> float:
    w1, usual = _read("w1")(pick), _read("real_to_real")(pick)
    return w1 / usual if usual > 0 else math.nan


def _estimate(pick: Pick) -> float:
    newest = pick.record.history["critic_estimate"][-MEDIAN:]
    return float(np.median(newest)) if len(newest) else math.nan


def _at_bound(pick: Pick) -> float:
    history = pick.record.history
    return float(history["at_bound_share"][-1]) if len(history) else math.nan


def _share(value: float) -> str:
    return fixed_percent(value, 1)


MEASURES = (
    Measure("Distance W1", _read("w1"), "low"),
    Measure("W1, times real to real", _times_real, "low"),
    Measure("Modes or classes missing", _read("modes_missing"), "low"),
    Measure("Points within 3 sd of a mode", _read("high_quality_share"), "high", _share),
    Measure("Precision: near real samples", _read("precision"), "high", _share),
    Measure("Recall: real samples reached", _read("recall"), "high", _share),
    Measure("Spread, times the real samples’", _read("spread"), "one"),
    Measure("Growth of the gradient per layer", _read("gradient_per_layer"), "one"),
    Measure("Steepest slope of the critic", _read("largest_gradient")),
    Measure("Critic’s lower bound of W1", _read("lower_bound")),
    Measure(f"Critic’s estimate, last {MEDIAN} steps", _estimate),
    Measure("Weights on a bound", _at_bound, write=_share),
    Measure("Training time, s", lambda pick: pick.record.seconds or math.nan),
    Measure("Step of the newest look", _read("step"), write=lambda value: f"{value:,.0f}"),
)


def comparable(picks: Sequence[Pick]) -> bool:
    """Whether all runs learn the same data, so that one can be better than another."""
    return len({(c.dataset, c.images, c.points, c.shape) for c in (pick.config for pick in picks)}) == 1


def rows(picks: list[Pick]) -> list[tuple[str, list[str], int | None]]:
    """For each measure that any run has: its label, the groups' values in words, and which of them is the best."""
    of_groups, written = groups.grouped(picks), []
    for measure in MEASURES:
        found = [groups.values(group, measure.of) for group in of_groups]
        if any(map(len, found)):
            best = _best(measure, found) if comparable(picks) else None
            written.append((measure.label, [_in_words(measure, values) for values in found], best))
    return written


def _best(measure: Measure, found: list[np.ndarray]) -> int | None:
    """The group with the best median, if only one has it."""
    if measure.best not in BEST:
        return None
    medians = [float(np.median(values)) if len(values) else math.nan for values in found]
    if measure.best == "one":
        medians = [median if median > 0 else math.nan for median in medians]
    scores = [math.inf if math.isnan(median) else BEST[measure.best](median) for median in medians]
    known = sorted(score for score in scores if score < math.inf)
    return scores.index(known[0]) if len(known) > 1 and known[0] < known[1] else None


def _in_words(measure: Measure, values: np.ndarray) -> str:
    """The value, or the median with the smallest and the largest."""
    if not len(values):
        return NOTHING
    text = measure.write(float(np.median(values)))
    if len(values) == 1:
        return text
    return f"{text}<small>{measure.write(values.min())} to {measure.write(values.max())}</small>"


def table(picks: list[Pick]) -> str:
    """The table as HTML: a column for each group of runs."""
    heads = "".join(f"<th scope='col'>{_head(group)}" for group in groups.grouped(picks))
    body = "".join(
        f"<tr><th scope='row'>{label}{''.join(_cell(text, i == best) for i, text in enumerate(texts))}"
        for label, texts, best in rows(picks)
    )
    return f"{across('Measurements')}<table><thead><tr><td>{heads}<tbody>{body}</table></div>"


def _head(group: Group) -> str:
    letters = "".join(chip(pick.letter) for pick in group)
    return f"{letters}<small>median of {len(group)} seeds</small>" if len(group) > 1 else letters


def _cell(text: str, best: bool) -> str:
    return f"<td class='best'><span title='best'>★</span> {text}" if best else f"<td>{text}"


def note(picks: list[Pick]) -> str:
    """How to read the table."""
    if not comparable(picks):
        return "These runs learn different data: no value is better than another."
    repeated = any(len(group) > 1 for group in groups.grouped(picks))
    spread = " Runs that differ only in their seed are one column: their median, with the smallest and the largest."
    return "★ marks the best." + (spread if repeated else "")
