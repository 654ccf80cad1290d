"""What a run shows of itself: immutable, safe to share between threads. Knows no torch, no thread, no file."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from ganlab.config import TrainConfig


class Status(StrEnum):
    """Where a run stands."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # read from disk: its process died before it had ended
    ELSEWHERE = "elsewhere"  # read from disk: another process trains it

    @property
    def ended(self) -> bool:
        """Whether nothing will happen any more, as far as this process goes."""
        return self not in (Status.STARTING, Status.RUNNING, Status.PAUSED)


Layers = tuple[tuple[str, tuple[int, ...]], ...]
"""(name, shape) of each of the critic's parameters."""


class Counts(NamedTuple):
    """How many weights lie where, compared with the two bounds in the weights' own dtype."""

    below_low: int
    at_low: int
    inside: int
    at_high: int
    above_high: int

    @property
    def total(self) -> int:
        """All weights counted."""
        return sum(self)

    @property
    def outside(self) -> int:
        """Those that a clamp would move."""
        return self.below_low + self.above_high

    @property
    def at_bound(self) -> int:
        """Those exactly equal to a bound."""
        return self.at_low + self.at_high

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass(frozen=True)
class WeightHistogram:
    """The weights of one layer just before and just after one clamp.

    `edges` is float64 [bins + 1]; `before` and `after` are int64 [bins] and hold only what is *not* exactly
    at a bound, overflow in the first and last bin. What is exactly at a bound is in the counts.
    """

    name: str
    shape: tuple[int, ...]
    clip_range: tuple[float, float]
    edges: np.ndarray
    before: np.ndarray
    after: np.ndarray
    before_counts: Counts
    after_counts: Counts


def pooled(histograms: tuple[WeightHistogram, ...]) -> WeightHistogram:
    """All layers together. The histograms must come from one clamp and so share their edges."""
    first = histograms[0]
    return WeightHistogram(
        name="All layers",
        shape=(sum(h.before_counts.total for h in histograms),),
        clip_range=first.clip_range,
        edges=first.edges,
        before=sum(h.before for h in histograms),
        after=sum(h.after for h in histograms),
        before_counts=sum((h.before_counts for h in histograms[1:]), first.before_counts),
        after_counts=sum((h.after_counts for h in histograms[1:]), first.after_counts),
    )


def axis_limit(clip_range: tuple[float, float]) -> float:
    """The first of {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} * 10^k at or above 1.2 times the larger |bound|."""
    return round_up(1.2 * max(abs(bound) for bound in clip_range))


def round_up(value: float) -> float:
    """The first round number at or above a positive value."""
    power = 10.0 ** np.floor(np.log10(value))
    ladder = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    # 1e-9: 1.2 * 0.01 is 0.012 and a hair; the hair must not cost a rung.
    return float(f"{next(m for m in ladder if m * power >= value * (1 - 1e-9)) * power:.6g}")


class Change(NamedTuple):
    """One live change: in force from the critic update after `critic_step` updates."""

    critic_step: int
    step: int
    field: str
    value: Any


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
"""The columns of a run's history and of metrics.csv, one row a step, as of the step's last critic update."""


READINGS = (
    "step",
    "gradient_input",
    "gradient_first",
    "gradient_last",
    "gradient_per_layer",
    "gain_law_per_layer",
    "smallest_weight_gradient",
    "lipschitz_product",
    "largest_gradient",
    "largest_gradient_real",
    "largest_gradient_fake",
    "largest_gradient_between",
    "w1",
    "w1_sliced",
    "real_to_real",
    "lower_bound",
    "scaled_estimate",
    "train_estimate",
    "held_out_estimate",
    "modes",
    "modes_missing",
    "modes_covered",
    "high_quality_share",
    "spread",
    "nearest_training",
    "nearest_training_real",
    "cpu_seconds",
)
"""The columns of instruments.csv, one row a reading; NaN for what was not measured."""


@dataclass(frozen=True)
class History:
    """All steps so far, as read-only views.

    `rows` is float64 [steps, len(METRICS)]; `layers` names and measures each critic parameter, and `layer_counts`,
    int32 [steps, layers, 2], holds how many of its values were clamped, and how many at a bound after it.
    """

    rows: np.ndarray
    layers: Layers
    layer_counts: np.ndarray

    @property
    def layer_names(self) -> list[str]:
        """The critic's parameters, in order; none before the first step."""
        return [name for name, _ in self.layers]

    @property
    def layer_shares(self) -> np.ndarray:
        """What share of each parameter was clamped, and what share at a bound: float64 [steps, layers, 2]."""
        return self.layer_counts / np.array([math.prod(shape) for _, shape in self.layers]).reshape(-1, 1)

    @property
    def range_since(self) -> int:
        """The step after which the clip range has been what it is now."""
        low, high = self["clip_low"], self["clip_high"]
        other = np.flatnonzero((low != low[-1:]) | (high != high[-1:]))
        return int(self["step"][other[-1]]) if len(other) else 0

    def until(self, step: int) -> "History":
        """As it was then; a resumed run may lack some rows."""
        n = int(np.searchsorted(self["step"], step, side="right"))
        return History(self.rows[:n], self.layers, self.layer_counts[:n])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> np.ndarray:
        return self.rows[:, METRICS.index(column)]


class HistoryWriter:
    """Appends steps; a view given out earlier never changes, because a written row is never written again."""

    def __init__(self, past: "History | None" = None) -> None:
        self._rows = np.empty((1024, len(METRICS)))
        self._layers: Layers = ()
        self._counts = np.empty((1024, 0, 2), np.int32)
        self._length = 0
        if past:
            self._rows, self._layers, self._counts = past.rows.copy(), past.layers, past.layer_counts.copy()
            self._length = len(past)

    def append(self, row: dict[str, float], layers: Layers, layer_counts: np.ndarray) -> None:
        """Add one step: a value for every column, and of each layer the counts [layers, 2]."""
        if self._length == 0:
            self._layers, self._counts = layers, np.empty((1024, *layer_counts.shape), np.int32)
        if self._length == len(self._rows):
            self._rows, self._counts = (np.concatenate([a, np.empty_like(a)]) for a in (self._rows, self._counts))
        self._rows[self._length] = [row[column] for column in METRICS]
        self._counts[self._length] = layer_counts
        self._length += 1

    def view(self) -> History:
        """The steps so far."""
        rows, counts = self._rows[: self._length], self._counts[: self._length]
        rows.flags.writeable = counts.flags.writeable = False
        return History(rows, self._layers, counts)


def no_readings() -> np.ndarray:
    """Of a run that no instrument has looked at: float64 [0, len(READINGS)]."""
    return np.empty((0, len(READINGS)))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One look at a run. `samples` is uint8 [100, h, w, c] of the fixed latents, or float32 [512, 2].

    `real` is as many held-out real samples.
    `generator` and `critic` are detached copies in eval mode that training never touches (None while
    starting); `weights` holds a histogram per critic parameter, taken around the newest observed clamp.
    `reading` is the newest `readings.Reading`, None if there is none or the run is read from disk; `readings` are the
    rows so far, read-only float64 [looks, len(READINGS)]. `instruments` are on, and have taken `instruments_share` of
    the CPU time of the run's thread, 0 to 1.
    """

    run_id: str
    status: Status
    message: str
    config: TrainConfig
    device: str = ""
    step: int = 0
    critic_step: int = 0
    changes: tuple[Change, ...] = ()
    history: History
    weights: tuple[WeightHistogram, ...] = ()
    samples: np.ndarray | None = None
    real: np.ndarray | None = None
    generator: Any = None
    critic: Any = None
    reading: Any = None
    readings: np.ndarray = field(default_factory=no_readings)
    instruments: frozenset[str] = frozenset()
    instruments_share: float = 0.0
    steps_per_second: float = 0.0
    seconds: float = 0.0
    warning: str = ""
    """What could not be saved, read or measured, in a sentence, while the rest goes on."""
    error: str = ""
    traceback: str = ""

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample as the networks see it: (c, h, w) or (2,)."""
        shape = self.samples.shape[1:]
        return shape if len(shape) == 1 else (shape[2], *shape[:2])
