"""The sweeps in the folder of the runs: the runs of each are another list to choose from, with its progress above."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

import streamlit as st

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import count_of, in_words, rough_range
from ganlab.runs import background, swept_run
from ganlab.runs.disk import library
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import FILE
from ganlab.runs.sweep_progress import Progress, progress
from ganlab.runs.swept_run import SweptRun
from ganlab.ui.compare import more_seeds
from ganlab.ui.compare.picks import MOST
from ganlab.ui.kit import frame, html
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.components import button, panel
from ganlab.ui.kit.html import plain
from ganlab.ui.kit.server import hub

ALL = "All single runs"
EVERY = 2.0  # seconds between two looks at the runs of a sweep that is under way


def menu() -> None:
    """Which list the table shows, if there is any sweep."""
    paths = library.sweep_paths()
    names = sorted(paths)
    if st.session_state.get("sweep", ALL) not in (ALL, *names):  # it was deleted
        del st.session_state["sweep"]
    if names:
        if "sweep" not in st.session_state:
            st.session_state["sweep"] = first_list(paths)
        st.selectbox("Show", [ALL, *names], key="sweep", label_visibility="collapsed", width=300)


def first_list(paths: Mapping[str, Path]) -> str:
    """Which list is shown before one is chosen, with the sweeps at these paths.

    That of the first compared run; else a sweep that trains, or the newest one if no single run is newer.
    """
    if not paths:
        return ALL
    if first := next(filter(None, st.session_state["compared"]), ""):
        return name if (name := first.rpartition("/")[0]) in paths else ALL
    if training := background.all_under_way(paths):
        return training[0]
    begun = {name: _written(path / FILE) for name, path in paths.items()}
    newest = max(begun, key=begun.__getitem__)
    newer = all(begun[newest] > _written(run.path / "config.json") for run in hub().runs)
    return newest if newer else ALL


def _written(file: Path) -> float:
    """When a file was written, in seconds."""
    with suppress(OSError):  # it has just been deleted
        return file.stat().st_mtime
    return 0.0


def chosen() -> str:
    """The name of the sweep whose runs the table shows; "" if it shows single runs."""
    name = st.session_state.get("sweep", ALL)
    return "" if name == ALL else name


def named(run_ids: Iterable[str]) -> list[Run]:
    """The runs of all sweeps that are in these IDs, `SWEEP/RUN`."""
    names = dict.fromkeys(run_id.partition("/")[0] for run_id in run_ids if "/" in run_id)
    return [run for name in names for run in runs_of(name)]


def runs_of(name: str) -> list[SweptRun]:
    """The runs of a sweep, even those that have not begun; none, and a warning, if it can't be read."""
    path = library.sweep_paths().get(name)
    if path is None:
        return []
    try:
        return sorted(swept_run.runs_of(path), key=_by_settings)
    except (ValueError, OSError) as error:
        st.warning(plain(in_words(error)), icon=":material/help:")
        return []


def _by_settings(run: SweptRun) -> list[object]:
    """The settings in their usual order, so that ranges grow and seeds follow each other."""
    values = settings.fields(TrainConfig)
    return [
        value[1] if isinstance(value, tuple) else value for value in (getattr(run.planned, name) for name in values)
    ]


def at_first(runs: Sequence[SweptRun]) -> list[str]:
    """The IDs of the runs to compare at first: as many seeds of each setting as fit, or settings all along the list."""
    seeds: dict[object, list[str]] = {}
    for run in runs:  # there may be ten thousand: `dataclasses.replace` would check each one again
        setting = tuple(value for name, value in vars(run.planned).items() if name != "seed")
        seeds.setdefault(setting, []).append(run.run_id)
    groups = list(seeds.values())
    if len(groups) > MOST:
        groups = [groups[round(i * (len(groups) - 1) / (MOST - 1))] for i in range(MOST)]
    return [run_id for group in groups for run_id in group[: MOST // len(groups)]]


def status(runs: Sequence[SweptRun]) -> None:
    """How far the sweep of these runs is, if any, kept up to date while it is under way, with Cancel or Continue."""
    if not runs:
        return
    path = runs[0].path.parent
    activity = alive, stopping = _activity(path)
    first_known = _progress(runs, alive)
    frame.once("sweep_refused", st.error, "error")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        slot = st.container(key="sweep_state")
        first = at_first(runs)
        if set(filter(None, st.session_state["compared"])) != set(first):
            label, help = "Compare these", None
            if len(first) < len(runs):
                label = f"Compare {len(first)} of them"
                help = "From every part of the sweep, as many as fit side by side: others are chosen in the table."
            button(label, "compare_arrows", _compare, first, help=help, type="tertiary", key="compare_these")
        if may_act() and alive and not stopping:
            button("Cancel", "stop", _cancel, path, help="All runs stop after their step; Continue resumes them.")
        if may_act() and not alive:
            if first_known.over < len(runs):
                button("Continue", "play_arrow", _continue, path, help="Trains the runs that have not finished.")
            more_seeds.control(runs)

    @st.fragment(run_every=EVERY if alive else None)
    def tick() -> None:
        known = _progress(runs, alive)
        if _activity(path) != activity or _rows(known) != _rows(first_known):
            st.rerun()  # also the buttons, the table and the figure
        with slot:
            problem = background.problem(path) if known.over < known.runs else ""
            panel("sweep_progress", _in_words(known, *activity, problem))

    tick()


def _activity(path: Path) -> tuple[bool, bool]:
    """Whether a sweep is under way, and whether it is about to stop."""
    return background.under_way(path), background.stopping(path)


def _progress(runs: Sequence[SweptRun], alive: bool) -> Progress:
    if alive and may_act():
        return progress(runs, hub().seconds_of)
    return progress(runs)  # guests measure nothing


def _rows(known: Progress) -> tuple[object, ...]:
    """What the table tells too."""
    return known.over, [run.run_id for run, _ in known.training]


def _in_words(known: Progress, alive: bool, stopping: bool, problem: str) -> str:
    """The runs that are over, of all; what trains, each with its step; and the time left."""
    state = Status.RUNNING if alive else Status.FINISHED if known.over == known.runs else Status.STOPPED
    left = ""
    if alive and not stopping and known.left and known.left[1]:
        left = f"{rough_range(*known.left)} left"
    done = f"<b>{known.over:,}</b> of {count_of(known.runs, 'run')}"
    if known.failed:
        done += f", <span class='bad'>{known.failed:,} failed</span>"
    training = "".join(
        f"<span class='nowrap'>{escape(run.name)}, seed {run.planned.seed}: "
        f"<b>{step:,}</b> of {run.config.steps:,}</span>"
        for run, step in known.training
    )
    return (
        f"<div class='sweep'>{html.pill(state, 'Stopping' if stopping else '')}<span class='nowrap'>{done}</span>"
        f"<div class='bar' role='progressbar' aria-label='of the sweep' aria-valuenow='{100 * known.share:.0f}'>"
        f"<span style='width:{100 * known.share:.1f}%'></span></div><span class='muted nowrap'>{left}</span>"
        f"<div class='muted small'>{training}</div><div class='bad'>{escape(problem)}</div></div>"
    )


def _compare(run_ids: list[str]) -> None:
    st.session_state["compared"] = run_ids


@frame.acting(OSError, key="sweep_refused")
def _cancel(path: Path) -> None:
    background.stop(path)


@frame.acting(OSError, ValueError, key="sweep_refused")
def _continue(path: Path) -> None:
    background.start(path, {})
