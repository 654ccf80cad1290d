"""The article's model before and after the clamp: its 60 values, and the function they make."""

import dataclasses
import math
from typing import NamedTuple

import streamlit as st
import torch
from torch import nn

from ganlab.config import PRESETS
from ganlab.formatting import round_up
from ganlab.gan import clipping
from ganlab.gan.clipping import ClipReport, WeightHistogram, bin_edges, pooled
from ganlab.lessons import article
from ganlab.measure import lipschitz
from ganlab.plots import clamp, lessons
from ganlab.ui.clipping import tables
from ganlab.ui.kit import clip_range, components, html, inputs
from ganlab.ui.kit.components import download, panel, plot
from ganlab.ui.kit.lesson import in_code, lesson

STARTS = {"article": "The article's weights", "seed": "PyTorch's own start"}
AT = torch.linspace(-4, 4, 161)


class Clamped(NamedTuple):
    """What the reader chose, and what the clamp made of it."""

    seed: int | None
    bounds: tuple[float, float]
    left_out: list[str]
    before: nn.Sequential
    after: nn.Sequential
    report: ClipReport


@st.fragment
def section() -> None:
    """The values, and below them the function."""
    question = (
        "`Sequential(Linear(3, 10), BatchNorm1d(10), Sigmoid())`, every parameter clamped: "
        "the worked example of an article on weight clipping in PyTorch."
    )
    with lesson("The article's model", "article", question) as (doing, beside):
        with doing:
            seed = _start()
            headline, histogram = st.container(), st.container()
            bounds = clip_range.choose("article_range", article.CLIP_RANGE)
            clamped = _clamp(seed, bounds, _left_out())
            panel("article_bound", tables.bound(*map(_bound, (clamped.before, clamped.after))))
        with headline:
            panel("article_headline", tables.headline(clamped.report))
        histograms, limit = _histograms(clamped)
        with histogram:
            _histogram(clamped, histograms, limit)
        with beside:
            chosen = clamped.seed, clamped.bounds, clamped.left_out
            in_code(article.clamp_code(*chosen), article.clamp_printed(*chosen))
        _tables(clamped, histograms)
    _function(clamped)


def _start() -> int | None:
    """The seed of the weights; None for those that the article prints."""
    state = st.session_state
    state.setdefault("article_seed", 0)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        start = st.segmented_control(
            "Start", list(STARTS), default="article", required=True, key="article_start", format_func=STARTS.get,
            persist_state="session",
        )  # fmt: skip
        seed = st.number_input(
            "Seed", value=state["article_seed"], key="article_seed", width=125, disabled=start == "article",
            persist_state="session", help="As torch.manual_seed takes it.",
        )  # fmt: skip
        st.button(
            "Reset weights", icon=":material/casino:", on_click=_reset, help="Draws them anew, from the next seed."
        )
    seed = inputs.in_force("article_seed", lambda: _checked(seed), 0)
    return None if start == "article" else seed


def _checked(seed: int) -> int:
    """The seed, if the settings of a run could hold it. Raises ValueError in a sentence."""
    return dataclasses.replace(PRESETS["digits"], seed=seed).seed


def _reset() -> None:
    state = st.session_state
    state["article_seed"] += state["article_start"] == "seed"
    state["article_start"] = "seed"


def _left_out() -> list[str]:
    """The parts that the clamp leaves as they are."""
    with st.container(horizontal=True, gap="medium"):
        told = "Batch norm's scale and shift stay as they are. The article, and WGAN's own code, clamp them too."
        norm = st.toggle("Leave batch norm out", key="article_norm", persist_state="session", help=told)
        told = "The shift of batch norm too. The article clamps them."
        biases = st.toggle("Leave biases out", key="article_biases", persist_state="session", help=told)
    return [part for part, wanted in zip(article.PARTS, (norm, biases), strict=True) if wanted]


def _clamp(seed: int | None, bounds: tuple[float, float], left_out: list[str]) -> Clamped:
    before, after = article.model(seed), article.model(seed)
    report = clipping.clip_(article.clamped_parameters(after, left_out), bounds)
    return Clamped(seed, bounds, left_out, before, after, report)


def _histograms(clamped: Clamped) -> tuple[tuple[WeightHistogram, ...], float]:
    """Of each parameter, and how far the axis goes: the weights decide, so that it stays while the range moves."""
    furthest = max(clamped.report.before.abs().max().item(), *map(abs, clamped.bounds))
    limit = round_up(1.02 * furthest)
    return clamped.report.histograms(bin_edges(clamped.bounds, limit, most=48)), limit


def _histogram(clamped: Clamped, histograms: tuple[WeightHistogram, ...], limit: float) -> None:
    figure = clamp.clamp(pooled(histograms), clamped.bounds, limit=limit)
    del figure["rules"]  # the slider moves them
    plot("article_histogram", figure, 460)


def _tables(clamped: Clamped, histograms: tuple[WeightHistogram, ...]) -> None:
    rows = tables.rows(clamped.before, clamped.after)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("**Every value**", width="content")
        told = "Every value before and after, and whether it was clamped."
        download("CSV", "weights.csv", lambda: components.csv_file(*tables.as_table(rows)), key="values_csv", help=told)
    panel("article_values", tables.values(rows, clamped.bounds))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("**Parameter by parameter**", width="content")
        make = lambda: components.csv_file(*tables.counts(histograms))  # noqa: E731
        download("CSV", "counts.csv", make, key="counts_csv", help="The counts, before and after.")
    panel("article_layers", html.layers_table(histograms))
    if clamped.seed is None and "batch norm" not in clamped.left_out:
        st.caption("Batch norm's scale starts at 1 in today's PyTorch; in the article's it was drawn from 0 to 1.")


def _function(clamped: Clamped) -> None:
    question = "Its ten outputs along one input, in eval mode. Narrow weights make a flat function."
    with lesson("What the clamp does to the function", "function", question) as (doing, beside):
        with doing:
            axis = st.segmented_control(
                "Along", [0, 1, 2], default=0, required=True, key="article_axis", persist_state="session",
                format_func=lambda i: f"Input {i + 1}",
            )  # fmt: skip
            answers = [article.along(model, axis, AT).numpy() for model in (clamped.before, clamped.after)]
            panel("article_key", tables.KEY)
            plot("article_function", lessons.answers(AT.numpy(), *answers, axis), 330)
        with beside:
            panel("article_slopes", _slopes(clamped, axis))
            with st.expander("In PyTorch", icon=":material/code:"):
                chosen = clamped.seed, clamped.bounds, clamped.left_out
                in_code(article.slope_code(*chosen), article.slope_printed(*chosen))


def _bound(model: nn.Sequential) -> float:
    return math.prod(lipschitz.lipschitz_factors(model).values())


def _slopes(clamped: Clamped, axis: int) -> str:
    both = clamped.before, clamped.after
    steepest = [article.slope_along(model, axis, AT) for model in both]
    return tables.slopes(list(map(lipschitz.lipschitz_factors, both)), list(map(_bound, both)), steepest)
