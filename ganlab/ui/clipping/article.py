"""The article's model before and after the clamp: its 60 values, and the function that it computes."""

import streamlit as st
import torch
from torch import nn

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import round_up, significant
from ganlab.gan.clipping import WeightHistogram, bin_edges, pooled
from ganlab.lessons import article
from ganlab.lessons.article import Range
from ganlab.measure.lipschitz import lipschitz_factors
from ganlab.plots import clamp, lessons
from ganlab.ui.clipping import tables
from ganlab.ui.kit import clip_range, html
from ganlab.ui.kit.components import csv_file, download, panel, plot
from ganlab.ui.kit.lesson import choice, in_code, last_valid, lesson, number_input, row

QUESTION = (
    "`Sequential(Linear(3, 10), BatchNorm1d(10), Sigmoid())`, every parameter clamped: "
    "the worked example of an article on weight clipping in PyTorch."
)
FUNCTION_QUESTION = "The model's ten outputs along one input, in eval mode. Narrow weights make a flat function."
STARTS = {"article": "The article's weights", "seed": "PyTorch's default"}
Chosen = tuple[int | None, Range, list[str]]  # the seed, the clip range and the PARTS left out
Models = tuple[nn.Sequential, nn.Sequential]  # before and after the clamp
AT = torch.linspace(-4, 4, 161)  # where the outputs are computed along an input


@st.fragment
def section() -> None:
    with lesson("The article's model", "article", QUESTION) as (doing, beside):
        with doing:
            seed = _seed()
            headline, histogram = st.container(), st.container()
            bounds = clip_range.choose("article_range", article.CLIP_RANGE)
            chosen = seed, bounds, _left_out()
            models = article.model(seed), article.model(seed)
            report = article.clamp_(models[1], *chosen[1:])
            before, after = (significant(article.slope_bound(model), 3) for model in models)
            slope = f"The function's slope is at most {before} before the clamp and {after} after it."
            panel("article_bound", f"<div class='muted'>{slope}</div>")
        with headline:
            panel("article_headline", tables.clamped(report))
        # Set by the weights, so that it rarely changes while the range moves.
        limit = round_up(1.02 * max(report.before.abs().max().item(), *map(abs, bounds)))
        histograms = report.histograms(bin_edges(bounds, limit, most=48))
        with histogram:
            figure = clamp.clamp(pooled(histograms), bounds, limit=limit)
            del figure["rules"]  # only the slider moves the bounds
            plot("article_histogram", figure, 460)
        with beside:
            in_code(article.clamp_code(*chosen), article.clamp_printed(*chosen))
        _tables(chosen, models, histograms)
    _function(chosen, models)


def _seed() -> int | None:
    """The seed of the weights; None for those that the article prints."""
    about, redraw = "The seed for torch.manual_seed.", "Redraws the weights with the next seed."
    start_seed = st.session_state.setdefault("article_seed", 0)
    with row():
        start = choice("Initial weights", STARTS, "article_start")
        seed = number_input("Seed", start_seed, "article_seed", 125, disabled=start == "article", help=about)
        st.button("Reset weights", icon=":material/casino:", on_click=_reset, help=redraw)
    seed = last_valid("article_seed", lambda: settings.checked(TrainConfig, "seed", seed), 0)
    return None if start == "article" else seed


def _reset() -> None:
    state = st.session_state
    state["article_seed"] += state["article_start"] == "seed"
    state["article_start"] = "seed"


def _left_out() -> list[str]:
    """The PARTS that the clamp does not change."""
    with st.container(horizontal=True, gap="medium"):
        about = "Batch norm's scale and shift are not clamped. The article and WGAN's own code clamp them too."
        norm = st.toggle("Leave batch norm out", key="article_norm", persist_state="session", help=about)
        about = "Biases, among them batch norm's shift, are not clamped. The article clamps them."
        biases = st.toggle("Leave biases out", key="article_biases", persist_state="session", help=about)
    return [part for part, chosen in zip(article.PARTS, (norm, biases), strict=True) if chosen]


def _tables(chosen: Chosen, models: Models, histograms: tuple[WeightHistogram, ...]) -> None:
    seed, bounds, left_out = chosen
    values = tables.values_of(*models)
    help_text = "Every value before and after, and whether it was clamped."
    _title("Every value", "weights.csv", (tables.Value._fields, values), "values_csv", help_text)
    panel("article_values", tables.values_table(values, bounds))
    counts = tables.counts_csv(histograms)
    _title("Parameter by parameter", "counts.csv", counts, "counts_csv", "The counts before and after.")
    panel("article_layers", html.layers_table(histograms))
    if seed is None and "batch norm" not in left_out:
        st.caption("Batch norm's scale starts at 1 in today's PyTorch; in the article's it was drawn from 0 to 1.")


def _title(title: str, name: str, table: tables.Table, key: str, help_text: str) -> None:
    """The title of a table, and a button that downloads it as a CSV file of that name."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{title}**", width="content")
        download("CSV", name, lambda: csv_file(*table), key=key, help=help_text)


def _function(chosen: Chosen, models: Models) -> None:
    with lesson("What the clamp does to the function", "function", FUNCTION_QUESTION) as (doing, beside):
        with doing:
            axis = choice("Along", {0: "Input 1", 1: "Input 2", 2: "Input 3"}, "article_axis")
            before, after = (article.along(model, axis, AT).numpy() for model in models)
            panel("article_key", tables.KEY)
            plot("article_function", lessons.outputs(AT.numpy(), before, after, axis), 330)
        with beside:
            factors = [lipschitz_factors(model) for model in models]
            bounds = [article.slope_bound(model) for model in models]
            steepest = [article.slope_along(model, axis, AT) for model in models]
            panel("article_slopes", tables.slopes(factors, bounds, steepest))
            with st.expander("In PyTorch", icon=":material/code:"):
                in_code(article.slope_code(*chosen), article.slope_printed(*chosen))
