"""The curves of the compared runs over time: the critic's estimate, and the distance."""

from functools import partial

from ganlab.plots import compare
from ganlab.plots.base import Figure
from ganlab.plots.compare import Line
from ganlab.plots.curves import drawn_steps
from ganlab.ui.compare.keys import legend
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.components import Caption
from ganlab.ui.kit.live import once

CHARTS = {
    "Critic’s estimate": (compare.estimate_line, compare.estimates),
    "Distance W1": (compare.distance_line, compare.distances),
}
"""A chart's line of each run, and the figure of them all."""


def figure(title: str, picks: list[Pick], along: str) -> Figure:
    """A chart of CHARTS; a run's line is made again only when it has a new point."""
    line_of, draw = CHARTS[title]
    lines: dict[str, Line] = {}
    for pick in picks:
        record = pick.record
        key = (title, along, drawn_steps(record.history), len(record.readings), record.changes, record.status)
        lines[pick.letter] = once(pick.run, key, partial(line_of, record, along))
    return draw(lines, along, not any(pick.trains for pick in picks)) | {"linked": f"compared {along}"}


def note(picks: list[Pick]) -> str:
    """Why a line has a gap, if one has."""
    if all(len(compare.stretches(pick.record)) < 2 for pick in picks):
        return ""
    return "A line breaks where its critic’s constraint was changed: compare values only on the same side of a break."


def caption(title: str, picks: list[Pick]) -> Caption:
    """What a chart is called, with the key to its lines."""
    median = f", median of {compare.MEDIAN}" if title.startswith("Critic") else ""
    return Caption(title + median, legend(pick.letter for pick in picks))
