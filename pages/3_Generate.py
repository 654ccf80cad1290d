"""Sample from a trained generator: grids, paths through its latents, and everything as files and links."""

import streamlit as st

from ganlab.ui.generate import closeup, cost, recipe_form, through_training, views
from ganlab.ui.generate.render import program, render
from ganlab.ui.generate.source import choose
from ganlab.ui.kit import components, frame
from ganlab.ui.kit.server import with_networks

with frame.page("Generate"):
    st.header("Generate", anchor=False)
    recipe = recipe_form.requested()
    runs = with_networks()
    if source := choose(runs):
        views.controls(source, recipe)
        rendered = render(source, recipe)
        left, right = st.columns([1.41, 1], gap="small")
        with left.container(border=True, height="stretch"):
            views.card(source, recipe, rendered)
        with right.container(border=True, height="stretch"):
            closeup.card(source, recipe, rendered)
        if run := runs.get(source.name):
            through_training.card(run, recipe)
        else:
            st.caption("A generator from a run here also shows its fixed latents through training.")
        cost.card(source, recipe.n)
        with components.opened_code("The same without ganlab") as opened:
            if opened:
                st.markdown("Save this as `sample.py` beside `generator.safetensors`, and run it for the same samples.")
                st.code(program(source, recipe, rendered))
