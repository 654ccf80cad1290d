"""A run of a sweep beneath the sweep's figure: its samples, its weights, and what it is."""

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from ganlab.runs.swept_run import SweptRun
from ganlab.ui.compare import samples, settings, weights
from ganlab.ui.compare.keys import chip, opened
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import html
from ganlab.ui.kit.components import Caption, preview
from ganlab.ui.kit.live import once


@st.fragment
def beneath(runs: Sequence[SweptRun], compared: Sequence[Pick]) -> None:
    """The run that was pointed at last; at first the one compared last, or the first that has begun."""
    known = {run.path.name: run for run in runs if run.has_begun}
    letters = {pick.run.run_id: pick.letter for pick in compared}
    names = {run.run_id: name for name, run in known.items()}
    last = [names[run_id] for run_id in letters if run_id in names][-1:]
    if st.session_state.get("previewed") not in known:  # another sweep's, or an address's
        st.session_state.pop("previewed", None)
    if name := st.session_state.get("previewed") or next(iter([*last, *known]), ""):
        run = known[name]
        text = _card(run, letters.get(run.run_id, ""), settings.unnamed(run.planned for run in runs))
        preview("sweep_run", text, name, _point, Caption("Samples and weights"))


def _point(name: str) -> None:
    st.session_state["previewed"] = name


def _card(run: SweptRun, letter: str, names: Sequence[str]) -> str:
    try:
        pick = Pick.of(letter, run)
        return once(pick.record, ("preview", letter, pick.name, *names), partial(_drawn, pick, run, names))
    except ValueError as error:
        return f"<p class='bad'>{escape(str(error))}</p>"


def _drawn(pick: Pick, run: SweptRun, names: Sequence[str]) -> str:
    head = f"{chip(pick.letter) if pick.letter else ''} <b>{opened(pick.record, run, pick.name)}</b>"
    state = f"{html.pill(pick.record.status)} {settings.changed(pick.record.changes)}"
    facts = [*settings.in_words(run.planned, names), f"step {pick.record.steps_made:,} of {pick.config.steps:,}"]
    facts += samples.outside(pick)
    histogram = weights.histograms([pick]).get(pick.letter)
    drawn = weights.small(run.path.name, histogram, "") if histogram else ""
    return (
        f"<div class='preview'>{samples.drawn(pick)}<div class='minis'>{drawn}</div>"
        f"<div>{head}{state}<p class='muted small'>{escape(' · '.join(facts))}</p></div></div>"
    )
