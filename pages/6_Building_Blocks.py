"""The pieces of PyTorch that a GAN is built from, one lesson each."""

import streamlit as st

from ganlab.ui.kit import frame
from ganlab.ui.lessons import conv_transpose, no_grad, normal_init, randn, resize, sequential, variable

LESSONS = {
    "nn.init.normal_": ("normal-init", normal_init.section),
    "nn.Sequential": ("sequential", sequential.section),
    "nn.ConvTranspose2d": ("conv-transpose", conv_transpose.section),
    "torch.randn": ("randn", randn.section),
    "torch.no_grad": ("no-grad", no_grad.section),
    "Variable": ("variable", variable.section),
    "transforms.Resize": ("resize", resize.section),
}


with frame.page("Building blocks"):
    st.header("Building blocks", anchor=False)
    st.markdown(
        "The pieces of PyTorch that a GAN is built from, each explained by trying it out. "
        "Every number is computed by torch as you watch."
    )
    st.markdown(" · ".join(f"[{name}](#{anchor})" for name, (anchor, _) in LESSONS.items()))
    for anchor, section in LESSONS.values():
        section(anchor)
    no_grad.load_digits()  # now that all is drawn
