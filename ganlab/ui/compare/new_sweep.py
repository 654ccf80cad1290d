"""A form that starts a sweep as `ganlab sweep` does, in a process of its own."""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import streamlit as st

from ganlab import settings
from ganlab.config import DATASETS, TrainConfig
from ganlab.data import own_pixels
from ganlab.formatting import count_of, listed
from ganlab.presets import PRESETS
from ganlab.runs import background, swept_run
from ganlab.runs.disk import library
from ganlab.runs.disk.damage import is_file
from ganlab.runs.sweep import MOST_RUNS, Setting, combinations, setting_of
from ganlab.runs.sweep_progress import progress
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.values import clip_ranges
from ganlab.ui.compare import sweeps
from ganlab.ui.kit import constraints, estimate, frame, html
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.clip_range import tenth
from ganlab.ui.kit.components import button
from ganlab.ui.kit.server import hub
from ganlab.ui.train import form, own_points

OWN: dict[str, Callable[[TrainConfig], object]] = {"images": own_pixels.at_hand, "drawn": own_points.enough}
"""Of the user's own data, whether that of these settings is on this computer."""
INCLUDED = [name for name in DATASETS if name not in OWN]
BETWEEN, LISTED = "From, to", "List"
EVERY = 1.0  # seconds between two looks at how long the runs will take
WIDTH = 560  # pixels of the form, whatever it says
DATA_NOTE = "All else is as in its preset. Your own images or points are here too once they are chosen on Train."
NAME_NOTE = "Without steps, as many as in each preset. If a sweep has that name, these runs are added to it."
AMBIGUOUS = re.compile(r"(?<![\w.,])(?<![eE][+-])(\d+),(\d+)(?![\d.])")  # 0,05 but not 0.01,0.05, 1,0.5 or 1e-3,1e-2
VARIED = ("dataset", "constraint", "clip_range", "steps")  # by the form, beside the seed


class Incomplete(ValueError):
    """What is still to be chosen, in one sentence."""


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
            with st.container(width=WIDTH):
                _form()


@st.fragment
def _form() -> None:
    if "sweep_started" in st.session_state:
        st.rerun()
    bases = _bases()
    data = st.selectbox("Data", bases, INCLUDED.index("8-gaussians"), key="sweep_data", format_func=_title)
    st.caption(DATA_NOTE)
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
        st.number_input("Seeds of each", 1, MOST_RUNS, 3, key="sweep_seeds")
        st.number_input("Steps", 1, value=None, placeholder=f"{preset.steps:,}", key="sweep_steps")
        st.text_input("Name", key="sweep_name", placeholder=f"{data}-sweep-…", max_chars=64)
    st.caption(NAME_NOTE)
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
        st.text_input("c", key="sweep_list", placeholder="0.001 0.01 0.1, or 0.001:1:log7")
        return
    c = max(map(abs, preset.clip_range))
    with st.container(horizontal=True, gap="small"):
        for label, bound in (("From", c / 10), ("To", min(10 * c, 1.0))):
            key = f"sweep_{label.lower()}_{preset.dataset}"
            st.number_input(label, value=bound, step=tenth(bound), format="%.6g", key=key)
        st.number_input("How many, by equal factors", 1, 99, 5, key="sweep_many")


@st.fragment(run_every=EVERY)
def _summary() -> None:
    """How many runs these are, how long they take, and what else should be known before they start."""
    runs: Mapping[str, TrainConfig] = {}
    try:
        runs = _wanted_runs()
    except Incomplete as error:
        st.caption(html.plain(str(error)))
    except ValueError as error:
        _note("red", settings.labelled(TrainConfig, error))
    path, extension, refusal = library.runs_root(), "", ""  # in which no run has such a name
    try:
        path = _wanted_path(runs)
        extension = _extension(path, runs)
    except ValueError as error:
        refusal = str(error)
    if runs:
        known = progress([SweptRun(path / name, config) for name, config in runs.items()], hub().seconds_of)
        finished = f", {known.over:,} of them finished" if known.over else ""
        st.caption(f"{count_of(known.runs, 'run')}{finished}{estimate.in_words(known)}.")
    _note("yellow", extension)
    _note("red", refusal)


def _note(color: str, sentence: str) -> None:
    """A sentence in a colour, if there is one."""
    if sentence:
        st.caption(f":{color}[{html.plain(sentence)}]")


def _extension(path: Path, runs: Mapping[str, TrainConfig]) -> str:
    """How the runs differ from those of the sweep in a folder; "" if only in the seed, or if there is no sweep."""
    with suppress(ValueError, OSError):
        there = _settings_of(tuple(swept_run.runs_of(path)))
        added = {setting_of(config) for config in runs.values() if config.seed == 0} - there
        values = {value for setting in there for value in setting}
        new = dict.fromkeys(name for setting in added for name, value in setting if (name, value) not in values)
        names = [settings.rules(TrainConfig, name).label.lower() for name in VARIED if name in new]
        if added:
            words = listed(names or ["other settings"])
            return f"These runs differ from those in {path.name} not only in the seed, but also in {words}."
    return ""


@lru_cache(maxsize=1)
def _settings_of(runs: tuple[SweptRun, ...]) -> frozenset[Setting]:
    return frozenset(setting_of(run.planned) for run in runs)


def _wanted_runs() -> Mapping[str, TrainConfig]:
    """The runs that the form says now, by name, in the order of training. Raises ValueError, in one sentence."""
    state = st.session_state
    data, held, steps = state["sweep_data"], state["sweep_constraints"], state["sweep_steps"]
    if not (base := _bases().get(data)):
        raise ValueError("Your own data is no longer here: choose it on Train again.")
    if not held:
        raise Incomplete("Choose at least one constraint.")
    try:
        ranges = _wanted_ranges(data) if "clip" in held else []
    except KeyError:  # what was chosen last has fields that have not been drawn yet
        raise ValueError("The form has just changed: check it, then start again.") from None
    many = state["sweep_seeds"] * (len(ranges) + len([name for name in held if name != "clip"]))
    if many > MOST_RUNS:
        raise ValueError(f"That makes {many:,} runs, and a sweep has at most {MOST_RUNS:,}: vary less.")
    return _runs(base, tuple(held), tuple(ranges), steps, state["sweep_seeds"])


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
        text = state["sweep_list"].strip()
        if not text:
            raise Incomplete("List the clip ranges: numbers, or 0.001:1:log7 for seven by equal factors.")
        if found := AMBIGUOUS.search(text):
            whole, part = found.groups()
            raise ValueError(
                f"{whole},{part} may be one number or two: write {whole}.{part}, or put a space after the comma."
            )
        texts = re.split(r"[\s,;]+", text.strip(",;"))
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
    if is_file(path / "config.json"):
        raise ValueError(f"{name} is a run: choose another name.")
    if background.under_way(path):
        raise ValueError(f"Sweep {name} is under way: cancel it first, or choose another name.")
    return path


@frame.acting(ValueError, OSError, key="sweep_not_started")
def _start() -> None:
    runs = _wanted_runs()
    path = _wanted_path(runs)
    background.start(path, runs)
    state = st.session_state
    state["sweep_started"] = path.name
    if not state["compared"]:
        state["compared"] = sweeps.at_first(sweeps.runs_of(path.name))
