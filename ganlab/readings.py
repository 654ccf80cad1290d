"""What the instruments found at one moment, as numbers, and its row in the run's record. Measures nothing itself."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ganlab.probes import distances
from ganlab.probes.gradients import Gradients
from ganlab.probes.lipschitz import Spectrum, Steepness
from ganlab.probes.plane import Plane
from ganlab.snapshot import READINGS as COLUMNS

MISSING = 0.25
"""A mode or class with less than this part of its due is missing."""


def ratio(value: float, usual: float) -> float:
    """NaN where there is nothing to compare with: 0."""
    return value / usual if usual else math.nan


class Lipschitz(NamedTuple):
    """How steep the critic can be, and how steep it is where the data is; in eval mode."""

    factors: dict[str, float]
    """By layer, how many times it can stretch a distance."""
    met: Steepness

    @property
    def product(self) -> float:
        """No two points have scores that differ by more than this times their distance."""
        return math.prod(self.factors.values())


class Distances(NamedTuple):
    """How far generated samples are from the held-out ones, and what the critic says, in eval mode."""

    w1: float
    """Exact W1 of as many generated as held-out samples; of images above 32 x 32, sliced W1."""
    sliced: bool
    real_to_real: float
    """The same of samples drawn from the training part, mean of 5 draws: no generator can be expected below it."""
    train_estimate: float
    """E critic(training samples) - E critic(generated). NaN where nothing is held out."""
    held_out_estimate: float
    """E critic(held-out samples) - E critic(generated): the same points as `w1`."""
    gap_error: float
    """The standard error of the difference of the two, by how many independent samples are behind each."""
    lower_bound: float
    """held_out_estimate / product of the layers' norms: never above the exact W1. NaN without `lipschitz`, or where W1
    is sliced: it bounds the distance between samples, not that along lines."""
    scaled: float
    """held_out_estimate / largest gradient met: scaled, not a bound. NaN as `lower_bound`."""


class Coverage(NamedTuple):
    """What of the real samples the generated ones cover."""

    found: np.ndarray
    """Generated samples of each mode or class, by the nearest: int64 [modes]; empty where there are none."""
    due: np.ndarray
    """How many there would be of as many real samples: float64 [modes]."""
    good: np.ndarray
    """Of `found`, those within 3 sd of the mode; empty for images."""
    spread: float
    """The generated samples' root mean square distance from their mean / the same of the held-out ones."""

    @property
    def missing(self) -> int:
        """How many modes or classes have less than a quarter of their due."""
        return int((self.found < MISSING * self.due).sum())


class Copies(NamedTuple):
    """Root mean square differences from the nearest training image: float64 [up to 128] each.

    1 is black against white.

    Held-out images give the distance of what is new: Meehan et al. 2020 (arXiv 2004.05675).
    """

    generated: np.ndarray
    held_out: np.ndarray

    @property
    def ratio(self) -> float:
        """Median of the generated / median of the held-out: 0 for copies, about 1 for what is new."""
        return ratio(float(np.median(self.generated)), float(np.median(self.held_out)))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Everything measured at one moment; None for what is switched off or has no meaning for the data."""

    step: int = 0
    gradients: Gradients | None = None
    lipschitz: Lipschitz | None = None
    spectra: tuple[Spectrum, ...] = ()
    distances: Distances | None = None
    coverage: Coverage | None = None
    copies: Copies | None = None
    plane: Plane | None = None
    cost: dict[str, float] = field(default_factory=dict)
    """CPU seconds of the calling thread, for each instrument, `drawing` for what all of them need, and of these
    `baselines` for what no training changes."""

    @property
    def total_cost(self) -> float:
        """CPU seconds."""
        return self.recurring_cost + self.cost.get("baselines", 0.0)

    @property
    def recurring_cost(self) -> float:
        """The same without what was measured once and for all."""
        return sum(seconds for name, seconds in self.cost.items() if name != "baselines")


def row(reading: Reading) -> dict[str, float]:
    """The numbers of a reading that have one value each; NaN for what was not measured. README says what they are."""
    values = {
        "step": reading.step,
        **_of_gradients(reading.gradients),
        **_of_lipschitz(reading.lipschitz),
        **_of_distances(reading.distances),
        **_of_coverage(reading.coverage),
        "cpu_seconds": reading.total_cost,
    }
    if reading.copies:
        values["nearest_training"] = np.median(reading.copies.generated)
        values["nearest_training_real"] = np.median(reading.copies.held_out)
    return {column: float(values.get(column, math.nan)) for column in COLUMNS}


def _of_gradients(found: Gradients | None) -> dict[str, float]:
    if found is None:
        return {}
    hidden = found.norms[1:-1]
    return {
        "gradient_input": found.norms[0],
        **({"gradient_first": hidden[0], "gradient_last": hidden[-1]} if len(hidden) else {}),
        "gradient_per_layer": found.per_layer,
        "gain_law_per_layer": found.law_per_layer,
        "smallest_weight_gradient": found.weight_rms.min(),
    }


def _of_lipschitz(found: Lipschitz | None) -> dict[str, float]:
    if found is None:
        return {}
    met = {f"largest_gradient_{kind}": value for kind, value in found.met._asdict().items()}
    return {"lipschitz_product": found.product, "largest_gradient": found.met.largest, **met}


def _of_distances(found: Distances | None) -> dict[str, float]:
    if found is None:
        return {}
    same = ("w1", "real_to_real", "lower_bound", "train_estimate", "held_out_estimate")
    values = {name: getattr(found, name) for name in same}
    return {**values, "w1_sliced": found.sliced, "scaled_estimate": found.scaled}


def _of_coverage(found: Coverage | None) -> dict[str, float]:
    if found is None:
        return {}
    values: dict[str, float] = {"spread": found.spread}
    if len(found.found):
        values |= {"modes": len(found.found), "modes_missing": found.missing}
    if len(found.good):
        values |= {"modes_covered": (found.good > 0).sum(), "high_quality_share": found.good.sum() / found.found.sum()}
    return values


def agreement(table: np.ndarray) -> tuple[float, int]:
    """The rank correlation of the critic's estimate and the distance, and over how many rows [looks, columns].

    NaN below 3. Over one clip range only: the estimate's scale goes with it.
    """
    both = table[:, [COLUMNS.index("held_out_estimate"), COLUMNS.index("w1")]]
    both = both[np.isfinite(both).all(axis=1)]
    return distances.rank_correlation(*both.T), len(both)
