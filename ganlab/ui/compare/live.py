"""The live parts of Compare: one fragment fills the containers that the page laid out, while a compared run trains."""

from html import escape

import streamlit as st

from ganlab.ui.compare import curves, gradients, instruments, methods, samples, weights
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.components import Caption, feed, panel, plot
from ganlab.ui.kit.live import feeding, mounting
from ganlab.ui.train.view import Slots

EVERY, GUESTS_EVERY = 1.0, 2.0  # seconds


def live(picks: list[Pick], slots: Slots) -> None:
    """Fill the slots now, and as long as a run trains or has not been measured."""
    with mounting():
        for part in PARTS:
            part(picks, slots)
    turn = -1
    lives = any(pick.trains for pick in picks) or bool(gradients.unmeasured(picks))

    @st.fragment(run_every=(EVERY if may_act() else GUESTS_EVERY) if lives else None)
    def tick() -> None:
        nonlocal turn
        turn += 1
        with feeding(feed):
            if turn == 0:  # the page has just been drawn
                return
            try:
                newest = [pick.newest() for pick in picks]
            except ValueError:  # it was deleted: the page says so
                st.rerun()
            waiting = gradients.unmeasured(newest)
            if waiting:
                gradients.measure(waiting[0])
            if _outdated(picks, newest) or not (waiting or any(pick.trains for pick in newest)):
                st.rerun()  # also the table above, and without ticks
            for part in TURNS[turn % len(TURNS)]:
                part(newest, slots)

    with st.container(key="live"):
        tick()


def _outdated(picks: list[Pick], newest: list[Pick]) -> bool:
    """Whether a run has ended, or was changed, which the page says too."""
    pairs = [(pick.record, now.record) for pick, now in zip(picks, newest, strict=True)]
    return any((old.status, len(old.changes)) != (new.status, len(new.changes)) for old, new in pairs)


def axes() -> tuple[str, bool]:
    """What the x axis of the charts counts, and whether the shares of the weights are on a logarithmic axis."""
    return st.session_state.get("compare_along", "step"), bool(st.session_state.get("compare_log"))


def _overlaid(picks: list[Pick], slots: Slots) -> None:
    along, log_y = axes()
    for title in curves.CHARTS:
        caption = curves.caption(title, picks)
        with slots[f"head {title}"]:
            panel(f"compare_head_{title}", f"<div class='keys'>{caption.head()}</div>")
        with slots[title]:
            plot(f"compare_{title}", curves.figure(title, picks, along), 250, caption)
    known = weights.histograms(picks)
    caption = weights.caption(known)
    with slots["weights key"]:
        panel("compare_weights_key", f"{caption.head()}<p class='muted small'>{weights.note(known)}</p>")
    with slots["weights"]:
        plot("compare_weights", weights.overlaid(known, log_y), 340, caption)


def _one_by_one(picks: list[Pick], slots: Slots) -> None:
    known, caption = weights.histograms(picks), weights.one_by_one_caption()
    with slots["one by one head"]:
        panel("compare_one_by_one_head", caption.head() if known else "")
    with slots["one by one"]:
        panel("compare_one_by_one", weights.one_by_one(known), caption)


def _samples(picks: list[Pick], slots: Slots) -> None:
    with slots["samples"]:
        panel("compare_samples", samples.side_by_side(picks), samples.caption())


def _measured(picks: list[Pick], slots: Slots) -> None:
    found = gradients.known(picks)
    caption = gradients.caption(found)
    with slots["gradients head"]:
        panel(
            "compare_gradients_head",
            f"<div class='keys'>{caption.head()}</div><p class='muted small'>{gradients.note(picks, found)}</p>",
        )
    with slots["gradients"]:
        plot("compare_gradients", gradients.figure(found), 300, caption)
    with slots["instruments"]:
        panel("compare_instruments", instruments.table(picks), Caption("Measurements"))
    with slots["methods"]:
        panel("compare_methods", f"<p class='methods'>{escape(methods.paragraph(picks))}</p>")


PARTS = (_overlaid, _one_by_one, _samples, _measured)
TURNS = ((_overlaid, _one_by_one), (_samples,), (_overlaid, _measured))
"""What is drawn again at each of three ticks: eight sheets of noise take 53 kB."""
