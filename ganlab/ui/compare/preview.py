"""A run of a sweep beneath the sweep's figure: its samples, its weights, and what it is."""

from collections.abc import Mapping, Sequence
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
def beneath(runs: Sequence[SweptRun], letters: Mapping[str, str]) -> None:
    """The run that was pointed at or picked last; at first the one compared last, or the first that has begun.

    `letters` are those of the compared runs, by ID.
    """
    known = {run.path.name: run for run in runs if run.has_begun}
    compared = [run for run in known.values() if run.run_id in letters]
    last = sorted(compared, key=lambda run: letters[run.run_id])[-1:]
    first = next(iter([*last, *known.values()]), None)
    if run := known.get(st.session_state.get("previewed", ""), first):
        text = _card(run, letters.get(run.run_id, ""), settings.unnamed(run.planned for run in runs))
        preview("sweep_run", text, run.path.name, _point, Caption("Samples and weights"))


def _point(name: str) -> None:
    st.session_state["previewed"] = name


def _card(run: SweptRun, letter: str, names: Sequence[str]) -> str:
    try:
        pick = Pick.of(letter, run)
        return once(pick.record, ("preview", letter, pick.name), partial(_drawn, pick, run, names))
    except ValueError as error:
        return f"<p class='bad'>{escape(str(error))}</p>"


def _drawn(pick: Pick, run: SweptRun, names: Sequence[str]) -> str:
    head = f"{chip(pick.letter) if pick.letter else ''} <b>{opened(pick.record, run, pick.name)}</b>"
    facts = [*settings.in_words(run.planned, names), f"step {pick.record.steps_made:,} of {pick.config.steps:,}"]
    histogram = weights.histograms([pick]).get(pick.letter)
    drawn = weights.small(run.path.name, histogram, "") if histogram else ""
    return (
        f"<div class='preview'>{samples.drawn(pick)}<div class='minis'>{drawn}</div>"
        f"<div>{head}{html.pill(pick.record.status)}<p class='muted small'>{escape(' · '.join(facts))}</p></div></div>"
    )
