import streamlit as st

from ganlab.ui import frame

with frame.page("Weight clipping"):
    st.header("Weight clipping", anchor=False)
