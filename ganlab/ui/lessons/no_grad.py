"""The lesson on `torch.no_grad`."""

import streamlit as st

from ganlab.data import image_sets
from ganlab.lessons import no_grad
from ganlab.ui.kit import inputs
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, lesson
from ganlab.ui.lessons import tables


def _batch(batch: int) -> int:
    no_grad.check(batch)
    return batch


@st.fragment
def section() -> None:
    """The same forward pass in four ways: what it keeps at once, how long it takes at the press of a button."""
    with lesson(
        "torch.no_grad",
        "no-grad",
        "“Saves memory and is faster” when a network is only used, as on a test set. Why, and how much?",
    ) as (doing, beside):
        with doing:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                wish = st.number_input(
                    "Images at a time", value=512, key="no_grad_batch", persist_state="session", width=150
                )
                told = "Trains a small classifier for half a second, once; then repeats each way for about a second."
                pressed = st.button("Measure time and accuracy", icon=":material/timer:", key="no_grad_go", help=told)
            batch = inputs.in_force("no_grad", lambda: _batch(wish), no_grad.HELD_OUT)
            timed, rounds = _timed(batch, pressed)
            panel("no_grad_kept", _kept_table(batch))
            panel("no_grad_memory", _memory(batch))
            if timed:
                panel("no_grad_timed", _timed_table(timed))
                panel("no_grad_time", _time(timed, rounds))
        with beside:
            result = timed.get("no_grad")
            in_code(
                no_grad.accuracy_code(batch),
                no_grad.accuracy_printed(result.correct, result.total) if result else "(press the button to run it)",
            )
            with st.expander("How the bytes are counted", icon=":material/code:"):
                in_code(no_grad.code(batch), no_grad.printed(batch))


def get_ready() -> None:
    """Load the digits once everything is on the page: the button then need not wait for scikit-learn."""
    image_sets.labelled_digits(8)


def _timed(batch: int, pressed: bool) -> tuple[dict[str, no_grad.Timed], int]:
    """What was measured for this batch, if anything."""
    if pressed:
        with st.spinner("Measuring…"):
            st.session_state["no_grad_timed"] = (batch, *no_grad.measure(batch))
    measured_batch, timed, rounds = st.session_state.get("no_grad_timed", (None, {}, 0))
    return (timed, rounds) if measured_batch == batch else ({}, 0)


def _kept_table(batch: int) -> str:
    model, x = no_grad.classifier(), no_grad.pixels(batch)
    kept = {mode: no_grad.kept(model, x, mode) for mode in no_grad.MODES}
    most = max(k.saved_bytes for k in kept.values())
    rows = [
        (
            f"<b>{mode.name}</b>",
            f"{k.saved_bytes:,}<span class='ink-bar'><span style='width:{k.saved_bytes / most:.0%}'></span></span>",
            str(k.requires_grad),
            f"<code>{k.grad_fn}</code>",
        )
        for mode, k in kept.items()
    ]
    return tables.table(("", "bytes kept", "requires_grad", "grad_fn"), rows)


def _timed_table(timed: dict[str, no_grad.Timed]) -> str:
    rows = [
        (f"<b>{name}</b>", f"{t.forward * 1e3:.2f} ms", f"{t.loop * 1e3:.1f} ms", f"{t.correct} of {t.total}")
        for name, t in timed.items()
    ]
    return tables.table(("CPU time", "one forward", "test loop", "correct"), rows)


def _memory(batch: int) -> str:
    kept = no_grad.kept(no_grad.classifier(), no_grad.pixels(batch), no_grad.MODES[0])
    own = no_grad.parameter_bytes()
    return (
        f"<p><b>Memory.</b> backward() needs what each layer was given, so the usual forward pass keeps "
        f"{kept.saved_bytes // batch:,} bytes for every image, here {kept.saved_bytes / own:.2g} times the network's "
        f"{own:,} bytes of weights. Under no_grad nothing is kept: each layer's input is freed once it is used. "
        f"inference_mode does the same, and its results can't be saved for a later backward(). detach() comes late: "
        f"all is kept during the pass, and then let go.</p>"
    )


def _time(timed: dict[str, no_grad.Timed], rounds: int) -> str:
    usual, without = timed["as usual"], timed["no_grad"]
    change = without.loop / usual.loop - 1
    if abs(change) > no_grad.NOTICED and change * (without.forward - usual.forward) > 0:
        much = f"this loop took {100 * abs(change):.0f} % {'less' if change < 0 else 'more'} time under no_grad"
    else:
        much = "no difference can be measured here"
    return (
        f"<p><b>Time.</b> The multiplications are the same, so on a CPU there is little to gain: {much} (CPU time on "
        f"one thread, medians of {rounds} rounds). Only the bookkeeping for backward() falls away. "
        f"<b>Result.</b> The same: "
        f"{without.correct} of {without.total} held-out digits, {100 * without.correct / without.total:.1f} %.</p>"
    )
