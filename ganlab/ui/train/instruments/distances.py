"""The cards on distances and on the two estimates."""

import math

from ganlab.data.own_sets import SPLIT_FROM
from ganlab.formatting import NOTHING, number, short
from ganlab.plots.base import Figure
from ganlab.plots.readings import Line, Rows, over_looks
from ganlab.ui.kit.html import INK
from ganlab.ui.train.instruments.card import DOTS, REAL, VIOLET, Card, CardData, from_rows, lines, newest


def figure(rows: Rows) -> Figure:
    """W1 of generated to held-out samples, of real to real, and the estimate's lower bound of the first."""
    name = "sliced W1" if rows and rows[-1]["w1_sliced"] == 1 else "exact W1"
    lines = [
        Line(f"{name}, generated to real", "w1", "$generator"),
        Line(f"{name}, real to real", "real_to_real", "$real", "dash"),
        Line("lower bound by the critic", "lower_bound", "$bound"),
        Line("scaled estimate, not a bound", "scaled_estimate", "$bound 0.6", "dot"),
    ]
    return over_looks("Distance of generated from real", rows, lines, nticks=5, tickformat="~g")


def estimates_figure(rows: Rows) -> Figure:
    """The critic's estimate on samples it trains on and on those held out: apart, the critic has overfitted.

    Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 5b.
    """
    lines = [
        Line("held out", "held_out_estimate", "$real", "dash"),
        Line("training", "train_estimate", "$bound"),
    ]
    return over_looks("Critic estimate on training and held-out samples", rows, lines, nticks=5, tickformat="~g")


ENOUGH = 5  # looks that a correlation is told from


def sentence(data: CardData) -> str:
    """The true distance, what the critic makes of it, and whether the two go together."""
    w1, own, bound = (newest(data, column) for column in ("w1", "real_to_real", "lower_bound"))
    if math.isnan(w1):
        return NOTHING
    told = f"{'Sliced' if newest(data, 'w1_sliced') == 1 else 'Exact'} W1 <b>{short(w1)}</b>"
    told += f", {w1 / own:.1f} times that of real to real" if own else ""
    told += f"; at least {short(bound)} by the critic" if bound > 0 else ""
    rank, looks = data.agreement
    if math.isnan(rank) or looks < ENOUGH:
        return f"{told}."
    correlated = f"<b>{number(round(rank, 2))}</b>, {looks} looks at this range"
    return f"{told}. Rank correlation of W1 and the estimate {correlated}."


def estimates_sentence(data: CardData) -> str:
    """Whether the critic knows its training samples."""
    found = data.reading and data.reading.distances
    train, held_out = newest(data, "train_estimate"), newest(data, "held_out_estimate")
    if math.isnan(held_out):
        return NOTHING
    if math.isnan(train):
        return f"Real less generated: <b>{short(held_out)}</b>. Of fewer than {SPLIT_FROM} points none is held out."
    error = f", standard error {short(found.gap_error)}" if found else ""
    return f"After the generator's update. Training less held out: <b>{short(train - held_out)}</b>{error}."


def _key(data: CardData) -> str:
    first, second = (
        lines((VIOLET, "generated"), (REAL, "real to real")),
        lines((INK, "lower bound"), (DOTS, "scaled, not a bound")),
    )
    return f"{first(data)}</div><div class='more'>{second(data)}"


CARDS = {
    "Distances": Card(
        "distances",
        sentence,
        from_rows(figure),
        "the exact Wasserstein-1 distance between 512 generated and 512 held-out samples; sliced above 32 × 32 "
        "pixels. *Real to real* is the same for training samples, the mean of five draws. The critic's estimate "
        "divided by the product of its norms is a true *lower bound*; divided by the largest gradient met it is "
        "*scaled, not a bound*. Rank correlation: 1 if the estimate falls whenever W1 does, 0 if it says nothing.",
        key=_key,
        over_time=True,
    ),
    "Training and held-out estimate": Card(
        "distances",
        estimates_sentence,
        from_rows(estimates_figure),
        "E critic(real) − E critic(generated), after the generator's update. If they are far apart, the critic has "
        "overfitted.",
        key=lines((INK, "training"), (REAL, "held out")),
        over_time=True,
    ),
}
