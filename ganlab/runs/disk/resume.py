"""Where an interrupted or stopped run resumes, and how its folder is cut back to there."""

import dataclasses
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from ganlab.config import TrainConfig
from ganlab.gan import training
from ganlab.gan.clipping import Layers
from ganlab.measure.reading import READINGS, no_readings
from ganlab.runs.disk import checkpoints, moments, tables
from ganlab.runs.disk.checkpoints import Checkpoint
from ganlab.runs.disk.contents import config_of, ending, newest_checkpoint
from ganlab.runs.disk.tables import RecordedChange
from ganlab.runs.history import METRICS, Change, History, HistoryWriter
from ganlab.runs.snapshot import Status


@dataclass(frozen=True)
class ResumePoint:
    """What a run resumes from: its newest checkpoint that can be read, and the record up to there.

    `scheduled` are the changes that were recorded after the checkpoint: each takes effect again at its critic step.
    `resumed` is false for a new run, and once a resumed run trains.
    """

    checkpoint: Checkpoint | None = None
    history: History = field(default_factory=lambda: HistoryWriter().view())
    changes: tuple[Change, ...] = ()
    scheduled: tuple[RecordedChange, ...] = ()
    warning: str = ""
    readings: np.ndarray = field(default_factory=no_readings)
    set_aside: tuple[str, ...] = ()
    """Tables that can't be read and are not needed to continue."""
    resumed: bool = True


def resume_point(path: Path, config: TrainConfig) -> ResumePoint:
    """What a run resumes from. Raises ValueError, one sentence, if it has checkpoints and none can be read."""
    rows, scheduled = tables.changes(path / "changes.csv"), tables.changes(path / "scheduled.csv")
    checkpoint, warning = newest_checkpoint(path)
    if checkpoint is None:
        if checkpoints.files(path / "checkpoints"):
            raise ValueError(warning)
        return ResumePoint(scheduled=_merged(rows, scheduled))
    if checkpoint.step >= config.steps:
        raise ValueError(f"Run {path.name} has already made {checkpoint.step:,} steps: ask for more.")
    known = tables.history(path, checkpoint.step, _critic_layers(checkpoint))
    if len(known) < checkpoint.step:
        lost = f"metrics.csv and layers.csv hold {len(known):,} of the {checkpoint.step:,} steps made so far."
        warning = f"{warning} {lost}".strip()
    done, after = rows[: checkpoint.changes], rows[checkpoint.changes :]
    readings = no_readings()
    set_aside: tuple[str, ...] = ()
    try:
        readings = tables.readings(path, checkpoint.step)
    except ValueError as error:
        set_aside = ("instruments.csv",)
        warning = f"{warning} {error} It was set aside.".strip()
    changes = tables.recorded(done, known)
    return ResumePoint(checkpoint, known, changes, _merged(after, scheduled), warning, readings, set_aside)


def _critic_layers(checkpoint: Checkpoint) -> Layers:
    with torch.device("meta"):  # takes no memory
        _, critic = training.build(checkpoint.config, checkpoint.shape)
    return tuple((name, tuple(parameter.shape)) for name, parameter in critic.named_parameters())


def _merged(rows: list[RecordedChange], scheduled: list[RecordedChange]) -> tuple[RecordedChange, ...]:
    """Each change once, in the order of their critic steps."""
    return tuple(sorted(rows + [row for row in scheduled if row not in rows], key=lambda row: row[0]))


def config_to_resume(path: Path, steps: int | None) -> TrainConfig:
    """The settings of a run that continues, to `steps` in all. Raises ValueError, one sentence, if it can't."""
    config, end = config_of(path), ending(path)
    if end and end.status is Status.FAILED:
        raise ValueError(f"Run {path.name} failed ({end.error}): run it again, with other settings.")
    if end and end.step and not checkpoints.files(path / "checkpoints"):
        raise ValueError(f"Run {path.name} has lost its checkpoints, so it can't be resumed: run it again.")
    if steps is not None:
        config = dataclasses.replace(config, steps=steps)
    if end and end.step >= config.steps:
        raise ValueError(f"Run {path.name} has already made {end.step:,} steps: ask for more.")
    return config


def cut_back(path: Path, past: ResumePoint) -> None:
    """Remove what a run wrote after the checkpoint that it resumes from."""
    step = past.checkpoint.step if past.checkpoint else 0
    tables.write_changes(path / "scheduled.csv", past.scheduled)  # first: from here on nothing can be lost
    tables.cut(path / "changes.csv", len(past.changes))
    for name in past.set_aside:
        (path / name).replace(path / f"{name}.refused")
    tables.cut(path / "metrics.csv", len(past.history), METRICS)
    tables.cut(path / "layers.csv", len(past.history))
    tables.cut(path / "instruments.csv", len(past.readings), READINGS)
    for later in moments.steps(path / "moments"):
        if later > step:
            moments.path_of(path / "moments", later).unlink()
    for file in checkpoints.files(path / "checkpoints"):
        if file.step > step:
            file.path.replace(file.path.with_name(f"{file.path.name}.refused"))
    for part in list(path.rglob(".*.part")):
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink()
    (path / "ended.json").unlink(missing_ok=True)
