"""The folder of a run that trains: locked, written to while it trains, and cut back when it resumes."""

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.data import images
from ganlab.gan.building import device_of
from ganlab.gan.clipping import UNCOUNTED
from ganlab.gan.watched import Layers
from ganlab.measure.reading import READINGS
from ganlab.runs.disk import checkpoints, contents, inbox, live, moments, tables
from ganlab.runs.disk.checkpoints import Checkpoint, CheckpointFile
from ganlab.runs.disk.contents import Ending
from ganlab.runs.disk.csv_file import Table
from ganlab.runs.disk.damage import Damaged
from ganlab.runs.disk.lock import locked
from ganlab.runs.disk.networks import network_file
from ganlab.runs.disk.resume import ResumePoint, cut_back, resume_point
from ganlab.runs.history import METRICS, Change
from ganlab.runs.snapshot import Snapshot
from ganlab.settings import as_text

FILES = (
    "config.json",
    contents.NAME,
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
    live.FILE,
    inbox.VIEWER,
    inbox.FOLDER,
)

SUBFOLDERS = {
    "checkpoints": checkpoints.NAME.pattern,
    "moments": r"\d+\.safetensors",
    inbox.FOLDER: inbox.NAME.pattern,
}
"""Those of FILES that are folders, and the pattern of the names in each."""


class RunFolder:
    """The folder of one run, written while it trains, and locked until `close`.

    Raises FileExistsError if the folder already holds one of its files: nothing is ever overwritten; and ValueError if
    this computer lacks the device. OSError from a method means that only this one thing could not be written.
    """

    def __init__(self, path: Path, config: TrainConfig) -> None:
        device_of(config)  # before there is a folder
        made = not path.exists()
        path.mkdir(parents=True, exist_ok=True)
        self._open(path, lambda: _new(path, config), made)

    @classmethod
    def reopen(cls, path: Path, steps: int | None = None) -> "RunFolder":
        """The folder of a run that continues, to `steps` in all, cut back to its newest good checkpoint.

        Raises Busy, or ValueError, one sentence, if the run can't continue; then nothing has changed.
        """
        folder = cls.__new__(cls)
        folder._open(path, lambda: _existing(path, steps))
        return folder

    def _open(self, path: Path, find: Callable[[], ResumePoint], made: bool = False) -> None:
        """Lock a folder and open its tables; if that fails, one that was only just `made` is removed."""
        self.path, self._lock = path, locked(path)
        self._tables: dict[str, Table] = {}
        ours = False
        try:
            self.resume_point = find()
            ours = made  # nothing in it is of anybody else
            self._table("metrics.csv", METRICS)
            self._table("changes.csv", tables.CHANGES)
            self.set_config(self.resume_point.config)
            self.flush()
        except BaseException:
            self.close()
            if ours:
                shutil.rmtree(path, ignore_errors=True)
            raise

    def _table(self, name: str, columns: Sequence[str]) -> Table:
        if name not in self._tables:
            self._tables[name] = Table(self.path / name, columns)
        return self._tables[name]

    def begin(self) -> dict[str, Any]:
        """Where the run begins, as fields of a Snapshot: its settings alone, or the checkpoint that it resumes from."""
        past, checkpoint = self.resume_point, self.resume_point.checkpoint
        values = {name: getattr(past, name) for name in ("config", "history", "changes", "readings", "warning")}
        if checkpoint is None:
            return values
        with suppress(ValueError):
            values["weights"] = moments.read(self.path, checkpoint.step).weights
        in_force = dataclasses.replace(checkpoint.config, steps=past.config.steps)
        return values | checkpoint.progress | {"config": in_force}

    def set_config(self, config: TrainConfig) -> None:
        self.config = config
        tensorfile.write(self.path / "config.json", (json.dumps(config.as_dict(), indent=2) + "\n").encode())

    def add_step(self, row: dict[str, float], layers: Layers, layer_counts: np.ndarray) -> None:
        """Add one step's row to metrics.csv, and its counts [layers, 2] to layers.csv; empty cells were not counted."""
        self._table("metrics.csv", METRICS).add(row)
        columns = tables.layer_columns(layers)
        counts = ("" if count == UNCOUNTED else count for count in layer_counts.reshape(-1).tolist())
        self._table("layers.csv", columns).add(dict(zip(columns, (row["step"], *counts), strict=True)))

    def add_reading(self, row: dict[str, float]) -> None:
        """Add one look's row to instruments.csv; the cell of what was not measured is empty."""
        cells = {column: int(value) if value.is_integer() else value for column, value in row.items()}
        self._table("instruments.csv", READINGS).add(cells)

    def add_change(self, change: Change) -> None:
        """Add a live change to changes.csv, on disk at once."""
        table = self._table("changes.csv", tables.CHANGES)
        table.add({"critic_step": change.critic_step, "field": change.field, "value": as_text(change.value)})
        table.flush()

    def flush(self, sync: bool = False) -> None:
        """Write everything added so far; with `sync`, it also survives a power failure."""
        for table in self._tables.values():
            table.flush(sync)

    def keep_real(self, real: np.ndarray) -> None:
        """Save the real samples that are shown beside the generated ones, unless that is done."""
        if not (self.path / "real.safetensors").exists():
            tensorfile.write(self.path / "real.safetensors", tensorfile.packed({"real": torch.from_numpy(real)}, {}))

    def keep_checkpoint(self, checkpoint: Checkpoint) -> list[CheckpointFile]:
        """Save the tables and then a checkpoint, and delete older checkpoints; returns those deleted."""
        self.flush(sync=True)
        checkpoints.write(self.path, checkpoint)
        return checkpoints.prune(self.path)

    def drop_moment(self, step: int) -> None:
        moments.path_of(self.path, step).unlink(missing_ok=True)

    def keep_networks(self, snapshot: Snapshot) -> None:
        """Write both networks of a snapshot, and samples.png: images ten to a row, or points as a scatter."""
        samples = snapshot.samples
        assert samples is not None  # a snapshot with networks has samples
        picture = images.scatter(samples) if samples.ndim == 2 else images.sheet(samples, 10)
        tensorfile.write(self.path / "samples.png", images.png(picture))
        for which in ("generator", "critic"):
            content = network_file(snapshot.config, snapshot.step, getattr(snapshot, which))
            tensorfile.write(self.path / f"{which}.safetensors", content)

    def keep_end(self, snapshot: Snapshot) -> None:
        end = {field.name: getattr(snapshot, field.name) for field in dataclasses.fields(Ending)}
        tensorfile.write(self.path / "ended.json", (json.dumps(end, indent=2) + "\n").encode(), sync=True)

    def close(self) -> None:
        """Close the tables and release the lock; call `flush` first."""
        for table in self._tables.values():
            table.close()
        self._lock.release()


def _new(path: Path, config: TrainConfig) -> ResumePoint:
    if taken := [name for name in FILES if os.path.lexists(path / name)]:
        raise FileExistsError(f"{path} already holds {taken[0]}: choose another folder.")
    return ResumePoint(config=config, resumed=False)


def _existing(path: Path, steps: int | None) -> ResumePoint:
    """Where a run continues; before anything is written, nothing may be a link or of another kind."""
    for file in (path / name for name in FILES if os.path.lexists(path / name)):
        if file.is_symlink() or file.is_dir() != (file.name in SUBFOLDERS) or not (file.is_dir() or file.is_file()):
            kind = "folder" if file.name in SUBFOLDERS else "file"
            raise Damaged(f"Run {path.name} can't be resumed, because its {file.name} is not a {kind}: delete it.")
    return cut_back(path, resume_point(path, steps))
