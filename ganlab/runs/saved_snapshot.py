"""What the files of a run tell of it, as a snapshot; what can't be read is missing, with a sentence that says so."""

import dataclasses
import math
import os
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ganlab.config import TrainConfig
from ganlab.data import images
from ganlab.gan import sampling, streams
from ganlab.gan.histograms import WeightHistogram
from ganlab.gan.holding import changed_live
from ganlab.gan.watched import Layers, WatchedConfig
from ganlab.measure.reading import no_readings
from ganlab.runs.disk import checkpoints, contents, lock, moments, networks, tables
from ganlab.runs.history import NO_HISTORY, Change, History
from ganlab.runs.snapshot import Snapshot, Status

READ_ONLY = "ganlab can't write to this run's folder. To resume the run, copy the folder somewhere writable."
Result = TypeVar("Result")


class Stamp(NamedTuple):
    """Changes when a run on disk does."""

    newest: str  # checkpoint
    ended: int  # when, in ns
    held: bool  # by a process that trains it
    read_only: bool  # for this process


def stamp_of(path: Path) -> Stamp:
    """Of the run in this folder, now."""
    files, ended = checkpoints.files(path), 0
    with suppress(OSError):
        ended = (path / "ended.json").lstat().st_mtime_ns
    return Stamp(files[-1].path.name if files else "", ended, lock.held(path), not lock.writable(path))


def summary_of(path: Path, stamp: Stamp) -> Snapshot:
    """What a list shows: the settings in force, the status and the last step that was kept. Raises Damaged."""
    config, end = contents.config_of(path), contents.ending(path)
    step = max((file.step for file in checkpoints.files(path) if file.step <= config.steps), default=0)
    values: dict[str, Any] = {"message": "", "step": step, "status": Status.INTERRUPTED, "read_only": stamp.read_only}
    if stamp.held:
        values["status"] = Status.ELSEWHERE
    elif end and end.step <= config.steps:
        values |= vars(end)
        if end.status is Status.FAILED:
            values["recorded"] = max(end.step, min(tables.newest_step(path), config.steps))
    warning = ""
    try:
        changes = {field: value for _, field, value in tables.changes(path / "changes.csv")}
        config = changed_live(config, changes)
    except ValueError as error:
        warning = f"{path.name}: {error}"
    return Snapshot(run_id=path.name, config=config, history=NO_HISTORY, warning=warning, **values)


@lru_cache(maxsize=4)
def whole(path: Path, stamp: Stamp, problem: str = "") -> Snapshot:
    """All that is known. Raises Damaged if its settings can't be read. The last few runs are cached."""
    summary = run = summary_of(path, stamp)
    attempt = _Attempts(path, [problem, summary.warning, READ_ONLY if stamp.read_only else ""])
    problems, nothing = attempt.problems, dict[str, Any]()
    checkpoint, refused = checkpoints.newest(path)
    problems.append(refused)
    if checkpoint:
        generator, critic = map(checkpoint.network, ("generator", "critic"))
        run = dataclasses.replace(run, **checkpoint.progress, generator=generator, critic=critic)
    if summary.status in (Status.FAILED, Status.FINISHED, Status.STOPPED):
        # Only a failed run has made more steps than its last checkpoint.
        run = dataclasses.replace(run, step=summary.step, critic_step=summary.critic_step, seconds=summary.seconds)
        run = dataclasses.replace(run, **attempt(lambda: _saved_networks(path, summary.config), nothing))
    keeps_none = summary.status is Status.FAILED or (isinstance(run.config, WatchedConfig) and not run.step)
    last_step = math.inf if keeps_none else run.step
    rows, history = attempt(lambda: tables.metrics(path), None), summary.history
    if rows is not None:
        no_layers: tuple[Layers, np.ndarray] = (), np.empty((len(rows), 0, 2), np.int32)
        layers, counts = attempt(lambda: tables.layer_counts(path, rows), no_layers)
        history = History(rows[: len(counts)], layers, counts).until(last_step)
        problems.append(tables.lost(history, run.step))
    samples = attempt(lambda: _samples(run), None)
    if samples is None:
        run = dataclasses.replace(run, generator=None)
    if isinstance(run.config, WatchedConfig):  # it saves no networks
        moment, run = attempt(lambda: _newest_moment(path, math.inf), None), _at_end(run, history)
        samples = moment.samples if moment else None
        if moment and moment.step < run.step:
            problems.append(f"Its weights and samples are those of step {moment.step:,}, the last that were saved.")
    return dataclasses.replace(
        run,
        history=history,
        changes=() if summary.warning else attempt(lambda: _changes(path, history), ()),
        weights=attempt(lambda: _weights(path, run.step), ()),
        readings=attempt(lambda: tables.readings(path, last_step), no_readings()),
        real=contents.real_samples(path, run.config),
        samples=samples,
        warning=attempt.in_words,
    )


@lru_cache(maxsize=16)
def record_of(path: Path, stamp: Stamp) -> Snapshot:
    """All but the networks: tables, with the weights, samples and real samples of the newest moment. Raises Damaged."""
    run = tables_of(path, stamp)
    attempt = _Attempts(path, [run.warning])
    moment = attempt(lambda: _newest_moment(path, run.step), None)
    if moment:
        run = dataclasses.replace(run, weights=moment.weights, samples=moment.samples)
    return dataclasses.replace(run, real=contents.real_samples(path, run.config), warning=attempt.in_words)


def tables_of(path: Path, stamp: Stamp) -> Snapshot:
    """The summary, with metrics, changes and readings. Raises Damaged."""
    run = summary_of(path, stamp)
    attempt = _Attempts(path, [run.warning])
    last_step = math.inf if run.status is Status.FAILED else run.step
    rows = attempt(lambda: tables.metrics(path), NO_HISTORY.rows)
    history = History(rows, (), np.empty((len(rows), 0, 2), np.int32)).until(last_step)
    changes: tuple[Change, ...] = ()
    if not run.warning:
        changes = attempt(lambda: _changes(path, history), changes)
    readings = attempt(lambda: tables.readings(path, last_step), no_readings())
    return dataclasses.replace(run, history=history, changes=changes, readings=readings, warning=attempt.in_words)


class _Attempts:
    """Reads parts of a run, and keeps a sentence for each that can't be read."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path, self.problems = path, problems

    def __call__(self, read: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return read()
        except ValueError as error:
            known = str(error).startswith(str(self.path))
            self.problems.append(str(error) if known else f"{self.path.name}: {error}")
            return otherwise

    @property
    def in_words(self) -> str:
        return " ".join(filter(None, self.problems))


def _changes(path: Path, history: History) -> tuple[Change, ...]:
    """Those within the history: at which step later ones came is not known."""
    end = history["critic_step"][-1] if len(history) else 0
    return tables.recorded([change for change in tables.changes(path / "changes.csv") if not change[0] > end], history)


def _samples(run: Snapshot) -> np.ndarray | None:
    """Of its fixed latents, if there is a generator. Raises ValueError if they are not finite."""
    if run.generator is None:
        return None
    samples = sampling.generate(run.generator, streams.fixed_latents(run.config)).numpy()
    if not np.isfinite(samples).all():
        raise ValueError("its generator can't be used: its samples are not all finite.")
    return images.shown(samples)


def _at_end(run: Snapshot, history: History) -> Snapshot:
    """A run without checkpoints at the last step of its record."""
    if run.step or not len(history):
        return run
    step, critic_step, seconds = (history[name][-1] for name in ("step", "critic_step", "seconds"))
    return dataclasses.replace(run, step=int(step), critic_step=int(critic_step), seconds=float(seconds))


def _saved_networks(path: Path, config: TrainConfig) -> dict[str, Any]:
    """Both networks as they were at the end; empty if they were not saved. Raises Damaged for others."""
    saved: dict[str, Any] = {}
    for which in ("generator", "critic") if os.path.lexists(path / "generator.safetensors") else ():
        saved[which], *_ = networks.read_network(path / f"{which}.safetensors", which, config)
    return saved


def _weights(path: Path, step: int) -> tuple[WeightHistogram, ...]:
    moment = _newest_moment(path, step)
    return moment.weights if moment else ()


def _newest_moment(path: Path, step: float) -> moments.Moment | None:
    steps = [saved for saved in moments.steps(path) if saved <= step]
    return moments.read(path, steps[-1]) if steps else None
