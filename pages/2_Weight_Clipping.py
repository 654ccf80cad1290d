"""TODO."""

import streamlit as st

from ganlab.ui.clipping import any_model, article, own_numbers
from ganlab.ui.kit import frame

with frame.page("Weight clipping"):
    st.header("Weight clipping", anchor=False)
    st.markdown(
        "`p.clamp_(low, high)` keeps a weight inside a range. Here without any training: every number is computed as "
        "you move the range."
    )
    own_numbers.section()
    article.section()
    any_model.section()
