"""The start page: choosing the data and starting a run.

The page's address holds the settings: what is chosen or typed goes there, and what is shown comes from there.
"""

import streamlit as st

from ganlab.config import PRESETS, TrainConfig, link
from ganlab.ui.kit import drawings, html
from ganlab.ui.kit.components import button, panel
from ganlab.ui.kit.html import CARDS, MORE
from ganlab.ui.kit.server import try_to_start
from ganlab.ui.train import form, own_images, own_points


def start(config: TrainConfig) -> None:
    """Start a run and make this its page. For callbacks."""
    if run_id := try_to_start(config):
        st.query_params.from_dict({"run": run_id})


def _start_chosen() -> None:
    if config := form.take():  # with an edit that came with the click
        start(config)


def start_page_for(config: TrainConfig) -> None:
    """Go to the start page with these settings filled in. For callbacks."""
    st.session_state.pop("run", None)
    form.go(config)


def settings() -> TrainConfig:
    """The settings in the address, with a warning if some are invalid."""
    config, problem = form.requested()
    with st.container():
        if problem:
            st.warning(html.plain(problem), icon=":material/help:")
    return config


def buttons(config: TrainConfig) -> None:
    """Start, and the two buttons that a run will enable."""
    with st.container(horizontal=True, width=330, gap="xsmall", key="transport"):
        button("Start", "play_arrow", _start_chosen, type="primary", width="stretch", disabled=not _has_data(config))
        button("Step", "step_over", width="stretch", disabled=True)
        button("Stop", "stop", width="stretch", disabled=True)


def _has_data(config: TrainConfig) -> bool:
    if config.dataset == "drawn":
        return own_points.enough(config)
    return config.dataset != "images" or bool(config.images)


def choices(config: TrainConfig) -> None:
    """The data to choose from, and all settings under Advanced."""
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
    (title, line), config, picture = CARDS[name], PRESETS[name], drawings.dataset_thumb(name)
    chips = "".join(f"<span>{fact}</span>" for fact in html.facts(config))
    text = f"<h4>{title}</h4><p>{line}</p><div class='chips'>{chips}</div>"
    panel(f"card_{name}", f"<div class='card'><div class='thumb'>{picture}</div>{text}</div>")
    st.space("stretch")
    label, icon, call = ("Chosen", ":material/check:", None) if on else ("Choose", None, start_page_for)
    st.button(label, key=f"choose_{name}", icon=icon, width="stretch", on_click=call, args=(config,))


def _more(chosen: str) -> None:
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
