"""The lesson on `nn.ConvTranspose2d`: what output_padding adds, why it exists, and what groups split."""

import dataclasses
from typing import Any

import streamlit as st

from ganlab.lessons import conv_transpose
from ganlab.lessons.conv_transpose import BIAS, WEIGHT, Layer, Result
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, lesson
from ganlab.ui.lessons import conv_drawing

QUESTION = "“output_padding adds size to the output, I can't tell how.” And what do groups split?"
HELPS = {
    "kernel_size": "Every input cell is multiplied with a window of this height and width.",
    "stride": "How far apart the windows of neighbouring inputs start.",
    "padding": "How many rows and columns are cut off at each side: the reverse of a Conv2d's padding.",
    "output_padding": "How many rows and columns are added again, below and at the right only.",
    "dilation": "The distance between neighbouring cells of a window.",
    "input_size": "Height and width of the input.",
    "in_channels": "Channels of the input; all are alike here.",
    "out_channels": "Channels of the output; the picture shows the first.",
    "groups": "Channels are split into this many parts that do not see each other.",
}
EXAMPLES = {
    "Contributions": Layer(),
    "Bias only": Layer(kernel_size=2, padding=0),
    "One of each": Layer(stride=3, output_padding=2, input_size=3),
    "DCGAN doubling": Layer(kernel_size=4, output_padding=0),
    "Holes": Layer(dilation=2, padding=2),
    "Two groups": Layer(in_channels=16, out_channels=16, stride=1, output_padding=0, groups=2),
}


@st.fragment
def section() -> None:
    """One lesson; its widgets rerun nothing else on the page."""
    for name, value in dataclasses.asdict(Layer()).items():
        st.session_state.setdefault(f"conv_{name}", value)
    with lesson("nn.ConvTranspose2d", "conv-transpose", QUESTION) as (doing, beside):
        with doing:
            layer = _controls()
            result = conv_transpose.compute(layer)
            panel("conv_panel_size", size_in_words(result))
            chosen = _chosen(layer)
            keys = conv_drawing.keys(layer) + numbers_in_words(layer)
            panel("conv_panel_pictures", conv_drawing.pictures(result, chosen) + keys)
            _choose(layer)
            panel("conv_panel_why", why_in_words(result))
            panel("conv_panel_groups", groups_in_words(result))
        with beside:
            in_code(conv_transpose.code(result), conv_transpose.printed(result))


def _controls() -> Layer:
    """The examples, every argument, and a line on whether they fit; the last layer that did."""
    with st.container(horizontal=True, gap="small"):
        for name, layer in EXAMPLES.items():
            st.button(name, key=f"conv_example_{name}", on_click=_take, args=(layer,))
    with st.grid(5, min_column_width=100, gap="small"):
        for name, words in HELPS.items():
            st.number_input(name, step=1, key=f"conv_{name}", help=words, persist_state="session")
        st.toggle(
            "bias", key="conv_bias", help=f"A number added to every output cell; here {BIAS}.", persist_state="session"
        )
    refusal = ""
    try:
        wanted: dict[str, Any] = {f.name: st.session_state[f"conv_{f.name}"] for f in dataclasses.fields(Layer)}
        st.session_state.conv_layer = Layer(**wanted)
    except ValueError as error:
        refusal = f"{error} The picture stays at the last settings that fit."
    layer = st.session_state.setdefault("conv_layer", Layer())
    look, line = ("refused", refusal) if refusal else ("muted", in_short(layer))
    panel("conv_panel_fits", f"<div class='force told {look}' role='status'>{line}</div>")
    return layer


def _take(layer: Layer) -> None:
    for name, value in dataclasses.asdict(layer).items():
        st.session_state[f"conv_{name}"] = value
    st.session_state.conv_cell = layer.input_size**2  # its window reaches the far side


def _chosen(layer: Layer) -> int:
    """The input cell whose window is outlined, from 0; its slider is drawn after the picture."""
    last = layer.input_size**2
    cell = st.session_state.setdefault("conv_cell", last)
    st.session_state.conv_cell = min(cell, last)
    return st.session_state.conv_cell - 1


def _choose(layer: Layer) -> None:
    st.select_slider(
        "Input whose window is outlined",
        range(1, layer.input_size**2 + 1),
        key="conv_cell",
        persist_state="session",
        help="Each input is multiplied with the whole window, and what falls on the same cell is added.",
    )


def in_short(layer: Layer) -> str:
    """The layer as one writes it: what is not the default is named."""
    named = {f.name: getattr(layer, f.name) for f in dataclasses.fields(layer)}
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "bias": True, "dilation": 1}
    more = "".join(f", {name}={named[name]}" for name, default in defaults.items() if named[name] != default)
    return f"nn.ConvTranspose2d({layer.in_channels}, {layer.out_channels}, {layer.kernel_size}{more})"


def size_in_words(result: Result) -> str:
    """The output's size, and what output_padding had to do with it."""
    size = result.layer.output_size
    return (
        f"<div class='headline'><div class='big'>{size} × {size}</div><div>{added_in_words(result)}</div></div>"
        "<p class='formula muted small'>(input − 1)·stride − 2·padding + dilation·(kernel_size − 1) + output_padding "
        f"+ 1<br>{conv_transpose.size_formula(result.layer)} = <b>{size}</b></p>"
    )


def added_in_words(result: Result) -> str:
    """What output_padding did."""
    layer = result.layer
    count, size = layer.output_padding, layer.output_size - layer.output_padding
    if not count:
        largest = max(layer.stride, layer.dilation) - 1
        if not largest:
            return "output_padding is 0, the only value there is with stride 1 and dilation 1."
        return f"output_padding is 0 and adds nothing. With this stride and dilation it could be up to {largest}."
    bare = f"{size} × {size}" if size > 0 else "nothing"
    rows = "1 row below and 1 column" if count == 1 else f"{count} rows below and {count} columns"
    return f"Without output_padding: {bare}. It adds {rows} at the right: {_held(result)}"


def _held(result: Result) -> str:
    real, bare = (result.added.count(kind) for kind in ("contributions", "bias only"))
    rest = f"the bias, {BIAS}" if result.layer.bias else "0, as there is no bias"
    one_real, one_bare = "<span class='violet'>contributions</span>", "<span class='violet'>bias only</span>"
    if not bare:
        return f"{one_real}, which padding would have cut off."
    if not real:
        return f"{one_bare}. No weight of a window lands there, so the cells hold {rest}."
    return (
        f"{real} with {one_real} that padding would have cut off, {bare} where no weight of a window lands: {one_bare}."
    )


def numbers_in_words(layer: Layer) -> str:
    """How to read the numbers in the cells."""
    constants = f"Every weight is {WEIGHT}" + (f" and every bias {BIAS}" if layer.bias else "")
    per_group = layer.in_channels // layer.groups
    over = f", over {per_group} input channels" if per_group > 1 else ""
    plus = f", plus {BIAS}" if layer.bias else ""
    return (
        f"<p class='muted small'>{constants}: an output is {WEIGHT} times the sum of the inputs whose windows meet "
        f"there{over}{plus}.</p>"
    )


def why_in_words(result: Result) -> str:
    """The sizes that a convolution turns into the same one: what output_padding chooses between."""
    layer, n = result.layer, result.layer.input_size
    bare = layer.output_size - layer.output_padding
    if len(result.collisions) > 1:
        sizes = [str(size) for size in result.collisions]
        both = "both" if len(sizes) == 2 else "all"
        told = (
            f"A Conv2d with these settings turns {', '.join(sizes[:-1])} and {sizes[-1]} {both} into {n}. On the way "
            f"back from {n} the size is therefore a choice, and output_padding makes it: "
            f"{', '.join(f'{size - bare} gives {size}' for size in result.collisions)}."
        )
    elif result.collisions:
        told = f"None collide: of all sizes, a Conv2d with these settings turns only {result.collisions[0]} into {n}."
    else:
        told = f"No size is turned into {n} by a Conv2d with these settings."
    if layer.output_size not in result.collisions:
        there = f"turns {layer.output_size} into {result.conv_of_output}" if result.conv_of_output else "cannot take it"
        told += f" {layer.output_size} is not among them: a Conv2d {there}."
    return f"<h4>Why output_padding exists</h4><p class='told'>{told}</p>"


def groups_in_words(result: Result) -> str:
    """Which channels see each other, and what that saves."""
    layer = result.layer
    into, out = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    biases = layer.out_channels if layer.bias else 0
    if layer.groups == 1:
        told = (
            f"With groups=1 every output channel (down) sees every input channel (across): "
            f"<b>{result.parameters:,} parameters</b>, {result.parameters - biases:,} weights and {biases:,} "
            f"bias{'' if biases == 1 else 'es'}."
        )
    else:
        rest = f", the {biases:,} biases stay" if biases else ""
        told = (
            f"{layer.groups} layers side by side: each makes {_channels(out)} from {_channels(into)} and sees no "
            f"others. <b>{result.parameters:,} parameters</b> against {result.parameters_ungrouped:,} with groups=1: "
            f"{result.parameters_ungrouped - biases:,} weights become {result.parameters - biases:,}"
            f"{rest}."
        )
    return f"<h4>groups</h4><div class='withmap'>{conv_drawing.channel_map(layer)}<p>{told}</p></div>"


def _channels(n: int) -> str:
    return "1 channel" if n == 1 else f"{n} channels"
