"""The large card: the samples of the chosen view, and what that view can be told."""

from dataclasses import replace

import numpy as np
import streamlit as st

from ganlab.data import images
from ganlab.gan import sampling, script
from ganlab.gan.recipe import WAYS, Recipe
from ganlab.plots import samples
from ganlab.ui.generate import downloads, panels, recipe_form
from ganlab.ui.generate.render import Rendered, render
from ganlab.ui.generate.source import Source, real_points
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import grid, panel, plot
from ganlab.ui.kit.html import points_key

CARD, BESIDE = 632, 438  # pixels within the two cards on a wide screen
SLOW = 10**9  # weights times samples


def controls(source: Source, recipe: Recipe) -> None:
    """What all views share."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        recipe_form.choice(recipe, "view", label_visibility="collapsed")
        if recipe.view == "grid":
            recipe_form.number(recipe, "n", width=120)
        recipe_form.number(recipe, "seed", width=130)
        recipe_form.truncation(recipe, width=210)
        if recipe.view == "grid" and sampling.has_batch_norm(source.generator):
            recipe_form.choice(recipe, "batch_norm")
    if recipe.view == "grid" and recipe.n * source.weights > SLOW:
        st.caption(f"With {source.weights:,} weights, {recipe.n:,} samples take a few seconds.")


def card(source: Source, recipe: Recipe) -> None:
    """The view's samples as one picture, its own controls, and the files."""
    made = render(source, recipe)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(panels.title(recipe), anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            if made.pixels is not None:
                recipe_form.sheet(recipe, images.largest_upscale(made.pixels, script.columns_of(recipe)))
            downloads.buttons(source, recipe, made)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _own_controls(recipe)
    if made.pixels is None:
        _points(source, recipe, made)
    elif recipe.view == "arithmetic":
        panel("sum", panels.equation(made.pixels, recipe))
        st.caption("Radford et al. 2015 took the mean of three latents for each letter: single ones are noisier.")
    elif recipe.view == "grid":
        samples_to_pick(made.pixels, recipe, CARD, [(recipe.pick, "")] if recipe.pick >= 0 else [], _pick)
    else:
        with st.container(key="sheet", horizontal_alignment="center"):
            columns = script.columns_of(recipe)
            uri, width = drawings.sheet_uri(made.pixels, columns), screen_width(made.pixels, columns, CARD)
            st.image(uri, width=width, alt=panels.title(recipe))


def _own_controls(recipe: Recipe) -> None:
    if recipe.view in WAYS:
        recipe_form.number(recipe, "pick", width=130)
        if recipe.view == "interpolate":
            recipe_form.number(recipe, "to", width=130)
        else:
            recipe_form.number(recipe, "to", "Seed of the walk", "Starts the random steps.", width=130)
        recipe_form.slider(recipe, "frames", width=160)
        if recipe.view == "walk":
            recipe_form.slider(recipe, "stride", width=160)
        else:
            recipe_form.choice(recipe, "path")
    if recipe.view in ("plane", "arithmetic"):
        for corner in "abc":
            recipe_form.number(recipe, corner, width=110)
        if recipe.view == "plane":
            recipe_form.slider(recipe, "side", width=160)


def samples_to_pick(
    pixels: np.ndarray, recipe: Recipe, card_width: int, marks: list[tuple[int, str]], pick: object
) -> None:
    """The grid of samples, to be clicked."""
    columns = script.columns_of(replace(recipe, view="grid"))
    sheet = images.sheet(pixels, columns)
    height, width = pixels.shape[1:3]
    data = {
        "uri": drawings.data_uri(images.png(sheet, compress_level=1)),
        "alt": f"{len(pixels)} generated images",
        "width": screen_width(pixels, columns, card_width),
        "sheet": sheet.size,
        "columns": columns,
        "n": len(pixels),
        "cell": [width + images.GAP, height + images.GAP],
        "gap": images.GAP,
        "marks": marks,
    }
    grid("samples_grid", data, pick)


def _pick(i: int) -> None:
    """Look at a sample closely; clicked again, no longer."""
    recipe_form.put(pick=-1 if recipe_form.read().pick == i else i)


def screen_width(pixels: np.ndarray, columns: int, card_width: int) -> int:
    """As wide as the card, or a little less for a whole number of screen pixels to each of a sample's; at most 8."""
    native = (pixels.shape[2] + images.GAP) * columns + images.GAP
    whole = native * min(card_width // native, 8)
    return whole if whole >= 0.8 * card_width or whole == 8 * native else card_width


def _points(source: Source, recipe: Recipe, made: Rendered) -> None:
    real = real_points(source.config)
    through = recipe.view in WAYS
    names = ["a", "b", "c", "a − b + c"] if recipe.view == "arithmetic" else []
    if recipe.view == "grid" and recipe.start < recipe.n:
        names = [""] * recipe.start + [str(recipe.start)]
    plot("generated_points", samples.points(real, made.samples, through, names), 560)
    panel("points_key", points_key(0 if real is None else len(real), f"{len(made.samples):,} generated"))
