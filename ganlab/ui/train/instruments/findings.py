"""The diagnosis, and how to read the instruments."""

from dataclasses import replace
from html import escape

from ganlab.formatting import percent, range_in_words
from ganlab.measure.coverage import MISSING
from ganlab.measure.reading import Reading
from ganlab.runs import diagnosis
from ganlab.runs.look_budget import SHARE
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.train.instruments.card import CardData


def share(reading: Reading | None, snapshot: Snapshot, looks_back: bool) -> str:
    """What looking costs, and when was looked last."""
    if reading is None:
        return ""
    part, at = snapshot.instruments_share, f"step {reading.step:,}"
    cost = f"{100 * part:.1f} % of the run's CPU time" if snapshot.reading else "measured now"
    cost += ", paid back before the next look" if part > SHARE and not snapshot.status.ended else ""
    if looks_back:
        at += ", not the one looked back at"
    elif reading.step != snapshot.step and snapshot.status in (Status.PAUSED, Status.STOPPED, Status.FINISHED):
        at += f", not {snapshot.step:,}"
    return f"<span class='muted small'>{cost} · {at}</span>"


def findings(data: CardData, ended: bool, on: frozenset[str]) -> str:
    """What is probably wrong, most serious first, each with one thing to try; and of which step and range."""
    if data.reading is None:
        told = (
            "The instruments look for the first time in a few seconds." if on and not ended else "Nothing was measured."
        )
        return f"<div class='findings muted'>{told}</div>"
    step = data.reading.step
    past = data.history.until(step)
    config = data.config
    if len(past):
        config = replace(config, clip_range=(float(past["clip_low"][-1]), float(past["clip_high"][-1])))
    found, said = diagnosis.diagnose(data.reading, past, config), set()
    lines = []
    for finding in found:  # what several call for is advised once
        advice = "" if finding.advice in said else escape(finding.advice)
        said.add(finding.advice)
        lines.append(f"<li><b>{escape(finding.sentence)}</b> {advice}</li>")
    if lines:
        told = f"<ul>{''.join(lines)}</ul>"
    elif len(past) < diagnosis.WINDOW:
        told = f"Too early to judge: most rules begin with step {diagnosis.WINDOW} or {diagnosis.YOUNG}."
    else:
        waits = f" Some rules begin with step {diagnosis.YOUNG}." if len(past) < diagnosis.YOUNG else ""
        told = f"Nothing conspicuous.{waits}"
    of = f"<p class='muted small'>Step {step:,}, clip range {range_in_words(config.clip_range)}</p>"
    return f"<div class='findings'>{told}{of}</div>"


INTRODUCTION = f"""
The instruments look at copies of both networks between two steps, using {percent(SHARE)} of the run's CPU time; also
soon after the clip range changes, on pause and at the end. What they find is written to instruments.csv.
"""
_FAR = (
    f"{percent(diagnosis.NEGATIVE)} of {diagnosis.WINDOW} estimates below 0, W1 over {diagnosis.FAR:g} × real to real"
)
_MISSING = f"{percent(diagnosis.MISSING_SHARE)} of the modes with less than {percent(MISSING)} of their due"
DIAGNOSIS = f"""
**What the diagnosis tells**: gradients from step {diagnosis.WINDOW}; oscillation, a critic far from optimal and mode
collapse from step {diagnosis.YOUNG}; what goes over several steps, only if the clip range was one and the same.

| sign | from |
|---|---|
| weights at the bounds | {percent(diagnosis.SATURATED)} of all, over {diagnosis.WINDOW} steps |
| gradients that vanish | {diagnosis.SHRINKS:g}-fold per hidden layer |
| gradients that explode | {diagnosis.GROWS:g}-fold over the hidden layers, or {diagnosis.STEEP:g}-fold per layer |
| weights that barely move | rms gradient below 1e−8 |
| a critic far from optimal | {_FAR} |
| mode collapse | {_MISSING}, or {diagnosis.NARROW:g} of the spread |
| copies | {diagnosis.COPIED:g} times as far from the training images as new real ones |
| an overfitting critic | estimates {percent(diagnosis.GAP)} and {diagnosis.GAP_ERRORS:g} standard errors apart |
| oscillation | autocorrelation below {diagnosis.SWINGS:g}, sd over {diagnosis.SWING_SIZE:g} times the mean |
| momentum | Adam with a clipped critic |
"""
