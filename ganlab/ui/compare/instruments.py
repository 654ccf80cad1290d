"""What the instruments found in the compared runs, as a table with the best marked."""

import math
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import NOTHING, count_of, listed
from ganlab.ui.compare import groups, settings
from ganlab.ui.compare.groups import Group
from ganlab.ui.compare.keys import across, chip
from ganlab.ui.compare.measures import BEST, MEASURES, Measure
from ganlab.ui.compare.picks import Pick


def comparable(configs: Iterable[TrainConfig]) -> bool:
    """Whether runs with these settings learn the same data, so that one can be better than another."""
    return len({(config.dataset, config.images, config.points, config.shape) for config in configs}) == 1


class Row(NamedTuple):
    """What was measured, with a value for each group of runs."""

    measure: Measure
    texts: list[str]  # the values in words, as HTML
    best: int | None  # the group with the best value
    bars: list[str]  # how the seeds scatter, as SVG; empty if no group has two that differ


def rows(picks: list[Pick]) -> list[Row]:
    """A row for each measure that any run has."""
    of_groups, written = groups.grouped(picks), []
    for measure in MEASURES:
        found = [groups.values(group, measure.of) for group in of_groups]
        if any(map(len, found)):
            best = _best(measure, found) if comparable(pick.config for pick in picks) else None
            scatter = any(np.ptp(values) > 0 for values in found if len(values))
            bars = [_error_bar(values, np.concatenate(found)) if scatter else "" for values in found]
            written.append(Row(measure, [_in_words(measure, values) for values in found], best, bars))
    return written


def _best(measure: Measure, found: list[np.ndarray]) -> int | None:
    """The group with the best median, if only one has it."""
    if measure.best not in BEST:
        return None
    scores = [BEST[measure.best](float(np.median(values))) if len(values) else math.nan for values in found]
    known = sorted(score for score in scores if not math.isnan(score))
    return scores.index(known[0]) if len(known) > 1 and known[0] < known[1] else None


def _in_words(measure: Measure, values: np.ndarray) -> str:
    """The value, or the median with the smallest and the largest."""
    if not len(values):
        return NOTHING
    text, low, high = (measure.write(float(value)) for value in (np.median(values), values.min(), values.max()))
    return text if low == high else f"{text}<small>{low} to {high}</small>"


def _error_bar(values: np.ndarray, of_all: np.ndarray) -> str:
    """A group's seeds as dots, from the smallest value of all groups to the largest, with a bar and their median."""
    x = 6 + 88 * (values - of_all.min()) / np.ptp(of_all)
    dots = "".join(f"<circle cx='{at:.1f}' cy='6' r='3'/>" for at in x.tolist())
    bar = f"<path d='M{x.min():.1f} 6H{x.max():.1f}M{np.median(x):.1f} 1v10'/>" if len(values) > 1 else ""
    return (
        f"<svg class='seeds' viewBox='0 0 100 12' aria-hidden='true'><path class='all' d='M3 6H97'/>{bar}{dots}</svg>"
    )


def table(picks: list[Pick]) -> str:
    """The table as HTML: a column for each group of runs."""
    known = rows(picks)
    if not known:
        return "<p class='muted'>Nothing measured yet.</p>"
    heads = "".join(f"<th scope='col'>{_head(group)}" for group in groups.grouped(picks))
    body = "".join(
        f"<tr><th scope='row' title='{escape(row.measure.help)}'>{row.measure.label}"
        + "".join(_cell(row, i) for i in range(len(row.texts)))
        for row in known
    )
    return f"{across('Measurements')}<table><thead><tr><td>{heads}<tbody>{body}</table></div>"


def _head(group: Group) -> str:
    letters, measured = "".join(chip(pick.letter) for pick in group), [one for one in group if len(one.record.readings)]
    if len(group) == 1 or not measured:
        return letters
    seeds = len({pick.config.seed for pick in measured})
    copies = "" if seeds == len(measured) else f"{len(measured)} runs with "
    return f"{letters}<small>{'median of ' * (len(measured) > 1)}{copies}{count_of(seeds, 'seed')}</small>"


def _cell(row: Row, i: int) -> str:
    best = i == row.best
    value = f"<span title='best'>★</span> {row.texts[i]}" if best else row.texts[i]
    beside = f"{row.bars[i]}<span class='value'>{value}</span>" if row.bars[i] else value
    return f"<td class='best'>{beside}" if best else f"<td>{beside}"


def note(picks: list[Pick]) -> str:
    """How to read the table."""
    if not comparable(pick.config for pick in picks):
        return "These runs train on different data: no value is better than another."
    of_groups = groups.grouped(picks)
    best = "★ marks the best." if len(of_groups) > 1 else ""
    if best and all(len(group) == 1 for group in of_groups):
        best += " With one seed, small differences mean little."
    spread = ""
    if any(len(group) > 1 for group in of_groups):
        spread = (
            "Runs that differ only in their seed are one column: their median, with the smallest and the largest. "
            "Dots are the seeds, on one axis for the whole row."
        )
    beside = settings.with_constraint([pick.config for pick in picks])
    return " ".join(filter(None, (best, spread, beside, _changed(picks))))


def _changed(picks: list[Pick]) -> str:
    """Which runs did not keep their settings, so that their numbers are not of these alone."""
    letters = [pick.letter for pick in picks if pick.record.changes]
    return f"{listed(letters)} {'was' if len(letters) == 1 else 'were'} changed during training." if letters else ""


def explained(picks: list[Pick]) -> str:
    """What the rows mean, as a Markdown list."""
    return "\n".join(f"- **{row.measure.label}**: {row.measure.help}" for row in rows(picks))
