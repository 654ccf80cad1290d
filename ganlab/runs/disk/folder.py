"""The folder of a run that trains: locked, written to while it trains, and cut back when it resumes."""

import dataclasses
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.data import images
from ganlab.gan.clipping import Layers, WeightHistogram
from ganlab.measure.reading import READINGS
from ganlab.runs.disk import checkpoints, contents, moments, tables
from ganlab.runs.disk.checkpoints import Checkpoint, CheckpointFile
from ganlab.runs.disk.lock import locked
from ganlab.runs.disk.moments import Moment
from ganlab.runs.disk.networks import network_file
from ganlab.runs.disk.resume import ResumePoint, config_to_resume, cut_back, resume_point
from ganlab.runs.disk.tables import RecordedChange, Table
from ganlab.runs.history import METRICS, Change
from ganlab.runs.snapshot import Snapshot
from ganlab.settings import as_text

FILES = (
    "config.json",
    "changes.csv",
    "metrics.csv",
    "layers.csv",
    "instruments.csv",
    "checkpoints",
    "moments",
    "samples.png",
    "generator.safetensors",
    "critic.safetensors",
    "real.safetensors",
    "ended.json",
)


class RunFolder:
    """The folder of one run, written while it trains, and locked until `close`.

    Raises FileExistsError if the folder already holds one of its files: nothing is ever overwritten. OSError from a
    method means that only this one thing could not be written.
    """

    def __init__(self, path: Path, config: TrainConfig) -> None:
        path.mkdir(parents=True, exist_ok=True)
        lock = locked(path)
        if taken := [name for name in FILES if (path / name).exists()]:
            lock.release()
            raise FileExistsError(f"{path} already holds {taken[0]}: choose another folder.")
        self._open(path, lock, config, ResumePoint(resumed=False))

    @classmethod
    def reopen(cls, path: Path, steps: int | None = None) -> "RunFolder":
        """The folder of a run that continues, to `steps` in all, cut back to its newest good checkpoint.

        Raises Busy, or ValueError, one sentence, if the run can't continue; then nothing has changed.
        """
        lock = locked(path)
        try:
            config = config_to_resume(path, steps)
            past = resume_point(path, config)
            cut_back(path, past)
        except BaseException:
            lock.release()
            raise
        folder = cls.__new__(cls)
        folder._open(path, lock, config, past)
        return folder

    def _open(self, path: Path, lock: FileLock, config: TrainConfig, past: ResumePoint) -> None:
        self.path, self.config, self.resume_point, self._lock = path, config, past, lock
        try:
            self._metrics = Table(path / "metrics.csv", METRICS)
            self._changes = Table(path / "changes.csv", tables.CHANGES)
            self._layers: Table | None = None
            self._readings: Table | None = None
            self.set_config(config)
            self.flush()
        except BaseException:
            lock.release()
            raise

    def begin(self, config: TrainConfig) -> dict[str, Any]:
        """Where the run begins, as fields of a Snapshot: its settings alone, or the checkpoint that it resumes from."""
        past, checkpoint = self.resume_point, self.resume_point.checkpoint
        if checkpoint is None:
            return {"config": config, "history": past.history, "warning": past.warning}
        weights: tuple[WeightHistogram, ...] = ()
        with suppress(ValueError):
            weights = contents.read_moment(self.path, checkpoint.step).weights
        return {
            "config": dataclasses.replace(checkpoint.config, steps=config.steps),
            "history": past.history,
            "changes": past.changes,
            "readings": past.readings,
            "warning": past.warning,
            "weights": weights,
            **{name: getattr(checkpoint, name) for name in ("step", "critic_step", "seconds", "device")},
        }

    def set_config(self, config: TrainConfig) -> None:
        self.config = config
        tensorfile.write(self.path / "config.json", (json.dumps(config.as_dict(), indent=2) + "\n").encode())

    def add_step(self, row: dict[str, float], layers: Layers, layer_counts: np.ndarray) -> None:
        """Add one step's row to metrics.csv, and its counts [layers, 2] to layers.csv."""
        self._metrics.add(row)
        columns = tables.layer_columns(layers)
        if self._layers is None:
            self._layers = Table(self.path / "layers.csv", columns)
        self._layers.add(dict(zip(columns, (row["step"], *layer_counts.reshape(-1).tolist()), strict=True)))

    def add_reading(self, row: dict[str, float]) -> None:
        """Add one reading of the instruments to instruments.csv."""
        if self._readings is None:
            self._readings = Table(self.path / "instruments.csv", READINGS)
        self._readings.add({column: int(value) if value.is_integer() else value for column, value in row.items()})

    def add_change(self, change: Change) -> None:
        """Add a live change to changes.csv, on disk at once."""
        row = {"critic_step": change.critic_step, "field": change.field, "value": as_text(change.value)}
        self._changes.add(row)
        self._changes.flush()

    def set_scheduled(self, scheduled: tuple[RecordedChange, ...]) -> None:
        """Write the changes that are yet to take effect again, so that they survive if this process dies too."""
        tables.write_changes(self.path / "scheduled.csv", scheduled)

    def flush(self, sync: bool = False) -> None:
        """Write everything added so far; with `sync`, it also survives a power failure."""
        for table in self._tables():
            table.flush(sync)

    def _tables(self) -> list[Table]:
        return [table for table in (self._metrics, self._layers, self._readings, self._changes) if table]

    def keep_real(self, real: np.ndarray) -> None:
        """Save the real samples that are shown beside the generated ones, unless that is done."""
        if not (self.path / "real.safetensors").exists():
            tensorfile.write(self.path / "real.safetensors", tensorfile.packed({"real": torch.from_numpy(real)}, {}))

    def keep_moment(self, moment: Moment) -> None:
        """Save a moment of the run, unless that is done."""
        if not moments.path_of(self.path / "moments", moment.step).exists():
            moments.write(self.path / "moments", moment)

    def keep_checkpoint(self, checkpoint: Checkpoint) -> list[CheckpointFile]:
        """Save the tables and then a checkpoint, and delete older checkpoints; returns those deleted."""
        self.flush(sync=True)
        checkpoints.write(self.path / "checkpoints", checkpoint)
        return checkpoints.prune(self.path / "checkpoints")

    def drop_moment(self, step: int) -> None:
        moments.path_of(self.path / "moments", step).unlink(missing_ok=True)

    def keep_networks(self, snapshot: Snapshot) -> None:
        """Write samples.png and both networks of a snapshot."""
        tensorfile.write(self.path / "samples.png", samples_png(snapshot))
        for which in ("generator", "critic"):
            content = network_file(snapshot.config, snapshot.step, getattr(snapshot, which))
            tensorfile.write(self.path / f"{which}.safetensors", content)

    def keep_end(self, snapshot: Snapshot) -> None:
        """Write ended.json, how the run ended."""
        names = ("step", "critic_step", "seconds", "device", "error", "message", "traceback")
        end = {"status": snapshot.status.value} | {name: getattr(snapshot, name) for name in names}
        tensorfile.write(self.path / "ended.json", (json.dumps(end, indent=2) + "\n").encode(), sync=True)

    def close(self) -> None:
        """Close the tables and release the lock; call `flush` first."""
        for table in self._tables():
            table.close()
        self._lock.release()


def samples_png(snapshot: Snapshot) -> bytes:
    """The fixed latents' samples of a snapshot that has some: images ten to a row, or points as a scatter."""
    samples = snapshot.samples
    assert samples is not None
    return images.png(images.scatter(samples) if samples.ndim == 2 else images.sheet(samples, 10))
