"""What is known of a run so far, and what of it is saved when. Knows no thread and no screen.

A file that can't be written is a sentence in `warning`; training goes on without it. So is what `tell` is told.
"""

import dataclasses
import time
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ganlab.gan.clipping import ClipReport, WeightHistogram
from ganlab.gan.training import Trainer
from ganlab.measure.reading import READINGS
from ganlab.runs.disk import moments
from ganlab.runs.disk.checkpoints import Checkpoint
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.history import Change, HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status

CHECKPOINT_EVERY = 30.0
FIRST_CHECKPOINT = 5.0  # seconds: a short run too has something to go on from
"""Seconds of training between checkpoints."""
WORTH = 50
"""How many times as long as it takes to write a checkpoint lies between two, if that is longer."""
FIRST = 30
"""Up to this step every look that is due is taken."""
SHARE = 0.02
"""After it, looks may take so much of the trained time."""


class Recorder:
    """The record of one run and its folder. `every` is how many seconds of training lie between checkpoints."""

    def __init__(self, folder: RunFolder, steps: int, every: float) -> None:
        past = folder.past
        self.history = HistoryWriter(past.history)
        self.readings = past.readings
        self.changes = list(past.changes)
        self.later = past.later  # changes of an earlier life, still to come into force again
        self._folder, self._every, self._wanted_every = folder, every, every
        self._scheduled, self._steps = moments.schedule(steps), steps
        self._looking = 0.0  # seconds
        self._problems = {"": past.warning} if past.warning else {}
        self._saved: tuple[int, int] | None = None  # step and number of changes of the newest checkpoint
        self._saved_at = past.checkpoint.seconds if past.checkpoint else 0.0

    @property
    def warning(self) -> str:
        """What could not be read or written, in sentences."""
        return " ".join(self._problems.values())

    def add_step(self, row: dict[str, float], report: ClipReport) -> None:
        """Add a step to the history and the tables."""
        counts = report.layer_counts
        self.history.append(row, report.layers, counts)
        self._try("metrics.csv", self._folder.add_step, row, report.layers, counts)

    def add_reading(self, row: dict[str, float]) -> None:
        """Add the row of one look of the instruments; arrays given out earlier stay as they are."""
        self.readings = np.vstack([self.readings, [row[column] for column in READINGS]])
        self.readings.flags.writeable = False
        self._try("instruments.csv", self._folder.add_reading, row)

    def tell(self, about: str, sentence: str) -> None:
        """Put a sentence into `warning`, in place of the last one about the same; none for an empty one."""
        self._problems.pop(about, None)
        if sentence:
            self._problems[about] = sentence

    def add_change(self, change: Change) -> None:
        """Add a change that has come into force."""
        self.changes.append(change)
        self._try("changes.csv", self._folder.add_change, change)

    def due_changes(self, critic_step: int) -> list[tuple[str, Any]]:
        """Field and value of the changes of an earlier life that come into force now; call `keep_later` after."""
        due = [one for one in self.later if one[0] <= critic_step]
        self.later = self.later[len(due) :]
        return [(field, value) for _, field, value in due]

    def overrule(self, fields: Collection[str]) -> None:
        """New wishes for these fields count; what an earlier life later did to them does not."""
        self.later = tuple(one for one in self.later if one[1] not in fields)

    def keep_later(self) -> None:
        """Save what is still to come into force."""
        self._try("scheduled.csv", self._folder.set_later, self.later)

    def flush(self) -> None:
        """Put the tables on disk."""
        self._try("metrics.csv", self._folder.flush)

    def keep_real(self, real: np.ndarray) -> None:
        """Save the real samples once."""
        self._try("real.safetensors", self._folder.keep_real, real)

    def looks_at(self, step: int, seconds: float) -> bool:
        """Whether a look at this step is saved, after so many seconds of training.

        The first ones and the last always, those between while looks have not taken more than their share.
        """
        always = step <= FIRST or step == self._steps
        return step in self._scheduled and (always or self._looking <= SHARE * seconds)

    def looked(self, seconds: float) -> None:
        """Count what a look has taken."""
        self._looking += seconds

    def is_due(self, seconds: float) -> bool:
        """Whether the next checkpoint is."""
        every = self._every if self._saved else min(FIRST_CHECKPOINT, self._every)
        return seconds - self._saved_at >= every

    def keep_moment(
        self, step: int, critic_step: int, samples: np.ndarray, weights: tuple[WeightHistogram, ...]
    ) -> None:
        """Save a look at the run, unless there is one of this step or nothing has been clamped yet."""
        if weights:
            self._try("moments", self._folder.keep_moment, moments.of(step, critic_step, samples, weights))

    def keep_checkpoint(self, snapshot: Snapshot, trainer: Trainer) -> None:
        """Save everything that training can go on from, and the look that belongs to it, unless both are there."""
        state = (snapshot.step, len(self.changes))
        self._saved_at = snapshot.seconds
        if snapshot.step == 0 or state == self._saved:
            return
        self.flush()
        self.keep_moment(snapshot.step, snapshot.critic_step, snapshot.samples, snapshot.weights)
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
            if old.step not in self._scheduled and old.step != snapshot.step:
                self._try("moments", self._folder.drop_moment, old.step)

    def end(self, last: Snapshot) -> Snapshot:
        """Save how the run ended; returns the snapshot with what could not be saved.

        A resumed run that fails before it trains has not ended: it is interrupted again.
        """
        self.flush()
        if last.generator is not None:
            self._try("generator.safetensors", self._folder.keep_networks, last)
        if last.status is not Status.FAILED or not self._folder.past.resumed:
            self._try("ended.json", self._folder.keep_end, last)
        return dataclasses.replace(last, warning=self.warning)

    def _try(self, name: str, save: Callable[..., Any], *values: Any) -> Any:
        """Save something; if that can't be done, a sentence says so until it can."""
        try:
            result = save(*values)
            self._problems.pop(name, None)
            return result
        except OSError as error:
            reason = error.strerror or str(error)
            self._problems[name] = f"{self._folder.path.name}/{name} could not be written: {reason}."
            return None
