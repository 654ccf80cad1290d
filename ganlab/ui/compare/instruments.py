"""What the instruments found in the compared runs, as a table with the best marked."""

import math
from collections.abc import Callable, Iterable
from html import escape
from typing import NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import NOTHING, count_of, fixed_percent, listed, short
from ganlab.measure.reading import READINGS
from ganlab.plots.compare import MEDIAN
from ganlab.runs.vitals import modes_found
from ganlab.ui.compare import groups, settings
from ganlab.ui.compare.groups import Group
from ganlab.ui.compare.keys import across, chip
from ganlab.ui.compare.picks import Pick

BEST: dict[str, Callable[[float], float]] = {
    "low": lambda v: v,
    "high": lambda v: -v,
    "one": lambda v: abs(math.log(v)) if v > 0 else math.nan,
    "half": lambda v: abs(v - 0.5),
}
"""What is smallest for the best value: the value itself, or how far it is from 1 or from 0.5."""


class Measure(NamedTuple):
    """One row of the table."""

    name: str  # in an address; of what the newest look found, its column in instruments.csv
    label: str
    help: str  # what it is, and which values are good
    best: str = ""  # one of BEST; "" where no value is better than another
    write: Callable[[float], str] = short
    read: Callable[[Pick], float] | None = None  # of what is in no column

    def of(self, pick: Pick) -> float:
        """Its value for a run; NaN if it was not measured."""
        return self.read(pick) if self.read else _found(pick, self.name)


def _found(pick: Pick, column: str) -> float:
    return float(pick.record.readings[-1, READINGS.index(column)]) if len(pick.record.readings) else math.nan


def _times_real(pick: Pick) -> float:
    w1, usual = _found(pick, "w1"), _found(pick, "real_to_real")
    return w1 / usual if usual > 0 else math.nan


def _modes_found(pick: Pick) -> float:
    found = modes_found(pick.record.readings[-1:])
    return float(found[0]) if len(found) else math.nan


def _estimate(pick: Pick) -> float:
    newest = pick.record.history["critic_estimate"][-MEDIAN:]
    return float(np.median(newest)) if len(newest) else math.nan


def _at_bound(pick: Pick) -> float:
    history = pick.record.history
    return float(history["at_bound_share"][-1]) if len(history) else math.nan


def _share(value: float) -> str:
    return fixed_percent(value, 1)


MEASURES = (
    Measure(
        "w1",
        "Distance W1",
        "the exact Wasserstein-1 distance between 512 generated and 512 real samples: of endless points the mean of "
        "four, sliced above 32 × 32 pixels. "
        "Lower is better, but no sampler gets to 0; blurred images can score low.",
        "low",
    ),
    Measure(
        "times_real",
        "W1, times real to real",
        "that distance divided by the one between two sets of real samples: about 1 for a perfect sampler.",
        "low",
        read=_times_real,
    ),
    Measure(
        "modes_found",
        "Modes or classes found",
        "modes with one of 2,500 generated samples within 3 sd, or classes with at least a quarter of the images that "
        "are expected. More is better.",
        "high",
        read=_modes_found,
    ),
    Measure(
        "high_quality_share",
        "Points within 3 sd of a mode",
        "the share of the generated points that lie on a mode. Higher is better; 98.9 % of real ones do.",
        "high",
        _share,
    ),
    Measure(
        "precision",
        "Precision: near real samples",
        "the share of the generated samples that are no further from a real one than its fifth nearest neighbour. "
        "Higher is better, but slight blur of images raises it.",
        "high",
        _share,
    ),
    Measure(
        "recall",
        "Recall: real samples reached",
        "the share of the real samples that are no further from a generated one than its fifth nearest neighbour. "
        "Low if modes are missing; but a cloud over everything reaches them all, so no value is marked.",
        write=_share,
    ),
    Measure(
        "density",
        "Density: real samples nearby",
        "how many real samples a generated one is that near to, divided by five. About 1 for real ones; slight blur of "
        "images raises it.",
        "one",
    ),
    Measure(
        "coverage",
        "Coverage: real samples with one nearby",
        "the share of the real samples with a generated one no further than their fifth nearest neighbour. Higher is "
        "better.",
        "high",
        _share,
    ),
    Measure(
        "one_nn_accuracy",
        "1-NN test: 50 % if they are alike",
        "how often a sample’s nearest neighbour is of its own set, real or generated: 50 % if the two can’t be told "
        "apart.",
        "half",
        _share,
    ),
    Measure(
        "spread",
        "Spread, times the real samples’",
        "the root mean square distance of the generated samples from their mean, divided by the real samples’. 1 is "
        "right.",
        "one",
    ),
    Measure(
        "gradient_per_layer",
        "Gradient growth per layer, 1 if level",
        "the factor by which the critic’s gradient grows per hidden layer on its way back: below 1 it shrinks.",
    ),
    Measure(
        "largest_gradient",
        "Steepest slope of the critic",
        "its largest gradient with respect to the input, at real, generated and interpolated points. W1 is defined "
        "with slopes of at most 1; a generator can learn from steeper ones too, for RMSprop and Adam divide a gradient "
        "by its size.",
    ),
    Measure(
        "lower_bound",
        "Critic’s lower bound of W1",
        "its estimate on held-out samples, divided by the product of its layers’ norms: W1 can’t be below it, and "
        "is often far above.",
    ),
    Measure(
        "estimate",
        f"Critic’s estimate, last {MEDIAN} steps",
        "the median of E critic(real) − E critic(generated). It grows with the critic’s slope, so compare it "
        "only between runs with the same constraint and range.",
        read=_estimate,
    ),
    Measure("at_bound", "Weights on a bound", "their share after the newest clamp.", write=_share, read=_at_bound),
    Measure(
        "seconds",
        "Training time, s",
        "on the computer that trained the run, beside whatever else it did.",
        read=lambda pick: pick.record.seconds or math.nan,
    ),
    Measure(
        "step",
        "Last measured at step",
        "when the instruments looked last. The estimate and the weights on a bound are of the newest step.",
        write=lambda value: f"{value:,.0f}",
    ),
)


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
    return " ".join(filter(None, (best, spread, _besides(picks), _changed(picks))))


def _besides(picks: list[Pick]) -> str:
    """In what else runs with different constraints differ; a preset is sized for its own."""
    configs = [pick.config for pick in picks]
    others = [name for name in settings.differing(configs) if name not in (*settings.NAMED, "seed")]
    if len({config.constraint for config in configs}) == 1 or not others:
        return ""
    return f"Besides the constraint, the runs differ in {listed(map(settings.label, others))}."


def _changed(picks: list[Pick]) -> str:
    """Which runs did not keep their settings, so that their numbers are not of these alone."""
    letters = [pick.letter for pick in picks if pick.record.changes]
    return f"{listed(letters)} {'was' if len(letters) == 1 else 'were'} changed during training." if letters else ""


def explained(picks: list[Pick]) -> str:
    """What the rows mean, as a Markdown list."""
    return "\n".join(f"- **{row.measure.label}**: {row.measure.help}" for row in rows(picks))
