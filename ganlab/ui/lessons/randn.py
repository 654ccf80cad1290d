"""The lesson on `torch.randn`."""

import streamlit as st
from torch import Tensor

from ganlab.lessons import randn
from ganlab.plots import lessons
from ganlab.ui.kit import drawings, inputs
from ganlab.ui.kit.components import panel, plot
from ganlab.ui.kit.lesson import in_code, lesson
from ganlab.ui.lessons import tables

EXAMPLES = {"5": "5", "2 × 3": "2, 3", "64 × 100, latents": "64, 100", "100 × 1 × 28 × 28, images": "100, 1, 28, 28"}


@st.fragment
def section() -> None:
    """The tensor, its histogram and its pictures; then the three things in the signature."""
    with lesson(
        "torch.randn",
        "randn",
        "Draws from N(0, 1) in any shape: the latents that a generator starts from. "
        "What do the bare *, out and layout in its signature mean?",
    ) as (doing, beside):
        with doing:
            asked = _asked()
            t = randn.drawn(asked)
            _tensor(t)
        with beside:
            in_code(randn.code(asked), randn.printed(asked))
            if t.dim() == 4:
                _pictures(t)
        _signature()


def _asked() -> randn.Randn:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        shape = inputs.shape_input("randn_shape", "100, 1, 28, 28")
        dtype = st.selectbox("dtype", randn.DTYPES, key="randn_dtype", persist_state="session", width=112)
        device = st.selectbox("device", randn.devices(), key="randn_device", persist_state="session", width=92)
        seed = st.number_input("Seed", value=0, key="randn_seed", persist_state="session", width=105)
        requires_grad = st.toggle("requires_grad", key="randn_requires_grad", persist_state="session")
    inputs.examples("randn_shape", EXAMPLES)
    return inputs.in_force(
        "randn", lambda: randn.Randn(inputs.shape(shape), dtype, device, requires_grad, seed), randn.Randn()
    )


def _tensor(t: Tensor) -> None:
    mean, sd = randn.mean_and_sd(t)
    panel(
        "randn_facts",
        tables.facts(
            ("values", f"{t.numel():,}", f"{t.dim()}-D"),
            ("bytes", f"{t.nbytes:,}", f"{t.element_size()} each"),
            ("mean", f"{round(mean, 4) + 0.0:.4f}".replace("-", "−"), "expected 0"),
            ("sd", "–" if t.numel() == 1 else f"{sd:.4f}", "expected 1"),
        ),
    )
    panel("randn_key", tables.bell_key("density of N(0, 1)"))
    plot("randn_bell", lessons.against_density(t.detach().cpu(), 0.0, 1.0), 240)


def _pictures(t: Tensor) -> None:
    shown = randn.as_images(t)
    columns = min(len(shown), 8)
    rows = -(-len(shown) // columns)
    wide = min(440, round(300 * columns * shown.shape[2] / (rows * shown.shape[1])))  # at most 300 pixels high
    with st.container(key="randn_images"):
        st.image(drawings.sheet_uri(shown, columns), width=max(wide, 1), alt=f"{len(shown)} images of noise")
    n, c, h, w = t.shape
    st.caption(
        f"Read as (n, c, h, w): the first {len(shown)} of {n:,} images, "
        f"{'in colour' if c == 3 else 'grey' if c == 1 else f'channel 1 of {c:,}'}, {h:,} high and {w:,} wide"
        f"{f', at most {randn.PIXELS} pixels drawn' if max(h, w) > randn.PIXELS else ''}. −3 is black, 3 white."
    )


def _signature() -> None:
    st.markdown("**The signature**, as the documentation writes it, and three things in it that need a word:")
    st.code(
        "torch.randn(*size, *, generator=None, out=None, dtype=None, layout=torch.strided, device=None,\n"
        "            requires_grad=False, pin_memory=False)",
        language="python",
    )
    star, out, layout = st.columns(3, gap="medium")
    with star:
        st.markdown(
            "**The bare \\*:** from here by name only. `*size` takes every argument that has no name, so an option "
            "given by position is read as one more size: an error if you are lucky, a wrong shape if not. (The "
            "second star is the documentation's shorthand; in a def it would be a SyntaxError.)"
        )
        in_code(randn.STAR_CODE, randn.star_printed(), wrap=True)
    with out:
        st.markdown(
            "**out:** a tensor of yours to write into. Nothing new is allocated: the result *is* that tensor, at the "
            "same address. Useful in a loop that draws again and again."
        )
        in_code(randn.OUT_CODE, randn.out_printed())
    with layout:
        st.markdown(
            "**layout:** how numbers lie in memory. *strided* has them at fixed steps, the strides. "
            " *sparse_coo* stores only what isn't 0, here 1,000 of 1,000,000. randn has no sparse "
            "version: normal draws are hardly ever 0."
        )
        in_code(randn.LAYOUT_CODE, randn.layout_printed())
