"""The diagnosis, and how to read the instruments."""

from html import escape

from ganlab.formatting import fixed_percent, percent
from ganlab.gan.holding import constraint_in_words
from ganlab.measure.coverage import MISSING
from ganlab.measure.reading import Reading
from ganlab.runs import diagnosis
from ganlab.runs.diagnosis import WINDOW, YOUNG, Finding
from ganlab.runs.look_budget import SHARE
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.verdict import NOT_AGAIN, UNKNOWN
from ganlab.ui.train.instruments.card import CardData


def share(reading: Reading | None, snapshot: Snapshot, looks_back: bool) -> str:
    """The cost of the looks, and the step of the last one, as HTML."""
    if reading is None:
        return ""
    cost = "measured now"
    if snapshot.reading:
        cost = f"{fixed_percent(snapshot.instruments_share, 1)} of the run's CPU time"
    step = f"step {reading.step:,}"
    if looks_back:
        step += ", not the one you look back at"
    elif reading.step != snapshot.step and snapshot.status in (Status.PAUSED, Status.STOPPED, Status.FINISHED):
        step += f", not {snapshot.step:,}"
    return f"<span class='muted small'>{cost} · {step}</span>"


def findings(data: CardData, ended: bool, on: frozenset[str]) -> str:
    """What is probably wrong, most serious first, each with one thing to try; then of which step. HTML."""
    if data.reading is None:
        words = NOT_AGAIN if data.rows else "Nothing was measured."
        pending = "The instruments take their first look in a few seconds."
        return f"<div class='findings muted'>{pending if on and not ended else words}</div>"
    step = data.reading.step
    history = data.history.until(step)
    problems = diagnosis.diagnose(data.reading, history, data.config, data.changes)
    if problems:
        result = _list(problems)
    elif not diagnosis.knows(data.config):
        result = UNKNOWN
    elif len(history) < WINDOW:
        result = f"Too early to judge: most rules begin at step {WINDOW} or {YOUNG}."
    else:
        result = "No problems found." + (f" Some rules begin at step {YOUNG}." if len(history) < YOUNG else "")
    clip_range = "clip range " if data.config.constraint == "clip" else ""
    about = f"<p class='muted small'>Step {step:,}, {clip_range}{constraint_in_words(data.config)}</p>"
    return f"<div class='findings'>{result}{about}</div>"


def _list(problems: list[Finding]) -> str:
    items, advised = [], set()
    for finding in problems:
        advice = escape(f"{finding.advice.words} {finding.advice.because}".strip())  # several findings may share it
        advice = "" if finding.advice in advised else advice
        advised.add(finding.advice)
        items.append(f"<li><b>{escape(finding.sentence)}</b> {advice}</li>")
    return f"<ul>{''.join(items)}</ul>"


INTRODUCTION = f"""
The instruments look at copies of both networks between two steps, using about {percent(SHARE)} of the run's CPU time.
They also look just before the constraint changes and five steps after it, on pause and at the end. Their results are
written to instruments.csv.
"""
_FAR = f"{percent(diagnosis.NEGATIVE)} of {WINDOW} estimates below 0, and W1 above {diagnosis.FAR:g}× real to real"
_MISSING = f"{percent(diagnosis.MISSING_SHARE)} of the modes with less than {percent(MISSING)} of the expected samples"
_FINE = f"from step {diagnosis.FINISHED:,}, {percent(diagnosis.FINE)} of the points within 3 sd of a mode"
DIAGNOSIS = f"""
**The diagnosis** judges gradients from step {WINDOW}; oscillation, a critic far from optimal and mode collapse from
step {YOUNG}; and from step {diagnosis.LATE:,} how far the result is from a perfect sampler's, where that is known.
Rules over several steps apply only while the constraint stays the same.

| sign | threshold |
|---|---|
| weights at the bounds | {percent(diagnosis.SATURATED)} of all, over {WINDOW} steps |
| vanishing gradients | {diagnosis.SHRINKS:g}× smaller per hidden layer |
| exploding gradients | {diagnosis.GROWS:g}× larger over the hidden layers, or {diagnosis.STEEP:g}× per layer |
| weights that barely move | rms gradient below 1e−8 |
| a critic far from optimal | {_FAR} |
| mode collapse | {_MISSING}, or a spread of {diagnosis.NARROW:g}× the real samples' |
| far from a perfect sampler | W1 {diagnosis.POOR:g}× the upper end of its band; or, {_FINE} |
| copies | {diagnosis.COPIED:g}× as far from the training images as held-out images are |
| an overfitting critic | estimates {percent(diagnosis.GAP)} and {diagnosis.GAP_ERRORS:g} standard errors apart |
| oscillation | autocorrelation below {diagnosis.SWINGS:g}, standard deviation over {diagnosis.SWING_SIZE:g}× the mean |
| momentum | Adam with beta1 above 0 |
"""
