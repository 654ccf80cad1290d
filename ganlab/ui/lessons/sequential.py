"""The lesson on `nn.Sequential`: a list of layers to edit, and the shape after each."""

import math
from html import escape
from typing import Any

import streamlit as st

from ganlab.formatting import NOTHING
from ganlab.lessons import sequential
from ganlab.lessons.sequential import Layer, Report
from ganlab.lessons.tensors import Shape, written
from ganlab.ui.kit.components import Caption, panel
from ganlab.ui.kit.lesson import in_code, lesson

QUESTION = "It bundles layers, so the code gets shorter. What goes in, what comes out, and when does a layer not fit?"
UNLABELLED: dict[str, Any] = {"persist_state": "session", "label_visibility": "collapsed"}
EXAMPLES = {  # the input shape, then the layers
    "Critic": (
        "64, 1, 16, 16",
        "Conv2d(1, 32, 4, stride=2, padding=1)",
        "LeakyReLU(0.2)",
        "Conv2d(32, 64, 4, stride=2, padding=1, bias=False)",
        "BatchNorm2d(64)",
        "LeakyReLU(0.2)",
        "Conv2d(64, 1, 4)",
        "Flatten()",
    ),
    "Generator": (
        "64, 64",
        "Unflatten(1, (64, 1, 1))",
        "ConvTranspose2d(64, 64, 4, bias=False)",
        "BatchNorm2d(64)",
        "ReLU()",
        "ConvTranspose2d(64, 32, 4, stride=2, padding=1, bias=False)",
        "BatchNorm2d(32)",
        "ReLU()",
        "ConvTranspose2d(32, 1, 4, stride=2, padding=1)",
        "Tanh()",
    ),
    "Conv and MaxPool": (
        "100, 1, 28, 28",
        "Conv2d(1, 16, 3, padding=1)",
        "ReLU()",
        "MaxPool2d(2)",
        "Flatten()",
        "Linear(3136, 10)",
    ),
    "One that does not fit": ("64, 1, 16, 16", "Conv2d(1, 32, 4, stride=2, padding=1)", "BatchNorm2d(64)", "ReLU()"),
}


@st.fragment
def section(anchor: str) -> None:
    if not _complete():
        _take("Critic")
    with lesson("nn.Sequential", anchor, QUESTION) as (doing, beside):
        report, fault = _report()
        with doing:
            _controls(report, fault)
            panel("seq_panel_table", table(report, st.session_state.seq_rows, fault), Caption("nn.Sequential"))
        with beside:
            in_code(sequential.code(report), sequential.printed(report))
            if report.why:
                st.caption("Only the layers before the one that does not fit.")


def _complete() -> bool:
    """Whether every widget has its value: Streamlit may drop those of a page that the reader left."""
    rows = st.session_state.get("seq_rows", [])
    keys = ["seq_rows", "seq_shape", *(f"seq_{part}_{row}" for row in rows for part in ("kind", "args"))]
    return all(key in st.session_state for key in keys)


def _kind(row: int) -> str:
    return st.session_state[f"seq_kind_{row}"]


def _controls(report: Report, fault: int | None) -> None:
    with st.container(horizontal=True, gap="small"):
        for name in EXAMPLES:
            st.button(name, key=f"seq_example_{name}", on_click=_take, args=(name,))
    about = "Images are (n, channels, height, width), rows are (n, features). Whole numbers with commas between."
    st.text_input("Input shape", key="seq_shape", persist_state="session", help=about)
    with st.container(key="seq_layers", gap="xsmall"):
        for number, row in enumerate([None, *st.session_state.seq_rows]):
            if row is not None:
                _layer(number, row)
            with st.container():
                if number == fault:
                    panel("seq_why", f"<div class='force refused' role='alert'>{escape(report.why)}</div>")
    full = len(st.session_state.seq_rows) >= sequential.MOST_LAYERS
    st.button("Add a layer", key="seq_add", icon=":material/add:", on_click=_insert, disabled=full)


def _layer(number: int, row: int) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", wrap=False):
        kinds, key = list(sequential.ARGUMENTS), f"seq_kind_{row}"
        st.selectbox(f"Layer {number}", kinds, key=key, on_change=_suggest, args=(row,), width=166, **UNLABELLED)
        example = "arguments" if sequential.ARGUMENTS[_kind(row)] else "no arguments"
        st.text_input(f"Arguments of layer {number}", key=f"seq_args_{row}", placeholder=example, **UNLABELLED)
        key, about = f"seq_remove_{row}", f"Remove layer {number}"
        st.button("", key=key, icon=":material/close:", help=about, type="tertiary", on_click=_remove, args=(row,))


def _take(name: str) -> None:
    shape, *layers = EXAMPLES[name]
    st.session_state.seq_rows = []
    st.session_state.seq_shape = shape
    for layer in layers:
        _insert(*layer[:-1].split("(", 1))


def _insert(kind: str = "ReLU", arguments: str = "") -> None:
    row = st.session_state.seq_last_row = st.session_state.get("seq_last_row", 0) + 1
    st.session_state.seq_rows = [*st.session_state.seq_rows, row]
    st.session_state[f"seq_kind_{row}"] = kind
    st.session_state[f"seq_args_{row}"] = arguments


def _remove(row: int) -> None:
    st.session_state.seq_rows = [other for other in st.session_state.seq_rows if other != row]


def _suggest(row: int) -> None:
    """A layer whose kind was changed starts with arguments that fit the shape before it."""
    shapes: list[Shape] = st.session_state.seq_shapes
    before = shapes[min(st.session_state.seq_rows.index(row), len(shapes) - 1)]
    st.session_state[f"seq_args_{row}"] = sequential.suggest(_kind(row), before)


def _report() -> tuple[Report, int | None]:
    """The report on the widgets, or their last valid values, and the row at fault: 0 for the input, None if all fit."""
    state = st.session_state
    shape: Shape = ()
    layers: list[Layer] = []
    try:
        shape = sequential.parse_shape(state.seq_shape)
        for row in st.session_state.seq_rows:
            layers.append(sequential.parse(_kind(row), state[f"seq_args_{row}"]))
    except ValueError as error:
        report = sequential.run(*state.get("seq_read", ((64, 1, 16, 16), [])))
        return report._replace(why=str(error)), len(layers) + 1 if shape else 0
    state.seq_read = shape, layers
    report = sequential.run(shape, layers)
    state.seq_shapes = [shape, *(row.shape for row in report.rows)]
    return report, len(report.rows) + 1 if report.why else None


def table(report: Report, rows: list[int], fault: int | None) -> str:
    lines = [_line("input", report.input_shape, None)]
    lines += [_line(row.layer.kind, row.shape, row.parameters) for row in report.rows]
    for number, row in enumerate(rows[len(report.rows) :], start=len(report.rows) + 1):
        state = "refused" if number == fault else "muted"
        lines.append(f"<tr class='{state}'><td>{_kind(row)}<td><td>{NOTHING}<td>{NOTHING}")
    message = f"All {len(rows)} fit." if rows else "Without layers, the input comes out unchanged."
    if report.why:
        message = f"{len(report.rows)} of {len(rows)} fit."
    so_far = " so far" if len(report.rows) < len(rows) else ""
    return (
        f"<div class='force two-lines muted' role='status'>{message}</div>"
        "<table class='shapes'><thead><tr><th>layer<td><th>shape after it<th>parameters<tbody>"
        f"{''.join(lines)}<tr class='sum'><td>total{so_far}<td><td><td>{report.parameters:,}</table>"
    )


def _line(name: str, shape: Shape, parameters: int | None) -> str:
    kind = "out" if name == "ConvTranspose2d" else "in"
    count = "" if parameters is None else f"{parameters:,}" if parameters else "<span class='muted'>0</span>"
    return f"<tr><td>{name}<td>{_box(shape, kind)}<td>{written(shape)}<td>{count}"


def _box(shape: Shape, kind: str) -> str:
    """A box as wide as there are channels or features and as high as an image, both on a logarithmic scale."""
    across = shape[-3] if len(shape) > 2 else shape[-1]
    side = shape[-2] if len(shape) > 2 else 1
    wide, high = min(4 + 9 * math.log2(across), 100), min(3 + 4.2 * math.log2(side), 26)
    return (
        f"<svg class='grid' width='104' height='26' viewBox='0 0 104 26' aria-hidden='true'>"
        f"<rect class='{kind} soft' width='{wide:.1f}' height='{high:.1f}' y='{13 - high / 2:.1f}' rx='1.5'/></svg>"
    )
