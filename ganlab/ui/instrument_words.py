"""What the instruments found, in words: a head and one sentence for each card. Only what was measured is told."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from ganlab import diagnosis, readings
from ganlab.config import TrainConfig
from ganlab.figures import number
from ganlab.probes import gradients
from ganlab.probes.gradients import RMSPROP_EPS
from ganlab.readings import Reading
from ganlab.snapshot import READINGS, History, Snapshot
from ganlab.ui.words import CURVE_KEY, INK

NOTHING = "–"
DOTS = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='2 3' opacity='.6'"
DASHES = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='6 3' opacity='.6'"
VIOLET = "stroke='var(--generator)' stroke-width='2.4'"
REAL = "stroke='var(--real)' stroke-width='2.4' stroke-dasharray='6 3'"


class Seen(NamedTuple):
    """All that the cards may tell of: one moment of a run."""

    reading: Reading | None
    rows: Sequence[dict[str, float]]
    """Of instruments.csv."""
    history: History
    config: TrainConfig


def short(value: float) -> str:
    """Three digits, or a dash for what was not measured."""
    if math.isnan(value):
        return NOTHING
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return number(float(f"{value:.3g}"))
    digits, power = f"{value:.1e}".replace("-", "−").split("e")
    return f"{digits}e{power[0].strip('+')}{power[1:].lstrip('0')}"


def percent(share: float) -> str:
    """8 %, or 0.3 %."""
    return NOTHING if math.isnan(share) else f"{100 * share:.3g} %" if share < 0.01 else f"{100 * share:.0f} %"


def newest(seen: Seen, column: str) -> float:
    """The last value of a column; NaN without a reading."""
    return seen.rows[-1][column] if seen.rows else math.nan


def gradient_norms(seen: Seen) -> str:
    """What becomes of the gradient on its way back."""
    found = seen.reading and seen.reading.gradients
    if not found:
        return NOTHING
    law = found.law_per_layer
    told = "" if math.isnan(law) else f"; by the gain law it {_fold(law)}"
    return f"On its way back it <b>{gradients.verdict(found)}</b>{told}."


def _fold(gain: float) -> str:
    if 1 / 1.05 <= gain <= 1.05:
        return "keeps its size"
    return f"{'grows' if gain > 1 else 'shrinks'} {max(gain, 1 / gain):.3g}-fold"


def weight_gradients(seen: Seen) -> str:
    """Whether weights get a gradient that moves them."""
    found = seen.reading and seen.reading.gradients
    if not found:
        return NOTHING
    still = int((found.weight_rms < RMSPROP_EPS).sum())
    if still:
        return f"<b>{still} of {len(found.weights)}</b> are below RMSprop's 1e-8: those weights hardly move."
    return f"The smallest is <b>{short(found.weight_rms.min())}</b>. Below RMSprop's 1e-8 weights hardly move."


def at_bounds(seen: Seen) -> str:
    """How many weights sit on a bound, and where most."""
    history = seen.history
    if not len(history):
        return NOTHING
    counts, shares = history.layer_counts[-1, :, 1], history.layer_shares[-1, :, 1]
    most = int(shares.argmax())
    told = f"<b>{counts.sum():,}</b> weights, {percent(history['at_bound_share'][-1])}, at step {len(history):,}"
    return f"{told}; most in {history.layer_names[most]}, {percent(shares[most])}."


def steepness(seen: Seen) -> str:
    """How steep the critic is, and could be."""
    met, most = newest(seen, "largest_gradient"), newest(seen, "lipschitz_product")
    if math.isnan(met):
        return NOTHING
    return f"The steepest slope met is <b>{short(met)}</b>. By the norms of its layers none is above {short(most)}."


def spectra(seen: Seen) -> str:
    """How many directions a layer passes on."""
    found = [s for s in seen.reading.spectra if len(s.values) > 1 and s.values[0] > 0] if seen.reading else []
    if not found:
        return NOTHING
    least = min(found, key=lambda s: (s.values >= s.values[0] / 2).mean())
    large = (least.values >= least.values[0] / 2).sum()
    told = f"In {least.layer} <b>{large} of {len(least.values)}</b> are at least half the largest."
    return f"{told} A layer with few large ones sees few directions."


def distances(seen: Seen) -> str:
    """The true distance, what the critic makes of it, and whether the two go together."""
    w1, own = newest(seen, "w1"), newest(seen, "real_to_real")
    if math.isnan(w1):
        return NOTHING
    kind = "Sliced" if newest(seen, "w1_sliced") == 1 else "Exact"
    agree = readings.agreement(seen.rows)
    together = (
        ""
        if math.isnan(agree)
        else f" Rank correlation with the critic's estimate so far <b>{number(round(agree, 2))}</b>."
    )
    return f"{kind} W1 <b>{short(w1)}</b>, {w1 / own:.1f} times that of real to real.{together}"


def estimates(seen: Seen) -> str:
    """Whether the critic knows its training samples."""
    found = seen.reading and seen.reading.distances
    train, held_out = newest(seen, "train_estimate"), newest(seen, "held_out_estimate")
    if math.isnan(train):
        return NOTHING
    error = f", standard error {short(found.gap_error)}" if found else ""
    return f"Training less held out: <b>{short(train - held_out)}</b>{error}. Far apart, the critic has overfitted."


def classes(seen: Seen) -> str:
    """What is found of the modes or classes."""
    spread = newest(seen, "spread")
    if math.isnan(spread):
        return NOTHING
    told = f"pread <b>{short(spread)}</b> times as far as the real ones."
    modes, missing = newest(seen, "modes"), newest(seen, "modes_missing")
    if math.isnan(modes):
        return f"S{told}"
    covered, good = newest(seen, "modes_covered"), newest(seen, "high_quality_share")
    if math.isnan(covered):
        return f"<b>{modes - missing:.0f} of {modes:.0f} classes</b> get at least a quarter of their due; s{told}"
    within = f"{percent(good)} of the points lie within 3 sd of a mode, at <b>{covered:.0f} of {modes:.0f} modes</b>"
    return f"{within}; s{told}"


def copies(seen: Seen) -> str:
    """Whether images are copies."""
    near, new = newest(seen, "nearest_training"), newest(seen, "nearest_training_real")
    if math.isnan(near):
        return NOTHING
    return f"Median <b>{short(near)}</b>, of new real ones {short(new)}. Far below them, generated images are copies."


def plane(seen: Seen) -> str:
    """The critic over the plane."""
    found = seen.reading and seen.reading.plane
    if not found:
        return NOTHING
    low, high = short(float(found.values.min())), short(float(found.values.max()))
    steepest = short(float(np.linalg.norm(found.gradients, axis=1).max()))
    return (
        f"The critic's values go from {low} to {high}. Arrows are where it pulls generated points, at most {steepest}."
    )


def spectra_key(seen: Seen) -> str:
    """Which line is which layer's, while there are few."""
    found = [s for s in seen.reading.spectra if len(s.values) > 1 and s.values[0] > 0] if seen.reading else []
    if not 0 < len(found) <= 4:
        return ""
    dashes = ("", "6 3", "2 3", "6 3 2 3")
    look = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='{}' opacity='{:.2f}'"
    return "".join(
        CURVE_KEY.format(look.format(dashes[i], 1 - 0.7 * i / len(found)), s.layer) for i, s in enumerate(found)
    )


def keys(*lines: tuple[str, str]) -> str:
    """The key to a chart's lines, as (look, name)."""
    return "".join(CURVE_KEY.format(look, name) for look, name in lines)


KEYS: dict[str, str] = {
    "Gradient norms": keys((INK, "measured"), (DOTS, "gain law")),
    "Weight gradients": keys((INK, "rms"), (DASHES, "RMSprop's eps")),
    "Weights at the bounds": "<span>0 %<i class='tints'></i>100 %</span>",
    "Steepness": keys((INK, "met"), (DASHES, "product of the norms")),
    "Distances": keys((VIOLET, "generated"), (REAL, "real"))
    + "</div><div class='more'>"
    + keys((INK, "lower bound"), (DOTS, "scaled, not a bound")),
    "Training and held-out estimate": keys((INK, "training"), (REAL, "held out")),
    "Modes": "<span><i class='gen'></i>generated</span><span><i class='due'></i>due</span>",
    "Nearest training image": keys((VIOLET, "generated"), (REAL, "new real ones")),
}
KEYS["Classes"] = KEYS["Modes"]


def card_head(title: str, sentence: str, key: str) -> str:
    """A card's title, the key to its lines and what it says now."""
    named = f"<b>{title}</b>" if title else ""
    return f"<div class='inst'><div class='ch'>{named}<div>{key}</div></div><p>{sentence}</p></div>"


def share(reading: Reading | None, snapshot: Snapshot) -> str:
    """What looking costs, and when was looked last."""
    if reading is None:
        return ""
    cost = f"{100 * snapshot.instruments_share:.1f} % of the run's CPU time · "
    return f"<span class='muted small'>{cost if snapshot.reading else 'measured now · '}step {reading.step:,}</span>"


def findings(seen: Seen, ended: bool) -> str:
    """What is probably wrong, most serious first, each with one thing to try."""
    if seen.reading is None and not ended:
        return "<div class='findings muted'>The instruments look for the first time in a few seconds.</div>"
    reading = seen.reading or Reading()
    steps = reading.step or len(seen.history)
    past = History(seen.history.rows[:steps], seen.history.layers, seen.history.layer_counts[:steps])
    found = diagnosis.diagnose(reading, past, seen.config)
    told = "".join(f"<li><b>{escape(f.sentence)}</b> {escape(f.advice)}</li>" for f in found)
    return f"<div class='findings'>{f'<ul>{told}</ul>' if told else 'Nothing conspicuous.'}</div>"


def rows_of(table: np.ndarray, reading: Reading | None) -> list[dict[str, float]]:
    """Rows of a table [looks, columns] by the names of their columns; then the newest reading, if it is later."""
    rows = [dict(zip(READINGS, row, strict=True)) for row in table.tolist()]
    if reading and (not rows or rows[-1]["step"] < reading.step):
        rows.append(readings.row(reading))
    return rows
