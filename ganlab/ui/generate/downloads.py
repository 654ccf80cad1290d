"""Everything on the page as a file."""

import math

from PIL import Image

from ganlab.data import images
from ganlab.gan import script as standalone
from ganlab.gan.recipe import WAYS, Recipe
from ganlab.ui.generate.render import Rendered
from ganlab.ui.generate.source import Source, real_points
from ganlab.ui.kit.components import download


def buttons(source: Source, recipe: Recipe, made: Rendered) -> None:
    """A button for every file that the view has."""
    name = f"{source.name}-step{source.step}-seed{recipe.seed}"
    name += f"-n{recipe.n}" if recipe.view == "grid" else f"-{recipe.view}"
    name += f"-t{recipe.truncation:g}" if recipe.truncation < math.inf else ""
    pixels = made.pixels
    if pixels is not None:
        download("PNG", f"{name}.png", lambda: images.png(sheet(recipe, made)))
        download("ZIP", f"{name}.zip", lambda: images.zip_of_pngs(pixels), "folder_zip", help="Each sample as a PNG.")
    else:
        download("PNG", f"{name}.png", lambda: images.png(scatter(source, recipe, made)))
        download("CSV", f"{name}.csv", lambda: images.csv(made.latents, made.samples), help="Points and their latents.")
    if pixels is not None and recipe.view in WAYS:
        animation = lambda: images.gif(pixels, scale(recipe, made), there_and_back=True)  # noqa: E731
        download("GIF", f"{name}.gif", animation, "gif_box")
    told = "Latents and samples as float32, images as uint8 pixels too."
    download("NPZ", f"{name}.npz", lambda: images.npz(made.latents, made.samples), "data_array", help=told)
    told = "A short program that makes exactly these samples from the generator's file, without ganlab."
    download("Script", "sample.py", lambda: script(source, recipe, made).encode(), "code", help=told)


def scale(recipe: Recipe, made: Rendered) -> int:
    """How many times the sheet is enlarged: as wished, or as large as is allowed."""
    return min(recipe.enlarge, images.largest_upscale(made.pixels, standalone.columns_of(recipe)))


def sheet(recipe: Recipe, made: Rendered) -> Image.Image:
    """The sheet as a picture."""
    return images.sheet(made.pixels, standalone.columns_of(recipe), scale(recipe, made))


def scatter(source: Source, recipe: Recipe, made: Rendered) -> Image.Image:
    """The points as on the page, real ones too."""
    return images.scatter(made.samples, real_points(source.config), joined=recipe.view in WAYS)


def script(source: Source, recipe: Recipe, made: Rendered) -> str:
    """The program that makes the same without ganlab."""
    enlarge = 1 if made.pixels is None else scale(recipe, made)
    return standalone.script(source.generator, source.config.latent_dim, recipe, images.GAP, enlarge)
