import streamlit as st

from ganlab.ui import frame

with frame.page("Building blocks"):
    st.header("Building blocks", anchor=False)
