"""Weight clipping without training: the article's model, any numbers, and any critic."""

import streamlit as st

from ganlab.ui.clipping import any_model, article, own_numbers
from ganlab.ui.kit import frame

with frame.page("Weight clipping"):
    st.header("Weight clipping", anchor=False)
    st.markdown(
        "`p.clamp_(low, high)` keeps every weight within a range. Nothing is trained here: every number is computed as "
        "you move the range."
    )
    article.section()
    own_numbers.section()
    any_model.section()
