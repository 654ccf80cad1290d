"""The lesson on `nn.init.normal_`."""

import streamlit as st

from ganlab.formatting import number, significant
from ganlab.lessons import draws, normal_init, shapes
from ganlab.plots import lessons
from ganlab.ui.kit.components import panel, plot
from ganlab.ui.kit.lesson import columns, examples, in_code, last_valid, lesson, shape_input
from ganlab.ui.lessons import tables

QUESTION = (
    "Fills a tensor, in place, with draws from a normal distribution. GANs start from N(0, 0.02). "
    "What does that 0.02 do?"
)
EXAMPLES = {"2 × 5, as in the notes": "2, 5", "64 × 32 × 4 × 4, a layer of a DCGAN": "64, 32, 4, 4"}


@st.fragment
def section() -> None:
    """A tensor and its histogram; then five layers of such tensors."""
    with lesson("nn.init.normal_", "normal-init", QUESTION) as (doing, beside):
        with doing:
            call = _call()
            _tensor(call)
        with beside:
            in_code(normal_init.code(call), normal_init.printed(call))
        doing, beside = columns()
        with doing:
            width, sds = _layers(call)
        with beside:
            in_code(normal_init.layers_code(call.std, width, call.seed), normal_init.layers_printed(sds))


def _call() -> normal_init.NormalInit:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        shape = shape_input("init_shape", "2, 5")
        mean = st.number_input(
            "Mean", value=0.0, step=0.1, format="%g", key="init_mean", persist_state="session", width=118
        )
        std = st.number_input(
            "Std", value=0.02, step=0.01, format="%g", key="init_std", persist_state="session", width=118
        )
        seed = st.number_input("Seed", value=0, key="init_seed", persist_state="session", width=118)
    examples("init_shape", EXAMPLES)
    default = normal_init.NormalInit()
    return last_valid("init", lambda: normal_init.NormalInit(shapes.parse(shape), mean, std, seed), default)


def _tensor(call: normal_init.NormalInit) -> None:
    w = normal_init.draw(call)
    mean, std = number(call.mean), number(call.std)
    facts = tables.facts(
        ("values", f"{w.numel():,}"),
        ("mean", significant(w.mean().item(), 4), f"requested {mean}"),
        ("sd", significant(draws.sd(w), 4), f"requested {std}"),
    )
    panel("init_facts", facts)
    panel("init_key", tables.bell_key(f"density of N({mean}, {std}²)"))
    plot("init_bell", lessons.against_density(w, call.mean, call.std), 220)


def _layers(call: normal_init.NormalInit) -> tuple[int, list[float]]:
    """Returns the width that the reader chose, and the sd before the layers and after each."""
    st.markdown("**Through five linear layers with such weights** (mean 0)")
    width = st.select_slider("Width of each layer", normal_init.WIDTHS, 128, key="init_width", persist_state="session")
    std, keep = number(call.std), normal_init.keeping_std(width)
    sds = normal_init.sds(call.std, width, call.seed)
    normed = normal_init.sds(call.std, width, call.seed, batch_norm=True)
    lines = [
        lessons.Line(f"std 1/√{width} = {keep:.3g}", normal_init.sds(keep, width, call.seed), "$muted", "dash"),
        lessons.Line(f"std {std}, batch norm after each", normed, "$muted", "dot", hollow=True),
        lessons.Line(f"std {std}", sds),
    ]
    panel("init_layers_key", tables.line_key(lines))
    plot("init_layers", lessons.through_layers(lines), 220)
    panel(
        "init_text",
        f"<p>Every layer multiplies the sd by about std × √width = {std} × {width**0.5:.3g} = "
        f"<b>{call.std * width**0.5:.3g}</b>; after five layers {sds[0]:.3g} has become <b>{sds[-1]:.2g}</b>. "
        f"Only a std of 1/√width keeps it. A DCGAN can still start at 0.02, because the batch norm after each layer "
        f"brings the sd back to 1.</p>",
    )
    return width, sds
