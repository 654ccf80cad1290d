"""A form that starts a sweep as `ganlab sweep` does, in a process of its own."""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import joblib
import streamlit as st

from ganlab import settings
from ganlab.config import DATASETS, TrainConfig
from ganlab.data import own_pixels
from ganlab.formatting import count_of, rough_range
from ganlab.presets import PRESETS
from ganlab.runs import background
from ganlab.runs.disk import library
from ganlab.runs.sweep import MOST_RUNS, combinations
from ganlab.runs.sweep_progress import progress
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.values import clip_ranges
from ganlab.ui.compare import sweeps
from ganlab.ui.kit import constraints, frame, html
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.clip_range import tenth
from ganlab.ui.kit.components import button
from ganlab.ui.kit.server import hub
from ganlab.ui.train import form, own_points

OWN: dict[str, Callable[[TrainConfig], object]] = {"images": own_pixels.at_hand, "drawn": own_points.enough}
"""Of the user's own data, whether that of these settings is on this computer."""
INCLUDED = [name for name in DATASETS if name not in OWN]
DATA_HELP = "With the settings of its preset. Your own images or points are here too once they are chosen on Train."
BETWEEN, LISTED = "From, to", "List"
EVERY = 1.0  # seconds between two looks at how long the runs will take
NAME_HELP = (
    "The folder of the sweep, beside the runs. If a sweep has that name, these runs are added to it, and only those "
    "that have not finished are trained."
)


class Wanted(NamedTuple):
    """What the form says."""

    path: Path
    runs: Mapping[str, TrainConfig]  # by name, in the order of training


def follow() -> None:
    """List the sweep that the form has just started, and put a closed form in its place; call this before both."""
    # Not in the callback: while that starts the sweep, the form's tick brings what the browser still shows. It may also
    # come later: it opens the old form, which is gone.
    if name := st.session_state.pop("sweep_started", ""):
        st.session_state.update(sweep=name, sweep_forms=st.session_state.get("sweep_forms", 0) + 1)


def control() -> None:
    """The button that opens the form; nothing for guests."""
    if not may_act():
        return
    key = f"new_sweep_{st.session_state.get('sweep_forms', 0)}"
    with st.popover("New sweep", icon=":material/add:", key=key, on_change="rerun") as opened:
        if opened.open:
            _form()


@st.fragment
def _form() -> None:
    if "sweep_started" in st.session_state:
        st.rerun()
    bases = _bases()
    data = st.selectbox(
        "Data", bases, INCLUDED.index("8-gaussians"), key="sweep_data", format_func=_title, help=DATA_HELP
    )
    preset = bases[data]
    held = st.pills(
        "Constraints",
        list(constraints.CARDS),
        selection_mode="multi",
        default=["clip"],
        key="sweep_constraints",
        format_func=lambda name: constraints.CARDS[name][0],
    )
    if "clip" in held:
        _ranges(preset)
    with st.container(horizontal=True, gap="small"):
        help = "How many seeds of each: 0, 1, 2 and so on."
        st.number_input("Seeds", 1, MOST_RUNS, 3, key="sweep_seeds", help=help)
        help = "Empty: as many as each constraint's preset makes."
        st.number_input("Steps", 1, value=None, placeholder=f"{preset.steps:,}", key="sweep_steps", help=help)
        st.text_input("Name", key="sweep_name", placeholder=f"{data}-sweep-…", max_chars=64, help=NAME_HELP)
    if "sweep_not_started" not in st.session_state:
        _summary()
    button("Start the sweep", "play_arrow", _start, type="primary", key="start_sweep")
    frame.once("sweep_not_started", st.error, "error")


def _bases() -> dict[str, TrainConfig]:
    """The settings that are swept, by data set: its preset's; of the user's own data, if it is at hand, Train's."""
    bases = {name: PRESETS[name] for name in INCLUDED}
    with suppress(ValueError):
        own = form.last()
        if own.dataset in OWN and OWN[own.dataset](own):
            bases[own.dataset] = own
    return bases


def _title(name: str) -> str:
    return (html.CARDS | html.MORE)[name][0]


def _ranges(preset: TrainConfig) -> None:
    """Which clip ranges: so many between two, or a list."""
    how = st.segmented_control("Clip ranges ±c", (BETWEEN, LISTED), default=BETWEEN, required=True, key="sweep_ranges")
    if how == LISTED:
        help = "Numbers, or a range of them: 0.001:1:log7 is seven, with the same factor between neighbours."
        st.text_input("c", key="sweep_list", placeholder="0.001 0.01 0.1", help=help)
        return
    c = max(map(abs, preset.clip_range))
    with st.container(horizontal=True, gap="small"):
        for label, bound in (("From", c / 10), ("To", min(10 * c, 1.0))):
            key = f"sweep_{label.lower()}_{preset.dataset}"
            st.number_input(label, value=bound, step=tenth(bound), format="%.6g", key=key)
        st.number_input("How many", 1, 99, 5, key="sweep_many", help="With the same factor between neighbours.")


@st.fragment(run_every=EVERY)
def _summary() -> None:
    """How many runs these are and how long they take, or why they can't be started."""
    try:
        path, runs = _wanted()
    except ValueError as error:
        st.caption(f":red[{html.plain(settings.labelled(TrainConfig, error))}]")
        return
    known = progress([SweptRun(path / name, config) for name, config in runs.items()], hub().seconds_of)
    text = count_of(known.runs, "run")
    if known.over:
        text += f", {known.over:,} of them finished"
    if known.left and known.left[1]:
        cores = count_of(joblib.cpu_count(), "core")
        text += f": {rough_range(*known.left)} on {cores}"
    st.caption(f"{text}.")


def _wanted() -> Wanted:
    """What the form says now. Raises ValueError, in one sentence, if that isn't a sweep."""
    state = st.session_state
    data, held, steps = state["sweep_data"], state["sweep_constraints"], state["sweep_steps"]
    if not (base := _bases().get(data)):
        raise ValueError("Your own data is no longer here: choose it on Train again.")
    if not held:
        raise ValueError("Choose at least one constraint.")
    try:
        ranges = _wanted_ranges(data) if "clip" in held else []
    except KeyError:  # what was chosen last has fields that have not been drawn yet
        raise ValueError("The form has just changed: check it, then start again.") from None
    many = state["sweep_seeds"] * (len(ranges) + len([name for name in held if name != "clip"]))
    if many > MOST_RUNS:
        raise ValueError(f"That makes {many:,} runs, and a sweep has at most {MOST_RUNS:,}: vary less.")
    runs = _runs(base, tuple(held), tuple(ranges), steps, state["sweep_seeds"])
    return Wanted(_wanted_path(runs), runs)


@lru_cache(maxsize=4)
def _runs(
    base: TrainConfig, held: tuple[str, ...], ranges: tuple[tuple[float, float], ...], steps: int | None, seeds: int
) -> Mapping[str, TrainConfig]:
    """The runs by name, one seed after the other; kept, for ten thousand take seconds."""
    fields = {"steps": [steps]} if steps else {}
    runs: dict[str, TrainConfig] = {}
    for seed in range(seeds):
        for constraint in held:
            varied = {"clip_range": ranges} if constraint == "clip" else {}
            runs |= combinations(fields | varied | {"seed": [seed]}, form.held_by(base, constraint))
    return MappingProxyType(runs)


def _wanted_ranges(data: str) -> list[tuple[float, float]]:
    state = st.session_state
    if state["sweep_ranges"] == LISTED:
        texts = re.split(r"[\s,;]+", state["sweep_list"].strip())
        if not texts[0]:
            raise ValueError("List the clip ranges, such as 0.001 0.01 0.1.")
    else:
        low, high = state[f"sweep_from_{data}"], state[f"sweep_to_{data}"]
        if not (low > 0 and high > 0):
            raise ValueError("From and To must be above 0: c is the larger bound of a range.")
        texts = [f"{low!r}:{high!r}:log{state['sweep_many']}"]
    return clip_ranges("c", texts)


def _wanted_path(runs: Mapping[str, TrainConfig]) -> Path:
    """The folder that is named, or else one that equal runs always have. Raises ValueError for a bad name."""
    name = st.session_state.get("sweep_name", "").strip()
    if not name:
        digest = hashlib.sha256(" ".join(sorted(runs)).encode()).hexdigest()[:6]
        name = f"{st.session_state['sweep_data']}-sweep-{digest}"
    elif not library.RUN_ID.fullmatch(name):
        raise ValueError("A name has letters, digits, dots, - and _ only: choose another one.")
    path = library.runs_root() / name
    if path.is_symlink():  # no list would show it
        raise ValueError(f"{name} is a link: choose another name.")
    return path


@frame.acting(ValueError, OSError, key="sweep_not_started")
def _start() -> None:
    path, runs = _wanted()
    if background.under_way(path):
        raise ValueError(f"Sweep {path.name} is under way: cancel it first, or choose another name.")
    background.start(path, runs)
    state = st.session_state
    state["sweep_started"] = path.name
    if not state["compared"]:
        state["compared"] = sweeps.at_first(sweeps.runs_of(path.name))
