"""What a sweep shows, in a few sentences: which setting is best, which may be, and how steep the critics are."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import listed, short
from ganlab.gan.holding import constraint_in_words
from ganlab.measure.reading import READINGS
from ganlab.runs.sweep import OVER
from ganlab.runs.sweep_progress import status_of
from ganlab.runs.swept_run import SweptRun
from ganlab.ui.compare import settings
from ganlab.ui.kit.live import once

LOOKS = 5  # the last of a run, in its second half: a single seed is as uncertain as they scatter
LISTED = 4  # settings in a sentence


class Found(NamedTuple):
    """What the instruments found of one run."""

    w1: np.ndarray  # [looks], the newest last
    slope: float  # the steepest of the newest look


class Tried(NamedTuple):
    """One setting, by the seeds of it that have ended."""

    name: str
    config: TrainConfig
    seeds: list[Found]

    @property
    def w1(self) -> float:
        """As the figure draws it: the median over seeds of the newest."""
        return float(np.median([found.w1[-1] for found in self.seeds]))

    @property
    def slope(self) -> float:
        """The median over seeds."""
        return float(np.median([found.slope for found in self.seeds]))

    @property
    def spread(self) -> np.ndarray:
        """Distances between which this setting's lies: those of its seeds, or of the last looks of the only one."""
        return self.seeds[0].w1 if len(self.seeds) == 1 else np.array([found.w1[-1] for found in self.seeds])


def in_words(runs: Sequence[SweptRun]) -> str:
    """The sentences as HTML; "" while fewer than two settings have a run that has ended and was measured."""
    tried = sorted(_tried(runs), key=lambda one: one.w1)
    if len(tried) < 2:
        return ""
    so_far = "" if all(status_of(run) in OVER for run in runs) else "So far, "
    first = f"{so_far}W1 is lowest with {tried[0].name}: {short(tried[0].w1)}."
    return f"<b>{escape(first)}</b> {escape(f'{_as_close(*tried)} {_steepness(tried)}'.strip())}"


def _tried(runs: Sequence[SweptRun]) -> list[Tried]:
    names = [name for name in settings.unnamed(run.planned for run in runs) if name != "seed"]
    tried: dict[str, Tried] = {}
    for run in runs:
        found = _found(run) if status_of(run) in OVER else None
        if found and len(found.w1):
            name = ", ".join((constraint_in_words(run.planned), *settings.in_words(run.planned, names)))
            tried.setdefault(name, Tried(name, run.planned, [])).seeds.append(found)
    return list(tried.values())


def _found(run: SweptRun) -> Found | None:
    """None if the run can't be read, as the table says."""

    def read() -> Found:
        step, w1, slope = (run.tables.readings[:, READINGS.index(name)] for name in ("step", "w1", "largest_gradient"))
        late = np.isfinite(w1) & (2 * step >= step.max(initial=0))
        return Found(w1[late][-LOOKS:], float(slope[-1]) if len(slope) else np.nan)

    try:
        return once(run.summary, "last looks", read)
    except ValueError:
        return None


def _as_close(best: Tried, *others: Tried) -> str:
    """Which settings came as close as the best one, within what is known of both."""
    names = [one.name for one in others if one.spread.min() <= best.spread.max()]
    repeat = max(len(one.seeds) for one in (best, *others)) > 1
    if not names:
        return f"No other came as close {'with any seed' if repeat else 'in its last looks'}."
    if len(names) > LISTED:
        names = [*names[: LISTED - 1], f"{len(names) - LISTED + 1} others"]
    when = "With some of their seeds" if repeat else "In their last looks"
    return f"{when}, {listed(names)} came as close: these runs can’t tell which is best."


def _steepness(tried: Sequence[Tried]) -> str:
    """What the critic's slope does over the clip ranges, and with another constraint; "" if anything else is varied."""
    known = [one for one in tried if np.isfinite(one.slope)]
    clipped = sorted((one for one in known if one.config.constraint == "clip"), key=lambda one: _width(one.config))
    if len(clipped) < 2 or len({one.config.clip_range for one in clipped}) < len(clipped):
        return ""
    low, high = (f"{short(one.slope)} with {one.name}" for one in (clipped[0], clipped[-1]))
    text = f"The critic’s steepest slope, at most 1 in the definition of W1, goes from {low} to {high}"
    text += "".join(f", and is {short(one.slope)} with {one.name}" for one in known if one not in clipped)
    return f"{text}. {'Where it is 0, the generator learns nothing.' if clipped[0].slope == 0 else ''}"


def _width(config: TrainConfig) -> float:
    return max(map(abs, config.clip_range))
