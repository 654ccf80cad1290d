"""Clip any numbers by hand."""

from html import escape

import streamlit as st
import torch

from ganlab.formatting import number
from ganlab.lessons import article
from ganlab.ui.kit import clip_range, html
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, lesson

WIDTH, HEIGHT, EDGE = 640, 132, 40


@st.fragment
def section() -> None:
    """A line of numbers before and after the clamp."""
    state = st.session_state
    state.setdefault("numbers", article.numbers(article.NUMBERS))
    question = "What is outside moves exactly onto the nearer bound; what is inside stays."
    with lesson("Your own numbers", "numbers", question) as (doing, beside):
        with doing:
            text = st.text_input("Numbers", article.NUMBERS, key="numbers_text", live=True, persist_state="session")
            refusal, shown = _take(text), st.container()
            bounds = clip_range.choose("numbers_range", article.NUMBERS_RANGE, clip_range.RUNGS, tied=False)
        values = state["numbers"]
        clipped = torch.tensor(values).clamp(*bounds).tolist()
        with shown:
            panel("numbers", sentence(values, clipped, refusal) + picture(values, clipped, bounds))
        with beside:
            in_code(article.numbers_code(values, bounds), article.numbers_printed(values, bounds))


def _take(text: str) -> str:
    """Keep the numbers in the text; if it holds none, the earlier ones stay, and the reason comes back."""
    try:
        st.session_state["numbers"] = article.numbers(text)
    except ValueError as error:
        return str(error)
    return ""


def sentence(values: list[float], clipped: list[float], refusal: str) -> str:
    """The numbers before and after, the moved ones in bold; first how many, or why the typed ones are not here."""
    moved = [a != b for a, b in zip(values, clipped, strict=True)]
    told = f"{sum(moved)} of {len(values)} moved onto a bound."
    if refusal:
        told = f"<span class='refused'>{escape(refusal)} The numbers stay.</span>"
    return (
        f"<div class='force' role='status'>{told}</div><table class='lists'>"
        f"<tr><td>{html.BEFORE.format('before')}<td>{_listed(values, moved, 'b-text')}"
        f"<tr><td>{html.AFTER.format('after')}<td>{_listed(clipped, moved, 'a-text')}</table>"
    )


def _listed(values: list[float], moved: list[bool], look: str) -> str:
    return ", ".join(
        f"<span class='{look}'>{_short(v)}</span>" if hit else _short(v) for v, hit in zip(values, moved, strict=True)
    )


def _short(value: float) -> str:
    return number(float(f"{value:.7g}"))


def picture(values: list[float], clipped: list[float], bounds: tuple[float, float]) -> str:
    """Two number lines: each number falls from the upper one, before, to the lower one, after."""
    limit = 1.1 * max(map(abs, [*values, *bounds]))

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
        for a, b in zip(values, clipped, strict=True)
    )
    lines = "".join(f'<path class="floor" d="M0 {y}H{WIDTH}"/>' for y in (40, HEIGHT - 36))
    return (
        f'<svg class="falls" viewBox="0 -10 {WIDTH} {HEIGHT}" role="img" aria-label="{len(values)} numbers, '
        f'{sum(a != b for a, b in zip(values, clipped, strict=True))} of them moved onto a bound">'
        f"{lines}{rules}{falls}</svg>"
    )
