"""The article's model before and after the clamp: its 60 values, and the function that it computes."""

import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st
import torch
from torch import nn

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import fixed, range_in_words, round_up, significant
from ganlab.gan.clipping import ClipReport
from ganlab.gan.histograms import WeightHistogram, bin_edges, pooled
from ganlab.lessons import article
from ganlab.lessons.article import Range
from ganlab.measure.lipschitz import lipschitz_factors
from ganlab.plots import clamp, lessons
from ganlab.plots.clamp import Change
from ganlab.runs.range_change import COMPARED
from ganlab.ui.kit import clip_range, components, frame
from ganlab.ui.kit.components import Caption, csv_file, download, panel, plot
from ganlab.ui.kit.html import AFTER, BEFORE, CLAMP_KEY, layers_table
from ganlab.ui.kit.lesson import choice, headline, in_code, last_valid, lesson, number_input, row, table

QUESTION = (
    "`Sequential(Linear(3, 10), BatchNorm1d(10), Sigmoid())`, every parameter clamped: "
    "the worked example of an article on weight clipping in PyTorch."
)
FUNCTION_QUESTION = "The model's ten outputs along one input, in eval mode. Narrow weights make a flat function."
WHY = (
    "A WGAN's critic must not be too steep, and clamping its weights makes sure of that. It also makes it flat: "
    "the paper itself calls weight clipping *a clearly terrible way* to do it."
)
STARTS = {"article": "The article's weights", "seed": "PyTorch's default"}
Chosen = tuple[int | None, Range, list[str]]  # the seed, the clip range and the PARTS left out
Models = tuple[nn.Sequential, nn.Sequential]  # before and after the clamp
SIDES = {"before": BEFORE.format("before"), "after": AFTER.format("after")}
# Each part's number of columns, its layer and its name; `nn` calls batch norm's scale weight and its shift bias.
HEADS = ((3, "linear", "weight"), (1, "linear", "bias"), (1, "norm", "scale"), (1, "norm", "shift"))
Table = tuple[Sequence[str], Sequence[Sequence[object]]]
AT = torch.linspace(-4, 4, 161)  # where the outputs are computed along an input


@st.fragment
def section() -> None:
    with lesson("The article's model", "article", QUESTION) as (doing, beside):
        with doing:
            seed = _seed()
            top, histogram = st.container(), st.container()
            bounds = clip_range.choose("article_range", article.CLIP_RANGE, rungs=None)
            chosen = seed, bounds, _left_out()
            models = article.model(seed), article.model(seed)
            report = article.clamp_(models[1], *chosen[1:])
        with top:
            panel("article_headline", _slope(models) + f"<p>{_clamped(report)}</p>")
            with row():
                st.markdown(WHY)
                st.page_link(frame.TRAIN, label="See it in training", icon=":material/arrow_forward:", width="content")
        # Set by the weights, so that it rarely changes while the range moves.
        limit = round_up(1.02 * max(report.before.abs().max().item(), *map(abs, bounds)))
        histograms = report.histograms(bin_edges(bounds, limit, most=48))
        with histogram:
            mirror = st.session_state["article_range_symmetric"]
            all_together = pooled(histograms)
            change, slider = _change(all_together), clamp.bounds(bounds, clip_range.LADDER)
            figure = clamp.clamp(all_together, slider, mirror=mirror, limit=limit, change=change)
            caption = Caption("All weights of the article’s model around the clamp", CLAMP_KEY)
            components.clamp("article_histogram", figure, 460, caption, partial(clip_range.set_range, "article_range"))
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
    values = values_of(*models)
    help_text = "Every value before and after, and whether it was clamped."
    _title("Every value", "weights.csv", (Value._fields, values), "values_csv", help_text)
    panel("article_values", _values_table(values, bounds))
    counts = counts_csv(histograms)
    _title("Parameter by parameter", "counts.csv", counts, "counts_csv", "The counts before and after.")
    panel("article_layers", layers_table(histograms), Caption("Parameter by parameter", CLAMP_KEY))
    if seed is None and "batch norm" not in left_out:
        st.caption("Batch norm's scale starts at 1 in today's PyTorch; in the article's it was drawn from 0 to 1.")


def _title(title: str, name: str, table: Table, key: str, help_text: str) -> None:
    """The title of a table, and a button that downloads it as a CSV file of that name."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{title}**", width="content")
        download("CSV", name, lambda: csv_file(*table), key=key, help=help_text)


def _function(chosen: Chosen, models: Models) -> None:
    with lesson("What the clamp does to the function", "function", FUNCTION_QUESTION) as (doing, beside):
        with doing:
            axis = choice("Along", {0: "Input 1", 1: "Input 2", 2: "Input 3"}, "article_axis")
            before, after = (article.along(model, axis, AT).numpy() for model in models)
            panel("article_key", f"<div class='muted small'>{'&emsp;'.join(SIDES.values())}</div>")
            caption = Caption("The model’s outputs before and after the clamp", "".join(SIDES.values()))
            plot("article_function", lessons.outputs(AT.numpy(), before, after, axis), 330, caption)
        with beside:
            factors = [lipschitz_factors(model) for model in models]
            bounds = [article.slope_bound(model) for model in models]
            steepest = [article.slope_along(model, axis, AT) for model in models]
            panel("article_slopes", _slopes(factors, bounds, steepest))
            with st.expander("In PyTorch", icon=":material/code:"):
                in_code(article.slope_code(*chosen), article.slope_printed(*chosen))


class Value(NamedTuple):
    """One weight: its place, counted from 0 as in torch, and its value before and after the clamp."""

    parameter: str
    row: int
    column: int
    before: float
    after: float
    clamped: int  # 1 if the clamp moved it


def values_of(before: nn.Module, after: nn.Module) -> list[Value]:
    """Every value of a model before and after the clamp, parameter by parameter."""
    return [
        Value(name, *divmod(i, p[0].numel()), a, b, int(a != b))
        for (name, p), q in zip(before.named_parameters(), after.parameters(), strict=True)
        for i, (a, b) in enumerate(zip(p.flatten().tolist(), q.flatten().tolist(), strict=True))
    ]


def _slope(models: Models) -> str:
    """The slope that the model's weights allow, before and after, as the one big number."""
    before, after = (significant(article.slope_bound(model), 3) for model in models)
    return headline(f"{before} → {after}", "the steepest slope that the weights allow, before and after the clamp")


def _clamped(report: ClipReport) -> str:
    assert report.clip_range  # the article clamps
    bounds, count = range_in_words(report.clip_range), report.clamped
    if count == 0:
        return f"No value was clamped: all {report.before.numel()} were already inside {bounds}."
    return f"{count} of {report.before.numel()} values were outside {bounds}, and are now exactly at a bound."


def _change(histogram: WeightHistogram) -> Change | None:
    """The reader's newest change of the range, played once; the same weights are clamped again every time."""
    state, now = st.session_state, time.monotonic()
    newest, former, number, began = state.setdefault("article_change", (histogram.clip_range, None, 0, now))
    if newest != histogram.clip_range:
        newest, former, number, began = histogram.clip_range, newest, number + 1, now
        state["article_change"] = newest, former, number, began
    return Change(number, former, COMPARED - (now - began), histogram) if former else None


def _values_table(values: list[Value], bounds: tuple[float, float]) -> str:
    """Two tables with one row per unit: each value over a bar from 0, clamped values in colour."""
    furthest = max(max(abs(v.before) for v in values), *map(abs, bounds)) * 1.08
    low, high = (f"{50 + 50 * bound / furthest:.1f}%" for bound in bounds)
    by_unit = [[v for v in values if v.row == unit] for unit in range(10)]
    heads = "".join(f"<th colspan={span}><span class=desk>{layer} </span>{part}" for span, layer, part in HEADS)
    tables = []
    for side, key in SIDES.items():
        body = "".join(f"<tr>{''.join(_cell(getattr(v, side), v.clamped, furthest) for v in unit)}" for unit in by_unit)
        tables.append(
            f"<div><p>{key}</p><table class='values {side}' style='--low:{low};--high:{high}'>"
            f"<tr>{heads}{body}</table></div>"
        )
    return f"<div class='beside'>{''.join(tables)}</div>"


def _cell(value: float, clamped: int, furthest: float) -> str:
    start, end = sorted((50.0, 50 + 50 * value / furthest))
    mark = " class=hit" if clamped else ""
    return f"<td{mark} style='--a:{start:.1f}%;--b:{end:.1f}%'>{fixed(value, 4)}"


def counts_csv(histograms: Sequence[WeightHistogram]) -> Table:
    """Column names, and each parameter's counts before and after."""
    head = ("parameter", "when", "below_low", "at_low", "inside", "at_high", "above_high")
    both = [((h.name, "before", *h.before_counts), (h.name, "after", *h.after_counts)) for h in histograms]
    return head, [row for pair in both for row in pair]


def _slopes(factors: list[dict[str, float]], bounds: list[float], steepest: list[float]) -> str:
    """How much each layer can stretch a distance, their product, and the steepest slope found; before and after."""
    names = {
        "linear": "Linear <span class=muted>spectral norm</span>",
        "batchnorm": "BatchNorm1d <span class=muted>largest scale</span>",
        "sigmoid": "Sigmoid <span class=muted>steepest slope</span>",
    }
    pairs = {text: [each[name] for each in factors] for name, text in names.items()}
    pairs |= {"Bound on the slope, their product": bounds, "Steepest slope on this line": steepest}
    rows = [(text, *(significant(value, 3) for value in pair)) for text, pair in pairs.items()]
    return table(("multiplies distances by at most", *SIDES.values()), rows, "slopes")
