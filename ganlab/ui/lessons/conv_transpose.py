"""The lesson on `nn.ConvTranspose2d`: what output_padding adds, why it exists, and what groups split."""

import dataclasses

import streamlit as st

from ganlab import settings
from ganlab.formatting import count_of
from ganlab.lessons import conv_transpose
from ganlab.lessons.conv_transpose import BIAS, CHANNELS, SIZES, WEIGHT, Layer, Result
from ganlab.ui.kit.components import Caption, panel
from ganlab.ui.kit.lesson import headline, in_code, lesson, valid_or_last
from ganlab.ui.lessons import conv_drawing

QUESTION = "“output_padding adds size to the output, but I can't tell how.” And what do groups split?"
OUTLINED = "Each input is multiplied by the whole window, and products that fall on the same cell are added."
EXAMPLES = {
    "Contributions": Layer(),
    "Bias only": Layer(kernel_size=2, padding=0),
    "One of each": Layer(stride=3, output_padding=2, input_size=3),
    "DCGAN doubling": Layer(kernel_size=4, output_padding=0),
    "Holes": Layer(dilation=2, padding=2),
    "Two groups": Layer(in_channels=16, out_channels=16, stride=1, output_padding=0, groups=2),
}


@st.fragment
def section(anchor: str) -> None:
    for name, value in dataclasses.asdict(Layer()).items():
        st.session_state.setdefault(f"conv_{name}", value)
    with lesson("nn.ConvTranspose2d", anchor, QUESTION) as (doing, beside):
        with doing:
            layer = _controls()
            result = conv_transpose.compute(layer)
            panel("conv_panel_size", _size_in_words(result))
            last = layer.input_size**2  # inputs are numbered from 1; the slider comes after the drawing
            st.session_state.conv_cell = min(st.session_state.get("conv_cell", last), last)
            drawing = conv_drawing.drawing(result, st.session_state.conv_cell - 1)
            drawn = drawing + conv_drawing.keys(layer) + _numbers_in_words(layer)
            panel("conv_panel_drawing", drawn, Caption("nn.ConvTranspose2d"))
            title = "Input whose window is outlined"
            st.select_slider(title, range(1, last + 1), key="conv_cell", persist_state="session", help=OUTLINED)
            panel("conv_panel_why", _why_in_words(result))
            panel("conv_panel_groups", _groups_in_words(layer))
        with beside:
            in_code(conv_transpose.code(result), conv_transpose.printed(result))


def _controls() -> Layer:
    """Widgets for every argument; returns the last layer whose settings were valid."""
    with st.container(horizontal=True, gap="small"):
        for name, layer in EXAMPLES.items():
            st.button(name, key=f"conv_example_{name}", on_click=_take, args=(layer,))
    with st.grid(5, min_column_width=100, gap="small"):
        for name in (*SIZES, *CHANNELS):
            help_text = settings.rules(Layer, name).help
            st.number_input(name, step=1, key=f"conv_{name}", help=help_text, persist_state="session")
        st.toggle("bias", key="conv_bias", help=settings.rules(Layer, "bias").help, persist_state="session")
    chosen = {name: st.session_state[f"conv_{name}"] for name in settings.fields(Layer)}
    layer, refusal = valid_or_last("conv", lambda: Layer(**chosen), Layer())
    color, message = "muted", _call(layer)
    if refusal:
        color, message = "refused", f"{refusal} The drawing still shows the last valid settings."
    panel("conv_panel_valid", f"<div class='force two-lines {color}' role='status'>{message}</div>")
    return layer


def _take(layer: Layer) -> None:
    for name, value in dataclasses.asdict(layer).items():
        st.session_state[f"conv_{name}"] = value
    st.session_state.conv_cell = layer.input_size**2  # its window reaches the far corner


def _call(layer: Layer) -> str:
    values = dataclasses.asdict(layer)
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "bias": True, "dilation": 1}
    named = "".join(f", {name}={values[name]}" for name, default in defaults.items() if values[name] != default)
    return f"nn.ConvTranspose2d({layer.in_channels}, {layer.out_channels}, {layer.kernel_size}{named})"


def _size_in_words(result: Result) -> str:
    size = result.layer.output_size
    return headline(f"{size} × {size}", _added_in_words(result)) + (
        "<p class='formula muted small'>(input − 1)·stride − 2·padding + dilation·(kernel_size − 1) + output_padding "
        f"+ 1<br>{conv_transpose.size_formula(result.layer)} = <b>{size}</b></p>"
    )


def _added_in_words(result: Result) -> str:
    layer = result.layer
    count, size = layer.output_padding, layer.output_size - layer.output_padding
    if not count:
        largest = max(layer.stride, layer.dilation) - 1
        if not largest:
            return "output_padding is 0, the only possible value with stride 1 and dilation 1."
        return f"output_padding is 0 and adds nothing. With this stride and dilation it could be up to {largest}."
    bare = f"{size} × {size}" if size > 0 else "nothing"
    added = f"{count_of(count, 'row')} at the bottom and {count_of(count, 'column')} on the right"
    return f"Without output_padding: {bare}. It adds {added}: {_contents(result)}"


def _contents(result: Result) -> str:
    with_contributions, bias_only = (result.added.count(kind) for kind in ("contributions", "bias only"))
    contributions, bias = "<span class='violet'>contributions</span>", "<span class='violet'>bias only</span>"
    if not bias_only:
        return f"{contributions} that padding would have cut off."
    if not with_contributions:
        rest = f"the bias, {BIAS}" if result.layer.bias else "0, as there is no bias"
        return f"{bias}. No weight of a window lands there, so the cells hold {rest}."
    return (
        f"{with_contributions} with {contributions} that padding would have cut off, {bias_only} where no weight of a "
        f"window lands: {bias}."
    )


def _numbers_in_words(layer: Layer) -> str:
    biases, plus = (f" and every bias {BIAS}", f", plus {BIAS}") if layer.bias else ("", "")
    per_group = layer.in_channels // layer.groups
    over = f", over {per_group} input channels" if per_group > 1 else ""
    return (
        f"<p class='muted small'>Every weight is {WEIGHT}{biases}: an output is {WEIGHT} times the sum of the "
        f"inputs whose windows overlap there{over}{plus}.</p>"
    )


def _why_in_words(result: Result) -> str:
    """The sizes that a convolution turns into the same size, between which output_padding chooses."""
    layer, n = result.layer, result.layer.input_size
    bare = layer.output_size - layer.output_padding
    if len(result.collisions) > 1:
        sizes = [str(size) for size in result.collisions]
        all_of_them = f"{'both' if len(sizes) == 2 else 'all of'} {', '.join(sizes[:-1])} and {sizes[-1]}"
        choices = ", ".join(f"{size - bare} gives {size}" for size in result.collisions)
        text = (
            f"A Conv2d with these settings turns {all_of_them} into {n}. On the way back from {n}, the size is "
            f"therefore a choice, and output_padding makes it: {choices}."
        )
    elif result.collisions:
        text = f"No sizes collide: a Conv2d with these settings turns only {result.collisions[0]} into {n}."
    else:
        text = f"A Conv2d with these settings turns no size into {n}."
    if layer.output_size not in result.collisions:
        turned = conv_transpose.conv_size(layer, layer.output_size)
        conv = f"turns it into {turned}" if turned else "can't take it"
        text += f" The output's size, {layer.output_size}, is not among them: a Conv2d {conv}."
    return f"<h4>Why output_padding exists</h4><p class='two-lines'>{text}</p>"


def _groups_in_words(layer: Layer) -> str:
    weights, biases = layer.weights, layer.biases
    if layer.groups == 1:
        text = (
            f"With groups=1 every output channel (down) sees every input channel (across): "
            f"<b>{weights + biases:,} parameters</b>, {weights:,} weights and {biases:,} "
            f"bias{'' if biases == 1 else 'es'}."
        )
    else:
        seen = count_of(layer.in_channels // layer.groups, "channel")
        made = count_of(layer.out_channels // layer.groups, "channel")
        ungrouped = weights * layer.groups
        rest = f", the {biases:,} biases stay" if biases else ""
        text = (
            f"{layer.groups} layers side by side: each makes {made} from {seen} and sees no others. "
            f"<b>{weights + biases:,} parameters</b> instead of {ungrouped + biases:,} with groups=1: "
            f"{ungrouped:,} weights become {weights:,}{rest}."
        )
    return f"<h4>groups</h4><div class='withmap'>{conv_drawing.channel_map(layer)}<p>{text}</p></div>"
