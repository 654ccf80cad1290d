"""What is measured of a run: the rows of Compare's table of measurements, and what a sweep's figures draw."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ganlab.formatting import fixed_percent, short
from ganlab.measure.reading import READINGS
from ganlab.plots.compare import MEDIAN
from ganlab.runs.vitals import modes_found
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
