"""The live parts of Train: one fragment that fills the containers which the page laid out between its controls."""

import numpy as np
import streamlit as st
from streamlit.errors import StreamlitInvalidLayoutContextError

from ganlab.gan.clipping import WeightHistogram, pooled
from ganlab.plots import clamp, whole_run
from ganlab.plots.samples import points
from ganlab.runs.disk.moments import Moment
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import html, late
from ganlab.ui.kit.components import panel, plot
from ganlab.ui.train import look_back, panels, steer
from ganlab.ui.train.instruments import panel as instruments
from ganlab.ui.train.view import CHARTS, Slots, frozen, layer, sheet, view

EVERY = 0.5  # seconds, also while paused: a Step should be seen, and another tab may resume


def live(run: Run, status: Status, slots: Slots) -> None:
    """Fill the slots now and as long as the run lives; `status` is what the page was drawn for."""
    drawn = _controls(run)
    first = True  # the widgets hold what the page has just put there, not what a browser sent

    @st.fragment(run_every=None if status.ended else EVERY)
    def tick() -> None:
        nonlocal first
        if not first:
            late.hear()
        first = False
        snapshot = run.latest
        steered = steer.live_values(run) != st.session_state["drawn_for"] or _controls(run) != drawn
        if snapshot.status != status or steered or look_back.outgrown(run):
            st.rerun()  # the whole page, because the controls change too
        try:
            _fill(run, snapshot, slots)
        except StreamlitInvalidLayoutContextError:  # the page's last run was cut short before it had made all slots
            st.rerun()

    tick()


def _controls(run: Run) -> tuple[object, ...]:
    """What can change without the page: a clicked layer, an instrument that another tab or a failure switched."""
    return layer(), instruments.on(run)


def _fill(run: Run, snapshot: Snapshot, slots: Slots) -> None:
    shown, pin = look_back.shown(run, snapshot), look_back.pinned(run)
    histogram, pinned = _histogram(shown.weights), _histogram(pin.weights) if pin else None
    texts = {
        "state": panels.state_line(snapshot),
        "look": panels.look(shown.step, snapshot.step, pin.step if pin else None),
        "headline": panels.headline(histogram, shown.step if look_back.looks_back() else None),
        "in_force": panels.in_force(snapshot.config.clip_range, st.session_state.get("clip_refusal", "")),
        "counts": panels.counts_table(histogram, (pin.step, pinned) if pin else None),
        "layers": html.layers_table(shown.weights),
        "record": panels.record(snapshot),
    }
    for name, text in texts.items():
        with slots[name]:
            panel(name, text)
    with slots["clamp"]:
        _weights_plot(run, shown, pin, histogram, pinned)
    with slots["samples"]:
        _samples(shown, pin.samples if pin else None)
    if pin and pin.samples.ndim == 4:
        with slots["pinned"]:
            st.caption(f"Pinned, step {pin.step:,}:")
            with st.container(key="pinned_samples", horizontal_alignment="center"):
                sheet(pin.samples[:16], 8, f"16 generated images at step {pin.step:,}")
    cursors = [step for step in (shown.step, pin and pin.step) if step and step != snapshot.step]
    charted, wanted = frozen(run) or snapshot, view()._replace(cursors=tuple(cursors))
    for title, figure in CHARTS.items():
        with slots[title]:
            plot(f"chart_{title}", figure(charted, wanted), 210)
    instruments.fill(run, snapshot, slots, wanted.cursors)


def _histogram(weights: tuple[WeightHistogram, ...]) -> WeightHistogram | None:
    """The shown layer's, or that of all together; None before the first clamp."""
    if not weights:
        return None
    return next((histogram for histogram in weights if histogram.name == layer()), None) or pooled(weights)


def _weights_plot(
    run: Run, shown: Snapshot, pin: Moment | None, histogram: WeightHistogram | None, pinned: WeightHistogram | None
) -> None:
    """The weights around the shown step's clamp, or over the whole run, as the reader chose."""
    chosen, looks_back = st.session_state["weights_view"], look_back.looks_back()
    if chosen != "clamp":
        figure = look_back.over_the_run(run, layer(), ridge=chosen == "ridge")
        if chosen == "bands" and looks_back:
            figure = whole_run.marked(figure, [step for step in (shown.step, pin and pin.step) if step])
        plot(chosen, figure, 330)
        return
    # The rules stand at the newest accepted range, the weights where the last clamp put them.
    saved = histogram if looks_back else None
    figure = clamp.clamp(
        histogram,
        saved.clip_range if saved else run.wanted.clip_range,
        st.session_state.get("log_y", False),
        st.session_state["symmetric"],
        pinned=pinned,
    )
    if shown.status.ended or saved:
        del figure["rules"]  # nothing to pull
    plot("clamp", figure, 330, on_pulled_change=lambda: steer.pull(run, **st.session_state["clamp"].pulled))


def _samples(snapshot: Snapshot, pinned: np.ndarray | None) -> None:
    if snapshot.config.kind == "point":
        plot("points", points(snapshot.real, snapshot.samples, pinned=pinned), 560)
        return
    rows, columns = st.session_state["rows"], st.session_state["columns"]
    size = snapshot.config.image_size
    samples = snapshot.samples if snapshot.samples is not None else np.zeros((100, size, size, 1), np.uint8)
    shown = samples[: rows * columns]
    sheet(shown, columns, f"{len(shown)} generated images at step {snapshot.step:,}")
