"""The live parts of Compare: one fragment fills the containers that the page laid out, while a compared run trains."""

import streamlit as st

from ganlab.ui.compare import curves, weights
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.components import feed, panel, plot
from ganlab.ui.kit.live import feeding, mounting
from ganlab.ui.train.view import Slots

EVERY, GUESTS_EVERY = 1.0, 2.0  # seconds


def live(picks: list[Pick], slots: Slots) -> None:
    """Fill the slots now, and as long as one of the runs trains."""
    with mounting():
        _fill(picks, slots)
    first = True

    @st.fragment(run_every=(EVERY if may_act() else GUESTS_EVERY) if any(pick.trains for pick in picks) else None)
    def tick() -> None:
        nonlocal first
        with feeding(feed):
            if first:  # the page has just been drawn
                first = False
                return
            newest = [pick._replace(record=pick.run.record) for pick in picks]
            if any(pick.record.status != now.record.status for pick, now in zip(picks, newest, strict=True)):
                st.rerun()
            _fill(newest, slots)

    with st.container(key="live"):
        tick()


def _fill(picks: list[Pick], slots: Slots) -> None:
    along, log_y = st.session_state.get("compare_along", "step"), bool(st.session_state.get("compare_log"))
    for title in curves.CHARTS:
        caption = curves.caption(title, picks)
        with slots[f"head {title}"]:
            panel(f"compare_head_{title}", caption.head())
        with slots[title]:
            plot(f"compare_{title}", curves.figure(title, picks, along), 250, caption)
    known = weights.histograms(picks)
    caption = weights.caption(known)
    with slots["weights key"]:
        panel("compare_weights_key", caption.head())
    with slots["weights"]:
        plot("compare_weights", weights.overlaid(known, log_y), 340, caption)
    with slots["one by one"]:
        panel("compare_one_by_one", weights.one_by_one(known), weights.one_by_one_caption())
