"""Small pieces of HTML for the lessons, styled by front/lab.css and front/lessons.css."""

from collections.abc import Sequence
from html import escape

from ganlab.plots.lessons import Line
from ganlab.ui.kit.html import CURVE_KEY, INK


def facts(*facts: tuple[str, ...]) -> str:
    """Values side by side: (name, value) or (name, value, note)."""
    cells = (
        f"<div><span>{escape(name)}</span><b>{escape(value)}</b>"
        f"{''.join(f'<small>{escape(text)}</small>' for text in note)}</div>"
        for name, value, *note in facts
    )
    return f"<div class='facts'>{''.join(cells)}</div>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of HTML cells; the caller escapes text that is not its own."""
    heads = "".join(f"<th>{name}" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows)
    return f"<div class='wide-table'><table class='lesson'><tr>{heads}{body}</table></div>"


DASHES = {"solid": "", "dash": " stroke-dasharray='6 3'", "dot": " stroke-dasharray='2 3'"}
RING = "<circle cx='10' cy='4' r='3.2' fill='none' stroke='currentColor'/>"


def bell_key(density: str) -> str:
    """The key to a histogram of what was drawn, under the named density."""
    return (
        "<div class='ch keys'><div><span><svg viewBox='0 0 20 8'><rect width='20' height='8' "
        f"style='fill:var(--muted);opacity:.4'/></svg>drawn</span>{CURVE_KEY.format(INK, escape(density))}</div></div>"
    )


def line_key(lines: Sequence[Line]) -> str:
    return f"<div class='ch keys'><div>{''.join(map(_line_key, lines))}</div></div>"


def _line_key(line: Line) -> str:
    color = "var(--st-text-color)" if line.color == "$text" else "currentColor"
    key = CURVE_KEY.format(f"stroke='{color}' stroke-width='2'{DASHES[line.dash]}", escape(line.name))
    return key.replace("</svg>", f"{RING}</svg>") if line.hollow else key
