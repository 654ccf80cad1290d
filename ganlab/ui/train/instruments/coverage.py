"""The cards on modes, classes and spread."""

import math

from ganlab.config import DATASETS
from ganlab.formatting import percent, short
from ganlab.measure.coverage import Coverage
from ganlab.plots.base import Figure, bars, framed
from ganlab.plots.readings import Line, empty
from ganlab.ui.train.instruments.card import REAL, VIOLET, Card, CardData, chart, if_measured, lines, of_result


def counts_figure(coverage: Coverage) -> Figure:
    """The generated samples of each class or mode (violet), and how many are expected (grey outline)."""
    names, has_modes = [str(i) for i in range(len(coverage.counts))], len(coverage.high_quality) > 0
    all_generated = ("nearest to it", "$generator 0.35") if has_modes else ("generated", "$generator 0.75")
    within = [bars(names, coverage.high_quality, "within 3 sd", "$generator", {"width": 0})] if has_modes else []
    outline = {"color": "$real", "width": 1.4}
    drawn = [
        bars(names, coverage.counts, *all_generated, {"width": 0}),
        *within,
        bars(names, coverage.expected, "expected", "rgba(0,0,0,0)", outline),
    ]
    in_words = ", ".join(map(str, coverage.counts)) or "none"
    return framed(
        drawn if names else [],
        {"type": "category"},
        {"nticks": 5, "tickformat": ",d", "rangemode": "tozero"},
        scale=f"classes {len(names)}",
        alt=f"Generated samples by {'mode' if has_modes else 'class'}: {in_words}; "
        f"{coverage.missing} with less than a quarter of the expected.",
        margin=(52, 30, 8, 40),
        barmode="overlay",
    )


def spread_figure(data: CardData) -> Figure:
    """The spread of the generated samples, divided by that of the real ones."""
    figure = chart("Spread: generated / real", Line("generated", "spread", "$generator"))(data)
    rule = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "layer": "below"}
    if "range" in (axis := figure["layout"]["yaxis"]):
        axis["range"] = [min(axis["range"][0], 0.95), max(axis["range"][1], 1.05)]
    figure["layout"]["shapes"] = [rule | {"line": {"color": "$real", "width": 2, "dash": "dash"}}]
    return figure


def sentence(data: CardData) -> str:
    of_real = f"Spread: <b>{short(data.newest('spread'))}×</b> the real samples'."
    total, missing = data.newest("modes"), data.newest("modes_missing")
    if math.isnan(total):
        return of_real
    covered, high_quality = data.newest("modes_covered"), data.newest("high_quality_share")
    if math.isnan(covered):
        return f"<b>{total - missing:.0f} of {total:.0f} classes</b> have at least a quarter of the expected. {of_real}"
    near = f"<b>{covered:.0f} of {total:.0f} modes</b> have samples within 3 sd: {percent(high_quality)} of all."
    return f"{near} {of_real}"


_SPREAD = "the root mean square distance of the generated samples from their mean, divided by the real samples'."


def _counts(what: str, help_text: str, key: str) -> Card:
    """The card for data whose samples are counted by `what`."""
    return Card(
        "coverage",
        if_measured("spread", sentence),
        of_result("coverage", counts_figure, empty()),
        f"{help_text}, and how many are expected. *Spread*: {_SPREAD}",
        key=lambda data: f"{key}<span><i class='expected'></i>expected</span>",
        applies=lambda config: DATASETS[config.dataset].counted == what,
    )


CARDS = {
    "Modes": _counts(
        "modes",
        "a mode is found if one of 2,500 generated samples is within 3 sd of it; the bars count those nearest to it",
        "<span><i class='gen good'></i>within 3 sd</span><span><i class='gen near'></i>nearest to it</span>",
    ),
    "Classes": _counts(
        "classes",
        "how many of 512 generated images fall into each class, by a vote of their five nearest held-out images",
        "<span><i class='gen'></i>generated</span>",
    ),
    "Spread": Card(
        "coverage",
        if_measured("spread", sentence),
        spread_figure,
        _SPREAD,
        key=lines((VIOLET, "generated"), (REAL, "real")),
        over_time=True,
        applies=lambda config: not DATASETS[config.dataset].counted,
    ),
}
