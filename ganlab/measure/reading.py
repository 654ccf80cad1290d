"""The results of one look of the instruments, and their row in instruments.csv.

Reading is also the registry of instruments: one field each, with the module that measures it.
"""

import math
from dataclasses import dataclass, field, fields
from types import ModuleType

import numpy as np

from ganlab.measure import copies, coverage, distances, gradients, lipschitz, plane, spectra
from ganlab.measure.copies import Copies
from ganlab.measure.coverage import Coverage
from ganlab.measure.distances import Distances
from ganlab.measure.gradients import Gradients
from ganlab.measure.lipschitz import Lipschitz
from ganlab.measure.plane import Plane
from ganlab.measure.spectra import Spectrum
from ganlab.measure.subject import Columns


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The results of one look; None for an instrument that is off or does not apply to the data.

    Each instrument is measured by the module in its field's metadata, in the order of the fields: a later one may use
    the results of an earlier one. A module has KINDS (of data that it applies to), `measure(subject)`, which returns
    the result, COLUMNS if it has any in instruments.csv, and STREAM if it draws random numbers (see `Subject.rng`).
    """

    step: int = 0
    gradients: Gradients | None = field(default=None, metadata={"module": gradients})
    lipschitz: Lipschitz | None = field(default=None, metadata={"module": lipschitz})
    spectra: tuple[Spectrum, ...] | None = field(default=None, metadata={"module": spectra})
    distances: Distances | None = field(default=None, metadata={"module": distances})
    coverage: Coverage | None = field(default=None, metadata={"module": coverage})
    copies: Copies | None = field(default=None, metadata={"module": copies})
    plane: Plane | None = field(default=None, metadata={"module": plane})
    cost: dict[str, float] = field(default_factory=dict)
    """CPU seconds of the calling thread: per instrument, `drawing` for what all of them need, and `baselines` for what
    training does not change."""

    @property
    def results(self) -> dict[str, object]:
        """The results by instrument, leaving out instruments without one."""
        values = {name: getattr(self, name) for name in MODULES}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def total_cost(self) -> float:
        """CPU seconds."""
        return sum(self.cost.values())

    @property
    def recurring_cost(self) -> float:
        """CPU seconds without the baselines, which are measured once per run."""
        return self.total_cost - self.cost.get("baselines", 0.0)


MODULES: dict[str, ModuleType] = {one.name: one.metadata["module"] for one in fields(Reading) if one.metadata}
"""The module of each instrument, by name."""
COLUMNS: dict[str, Columns] = {name: getattr(module, "COLUMNS", {}) for name, module in MODULES.items()}
READINGS = ("step", *(column for columns in COLUMNS.values() for column in columns), "cpu_seconds")
"""The columns of instruments.csv, one row per look; NaN for what was not measured."""


def row(reading: Reading) -> dict[str, float]:
    """The columns of a reading, as docs/instruments.md defines them."""
    values = dict.fromkeys(READINGS, math.nan) | {"step": float(reading.step), "cpu_seconds": float(reading.total_cost)}
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
