"""A run as it lies on disk, with what pages know of any run. Reads a file only when it is needed."""

import dataclasses
import math
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ganlab.config import TrainConfig
from ganlab.data import datasets, images
from ganlab.gan import sampling, training
from ganlab.gan.clipping import WeightHistogram
from ganlab.measure.reading import READINGS, Broken, Reading, look, no_readings
from ganlab.runs.disk import checkpoints, contents, lock, moments, networks, tables
from ganlab.runs.disk.checkpoints import Checkpoint
from ganlab.runs.history import NO_HISTORY
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status


class Stamp(NamedTuple):
    """Changes when a run on disk does."""

    newest: str  # checkpoint
    ended: int  # when, in ns
    held: bool  # by a process that trains it


SLOWEST_LOOK = 1.0  # CPU seconds; a slower look is not made while a page waits
Result = TypeVar("Result")


class SavedRun(Run):
    """A run of an earlier server or of another process."""

    instruments: frozenset[str] = frozenset()

    def __init__(self, path: Path) -> None:
        self.run_id, self.path = path.name, path
        self._summary: tuple[Stamp, Snapshot] | None = None

    @property
    def config(self) -> TrainConfig:
        return contents.config_of(self.path)

    @property
    def wanted(self) -> TrainConfig:
        return self.summary.config

    @property
    def latest(self) -> Snapshot:
        """All that is known of it; read again only when its files have changed."""
        return _read(self.path, _stamp(self.path))

    @property
    def summary(self) -> Snapshot:
        stamp, known = _stamp(self.path), self._summary
        if known is None or known[0] != stamp:
            known = self._summary = stamp, _read_summary(self.path, stamp)
        return known[1]

    @property
    def reading(self) -> Reading | None:
        """Measured now in the networks of `latest`; None if the instruments can't look, never did, or were slow."""
        return _look(self.path, _stamp(self.path))

    @property
    def newest_samples(self) -> np.ndarray | None:
        for step in reversed(moments.steps(self.path)):
            with suppress(ValueError):
                return moments.read(self.path, step).samples
        return None

    @property
    def has_generator(self) -> bool:
        """Whether there is a generator to sample from, judged by the names of the files."""
        return (self.path / "generator.safetensors").exists() or bool(checkpoints.files(self.path))


def _stamp(path: Path) -> Stamp:
    files, ended = checkpoints.files(path), 0
    with suppress(FileNotFoundError):
        ended = (path / "ended.json").stat().st_mtime_ns
    return Stamp(files[-1].path.name if files else "", ended, lock.held(path))


def _read_summary(path: Path, stamp: Stamp) -> Snapshot:
    config, end, files = contents.config_of(path), contents.ending(path), checkpoints.files(path)
    values: dict[str, Any] = {"message": "", "step": files[-1].step if files else 0, "status": Status.INTERRUPTED}
    if stamp.held:
        values["status"] = Status.ELSEWHERE
    elif end and end.step <= config.steps:
        values = vars(end)
    warning = ""
    try:
        changes = {field: value for _, field, value in tables.changes(path / "changes.csv")}
        config = dataclasses.replace(config, **changes)
    except (ValueError, OSError) as error:
        warning = f"{path.name}: {error}"
    return Snapshot(run_id=path.name, config=config, history=NO_HISTORY, warning=warning, **values)


@lru_cache(maxsize=4)
def _read(path: Path, stamp: Stamp) -> Snapshot:
    """The whole run; what can't be read is missing, and `warning` says so. The last few runs are cached."""
    summary = run = _read_summary(path, stamp)
    problems = [summary.warning]

    def attempt(read: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return read()
        except (ValueError, OSError) as error:
            problems.append(str(error) if str(error).startswith(str(path)) else f"{path.name}: {error}")
            return otherwise

    nothing: dict[str, Any] = {}
    checkpoint, refused = checkpoints.newest(path)
    problems.append(refused)
    if checkpoint:
        run = dataclasses.replace(run, **attempt(lambda: _of_checkpoint(checkpoint, summary.config), nothing))
    if summary.status in (Status.FAILED, Status.FINISHED, Status.STOPPED):
        # Only a failed run has made more steps than its last checkpoint.
        run = dataclasses.replace(run, step=summary.step, critic_step=summary.critic_step, seconds=summary.seconds)
        run = dataclasses.replace(run, **attempt(lambda: _saved_networks(path, summary.config), nothing))
    last_step = math.inf if summary.status is Status.FAILED else run.step
    history = attempt(lambda: tables.history(path, last_step), summary.history)
    changes = () if summary.warning else tables.recorded(tables.changes(path / "changes.csv"), history)
    samples = None
    if run.generator is not None:
        samples = images.shown(sampling.generate(run.generator, training.fixed_latents(run.config)).numpy())
    return dataclasses.replace(
        run,
        history=history,
        changes=changes,
        weights=attempt(lambda: _weights(path, run.step), ()),
        readings=attempt(lambda: tables.readings(path, last_step), no_readings()),
        real=contents.real_samples(path, run.config.kind),
        samples=samples,
        warning=" ".join(filter(None, problems)),
    )


@lru_cache(maxsize=4)
def _look(path: Path, stamp: Stamp) -> Reading | None:
    """A look draws from the seed and the step alone, so this one finds what the run's own look at that step found."""
    run = _read(path, stamp)
    quick = len(run.readings) and run.readings[:, READINGS.index("cpu_seconds")].max() <= SLOWEST_LOOK
    if not quick or run.generator is None or run.critic is None or not datasets.at_hand(run.config):
        return None
    with suppress(ValueError, OSError, FloatingPointError, Broken):
        return look(run.critic, run.generator, datasets.load(run.config), run.config, step=run.step)
    return None


def _of_checkpoint(checkpoint: Checkpoint, config: TrainConfig) -> dict[str, Any]:
    """What a checkpoint knows, as fields of Snapshot. Raises ValueError if it is of other networks than the run's."""
    _check_same(checkpoint.config, config, "Its checkpoint")
    return checkpoint.progress | {which: checkpoint.network(which) for which in ("generator", "critic")}


def _saved_networks(path: Path, config: TrainConfig) -> dict[str, Any]:
    """Both networks as they were at the end; empty if they were not saved. Raises ValueError for others."""
    saved: dict[str, Any] = {}
    for which in ("generator", "critic") if (path / "generator.safetensors").exists() else ():
        saved[which], known, _ = networks.read_network(path / f"{which}.safetensors", which)
        _check_same(known, config, f"{which}.safetensors")
    return saved


def _check_same(known: TrainConfig, config: TrainConfig, source: str) -> None:
    shapes = {(settings.latent_dim, settings.shape) for settings in (known, config)}
    if len(shapes) > 1:
        raise ValueError(f"{source} holds networks of other settings than config.json: the file of another run?")


def _weights(path: Path, step: int) -> tuple[WeightHistogram, ...]:
    steps = [saved for saved in moments.steps(path) if saved <= step]
    return moments.read(path, steps[-1]).weights if steps else ()
