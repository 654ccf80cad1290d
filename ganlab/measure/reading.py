"""One look of the instruments, its results, and their row in instruments.csv.

`Reading` is also the registry of instruments: one field each, with the module that measures it. A look works on copies
and changes nothing.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
from torch import nn

from ganlab.config import TrainConfig
from ganlab.data.dataset import Dataset
from ganlab.measure import copies, coverage, distances, fidelity, gradients, lipschitz, plane, spectra
from ganlab.measure.copies import Copies
from ganlab.measure.coverage import Coverage
from ganlab.measure.distances import Distances
from ganlab.measure.fidelity import Fidelity
from ganlab.measure.gradients import Gradients
from ganlab.measure.lipschitz import Lipschitz
from ganlab.measure.plane import Plane
from ganlab.measure.spectra import Spectrum
from ganlab.measure.subject import Columns, Subject, Unmeasurable

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """The results of one look; None for an instrument that is off or has no meaning for the data or the critic.

    Each instrument is measured by the module in its field's metadata, in the order of the fields: a later one may use
    the results of an earlier one. A module has `measure(subject)`, which returns the result or raises Unmeasurable;
    COLUMNS if it has any in instruments.csv; STREAM if it draws random numbers (see `Subject.rng`); KIND if it applies
    to one kind of data only.
    """

    step: int = 0
    gradients: Gradients | None = field(default=None, metadata={"module": gradients})
    lipschitz: Lipschitz | None = field(default=None, metadata={"module": lipschitz})
    spectra: tuple[Spectrum, ...] | None = field(default=None, metadata={"module": spectra})
    distances: Distances | None = field(default=None, metadata={"module": distances})
    fidelity: Fidelity | None = field(default=None, metadata={"module": fidelity})
    coverage: Coverage | None = field(default=None, metadata={"module": coverage})
    copies: Copies | None = field(default=None, metadata={"module": copies})
    plane: Plane | None = field(default=None, metadata={"module": plane})
    refused: dict[str, str] = field(default_factory=dict)  # by instrument, why it measured nothing: one sentence
    # CPU seconds of the calling thread: per instrument, `drawing` for what all of them need, and `baselines` for what
    # depends on the data alone and was not known.
    cost: dict[str, float] = field(default_factory=dict)

    @property
    def results(self) -> dict[str, Any]:
        """The results by instrument, leaving out instruments without one."""
        return {name: result for name in MODULES if (result := getattr(self, name)) is not None}

    @property
    def recurring_cost(self) -> float:
        """CPU seconds without the baselines, which are measured once for a data set."""
        return sum(self.cost.values()) - self.cost.get("baselines", 0.0)


MODULES: dict[str, ModuleType] = {one.name: one.metadata["module"] for one in fields(Reading) if one.metadata}
INSTRUMENTS = frozenset(MODULES)
COLUMNS: dict[str, Columns] = {name: getattr(module, "COLUMNS", {}) for name, module in MODULES.items()}
READINGS = ("step", *(column for columns in COLUMNS.values() for column in columns), "cpu_seconds")
"""The columns of instruments.csv, one row per look; NaN for what was not measured."""


def available(kind: str) -> frozenset[str]:
    """The instruments that apply to data of a kind, `image` or `point`."""
    return frozenset(name for name, module in MODULES.items() if getattr(module, "KIND", kind) == kind)


class GivenUp(Exception):
    """A look that nobody waits for any more."""


class Broken(Exception):
    """An instrument failed, or the `drawing` that all of them need: its name, and the error's message."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.name = name


# CPU milliseconds of one look, one thread, for digits / 8 Gaussians after 5 to 60 steps: drawing 28 / 3,
# gradients 19 / 5, lipschitz 45 / 4, spectra 13 / 2, distances 50-120 / 105-210 (mostly assignment), fidelity 34 / 19,
# coverage 8 / 6, copies 3 / -, plane - / 3; 200-280 / 150-260 in all. The first look also measures the baselines, 75 /
# 500 more.
# Copies among 60,000 images of 28 x 28 take 270-450; a first look at MNIST 1,000 in all, at CIFAR-10 2,400.
def look(
    critic: nn.Module,
    generator: nn.Module,
    dataset: Dataset,
    config: TrainConfig,
    *,
    which: frozenset[str] = INSTRUMENTS,
    step: int = 0,
    given_up: Callable[[], bool] = lambda: False,
) -> Reading:
    """Measure the networks, which may be in training and stay unchanged.

    Each instrument has its own random stream, seeded from the run's seed and the step, so its result does not depend
    on other instruments or earlier looks. Raises Broken for an instrument that fails, FloatingPointError if samples or
    weights are not finite, and GivenUp if `given_up`, asked before each instrument, is true.
    """
    cost, refused = {"baselines": 0.0}, {}

    def timed(name: str, measure: Callable[[], Result]) -> Result:
        start, baselines = time.thread_time(), cost["baselines"]
        try:
            result = measure()
        except (FloatingPointError, Unmeasurable):
            raise
        except Exception as error:
            raise Broken(name, error) from error
        cost[name] = time.thread_time() - start - (cost["baselines"] - baselines)
        return result

    subject = timed("drawing", lambda: Subject(critic, generator, dataset, config, step, cost))
    for name, module in MODULES.items():
        if name in which & available(config.kind):
            if given_up():
                raise GivenUp
            try:
                subject.results[name] = timed(name, partial(module.measure, subject))
            except Unmeasurable as why:
                refused[name] = str(why)
    return Reading(step=step, cost=cost, refused=refused, **subject.results)


def row(reading: Reading) -> dict[str, float]:
    """The columns of a reading, as docs/instruments.md defines them."""
    cost = float(sum(reading.cost.values()))
    values = dict.fromkeys(READINGS, math.nan) | {"step": float(reading.step), "cpu_seconds": cost}
    for name, result in reading.results.items():
        values |= {column: float(value(result)) for column, value in COLUMNS[name].items()}
    return values


def no_readings() -> np.ndarray:
    """The table of a run without any look: float64 [0, len(READINGS)]."""
    return np.empty((0, len(READINGS)))


def agreement(table: np.ndarray) -> tuple[float, int]:
    """The rank correlation of the critic's estimate with W1, and the number of looks behind it.

    `table` is float64 [looks, len(READINGS)]. NaN below 3 looks. Pass looks at one clip range only: the estimate
    scales with it.
    """
    both = table[:, [READINGS.index("held_out_estimate"), READINGS.index("w1")]]
    both = both[np.isfinite(both).all(axis=1)]
    return distances.rank_correlation(*both.T), len(both)
