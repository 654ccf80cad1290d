"""Three things to try: one click each, and a sentence on what to expect."""

import streamlit as st

from ganlab.formatting import range_in_words
from ganlab.plots.base import rounded
from ganlab.runs.run import Run
from ganlab.ui.train import steer

TRIES = (
    (
        "Clip ten times tighter",
        (0.1, 0.1),
        "Many more weights fold into the posts, and the estimate falls to almost zero: hardly any gradient is left.",
    ),
    (
        "Clip ten times wider",
        (10.0, 10.0),
        "The posts vanish, the weights drift towards the new bounds, and the estimate grows by orders of magnitude.",
    ),
    (
        "Forbid negative weights",
        (0.0, 1.0),
        "Everything below 0 folds into one post there: the critic can only add, and the estimate falls to about zero.",
    ),
)


def tries(run: Run, ended: bool) -> None:
    """The three cards, relative to the range that the run started with."""
    start = run.config.clip_range
    for column, (label, (low, high), sentence) in zip(st.columns(3, gap="small"), TRIES, strict=True):
        # Without float noise: 0.1 * 0.1 is 0.01, and -0 is 0.
        clip_range = (rounded(low * start[0], 6) + 0.0, rounded(high * start[1], 6) + 0.0)
        with column.container(border=True, height="stretch"):
            st.button(
                f"{label}: {range_in_words(clip_range)}",
                key=f"try_{label}",
                icon=":material/science:",
                disabled=ended,
                on_click=steer.change_clip_range,
                args=(run, clip_range),
            )
            st.markdown(sentence)
