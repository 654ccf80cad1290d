"""What the instruments found at one moment, and its row in instruments.csv.

Reading is also the registry of instruments: one field each, with the module that measures it.
"""

import math
from dataclasses import dataclass, field, fields
from types import ModuleType
from typing import Any

import numpy as np

from ganlab.measure import copies, coverage, distances, gradients, lipschitz, plane, spectra
from ganlab.measure.copies import Copies
from ganlab.measure.coverage import Coverage
from ganlab.measure.distances import Distances
from ganlab.measure.gradients import Gradients
from ganlab.measure.lipschitz import Lipschitz
from ganlab.measure.plane import Plane
from ganlab.measure.spectra import Spectrum


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Everything measured at one moment; None for what is switched off or does not apply to the data.

    Each is measured by the module in its metadata, in this order: a later one may use what an earlier one found. A
    module has KINDS, COLUMNS, `measure(subject)` and, if it has columns, `row(result)`.
    """

    step: int = 0
    gradients: Gradients | None = field(default=None, metadata={"by": gradients})
    lipschitz: Lipschitz | None = field(default=None, metadata={"by": lipschitz})
    spectra: tuple[Spectrum, ...] = field(default=(), metadata={"by": spectra})
    distances: Distances | None = field(default=None, metadata={"by": distances})
    coverage: Coverage | None = field(default=None, metadata={"by": coverage})
    copies: Copies | None = field(default=None, metadata={"by": copies})
    plane: Plane | None = field(default=None, metadata={"by": plane})
    cost: dict[str, float] = field(default_factory=dict)
    """CPU seconds of the calling thread: per instrument, `drawing` for what all of them need, and `baselines` for what
    training does not change."""

    @property
    def found(self) -> dict[str, Any]:
        """What was measured, by instrument."""
        values = {name: getattr(self, name) for name in MODULES}
        return {name: value for name, value in values.items() if value is not None and value != ()}

    @property
    def total_cost(self) -> float:
        """CPU seconds."""
        return sum(self.cost.values())

    @property
    def recurring_cost(self) -> float:
        """CPU seconds without the baselines, which are measured once per run."""
        return self.total_cost - self.cost.get("baselines", 0.0)


MODULES: dict[str, ModuleType] = {one.name: one.metadata["by"] for one in fields(Reading) if one.metadata}
"""What measures each instrument, by name."""

READINGS = ("step", *(column for module in MODULES.values() for column in module.COLUMNS), "cpu_seconds")
"""The columns of instruments.csv, one row per reading; NaN for what was not measured."""


def row(reading: Reading) -> dict[str, float]:
    """The columns of a reading, as docs/instruments.md defines them."""
    values: dict[str, float] = {"step": reading.step, "cpu_seconds": reading.total_cost}
    for name, result in reading.found.items():
        if MODULES[name].COLUMNS:
            values |= MODULES[name].row(result)
    return {column: float(values.get(column, math.nan)) for column in READINGS}


def no_readings() -> np.ndarray:
    """The readings of a run that no instrument has looked at: float64 [0, len(READINGS)]."""
    return np.empty((0, len(READINGS)))


def agreement(table: np.ndarray) -> tuple[float, int]:
    """The rank correlation of the critic's estimate with W1, and the number of rows it is from; `table` as READINGS.

    NaN below 3 rows. Pass rows of one clip range only: the estimate scales with it.
    """
    both = table[:, [READINGS.index("held_out_estimate"), READINGS.index("w1")]]
    both = both[np.isfinite(both).all(axis=1)]
    return distances.rank_correlation(*both.T), len(both)
