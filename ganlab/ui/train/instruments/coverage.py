"""The cards on modes, classes and spread."""

import math
from collections.abc import Callable

from ganlab.config import DATASETS, TrainConfig
from ganlab.formatting import NOTHING, percent, short
from ganlab.measure.coverage import Coverage
from ganlab.plots.base import Figure, framed, packed
from ganlab.plots.readings import Line, Rows, over_looks
from ganlab.ui.train.instruments.card import REAL, VIOLET, Card, CardData, from_reading, from_rows, lines, newest


def counts_figure(coverage: Coverage) -> Figure:
    """The generated samples of each class or mode (violet), and how many are expected (grey outline).

    For modes, those within 3 sd are darker.
    """
    names, has_modes = [str(i) for i in range(len(coverage.counts))], len(coverage.high_quality) > 0
    bars = [
        {
            "type": "bar",
            "x": names,
            "y": packed(counts),
            "marker": marker,
            "name": name,
            "hovertemplate": "%{y:,.0f}<extra>" + name + "</extra>",
        }
        for name, counts, marker in (
            ("nearest to it" if has_modes else "generated", coverage.counts, _filled(0.35 if has_modes else 0.75)),
            ("within 3 sd", coverage.high_quality, _filled(1)),
            ("expected", coverage.expected, {"color": "rgba(0,0,0,0)", "line": {"color": "$real", "width": 1.4}}),
        )
        if len(counts)
    ]
    counts = ", ".join(map(str, coverage.counts)) or "none"
    return framed(
        bars,
        {"type": "category", "showgrid": False},
        {"nticks": 5, "tickformat": ",d", "rangemode": "tozero"},
        scale=f"classes {len(names)}",
        alt=f"Generated samples by {'mode' if has_modes else 'class'}: {counts}; "
        f"{coverage.missing} with less than a quarter of the expected.",
        margin=(52, 30, 8, 40),
        barmode="overlay",
    )


def _filled(opacity: float) -> Figure:
    return {"color": f"$generator {opacity}", "line": {"width": 0}}


def spread_figure(rows: Rows) -> Figure:
    """The spread of the generated samples, divided by that of the real ones."""
    figure = over_looks("Spread: generated / real", rows, [Line("generated", "spread", "$generator")])
    rule = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "layer": "below"}
    if "range" in (axis := figure["layout"]["yaxis"]):
        axis["range"] = [min(axis["range"][0], 0.95), max(axis["range"][1], 1.05)]
    figure["layout"]["shapes"] = [rule | {"line": {"color": "$real", "width": 2, "dash": "dash"}}]
    return figure


def sentence(data: CardData) -> str:
    """The modes or classes that the generated samples cover, and their spread."""
    spread = newest(data, "spread")
    if math.isnan(spread):
        return NOTHING
    of_real = f"Spread: <b>{short(spread)}×</b> the real samples'."
    total, missing = newest(data, "modes"), newest(data, "modes_missing")
    if math.isnan(total):
        return of_real
    covered, high_quality = newest(data, "modes_covered"), newest(data, "high_quality_share")
    if math.isnan(covered):
        return f"<b>{total - missing:.0f} of {total:.0f} classes</b> have at least a quarter of the expected. {of_real}"
    near = f"<b>{covered:.0f} of {total:.0f} modes</b> have samples within 3 sd: {percent(high_quality)} of all."
    return f"{near} {of_real}"


def _counted_by(what: str) -> Callable[[TrainConfig], bool]:
    return lambda config: DATASETS[config.dataset].counted == what


_MODES = (
    "<span><i class='gen good'></i>within 3 sd</span><span><i class='gen near'></i>nearest to it</span>"
    "<span><i class='expected'></i>expected</span>"
)
_CLASSES = "<span><i class='gen'></i>generated</span><span><i class='expected'></i>expected</span>"
_SPREAD = "the root mean square distance of the generated samples from their mean, divided by the real samples'."

CARDS = {
    "Modes": Card(
        "coverage",
        sentence,
        from_reading("coverage", counts_figure),
        f"how many generated samples are nearest to each mode, and how many are expected. *Spread*: {_SPREAD}",
        key=lambda data: _MODES,
        applies=_counted_by("modes"),
    ),
    "Classes": Card(
        "coverage",
        sentence,
        from_reading("coverage", counts_figure),
        "how many generated images fall into each class, by a vote of their five nearest held-out images, and how many "
        f"are expected. *Spread*: {_SPREAD}",
        key=lambda data: _CLASSES,
        applies=_counted_by("classes"),
    ),
    "Spread": Card(
        "coverage",
        sentence,
        from_rows(spread_figure),
        _SPREAD,
        key=lines((VIOLET, "generated"), (REAL, "real")),
        over_time=True,
        applies=_counted_by(""),
    ),
}
