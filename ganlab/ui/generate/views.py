"""The large card: the samples of the view, and the settings that only this view has."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from ganlab.data import images
from ganlab.gan import sampling, script
from ganlab.gan.recipe import WAYS, Recipe
from ganlab.plots import samples
from ganlab.ui.generate import recipe_form
from ganlab.ui.generate.render import Rendered, downloads
from ganlab.ui.generate.source import Source
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import Caption, grid, panel, plot
from ganlab.ui.kit.html import points_key

CARD, BESIDE = 632, 438  # pixels inside the large and the small card on a wide screen
SLOW = 10**9  # weights times samples that take a few seconds


def controls(source: Source, recipe: Recipe) -> None:
    """The settings that all views share."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        recipe_form.choice(recipe, "view", label_visibility="collapsed")
        if recipe.view == "grid":
            recipe_form.number(recipe, "n", width=120)
        recipe_form.number(recipe, "seed", width=130)
        recipe_form.truncation(recipe)
        if recipe.view == "grid" and sampling.has_batch_norm(source.generator):
            recipe_form.choice(recipe, "batch_norm")
    if recipe.view == "grid" and recipe.n * source.weights > SLOW:
        st.caption(f"With {source.weights:,} weights, {recipe.n:,} samples take a few seconds.")


def card(source: Source, recipe: Recipe, rendered: Rendered) -> None:
    title = _title(recipe)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(title, anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            if rendered.are_images:
                recipe_form.sheet(recipe, images.largest_upscale(rendered.pixels, script.columns_of(recipe)))
            downloads(source, recipe, rendered)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _own_controls(recipe)
    if not rendered.are_images:
        _points(source, recipe, rendered)
    elif recipe.view == "arithmetic":
        panel("sum", _equation(rendered.pixels, recipe), Caption(_title(recipe)))
        st.caption("Radford et al. 2015 averaged three latents for each letter; single latents, as here, are noisier.")
    elif recipe.view == "grid":
        marks = [(recipe.pick, "")] if recipe.pick >= 0 else []
        samples_to_pick(rendered.pixels, recipe, CARD, marks, _pick)
    else:
        show_sheet("sheet", rendered.pixels, script.columns_of(recipe), CARD, title)


def _title(recipe: Recipe) -> str:
    r = recipe
    return {
        "grid": f"{r.n:,} sample{'s' if r.n > 1 else ''}",
        "interpolate": f"From sample {r.start} to seed {r.to}",
        "plane": f"The plane of samples {r.a}, {r.b}, {r.c}",
        "walk": f"A walk from sample {r.start}",
        "arithmetic": f"Sample {r.a} − {r.b} + {r.c}",
    }[r.view]


def _own_controls(recipe: Recipe) -> None:
    if recipe.view in WAYS:
        recipe_form.number(recipe, "pick", width=130)
        walk = {"label": "Seed of the walk", "help": "Starts the random steps."}
        recipe_form.number(recipe, "to", width=130, **(walk if recipe.view == "walk" else {}))
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


def _equation(pixels: np.ndarray, recipe: Recipe) -> str:
    """HTML: the four samples uint8 [4, h, w, c] of a - b + c."""
    a, b, c, result = pixels
    return (
        f"<div class='equation'>{figure(a, f'a ({recipe.a})')}<span>−</span>{figure(b, f'b ({recipe.b})')}"
        f"<span>+</span>{figure(c, f'c ({recipe.c})')}<span>=</span>{figure(result, 'a − b + c', 'generated')}</div>"
    )


def figure(pixels: np.ndarray, caption: str, css_class: str = "") -> str:
    """HTML: one sample uint8 [h, w, c] with a caption below it."""
    uri = drawings.data_uri(images.png(images.picture(pixels)))
    return f"<figure class='{css_class}'><img src='{uri}' alt=''><figcaption>{caption}</figcaption></figure>"


def samples_to_pick(
    pixels: np.ndarray, recipe: Recipe, card_width: int, marks: list[tuple[int, str]], pick: Callable[[int], None]
) -> None:
    """The grid of samples uint8 [n, h, w, c]; `pick` is called with the number of the one clicked.

    `marks` are the numbers of the samples to outline, each with a letter or "".
    """
    columns = script.columns_of(replace(recipe, view="grid"))
    sheet = images.sheet(pixels, columns)
    height, width = pixels.shape[1:3]
    data = {
        "uri": drawings.data_uri(images.png(sheet, compress_level=1)),
        "alt": f"{len(pixels)} generated images",
        "width": drawings.screen_width(pixels, columns, card_width),
        "sheet": sheet.size,
        "columns": columns,
        "n": len(pixels),
        "cell": [width + images.GAP, height + images.GAP],
        "gap": images.GAP,
        "marks": marks,
    }
    grid("samples_grid", data, Caption(f"{len(pixels)} samples"), pick)


def _pick(i: int) -> None:
    """Show a sample up close; a second click on it closes it."""
    recipe_form.put(pick=-1 if recipe_form.read().pick == i else i)


def show_sheet(key: str, pixels: np.ndarray, columns: int, card_width: int, alt: str) -> None:
    """A sheet of uint8 [n, h, w, c] in the middle of its card."""
    width = drawings.screen_width(pixels, columns, card_width)
    show_picture(key, drawings.sheet_uri(pixels, columns), width, alt)


def show_picture(key: str, uri: str, width: int, alt: str) -> None:
    """A picture in the middle of its card. front/page.css finds it by its key and keeps its edges sharp."""
    with st.container(key=key, horizontal_alignment="center"):
        st.image(uri, width=width, alt=alt)


def _points(source: Source, recipe: Recipe, rendered: Rendered) -> None:
    real = source.real_points
    names = ["a", "b", "c", "a − b + c"] if recipe.view == "arithmetic" else []
    if recipe.view == "grid" and recipe.start < recipe.n:
        names = [""] * recipe.start + [str(recipe.start)]
    key = points_key(0 if real is None else len(real), f"{len(rendered.samples):,} generated")
    figure = samples.points(real, rendered.samples, recipe.view in WAYS, names)
    plot("generated_points", figure, 560, Caption(_title(recipe), key))
    panel("points_key", key)
