import streamlit as st

from ganlab.ui import frame
from ganlab.ui.blocks import conv_transpose, sequential

with frame.page("Building blocks"):
    st.header("Building blocks", anchor=False)
    for block in (sequential, conv_transpose):
        block.section()
