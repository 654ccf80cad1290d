"""The record of a run, step by step: its metrics, its layers' counts, its live changes."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.gan.clipping import UNCOUNTED
from ganlab.gan.holding import HOLDING
from ganlab.gan.watched import Layers


class Change(NamedTuple):
    """One live change: in force from the critic update after `critic_step` updates."""

    critic_step: int
    step: int
    field: str
    value: Any


def in_force(first: TrainConfig, changes: Sequence[Change], step: float) -> TrainConfig:
    """The settings that the last update of a step used; `first` are those that the run began with."""
    return dataclasses.replace(first, **{one.field: one.value for one in changes if one.step < step})


# The columns of a run's history and of metrics.csv, one row per step, as of the step's last critic update; those of a
# clamp are NaN, and empty in the file, where nothing was clamped.
METRICS = (
    "step",
    "critic_step",
    "critic_estimate",
    "critic_loss",
    "generator_loss",
    "clip_low",
    "clip_high",
    "clamped_share",
    "at_bound_share",
    "seconds",
)


@dataclass(frozen=True)
class History:
    """All steps so far, as read-only views."""

    rows: np.ndarray  # float64 [steps, len(METRICS)]
    layers: Layers  # the name and shape of each critic parameter
    # int32 [steps, layers, 2]: of its values, those clamped, and those at a bound after that; UNCOUNTED if none is
    layer_counts: np.ndarray
    held: int = 0  # the step after which the critic has been held as it is, by changes that the rows don't show

    @property
    def layer_names(self) -> list[str]:
        """The critic's parameters, in order; empty before the first step."""
        return [name for name, _ in self.layers]

    @property
    def layer_shares(self) -> np.ndarray:
        """The share of each parameter that was clamped, and that was at a bound: float64 [steps, layers, 2].

        NaN where it was not clamped.
        """
        counts = np.where(self.layer_counts == UNCOUNTED, np.nan, self.layer_counts)
        return counts / np.array([math.prod(shape) for _, shape in self.layers]).reshape(-1, 1)

    @property
    def covered(self) -> int:
        """How many weights the newest clamp covers."""
        newest = self.layer_counts[-1:, :, 0].ravel()
        return sum(math.prod(shape) for (_, shape), n in zip(self.layers, newest, strict=False) if n != UNCOUNTED)

    def held_since(self, changes: Sequence[Change]) -> int:
        """The step after which the critic has been held as it is now; `changes` are those of the run."""
        last = self["step"][-1] if len(self) else 0
        return max([self.range_since, *(one.step for one in changes if one.field in HOLDING and one.step < last)])

    @cached_property
    def range_since(self) -> int:
        """The step after which the clip range has been what it is now."""
        bounds = np.stack([self["clip_low"], self["clip_high"]], axis=1)
        same = (bounds == bounds[-1:]) | (np.isnan(bounds) & np.isnan(bounds[-1:]))
        others = np.flatnonzero(~same.all(axis=1))
        return int(self["step"][others[-1]]) if len(others) else 0

    def until(self, step: float) -> "History":
        """The history as it was at that step; a resumed run may lack some rows."""
        n = int(np.searchsorted(self["step"], step, side="right"))
        if n == len(self):
            return self
        return History(self.rows[:n], self.layers, self.layer_counts[:n]) if n else NO_HISTORY

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> np.ndarray:
        return self.rows[:, METRICS.index(column)]


NO_HISTORY = History(np.empty((0, len(METRICS))), (), np.empty((0, 0, 2), np.int32))


class HistoryWriter:
    """Appends steps. Views handed out earlier never change, because a row is written only once."""

    def __init__(self, past: History = NO_HISTORY) -> None:
        self._rows, self._layers, self._counts = past.rows.copy(), past.layers, past.layer_counts.copy()
        self._length = len(past)

    def append(self, row: dict[str, float], layers: Layers, layer_counts: np.ndarray) -> None:
        """Add one step: a value for every column, and the counts [layers, 2] of the layers."""
        if self._length == 0:
            self._rows, self._layers = np.empty((1024, len(METRICS))), layers
            self._counts = np.empty((1024, *layer_counts.shape), np.int32)
        if self._length == len(self._rows):
            self._rows, self._counts = (np.concatenate([a, np.empty_like(a)]) for a in (self._rows, self._counts))
        self._rows[self._length] = [row[column] for column in METRICS]
        self._counts[self._length] = layer_counts
        self._length += 1

    def view(self) -> History:
        rows, counts = self._rows[: self._length], self._counts[: self._length]
        rows.flags.writeable = counts.flags.writeable = False
        return History(rows, self._layers, counts)
