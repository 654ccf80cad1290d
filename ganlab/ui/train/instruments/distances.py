"""The cards on distances and on the critic's two estimates."""

import math

from ganlab.data.point_sets import SPLIT_FROM
from ganlab.formatting import number, short
from ganlab.plots.base import Figure
from ganlab.plots.readings import Line
from ganlab.ui.train.instruments.card import (
    DOTS,
    INK,
    REAL,
    VIOLET,
    Card,
    CardData,
    chart,
    if_measured,
    lines,
    measured_lines,
)

ENOUGH = 5  # looks for a rank correlation


def figure(data: CardData) -> Figure:
    """W1 from generated and from real samples to held-out ones, and the critic's lower bound of the first."""
    name = "sliced W1" if data.newest("w1_sliced") == 1 else "exact W1"
    drawn = chart(
        "Distance between generated and real samples",
        Line(f"{name}, generated to real", "w1", "$generator"),
        Line(f"{name}, real to real", "real_to_real", "$real", "dash"),
        Line("the critic's lower bound", "lower_bound", "$bound"),
        Line("scaled estimate, not a bound", "scaled_estimate", "$bound 0.6", "dot"),
    )(data)
    low, high = data.newest("real_to_real_low"), data.newest("real_to_real_high")
    if not math.isnan(low):
        band = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": low, "y1": high, "layer": "below"}
        drawn["layout"]["shapes"] = [band | {"fillcolor": "$real 0.25", "line": {"width": 0}}]
        drawn["alt"] += f" A perfect sampler would mostly be between {short(low)} and {short(high)}."
    return drawn


# If they are far apart, the critic has overfitted: Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 5b.
estimates_figure = chart(
    "Critic estimate on training and held-out samples",
    Line("held out", "held_out_estimate", "$real", "dash"),
    Line("training", "train_estimate", "$bound"),
)


def sentence(data: CardData) -> str:
    """The true distance, the critic's lower bound, and how well the critic's estimate follows the distance."""
    w1, real_to_real, bound = (data.newest(column) for column in ("w1", "real_to_real", "lower_bound"))
    text = f"{'Sliced' if data.newest('w1_sliced') == 1 else 'Exact'} W1 <b>{short(w1)}</b>"
    text += f", {w1 / real_to_real:.1f}× real to real" if real_to_real > 0 else ""
    low, high = data.newest("real_to_real_low"), data.newest("real_to_real_high")
    text += f"; a perfect sampler, {short(low)} to {short(high)}" if not math.isnan(low) else ""
    text += f"; the critic proves at least {short(bound)}" if bound > 0 else ""
    correlation, looks = data.agreement
    if math.isnan(correlation) or looks < ENOUGH:
        return f"{text}."
    where = " at this clip range" if data.config.constraint == "clip" else ""
    correlated = f"<b>{number(round(correlation, 2))}</b> over {looks} looks{where}"
    return f"{text}. Rank correlation with the critic's estimate: {correlated}."


def estimates_sentence(data: CardData) -> str:
    """The gap between the two estimates: how much better the critic knows its training samples."""
    result = data.reading and data.reading.distances
    train, held_out = data.newest("train_estimate"), data.newest("held_out_estimate")
    if math.isnan(train):
        return f"Real minus generated: <b>{short(held_out)}</b>. Below {SPLIT_FROM} points none are held out."
    error = f", standard error {short(result.gap_error)}" if result else ""
    return f"Training minus held out: <b>{short(train - held_out)}</b>{error}."


def _key_in_two_rows(data: CardData) -> str:
    distances = lines((VIOLET, "generated"), (REAL, "real to real"))
    critic = measured_lines((INK, "lower bound", "lower_bound"), (DOTS, "scaled, not a bound", "scaled_estimate"))
    return f"{distances(data)}</div><div class='more'>{critic(data)}"


CARDS = {
    "Distances": Card(
        "distances",
        if_measured("w1", sentence),
        figure,
        "the exact Wasserstein-1 distance between 512 generated and 512 held-out samples; sliced above 32 × 32 "
        "pixels. Of endless points it is the mean of four, each between fresh samples, and 90 % of the looks at a "
        "perfect sampler would be in the grey band. *Real to real* is the distance between real samples; in pixels, "
        "blurred images can score lower, because they are close to every image. The critic's estimate divided by the "
        "product of its norms is a true *lower bound*; divided by the largest gradient measured it is *scaled, not a "
        "bound*. Rank correlation: 1 if the estimate rises and falls with W1, 0 if it is unrelated.",
        key=_key_in_two_rows,
        over_time=True,
    ),
    "Training and held-out estimate": Card(
        "distances",
        if_measured("held_out_estimate", estimates_sentence),
        estimates_figure,
        "E critic(real) − E critic(generated), in eval mode, after the generator's update. The curve of the critic's "
        "estimate has it in train mode, on the last training batch, before that update, and is usually higher. If "
        "training is far above held out, the critic has overfitted.",
        key=lines((INK, "training"), (REAL, "held out")),
        over_time=True,
    ),
}
