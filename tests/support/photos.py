"""Pictures as files, and what comes of them when all are decoded."""

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from ganlab.data import own_images
from ganlab.data.dataset import Announce
from ganlab.data.decoding import Decoded, decode


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff(bits: int, values: np.ndarray, photometric: int = 1, sample_format: int = 1) -> bytes:
    """A little-endian TIFF of whole numbers [h, w] or [h, w, c] that states `bits` bits per sample; uncompressed."""
    height, width, samples = np.atleast_3d(values).shape
    if bits % 8:
        rows = ["".join(f"{value:0{bits}b}" for value in row.flat) for row in values]
        data = b"".join(int(f"{row:0<{-(-len(row) // 8) * 8}}", 2).to_bytes(-(-len(row) // 8)) for row in rows)
    else:
        data = values.astype(f"<i{bits // 8}" if sample_format == 2 else f"<u{bits // 8}").tobytes()
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 0, 277: samples, 278: height}
    tags |= {279: len(data), 339: sample_format}
    after = 8 + 2 + 12 * len(tags) + 4  # where a list of the bits of each sample stands, and then the pixels
    tags[273] = after + 2 * samples
    entries = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()}
    if samples > 2:
        entries[258] = struct.pack("<HHII", 258, 3, samples, after)
    directory = struct.pack("<H", len(tags)) + b"".join(entries.values()) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<H", bits) * samples + data


def decoded(
    archive: Path | io.BytesIO,
    size: int,
    fit: str = "stretch",
    colour: str = "rgb",
    levels: str = "stored",
    announce: Announce = lambda _: None,
) -> tuple[np.ndarray, Decoded]:
    """All pictures of a ZIP, uint8 [n, size, size, c], and what else `decode` returned."""
    file = io.BytesIO()
    with own_images.in_archive(archive) as pictures:
        result = decode(pictures, size, fit, colour, levels, file, announce)
    pixels = np.frombuffer(file.getvalue(), np.uint8).reshape(result.n, -1, size, size)
    return pixels.transpose(0, 2, 3, 1), result


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder
