"""How each compared run is told apart: its letter, and the key to its lines."""

from collections.abc import Iterable
from html import escape

from ganlab.plots.compare import style
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit.html import line_key

_SHAPES = {
    "circle": "<circle cx='10' cy='4' r='3'/>",
    "square": "<path d='M7 1h6v6h-6z'/>",
    "diamond": "<path d='M10 0l4 4l-4 4l-4-4z'/>",
    "triangle-up": "<path d='M10 0l4 7h-8z'/>",
    "cross": "<path d='M9 0h2v3h3v2h-3v3h-2v-3h-3v-2h3z'/>",
    "x": "<path d='M7 0l3 3l3-3l1 1l-3 3l3 3l-1 1l-3-3l-3 3l-1-1l3-3l-3-3z'/>",
    "triangle-down": "<path d='M10 8l4-7h-8z'/>",
    "star": "<path d='M10 0l1.2 2.8l3 .2l-2.3 2l.8 3l-2.7-1.6l-2.7 1.6l.8-3l-2.3-2l3-.2z'/>",
}
"""Plotly's markers, in SVG."""


def chip(letter: str) -> str:
    """A run's letter on its colour."""
    return f"<b class='chip' style='--c:var(--{letter})'>{letter}</b>"


def line(letter: str) -> str:
    """A run's line with its marker and letter."""
    color, dash, marker = style(letter)
    return line_key(letter, color, dash, f"<g fill='var(--{letter})'>{_SHAPES[marker]}</g>")


def legend(letters: Iterable[str]) -> str:
    """The key to the lines of several runs."""
    return "".join(map(line, letters))


def opened(snapshot: Snapshot, run: Run, name: str) -> str:
    """A run's name, as a link to its page on Train once it has begun."""
    if snapshot.status is Status.WAITING:
        return escape(name)
    return f"<a href='Train?run={escape(run.run_id)}' target='_self'>{escape(name)}</a>"


def across(name: str) -> str:
    """The start of a <div> around a table that may be wider than its card, to be scrolled by keyboard too."""
    return f"<div class='across' role='region' aria-label='{name}' tabindex='0'>"
