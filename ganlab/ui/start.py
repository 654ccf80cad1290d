"""Choosing the data and starting a run; what every button that starts one calls.

The address of the page holds the settings: what is chosen or typed goes there, and what is shown comes from there.
"""

import streamlit as st

from ganlab.config import PRESETS, TrainConfig, link
from ganlab.hub import Refused
from ganlab.ui import card_words, drawings, form, own_images, own_points, words
from ganlab.ui.components import panel
from ganlab.ui.hub import hub

CARDS = {
    "digits": ("Digits", "1,797 handwritten digits. You can read the new ones within fifteen seconds."),
    "8-gaussians": ("8 Gaussians", "A ring of eight small clouds. Count how many the generator finds."),
    "25-gaussians": ("25 Gaussians", "A grid of 25 clouds, where clipped critics miss the detail."),
    "swiss-roll": ("Swiss roll", "One thin spiral. Watch the gaps between its arms fill and empty."),
}
MORE = {
    "mnist": ("MNIST", "60,000 handwritten digits of 28×28. The first start downloads 10 MB."),
    "fashion-mnist": ("Fashion-MNIST", "60,000 pictures of clothes, 28×28. The first start downloads 26 MB."),
    "cifar10": ("CIFAR-10", "50,000 colour photographs of 32×32. The first start downloads 170 MB."),
    "images": ("My own images", "At least 16 images of any size, from a ZIP or a folder of yours."),
    "drawn": ("My own points", "Draw a distribution of points on the plane, or upload a CSV: at least 16 points."),
    "8-gaussians-paper": (
        "8 Gaussians, as in the paper",
        "Wide layers, a narrow clip range, small steps: the critic stays almost flat, its estimate near zero.",
    ),
}


def title(name: str) -> str:
    """What a preset is called."""
    return (CARDS | MORE)[name][0]


def try_to_start(config: TrainConfig) -> str | None:
    """Start a run and return its name; if it is refused, None, and `notices` will say why."""
    try:
        return hub().start(config).run_id
    except (Refused, OSError) as error:
        st.session_state["refused"] = str(error)
        return None


def start(config: TrainConfig) -> None:
    """Start a run and make this page the page of that run. For callbacks."""
    if run_id := try_to_start(config):
        st.query_params.from_dict({"run": run_id})


def _start_chosen() -> None:
    """Start what the form shows now: what was typed last may have come with the click."""
    if config := form.take():
        start(config)


def start_page_for(config: TrainConfig) -> None:
    """Go to the start page with the settings of a run filled in. For callbacks."""
    st.session_state.pop("run", None)
    form.go(config)


def notices() -> None:
    """Why the last wish was not met, once. In a place of its own: what follows must not be built anew."""
    with st.container():
        if refused := st.session_state.pop("refused", ""):
            st.error(words.plain(refused), icon=":material/error:")


def settings() -> TrainConfig:
    """The settings in the address, and a sentence if they can't be had."""
    config, problem = form.asked()
    with st.container():
        if problem:
            st.warning(words.plain(problem), icon=":material/help:")
    return config


def buttons(config: TrainConfig) -> None:
    """Start, and the two that will come alive with the run."""
    with st.container(horizontal=True, width=330, gap="xsmall", key="transport"):
        st.button(
            "Start",
            icon=":material/play_arrow:",
            type="primary",
            width="stretch",
            disabled=not _has_data(config),
            on_click=_start_chosen,
        )
        st.button("Step", icon=":material/step_over:", width="stretch", disabled=True)
        st.button("Stop", icon=":material/stop:", width="stretch", disabled=True)


def _has_data(config: TrainConfig) -> bool:
    """Whether what the user has to bring is there."""
    if config.dataset == "drawn":
        return own_points.enough(config)
    return config.dataset != "images" or bool(config.images)


def choices(config: TrainConfig) -> None:
    """The data to choose from, and every setting under Advanced."""
    chosen = link(config)["preset"]
    st.header("Start a run", anchor=False)
    st.markdown(
        "Choose the data. Each card is set to run well on two CPU cores; everything can be changed under **Advanced**."
    )
    grid = st.grid(4, min_column_width=165)
    for name in CARDS:
        with grid.container(border=True, key=f"preset_{'on' if name == chosen else 'off'}_{name}", height="stretch"):
            _card(name, name == chosen)
    _more(chosen)
    if config.dataset == "images":
        own_images.choose(config)
    if config.dataset == "drawn":
        own_points.choose(config)
    form.advanced(config)


def _card(name: str, on: bool) -> None:
    title, line = CARDS[name]
    config = PRESETS[name]
    panel(f"card_{name}", card_words.preset_card(title, line, drawings.dataset_thumb(name), config))
    st.space("stretch")
    st.button(
        "Chosen" if on else "Choose",
        key=f"choose_{name}",
        icon=":material/check:" if on else None,
        width="stretch",
        on_click=None if on else start_page_for,
        args=(config,),
    )


def _more(chosen: str) -> None:
    """The data without a card, and a sentence about the one chosen."""
    shown = chosen if chosen in MORE else None
    st.session_state["more"] = shown
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.pills(
            "More data",
            list(MORE),
            default=shown,
            key="more",
            format_func=lambda name: MORE[name][0],
            label_visibility="collapsed",
            wrap=True,
            on_change=_choose_more,
        )
        if shown:
            st.caption(MORE[shown][1])


def _choose_more() -> None:
    if name := st.session_state["more"]:
        start_page_for(own_points.last_drawn() if name == "drawn" else PRESETS[name])
