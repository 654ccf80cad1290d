"""The lesson on `nn.init.normal_`."""

import streamlit as st

from ganlab.formatting import number
from ganlab.lessons import normal_init
from ganlab.plots import lessons
from ganlab.ui.kit import inputs
from ganlab.ui.kit.components import panel, plot
from ganlab.ui.kit.lesson import in_code, lesson
from ganlab.ui.lessons import tables

EXAMPLES = {"2 × 5, as in the notes": "2, 5", "64 × 32 × 4 × 4, a layer of a DCGAN": "64, 32, 4, 4"}


@st.fragment
def section() -> None:
    """A tensor and its histogram, then five layers of such tensors."""
    with lesson(
        "nn.init.normal_",
        "normal-init",
        "Fills a tensor, in place, with draws from a normal distribution. GANs start from N(0, 0.02). "
        "What does that 0.02 do?",
    ) as (doing, beside):
        with doing:
            asked = _asked()
            _tensor(asked)
        with beside:
            in_code(normal_init.code(asked), normal_init.printed(asked))
        doing, beside = st.columns([1.41, 1], gap="medium")
        with doing:
            width, sds = _layers(asked)
        with beside:
            in_code(normal_init.layers_code(asked.std, width, asked.seed), normal_init.layers_printed(sds))


def _asked() -> normal_init.NormalInit:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        shape = inputs.shape_input("init_shape", "2, 5")
        mean = st.number_input(
            "Mean", value=0.0, step=0.1, format="%g", key="init_mean", persist_state="session", width=118
        )
        std = st.number_input(
            "Std", value=0.02, step=0.01, format="%g", key="init_std", persist_state="session", width=118
        )
        seed = st.number_input("Seed", value=0, key="init_seed", persist_state="session", width=118)
    inputs.examples("init_shape", EXAMPLES)
    return inputs.in_force(
        "init", lambda: normal_init.NormalInit(inputs.shape(shape), mean, std, seed), normal_init.NormalInit()
    )


def _tensor(asked: normal_init.NormalInit) -> None:
    w = normal_init.filled(asked)
    panel(
        "init_facts",
        tables.facts(
            ("values", f"{w.numel():,}"),
            ("their mean", number(float(f"{w.mean():.4g}")), f"asked {number(asked.mean)}"),
            (
                "their sd",
                "–" if w.numel() == 1 else number(float(f"{normal_init.sd(w):.4g}")),
                f"asked {number(asked.std)}",
            ),
        ),
    )
    panel("init_key", tables.bell_key(f"density of N({number(asked.mean)}, {number(asked.std)}²)"))
    plot("init_bell", lessons.against_density(w, asked.mean, asked.std), 220)


def _layers(asked: normal_init.NormalInit) -> tuple[int, list[float]]:
    """Their width, and the sd after each."""
    st.markdown("**Through five linear layers of such weights** (mean 0)")
    width = st.select_slider("Width of each layer", normal_init.WIDTHS, 128, key="init_width", persist_state="session")
    keep = normal_init.keeping_std(width)
    mine = normal_init.sds(asked.std, width, asked.seed)
    normed = normal_init.sds(asked.std, width, asked.seed, batch_norm=True)
    lines = [
        lessons.Line(f"std 1/√{width} = {keep:.3g}", normal_init.sds(keep, width, asked.seed), "$muted", "dash"),
        lessons.Line(f"std {number(asked.std)}, batch norm after each", normed, "$muted", "dot", hollow=True),
        lessons.Line(f"std {number(asked.std)}", mine),
    ]
    panel("init_layers_key", tables.line_key(lines))
    plot("init_layers", lessons.through_layers(lines), 220)
    panel(
        "init_told",
        f"<p>Every layer multiplies the sd by about std × √width = {number(asked.std)} × {width**0.5:.3g} = "
        f"<b>{asked.std * width**0.5:.3g}</b>; after five layers {mine[0]:.3g} has become <b>{mine[-1]:.2g}</b>. "
        f"Only 1/√width keeps it. A DCGAN can start at 0.02 all the same, because the batch norm after a layer "
        f"brings the sd back to 1.</p>",
    )
    return width, mine
