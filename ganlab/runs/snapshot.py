"""What a run shows of itself: immutable, safe to share between threads. Knows no torch, no thread, no file."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from ganlab.config import TrainConfig
from ganlab.gan.clipping import UpdateReport
from ganlab.gan.histograms import WeightHistogram
from ganlab.measure.reading import Reading, no_readings
from ganlab.runs.history import Change, History
from ganlab.runs.range_change import RangeChange


class Status(StrEnum):
    """The state of a run."""

    WAITING = "waiting"  # a run of a sweep that has not begun
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # read from disk: its process died before it had ended
    ELSEWHERE = "elsewhere"  # read from disk: another process trains it, and shows nothing newer

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (Status.WAITING, Status.STARTING, Status.RUNNING, Status.PAUSED, Status.ELSEWHERE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """A run at one moment. Equal only to itself."""

    run_id: str
    status: Status
    message: str
    config: TrainConfig
    device: str = ""
    step: int = 0
    critic_step: int = 0
    recorded: int = 0  # the last step in the record, where that was not read: of the summary of a run that failed
    changes: tuple[Change, ...] = ()
    history: History
    weights: tuple[
        WeightHistogram, ...
    ] = ()  # of each critic parameter, around the newest observed clamp if there is one
    held: tuple[WeightHistogram, ...] = ()  # the same, for a while after a change, on an axis for both clip ranges
    change: RangeChange | None = None  # the newest of what holds the critic that an update has used
    update: UpdateReport | None = None  # the last critic update, after a Step while paused
    samples: np.ndarray | None = None  # of the fixed latents: uint8 [100, h, w, c] or float32 [512, 2]
    real: np.ndarray | None = None  # as many held-out real samples
    generator: Any = None  # this and the critic are detached copies in eval mode that training never touches
    critic: Any = None
    reading: Reading | None = None  # the newest look; None if there is none or the run is read from disk
    readings: np.ndarray = field(default_factory=no_readings)  # read-only float64 [looks, len(READINGS)]
    instruments: frozenset[str] = frozenset()  # that are on
    instruments_share: float = 0.0  # of the CPU time of the run's thread, 0 to 1
    steps_per_second: float = 0.0
    seconds: float = 0.0
    read_only: bool = False  # its folder, for this process
    warning: str = ""  # what could not be saved, read or measured, in a sentence, while the rest continues
    error: str = ""
    traceback: str = ""

    @property
    def steps_made(self) -> int:
        """The last step in the record; a run that failed may have made more than `step`, which its networks are of."""
        recorded = int(self.history["step"][-1]) if len(self.history) else self.recorded
        return recorded if self.status is Status.FAILED else self.step

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample as the networks see it, (c, h, w) or (2,); only once there are samples."""
        assert self.samples is not None
        shape = self.samples.shape[1:]
        return shape if len(shape) == 1 else (shape[2], *shape[:2])
