"""What every instrument card is made of: its data, its sentence, its figure, its help."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import NOTHING
from ganlab.measure import reading as readings
from ganlab.measure.reading import READINGS, Reading
from ganlab.plots.base import Figure, per_mark
from ganlab.plots.readings import Line, Rows, over_looks
from ganlab.runs.history import Change, History
from ganlab.ui.kit.html import line_key

Drawn = TypeVar("Drawn")
MOST_ROWS = 200  # points of a line over time
# The colours and dashes of the keys to lines.
INK, VIOLET, REAL = ("$bound", "solid"), ("$generator", "solid"), ("$real", "dash")
DOTS, DASHES = ("$bound 0.6", "dot"), ("$bound 0.6", "dash")


class CardData(NamedTuple):
    """What the cards may show: one moment of a run."""

    reading: Reading | None
    rows: Rows  # of instruments.csv, thinned; the first and the newest are among them
    agreement: tuple[float, int]  # `reading.agreement` since what holds the critic last changed
    history: History
    config: TrainConfig  # at the reading's step
    real: np.ndarray | None = None  # samples, as in Snapshot
    changes: Sequence[Change] = ()
    ended: bool = False  # whether the run has

    def newest(self, column: str) -> float:
        """The last value of a column; NaN without rows."""
        return self.rows[-1][column] if self.rows else math.nan


class Card(NamedTuple):
    """One card of the panel."""

    instrument: str | None  # the one that it needs; None if the run's own counts are enough
    sentence: Callable[[CardData], str]  # the result, as HTML; NOTHING if nothing was measured
    figure: Callable[[CardData], Figure]
    help: str  # how to read it, as Markdown
    key: Callable[[CardData], str] = lambda data: ""  # to its lines, as HTML
    over_time: bool = False  # whether the x axis counts steps, so that a step looked back at can be marked
    applies: Callable[[TrainConfig], bool] = lambda config: True  # whether it has a meaning for this run's data
    # What its figure depends on besides the reading.
    depends_on: Callable[[CardData], tuple[object, ...]] = lambda data: ()
    controls: Callable[[], None] = lambda: None  # draws its own widgets
    height: int = 210  # pixels


def sentence_of(card: Card, data: CardData) -> str:
    """A card's result, or why its instrument could not measure, as HTML."""
    refusal = data.reading.refused.get(card.instrument) if data.reading and card.instrument else None
    return escape(refusal) if refusal else card.sentence(data)


def of_result(instrument: str, draw: Callable[[Any], Drawn], otherwise: Drawn) -> Callable[[CardData], Drawn]:
    """What `draw` makes of an instrument's newest result; `otherwise` without one."""

    def drawn(data: CardData) -> Drawn:
        result = getattr(data.reading, instrument, None)
        return draw(result) if result else otherwise

    return drawn


def if_measured(column: str, sentence: Callable[[CardData], str]) -> Callable[[CardData], str]:
    """The sentence; NOTHING if the newest look has no value in this column of instruments.csv."""
    return lambda data: NOTHING if math.isnan(data.newest(column)) else sentence(data)


def chart(title: str, *lines: Line, log: bool = False) -> Callable[[CardData], Figure]:
    """Columns of instruments.csv over the looks."""
    return lambda data: over_looks(title, data.rows, lines, log, data.ended)


def lines(*named: tuple[tuple[str, str], str]) -> Callable[[CardData], str]:
    """The key to a chart's lines, given as ((colour, dash), name)."""
    html = "".join(line_key(name, *style) for style, name in named)
    return lambda data: html


def measured_lines(*named: tuple[tuple[str, str], str, str]) -> Callable[[CardData], str]:
    """The key to a chart's lines, given as ((colour, dash), name, column), without those that no look measured."""

    def key(data: CardData) -> str:
        drawn = (one for one in named if not all(math.isnan(row[one[2]]) for row in data.rows))
        return "".join(line_key(name, *style) for style, name, _ in drawn)

    return key


def rows_of(table: np.ndarray, reading: Reading | None) -> Sequence[dict[str, float]]:
    """At most MOST_ROWS rows of a table [looks, len(READINGS)], the newest among them; then the reading, if newer."""
    k = per_mark(len(table), MOST_ROWS)
    thinned = table if k == 1 else np.concatenate([table[:-1:k], table[-1:]])
    rows = [dict(zip(READINGS, row, strict=True)) for row in thinned.tolist()]
    if reading:  # a saved run is measured again with every instrument, so the reading may hold more than its row
        rows = [*(row for row in rows if row["step"] != reading.step), readings.row(reading)]
    return rows
