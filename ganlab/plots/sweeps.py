"""A sweep: one measure against one setting, a dot for each run, and a line through the medians of the seeds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ganlab.formatting import short
from ganlab.plots import letters
from ganlab.plots.base import Figure, axis, curve, framed, packed, rounded
from ganlab.plots.compare import DASHES, WIDE, style
from ganlab.plots.readings import LogAxis, empty, log_axis


class Dot(NamedTuple):
    """A run in the figure."""

    x: float  # the setting; NaN for a run that does not use it
    y: float  # the measure
    group: str  # what else it differs in from others, but for the seed
    name: str
    letter: str = ""  # if it is compared
    finished: bool = True
    id: str = ""  # by which the browser tells which dot is pointed at


def measured(dots: Sequence[Dot], setting: str, measure: str, names: Sequence[str] = ()) -> Figure:
    """The measure against the setting; `names` are the values of one that isn't a number, at 0, 1, 2 and so on.

    Runs that don't use the setting are a dotted line across; those that did not finish are hollow, and in no median.
    Axes are logarithmic where values are positive and differ much; measures of 0 are then at the foot of theirs.
    """
    dots = [dot for dot in dots if np.isfinite(dot.y)]
    if not dots:
        return empty()
    x = np.array([dot.x for dot in dots if np.isfinite(dot.x)], float)
    y = np.array([dot.y for dot in dots])
    log_x, log_y = not names and _are_wide(x), y.min() >= 0 and _are_wide(y[y > 0])
    y_axis = log_axis(y) if log_y else LogAxis({"nticks": 5, "tickformat": "~g"}, 0.0)
    low, high = _ends(np.log10(x) if log_x else x)
    lines = medians([dot for dot in dots if dot.finished])
    drawn, said, notes = list[Figure](), list[str](), list[Figure]()
    across = 10.0 ** np.array([low, high]) if log_x else np.array([low, high])
    for i, (group, line) in enumerate(lines.items()):
        for at, value in line.items():
            where = f" at {names[int(at)] if names else short(at)}" if np.isfinite(at) else ""
            said.append(f"{f'{group}: ' if group else ''}{short(value)}{where}")
        if np.isfinite(list(line)).any():
            ends, values, color, dash = np.array(list(line)), list(line.values()), "$text", DASHES[i % len(DASHES)]
        else:
            ends, values, color, dash = across, 2 * list(line.values()), "$muted", "dot"
            place = values[0] or y_axis.zero
            notes.append(_note(group, np.log10(place) if log_y else place))
        repeats = sum(dot.group == group and dot.finished for dot in dots) > len(line)
        hover: Figure = {"hoverinfo": "skip"}
        if repeats:
            shown = f"median %{{customdata}}<extra>{group}</extra>"
            hover = {"customdata": list(map(short, values)), "hovertemplate": shown}
        places = np.array([value or y_axis.zero for value in values])
        drawn.append(curve(places, group, color, 1.6, dash, x=packed(ends)) | hover)
    right = low + 0.97 * (high - low)
    for letter in sorted({dot.letter for dot in dots}):
        of_letter = [dot for dot in dots if dot.letter == letter]
        drawn.append(_dots(of_letter, letter, 10.0**right if log_x else right, y_axis.zero))
    heights = np.array([dot.y or y_axis.zero for dot in dots])
    heights = np.log10(heights) if log_y else heights
    compared = {dot.letter: (_across(dot, right, log_x), y) for dot, y in zip(dots, heights.tolist(), strict=True)}
    compared.pop("", None)
    notes += letters.above(compared, (low, high), (heights.min(), heights.max()))
    ticks = _ticks(x, (low, high), log_x)
    if names:
        ticks = {"tickvals": list(range(len(names))), "ticktext": list(names)}
    return framed(
        drawn,
        axis(setting, 4) | ticks | {"range": [rounded(low, 6), rounded(high, 6)]},
        axis(measure, 4) | y_axis.layout,
        scale=f"{measure} {setting} {log_x} {log_y}",
        alt=f"{measure} against {setting}; medians: {'; '.join(said) or 'none yet'}.",
        margin=(62, 26, 14, 44),
        annotations=notes,
    )


def medians(dots: Sequence[Dot]) -> Mapping[str, dict[float, float]]:
    """For each group the median of the measure at each value of the setting, from the smallest on."""
    values: dict[str, dict[float, list[float]]] = {}
    for dot in sorted(dots, key=lambda dot: (np.isnan(dot.x), dot.x)):
        at = dot.x if np.isfinite(dot.x) else np.nan  # this object: NaN is not equal to another NaN
        values.setdefault(dot.group, {}).setdefault(at, []).append(dot.y)
    return {group: {x: float(np.median(each)) for x, each in line.items()} for group, line in values.items()}


def _note(group: str, y: float) -> Figure:
    """What a line across stands for, at its left end."""
    place = {"xref": "paper", "x": 0, "xanchor": "left", "y": rounded(y, 6), "yanchor": "bottom", "showarrow": False}
    return place | {"text": group, "font": {"color": "$muted", "size": 11.5}}


def _dots(dots: Sequence[Dot], letter: str, right: float, zero: float) -> Figure:
    """Runs with the same letter; those that do not use the setting are on the `right`, measures of 0 at `zero`."""
    color, _, marker = style(letter) if letter else ("$muted", "", "circle")
    return {
        "type": "scatter",
        "mode": "markers",
        "name": letter or "runs",
        "x": packed(np.array([dot.x if np.isfinite(dot.x) else right for dot in dots])),
        "y": packed(np.array([dot.y or zero for dot in dots])),
        "marker": {
            "color": color,
            "symbol": [marker if dot.finished else f"{marker}-open" for dot in dots],
            "size": 9 if letter else 6,
        },
        "customdata": [[dot.name, short(dot.y)] for dot in dots],
        "ids": [dot.id for dot in dots],
        "hovertemplate": "%{customdata[1]}<extra>%{customdata[0]}</extra>",
        "cliponaxis": False,
    }


def _ticks(x: np.ndarray, ends: tuple[float, float], log: bool) -> Figure:
    """The labels of an axis of numbers: the values that occur, if there is room for them; else round ones."""
    kind: Figure = {"type": "log"} if log else {}
    low, high = ends
    occur = np.unique(x)
    texts = [f"{value:,.0f}" if value.is_integer() else short(value) for value in occur.tolist()]
    apart = np.diff(np.log10(occur) if log else occur) / (high - low) * letters.WIDTH
    if len(set(texts)) == len(texts) and apart.min(initial=np.inf) > 6 * max(map(len, texts), default=0) + 4:
        return kind | {"tickvals": occur.tolist(), "ticktext": texts}
    if log:
        return kind | {"dtick": "D2" if high - low < 2.5 else 1, "tickformat": "~g"}
    whole = high - low < 7 and bool((occur == np.rint(occur)).all())  # else Plotly puts some between them
    return {"tickformat": "~g"} | ({"dtick": 1} if whole else {"nticks": 7})


def _across(dot: Dot, right: float, log: bool) -> float:
    """Where a dot is on its axis; on a log axis, a logarithm."""
    if not np.isfinite(dot.x):
        return right
    return float(np.log10(dot.x)) if log else dot.x


def _are_wide(values: np.ndarray) -> bool:
    return len(values) > 0 and bool(values.min() > 0) and bool(values.max() >= WIDE * values.min())


def _ends(places: np.ndarray) -> tuple[float, float]:
    """The range of an axis, with room at both ends."""
    low, high = (float(places.min()), float(places.max())) if len(places) else (0.0, 1.0)
    room = 0.08 * (high - low) or 0.5
    return low - room, high + room
