"""A run as it lies on disk, with what pages know of any run. Reads a file only when it is needed."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.gan.holding import changed_live
from ganlab.measure.gradients import Gradients
from ganlab.measure.reading import INSTRUMENTS, READINGS, Broken, Reading, look
from ganlab.runs.disk import checkpoints, contents, moments
from ganlab.runs.disk.damage import is_file
from ganlab.runs.elsewhere import Elsewhere, polled
from ganlab.runs.run import SteeredRun
from ganlab.runs.saved_snapshot import Stamp, record_of, stamp_of, summary_of, tables_of, whole
from ganlab.runs.snapshot import Snapshot

TRIED = 5  # moments: a list can't wait for a thousand that can't be read
SLOWEST_LOOK = 1.0  # CPU seconds; a slower look is not made while a page waits


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
        stamp = stamp_of(self.path)
        if not stamp.held:
            self._elsewhere.forget()
            return whole(self.path, stamp)
        live = self._elsewhere.look() if stamp.read_only else self._elsewhere.meet()
        return live or whole(self.path, stamp, self._elsewhere.problem)

    @property
    def summary(self) -> Snapshot:
        stamp, known = stamp_of(self.path), self._summary
        if known is None or known[0] != stamp:
            known = self._summary = stamp, summary_of(self.path, stamp)
        return known[1]

    @property
    def record(self) -> Snapshot:
        stamp = stamp_of(self.path)
        return (self._elsewhere.look() if stamp.held else None) or record_of(self.path, stamp)

    @property
    def tables(self) -> Snapshot:
        return tables_of(self.path, stamp_of(self.path))

    @property
    def reading(self) -> Reading | None:
        """Measured now in the networks of `latest`; None if the instruments can't look, never did, or were slow.

        Of a run that trains, what its own instruments found.
        """
        stamp = stamp_of(self.path)
        if stamp.held and (live := self._elsewhere.look()):
            return live.reading
        return _look(self.path, stamp)

    @property
    def gradients(self) -> Gradients | None:
        return _gradients(self.path, stamp_of(self.path))

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


@lru_cache(maxsize=4)
def _look(path: Path, stamp: Stamp) -> Reading | None:
    """A look draws from the seed and the step alone, so this one finds what the run's own look at that step found."""
    run = whole(path, stamp)
    # The newest one counts: the first of a process also loads what it computes with.
    quick = len(run.readings) and run.readings[-1, READINGS.index("cpu_seconds")] <= SLOWEST_LOOK
    return _look_at(run, INSTRUMENTS) if quick else None


@lru_cache(maxsize=32)
def _gradients(path: Path, stamp: Stamp) -> Gradients | None:
    """A small part of a look: 0.05 CPU seconds for digits."""
    reading = _look_at(whole(path, stamp), frozenset({"gradients"}))
    return reading.gradients if reading else None


def _look_at(run: Snapshot, which: frozenset[str]) -> Reading | None:
    if run.generator is None or run.critic is None or not datasets.at_hand(run.config):
        return None
    with suppress(ValueError, OSError, FloatingPointError, Broken):
        return look(run.critic, run.generator, datasets.load(run.config), run.config, which=which, step=run.step)
    return None
