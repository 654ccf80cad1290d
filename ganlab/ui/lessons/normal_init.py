"""The lesson on `nn.init.normal_`: a tensor and its histogram; then five layers of such tensors."""

import streamlit as st

from ganlab.formatting import number, significant
from ganlab.lessons import normal_init, tensors
from ganlab.lessons.normal_init import WIDTHS, NormalInit
from ganlab.plots.lessons import Line, through_layers
from ganlab.ui.kit.components import Caption, panel, plot
from ganlab.ui.kit.html import line_key
from ganlab.ui.kit.lesson import columns, examples, in_code, last_valid, lesson, number_input, row, shape_input
from ganlab.ui.lessons import drawn

QUESTION = (
    "Fills a tensor, in place, with draws from a normal distribution. GANs start from N(0, 0.02). "
    "What does that 0.02 do?"
)
EXAMPLES = {"2 × 5, as in the notes": "2, 5", "64 × 32 × 4 × 4, a layer of a DCGAN": "64, 32, 4, 4"}
RING = "<circle cx='10' cy='4' r='3.2' fill='none' stroke='var(--muted)'/>"


@st.fragment
def section(anchor: str) -> None:
    with lesson("nn.init.normal_", anchor, QUESTION) as (doing, beside):
        with doing:
            with row():
                shape = shape_input("init_shape", "2, 5")
                mean = number_input("Mean", 0.0, "init_mean", 118, step=0.1, format="%g")
                std = number_input("Std", 0.02, "init_std", 118, step=0.01, format="%g")
                seed = number_input("Seed", 0, "init_seed", 118)
            examples("init_shape", EXAMPLES)
            call = last_valid("init", lambda: NormalInit(tensors.parse(shape), mean, std, seed), NormalInit())
            w = normal_init.draw(call)
            facts = {
                "values": (f"{w.numel():,}", ""),
                "mean": (significant(w.mean().item(), 4), f"requested {number(call.mean)}"),
                "sd": (significant(tensors.sd(w), 4), f"requested {number(call.std)}"),
            }
            law = f"N({number(call.mean)}, {number(call.std)}²)"
            drawn.show("init", w, call.mean, call.std, law, facts, height=220)
        with beside:
            in_code(normal_init.code(call), normal_init.printed(call))
        _layers(call)


def _layers(call: NormalInit) -> None:
    doing, beside = columns()
    with doing:
        st.markdown("**Through five linear layers with such weights** (mean 0)")
        width = st.select_slider("Width of each layer", WIDTHS, 128, key="init_width", persist_state="session")
        std, keep = number(call.std), width**-0.5  # each output is a sum of `width` products
        sds = normal_init.sds(call.std, width, call.seed)
        normed = normal_init.sds(call.std, width, call.seed, batch_norm=True)
        lines = [
            Line(f"std 1/√{width} = {keep:.3g}", normal_init.sds(keep, width, call.seed), "$muted", "dash"),
            Line(f"std {std}, batch norm after each", normed, "$muted", "dot", hollow=True),
            Line(f"std {std}", sds),
        ]
        key = "".join(map(_key, lines))
        panel("init_layers_key", f"<div class='ch keys'><div>{key}</div></div>")
        plot("init_layers", through_layers(lines), 220, Caption("Activations through five linear layers", key))
        panel(
            "init_text",
            f"<p>Every layer multiplies the sd by about std × √width = {std} × {width**0.5:.3g} = "
            f"<b>{call.std * width**0.5:.3g}</b>; after five layers {sds[0]:.3g} has become <b>{sds[-1]:.2g}</b>. "
            f"Only a std of 1/√width keeps it. A DCGAN can still start at 0.02, because the batch norm after each "
            f"layer brings the sd back to 1.</p>",
        )
    with beside:
        in_code(normal_init.layers_code(call.std, width, call.seed), normal_init.layers_printed(sds))


def _key(line: Line) -> str:
    return line_key(line.name, line.color, line.dash, RING if line.hollow else "")
