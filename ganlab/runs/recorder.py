"""The record of a run, and what of it is saved when. What can't be written becomes a warning, not an error."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ganlab.formatting import os_reason
from ganlab.gan.clipping import ClipReport
from ganlab.gan.training import Trainer
from ganlab.measure.reading import READINGS
from ganlab.runs.disk import moments, tables
from ganlab.runs.disk.checkpoints import Checkpoint
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.disk.moments import Moment
from ganlab.runs.disk.tables import RecordedChange
from ganlab.runs.history import Change, HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status

CHECKPOINT_EVERY = 30.0  # seconds of training between checkpoints
FIRST_CHECKPOINT = 5.0  # seconds of training before the first one, so that a short run has something to resume from
WORTH = 50  # between two checkpoints lie at least this many times the seconds that writing one takes
ALL_UNTIL = 30  # up to this step every moment that is due is saved
SHARE = 0.02  # of the time trained: what moments may take after it


class Recorder:
    """The record of one run and its folder; `every` is the time between checkpoints in seconds of training."""

    def __init__(self, folder: RunFolder, steps: int, every: float) -> None:
        past = folder.resume_point
        self.history = HistoryWriter(past.history)
        self.readings = past.readings
        self.changes = list(past.changes)
        self.scheduled = past.scheduled  # changes recorded after the checkpoint, to be applied again
        self._folder, self._every, self._wanted_every = folder, every, every
        self._moments_at, self._steps = moments.schedule(steps), steps
        self._moments_took = 0.0  # seconds
        self._problems = {"": past.warning} if past.warning else {}
        self._saved: tuple[int, int] | None = None  # step and number of changes at the newest checkpoint
        self._saved_at = past.checkpoint.seconds if past.checkpoint else 0.0

    @property
    def warning(self) -> str:
        """What could not be read, written or measured, in sentences."""
        return " ".join(self._problems.values())

    def warn(self, about: str, sentence: str) -> None:
        """Put a sentence into `warning`, replacing the last one about the same; an empty one removes it."""
        self._problems.pop(about, None)
        if sentence:
            self._problems[about] = sentence

    def add_step(self, row: dict[str, float], report: ClipReport) -> None:
        counts = report.layer_counts
        self.history.append(row, report.layers, counts)
        self._try("metrics.csv", self._folder.add_step, row, report.layers, counts)

    def add_reading(self, row: dict[str, float]) -> None:
        """Add one look of the instruments; arrays handed out earlier stay unchanged."""
        self.readings = np.vstack([self.readings, [row[column] for column in READINGS]])
        self.readings.flags.writeable = False
        self._try("instruments.csv", self._folder.add_reading, row)

    def add_change(self, change: Change) -> None:
        self.changes.append(change)
        self._try("changes.csv", self._folder.add_change, change)

    def schedule(self, changes: tuple[RecordedChange, ...]) -> None:
        """Keep only these scheduled changes, also on disk: they are to survive if this process dies too."""
        self.scheduled = changes
        self._try("scheduled.csv", tables.write_changes, self._folder.path / "scheduled.csv", changes)

    def flush(self) -> None:
        self._try("metrics.csv", self._folder.flush)

    def save_real(self, real: np.ndarray) -> None:
        self._try("real.safetensors", self._folder.keep_real, real)

    def moment_is_due(self, step: int, seconds: float) -> bool:
        """Whether a moment is saved at this step: the first and the last always, others within their share of time."""
        always = step <= ALL_UNTIL or step == self._steps
        return step in self._moments_at and (always or self._moments_took <= SHARE * seconds)

    def count_moment(self, seconds: float) -> None:
        self._moments_took += seconds

    def checkpoint_is_due(self, seconds: float) -> bool:
        """Whether the next checkpoint is, after so many seconds of training."""
        every = self._every if self._saved else min(FIRST_CHECKPOINT, self._every)
        return seconds - self._saved_at >= every

    def save_moment(self, moment: Moment) -> None:
        """Save a moment, unless this step has one or nothing has been clamped yet."""
        if moment.weights and not moments.stamp(self._folder.path, moment.step):
            self._try("moments", moments.write, self._folder.path, moment)

    def save_checkpoint(self, snapshot: Snapshot, trainer: Trainer) -> None:
        """Save everything needed to resume, and the moment that belongs to it, unless both are saved already."""
        state = (snapshot.step, len(self.changes))
        self._saved_at = snapshot.seconds
        if snapshot.step == 0 or snapshot.samples is None or state == self._saved:
            return
        self.flush()
        self.save_moment(Moment(snapshot.step, snapshot.critic_step, snapshot.samples, snapshot.weights))
        checkpoint = Checkpoint(
            config=snapshot.config,
            shape=snapshot.sample_shape,
            step=snapshot.step,
            critic_step=snapshot.critic_step,
            changes=len(self.changes),
            seconds=snapshot.seconds,
            device=snapshot.device,
            tensors=trainer.state(),
        )
        began = time.perf_counter()
        deleted = self._try("a checkpoint", self._folder.keep_checkpoint, checkpoint)
        took = time.perf_counter() - began
        self._every = max(self._wanted_every, WORTH * took) if WORTH * took > CHECKPOINT_EVERY else self._wanted_every
        if deleted is None:
            return
        self._saved = state
        for old in deleted:
            if old.step not in self._moments_at and old.step != snapshot.step:
                self._try("moments", self._folder.drop_moment, old.step)

    def end(self, last: Snapshot) -> Snapshot:
        """Save how the run ended; returns the snapshot with a warning about what could not be saved."""
        self.flush()
        if last.generator is not None:
            self._try("generator.safetensors", self._folder.keep_networks, last)
        # A resumed run that fails before it trains has not ended: it is interrupted again.
        if last.status is not Status.FAILED or not self._folder.resume_point.resumed:
            self._try("ended.json", self._folder.keep_end, last)
        return dataclasses.replace(last, warning=self.warning)

    def _try(self, name: str, save: Callable[..., Any], *values: Any) -> Any:
        """Save something; if that fails, a sentence says so until it works again."""
        try:
            result = save(*values)
            self._problems.pop(name, None)
            return result
        except OSError as error:
            self._problems[name] = f"{self._folder.path.name}/{name} could not be written: {os_reason(error)}."
            return None
