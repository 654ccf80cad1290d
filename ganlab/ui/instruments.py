"""The panel `Instruments` on Train: what is probably wrong, both networks, and a card for every instrument.

Figures are made once a reading. Between readings the same ones go out again, of which Streamlit sends only a
reference (`global.minCachedMessageSize` in its settings).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ganlab import diagnosis, lookback, plane_figures, readings, trend_figures
from ganlab import instrument_figures as drawn
from ganlab.config import TrainConfig
from ganlab.figures import Figure
from ganlab.hub import Run
from ganlab.instruments import INSTRUMENTS, available
from ganlab.readings import Reading
from ganlab.snapshot import Snapshot
from ganlab.ui import instrument_help, layer, overview, past
from ganlab.ui import instrument_words as words
from ganlab.ui.components import overview as networks
from ganlab.ui.components import panel, plot
from ganlab.ui.instrument_words import Seen

HEIGHT, PLANE_HEIGHT = 210, 470  # pixels
REFRESH = 10  # columns of the heat map that appear together: it would be the heaviest thing of most ticks
PLANE = "The plane"
ASIDE = ("Training and held-out estimate", "Modes", "Spread")  # beside the plane, which is as high as two
COVERAGE = {
    "8-gaussians": "Modes",
    "25-gaussians": "Modes",
    "swiss-roll": "Spread",
    "drawn": "Spread",
    "images": "Spread",
}
"""The card that shows what is covered of data without labels."""
LAYERS = ("values", "arrows", "points")
"""What the plane shows at first."""


class Card(NamedTuple):
    """One card: the instrument it needs (None: the run's own counts), its sentence and its figure."""

    instrument: str | None
    tell: Callable[[Seen], str]
    draw: Callable[[Seen], Figure | None]
    over_time: bool = False


def _of(part: str, draw: Callable[[Any], Figure]) -> Callable[[Seen], Figure | None]:
    """Draws one part of the newest reading; nothing without it."""
    return lambda seen: draw(found) if seen.reading and (found := getattr(seen.reading, part)) else None


def _rows(draw: Callable[[Sequence[dict[str, float]]], Figure]) -> Callable[[Seen], Figure]:
    return lambda seen: draw(seen.rows)


CARDS = {
    "Gradient norms": Card("gradients", words.gradient_norms, _of("gradients", drawn.gradient_norms)),
    "Weight gradients": Card("gradients", words.weight_gradients, _of("gradients", drawn.weight_gradients)),
    "Weights at the bounds": Card(None, words.at_bounds, lambda seen: trend_figures.at_bounds(seen.history), True),
    "Steepness": Card("lipschitz", words.steepness, _rows(trend_figures.steepness), True),
    "Singular values": Card("spectra", words.spectra, _of("spectra", drawn.spectra)),
    "Distances": Card("distances", words.distances, _rows(trend_figures.distances), True),
    "Training and held-out estimate": Card("distances", words.estimates, _rows(trend_figures.estimates), True),
    "Modes": Card("coverage", words.coverage, _of("coverage", drawn.classes)),
    "Classes": Card("coverage", words.coverage, _of("coverage", drawn.classes)),
    "Spread": Card("coverage", words.coverage, _rows(trend_figures.spread), True),
    "Nearest training image": Card("copies", words.copies, _rows(trend_figures.nearest), True),
    PLANE: Card("plane", words.plane, lambda seen: None),
}


def cards_of(config: TrainConfig) -> list[str]:
    """The cards that this run's data has."""
    measured = {None, *available(config.kind)}
    other = {"Modes", "Classes", "Spread"} - {COVERAGE.get(config.dataset, "Classes")}
    return [name for name, card in CARDS.items() if name not in other and card.instrument in measured]


def place(run: Run, slots: dict[str, DeltaGenerator]) -> None:
    """The panel's controls and the containers that `fill` fills."""
    st.session_state["cards"] = shown = _shown(run)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Instruments", anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            slots["instruments share"] = st.container(width="content")
            with st.container(horizontal=True, width="content", gap="small"):  # side by side on a phone too
                with st.popover("How to read", icon=":material/help:", type="tertiary"):
                    st.markdown(instrument_help.CARDS + instrument_help.DIAGNOSIS)
                with st.popover("Choose", icon=":material/tune:", type="tertiary"):
                    st.pills(
                        "Instruments", cards_of(run.config), selection_mode="multi", key="cards", wrap=True,
                        on_change=_switch, args=(run,), help="What is switched off is not measured, and costs nothing.",
                    )  # fmt: skip
    with st.container(border=True):
        slots["findings"] = st.container()
        slots["networks"] = st.container()
    if PLANE in shown:
        left, right = st.columns(2, gap="small")
        with left:
            _card(PLANE, slots)
        with right:
            for name in ASIDE:
                if name in shown:
                    _card(name, slots)
        shown = [name for name in shown if name not in (PLANE, *ASIDE)]
    grid = st.grid(3, min_column_width=300)
    for name in shown:
        with grid:
            _card(name, slots)


def _card(name: str, slots: dict[str, DeltaGenerator]) -> None:
    """On a phone a closed expander; Streamlit knows no widths, but what the browser says of itself."""
    phone = "Mobi" in st.context.headers.get("User-Agent", "")
    with st.expander(name) if phone else st.container(border=True, height="stretch"):
        slots[f"head {name}"] = st.container(key=f"folded_{name}" if phone else None)
        if name == PLANE:
            st.pills(
                "Show", plane_figures.LAYERS, selection_mode="multi", default=LAYERS, key="plane_layers",
                label_visibility="collapsed", format_func=str.capitalize, persist_state="session",
            )  # fmt: skip
        slots[f"plot {name}"] = st.container()


def on(run: Run) -> frozenset[str]:
    """The instruments that look at a run; of one that has ended, or trains elsewhere, all that may have looked."""
    return INSTRUMENTS if run.latest.status.ended else run.instruments


def _shown(run: Run) -> list[str]:
    """The cards whose instruments are on, as far as the reader has not put them away."""
    state, offered = st.session_state, cards_of(run.config)
    if state.get("cards_of") != run.run_id:
        state.update(cards_of=run.run_id, cards_away=set())
    measured = {None, *on(run)}
    return [name for name in offered if CARDS[name].instrument in measured and name not in state["cards_away"]]


def _switch(run: Run) -> None:
    """Measure what the chosen cards show, and nothing else."""
    chosen = st.session_state["cards"]
    st.session_state["cards_away"] = set(cards_of(run.config)) - set(chosen)
    if not run.latest.status.ended:
        run.switch(frozenset(CARDS[name].instrument for name in chosen) - {None})


def fill(run: Run, snapshot: Snapshot, slots: dict[str, DeltaGenerator], cursors: tuple[int, ...]) -> None:
    """Everything in the panel, from the newest reading."""
    if "findings" not in slots:
        return
    reading, ended = snapshot.reading or run.reading, snapshot.status.ended
    moment = (run.run_id, reading and reading.step, len(snapshot.readings), ended)
    rows, agreement = _once("rows", moment, lambda: _rows_and_agreement(snapshot, reading))
    seen = Seen(reading, rows, agreement, snapshot.history, snapshot.config)
    with slots["instruments share"]:
        panel("instruments_share", words.share(reading, snapshot, past.looks_back()))
    looking = snapshot.instruments & available(run.config.kind)
    with slots["findings"]:
        panel("findings", _once("findings", (*moment, looking), lambda: words.findings(seen, ended, looking)))
    blocks = _once("outlines", (run.run_id, snapshot.generator is None), lambda: overview.outlines(snapshot))
    with slots["networks"]:
        gradients = reading.gradients if reading else None
        judged = reading is not None and reading.step >= diagnosis.WINDOW
        html = overview.drawing(blocks, gradients, layer.shown(), snapshot.config.latent_dim, judged)
        networks("networks", html, lambda block: _pick(run, block))
    for name in CARDS:
        if f"head {name}" in slots:
            head, figure = _made(name, seen, snapshot, moment, cursors)
            with slots[f"head {name}"]:
                panel(f"head_{name}", head)
            with slots[f"plot {name}"]:
                plot(f"plot_{name}", figure, PLANE_HEIGHT if name == PLANE else HEIGHT)


def _rows_and_agreement(snapshot: Snapshot, reading: Reading | None) -> tuple[list[dict[str, float]], tuple]:
    table = snapshot.readings
    same_range = table[table[:, 0] > snapshot.history.range_since] if len(table) else table
    return words.rows_of(table, reading), readings.agreement(same_range)


def _made(name: str, seen: Seen, snapshot: Snapshot, moment: tuple, cursors: tuple[int, ...]) -> tuple[str, Figure]:
    """A card's head and figure, made anew when something that they show has changed."""
    if CARDS[name].instrument is None:
        columns = -(-len(seen.history) // trend_figures.COLUMNS) or 1
        moment = (*moment, len(seen.history) > 0, len(seen.history) // (REFRESH * columns), columns)
    if name == PLANE:
        moment = (*moment, *st.session_state["plane_layers"])
    return _once(name, (*moment, cursors), lambda: (_head(name, seen), _figure(name, seen, snapshot, cursors)))


def _head(name: str, seen: Seen) -> str:
    card = CARDS[name]
    key = words.spectra_key(seen) if card.instrument == "spectra" else words.KEYS.get(name, "")
    return words.card_head(name, card.tell(seen), key)


def _figure(name: str, seen: Seen, snapshot: Snapshot, cursors: tuple[int, ...]) -> Figure:
    card = CARDS[name]
    if name == PLANE:
        if not (seen.reading and seen.reading.plane):
            return drawn.nothing()
        layers = tuple(part for part in plane_figures.LAYERS if part in st.session_state["plane_layers"])
        return plane_figures.plane(seen.reading.plane, snapshot.real, layers)
    figure = card.draw(seen) or drawn.nothing()
    if card.over_time and cursors:
        return lookback.marked(figure, cursors)
    return figure


def _once(name: str, moment: tuple, make: Callable[[], Any]) -> Any:
    """What was made for that moment; made now if it is another one."""
    kept = st.session_state.setdefault("instruments_made", {})
    if name not in kept or kept[name][0] != moment:
        kept[name] = (moment, make())
    return kept[name][1]


def _pick(run: Run, block: str) -> None:
    """Show the weights of the block that was clicked; of all, if it was the one shown."""
    if name := overview.parameter(block, run.latest.critic):
        layer.pick(layer.ALL if name == layer.shown() else name)
