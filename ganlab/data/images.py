"""Samples as pictures and files: uint8, sheets, PNG, ZIP, NPZ. Knows nothing of networks or runs."""

import io
import zipfile

import numpy as np
from PIL import Image, ImageDraw

REAL, GENERATED = (123, 128, 136), (122, 63, 184)  # grey and violet, as on the page


def to_uint8(images: np.ndarray) -> np.ndarray:
    """float [n, c, h, w] in [-1, 1] -> uint8 [n, h, w, c]."""
    return ((images.transpose(0, 2, 3, 1) + 1) * 127.5).round().clip(0, 255).astype(np.uint8)


GAP = 2  # pixels around every picture of a sheet, before enlarging: as torchvision's make_grid has it


def sheet(images: np.ndarray, columns: int, upscale: int = 1) -> Image.Image:
    """uint8 [n, h, w, c], c = 1 or 3 -> one picture, row by row on black."""
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
    """Points [n, 2] in [-2, 2]^2 as a white picture: real ones grey rings, generated ones violet dots.

    The generated ones may be joined by a line, in their order.
    """
    fine = 3  # drawn three times larger and shrunk, so that edges are smooth
    picture = Image.new("RGB", (size * fine, size * fine), "white")
    draw = ImageDraw.Draw(picture)

    def place(point: np.ndarray) -> tuple[float, float]:
        return (0.5 + point[0] / 4) * size * fine, (0.5 - point[1] / 4) * size * fine

    def circle(point: np.ndarray, radius: float, **look: object) -> None:
        x, y = place(point)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), **look)

    for point in real if real is not None else ():
        circle(point, 4 * fine, outline=REAL, width=fine)
    if joined:
        draw.line([place(point) for point in generated], fill=GENERATED, width=fine)
    for point in generated:
        circle(point, 2.5 * fine, fill=GENERATED)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def png(picture: Image.Image, compress_level: int = 6) -> bytes:
    """The picture as a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=compress_level)
    return file.getvalue()


def zip_of_pngs(images: np.ndarray) -> bytes:
    """uint8 [n, h, w, c] -> a ZIP of n PNGs in native size, 0000.png first; the same bytes every time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for i, image in enumerate(images):
            entry = zipfile.ZipInfo(f"{i:04}.png", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, png(picture(image)))
    return file.getvalue()


def gif(images: np.ndarray, upscale: int = 1, milliseconds: int = 80, there_and_back: bool = False) -> bytes:
    """uint8 [n, h, w, c] -> an animation that repeats for ever; grey is exact, of RGB each frame has 256 colours."""
    if there_and_back:
        images = np.concatenate([images, images[-2:0:-1]])
    frames = [picture(image, upscale) for image in images]
    if images.shape[-1] == 3:
        frames = [frame.quantize(256, dither=Image.Dither.NONE) for frame in frames]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0)
    return file.getvalue()


def npz(latents: np.ndarray, samples: np.ndarray) -> bytes:
    """A compressed NPZ with `latents` float32 [n, latent_dim] and `samples` float32 [n, ...].

    Images also as `pixels` uint8 [n, h, w, c].
    """
    arrays = {"latents": latents, "samples": samples}
    if samples.ndim == 4:
        arrays["pixels"] = to_uint8(samples)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def csv(latents: np.ndarray, points: np.ndarray) -> bytes:
    """Points [n, 2] and their latents as rows x, y, z0, z1 ...; nine digits give every float32 back."""
    names = ["x", "y", *(f"z{i}" for i in range(latents.shape[1]))]
    rows = (",".join(f"{value:.9g}" for value in row) for row in np.hstack([points, latents]).tolist())
    return ("\n".join([",".join(names), *rows]) + "\n").encode()


LARGEST = 25_000_000  # pixels of a picture: 75 MB in colour, about a second to compress


def largest_upscale(images: np.ndarray, columns: int) -> int:
    """How many times a sheet of uint8 [n, h, w, c] may be enlarged."""
    n, height, width, _ = images.shape
    pixels = -(-n // columns) * (height + GAP) * columns * (width + GAP)
    return max(1, int((LARGEST / pixels) ** 0.5))


def picture(pixels: np.ndarray, upscale: int = 1) -> Image.Image:
    """uint8 [h, w, c] -> a grey or RGB picture, each pixel `upscale` pixels wide."""
    native = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    return native.resize((native.width * upscale, native.height * upscale), Image.Resampling.NEAREST)
