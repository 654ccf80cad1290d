"""Choosing a run and starting it; what every button that starts one calls."""

import dataclasses

import streamlit as st

from ganlab.config import PRESETS, TrainConfig, preset
from ganlab.hub import Refused
from ganlab.ui import drawings, words
from ganlab.ui.components import panel
from ganlab.ui.hub import hub

CARDS = {
    "digits": ("Digits", "1,797 handwritten digits. You can read the generated ones within fifteen seconds."),
    "8-gaussians": ("8 Gaussians", "A ring of eight small clouds. Count how many the generator finds."),
    "8-gaussians-paper": (
        "8 Gaussians, as in the paper",
        "Wide layers, a narrow clip range, small steps: the critic stays almost flat, its estimate near zero.",
    ),
}


def try_to_start(config: TrainConfig) -> str | None:
    """Start a run and return its name; if it is refused, None, and `notices` will say why."""
    try:
        return hub().start(config).run_id
    except (Refused, OSError) as error:
        st.session_state["refused"] = str(error)
        return None


def start(config: TrainConfig | None) -> None:
    """Start a run and make this page the page of that run. For callbacks."""
    if config and (run_id := try_to_start(config)):
        st.query_params.from_dict({"run": run_id})


def _start_chosen(name: str) -> None:
    start(chosen_config(name))  # read now: what was typed last may have come with the click


def start_page_for(config: TrainConfig) -> None:
    """Go to the start page with the settings of a run filled in. For callbacks."""
    name = preset_of(config)
    st.session_state[f"seed_{name}"] = config.seed
    st.session_state[f"steps_{name}"] = config.steps
    st.session_state.pop("run", None)
    st.query_params.from_dict({"preset": name})


def preset_of(config: TrainConfig) -> str:
    """The preset that a run came from: the same but for seed, steps and threads; else its dataset's own."""
    for name, known in PRESETS.items():
        if dataclasses.replace(known, seed=config.seed, steps=config.steps, threads=config.threads) == config:
            return name
    return config.dataset


def notices() -> None:
    """Why the last wish was not met, once."""
    if refused := st.session_state.pop("refused", ""):
        st.error(refused, icon=":material/error:")


def chosen_preset() -> str:
    """The name in ?preset=; a sentence and the default if there is no such preset."""
    name = st.query_params.get("preset", "digits")
    try:
        preset(name)
    except ValueError:  # its words hold what stood in the address: not for a page
        st.warning(f"There is no such preset; there are {', '.join(PRESETS)}.", icon=":material/help:")
        return "digits"
    return name


def chosen_config(name: str) -> TrainConfig | None:
    """The preset with the form's seed and steps; a sentence and None if they can't be."""
    seed = st.session_state.setdefault(f"seed_{name}", PRESETS[name].seed)
    steps = st.session_state.setdefault(f"steps_{name}", PRESETS[name].steps)
    try:
        return dataclasses.replace(PRESETS[name], seed=seed, steps=steps)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return None


def buttons(name: str, ready: bool) -> None:
    """Start, and the two that will come alive with the run."""
    label = "New run" if hub().in_progress else "Start"
    with st.container(horizontal=True, width=330, gap="xsmall", key="transport"):
        st.button(
            label,
            icon=":material/play_arrow:",
            type="primary",
            width="stretch",
            disabled=not ready,
            on_click=_start_chosen,
            args=(name,),
        )
        st.button("Step", icon=":material/step_over:", width="stretch", disabled=True)
        st.button("Stop", icon=":material/stop:", width="stretch", disabled=True)


def form(chosen: str) -> None:
    """The preset cards, and the seed and steps of the chosen one."""
    st.header("Start a run", anchor=False)
    st.markdown("Choose the data. Each card is set to run well on two CPU cores.")
    grid = st.grid(3, min_column_width=165)
    for name in CARDS:
        with grid.container(border=True, key=f"preset_{'on' if name == chosen else 'off'}_{name}", height="stretch"):
            _card(name, name == chosen)
    with st.container(horizontal=True):
        _number("Seed", f"seed_{chosen}", 1, "Equal seeds give equal runs.")
        _number("Total steps", f"steps_{chosen}", 100, "Generator updates until the run ends by itself.")


def _number(label: str, key: str, step: int, told: str) -> None:
    value = st.session_state[key]
    st.number_input(label, value=value, step=step, key=key, width=165, help=told, persist_state="session")


def _card(name: str, on: bool) -> None:
    title, line = CARDS[name]
    config = PRESETS[name]
    panel(f"card_{name}", words.preset_card(title, line, drawings.dataset_thumb(config.dataset), config))
    st.space("stretch")
    st.button(
        "Chosen" if on else "Choose",
        key=f"choose_{name}",
        icon=":material/check:" if on else None,
        width="stretch",
        on_click=st.query_params.from_dict,
        args=({"preset": name},),
    )
