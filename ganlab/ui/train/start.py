"""The start page: choosing the data and starting a run.

The page's address holds the settings: what is chosen or typed goes there, and what is shown comes from there.
While as many runs train as this computer allows, the page names one of them and offers to pause it.
"""

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.links import link
from ganlab.presets import PRESETS
from ganlab.runs.run import Run
from ganlab.ui.kit import access, constraints, drawings, frame, html
from ganlab.ui.kit.components import button, panel
from ganlab.ui.kit.html import CARDS, MORE
from ganlab.ui.kit.server import hub, try_to_start
from ganlab.ui.train import form, own_data, own_images, own_points, panels, view

EVERY = 1.0  # seconds between two looks at the run that is in the way


def start(config: TrainConfig, instead_of: str = "") -> None:
    """Start a run, after pausing the one named `instead_of`, and make this its page. For callbacks."""
    if run_id := try_to_start(config, instead_of):
        st.query_params.from_dict({"run": run_id})


def _start_chosen(instead_of: str = "") -> None:
    if config := form.take():  # with an edit that came with the click
        start(config, instead_of)


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


def state_bar(config: TrainConfig) -> None:
    """What would be started, with Start; or the run that is in the way, kept up to date, with what to do about it."""
    run = hub().in_the_way
    with st.container(key="statebar", horizontal=True, vertical_alignment="center", gap="small"):
        slot = st.container()
        _buttons(config, run)
        view.present()
    frame.notices()

    @st.fragment(run_every=EVERY)
    def tick() -> None:
        if hub().in_the_way is not run:
            st.rerun()  # the whole page, because the buttons change too
        with slot:
            if run:
                panel("state", panels.in_the_way_line(run, hub().limit))
            else:
                seconds = hub().seconds_of(config) if access.may_act() else None  # guests measure nothing
                panel("state", panels.ready_line(config, own_data.source(config), seconds))

    tick()


def _buttons(config: TrainConfig, in_the_way: Run | None) -> None:
    """Start, and the two buttons that a run will enable; or the way around the run that is in the way."""
    primary: dict[str, object] = {"type": "primary", "width": "stretch", "disabled": not has_data(config)}
    with st.container(horizontal=True, width=430, gap="xsmall", key="transport"):
        if in_the_way:
            run_id, help = in_the_way.run_id, "It stays paused until you resume it on its own page."
            button("Pause it and start this", "play_arrow", _start_chosen, run_id, help=help, **primary)
            button("Open it", "open_in_new", st.query_params.from_dict, {"run": run_id})
        else:
            button("Start", "play_arrow", _start_chosen, **primary)
            button("Step", "step_over", width="stretch", disabled=True)
            button("Stop", "stop", width="stretch", disabled=True)
            # Each has the place that it will have: what appears under the pointer after a click on Start is Pause.
            button("New run", "add", width="stretch", type="tertiary", disabled=True)


def has_data(config: TrainConfig) -> bool:
    """Whether what a run with these settings trains on is at hand."""
    if config.dataset == "drawn":
        return own_points.enough(config)
    return config.dataset != "images" or own_images.ready(config)


def choices(config: TrainConfig) -> None:
    """The data to choose from, and all settings under Advanced."""
    chosen = link(config)["preset"]
    chosen = chosen if chosen not in html.HELD else PRESETS[chosen].dataset
    st.header("Start a run", anchor=False)
    st.markdown(
        "Choose the data. Each card is set to run well on two CPU cores; everything can be changed under **Advanced**."
    )
    grid = st.grid(4, min_column_width=165)
    for name in CARDS:
        with grid.container(border=True, key=f"preset_{'on' if name == chosen else 'off'}_{name}", height="stretch"):
            _card(name, config if name == chosen else PRESETS[name], name == chosen)
    _more(chosen)
    if config.dataset == "images":
        own_images.choose(config)
    if config.dataset == "drawn":
        own_points.choose(config)
    st.markdown("**Constraint**")
    constraints.cards("form_constraint", config.constraint, form.hold_by, {})
    if config.network == "dcgan" and config.critic_norm != "batch":
        norm = "layer norm" if config.critic_norm == "layer" else "no norm"
        st.caption(f"This critic has {norm}; in the paper it has batch norm.")
    form.advanced(config)


def _card(name: str, config: TrainConfig, on: bool) -> None:
    (title, line), picture = CARDS[name], drawings.dataset_thumb(name)
    chips = "".join(f"<span>{fact}</span>" for fact in html.facts(config))
    text = f"<h3>{title}</h3><p>{line}</p><div class='chips'>{chips}</div>"
    panel(f"card_{name}", f"<div class='card'><div class='thumb'>{picture}</div>{text}</div>")
    st.space("stretch")
    label, icon, call = ("Chosen", ":material/check:", None) if on else (f"Choose {title}", None, start_page_for)
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
