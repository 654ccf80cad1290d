"""The lesson on `torch.randn`: a tensor, its histogram and its images; then three things in the signature."""

import streamlit as st
from torch import Tensor

from ganlab.formatting import fixed
from ganlab.lessons import randn, tensors
from ganlab.lessons.randn import Randn
from ganlab.ui.kit import drawings
from ganlab.ui.kit.lesson import examples, in_code, last_valid, lesson, number_input, row, shape_input
from ganlab.ui.lessons import drawn

QUESTION = (
    "Draws from N(0, 1) in any shape: the latents that a generator starts from. "
    "What do the bare *, out and layout in its signature mean?"
)
EXAMPLES = {"5": "5", "2 × 3": "2, 3", "64 × 100, latents": "64, 100", "100 × 1 × 28 × 28, images": "100, 1, 28, 28"}
COLUMNS = 8  # of a sheet of images
HIGHEST, WIDEST = 300, 440  # screen pixels of that sheet


@st.fragment
def section(anchor: str) -> None:
    with lesson("torch.randn", anchor, QUESTION) as (doing, beside):
        with doing:
            with row():
                shape = shape_input("randn_shape", "100, 1, 28, 28")
                dtype = st.selectbox("dtype", randn.DTYPES, key="randn_dtype", persist_state="session", width=112)
                device = st.selectbox("device", randn.DEVICES, key="randn_device", persist_state="session", width=92)
                seed = number_input("Seed", 0, "randn_seed", 105)
                requires_grad = st.toggle("requires_grad", key="randn_requires_grad", persist_state="session")
            examples("randn_shape", EXAMPLES)
            call = last_valid("randn", lambda: Randn(tensors.parse(shape), dtype, device, requires_grad, seed), Randn())
            t = randn.draw(call)
            facts = {
                "values": (f"{t.numel():,}", f"{t.dim()}-D"),
                "bytes": (f"{t.nbytes:,}", f"{t.element_size()} each"),
                "mean": (fixed(t.mean().item(), 4), "expected 0"),
                "sd": (fixed(tensors.sd(t), 4), "expected 1"),
            }
            drawn.show("randn", t.detach().cpu(), 0.0, 1.0, "N(0, 1)", facts, height=240)
        with beside:
            in_code(randn.code(call), randn.printed(call))
            if t.dim() == 4:
                _images(t)
        _signature()


def _images(t: Tensor) -> None:
    images = randn.as_images(t)
    columns = min(len(images), COLUMNS)
    rows = -(-len(images) // columns)
    width = min(WIDEST, round(HIGHEST * columns * images.shape[2] / (rows * images.shape[1])))
    with st.container(key="randn_images"):
        st.image(drawings.sheet_uri(images, columns), width=max(width, 1), alt=f"{len(images)} images of noise")
    n, c, h, w = t.shape
    colour = {1: "in grey", 3: "in colour"}.get(c, f"channel 1 of {c:,}")
    cut = f", at most {randn.PIXELS} of each shown" if max(h, w) > randn.PIXELS else ""
    st.caption(
        f"Read as (n, c, h, w): the first {len(images)} of {n:,} images, {colour}, {h:,} pixels high and "
        f"{w:,} wide{cut}. −3 is black, 3 is white."
    )


def _signature() -> None:
    st.markdown("**The signature** as the documentation writes it, and three things in it that need explaining:")
    st.code(
        "torch.randn(*size, *, generator=None, out=None, dtype=None, layout=torch.strided, device=None,\n"
        "            requires_grad=False, pin_memory=False)"
    )
    star, out, layout = st.columns(3, gap="medium")
    with star:
        st.markdown(
            "**The bare \\*:** everything after it must be passed by name. `*size` takes every argument without a "
            "name, so an option passed by position becomes one more size: an error if you are lucky, a wrong shape if "
            "not. (The second star is the documentation's shorthand; in a def it would be a SyntaxError.)"
        )
        in_code(randn.STAR_CODE, randn.star_printed(), wrap=True)
    with out:
        st.markdown(
            "**out:** a tensor to write into. Nothing new is allocated: the result *is* that tensor, at the same "
            "address. Useful in a loop that draws again and again."
        )
        in_code(randn.OUT_CODE, randn.out_printed())
    with layout:
        st.markdown(
            "**layout:** how the numbers are stored in memory. *strided* stores them at fixed steps, the strides. "
            "*sparse_coo* stores only those that aren't 0, here 1,000 of 1,000,000. randn has no sparse version: "
            "normal draws are hardly ever 0."
        )
        in_code(randn.LAYOUT_CODE, randn.layout_printed())
