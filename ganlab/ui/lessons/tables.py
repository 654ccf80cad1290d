"""Small HTML for the lessons, styled by front/lab.css and front/lessons.css."""

from collections.abc import Sequence
from html import escape

from ganlab.plots.lessons import Line


def facts(*found: tuple[str, ...]) -> str:
    """Figures in a row: (name, value) or (name, value, note)."""
    cells = (
        f"<div><span>{escape(name)}</span><b>{escape(value)}</b>{''.join(f'<small>{escape(n)}</small>' for n in note)}"
        "</div>"
        for name, value, *note in found
    )
    return f"<div class='facts'>{''.join(cells)}</div>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], look: str = "") -> str:
    """Rows of HTML cells; texts of others are escaped by the caller."""
    top = "".join(f"<th>{name}" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows)
    return f"<div class='wide-table'><table class='lesson {look}'><tr>{top}{body}</table></div>"


_KEY = "<span><svg viewBox='0 0 20 8'><path d='M0 4H20' style='{}'/></svg>{}</span>"
_RINGED = _KEY.replace("</svg>", "<circle cx='10' cy='4' r='3.2' fill='none' stroke='currentColor'/></svg>")
_DASHES = {"solid": "", "dash": ";stroke-dasharray:6 3", "dot": ";stroke-dasharray:2 3"}


def bell_key(density: str) -> str:
    """What is drawn, and the density that it is held against."""
    return (
        "<div class='ch keys'><div><span><svg viewBox='0 0 20 8'><rect width='20' height='8' "
        "style='fill:var(--muted);opacity:.4'/></svg>drawn</span>"
        + _KEY.format("stroke:var(--st-text-color);stroke-width:2.4", escape(density))
        + "</div></div>"
    )


def line_key(lines: Sequence[Line]) -> str:
    """Which line is which."""
    keys = (
        (_RINGED if line.hollow else _KEY).format(
            f"stroke:{'var(--st-text-color)' if line.color == '$text' else 'currentColor'};stroke-width:2"
            + _DASHES[line.dash],
            escape(line.name),
        )
        for line in lines
    )
    return f"<div class='ch keys'><div>{''.join(keys)}</div></div>"
