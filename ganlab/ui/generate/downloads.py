"""Everything on the page as a file."""

import math

import numpy as np

from ganlab.data import images
from ganlab.gan import script
from ganlab.gan.recipe import WAYS, Recipe
from ganlab.ui.generate.render import Rendered
from ganlab.ui.generate.source import Source, real_points
from ganlab.ui.kit.components import download


def buttons(source: Source, recipe: Recipe, rendered: Rendered) -> None:
    """A download button for each file of the view."""
    name = f"{source.name}-step{source.step}-seed{recipe.seed}"
    name += f"-n{recipe.n}" if recipe.view == "grid" else f"-{recipe.view}"
    name += f"-t{recipe.truncation:g}" if recipe.truncation < math.inf else ""
    if rendered.are_images:
        _image_buttons(name, recipe, rendered.pixels)
    else:
        _point_buttons(name, source, recipe, rendered)
    content = "Latents and samples as float32; images also as uint8 pixels."
    download("NPZ", f"{name}.npz", lambda: images.npz(rendered.latents, rendered.samples), "data_array", help=content)
    content = "A short program that makes exactly these samples from the generator's file, without ganlab."
    download("Script", "sample.py", lambda: program(source, recipe, rendered).encode(), "code", help=content)


def _image_buttons(name: str, recipe: Recipe, pixels: np.ndarray) -> None:
    def png() -> bytes:
        return images.png(images.sheet(pixels, script.columns_of(recipe), scale(recipe, pixels)))

    def gif() -> bytes:
        return images.gif(pixels, scale(recipe, pixels), there_and_back=True)

    download("PNG", f"{name}.png", png)
    download("ZIP", f"{name}.zip", lambda: images.zip_of_pngs(pixels), "folder_zip", help="Each sample as a PNG.")
    if recipe.view in WAYS:
        download("GIF", f"{name}.gif", gif, "gif_box")


def _point_buttons(name: str, source: Source, recipe: Recipe, rendered: Rendered) -> None:
    def png() -> bytes:
        return images.png(images.scatter(rendered.samples, real_points(source.config), joined=recipe.view in WAYS))

    def csv() -> bytes:
        return images.csv(rendered.latents, rendered.samples)

    download("PNG", f"{name}.png", png)
    download("CSV", f"{name}.csv", csv, help="Points and their latents.")


def scale(recipe: Recipe, pixels: np.ndarray) -> int:
    """How many times the sheet is enlarged: as the recipe says, or as many as its size allows."""
    return min(recipe.enlarge, images.largest_upscale(pixels, script.columns_of(recipe)))


def program(source: Source, recipe: Recipe, rendered: Rendered) -> str:
    """The Python program that makes the same samples without ganlab."""
    enlarge = scale(recipe, rendered.pixels) if rendered.are_images else 1
    return script.script(source.generator, source.config.latent_dim, recipe, images.GAP, enlarge)
