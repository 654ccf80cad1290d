"""The lesson on `torch.no_grad`."""

import streamlit as st

from ganlab.blocks import no_grad as block
from ganlab.ui.blocks import inputs, tables
from ganlab.ui.components import panel
from ganlab.ui.lesson import in_code, lesson


def _batch(batch: int) -> int:
    block.check(batch)
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
                wish = st.number_input("Images at a time", value=512, key="no_grad_batch", width=150)
                told = "Trains a small classifier of digits for half a second, once; then repeats each way 15 times."
                pressed = st.button("Measure time and accuracy", icon=":material/timer:", key="no_grad_go", help=told)
            batch = inputs.in_force("no_grad", lambda: _batch(wish), block.HELD_OUT)
            timed, rounds = _timed(batch, pressed)
            panel("no_grad_table", _table(batch, timed))
            panel("no_grad_told", _told(batch, timed, rounds))
        with beside:
            in_code(block.code(batch), block.printed(batch))
            if timed:
                result = timed["no_grad"]
                in_code(block.accuracy_code(batch), block.accuracy_printed(result.correct, result.total))


def _timed(batch: int, pressed: bool) -> tuple[dict[str, block.Timed], int]:
    """What was measured for this batch, if anything."""
    if pressed:
        with st.spinner("Measuring…"):
            st.session_state["no_grad_timed"] = (batch, *block.measure(batch))
    measured_batch, timed, rounds = st.session_state.get("no_grad_timed", (None, {}, 0))
    return (timed, rounds) if measured_batch == batch else ({}, 0)


def _table(batch: int, timed: dict[str, block.Timed]) -> str:
    model, x = block.classifier_without_draws(), block.pixels(batch)
    kept = {mode.name: block.kept(model, x, mode) for mode in block.MODES}
    most = max(k.saved_bytes for k in kept.values())
    rows = []
    for mode in block.MODES:
        k, t = kept[mode.name], timed.get(mode.name)
        rows.append(
            (
                f"<b>{mode.name}</b>",
                f"{k.saved_bytes:,}<span class='ink-bar'><span style='width:{k.saved_bytes / most:.0%}'></span></span>",
                str(k.requires_grad),
                k.grad_fn.removesuffix("Backward0") + ("…" if k.grad_fn != "None" else ""),
                f"{t.forward * 1e3:.2f} ms" if t else "–",
                f"{t.loop * 1e3:.1f} ms" if t else "–",
                f"{t.correct} / {t.total}" if t else "–",
            )
        )
    head = ("", "bytes kept", "requires_grad", "grad_fn", "forward", "test loop", "correct")
    return tables.table(head, rows, "modes")


def _told(batch: int, timed: dict[str, block.Timed], rounds: int) -> str:
    kept, own = (
        block.kept(block.classifier_without_draws(), block.pixels(batch), block.MODES[0]),
        block.parameter_bytes(),
    )
    why = (
        f"<p><b>Memory.</b> backward() needs what each layer was given, so the usual forward pass keeps "
        f"{kept.saved_bytes // batch:,} bytes for every image, here {kept.saved_bytes / own:.3g} times the network's "
        f"own {own:,} bytes of weights. Under no_grad nothing is kept; each layer's input is freed as soon as it is "
        f"used. detach() comes too late: all is kept during the pass, and then let go.</p>"
    )
    if not timed:
        return why + "<p class='muted'>Time and accuracy are measured on this machine when you press the button.</p>"
    usual, without = timed["as usual"], timed["no_grad"]
    change = without.loop / usual.loop - 1
    much = f"{abs(change):.0%} {'less' if change < 0 else 'more'}"
    return (
        f"{why}<p><b>Time.</b> The multiplications are the same, so on a CPU it hardly differs: the test loop took "
        f"{much} under no_grad, the median of {rounds} rounds; only the notes for backward() fall away, which shows "
        f"most with few images at a time.</p><p><b>Result.</b> The same to the last digit: {without.correct} of "
        f"{without.total} held-out digits right, {without.correct / without.total:.1%}.</p>"
    )
