"""The reader's own numbers before and after a clamp."""

from html import escape

import streamlit as st
import torch

from ganlab.formatting import number, significant
from ganlab.lessons import own_numbers
from ganlab.ui.kit import clip_range, html
from ganlab.ui.kit.components import Caption, panel
from ganlab.ui.kit.lesson import in_code, lesson, table, valid_or_last

QUESTION = "A number outside the range moves exactly onto the nearer bound; a number inside stays."
WIDTH, HEIGHT, EDGE = 640, 132, 40


@st.fragment
def section() -> None:
    with lesson("Your own numbers", "numbers", QUESTION) as (doing, beside):
        with doing:
            text = st.text_input("Numbers", own_numbers.EXAMPLE, key="numbers_text", live=True, persist_state="session")
            result = st.container()
            bounds = clip_range.choose("numbers_range", own_numbers.EXAMPLE_RANGE, clip_range.RUNGS, tied=False)
        example = own_numbers.parse(own_numbers.EXAMPLE)
        values, refusal = valid_or_last("numbers", lambda: own_numbers.parse(text), example)
        clamped = torch.tensor(values).clamp(*bounds).tolist()
        moved = [before != after for before, after in zip(values, clamped, strict=True)]
        message = f"{sum(moved)} of {len(values)} moved onto a bound."
        with result:
            shown = f"<span class='refused'>{escape(refusal)} The numbers are unchanged.</span>" if refusal else message
            rows = [
                (html.BEFORE.format("before"), _list(values, moved, "b-text")),
                (html.AFTER.format("after"), _list(clamped, moved, "a-text")),
            ]
            lists = f"<div class='force' role='status'>{shown}</div>{table((), rows, 'lists')}"
            panel("numbers", lists)
            panel("numbers_drawing", drawing(values, clamped, bounds, message), Caption("Your own numbers"))
        with beside:
            in_code(own_numbers.code(values, bounds), own_numbers.printed(values, bounds))


def _list(values: list[float], moved: list[bool], css_class: str) -> str:
    texts = [significant(value, 7) for value in values]
    return ", ".join(
        f"<span class='{css_class}'>{text}</span>" if hit else text for text, hit in zip(texts, moved, strict=True)
    )


def drawing(before: list[float], after: list[float], bounds: tuple[float, float], alt: str) -> str:
    """Two number lines: each number falls from the upper line, before, to the lower one, after."""
    limit = 1.1 * max(map(abs, [*before, *bounds]))

    def x(value: float) -> str:
        return f"{WIDTH / 2 + value / limit * (WIDTH / 2 - EDGE):.1f}"

    close = (bounds[1] - bounds[0]) / limit < 0.6
    rules = "".join(
        f'<path class="rule" d="M{x(bound)} 16V{HEIGHT - 14}"/><text x="{x(bound)}" y="11" '
        f'text-anchor="{anchor if close else "middle"}">{name} {number(bound)}</text>'
        for name, bound, anchor in zip(("low", "high"), bounds, ("end", "start"), strict=True)
    )
    falls = "".join(
        f'<path class="{"moved" if a != b else "stays"}" d="M{x(a)} 40L{x(b)} {HEIGHT - 36}"/>'
        f'<circle class="bl" cx="{x(a)}" cy="40" r="5.5"/><circle class="af" cx="{x(b)}" cy="{HEIGHT - 36}" r="5.5"/>'
        for a, b in zip(before, after, strict=True)
    )
    lines = "".join(f'<path class="floor" d="M0 {y}H{WIDTH}"/>' for y in (40, HEIGHT - 36))
    svg = f'<svg class="falls" viewBox="0 -10 {WIDTH} {HEIGHT}" role="img" aria-label="Numbers: {alt}">'
    return f"{svg}{lines}{rules}{falls}</svg>"
