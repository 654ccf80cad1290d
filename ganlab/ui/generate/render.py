"""The samples of a recipe, made once and cached, and the files that they can be downloaded as."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import streamlit as st

from ganlab.data import images
from ganlab.gan import script
from ganlab.gan.recipe import WAYS, Recipe
from ganlab.gan.training import set_up_torch
from ganlab.ui.generate.source import Source
from ganlab.ui.kit.components import download


@dataclass(frozen=True)
class Rendered:
    """A recipe's samples and their latents. All visitors share them, so nobody may write to the arrays."""

    latents: np.ndarray  # float32 [n, latent_dim]
    samples: np.ndarray  # images float32 [n, c, h, w], or points [n, 2]

    @property
    def are_images(self) -> bool:
        return self.samples.ndim == 4

    @cached_property
    def pixels(self) -> np.ndarray:
        """The images as uint8 [n, h, w, c]. Points have none."""
        return images.to_uint8(self.samples)


def render(source: Source, recipe: Recipe) -> Rendered:
    """The recipe's samples, from the cache if only their layout on the page has changed."""
    same = replace(recipe, columns=0, enlarge=1, look=0)
    if recipe.view == "grid":
        same = replace(same, pick=-1)
    return _render(source.key, same, source)


@st.cache_resource(max_entries=6, show_spinner=False)
def _render(key: str, recipe: Recipe, _source: Source) -> Rendered:
    set_up_torch(1)  # small networks are fastest on one thread, and the other cores stay free for runs
    latents, samples = script.samples_of(_source.generator, _source.config.latent_dim, recipe)
    return Rendered(latents.numpy(), samples.numpy())


def picked(source: Source, recipe: Recipe) -> Rendered:
    """The one sample of the grid that the recipe starts from: [1, ...] each."""
    i = recipe.start
    grid = render(source, replace(recipe, view="grid", n=max(recipe.n, i + 1)))
    return Rendered(grid.latents[i : i + 1], grid.samples[i : i + 1])


def downloads(source: Source, recipe: Recipe, rendered: Rendered) -> None:
    name = f"{source.name}-step{source.step}-seed{recipe.seed}"
    name += f"-n{recipe.n}" if recipe.view == "grid" else f"-{recipe.view}"
    name += f"-t{recipe.truncation:g}" if recipe.truncation < math.inf else ""
    latents, samples, is_way = rendered.latents, rendered.samples, recipe.view in WAYS
    if rendered.are_images:
        pixels, columns, scale = rendered.pixels, script.columns_of(recipe), _scale(recipe, rendered)
        download("PNG", f"{name}.png", lambda: images.png(images.sheet(pixels, columns, scale)))
        download("ZIP", f"{name}.zip", lambda: images.zip_of_pngs(pixels), "folder_zip", help="Each sample as a PNG.")
        if is_way:
            download("GIF", f"{name}.gif", lambda: images.gif(pixels, scale, there_and_back=True), "gif_box")
    else:
        download("PNG", f"{name}.png", lambda: images.png(images.scatter(samples, source.real_points, joined=is_way)))
        download("CSV", f"{name}.csv", lambda: images.csv(latents, samples), help="Points and their latents.")
    content = "Latents and samples as float32; images also as uint8 pixels."
    download("NPZ", f"{name}.npz", lambda: images.npz(latents, samples), "data_array", help=content)
    content = "A short program that makes exactly these samples from the generator's file, without ganlab."
    download("Script", "sample.py", lambda: program(source, recipe, rendered).encode(), "code", help=content)


def program(source: Source, recipe: Recipe, rendered: Rendered) -> str:
    """The Python program that makes the same samples without ganlab."""
    enlarge = _scale(recipe, rendered) if rendered.are_images else 1
    return script.script(source.generator, source.config.latent_dim, recipe, images.GAP, enlarge)


def _scale(recipe: Recipe, rendered: Rendered) -> int:
    """How many times the sheet is enlarged: as the recipe says, or as many as its size allows."""
    return min(recipe.enlarge, images.largest_upscale(rendered.pixels, script.columns_of(recipe)))
