"""The samples of a recipe, made once and cached."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import streamlit as st

from ganlab.data import images
from ganlab.gan import script
from ganlab.gan.recipe import Recipe
from ganlab.gan.training import set_up_torch
from ganlab.ui.generate.source import Source


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
