"""Samples as image files: sheets, scatter plots, PNG, GIF, ZIP, NPZ or CSV."""

import io
import zipfile
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

REAL, GENERATED = (123, 128, 136), (122, 63, 184)  # grey and violet, as on the page
GAP = 2  # pixels around every image of a sheet, before enlarging: as in torchvision's make_grid
LARGEST = 25_000_000  # pixels of a picture that is written: 75 MB in colour, about a second to compress


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
