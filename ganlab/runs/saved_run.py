"""A run as it lies on disk, looked at like one that trains. Reads a file only when somebody asks."""

import dataclasses
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from ganlab.config import TrainConfig
from ganlab.data import datasets, images
from ganlab.gan import sampling, training
from ganlab.measure import instruments
from ganlab.measure.instruments import Broken
from ganlab.measure.reading import READINGS, Reading, no_readings
from ganlab.runs.disk import contents, lock, tables
from ganlab.runs.disk.checkpoints import Checkpoint
from ganlab.runs.disk.networks import read_network
from ganlab.runs.history import History, HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status

WAITED_FOR = 1.0
"""CPU seconds of a look; a longer one is not made while a page waits."""


class Stamp(NamedTuple):
    """What tells that a run on disk is another than before."""

    newest: str  # checkpoint
    ended: int  # ns; 0 for a run that has not
    held: bool


class SavedRun:
    """A run of an earlier server, or of another process: what pages ask of a TrainingRun, without training."""

    trains = False

    def __init__(self, path: Path) -> None:
        self.run_id, self.path = path.name, path
        self._glanced: tuple[Stamp, Snapshot] | None = None

    @property
    def config(self) -> TrainConfig:
        """As started. Raises ValueError, in one sentence, if that can't be read."""
        return contents.config_of(self.path)

    @property
    def wanted(self) -> TrainConfig:
        """In force at last."""
        return self.glance.config

    @property
    def has_generator(self) -> bool:
        """Whether there is a generator to sample from, as far as the names of the files tell."""
        return (self.path / "generator.safetensors").exists() or bool(contents.checkpoint_files(self.path))

    @property
    def picture(self) -> np.ndarray | None:
        """The newest samples, or almost: those of the last look at it."""
        for step in reversed(contents.moment_steps(self.path)):
            with suppress(ValueError):
                return contents.read_moment(self.path, step).samples
        return None

    @property
    def glance(self) -> Snapshot:
        """Status, settings, step and seconds alone: no networks, no samples, no history."""
        stamp, glanced = _stamp(self.path), self._glanced
        if glanced is None or glanced[0] != stamp:
            glanced = self._glanced = stamp, _glance(self.path, stamp)
        return glanced[1]

    @property
    def latest(self) -> Snapshot:
        """All that is known of it; read again only when its files are others than before."""
        return _snapshot(self.path, _stamp(self.path))

    @property
    def reading(self) -> Reading | None:
        """What the instruments find in the networks of `latest`, as the run itself would have, when somebody asks.

        None if they can't look, never did, or took longer than a page may wait.
        """
        return _reading(self.path, _stamp(self.path))

    def change(self, **_: Any) -> None:
        """Raises ValueError: nothing trains here."""
        raise ValueError("This run does not train here; its settings don't change.")

    def switch(self, _: frozenset[str]) -> None:
        """Raises ValueError: nothing trains here."""
        raise ValueError("This run does not train here; its instruments don't look.")


def _stamp(path: Path) -> Stamp:
    newest, ended = "", 0
    for found in contents.checkpoint_files(path)[-1:]:
        newest = found.path.name
    with suppress(FileNotFoundError):
        ended = (path / "ended.json").stat().st_mtime_ns
    return Stamp(newest, ended, lock.held(path))


def _glance(path: Path, stamp: Stamp) -> Snapshot:
    config, end, found = contents.config_of(path), contents.ending(path), contents.checkpoint_files(path)
    running = stamp.held
    status = Status.ELSEWHERE if running else end.status if end else Status.INTERRUPTED
    about = {"step": found[-1].step if found else 0}
    if end and not running:
        about = {field.name: getattr(end, field.name) for field in dataclasses.fields(end) if field.name != "status"}
    warning = ""
    try:
        config = tables.in_force(config, tables.changes(path / "changes.csv"))
    except (ValueError, OSError) as error:
        warning = f"{path.name}: {error}"
    about = {"message": "", "warning": warning} | about
    return Snapshot(run_id=path.name, status=status, config=config, history=HistoryWriter().view(), **about)


@lru_cache(maxsize=4)
def _snapshot(path: Path, stamp: Stamp) -> Snapshot:
    """The whole of it; what can't be read is missing, and `warning` says so. The last few runs are kept."""
    glance = _glance(path, stamp)
    problems = [glance.warning] if glance.warning else []
    checkpoint, refused = contents.newest_checkpoint(path)
    if refused:
        problems.append(refused)
    # One that has ended has made more steps than its last checkpoint only if it failed.
    seen = dataclasses.replace(glance, **_of_checkpoint(checkpoint)) if checkpoint else glance
    if glance.status in (Status.FAILED, Status.FINISHED, Status.STOPPED):
        seen = dataclasses.replace(seen, **{f: getattr(glance, f) for f in ("step", "critic_step", "seconds")})
        networks, problem = _saved_networks(path)
        problems += [problem] if problem else []
        seen = dataclasses.replace(seen, **networks)
    last_step = None if glance.status is Status.FAILED else seen.step
    known = _history(path, last_step, problems)
    weights, problem = _weights(path, seen.step)
    problems += [problem] if problem else []
    return dataclasses.replace(
        seen,
        history=known,
        changes=_changes(path, known),
        weights=weights,
        readings=_readings(path, last_step, problems),
        real=contents.real_samples(path),
        samples=None if seen.generator is None else _samples(seen),
        warning=" ".join(problems),
    )


@lru_cache(maxsize=4)
def _reading(path: Path, stamp: Stamp) -> Reading | None:
    """A look draws from the seed and the step alone: this one finds what one of the run at that step found."""
    seen = _snapshot(path, stamp)
    quick = len(seen.readings) and seen.readings[:, READINGS.index("cpu_seconds")].max() <= WAITED_FOR
    if not quick or seen.generator is None or seen.critic is None or not datasets.at_hand(seen.config):
        return None
    with suppress(ValueError, OSError, FloatingPointError, Broken):
        dataset = datasets.load(seen.config)
        return instruments.look(seen.critic, seen.generator, dataset, seen.config, step=seen.step)
    return None


def _of_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    names = ("generator", "critic")
    networks = {n: training.network_of(n, checkpoint.config, checkpoint.shape, checkpoint.tensors) for n in names}
    fields = ("step", "critic_step", "seconds", "device")
    return networks | {name: getattr(checkpoint, name) for name in fields}


def _saved_networks(path: Path) -> tuple[dict[str, nn.Module], str]:
    """Both networks as they were at the end; none, and why, if they can't be read."""
    files = {which: path / f"{which}.safetensors" for which in ("generator", "critic")}
    if not files["generator"].exists():
        return {}, ""
    try:
        return {which: read_network(file, which)[0] for which, file in files.items()}, ""
    except ValueError as error:
        return {}, str(error)


def _history(path: Path, last_step: int | None, problems: list[str]) -> History:
    try:
        return tables.history(path, last_step)
    except ValueError as error:
        problems.append(f"{path.name}: {error}")
        return HistoryWriter().view()


def _readings(path: Path, last_step: int | None, problems: list[str]) -> np.ndarray:
    try:
        return tables.readings(path, last_step)
    except ValueError as error:
        problems.append(f"{path.name}: {error}")
        return no_readings()


def _changes(path: Path, known: History) -> tuple:
    try:
        return tables.recorded(tables.changes(path / "changes.csv"), known)
    except (ValueError, OSError):
        return ()  # the glance has said so


def _weights(path: Path, step: int) -> tuple[tuple, str]:
    """The histograms of the newest look up to a step."""
    looks = [one for one in contents.moment_steps(path) if one <= step]
    if not looks:
        return (), ""
    try:
        return contents.read_moment(path, looks[-1]).weights, ""
    except ValueError as error:
        return (), f"{path.name}: {error}"


def _samples(snapshot: Snapshot) -> np.ndarray:
    """What the fixed latents give now, as a run shows it."""
    latents = training.fixed_latents(snapshot.config)
    with torch.no_grad():
        samples = sampling.generate(snapshot.generator, latents).numpy()
    return images.to_uint8(samples) if samples.ndim == 4 else samples
