"""TODO."""

import streamlit as st

from ganlab.ui.generate import closeup, cost, downloads, recipe_form, render, source, through_training, views
from ganlab.ui.kit import frame
from ganlab.ui.kit.server import with_networks

with frame.page("Generate"):
    st.header("Generate", anchor=False)
    recipe = recipe_form.requested()
    runs = with_networks()
    if found := source.choose(runs):
        views.controls(found, recipe)
        left, right = st.columns([1.41, 1], gap="small")
        with left.container(border=True, height="stretch"):
            views.card(found, recipe)
        with right.container(border=True, height="stretch"):
            closeup.card(found, recipe)
        through_training.card(found, runs.get(found.name), recipe)
        cost.card(found, recipe.n)
        with st.expander("The same without ganlab", icon=":material/code:"):
            st.markdown("Save this as `sample.py` beside `generator.safetensors` and run it: it makes the very same.")
            st.code(downloads.script(found, recipe, render.render(found, recipe)))
