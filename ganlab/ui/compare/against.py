"""A sweep's figures: two measures of its runs against any setting that it varies."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from html import escape
from math import isfinite, isnan, nan
from statistics import median
from typing import Any, NamedTuple

import streamlit as st

from ganlab import settings as rules
from ganlab.config import TrainConfig
from ganlab.formatting import range_in_words
from ganlab.gan.holding import constraint_in_words
from ganlab.plots import sweeps as plots
from ganlab.plots.base import Figure
from ganlab.plots.sweeps import Dot
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import differing, setting_of
from ganlab.runs.sweep_progress import status_of
from ganlab.runs.swept_run import SweptRun
from ganlab.ui.compare import answer, preview, samples, settings
from ganlab.ui.compare.measures import MEASURES
from ganlab.ui.compare.picks import Pick
from ganlab.ui.compare.results import results
from ganlab.ui.kit import constraints
from ganlab.ui.kit.components import Caption, csv_file, download, panel, plot

LOOK = "step"  # the measure that every run has at which the instruments have looked; it is not offered
OFFERED = {measure.name: measure.label for measure in MEASURES if measure.name != LOOK}
FIRST = "clip_range"  # the setting at first, if it is varied
RESULT, REASON = "w1", "largest_gradient"  # the measures at first: how close, and why
KEYS = ("sweep_measure", "sweep_reason")  # of the widgets that choose them
NOTE = "Each dot is a run, hollow if it did not finish; the line joins the medians over seeds."
FEW_SEEDS = {
    1: " With one seed, small differences mean little.",
    2: " With two seeds, a median is halfway between them.",
}


class Chosen(NamedTuple):
    """What a figure of a sweep shows."""

    runs: Sequence[SweptRun]
    measure: str  # one of OFFERED
    field: str  # a setting

    @property
    def name(self) -> str:
        """That of the sweep."""
        return self.runs[0].path.parent.name

    @property
    def note(self) -> str:
        """How to read the figure."""
        seeds = Counter(setting_of(run.planned) for run in self.runs)
        return NOTE + ("" if self.field == "seed" else FEW_SEEDS.get(min(seeds.values()), ""))

    @property
    def caption(self) -> Caption:
        """What the figure is called."""
        return Caption(f"{OFFERED[self.measure]} against {settings.label(self.field)}")


def card(runs: Sequence[SweptRun], compared: Sequence[Pick]) -> list[Chosen]:
    """The figures of a sweep's runs, and what they show; none if no run was measured, or only one setting."""
    fields = sorted(differing([run.planned for run in runs]), key=lambda field: (field == "seed", field != FIRST))
    if not fields or all(isnan(results(run).values[LOOK]) for run in runs):
        return []
    if st.session_state.get("sweep_setting") not in fields:  # another sweep's, or an address's
        st.session_state["sweep_setting"] = fields[0]
    with st.container(border=True, key="against"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("The sweep", anchor=False, width="content")
            with st.container(horizontal=True, width="content", gap="small"):
                field = st.selectbox(
                    "Setting",
                    fields,
                    key="sweep_setting",
                    label_visibility="collapsed",
                    width=200,
                    format_func=lambda field: f"Against {settings.label(field)}",
                )
                help = "Every measure of every run of the sweep, and the settings that it varies."
                download("CSV", "sweep.csv", partial(csv, runs), key="download_sweep", help=help)
        panel("sweep_answer", f"<p>{answer.in_words(runs)}</p>")
        chosen = list[Chosen]()
        for column, key, first in zip(st.columns(2, gap="small"), KEYS, (RESULT, REASON), strict=True):
            with column:
                chosen.append(Chosen(runs, _measure(key, first), field))
                plot(f"{key}_figure", drawn(chosen[-1], compared), 260, chosen[-1].caption)
        st.caption(f"{chosen[0].note} Point at a dot, or go from dot to dot with the arrow keys, to see its run below.")
        preview.beneath(runs, compared)
        own = {run.run_id: run.planned for run in runs}
        beneath = sorted(
            (pick for pick in compared if pick.run.run_id in own), key=lambda pick: _order(own[pick.run.run_id], field)
        )
        if len(beneath) > 1:
            panel("sweep_samples", f"<div class='of-sweep'>{samples.side_by_side(beneath)}</div>", samples.caption())
    return chosen


def _measure(key: str, first: str) -> str:
    st.session_state.setdefault(key, first)
    label = f"Measure, at first {OFFERED[first]}"  # each has its own
    return st.selectbox(label, list(OFFERED), key=key, label_visibility="collapsed", format_func=OFFERED.__getitem__)


def drawn(chosen: Chosen, compared: Sequence[Pick]) -> Figure:
    """The figure; the runs that are compared have their letters in it."""
    runs, measure, field = chosen
    letters = {pick.run.run_id: pick.letter for pick in compared}
    users = [run.planned for run in runs if _uses(run.planned, field)]
    held = list(dict.fromkeys(getattr(config, field) for config in users))
    names = [] if all(map(_has_place, held)) else held
    other = [name for name in differing(users) if name not in (field, "seed")]
    across = _differing_by_constraint(run.planned for run in runs if not _uses(run.planned, field))
    unnamed = settings.unnamed(run.planned for run in runs)
    dots = []
    for run in runs:
        config, uses = run.planned, _uses(run.planned, field)
        group = settings.in_words(config, other)
        if not uses:
            group = [constraints.CARDS[config.constraint][0], *settings.in_words(config, across[config.constraint])]
        x = _place(getattr(config, field), names) if uses else nan
        name = escape(", ".join((constraint_in_words(config), *settings.in_words(config, unnamed))))
        letter, finished = letters.get(run.run_id, ""), status_of(run) is Status.FINISHED
        dots.append(
            Dot(x, results(run).values[measure], escape(", ".join(group)), name, letter, finished, run.path.name)
        )
    title = "c, of the clip range ±c" if field == "clip_range" and not names else settings.label(field)
    ticks = [settings.value(config, field) for config in _first(users, field, names)]
    return plots.measured(dots, title, OFFERED[measure], ticks)


def csv(runs: Sequence[SweptRun]) -> bytes:
    """A row for each run: the settings that the sweep varies, empty where they have no effect, and all measures.

    Below them, the medians that the figure draws: a row for all runs that have finished and differ only in their seed.
    """
    fields, rows = differing([run.planned for run in runs]), []
    repeats: dict[tuple[Any, ...], list[dict[str, float]]] = {}
    for run in runs:
        held = [getattr(run.planned, field) if _uses(run.planned, field) else "" for field in fields]
        held = [range_in_words(value) if isinstance(value, tuple) else value for value in held]
        status, found = status_of(run), results(run).values
        rows.append((run.path.name, status, *held, *("" if isnan(value) else value for value in found.values())))
        if status is Status.FINISHED:
            seedless = ("" if field == "seed" else value for field, value in zip(fields, held, strict=True))
            repeats.setdefault(tuple(seedless), []).append(found)
    for held_by_all, of_each in repeats.items():
        if len(of_each) > 1:
            rows.append((f"median of {len(of_each)}", "", *held_by_all, *_medians(of_each)))
    return csv_file(("run", "state", *fields, *(measure.label for measure in MEASURES)), rows)


def _medians(of_each: Sequence[dict[str, float]]) -> list[Any]:
    """Of each measure, the median of the runs of which it is known; empty if there are none."""
    known = ([found[name] for found in of_each if isfinite(found[name])] for name in of_each[0])
    return [median(each) if each else "" for each in known]


def _differing_by_constraint(configs: Iterable[TrainConfig]) -> dict[str, list[str]]:
    """For each constraint the fields in which its runs differ, but for the seed."""
    groups = settings.by_constraint(configs).items()
    return {name: [field for field in differing(group) if field != "seed"] for name, group in groups}


def _has_place(value: Any) -> bool:
    """Whether a setting can be drawn on an axis of numbers; a clip range from -c to c is drawn at c."""
    return isinstance(value, int | float) or (isinstance(value, tuple) and -value[0] == value[1])


def _uses(config: TrainConfig, field: str) -> bool:
    return rules.rules(TrainConfig, field).applies(config)


def _place(value: Any, names: list[Any]) -> float:
    """Where a setting is on its axis: of a clip range the larger bound, of a word its place among the others."""
    if names:
        return float(names.index(value))
    return max(map(abs, value)) if isinstance(value, tuple) else float(value)


def _order(config: TrainConfig, field: str) -> tuple[bool, Any]:
    """Sorts settings by a field; last come those that don't use it."""
    value = getattr(config, field)
    return not _uses(config, field), max(map(abs, value)) if isinstance(value, tuple) else value


def _first(users: Sequence[TrainConfig], field: str, names: list[Any]) -> list[TrainConfig]:
    """For each of the names the first settings that have it."""
    return [next(config for config in users if getattr(config, field) == name) for name in names]
