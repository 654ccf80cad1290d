"""The Generate page in words: the HTML of its panels. All of it is made of numbers and pictures of our own."""

import numpy as np

from ganlab.data import images
from ganlab.formatting import file_size, number
from ganlab.gan.recipe import Recipe
from ganlab.ui.kit import drawings

SHORT = 6  # numbers that are read more easily than seen


def title(recipe: Recipe) -> str:
    """What the view shows."""
    r = recipe
    return {
        "grid": f"{r.n:,} sample{'s' if r.n > 1 else ''}",
        "interpolate": f"From sample {r.start} to seed {r.to}",
        "plane": f"The plane of samples {r.a}, {r.b}, {r.c}",
        "walk": f"A walk from sample {r.start}",
        "arithmetic": f"Sample {r.a} − {r.b} + {r.c}",
    }[r.view]


def picture(pixels: np.ndarray, caption: str, look: str = "") -> str:
    """One sample uint8 [h, w, c] with a line under it."""
    uri = drawings.data_uri(images.png(images.picture(pixels)))
    return f"<figure class='{look}'><img src='{uri}' alt=''><figcaption>{caption}</figcaption></figure>"


def equation(pixels: np.ndarray, recipe: Recipe) -> str:
    """a - b + c = as four pictures."""
    captions = [f"a ({recipe.a})", f"b ({recipe.b})", f"c ({recipe.c})", "a − b + c"]
    shown = [
        picture(p, caption, "made" if i == 3 else "")
        for i, (p, caption) in enumerate(zip(pixels, captions, strict=True))
    ]
    signs = [f"<span>{sign}</span>" for sign in ("−", "+", "=")]
    return f"<div class='sum'>{shown[0]}{signs[0]}{shown[1]}{signs[1]}{shown[2]}{signs[2]}{shown[3]}</div>"


def closely(pixels: np.ndarray, values: np.ndarray) -> str:
    """A sample uint8 [h, w, c] as large as a hand, and its latent float32 [d]."""
    told = f"made of these {len(values)} random numbers"
    return f"<div class='closely'>{picture(pixels, '', 'made')}<div>{latent(values)}<small>{told}</small></div></div>"


def latent(values: np.ndarray) -> str:
    """A latent float32 [d] as bars around 0, from -3 to 3; a short one as numbers."""
    if len(values) <= SHORT:
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


def numbers(values: np.ndarray) -> str:
    """A latent as Python has it."""
    return f"[{', '.join(f'{value:.4f}' for value in values.tolist())}]"


def nearest(pictures: list[np.ndarray], distances: list[float]) -> str:
    """Real images uint8 [h, w, c], nearest first, with their distances."""
    shown = (picture(p, f"{d:.3f}") for p, d in zip(pictures, distances, strict=True))
    return f"<div class='near'>{''.join(shown)}</div>"


def yardstick(distance: float, usual: np.ndarray, measure: str) -> str:
    """What a distance to the nearest real sample says, next to those of held-out real ones: float32 [n]."""
    nearer = round(100 * float((usual < distance).mean()))
    return (
        f"A copy would be at 0. Held-out real ones are {np.median(usual):.3f} from their nearest (median); "
        f"this sample, at {distance:.3f}, is further away than {nearer} % of them. {measure}"
    )


def cost(seconds: float, with_gradients: float, kept: int, n: int) -> str:
    """A forward pass with and without what backward would need."""
    row = "<tr><td>{}<td>{:.2f} ms<td>{}"
    return (
        "<table><tr><th>a batch of 64<th>CPU time<th>kept for backward"
        + row.format("under no_grad", 1000 * seconds, "nothing")
        + row.format("with gradients", 1000 * with_gradients, file_size(kept))
        + f"</table><p class='muted small'>In one graph, {n:,} samples would keep {file_size(kept * n // 64)}.</p>"
    )
