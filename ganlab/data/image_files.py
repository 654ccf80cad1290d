"""One picture of the user's own: any ordinary image file to square pixels. Knows nothing of archives or networks.

Whatever bytes a file holds, this module raises only ValueError, in one sentence for the user.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
from PIL import Image, ImageOps

LIMIT_PIXELS = 50_000_000
"""Pixels of one picture."""
LIMIT_SIDE = 65_535
"""Pixels on a side, as in JPEG and GIF: PIL takes 12 bytes more for every row."""
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}


class Refusal(ValueError):
    """One sentence for the user, unlike the ValueErrors of zipfile and PIL."""


def pixels(file: IO[bytes], size: int, fit: str, colour: str, name: str) -> np.ndarray:
    """The first frame, upright, on white: uint8 [size, size, c], c = 3 for colour "rgb", 1 for "grey".

    `fit` is "stretch" (torchvision's Resize((size, size))) or "crop" (the largest centred square, resized). Raises
    Refusal, with the name in it.
    """
    with readable(name):
        picture = _square(_upright(file, 2 * size, name), size, fit)
    return np.asarray(picture.convert("RGB" if colour == "rgb" else "L")).reshape(size, size, -1)


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turns whatever goes wrong in reading a picture into a Refusal with the name in it."""
    try:
        yield
    except Refusal:
        raise
    except Exception:  # zipfile and PIL raise a dozen kinds for broken files
        raise Refusal(f"{name} can't be read as an image.") from None


def header(file: IO[bytes], name: str) -> Image.Image:
    """A picture whose pixels are not read yet. Raises Refusal if it is too large."""
    too_large = Refusal(
        f"{name} is too large; at most {LIMIT_PIXELS:,} pixels are allowed, and {LIMIT_SIDE:,} on a side."
    )
    try:
        image = Image.open(file, formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):  # PIL's own limits are higher
        raise too_large from None
    if image.width * image.height > LIMIT_PIXELS or max(image.size) > LIMIT_SIDE:
        raise too_large
    return image


def whole(file: IO[bytes], name: str) -> Image.Image:
    """The first frame in its own size: RGB, upright, on white. Raises Refusal, with the name in it."""
    with readable(name):
        return _on_white(_upright(file, None, name)).convert("RGB")


def _upright(file: IO[bytes], at_least: int | None, name: str) -> Image.Image:
    """The first frame, upright, 8 bits per channel: RGB or RGBA. A JPEG may be shrunk to sides >= `at_least`."""
    image = header(file, name)
    if at_least:
        image.draft(None, (at_least, at_least))
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16") or (image.mode, image.format) == ("I", "PNG"):
        # PIL would clip 16 bits at 255 instead of scaling them.
        return Image.fromarray((np.asarray(image) / np.float32(257) + 0.5).astype(np.uint8)).convert("RGB")
    if image.mode not in _MODES:
        raise Refusal(f"{name} has the unusual pixel format {image.mode}; save it as an ordinary PNG or JPEG.")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _square(picture: Image.Image, size: int, fit: str) -> Image.Image:
    """An RGB or RGBA picture at size x size pixels, on white."""
    resized = ImageOps.fit if fit == "crop" else Image.Image.resize
    return _on_white(resized(picture, (size, size), Image.Resampling.BILINEAR))


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture
