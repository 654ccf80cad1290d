"""The small card: one sample up close, or what else belongs beside the view."""

from dataclasses import replace

import numpy as np
import streamlit as st
import torch

from ganlab.config import PREPARED_BY, TrainConfig
from ganlab.data import datasets, images
from ganlab.data.dataset import Dataset
from ganlab.formatting import in_words, number
from ganlab.gan import sampling
from ganlab.gan.recipe import WAYS, Recipe
from ganlab.gan.training import set_up_torch
from ganlab.measure import copies
from ganlab.ui.generate import recipe_form, views
from ganlab.ui.generate.render import Rendered, picked, render
from ganlab.ui.generate.source import Source
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.html import plain

FEW = 6  # so many numbers are easier to read as text than as bars
NEAREST = 5  # training images
NEIGHBOURS = 12  # samples of latents near the picked one
COMPARED = 128  # other real samples, whose distances from their nearest are the yardstick


def card(source: Source, recipe: Recipe, rendered: Rendered) -> None:
    if not rendered.are_images:
        _one_sample(source, recipe)
    elif recipe.view in WAYS:
        st.subheader("There and back", anchor=False)
        uri = drawings.data_uri(images.gif(rendered.pixels, there_and_back=True), "gif")
        width = drawings.screen_width(rendered.pixels, 1, 320)
        views.show_picture("animation", uri, width, f"Animation of {recipe.frames} frames")
    elif recipe.view in ("plane", "arithmetic"):
        _choose_corners(source, recipe)
    elif recipe.pick >= 0:
        _one_sample(source, recipe)
    else:
        st.subheader("One sample up close", anchor=False)
        st.markdown(
            ":gray[Click a sample to see its latent, the real images nearest to it, and more like it. "
            "With the keyboard: arrow keys and Enter.]"
        )


def _choose_corners(source: Source, recipe: Recipe) -> None:
    st.subheader(f"Samples of seed {recipe.seed}", anchor=False)
    st.session_state.setdefault("corner", "a")
    help_text = "The sample that you click becomes the selected letter; then the next letter is selected."
    st.segmented_control("A click sets", list("abc"), key="corner", required=True, help=help_text)
    grid = render(source, replace(recipe, view="grid"))
    marks = [(getattr(recipe, corner), corner) for corner in "abc"]
    views.samples_to_pick(grid.pixels, recipe, views.BESIDE, marks, _set_corner)


def _set_corner(i: int) -> None:
    corner = st.session_state["corner"]
    recipe_form.put(**{corner: i})
    st.session_state["corner"] = {"a": "b", "b": "c", "c": "a"}[corner]


def _one_sample(source: Source, recipe: Recipe) -> None:
    one = picked(source, recipe)
    values = one.latents[0]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(f"Sample {recipe.start}", anchor=False, width="content")
        if not one.are_images and recipe.view not in WAYS:  # a click picks an image; a way has the field already
            recipe_form.number(recipe, "pick", label_visibility="collapsed", width=120)
        with st.popover("Latent", icon=":material/data_array:", type="tertiary"):
            numbers = ", ".join(f"{value:.4f}" for value in values.tolist())
            st.code(f"[{numbers}]", language=None, wrap_lines=True)
    if not one.are_images:
        panel("one", f"<p>At {_in_text(one.samples[0])}, made from this latent:</p>{_latent(values)}")
        _nearest_point(source, one)
        return
    made_from = f"{_latent(values)}<small>made from these {len(values)} random numbers</small>"
    panel("one", f"<div class='closely'>{views.figure(one.pixels[0], '', 'generated')}<div>{made_from}</div></div>")
    _nearest_images(source, one)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.markdown("**More like this**", width="content")
        recipe_form.slider(recipe, "stride", width=180)
    near = sampling.around(torch.from_numpy(values), NEIGHBOURS, recipe.stride, recipe.to)
    pixels = images.to_uint8(sampling.generate(source.generator, near).numpy())
    views.show_sheet("samples", pixels, 6, views.BESIDE, f"{NEIGHBOURS} neighbours of sample {recipe.start}")


def _latent(values: np.ndarray) -> str:
    """HTML: a latent float32 [d] as bars from -3 to 3, or as text if it is short."""
    if len(values) <= FEW:
        return f"<p><b>{_in_text(values)}</b></p>"
    width = 400 / len(values)
    bars = "".join(
        f"<rect x='{i * width:.2f}' width='{0.8 * width:.2f}' y='{32 - max(h, 0):.1f}' height='{abs(h):.1f}'/>"
        for i, h in enumerate((values.clip(-3, 3) * 10).tolist())
    )
    alt = f"The {len(values)} numbers of the latent, from {values.min():.2f} to {values.max():.2f}"
    return (
        f"<svg class='latent' viewBox='0 0 400 64' preserveAspectRatio='none' role='img' aria-label='{alt}'>"
        f"<line x1='0' x2='400' y1='32' y2='32'/>{bars}</svg>"
    )


def _in_text(values: np.ndarray) -> str:
    return f"({', '.join(number(round(value, 3)) for value in values.tolist())})"


def _nearest_images(source: Source, one: Rendered) -> None:
    st.markdown("**Nearest training images**", help="Does the generator copy the data?")
    config = source.config
    if not datasets.at_hand(config):
        st.caption("The data is not on this computer, so there is nothing to compare with.")
        return
    key = tuple(getattr(config, field) for field in PREPARED_BY)
    try:
        data, usual = _real_images(key, config)
    except (OSError, ValueError) as error:
        st.caption(f"The data can't be read: {plain(in_words(error))}")
        return
    if one.samples.shape[1:] != data.shape:
        st.caption("The images of the data have another shape, so these samples can't be compared with them.")
        return
    pixels, distances = _nearest(one.samples, key, data)
    figures = (views.figure(image, f"{d:.3f}") for image, d in zip(pixels, distances, strict=True))
    panel("nearest", f"<div class='neighbours'>{''.join(figures)}</div>")
    comparison = _yardstick(distances[0], "Held-out images", usual)
    st.caption(f"{comparison} Distances are root mean squares over the pixels: 1 is black against white.")


@st.cache_data(max_entries=64, show_spinner=False)
def _nearest(sample: np.ndarray, key: tuple[str | int, ...], _data: Dataset) -> tuple[np.ndarray, list[float]]:
    """The training images nearest to a sample [1, c, h, w]: uint8 [5, h, w, c], and their distances from 0 to 1."""
    distances, indices = copies.nearest(torch.from_numpy(sample), _data.training_images(), NEAREST)
    nearest = torch.stack([_data.training_image(i) for i in indices[0].tolist()])
    return images.to_uint8(nearest.numpy()), [d / 2 for d in distances[0].tolist()]


@st.cache_resource(max_entries=2, show_spinner="Reading the real images")
def _real_images(key: tuple[str | int, ...], _config: TrainConfig) -> tuple[Dataset, np.ndarray]:
    """The data, and the distance of held-out images from their nearest training image: float32 [128], 0 to 1."""
    set_up_torch(1)
    data = datasets.load(_config)
    return data, copies.nearest(data.held_out[:COMPARED], data.training_images(), 1)[0][:, 0].numpy() / 2


def _nearest_point(source: Source, one: Rendered) -> None:
    try:
        data = datasets.load(source.config)
    except (OSError, ValueError) as error:
        st.caption(f"There is nothing to compare with. {plain(in_words(error))}")
        return

    def distances(points: torch.Tensor) -> np.ndarray:
        root_mean_squares, _ = copies.nearest(points, [data.held_out], 1)
        return root_mean_squares[:, 0].numpy() * 2**0.5  # of two coordinates: Euclidean

    fresh = data.sample(COMPARED, torch.Generator().manual_seed(1))
    distance = float(distances(torch.from_numpy(one.samples))[0])
    comparison = _yardstick(distance, "Fresh real points", distances(fresh))
    st.caption(f"{comparison} Distances are in the plane, from the nearest of {len(data.held_out)} real points.")


def _yardstick(distance: float, others: str, usual: np.ndarray) -> str:
    """What the distance from the nearest real sample means, beside those of other real samples: float32 [n]."""
    percent = round(100 * float((usual < distance).mean()))
    return (
        f"A copy would be at 0. {others} are {np.median(usual):.3f} from their nearest (median); this sample, at "
        f"{distance:.3f}, is farther away than {percent} % of them."
    )
