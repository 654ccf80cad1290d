"""The cards on modes, classes and spread."""

import math

from ganlab.formatting import NOTHING, percent, short
from ganlab.measure.coverage import Coverage
from ganlab.plots.base import Figure, packed
from ganlab.plots.readings import Line, Rows, framed, over_looks
from ganlab.ui.train.instruments.card import REAL, VIOLET, Card, CardData, from_reading, from_rows, lines, newest

WITH_MODES = ("8-gaussians", "25-gaussians")
WITH_NEITHER = ("swiss-roll", "drawn", "images")
"""Data without modes or classes: only the spread can be shown."""


def counts_figure(found: Coverage) -> Figure:
    """How many generated samples fall to each class or mode (violet), and how many would be due (grey).

    Of a mode, those within 3 sd of it are darker.
    """
    names, of_modes = [str(i) for i in range(len(found.found))], len(found.good) > 0
    filled = lambda opacity: {"color": f"$generator {opacity}", "line": {"width": 0}}  # noqa: E731
    bars = [
        {"type": "bar", "x": names, "y": packed(counts), "marker": marker, "name": name}
        | {"hovertemplate": "%{y:,.0f}<extra>" + name + "</extra>"}
        for name, counts, marker in (
            ("nearest to it" if of_modes else "generated", found.found, filled(0.35 if of_modes else 0.75)),
            ("within 3 sd", found.good, filled(1)),
            ("due", found.due, {"color": "rgba(0,0,0,0)", "line": {"color": "$real", "width": 1.4}}),
        )
        if len(counts)
    ]
    counted = f"{', '.join(map(str, found.found)) or 'none'}; {found.missing} with less than a quarter of their due"
    figure = framed(
        bars,
        {"type": "category", "showgrid": False},
        {"nticks": 5, "tickformat": ",d", "rangemode": "tozero"},
        scale=f"classes {len(names)}",
        alt=f"Generated samples by {'mode' if of_modes else 'class'}: {counted}.",
    )
    figure["layout"]["barmode"] = "overlay"
    return figure


def spread_figure(rows: Rows) -> Figure:
    """How far generated samples are spread, over how far real ones are."""
    lines = [Line("generated", "spread", "$generator")]
    figure = over_looks("Spread of the generated samples over that of the real ones", rows, lines, nticks=5)
    rule = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "layer": "below"}
    if "range" in (axis := figure["layout"]["yaxis"]):
        axis["range"] = [min(axis["range"][0], 0.95), max(axis["range"][1], 1.05)]
    figure["layout"]["shapes"] = [rule | {"line": {"color": "$real", "width": 2, "dash": "dash"}}]
    return figure


def sentence(data: CardData) -> str:
    """What is found of the modes or classes."""
    spread = newest(data, "spread")
    if math.isnan(spread):
        return NOTHING
    told = f"pread <b>{short(spread)}</b> times that of real samples."
    total, missing = newest(data, "modes"), newest(data, "modes_missing")
    if math.isnan(total):
        return f"S{told}"
    covered, good = newest(data, "modes_covered"), newest(data, "high_quality_share")
    if math.isnan(covered):
        return f"<b>{total - missing:.0f} of {total:.0f} classes</b> get at least a quarter of their due; s{told}"
    within = f"{percent(good)} of the points lie within 3 sd of a mode, at <b>{covered:.0f} of {total:.0f} modes</b>"
    return f"{within}; s{told}"


_MODES = (
    "<span><i class='gen good'></i>within 3 sd</span><span><i class='gen near'></i>nearest to it</span>"
    "<span><i class='due'></i>due</span>"
)
_CLASSES = "<span><i class='gen'></i>generated</span><span><i class='due'></i>due</span>"
_SPREAD = "*Spread*: the root mean square distance from the mean, divided by that of the real samples."

CARDS = {
    "Modes": Card(
        "coverage",
        sentence,
        from_reading("coverage", counts_figure),
        f"how many generated samples are nearest to each mode, and how many are due. {_SPREAD}",
        key=lambda data: _MODES,
        applies=lambda config: config.dataset in WITH_MODES,
    ),
    "Classes": Card(
        "coverage",
        sentence,
        from_reading("coverage", counts_figure),
        f"how many generated images fall to each class, by a vote of their five nearest held-out images, and how many "
        f"are due. {_SPREAD}",
        key=lambda data: _CLASSES,
        applies=lambda config: config.dataset not in WITH_MODES + WITH_NEITHER,
    ),
    "Spread": Card(
        "coverage",
        sentence,
        from_rows(spread_figure),
        "the root mean square distance of the generated samples from their mean, divided by that of the real samples.",
        key=lines((VIOLET, "generated"), (REAL, "real")),
        over_time=True,
        applies=lambda config: config.dataset in WITH_NEITHER,
    ),
}
