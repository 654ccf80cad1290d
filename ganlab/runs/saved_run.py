"""A run as it lies on disk, with what pages know of any run. Reads a file only when it is needed."""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ganlab.config import TrainConfig
from ganlab.data import datasets, images
from ganlab.gan import sampling, training
from ganlab.measure.reading import READINGS, Broken, Reading, look, no_readings
from ganlab.runs.disk import contents, lock, networks, tables
from ganlab.runs.disk.checkpoints import Checkpoint
from ganlab.runs.history import HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status

SLOWEST_LOOK = 1.0
"""CPU seconds of a look; a slower one is not made while a page waits."""
Result = TypeVar("Result")


class Stamp(NamedTuple):
    """Changes when a run on disk does."""

    newest: str  # the name of its newest checkpoint
    ended: int  # ns; 0 if it has not
    held: bool


class SavedRun:
    """A run of an earlier server or of another process."""

    instruments: frozenset[str] = frozenset()

    def __init__(self, path: Path) -> None:
        self.run_id, self.path = path.name, path
        self._summary: tuple[Stamp, Snapshot] | None = None

    @property
    def config(self) -> TrainConfig:
        """As started. Raises ValueError, in one sentence, if it can't be read."""
        return contents.config_of(self.path)

    @property
    def wanted(self) -> TrainConfig:
        return self.summary.config

    @property
    def has_generator(self) -> bool:
        """Whether there is a generator to sample from, judged by the names of the files."""
        return (self.path / "generator.safetensors").exists() or bool(contents.checkpoint_files(self.path))

    @property
    def newest_samples(self) -> np.ndarray | None:
        """The samples of the newest moment that can be read."""
        for step in reversed(contents.moment_steps(self.path)):
            with suppress(ValueError):
                return contents.read_moment(self.path, step).samples
        return None

    @property
    def summary(self) -> Snapshot:
        """Status, settings, step and seconds; no networks, samples or history."""
        stamp, known = _stamp(self.path), self._summary
        if known is None or known[0] != stamp:
            known = self._summary = stamp, _read_summary(self.path, stamp)
        return known[1]

    @property
    def latest(self) -> Snapshot:
        """All that is known of it; read again only when its files have changed."""
        return _read(self.path, _stamp(self.path))

    @property
    def reading(self) -> Reading | None:
        """What the instruments find in the networks of `latest`, measured now, as the run itself would have.

        None if they can't look, never did, or were slower than a page may wait.
        """
        return _look(self.path, _stamp(self.path))


def _stamp(path: Path) -> Stamp:
    newest, ended = "", 0
    for file in contents.checkpoint_files(path)[-1:]:
        newest = file.path.name
    with suppress(FileNotFoundError):
        ended = (path / "ended.json").stat().st_mtime_ns
    return Stamp(newest, ended, lock.held(path))


def _read_summary(path: Path, stamp: Stamp) -> Snapshot:
    config, ending, checkpoints = contents.config_of(path), contents.ending(path), contents.checkpoint_files(path)
    status = Status.ELSEWHERE if stamp.held else ending.status if ending else Status.INTERRUPTED
    values: dict[str, Any] = {"message": "", "step": checkpoints[-1].step if checkpoints else 0}
    if ending and not stamp.held:
        values = {field.name: getattr(ending, field.name) for field in dataclasses.fields(ending)}
    values |= {"run_id": path.name, "status": status, "history": HistoryWriter().view(), "warning": ""}
    try:
        config = tables.in_force(config, tables.changes(path / "changes.csv"))
    except (ValueError, OSError) as error:
        values["warning"] = f"{path.name}: {error}"
    return Snapshot(config=config, **values)


@lru_cache(maxsize=4)
def _read(path: Path, stamp: Stamp) -> Snapshot:
    """The whole run; what can't be read is missing, and `warning` says so. The last few runs are cached."""
    summary = _read_summary(path, stamp)
    problems = [summary.warning] if summary.warning else []

    def attempt(read: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return read()
        except (ValueError, OSError) as error:
            problems.append(str(error) if str(error).startswith(str(path)) else f"{path.name}: {error}")
            return otherwise

    checkpoint, refused = contents.newest_checkpoint(path)
    if refused:
        problems.append(refused)
    run = summary
    if checkpoint:
        of_checkpoint: dict[str, Any] = attempt(lambda: _of_checkpoint(checkpoint, summary.config), {})
        run = dataclasses.replace(run, **of_checkpoint)
    if summary.status in (Status.FAILED, Status.FINISHED, Status.STOPPED):
        # Only a failed run has made more steps than its last checkpoint.
        of_end: dict[str, Any] = {name: getattr(summary, name) for name in ("step", "critic_step", "seconds")}
        no_networks: dict[str, Any] = {}
        of_end |= attempt(lambda: _saved_networks(path, summary.config), no_networks)
        run = dataclasses.replace(run, **of_end)
    last_step = None if summary.status is Status.FAILED else run.step
    history = attempt(lambda: tables.history(path, last_step), HistoryWriter().view())
    changes = () if summary.warning else tables.recorded(tables.changes(path / "changes.csv"), history)
    return dataclasses.replace(
        run,
        history=history,
        changes=changes,
        weights=attempt(lambda: _weights(path, run.step), ()),
        readings=attempt(lambda: tables.readings(path, last_step), no_readings()),
        real=contents.real_samples(path, run.config.kind),
        samples=None if run.generator is None else _samples(run),
        warning=" ".join(problems),
    )


@lru_cache(maxsize=4)
def _look(path: Path, stamp: Stamp) -> Reading | None:
    """A look draws from the seed and the step alone, so this one finds what the run's own look at that step found."""
    run = _read(path, stamp)
    quick = len(run.readings) and run.readings[:, READINGS.index("cpu_seconds")].max() <= SLOWEST_LOOK
    if not quick or run.generator is None or run.critic is None or not datasets.at_hand(run.config):
        return None
    with suppress(ValueError, OSError, FloatingPointError, Broken):
        dataset = datasets.load(run.config)
        return look(run.critic, run.generator, dataset, run.config, step=run.step)
    return None


def _of_checkpoint(checkpoint: Checkpoint, config: TrainConfig) -> dict[str, Any]:
    """What a checkpoint knows, as fields of Snapshot. Raises ValueError if it is of other networks than the run's."""
    _check_same(checkpoint.config, config, "Its checkpoint")
    names = ("generator", "critic")
    both = {n: training.network_of(n, checkpoint.config, checkpoint.shape, checkpoint.tensors) for n in names}
    return both | {name: getattr(checkpoint, name) for name in ("step", "critic_step", "seconds", "device")}


def _saved_networks(path: Path, config: TrainConfig) -> dict[str, Any]:
    """Both networks as they were at the end; empty if they were not saved. Raises ValueError for others."""
    files = {which: path / f"{which}.safetensors" for which in ("generator", "critic")}
    if not files["generator"].exists():
        return {}
    read = {which: networks.read_network(file, which) for which, file in files.items()}
    for which, (_, known, _) in read.items():
        _check_same(known, config, f"{which}.safetensors")
    return {which: network for which, (network, _, _) in read.items()}


def _check_same(known: TrainConfig, config: TrainConfig, source: str) -> None:
    shapes = {(settings.latent_dim, settings.shape) for settings in (known, config)}
    if len(shapes) > 1:
        raise ValueError(f"{source} holds networks of other settings than config.json: the file of another run?")


def _weights(path: Path, step: int) -> tuple:
    """The histograms of the newest moment up to a step."""
    steps = [saved for saved in contents.moment_steps(path) if saved <= step]
    return contents.read_moment(path, steps[-1]).weights if steps else ()


def _samples(run: Snapshot) -> np.ndarray:
    """What the fixed latents give now, as a run shows it."""
    return images.shown(sampling.generate(run.generator, training.fixed_latents(run.config)).numpy())
