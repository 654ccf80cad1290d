"""Image files: samples written as sheets, scatter plots, PNG, GIF, ZIP, NPZ or CSV, and any ordinary picture read.

Whatever bytes a picture holds, reading it raises only ValueError, in one sentence for the user.
"""

import io
import logging
import posixpath
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageDraw, ImageOps, features
from PIL.TiffImagePlugin import TiffImageFile

REAL, GENERATED = (123, 128, 136), (122, 63, 184)  # grey and violet, as on the page
GAP = 2  # pixels around every image of a sheet, before enlarging: as in torchvision's make_grid
LARGEST = 25_000_000  # pixels of a picture that is written: 75 MB in colour, about a second to compress
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


def to_uint8(images: np.ndarray) -> np.ndarray:
    """float [n, c, h, w] in [-1, 1] -> uint8 [n, h, w, c]."""
    return ((images.transpose(0, 2, 3, 1) + 1) * 127.5).round().clip(0, 255).astype(np.uint8)


def shown(samples: np.ndarray) -> np.ndarray:
    """Images as uint8 [n, h, w, c], points unchanged."""
    return to_uint8(samples) if samples.ndim == 4 else samples


def sheet(images: np.ndarray, columns: int, upscale: int = 1) -> Image.Image:
    """uint8 [n, h, w, c], c = 1 or 3 -> one picture of them all, row by row, on black."""
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, height + GAP, width + GAP, channels), np.uint8)
    cells[:n, :height, :width] = images
    grid = cells.reshape(rows, columns, height + GAP, width + GAP, channels).swapaxes(1, 2)
    grid = grid.reshape(rows * (height + GAP), columns * (width + GAP), channels)
    return picture(np.pad(grid, ((GAP, 0), (GAP, 0), (0, 0))), upscale)


def scatter(
    generated: np.ndarray, real: np.ndarray | None = None, size: int = 600, joined: bool = False
) -> Image.Image:
    """Points [n, 2] in [-2, 2]^2 on white: real ones as grey rings, generated ones as violet dots.

    A line goes through these in their order if `joined`.
    """
    fine = 3  # drawn three times larger, then shrunk, so that edges are smooth
    canvas = Image.new("RGB", (size * fine, size * fine), "white")
    draw = ImageDraw.Draw(canvas)

    def place(point: np.ndarray) -> tuple[float, float]:
        return (0.5 + point[0] / 4) * size * fine, (0.5 - point[1] / 4) * size * fine

    def around(point: np.ndarray, radius: float) -> tuple[float, float, float, float]:
        x, y = place(point)
        return x - radius, y - radius, x + radius, y + radius

    for point in real if real is not None else ():
        draw.ellipse(around(point, 4 * fine), outline=REAL, width=fine)
    if joined:
        draw.line([place(point) for point in generated], fill=GENERATED, width=fine)
    for point in generated:
        draw.ellipse(around(point, 2.5 * fine), fill=GENERATED)
    return canvas.resize((size, size), Image.Resampling.LANCZOS)


def png(picture: Image.Image, compress_level: int = 6) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=compress_level)
    return file.getvalue()


def zip_of_pngs(images: np.ndarray) -> bytes:
    """uint8 [n, h, w, c] -> a ZIP of n PNGs in native size, 0000.png first; equal images give equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for i, image in enumerate(images):
            archive.writestr(zipfile.ZipInfo(f"{i:04}.png"), png(picture(image)))  # dated 1980
    return file.getvalue()


def gif(images: np.ndarray, upscale: int = 1, milliseconds: int = 80, there_and_back: bool = False) -> bytes:
    """uint8 [n, h, w, c] -> a GIF that repeats forever; grey is exact, RGB has 256 colours per frame."""
    if there_and_back:
        images = np.concatenate([images, images[-2:0:-1]])
    frames = [picture(image, upscale) for image in images]
    if images.shape[-1] == 3:
        frames = [frame.quantize(256, dither=Image.Dither.NONE) for frame in frames]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0)
    return file.getvalue()


def npz(latents: np.ndarray, samples: np.ndarray) -> bytes:
    """A compressed NPZ: `latents` [n, latent_dim] and `samples` [n, ...], and of images `pixels` uint8 [n, h, w, c]."""
    file = io.BytesIO()
    pixels: dict[str, Any] = {"pixels": to_uint8(samples)} if samples.ndim == 4 else {}
    np.savez_compressed(file, latents=latents, samples=samples, **pixels)
    return file.getvalue()


def csv(latents: np.ndarray, points: np.ndarray) -> bytes:
    """Points [n, 2] and their latents in columns x, y, z0, z1 ...; nine digits give every float32 back exactly."""
    names = ["x", "y", *(f"z{i}" for i in range(latents.shape[1]))]
    rows = (",".join(f"{value:.9g}" for value in row) for row in np.hstack([points, latents]).tolist())
    return ("\n".join([",".join(names), *rows]) + "\n").encode()


def largest_upscale(images: np.ndarray, columns: int) -> int:
    """How many times a sheet of uint8 [n, h, w, c] may be enlarged: at least 1."""
    n, height, width, _ = images.shape
    pixels = -(-n // columns) * (height + GAP) * columns * (width + GAP)
    return max(1, int((LARGEST / pixels) ** 0.5))


def picture(pixels: np.ndarray, upscale: int = 1) -> Image.Image:
    """uint8 [h, w, c] -> a grey or RGB picture, each pixel `upscale` pixels wide and high."""
    native = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    return native.resize((native.width * upscale, native.height * upscale), Image.Resampling.NEAREST)


class Refusal(ValueError):
    """One sentence for the user, unlike the ValueErrors of zipfile and PIL."""


class Range(NamedTuple):
    """The values that become black and white."""

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
    """Turns whatever goes wrong in reading a file into a Refusal with its name in it."""
    try:
        yield
    except Refusal:
        raise
    except Exception:  # zipfile and PIL raise a dozen kinds for broken files
        raise Refusal(f"{name} can't be read as {what}.") from None


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
    values = values.astype(np.float64 if image.mode == "I" else np.float32)
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
