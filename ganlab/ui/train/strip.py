"""The six numbers under the state line, and the sentence under them, as HTML."""

import math
from html import escape

import numpy as np

from ganlab.formatting import NOTHING, compared, count_of, fixed_percent, short
from ganlab.gan.holding import constraint_in_words
from ganlab.runs.advice import Advice
from ganlab.runs.range_change import RangeChange
from ganlab.runs.verdict import Verdict
from ganlab.runs.vitals import Vital

COLOURS = {"Moved by this clamp": "var(--before)", "On a bound": "var(--after)"} | dict.fromkeys(
    ("Distance", "Modes found", "Classes found", "Spread"), "var(--generator)"
)
POINTS = 40  # of a sparkline
SIGNS = ("green", "gray", "yellow", "red")  # for each severity of a verdict


def strip(vitals: list[Vital], changed: int | None, comparing: bool, measuring: bool) -> str:
    """Six cells, with a mark at the step `changed`.

    While `comparing`, each shows what it was and what it is now; `measuring` is whether missing ones will come soon.
    """
    newest = max((vital.steps[-1] for vital in vitals if len(vital.steps)), default=0)
    cells = [_compared(vital, measuring, newest) if comparing else _cell(vital, changed) for vital in vitals]
    return f"<div class='strip'>{''.join(cells)}</div>"


def _cell(vital: Vital, changed: int | None) -> str:
    now, line = written(vital.now, vital.how), _sparkline(vital, COLOURS.get(vital.name, ""), changed)
    return f"<div><span>{vital.name}</span><b>{now}</b><small>{vital.note}</small>{line}</div>"


def _compared(vital: Vital, measuring: bool, newest: float) -> str:
    if math.isnan(vital.now):
        note = "being measured" if measuring else "not measured"
    elif vital.how == "size":
        ratio, step = compared(vital.now, vital.was), vital.steps[-1]
        note = f"<em>{ratio}</em>{' now' if step == newest else f', step {step:,.0f}'}" if ratio else vital.note
    else:
        note = vital.note
    unknown = "…" if measuring and math.isnan(vital.now) else "not measured"
    unknown = NOTHING if vital.how == "share" else unknown  # a share of a clamp that there was not
    was = written(vital.was, vital.how) if not math.isnan(vital.was) else unknown
    now = written(vital.now, vital.how) if not math.isnan(vital.now) else "…"
    return f"<div class='hot'><span>{vital.name}</span><b><i>{was} →</i> {now}</b><small>{note}</small></div>"


def tried(change: RangeChange, slope: Vital, estimate: Vital) -> str:
    """Which change it was, what it did to these two, and how soon each was measured."""
    rows = (
        f"{name} {written(vital.was, vital.how)} → <b>{written(vital.now, vital.how)}</b>, "
        f"{compared(vital.now, vital.was)} after {count_of(round(vital.steps[-1]) - change.step, 'step')}"
        for name, vital in (("slope", slope), ("estimate", estimate))
    )
    former, present = map(constraint_in_words, (change.former, change.config))
    return f"<p class='small'>From {former} to {present}:<br>{'<br>'.join(rows)}</p>"


def written(value: float, how: str) -> str:
    """The number as the strip writes it."""
    if math.isnan(value):
        return NOTHING
    if how == "share":
        return fixed_percent(value, 1)
    return {"size": short(value), "times": f"{value:.2f}×", "count": f"{value:.0f}"}[how]


def _sparkline(vital: Vital, colour: str, changed: int | None) -> str:
    steps, values = vital.steps, vital.values
    if len(values) < 2:
        return ""
    if vital.how == "size":  # sizes change by orders of magnitude, also through 0
        values = np.arcsinh(values / max(np.sort(np.abs(values))[len(values) // 50], 1e-12))
    many = -(-len(values) // POINTS)
    if many > 1:  # means of equally many, the oldest left out
        whole = len(values) // many * many
        steps, values = (part[-whole:].reshape(-1, many).mean(axis=1) for part in (steps, values))
    low, high = min(values.min(), 0.0), values.max()
    x = 100 * (steps - steps[0]) / max(steps[-1] - steps[0], 1)
    y = 26 - 24 * (values - low) / (high - low or 1)
    path = "L".join(f"{a:.0f} {b:.0f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    mark = ""
    if changed is not None and steps[0] <= changed <= steps[-1]:
        at = f"{100 * (changed - steps[0]) / max(steps[-1] - steps[0], 1):.0f}"
        mark = f"<line x1='{at}' x2='{at}' y1='-2' y2='28'/>"
    style = f" style='--c:{colour}'" if colour else ""
    head = f"<svg viewBox='0 0 100 26' preserveAspectRatio='none' aria-hidden='true'{style}>"
    return f"{head}{mark}<path d='M{path}'/></svg>"


def sentence(verdict: Verdict, ended: bool) -> str:
    """The verdict in its colour, and its advice: a change of the clip range is a button while the run lives."""
    colour = f"--c:var(--st-{SIGNS[verdict.severity]}-color)"
    advice = _advice(verdict.advice, ended) if verdict.advice else ""
    return (
        f"<div class='verdict s{verdict.severity}' style='{colour}'><i></i>"
        f"<p role='status'><b>{escape(verdict.sentence)}</b></p>{advice}</div>"
    )


def _advice(advice: Advice, ended: bool) -> str:
    words, why = escape(advice.words), escape(advice.because)
    if not advice.clip_range or ended:
        return f"<span>Try: <b>{words}</b> {why}</span>"
    low, high = advice.clip_range
    return f"<button type='button' data-pick='{low} {high}' title='{why}'>{words.rstrip('.')}</button>"
