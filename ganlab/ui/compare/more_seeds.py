"""A form that adds seeds to a sweep: every setting in it gets the next ones."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import streamlit as st

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import count_of
from ganlab.runs import background, swept_run
from ganlab.runs.sweep import MOST_RUNS, with_more_seeds
from ganlab.runs.sweep_progress import progress
from ganlab.runs.swept_run import SweptRun
from ganlab.ui.kit import estimate, frame, html
from ganlab.ui.kit.components import button
from ganlab.ui.kit.server import hub

EVERY = 1.0  # seconds between two looks at how long the runs will take
WIDTH = 300  # pixels of the form, whatever it says


def control(runs: Sequence[SweptRun]) -> None:
    """The button that opens the form, for the runs of a sweep that does not train."""
    with st.popover("More seeds", icon=":material/add:", key="more_seeds", on_change="rerun") as opened:
        if opened.open:
            with st.container(width=WIDTH):
                _form(tuple(runs))


@st.fragment
def _form(runs: tuple[SweptRun, ...]) -> None:
    path = runs[0].path.parent
    if background.under_way(path):
        st.rerun()  # the whole page, without this form
    many = st.number_input("More seeds of each setting", 1, MOST_RUNS, 1, key="more_seeds_of_each")
    _summary(runs, many)
    button("Add and train", "play_arrow", _add, path, type="primary", key="add_seeds")
    frame.once("sweep_refused", st.error, "error")


@st.fragment(run_every=EVERY)
def _summary(runs: tuple[SweptRun, ...], many: int) -> None:
    """How many runs that adds and how long they take, or why they can't be added."""
    try:
        new = _new(runs, many)
    except ValueError as error:
        st.caption(f":red[{html.plain(settings.labelled(TrainConfig, error))}]")
        return
    path = runs[0].path.parent
    known = progress([*runs, *(SweptRun(path / name, config) for name, config in new.items())], hub().seconds_of)
    text = count_of(len(new), "more run")
    if left := known.runs - known.over - len(new):
        text += f", and {left:,} that have not finished"
    st.caption(f"{text}{estimate.in_words(known)}.")


@lru_cache(maxsize=2)
def _new(runs: tuple[SweptRun, ...], many: int) -> Mapping[str, TrainConfig]:
    """Kept, for ten thousand take seconds."""
    return MappingProxyType(with_more_seeds([run.planned for run in runs], many))


@frame.acting(ValueError, OSError, key="sweep_refused")
def _add(path: Path) -> None:
    if background.under_way(path):
        raise ValueError(f"Sweep {path.name} is under way: add seeds once it has ended.")
    configs = [run.planned for run in swept_run.runs_of(path)]  # of which another visitor may have added some
    background.start(path, with_more_seeds(configs, st.session_state["more_seeds_of_each"]))
