"""The live parts of Train: one fragment that fills containers which the page laid out between its controls."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitInvalidLayoutContextError

from ganlab import curves, figures, images, lookback
from ganlab.curves import View
from ganlab.hub import Run
from ganlab.moments import Moment
from ganlab.snapshot import Snapshot, Status, WeightHistogram
from ganlab.ui import drawings, instruments, layer, past, steer, words
from ganlab.ui.components import panel, plot

CARD = 438  # pixels of the sample card's pictures
EVERY = 0.5  # seconds, paused too: a Step wants to be seen, and another tab may resume
CHARTS = {
    "Critic estimate": curves.critic_estimate,
    "Losses": curves.losses,
    "Share of weights clamped": curves.shares,
}
Slots = dict[str, DeltaGenerator]
"""The containers that the fragment fills, by what goes into them."""


def live(run: Run, status: Status, slots: Slots) -> None:
    """Fill the slots now, and again as long as the run lives; `status` is what the page was drawn for."""
    drawn = _controls(run)
    of_page = True  # the first time, the widgets hold what the page has just put there, not what a browser sent

    @st.fragment(run_every=None if status.ended else EVERY)
    def tick() -> None:
        nonlocal of_page
        if not of_page:
            steer.heard(run)
            layer.heard()
            past.heard()
        of_page = False
        snapshot = run.latest
        steered = steer.live_values(run) != st.session_state["shown"] or _controls(run) != drawn
        if snapshot.status != status or steered or past.outgrown(run):
            st.rerun()  # the controls change too: the whole page
        try:
            _fill(run, snapshot, slots)
        except StreamlitInvalidLayoutContextError:  # the page's last run was cut short, before it had filled all slots
            st.rerun()

    tick()


def _controls(run: Run) -> tuple[object, ...]:
    """What may change without the page: a layer is clicked, an instrument switched by another tab or by its failure."""
    return layer.shown(), instruments.on(run)


def _fill(run: Run, snapshot: Snapshot, slots: Slots) -> None:
    state_line(snapshot, slots)
    shown, name = past.shown(run, snapshot), layer.shown()
    histogram = past.of_layer(shown.weights, name) if shown.weights else None
    pin = past.pinned(run)
    pinned = past.of_layer(pin.weights, name) if pin else None
    with slots["look"]:
        panel("look", words.look(shown.step, snapshot.step, pin and pin.step))
    with slots["headline"]:
        panel("headline", words.headline(histogram, shown.step if past.looks_back() else None))
    with slots["clamp"]:
        _weights_plot(run, shown, histogram, pinned)
    with slots["in force"]:
        panel("in_force", words.in_force(snapshot.config.clip_range, st.session_state.get("clip_refusal", "")))
    with slots["counts"]:
        panel("counts", words.counts_table(histogram, pin and (pin.step, pinned)))
    with slots["samples"]:
        _samples(shown, pin.samples if pin else None)
    if pin and pin.samples.ndim == 4:
        with slots["pinned"]:
            _pinned_samples(pin)
    cursors = [step for step in (shown.step, pin and pin.step) if step and step != snapshot.step]
    charted, wanted = frozen(run) or snapshot, view()._replace(cursors=tuple(cursors))
    for name, figure in CHARTS.items():
        with slots[name]:
            plot(f"chart_{name}", figure(charted, wanted), 210)
    instruments.fill(run, snapshot, slots, wanted.cursors)
    with slots["layers"]:
        panel("layers", words.layers_table(shown.weights))
    with slots["record"]:
        panel("record", words.record(snapshot))


def state_line(snapshot: Snapshot, slots: Slots) -> None:
    """The state line."""
    with slots["state"]:
        panel("state", words.state_line(snapshot))


def view() -> View:
    """How the reader wants the charts drawn."""
    state = st.session_state
    along, median = state.get("along", "step"), state.get("median", "25")
    return View(along, int(median) if median else None, layer.shown())


def frozen(run: Run) -> Snapshot | None:
    """What the charts stay at while Freeze is on; None while they follow."""
    state = st.session_state
    if not state.get("freeze"):
        state.pop("frozen", None)
    elif "frozen" not in state or state["frozen"].run_id != run.run_id:
        state["frozen"] = run.latest
    return state.get("frozen")


def _weights_plot(run: Run, shown: Snapshot, histogram: WeightHistogram | None, pinned: WeightHistogram | None) -> None:
    """The weights around the shown step's clamp; or, as the reader wants, over the whole run."""
    way = st.session_state["weights_view"]
    if way == "clamp":
        _clamp_plot(run, shown, histogram, pinned)
    else:
        figure = past.over_the_run(run, view().layer, ridge=way == "ridge")
        steps = (shown.step, past.place_pinned()) if past.looks_back() else ()
        plot(way, lookback.marked(figure, [step for step in steps if step]) if way == "bands" else figure, 330)


def _clamp_plot(run: Run, shown: Snapshot, histogram: WeightHistogram | None, pinned: WeightHistogram | None) -> None:
    # The rules stand where the newest wish is, the weights where the last clamp put them.
    looks_back = past.looks_back() and histogram
    figure = figures.clamp(
        histogram,
        histogram.clip_range if looks_back else run.wanted.clip_range,
        st.session_state.get("log_y", False),
        st.session_state["mirror"],
        pinned=pinned,
    )
    if shown.status.ended or looks_back:
        del figure["rules"]  # nothing to pull
    plot("clamp", figure, 330, on_pulled_change=lambda: steer.pulled(run, **st.session_state["clamp"].pulled))


def sheet_width(size: int, columns: int) -> int:
    """Pixels on the screen: as wide as the card, or a little less for a whole number of them to each of a sample's."""
    native = (size + images.GAP) * columns + images.GAP
    whole = native * (CARD // native)
    return whole if whole >= 0.8 * CARD else CARD


def _pinned_samples(pin: Moment) -> None:
    st.caption(f"Pinned, step {pin.step:,}:")
    with st.container(key="pinned_samples", horizontal_alignment="center"):
        sheet, size = drawings.sheet_uri(pin.samples[:16], 8), pin.samples.shape[1]
        st.image(sheet, width=sheet_width(size, 8), alt=f"16 generated images at step {pin.step:,}")


def _samples(snapshot: Snapshot, pinned: np.ndarray | None) -> None:
    if snapshot.config.kind == "point":
        plot("points", figures.points(snapshot.real, snapshot.samples, pinned=pinned), 560)
        return
    shape = st.session_state["rows"], st.session_state["columns"]
    size = snapshot.config.image_size
    samples = snapshot.samples if snapshot.samples is not None else np.zeros((100, size, size, 1), np.uint8)
    shown = samples[: shape[0] * shape[1]]
    alt = f"{len(shown)} generated images at step {snapshot.step:,}"
    st.image(drawings.sheet_uri(shown, shape[1]), width=sheet_width(size, shape[1]), alt=alt)
