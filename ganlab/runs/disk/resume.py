"""Where an interrupted or stopped run resumes, and how its folder is cut back to there."""

import dataclasses
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ganlab.config import TrainConfig
from ganlab.gan import building
from ganlab.gan.watched import WatchedConfig
from ganlab.measure.reading import READINGS, no_readings
from ganlab.runs.disk import checkpoints, csv_file, moments, tables
from ganlab.runs.disk.checkpoints import Checkpoint
from ganlab.runs.disk.contents import config_of, ending
from ganlab.runs.disk.damage import refusing
from ganlab.runs.disk.tables import RecordedChange
from ganlab.runs.history import METRICS, NO_HISTORY, Change, History
from ganlab.runs.snapshot import Status


@dataclass(frozen=True, kw_only=True)
class ResumePoint:
    """What a run resumes from: its newest checkpoint that can be read, and the record up to there."""

    config: TrainConfig  # to resume with
    checkpoint: Checkpoint | None = None
    history: History = NO_HISTORY
    changes: tuple[Change, ...] = ()
    scheduled: tuple[RecordedChange, ...] = ()  # recorded after the checkpoint: each is made again at its critic step
    warning: str = ""
    readings: np.ndarray = field(default_factory=no_readings)
    set_aside: bool = False  # instruments.csv, which can't be read, and is not needed to continue
    resumed: bool = True  # false for a new run, and once a resumed run trains


def resumable(path: Path) -> TrainConfig:
    """The settings of a run. Raises ValueError, one sentence, if it is not ganlab's to resume."""
    config = config_of(path)
    if isinstance(config, WatchedConfig):
        raise ValueError(f"Run {path.name} trained in a loop of its own, so it can't be resumed: run the loop again.")
    return config


def resume_point(path: Path, steps: int | None) -> ResumePoint:
    """Where a run continues, to `steps` in all. Raises ValueError, one sentence, if it can't."""
    config, end, files = resumable(path), ending(path), checkpoints.files(path)
    with refusing(f"Run {path.name} can't be resumed here, but can be run again with device cpu"):
        building.device_of(config)
    if end and end.status is Status.FAILED:
        raise ValueError(f"Run {path.name} failed ({end.error}): run it again, with other settings.")
    if end and end.step > 0 and not files:
        raise ValueError(f"Run {path.name} has lost its checkpoints, so it can't be resumed: run it again.")
    if steps is not None:
        config = dataclasses.replace(config, steps=steps)
    if end and end.step >= config.steps:
        raise _done(path, end.step)
    rows, scheduled = tables.changes(path / "changes.csv"), tables.changes(path / "scheduled.csv")
    checkpoint, warning = checkpoints.newest(path)
    if checkpoint is None:
        if files:
            raise ValueError(warning)
        return ResumePoint(config=config, scheduled=_merged(rows, scheduled))
    if checkpoint.step > config.steps:
        raise _done(path, checkpoint.step)
    known = tables.history(path, checkpoint.step)
    warning = f"{warning} {tables.lost(known, checkpoint.step)}".strip()
    try:
        readings, set_aside = tables.readings(path, checkpoint.step), False
    except ValueError as error:
        readings, set_aside = no_readings(), True
        warning = f"{warning} {error} It was set aside.".strip()
    return ResumePoint(
        config=config,
        checkpoint=checkpoint,
        history=known,
        changes=tables.recorded(rows[: checkpoint.changes], known),
        scheduled=_merged(rows[checkpoint.changes :], scheduled),
        warning=warning,
        readings=readings,
        set_aside=set_aside,
    )


def _done(path: Path, steps: int) -> ValueError:
    return ValueError(f"Run {path.name} has already made {steps:,} steps: ask for more.")


def _merged(rows: list[RecordedChange], scheduled: list[RecordedChange]) -> tuple[RecordedChange, ...]:
    """Each change once, in the order of their critic steps."""
    return tuple(sorted(rows + [row for row in scheduled if row not in rows], key=lambda row: row[0]))


def cut_back(path: Path, past: ResumePoint) -> ResumePoint:
    """Remove what a run wrote after the checkpoint that it resumes from; returns `past`."""
    step = past.checkpoint.step if past.checkpoint else 0
    tables.write_changes(path / "scheduled.csv", past.scheduled)  # first: from here on nothing can be lost
    csv_file.cut(path / "changes.csv", len(past.changes))
    if past.set_aside:
        (path / "instruments.csv").replace(path / "instruments.csv.refused")
    csv_file.cut(path / "metrics.csv", len(past.history), METRICS)
    csv_file.cut(path / "layers.csv", len(past.history))
    csv_file.cut(path / "instruments.csv", len(past.readings), READINGS)
    for later in moments.steps(path):
        if later > step:
            moments.path_of(path, later).unlink()
    for file in checkpoints.files(path):
        if file.step > step:
            file.path.replace(file.path.with_name(f"{file.path.name}.refused"))
    for part in list(path.rglob(".*.part")):
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)  # a page may be writing to the inbox
    (path / "ended.json").unlink(missing_ok=True)
    return past
