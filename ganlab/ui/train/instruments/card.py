"""What every instrument card is made of: its data, its sentence, its figure, its help."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.measure import reading as readings
from ganlab.measure.reading import READINGS, Reading
from ganlab.plots.base import Figure
from ganlab.plots.readings import Rows, empty
from ganlab.runs.history import History
from ganlab.ui.kit.html import CURVE_KEY

MOST_ROWS = 200  # points of a line over time
DOTS = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='2 3' opacity='.6'"
DASHES = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='6 3' opacity='.6'"
VIOLET = "stroke='var(--generator)' stroke-width='2.4'"
REAL = "stroke='var(--real)' stroke-width='2.4' stroke-dasharray='6 3'"


class CardData(NamedTuple):
    """What the cards may show: one moment of a run."""

    reading: Reading | None
    rows: Rows
    """Rows of instruments.csv, thinned; the first and the newest are among them."""
    agreement: tuple[float, int]
    """`reading.agreement` since the clip range last changed."""
    history: History
    config: TrainConfig
    real: np.ndarray | None = None
    """Real samples, as in Snapshot."""


class Card(NamedTuple):
    """One card of the panel."""

    instrument: str | None
    """The instrument that it needs; None if the run's own counts are enough."""
    sentence: Callable[[CardData], str]
    """The result in a sentence, as HTML; NOTHING if nothing was measured."""
    figure: Callable[[CardData], Figure]
    help: str
    """How to read it, as Markdown."""
    key: Callable[[CardData], str] = lambda data: ""
    """The key to its lines, as HTML."""
    over_time: bool = False
    """Whether the x axis counts steps, so that a step looked back at can be marked."""
    applies: Callable[[TrainConfig], bool] = lambda config: True
    """Whether it has a meaning for this run's data."""
    depends_on: Callable[[CardData], tuple[object, ...]] = lambda data: ()
    """What its figure depends on besides the reading."""
    controls: Callable[[], None] = lambda: None
    """Draws its own widgets."""
    height: int = 210  # pixels


def from_reading(instrument: str, draw: Callable[[Any], Figure]) -> Callable[[CardData], Figure]:
    """A figure of one instrument's newest result; empty axes without one."""

    def figure(data: CardData) -> Figure:
        result = getattr(data.reading, instrument, None)
        return draw(result) if result else empty()

    return figure


def from_rows(draw: Callable[[Rows], Figure]) -> Callable[[CardData], Figure]:
    """A figure of the rows over time."""
    return lambda data: draw(data.rows)


def newest(data: CardData, column: str) -> float:
    """The last value of a column; NaN without rows."""
    return data.rows[-1][column] if data.rows else math.nan


def lines(*named: tuple[str, str]) -> Callable[[CardData], str]:
    """The key to a chart's lines, given as (SVG style, name)."""
    html = "".join(CURVE_KEY.format(style, name) for style, name in named)
    return lambda data: html


def card_head(title: str, sentence: str, key: str) -> str:
    """A card's title, its key and its sentence, as HTML."""
    return f"<div class='inst'><div class='ch'><b>{title}</b><div>{key}</div></div><p>{sentence}</p></div>"


def rows_of(table: np.ndarray, reading: Reading | None) -> Sequence[dict[str, float]]:
    """At most MOST_ROWS rows of a table [looks, len(READINGS)], the newest among them; then the reading, if newer."""
    k = -(-len(table) // MOST_ROWS) or 1
    thinned = table if k == 1 else np.concatenate([table[:-1:k], table[-1:]])
    rows = [dict(zip(READINGS, row, strict=True)) for row in thinned.tolist()]
    if reading:  # a saved run is measured again with every instrument, so the reading may hold more than its row
        rows = [row for row in rows if row["step"] != reading.step]
        rows.append(readings.row(reading))
    return rows
