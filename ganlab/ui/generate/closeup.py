"""The small card: one sample closely, or what else the view needs beside it."""

from dataclasses import replace

import numpy as np
import streamlit as st
import torch

from ganlab.config import TrainConfig
from ganlab.data import datasets, images
from ganlab.data.dataset import Dataset
from ganlab.formatting import number
from ganlab.gan import sampling
from ganlab.gan.recipe import WAYS, Recipe
from ganlab.gan.training import set_up_torch
from ganlab.measure import copies
from ganlab.ui.generate import panels, recipe_form, views
from ganlab.ui.generate.render import Rendered, picked, render
from ganlab.ui.generate.source import Source
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.html import plain

NEAREST, NEIGHBOURS = 5, 12
USUAL = 128  # held-out real samples whose distance to their nearest is the yardstick


def card(source: Source, recipe: Recipe) -> None:
    """What stands beside the view's samples."""
    pictures = source.config.kind == "image"
    if pictures and recipe.view in WAYS:
        _animation(render(source, recipe), recipe)
    elif pictures and recipe.view in ("plane", "arithmetic"):
        _choose_corners(source, recipe)
    else:
        _one(source, recipe, pictures)


def _animation(made: Rendered, recipe: Recipe) -> None:
    st.subheader("There and back", anchor=False)
    uri = drawings.data_uri(images.gif(made.pixels, there_and_back=True), "gif")
    with st.container(key="animation", horizontal_alignment="center"):
        st.image(uri, width=views.screen_width(made.pixels, 1, 320), alt=f"Animation of {recipe.frames} frames")


def _choose_corners(source: Source, recipe: Recipe) -> None:
    st.subheader(f"Samples of seed {recipe.seed}", anchor=False)
    st.session_state.setdefault("corner", "a")
    told = "Click a sample to make it the chosen letter; the next click goes to the next one."
    st.segmented_control("A click sets", list("abc"), key="corner", required=True, help=told)
    grid = render(source, replace(recipe, view="grid"))
    marks = [(getattr(recipe, corner), corner) for corner in "abc"]
    views.samples_to_pick(grid.pixels, recipe, views.BESIDE, marks, _set_corner)


def _set_corner(i: int) -> None:
    corner = st.session_state["corner"]
    recipe_form.put(**{corner: i})
    st.session_state["corner"] = {"a": "b", "b": "c", "c": "a"}[corner]


def _one(source: Source, recipe: Recipe, pictures: bool) -> None:
    if pictures and recipe.pick < 0:
        st.subheader("One sample, closely", anchor=False)
        st.markdown(
            ":gray[Click a sample to see its latent, the real images nearest to it, and more like it. "
            "With the keyboard: arrow keys and Enter.]"
        )
        return
    one = picked(source, recipe)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(f"Sample {recipe.start}", anchor=False, width="content")
        if not pictures and recipe.view not in WAYS:  # those have the field themselves
            recipe_form.number(recipe, "pick", label_visibility="collapsed", width=120)
        with st.popover("Latent", icon=":material/data_array:", type="tertiary"):
            st.code(panels.numbers(one.latents[0]), language=None, wrap_lines=True)
    if pictures:
        panel("one", panels.closely(one.pixels[0], one.latents[0]))
        _nearest_images(source, one)
        _more_like_this(source, recipe, one)
    else:
        x, y = one.samples[0].tolist()
        told = f"<p>At ({number(round(x, 3))}, {number(round(y, 3))}), made of this latent:</p>"
        panel("one", told + panels.latent(one.latents[0]))
        _nearest_points(source, one)


def _nearest_images(source: Source, one: Rendered) -> None:
    st.markdown("**Nearest training images**", help="Does the generator copy the data?")
    config = source.config
    if not datasets.at_hand(config):
        st.caption("The data is not on this computer, so there is nothing to compare with.")
        return
    key = (config.dataset, config.images, config.image_size, config.fit, config.colour)
    try:
        data, usual = _real(key, config)
    except (OSError, ValueError) as error:
        st.caption(f"The data can't be read: {plain(str(error))}")
        return
    if one.samples.shape[1:] != data.shape:
        st.caption("The data has another shape than these samples, so they can't be compared.")
        return
    found, distances = _nearest(one.samples, key, data)
    panel("nearest", panels.nearest(list(found), distances))
    told = "Distances are root mean squares over the pixels: 1 is black against white."
    st.caption(panels.yardstick(distances[0], usual, told))


@st.cache_data(max_entries=64, show_spinner=False)
def _nearest(sample: np.ndarray, key: tuple[str | int, ...], _data: Dataset) -> tuple[np.ndarray, list[float]]:
    """The real images nearest to a sample [1, c, h, w], uint8 [5, h, w, c], and their distances in [0, 1]."""
    distances, indices = copies.nearest(torch.from_numpy(sample), _data.training_images(), NEAREST)
    found = torch.stack([_data.training_image(i) for i in indices[0].tolist()])
    return images.to_uint8(found.numpy()), [d / 2 for d in distances[0].tolist()]


@st.cache_resource(max_entries=2, show_spinner="Reading the real images")
def _real(key: tuple[str | int, ...], _config: TrainConfig) -> tuple[Dataset, np.ndarray]:
    """The data, and how far held-out images are from their nearest training image."""
    set_up_torch(1)
    data = datasets.load(_config)
    return data, copies.nearest(data.held_out[:USUAL], data.training_images(), 1)[0][:, 0].numpy() / 2


def _nearest_points(source: Source, one: Rendered) -> None:
    try:
        data = datasets.load(source.config)
    except (OSError, ValueError) as error:
        st.caption(f"There is nothing to compare with. {plain(str(error))}")
        return
    fresh = data.sample(USUAL, torch.Generator().manual_seed(1))
    to_real = lambda points: copies.nearest(points, [data.held_out], 1)[0][:, 0].numpy() * 2**0.5  # noqa: E731
    distance = float(to_real(torch.from_numpy(one.samples))[0])
    st.caption(panels.yardstick(distance, to_real(fresh), "Distances are on the plane, to 512 real points."))


def _more_like_this(source: Source, recipe: Recipe, one: Rendered) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.markdown("**More like this**", width="content")
        recipe_form.slider(recipe, "stride", width=180)
    near = sampling.around(torch.from_numpy(one.latents[0]), NEIGHBOURS, recipe.stride, recipe.to)
    pixels = images.to_uint8(sampling.generate(source.generator, near).numpy())
    with st.container(key="samples", horizontal_alignment="center"):
        width = views.screen_width(pixels, 6, views.BESIDE)
        st.image(drawings.sheet_uri(pixels, 6), width=width, alt=f"{NEIGHBOURS} neighbours of sample {recipe.start}")
