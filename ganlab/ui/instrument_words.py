"""What the instruments found, in words: a head and one sentence for each card. Only what was measured is told."""

import math
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import NamedTuple

import numpy as np

from ganlab import diagnosis, readings
from ganlab import instrument_figures as drawn
from ganlab.config import TrainConfig
from ganlab.datasets import SPLIT_FROM
from ganlab.figures import number, range_in_words
from ganlab.lookout import SHARE
from ganlab.probes import gradients
from ganlab.probes.gradients import RMSPROP_EPS
from ganlab.readings import Reading
from ganlab.snapshot import READINGS, History, Snapshot, Status
from ganlab.ui.words import CURVE_KEY, INK

NOTHING = "–"
FEW = 0.1  # of all directions
ENOUGH = 5  # looks that a correlation is told from
SHOWN = 200  # points of a line over time
DOTS = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='2 3' opacity='.6'"
DASHES = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='6 3' opacity='.6'"
VIOLET = "stroke='var(--generator)' stroke-width='2.4'"
REAL = "stroke='var(--real)' stroke-width='2.4' stroke-dasharray='6 3'"


class Seen(NamedTuple):
    """All that the cards may tell of: one moment of a run."""

    reading: Reading | None
    rows: Sequence[dict[str, float]]
    """Of instruments.csv, some of many: the first and the newest among them."""
    agreement: tuple[float, int]
    """`readings.agreement` since the clip range changed last."""
    history: History
    config: TrainConfig


def short(value: float) -> str:
    """Three digits, or a dash for what was not measured."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = float(f"{value:.3g}")
    if 1000 <= abs(rounded) < 1e5:
        return f"{rounded:,.0f}".replace("-", "−")
    if value == 0 or 1e-3 <= abs(rounded) < 1000:
        return number(rounded)
    digits, power = f"{value:.1e}".replace("-", "−").split("e")
    return f"{digits}e{power[0].strip('+')}{power[1:].lstrip('0')}"


def percent(share: float) -> str:
    """8 %, or 0.3 %."""
    return NOTHING if math.isnan(share) else f"{100 * share:.3g} %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def newest(seen: Seen, column: str) -> float:
    """The last value of a column; NaN without a reading."""
    return seen.rows[-1][column] if seen.rows else math.nan


def gradient_norms(seen: Seen) -> str:
    """What becomes of the gradient on its way back."""
    found = seen.reading and seen.reading.gradients
    if not found:
        return NOTHING
    if not found.norms.all():
        return f"On its way back it <b>{gradients.verdict(found)}</b>."
    law = found.law_per_layer
    told = "" if math.isnan(law) else f"; by the gain law it {gradients.fold(law)}"
    return f"From the last hidden layer back to the first it <b>{gradients.verdict(found)}</b>{told}."


def weight_gradients(seen: Seen) -> str:
    """Whether weights get a gradient that moves them."""
    found = seen.reading and seen.reading.gradients
    if not found:
        return NOTHING
    below = int((found.weight_rms < RMSPROP_EPS).sum())
    least = f"The smallest is <b>{short(found.weight_rms.min())}</b>"
    if below:
        return f"<b>{below} of {len(found.weights)}</b> are below the optimiser's eps, 1e−8. {least}."
    return f"{least}. At the optimiser's eps, 1e−8, weights move at half their rate."


def at_bounds(seen: Seen) -> str:
    """How many weights sit on a bound, and where most."""
    history = seen.history
    if not len(history) or not history.layers:
        return NOTHING
    counts = history.layer_counts[-1, :, 1]
    step = int(history["step"][-1])
    told = f"<b>{counts.sum():,}</b> weights, {percent(history['at_bound_share'][-1])}, at step {step:,}"
    if not counts.any():
        return f"{told}."
    shares = History(history.rows[-1:], history.layers, history.layer_counts[-1:]).layer_shares[0, :, 1]
    shares = np.where([math.prod(shape) > 1 for _, shape in history.layers], shares, 0.0)  # one weight is no share
    return f"{told}; the largest share, {percent(shares.max())}, in {history.layer_names[int(shares.argmax())]}."


def steepness(seen: Seen) -> str:
    """How steep the critic is, and could be."""
    met, most = newest(seen, "largest_gradient"), newest(seen, "lipschitz_product")
    if math.isnan(met):
        return NOTHING
    return f"The steepest slope met is <b>{short(met)}</b>. By the norms of its layers none is above {short(most)}."


def spectra(seen: Seen) -> str:
    """How many directions a layer passes on."""
    found = drawn.several(seen.reading.spectra) if seen.reading else []
    if not found:
        return NOTHING
    least = min(found, key=lambda s: (s.values >= s.values[0] / 2).mean())
    large = (least.values >= least.values[0] / 2).sum()
    few = " It passes on few directions." if large <= FEW * len(least.values) else ""
    told = f"In {least.layer}{'' if least.exact else ' (reshaped kernel)'} <b>{large} of {len(least.values)}</b> are"
    return f"{told} at least half the largest, itself among them.{few}"


def distances(seen: Seen) -> str:
    """The true distance, what the critic makes of it, and whether the two go together."""
    w1, own, bound = (newest(seen, column) for column in ("w1", "real_to_real", "lower_bound"))
    if math.isnan(w1):
        return NOTHING
    told = f"{'Sliced' if newest(seen, 'w1_sliced') == 1 else 'Exact'} W1 <b>{short(w1)}</b>"
    told += f", {w1 / own:.1f} times that of real to real" if own else ""
    told += f"; at least {short(bound)} by the critic" if bound > 0 else ""
    rank, looks = seen.agreement
    if math.isnan(rank) or looks < ENOUGH:
        return f"{told}."
    correlated = f"<b>{number(round(rank, 2))}</b>, {looks} looks at this range"
    return f"{told}. Rank correlation of W1 and the estimate {correlated}."


def estimates(seen: Seen) -> str:
    """Whether the critic knows its training samples."""
    found = seen.reading and seen.reading.distances
    train, held_out = newest(seen, "train_estimate"), newest(seen, "held_out_estimate")
    if math.isnan(held_out):
        return NOTHING
    if math.isnan(train):
        return f"Real less generated: <b>{short(held_out)}</b>. Of fewer than {SPLIT_FROM} points none is held out."
    error = f", standard error {short(found.gap_error)}" if found else ""
    return f"After the generator's update. Training less held out: <b>{short(train - held_out)}</b>{error}."


def coverage(seen: Seen) -> str:
    """What is found of the modes or classes."""
    spread = newest(seen, "spread")
    if math.isnan(spread):
        return NOTHING
    told = f"pread <b>{short(spread)}</b> times that of real samples."
    total, missing = newest(seen, "modes"), newest(seen, "modes_missing")
    if math.isnan(total):
        return f"S{told}"
    covered, good = newest(seen, "modes_covered"), newest(seen, "high_quality_share")
    if math.isnan(covered):
        return f"<b>{total - missing:.0f} of {total:.0f} classes</b> get at least a quarter of their due; s{told}"
    within = f"{percent(good)} of the points lie within 3 sd of a mode, at <b>{covered:.0f} of {total:.0f} modes</b>"
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
    told = f"At step {seen.reading.step:,} the critic's scores go from {low} to {high};"
    return f"{told} arrows are its slope at generated points, at most {steepest}."


def spectra_key(seen: Seen) -> str:
    """Which line is which layer's, while there are few."""
    found = drawn.several(seen.reading.spectra) if seen.reading else []
    if not 0 < len(found) <= 4:
        return ""
    dashes = ("", "6 3", "2 3", "6 3 2 3")
    look = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='{}' opacity='{:.2f}'"
    lines = enumerate(zip(found, drawn.fading(len(found)), strict=True))
    return "".join(CURVE_KEY.format(look.format(dashes[i], opacity), s.layer) for i, (s, opacity) in lines)


def keys(*lines: tuple[str, str]) -> str:
    """The key to a chart's lines, as (look, name)."""
    return "".join(CURVE_KEY.format(look, name) for look, name in lines)


KEYS: dict[str, str] = {
    "Gradient norms": keys((INK, "measured"), (DOTS, "gain law")),
    "Weight gradients": keys((INK, "rms"), (DASHES, "eps")),
    "Weights at the bounds": "<span>0 %<i class='tints'></i>100 %</span>",
    "Steepness": keys((INK, "met"), (DASHES, "product of the norms")),
    "Distances": keys((VIOLET, "generated"), (REAL, "real to real"))
    + "</div><div class='more'>"
    + keys((INK, "lower bound"), (DOTS, "scaled, not a bound")),
    "Training and held-out estimate": keys((INK, "training"), (REAL, "held out")),
    "Modes": "<span><i class='gen good'></i>within 3 sd</span><span><i class='gen near'></i>nearest to it</span>"
    "<span><i class='due'></i>due</span>",
    "Classes": "<span><i class='gen'></i>generated</span><span><i class='due'></i>due</span>",
    "Spread": keys((VIOLET, "generated"), (REAL, "real")),
    "Nearest training image": keys((VIOLET, "generated"), (REAL, "new real ones")),
    "The plane": "<span>low score<i class='tints'></i>high</span><span><i class='dot'></i>generated</span>"
    "<span><i class='ring'></i>real</span>",
}


def card_head(title: str, sentence: str, key: str) -> str:
    """A card's title, the key to its lines and what it says now."""
    named = f"<b>{title}</b>" if title else ""
    return f"<div class='inst'><div class='ch'>{named}<div>{key}</div></div><p>{sentence}</p></div>"


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


def findings(seen: Seen, ended: bool, on: frozenset[str]) -> str:
    """What is probably wrong, most serious first, each with one thing to try; and of which step and range."""
    if seen.reading is None:
        told = (
            "The instruments look for the first time in a few seconds." if on and not ended else "Nothing was measured."
        )
        return f"<div class='findings muted'>{told}</div>"
    step = seen.reading.step
    past = seen.history.until(step)
    config = seen.config
    if len(past):
        config = replace(config, clip_range=(float(past["clip_low"][-1]), float(past["clip_high"][-1])))
    found, said = diagnosis.diagnose(seen.reading, past, config), set()
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


def rows_of(table: np.ndarray, reading: Reading | None) -> list[dict[str, float]]:
    """At most SHOWN rows of a table [looks, columns], and the newest; then the reading, if it is later."""
    k = -(-len(table) // SHOWN) or 1
    picked = table if k == 1 else np.concatenate([table[:-1:k], table[-1:]])
    rows = [dict(zip(READINGS, row, strict=True)) for row in picked.tolist()]
    if reading:  # which may know more than the row of its step: a run on disk is measured again, with everything
        rows = [row for row in rows if row["step"] != reading.step]
        rows.append(readings.row(reading))
    return rows
