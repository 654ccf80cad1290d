"""Pictures read from files, whatever their format and depth.

Whatever bytes a file holds, reading it raises only ValueError, in one sentence for the user.
"""

import logging
import posixpath
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import IO, NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features
from PIL.TiffImagePlugin import TiffImageFile

from ganlab.data.content import START, mismatch

LIMIT_PIXELS = 50_000_000  # of a picture that is read
LIMIT_SIDE = 65_535  # pixels, as in JPEG and GIF: PIL takes 12 bytes more for every row
_FORMATS = {
    "PNG": "PNG",
    "JPEG": "JPEG",
    "GIF": "GIF",
    "BMP": "BMP",
    "WEBP": "WebP",
    "TIFF": "TIFF",
    "AVIF": "AVIF",
    "JPEG2000": "JPEG 2000",
    "PPM": "PPM",
    "TGA": "TGA",
}
"""Those that are read, if Pillow can, by its names for them, with the usual names."""
_BITS_PER_SAMPLE, _SAMPLE_FORMAT = 258, 339  # tags of a TIFF
_OPTIONAL = {"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}  # what Pillow may be built without
_MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
# A picture with a flaw is read all the same, or refused by name: nothing for the terminal.
warnings.filterwarnings("ignore", module="PIL")
logging.getLogger("PIL").setLevel(logging.CRITICAL)


class Refusal(ValueError):
    """One sentence for the user, unlike the ValueErrors of zipfile and PIL."""


class Range(NamedTuple):
    """Two values: those that become black and white, or the smallest and the largest that are used."""

    low: float
    high: float


FULL = Range(0.0, 1.0)


class Square(NamedTuple):
    """A small square picture, and which values its file uses."""

    pixels: np.ndarray  # uint8 [size, size, c]
    used: Range  # from the smallest to the largest: shares of what the file allows, or the values if it sets no limits
    limited: bool  # whether the file says which values are black and white: float and 32-bit pictures don't


@cache
def formats() -> dict[str, str]:
    """The usual names of the formats that the installed Pillow reads, by its own names for them."""
    return {name: usual for name, usual in _FORMATS.items() if features.check(_OPTIONAL.get(name, "pil"))}


@cache
def suffixes() -> dict[str, str]:
    """The format of each suffix that the name of a picture may have, in lower case with its dot."""
    return {suffix: name for suffix, name in Image.registered_extensions().items() if name in formats()}


def read_square(
    file: IO[bytes],
    size: int,
    fit: str,
    colour: str,
    name: str,
    limited: Range = FULL,
    unlimited: Range | None = None,
) -> Square:
    """The first frame, upright, on white: uint8 [size, size, c], c = 3 for colour "rgb", 1 for "grey".

    `fit` is "stretch" (torchvision's Resize((size, size))) or "crop" (the largest centred square, resized). What
    becomes black and white is `limited`, shares of the values that the file allows; where the file sets no limits, it
    is `unlimited`, or else what the picture itself uses. Raises Refusal, with the name in it.
    """
    with readable(name):
        upright, used, has_limits = _upright(file, 2 * size, name, limited, unlimited)
        resized = ImageOps.fit if fit == "crop" else Image.Image.resize
        picture = _on_white(resized(upright, (size, size), Image.Resampling.BILINEAR))
    pixels = np.asarray(picture.convert("RGB" if colour == "rgb" else "L")).reshape(size, size, -1)
    if used:
        return Square(pixels, used, has_limits)
    used = Range(int(pixels.min()) / 255, int(pixels.max()) / 255)
    return Square(pixels if limited == FULL else _scaled(pixels / np.float32(255), limited), used, True)


@contextmanager
def readable(name: str, what: str = "an image") -> Iterator[None]:
    """Turns whatever is wrong with a file into a Refusal with its name in it, but not what the system refuses."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:  # zipfile and PIL raise a dozen kinds for broken files
        if isinstance(error, OSError) and error.errno is not None:  # a full disk, or a drive that is gone
            raise
        problem = "is cut short" if "truncated" in str(error).lower() else f"can't be read as {what}"
        raise Refusal(f"{name} {problem}.") from None


def read_header(file: IO[bytes], name: str) -> Image.Image:
    """A picture whose pixels are not read yet. Raises Refusal if it is too large."""
    limits = f"at most {LIMIT_PIXELS:,} pixels are allowed, and {LIMIT_SIDE:,} on a side"
    too_large = Refusal(f"{name} is too large; {limits}.")
    try:
        # A TGA, the last of them, does not say what it is: almost any file could be one.
        is_tga = suffixes().get(suffix(name)) == "TGA"
        image = Image.open(file, formats=list(formats())[: None if is_tga else -1])
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):  # PIL's own limits are higher
        raise too_large from None
    except UnidentifiedImageError:
        file.seek(0)
        if problem := mismatch(file.read(START), "an image"):
            raise Refusal(f"{name} {problem}.") from None
        raise
    if image.width * image.height > LIMIT_PIXELS or max(image.size) > LIMIT_SIDE:
        raise too_large
    return image


def suffix(name: str) -> str:
    """The suffix of a file's name, in lower case with its dot."""
    return posixpath.splitext(name)[1].lower()


def read_whole(file: IO[bytes], name: str) -> Image.Image:
    """The first frame in its own size: RGB, upright, on white. Raises Refusal, with the name in it."""
    with readable(name):
        return _on_white(_upright(file, None, name, FULL, None)[0]).convert("RGB")


def _upright(
    file: IO[bytes], at_least: int | None, name: str, limited: Range, unlimited: Range | None
) -> tuple[Image.Image, Range | None, bool]:
    """The first frame, upright, 8 bits per channel: RGB or RGBA; of a deeper one also `used` and `limited` of Square.

    A JPEG may be shrunk to sides >= `at_least`.
    """
    image = read_header(file, name)
    if at_least:
        image.draft(None, (at_least, at_least))
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _in_8_bits(image, name, limited, unlimited)
    if image.mode == "LAB" and (rgb := ImageCms.applyTransform(image, _from_lab())):
        return rgb, None, True
    if image.mode not in _MODES:
        raise Refusal(f"{name} has the unusual pixel format {image.mode}; save it as an ordinary PNG or JPEG.")
    return image.convert("RGBA" if image.has_transparency_data else "RGB"), None, True


def _in_8_bits(
    image: Image.Image, name: str, limited: Range, unlimited: Range | None
) -> tuple[Image.Image, Range, bool]:
    """A grey picture of more than 8 bits, which PIL would clip at 255 instead of scaling."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    values = np.asarray(image)
    if image.mode == "I" and tags and tags.get(_SAMPLE_FORMAT, (1,)) == (1,):
        values = values.view(np.uint32)
    values = values.astype(np.float32 if image.mode.startswith("I;16") else np.float64)
    if not np.isfinite(values).all():
        raise Refusal(f"{name} has pixels that are not finite numbers.")
    has_limits = image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))
    most = 2 ** tags.get(_BITS_PER_SAMPLE, (16,))[0] - 1 if has_limits else 1
    used = Range(float(values.min()) / most, float(values.max()) / most)
    low, high = limited if has_limits else unlimited or used
    key = image.info.get("transparency")
    opaque = Image.fromarray(values != key).convert("L") if isinstance(key, int) else None
    grey = Image.fromarray(_scaled(values, Range(low * most, high * most)))
    if opaque:
        grey.putalpha(opaque)
    return grey.convert("RGBA" if opaque else "RGB"), used, has_limits


def _scaled(values: np.ndarray, black_and_white: Range) -> np.ndarray:
    """Floating-point values as uint8, from 0 for black to 255 for white. They are changed: they may be large."""
    low, high = black_and_white
    values -= low
    values /= (high - low) / 255 or 1.0
    values += 0.5
    return values.clip(0, 255, out=values).astype(np.uint8)


@cache
def _from_lab() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture
