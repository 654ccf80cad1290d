"""The sweeps in the folder of the runs: the runs of each are another list to choose from."""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

import streamlit as st

from ganlab.formatting import in_words
from ganlab.runs.disk import library
from ganlab.runs.run import Run
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.sweep import FILE, Sweep
from ganlab.ui.kit.html import plain

ALL = "All single runs"


def menu() -> None:
    """Which list the table shows, if there is any sweep."""
    if names := sorted(library.sweep_paths()):
        st.selectbox("Show", [ALL, *names], key="compare_list", label_visibility="collapsed", width=220)


def shown(single: Sequence[Run]) -> Sequence[Run]:
    """The runs of the chosen sweep, or else the single ones."""
    name = st.session_state.get("compare_list", ALL)
    return single if name == ALL else runs_of(name)


def named(run_ids: Iterable[str]) -> list[Run]:
    """The runs of all sweeps that are in these IDs, `SWEEP/RUN`."""
    names = dict.fromkeys(run_id.partition("/")[0] for run_id in run_ids if "/" in run_id)
    return [run for name in names for run in runs_of(name)]


def runs_of(name: str) -> list[Run]:
    """The runs of a sweep that have begun; none, and a warning, if it can't be read."""
    path = library.sweep_paths().get(name)
    if path is None:
        return []
    try:
        folders = [path / run for run in _names(path, (path / FILE).stat().st_mtime_ns)]
    except (ValueError, OSError) as error:
        st.warning(plain(in_words(error)), icon=":material/help:")
        return []
    return [_saved(folder) for folder in folders if (folder / "config.json").exists()]


@lru_cache(maxsize=8)
def _names(path: Path, _stamp: int) -> tuple[str, ...]:
    """Read again when sweep.json has changed: it may hold thousands of settings."""
    return tuple(Sweep(path).runs)


@cache
def _saved(path: Path) -> SavedRun:
    """One object for each run, so that what it has read is kept."""
    run = SavedRun(path)
    run.run_id = f"{path.parent.name}/{path.name}"
    return run
