"""The samples of a recipe, made once and kept for the next look."""

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from ganlab.data import images
from ganlab.gan import script
from ganlab.gan.recipe import Recipe
from ganlab.gan.training import set_up_torch
from ganlab.ui.generate.source import Source


@dataclass(frozen=True)
class Rendered:
    """What came of a recipe; not to be written to."""

    latents: np.ndarray
    """float32 [n, latent_dim]."""
    samples: np.ndarray
    """float32 [n, c, h, w], or points [n, 2]."""
    pixels: np.ndarray | None
    """uint8 [n, h, w, c]; None for points."""


def render(source: Source, recipe: Recipe) -> Rendered:
    """The recipe's samples."""
    looks = {"columns": 0, "enlarge": 1, "look": 0} | ({"pick": -1} if recipe.view == "grid" else {})
    return _render(source.key, replace(recipe, **looks), source)


@st.cache_resource(max_entries=6, show_spinner=False)
def _render(key: str, recipe: Recipe, _source: Source) -> Rendered:
    set_up_torch(1)  # one thread is the quicker one for small networks, and leaves a run its own
    latents, samples = script.samples_of(_source.generator, _source.config.latent_dim, recipe)
    pixels = images.to_uint8(samples.numpy()) if samples.ndim == 4 else None
    return Rendered(latents.numpy(), samples.numpy(), pixels)


def picked(source: Source, recipe: Recipe) -> Rendered:
    """The one sample of the grid that the recipe looks at closely, [1, ...] each."""
    i = recipe.start
    grid = render(source, replace(recipe, view="grid", n=max(recipe.n, i + 1)))
    one = slice(i, i + 1)
    return Rendered(grid.latents[one], grid.samples[one], None if grid.pixels is None else grid.pixels[one])
