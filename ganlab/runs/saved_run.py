"""A run as it lies on disk, with what pages know of any run. Reads a file only when it is needed."""

import dataclasses
import math
import os
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ganlab.config import Layers, TrainConfig, WatchedConfig, changed_live
from ganlab.data import datasets, images
from ganlab.gan import sampling, streams
from ganlab.gan.histograms import WeightHistogram
from ganlab.measure.gradients import Gradients
from ganlab.measure.reading import INSTRUMENTS, READINGS, Broken, Reading, look, no_readings
from ganlab.runs.disk import checkpoints, contents, lock, moments, networks, tables
from ganlab.runs.disk.damage import is_file
from ganlab.runs.elsewhere import Elsewhere, polled
from ganlab.runs.history import NO_HISTORY, Change, History
from ganlab.runs.run import SteeredRun
from ganlab.runs.snapshot import Snapshot, Status


class Stamp(NamedTuple):
    """Changes when a run on disk does."""

    newest: str  # checkpoint
    ended: int  # when, in ns
    held: bool  # by a process that trains it
    read_only: bool  # for this process


READ_ONLY = "ganlab can't write to this run's folder. To resume the run, copy the folder somewhere writable."
TRIED = 5  # moments: a list can't wait for a thousand that can't be read
SLOWEST_LOOK = 1.0  # CPU seconds; a slower look is not made while a page waits
Result = TypeVar("Result")


class SavedRun(SteeredRun):
    """A run of an earlier server, or of another process, which hears its commands while it trains."""

    def __init__(self, path: Path) -> None:
        self.run_id, self.path = path.name, path
        self._summary: tuple[Stamp, Snapshot] | None = None
        self._elsewhere = Elsewhere(path)

    @property
    def config(self) -> TrainConfig:
        return contents.config_of(self.path)

    @property
    def wanted(self) -> TrainConfig:
        return self._elsewhere.wanted(otherwise=self.summary.config)

    @property
    def instruments(self) -> frozenset[str]:
        return self._elsewhere.instruments(otherwise=INSTRUMENTS)

    @property
    def latest(self) -> Snapshot:
        """All that is known of it; read again only when its files have changed."""
        stamp = _stamp(self.path)
        if not stamp.held:
            self._elsewhere.forget()
            return _read(self.path, stamp)
        live = self._elsewhere.look() if stamp.read_only else self._elsewhere.meet()
        return live or _read(self.path, stamp, self._elsewhere.problem)

    @property
    def summary(self) -> Snapshot:
        stamp, known = _stamp(self.path), self._summary
        if known is None or known[0] != stamp:
            known = self._summary = stamp, _read_summary(self.path, stamp)
        return known[1]

    @property
    def record(self) -> Snapshot:
        stamp = _stamp(self.path)
        return (self._elsewhere.look() if stamp.held else None) or _record(self.path, stamp)

    @property
    def tables(self) -> Snapshot:
        return _read_tables(self.path, _stamp(self.path))

    @property
    def reading(self) -> Reading | None:
        """Measured now in the networks of `latest`; None if the instruments can't look, never did, or were slow.

        Of a run that trains, what its own instruments found.
        """
        stamp = _stamp(self.path)
        if stamp.held and (live := self._elsewhere.look()):
            return live.reading
        return _look(self.path, stamp)

    @property
    def gradients(self) -> Gradients | None:
        return _gradients(self.path, _stamp(self.path))

    @property
    def newest_samples(self) -> np.ndarray | None:
        for step in reversed(moments.steps(self.path)[-TRIED:]):
            with suppress(ValueError):
                return moments.read(self.path, step).samples
        return None

    @property
    def has_generator(self) -> bool:
        """Whether there is a generator to sample from, judged by the names of the files."""
        return is_file(self.path / "generator.safetensors") or bool(checkpoints.files(self.path))

    def pause(self) -> None:
        self._elsewhere.send("pause")

    def resume(self) -> None:
        self._elsewhere.send("resume")

    def step(self) -> None:
        self._elsewhere.send("step")

    def stop(self) -> None:
        self._elsewhere.send("stop")

    def change(self, /, **values: Any) -> None:
        changed_live(self.wanted, values)  # refused here, it need not be sent
        self._elsewhere.send("change", values)

    def switch(self, instruments: frozenset[str]) -> None:
        self._elsewhere.send("switch", instruments=instruments)

    def uses_range(self, within: float) -> bool:
        return polled(
            lambda: (weights := self.latest.weights) and weights[0].clip_range == self.wanted.clip_range, within
        )


def _stamp(path: Path) -> Stamp:
    files, ended = checkpoints.files(path), 0
    with suppress(OSError):
        ended = (path / "ended.json").lstat().st_mtime_ns
    return Stamp(files[-1].path.name if files else "", ended, lock.held(path), not lock.writable(path))


def _read_summary(path: Path, stamp: Stamp) -> Snapshot:
    config, end = contents.config_of(path), contents.ending(path)
    step = max((file.step for file in checkpoints.files(path) if file.step <= config.steps), default=0)
    values: dict[str, Any] = {"message": "", "step": step, "status": Status.INTERRUPTED, "read_only": stamp.read_only}
    if stamp.held:
        values["status"] = Status.ELSEWHERE
    elif end and end.step <= config.steps:
        values |= vars(end)
    warning = ""
    try:
        changes = {field: value for _, field, value in tables.changes(path / "changes.csv")}
        config = changed_live(config, changes)
    except ValueError as error:
        warning = f"{path.name}: {error}"
    return Snapshot(run_id=path.name, config=config, history=NO_HISTORY, warning=warning, **values)


@lru_cache(maxsize=4)
def _read(path: Path, stamp: Stamp, problem: str = "") -> Snapshot:
    """The whole run; what can't be read is missing, and `warning` says so. The last few runs are cached."""
    summary = run = _read_summary(path, stamp)
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
def _record(path: Path, stamp: Stamp) -> Snapshot:
    run = _read_tables(path, stamp)
    attempt = _Attempts(path, [run.warning])
    moment = attempt(lambda: _newest_moment(path, run.step), None)
    if moment:
        run = dataclasses.replace(run, weights=moment.weights, samples=moment.samples)
    return dataclasses.replace(run, real=contents.real_samples(path, run.config), warning=attempt.in_words)


def _read_tables(path: Path, stamp: Stamp) -> Snapshot:
    run = _read_summary(path, stamp)
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


@lru_cache(maxsize=4)
def _look(path: Path, stamp: Stamp) -> Reading | None:
    """A look draws from the seed and the step alone, so this one finds what the run's own look at that step found."""
    run = _read(path, stamp)
    quick = len(run.readings) and run.readings[:, READINGS.index("cpu_seconds")].max() <= SLOWEST_LOOK
    return _look_at(run, INSTRUMENTS) if quick else None


@lru_cache(maxsize=32)
def _gradients(path: Path, stamp: Stamp) -> Gradients | None:
    """A small part of a look: 0.05 CPU seconds for digits."""
    reading = _look_at(_read(path, stamp), frozenset({"gradients"}))
    return reading.gradients if reading else None


def _look_at(run: Snapshot, which: frozenset[str]) -> Reading | None:
    if run.generator is None or run.critic is None or not datasets.at_hand(run.config):
        return None
    with suppress(ValueError, OSError, FloatingPointError, Broken):
        return look(run.critic, run.generator, datasets.load(run.config), run.config, which=which, step=run.step)
    return None


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
