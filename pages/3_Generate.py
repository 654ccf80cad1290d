import streamlit as st

from ganlab.ui import frame
from ganlab.ui.generate import closeup, cost, files, form, made, source, through, views
from ganlab.ui.hub import with_networks

with frame.page("Generate"):
    st.header("Generate", anchor=False)
    recipe = form.asked()
    if found := source.choose():
        views.controls(found, recipe)
        left, right = st.columns([1.41, 1], gap="small")
        with left.container(border=True, height="stretch"):
            views.card(found, recipe)
        with right.container(border=True, height="stretch"):
            closeup.card(found, recipe)
        through.card(found, with_networks().get(found.name), recipe)
        cost.card(found, recipe.n)
        with st.expander("The same without ganlab", icon=":material/code:"):
            st.markdown("Save this as `sample.py` beside `generator.safetensors` and run it: it makes the very same.")
            st.code(files.script(found, recipe, made.make(found, recipe)))
