"""The panels of the Generate page as text and HTML. They hold only numbers and pictures, no text of a user."""

import numpy as np

from ganlab.data import images
from ganlab.formatting import number
from ganlab.gan.recipe import Recipe
from ganlab.ui.kit import drawings

FEW = 6  # so many numbers are easier to read as text than as bars


def title(recipe: Recipe) -> str:
    r = recipe
    return {
        "grid": f"{r.n:,} sample{'s' if r.n > 1 else ''}",
        "interpolate": f"From sample {r.start} to seed {r.to}",
        "plane": f"The plane of samples {r.a}, {r.b}, {r.c}",
        "walk": f"A walk from sample {r.start}",
        "arithmetic": f"Sample {r.a} − {r.b} + {r.c}",
    }[r.view]


def picture(pixels: np.ndarray, caption: str, css_class: str = "") -> str:
    """One sample uint8 [h, w, c] with a caption below it."""
    uri = drawings.data_uri(images.png(images.picture(pixels)))
    return f"<figure class='{css_class}'><img src='{uri}' alt=''><figcaption>{caption}</figcaption></figure>"


def equation(pixels: np.ndarray, recipe: Recipe) -> str:
    """The four samples uint8 [4, h, w, c] of a - b + c as an equation."""
    a, b, c, result = pixels
    return (
        f"<div class='sum'>{picture(a, f'a ({recipe.a})')}<span>−</span>{picture(b, f'b ({recipe.b})')}<span>+</span>"
        f"{picture(c, f'c ({recipe.c})')}<span>=</span>{picture(result, 'a − b + c', 'generated')}</div>"
    )


def closeup(pixels: np.ndarray, values: np.ndarray) -> str:
    """A large picture of a sample uint8 [h, w, c] beside its latent float32 [d]."""
    words = f"{latent(values)}<small>made from these {len(values)} random numbers</small>"
    return f"<div class='closely'>{picture(pixels, '', 'generated')}<div>{words}</div></div>"


def latent(values: np.ndarray) -> str:
    """A latent float32 [d] as bars from -3 to 3, or as text if it is short."""
    if len(values) <= FEW:
        return f"<p><b>({', '.join(number(round(value, 3)) for value in values.tolist())})</b></p>"
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


def nearest(pictures: np.ndarray, distances: list[float]) -> str:
    """Real images uint8 [n, h, w, c], nearest first, with their distances."""
    figures = (picture(pixels, f"{d:.3f}") for pixels, d in zip(pictures, distances, strict=True))
    return f"<div class='near'>{''.join(figures)}</div>"


def yardstick(distance: float, others: str, usual: np.ndarray) -> str:
    """What the distance from the nearest real sample means, beside those of other real samples: float32 [n]."""
    percent = round(100 * float((usual < distance).mean()))
    return (
        f"A copy would be at 0. {others} are {np.median(usual):.3f} from their nearest (median); this sample, at "
        f"{distance:.3f}, is farther away than {percent} % of them."
    )
