"""The panel of instruments on Train: the diagnosis, both networks, and the cards.

Figures are made once per reading.
"""

from collections.abc import Iterable
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ganlab.config import TrainConfig
from ganlab.gan.watched import WatchedConfig
from ganlab.measure.reading import INSTRUMENTS, agreement, available
from ganlab.plots import whole_run
from ganlab.plots.base import Figure
from ganlab.runs import diagnosis
from ganlab.runs.history import in_force
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import frame
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.components import Caption, choices, panel, plot
from ganlab.ui.kit.live import once
from ganlab.ui.kit.server import acting_hub
from ganlab.ui.train import look_back, view
from ganlab.ui.train.instruments import (
    bounds,
    copies,
    coverage,
    distances,
    fidelity,
    gradients,
    networks,
    plane,
    spectra,
)
from ganlab.ui.train.instruments.card import Card, CardData, rows_of, sentence_of
from ganlab.ui.train.instruments.findings import DIAGNOSIS, INTRODUCTION, findings, share

ASIDE = ("Training and held-out estimate", "Modes", "Spread")  # beside the plane, which is as high as two cards

FILES = (gradients, bounds, spectra, distances, fidelity, coverage, copies, plane)  # in the order of the page
CARDS: dict[str, Card] = {title: card for file in FILES for title, card in file.CARDS.items()}


def cards_of(*configs: TrainConfig) -> list[str]:
    """The cards that apply to a run that has had these settings."""
    measured = {None} if isinstance(configs[0], WatchedConfig) else {None, *available(configs[0].kind)}
    return [name for name, card in CARDS.items() if card.instrument in measured and any(map(card.applies, configs))]


def how_to_read(names: list[str]) -> str:
    """How to read these cards, and what the diagnosis looks for, as Markdown."""
    return f"{INTRODUCTION}\n{what_is_shown(names)}\n{DIAGNOSIS}"


def what_is_shown(names: Iterable[str]) -> str:
    """What these cards show, as a Markdown list."""
    return "".join(f"- **{name}**: {CARDS[name].help}\n" for name in names)


def place(run: Run, slots: dict[str, DeltaGenerator]) -> None:
    """The panel's controls and the containers that `fill` fills."""
    offered = _offered(run)
    st.session_state["cards"] = shown = _shown(run, offered)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Instruments", anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            slots["instruments share"] = st.container(width="content")
            with st.container(horizontal=True, width="content", gap="small"):  # side by side on a phone too
                with st.popover("How to read", icon=":material/help:", type="tertiary"):
                    st.markdown(how_to_read(offered))
                with st.popover("Choose", icon=":material/tune:", type="tertiary", disabled=not may_act()):
                    st.pills(
                        "Instruments",
                        offered,
                        selection_mode="multi",
                        key="cards",
                        wrap=True,
                        on_change=_switch,
                        args=(run,),
                        help="An instrument that is off is not measured and costs nothing.",
                    )
    if not isinstance(run.config, WatchedConfig):  # whose networks are not ganlab's, and which nothing measures
        with st.container(border=True):
            slots["findings"] = st.container()
            slots["networks"] = st.container()
    if plane.TITLE in shown:
        left, right = st.columns(2, gap="small")
        with left:
            _card(plane.TITLE, slots)
        with right:
            for name in ASIDE:
                if name in shown:
                    _card(name, slots)
        shown = [name for name in shown if name not in (plane.TITLE, *ASIDE)]
    grid = st.grid(3, min_column_width=300)
    for name in shown:
        with grid:
            _card(name, slots)


def _card(name: str, slots: dict[str, DeltaGenerator]) -> None:
    """A card; on a phone, which Streamlit knows only by its user agent, a closed expander."""
    phone = "Mobi" in st.context.headers.get("User-Agent", "")
    with st.expander(name) if phone else st.container(border=True, height="stretch"):
        slots[f"head {name}"] = st.container(key=f"folded_{name}" if phone else None)
        CARDS[name].controls()
        slots[f"plot {name}"] = st.container()


def on(run: Run) -> frozenset[str]:
    """The instruments that are on; all of them if the run has ended."""
    return INSTRUMENTS if run.latest.status.ended else run.instruments


def _offered(run: Run) -> list[str]:
    return cards_of(run.config, run.wanted)


def _shown(run: Run, offered: list[str]) -> list[str]:
    """The cards whose instruments are on, without those that the user has put away."""
    state = st.session_state
    if state.get("cards_of") != run.run_id:
        state.update(cards_of=run.run_id, cards_away=set())
    measured = {None, *on(run)}
    return [name for name in offered if CARDS[name].instrument in measured and name not in state["cards_away"]]


@frame.acting(ValueError)
def _switch(run: Run) -> None:
    """Measure what the chosen cards show, and nothing else."""
    chosen = st.session_state["cards"]
    st.session_state["cards_away"] = set(_offered(run)) - set(chosen)
    if not run.latest.status.ended:
        needed = (CARDS[name].instrument for name in chosen)
        acting_hub().training(run.run_id).switch(frozenset(name for name in needed if name))


def fill(run: Run, snapshot: Snapshot, slots: dict[str, DeltaGenerator], cursors: tuple[int, ...]) -> None:
    """Fill the whole panel from the newest reading."""
    if "instruments share" not in slots:
        return
    reading, ended = snapshot.reading or run.reading, snapshot.status.ended
    source = reading or snapshot
    version = (len(snapshot.readings), ended)
    table, history = snapshot.readings, snapshot.history
    rows = once(source, ("rows", *version), lambda: rows_of(table, reading))
    since = history.held_since(snapshot.changes)
    agreed = once(source, ("agreement", since, *version), lambda: agreement(table[table[:, 0] > since]))
    config = in_force(run.config, snapshot.changes, reading.step) if reading else snapshot.config
    data = CardData(reading, rows, agreed, history, config, snapshot.real, snapshot.changes, ended)
    with slots["instruments share"]:
        panel("instruments_share", share(reading, snapshot, look_back.looks_back()))
    looking = snapshot.instruments & available(run.config.kind)
    if "findings" in slots:
        with slots["findings"]:
            html = once(source, ("findings panel", *version, looking), lambda: findings(data, ended, looking))
            panel("findings", html)
        _networks(run, snapshot, data, slots)
    for name, card in CARDS.items():
        if f"head {name}" in slots:
            key = (name, *version, *card.depends_on(data), cursors)
            caption, sentence, figure = once(source, key, partial(_parts, name, data, cursors))
            with slots[f"head {name}"]:
                panel(f"head_{name}", f"<div class='inst'>{caption.head()}<p>{sentence}</p></div>")
            with slots[f"plot {name}"]:
                plot(f"plot_{name}", figure, card.height, caption)


def _networks(run: Run, snapshot: Snapshot, data: CardData, slots: dict[str, DeltaGenerator]) -> None:
    reading = data.reading
    blocks = networks.outlines(snapshot.config) if snapshot.samples is not None else None
    with slots["networks"]:
        judged = reading is not None and reading.step >= diagnosis.WINDOW and diagnosis.knows(data.config)
        measured = reading.gradients if reading else None
        html = networks.drawing(blocks, measured, view.layer(), snapshot.config.latent_dim, judged)
        caption = Caption("Generator and critic", step=reading.step if reading else None)
        choices("networks", html, lambda block: _pick(run, block), show=".gl-clamp", caption=caption)


def _parts(name: str, data: CardData, cursors: tuple[int, ...]) -> tuple[Caption, str, Figure]:
    """A card's caption, sentence and figure."""
    card = CARDS[name]
    figure = card.figure(data)
    marked = whole_run.marked(figure, cursors) if card.over_time and cursors else figure
    caption = Caption(name, card.key(data), data.reading.step if data.reading else None)
    return caption, sentence_of(card, data), marked


def _pick(run: Run, block: str) -> None:
    """Show the weights of the block that was clicked; of all layers if `block` is empty."""
    if name := networks.parameter(block, run.config) if block else view.ALL_LAYERS:
        view.show_layer(name)
