"""What a sweep shows, in a few sentences: which setting is best, which may be, and how steep the critics are."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import listed, short
from ganlab.gan.holding import constraint_in_words
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import OVER, Setting, setting_of
from ganlab.runs.sweep_progress import status_of
from ganlab.runs.swept_run import SweptRun
from ganlab.ui.compare import settings
from ganlab.ui.compare.instruments import comparable
from ganlab.ui.compare.results import Results, results

LISTED = 4  # settings in a sentence


class Tried(NamedTuple):
    """One setting, by the seeds of it that have finished and were measured."""

    name: str
    config: TrainConfig
    seeds: list[Results]

    @property
    def w1(self) -> float:
        """As the figure draws it: the median over seeds of the newest."""
        return float(np.median(self._of_seeds("w1")))

    @property
    def slope(self) -> float:
        """As the figure draws it; NaN if it was not measured, or if it is infinite."""
        slopes = self._of_seeds("largest_gradient")
        return float(np.median(slopes)) if len(slopes) else np.nan

    @property
    def spread(self) -> np.ndarray:
        """Distances between which this setting's lies: those of its seeds, or of the last looks of the only one."""
        return self._of_seeds("w1") if self.repeats else self.seeds[0].late_w1

    @property
    def repeats(self) -> bool:
        """Whether it has more than one seed."""
        return len(self.seeds) > 1

    def _of_seeds(self, measure: str) -> np.ndarray:
        values = np.array([seed.values[measure] for seed in self.seeds])
        return values[np.isfinite(values)]


def in_words(runs: Sequence[SweptRun]) -> str:
    """The sentences as HTML; "" if fewer than two settings have a run that finished, measured, or if the data differ.

    Runs that were changed while they trained are of no one setting: they are left out. So are those that failed.
    """
    tried = sorted(_tried(runs), key=lambda one: one.w1)
    if len(tried) < 2 or not comparable(one.config for one in tried):
        return ""
    so_far = "" if all(status_of(run) in OVER for run in runs) else "So far, "
    first = f"{so_far}W1 is lowest with {tried[0].name}: {short(tried[0].w1)}."
    rest = filter(None, (_within(*tried), _steepness(tried), settings.with_constraint([one.config for one in tried])))
    return f"<b>{escape(first)}</b> {escape(' '.join(rest))}"


def _tried(runs: Sequence[SweptRun]) -> list[Tried]:
    names = [name for name in settings.unnamed(run.planned for run in runs) if name != "seed"]
    tried: dict[Setting, Tried] = {}
    for run in runs:
        known = results(run)
        if status_of(run) is Status.FINISHED and np.isfinite(known.values["w1"]) and not known.was_changed:
            if (setting := setting_of(run.planned)) not in tried:
                name = ", ".join((constraint_in_words(run.planned), *settings.in_words(run.planned, names)))
                tried[setting] = Tried(name, run.planned, [])
            tried[setting].seeds.append(known)
    return list(tried.values())


def _within(best: Tried, *others: Tried) -> str:
    """Between what the best one's distances lie, and which others came into that range."""
    low, high = (short(float(end)) for end in (best.spread.min(), best.spread.max()))
    between = f"Its {'seeds' if best.repeats else 'last looks'} range from {low} to {high}; " if low != high else ""
    came = "came within that" if between else "came as low"
    names = [one.name for one in others if one.spread.min() <= best.spread.max()]
    if not names:
        return f"{between}{'no' if between else 'No'} other {came}."
    if len(names) > LISTED:
        names = [*names[: LISTED - 1], f"{len(names) - LISTED + 1} others"]
    if not between:
        names[0] = names[0][0].upper() + names[0][1:]
    return f"{between}{listed(names)} {came}: these runs can’t tell which is best."


def _steepness(tried: Sequence[Tried]) -> str:
    """What the critic's slope does over the clip ranges, and with other constraints; "" if anything else is varied."""
    known = [one for one in tried if np.isfinite(one.slope)]
    clipped = sorted((one for one in known if one.config.constraint == "clip"), key=lambda one: _width(one.config))
    others = [one for one in known if one.config.constraint != "clip"]
    if len(clipped) < 2 or len({one.config.clip_range for one in clipped}) < len(clipped):
        return ""
    low, high = (f"{short(one.slope)} with {one.name}" for one in (clipped[0], clipped[-1]))
    text = f"The critic’s steepest slope, at most 1 in the definition of W1, goes from {low} to {high}"
    if 0 < len(others) <= LISTED:
        text += f", and is {listed(f'{short(one.slope)} with {one.name}' for one in others)}"
    return f"{text}.{' Where it is 0, the generator learns nothing more.' if clipped[0].slope == 0 else ''}"


def _width(config: TrainConfig) -> float:
    return max(map(abs, config.clip_range))
