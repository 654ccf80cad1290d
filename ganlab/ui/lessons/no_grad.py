"""The lesson on `torch.no_grad`: what a forward pass keeps in four modes and, at a button, how long each takes."""

import streamlit as st
import torch

from ganlab.data import image_sets
from ganlab.formatting import fixed, fixed_percent, percent
from ganlab.lessons import no_grad
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, last_valid, lesson, number_input, row, table

QUESTION = "“Saves memory and is faster” when a network is only used, as on a test set. Why, and how much?"


def load_digits() -> None:
    """Load what the lesson's button needs, so that it need not wait for scikit-learn."""
    image_sets.labelled_digits(8)


@st.fragment
def section(anchor: str) -> None:
    with lesson("torch.no_grad", anchor, QUESTION) as (doing, beside):
        with doing:
            with row():
                batch = number_input("Images at a time", 512, "no_grad_batch", 150)
                about = "Trains a small classifier for half a second, once; then measures for about two seconds."
                pressed = st.button("Measure time and accuracy", icon=":material/timer:", key="no_grad_go", help=about)
            batch = last_valid("no_grad", lambda: no_grad.checked_batch(batch), no_grad.HELD_OUT)
            timed, kept = _timed(batch, pressed), no_grad.kept(no_grad.classifier(), torch.zeros(batch, 1, 8, 8))
            panel("no_grad_kept", _kept_table(kept))
            panel("no_grad_memory", _memory(kept["as usual"].saved_bytes, batch))
            if timed:
                panel("no_grad_timed", _timed_table(timed))
                panel("no_grad_time", _time(timed))
        with beside:
            printed = "(press the button to run it)"
            if result := timed.get("no_grad"):
                printed = no_grad.accuracy_printed(result.correct, result.total)
            in_code(no_grad.accuracy_code(batch), printed)
            with st.expander("How the bytes are counted", icon=":material/code:"):
                in_code(no_grad.code(batch), no_grad.printed(batch))


def _timed(batch: int, pressed: bool) -> dict[str, no_grad.Timed]:
    """What was measured for this number of images; empty if nothing was."""
    if pressed:
        with st.spinner("Measuring…"):
            st.session_state["no_grad_timed"] = batch, no_grad.measure(batch)
    measured_batch, timed = st.session_state.get("no_grad_timed", (None, {}))
    return timed if measured_batch == batch else {}


def _kept_table(kept: dict[str, no_grad.Kept]) -> str:
    most = max(k.saved_bytes for k in kept.values())
    rows = []
    for name, k in kept.items():
        bar = f"<span class='ink-bar'><span style='width:{k.saved_bytes / most:.0%}'></span></span>"
        rows.append((f"<b>{name}</b>", f"{k.saved_bytes:,}{bar}", str(k.requires_grad), f"<code>{k.grad_fn}</code>"))
    return table(("", "bytes kept", "requires_grad", "grad_fn"), rows)


def _timed_table(timed: dict[str, no_grad.Timed]) -> str:
    rows = []
    for name, t in timed.items():
        forward, loop = f"{fixed(1000 * t.forward, 2)} ms", f"{fixed(1000 * t.loop, 1)} ms"
        rows.append((f"<b>{name}</b>", forward, loop, f"{t.correct} of {t.total}"))
    return table(("CPU time", "one forward pass", "test loop", "correct"), rows)


def _memory(kept: int, batch: int) -> str:
    weights = sum(p.nbytes for p in no_grad.classifier().parameters())
    return (
        f"<p><b>Memory.</b> backward() needs each layer's input, so the usual forward pass keeps {kept // batch:,} "
        f"bytes per image, here {kept / weights:.2g} times the network's {weights:,} bytes of weights. Under no_grad "
        f"nothing is kept: each layer's input is freed once it is used. inference_mode does the same, and its results "
        f"can't be saved for a later backward(). detach() comes too late: everything is kept during the pass and freed "
        f"only then.</p>"
    )


def _time(timed: dict[str, no_grad.Timed]) -> str:
    usual, without = timed["as usual"], timed["no_grad"]
    change = without.loop / usual.loop - 1
    if abs(change) > no_grad.NOTICED and change * (without.forward - usual.forward) > 0:
        effect = f"this loop took {percent(abs(change))} {'less' if change < 0 else 'more'} time under no_grad"
    else:
        effect = "no difference can be measured here"
    return (
        f"<p><b>Time.</b> The multiplications are the same, so on a CPU there is little to gain: {effect} (median CPU "
        f"time on one thread). Only the bookkeeping for backward() is skipped. <b>Result.</b> The same: "
        f"{without.correct} of {without.total} held-out digits, "
        f"{fixed_percent(without.correct / without.total, 1)}.</p>"
    )
