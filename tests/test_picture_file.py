"""Pictures in every mode and depth that Pillow reads, against what Pillow itself decodes."""

import io
import struct
import zlib
from pathlib import Path

import hostile
import numpy as np
import pytest
from photos import decoded, encoded, tiff
from PIL import Image, ImageCms

from ganlab.data import picture_file

SIDE = 8
RAMP = np.linspace(0, 1, SIDE * SIDE).reshape(SIDE, SIDE)
COLOURS = np.stack([RAMP, RAMP.T, 1 - RAMP], axis=2)
RGB = Image.fromarray((COLOURS * 255).astype(np.uint8))
ALPHA = Image.fromarray((RAMP[::-1] * 255).astype(np.uint8))
GREY, PALETTE = RGB.convert("L"), RGB.quantize(16)
RGBA, LA = (Image.merge(mode, (*image.split(), ALPHA)) for mode, image in (("RGBA", RGB), ("LA", GREY)))
DEEP = (RAMP * 65535).round().astype(np.uint16)
LAB = ImageCms.profileToProfile(RGB, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
PNG_GREY, PNG_RGB, PNG_LA, PNG_RGBA = 0, 2, 4, 6  # colour types
PALETTE_COLOUR, COLOUR, SEPARATED, SIGNED = 3, 2, 5, 2  # of a TIFF


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    return encoded(image, kind, **options)


def png(bits: int, colour_type: int, values: np.ndarray) -> bytes:
    """Whole numbers [h, w] or [h, w, c] as a PNG of a depth that Pillow does not write."""
    if bits == 16:
        rows = [row.astype(">u2").tobytes() for row in values]
    else:
        rows = [np.packbits(((row[:, None] >> np.arange(bits)[::-1]) & 1).astype(np.uint8)).tobytes() for row in values]
    return hostile.raw_png(SIDE, SIDE, bits, colour_type, zlib.compress(b"".join(b"\0" + row for row in rows)))


def whole(bits: int, values: np.ndarray = RAMP) -> np.ndarray:
    return (values * (2**bits - 1)).round().astype(np.int64)


def pnm(magic: str, most: int, values: np.ndarray) -> bytes:
    data = values.astype(">u2" if most > 255 else "u1").tobytes()
    return f"{magic} {SIDE} {SIDE} {most}\n".encode() + data


WITH_4 = np.concatenate([COLOURS, RAMP[::-1, :, None]], axis=2)
EIGHT_BITS = {
    "1.png": saved(RGB.convert("1"), "PNG"),
    "L.png": saved(GREY, "PNG"),
    "L-2-bits.png": png(2, PNG_GREY, whole(2)),
    "L-4-bits.png": png(4, PNG_GREY, whole(4)),
    "LA.png": saved(LA, "PNG"),
    "LA-16-bits.png": png(16, PNG_LA, whole(16, WITH_4[..., 2:])),
    "P.png": saved(PALETTE, "PNG"),
    "P-4-bits.png": saved(PALETTE, "PNG", bits=4),
    "P-transparent.png": saved(PALETTE, "PNG", transparency=3),
    "L-transparent.png": saved(GREY, "PNG", transparency=GREY.getpixel((3, 3))),
    "RGB.png": saved(RGB, "PNG"),
    "RGB-transparent.png": saved(RGB, "PNG", transparency=RGB.getpixel((2, 2))),
    "RGB-16-bits.png": png(16, PNG_RGB, whole(16, COLOURS)),
    "RGBA.png": saved(RGBA, "PNG"),
    "RGBA-16-bits.png": png(16, PNG_RGBA, whole(16, WITH_4)),
    "1.tif": saved(RGB.convert("1"), "TIFF"),
    "L.tif": saved(GREY, "TIFF"),
    "L-inverted.tif": tiff(8, whole(8), photometric=0),
    "L-2-bits.tif": tiff(2, whole(2)),
    "L-4-bits.tif": tiff(4, whole(4)),
    "LA.tif": saved(LA, "TIFF"),
    "P.tif": saved(PALETTE, "TIFF"),
    "PA.tif": saved(PALETTE.convert("PA"), "TIFF"),
    "RGB.tif": saved(RGB, "TIFF"),
    "RGB-16-bits.tif": tiff(16, whole(16, COLOURS), COLOUR),
    "RGBA.tif": saved(RGBA, "TIFF"),
    "RGBX.tif": saved(RGB.convert("RGBX"), "TIFF"),
    "CMYK.tif": saved(RGB.convert("CMYK"), "TIFF"),
    "CMYK-16-bits.tif": tiff(16, whole(16, WITH_4), SEPARATED),
    "YCbCr.tif": saved(RGB.convert("YCbCr"), "TIFF"),
    "L.jpg": saved(GREY, "JPEG"),
    "RGB.jfif": saved(RGB, "JPEG"),
    "RGB.jpe": saved(RGB, "JPEG", progressive=True),
    "CMYK.jpg": saved(RGB.convert("CMYK"), "JPEG"),
    "L.gif": saved(GREY, "GIF"),
    "P-transparent.gif": saved(PALETTE, "GIF", transparency=3),
    "1.bmp": saved(RGB.convert("1"), "BMP"),
    "L.bmp": saved(GREY, "BMP"),
    "P.bmp": saved(PALETTE, "BMP"),
    "RGB.bmp": saved(RGB, "BMP"),
    "RGBA.bmp": saved(RGBA, "BMP"),
    "RGB.webp": saved(RGB, "WEBP"),
    "RGBA.webp": saved(RGBA, "WEBP", lossless=True),
    "RGB.avif": saved(RGB, "AVIF"),
    "RGBA.avif": saved(RGBA, "AVIF"),
    "L.jp2": saved(GREY, "JPEG2000"),
    "LA.j2k": saved(LA, "JPEG2000", no_jp2=True),
    "RGB.jp2": saved(RGB, "JPEG2000"),
    "RGBA.jp2": saved(RGBA, "JPEG2000"),
    "1.pbm": saved(RGB.convert("1"), "PPM"),
    "L.pgm": saved(GREY, "PPM"),
    "RGB.ppm": saved(RGB, "PPM"),
    "RGB-12-bits.ppm": pnm("P6", 4095, whole(12, COLOURS)),
    "L.tga": saved(GREY, "TGA"),
    "LA.tga": saved(LA, "TGA"),
    "P.tga": saved(PALETTE, "TGA"),
    "RGB.tga": saved(RGB, "TGA", compression="tga_rle"),
    "RGBA.tga": saved(RGBA, "TGA"),
}
DEEPER: dict[str, tuple[bytes, float]] = {
    "I16.png": (saved(Image.fromarray(DEEP), "PNG"), 65535),
    "I16.tif": (saved(Image.fromarray(DEEP), "TIFF"), 65535),
    "I16-big-endian.tif": (saved(Image.frombytes("I;16B", (SIDE, SIDE), DEEP.byteswap().tobytes()), "TIFF"), 65535),
    "I12.tif": (tiff(12, whole(12)), 4095),
    "I16.jp2": (saved(Image.fromarray(DEEP), "JPEG2000"), 65535),
    "I.pgm": (pnm("P5", 65535, whole(16)), 65535),
    "I-12-bits.pgm": (pnm("P5", 4095, whole(12)), 65535),
    "I-9-bits.pgm": (pnm("P5", 511, whole(9)), 65535),
}
"""Grey pictures of more than 8 bits, and the value that Pillow has for white."""
UNLIMITED = {
    "I-signed-16.tif": tiff(16, whole(16) - 32768, sample_format=SIGNED),
    "I-signed-32.tif": saved(Image.fromarray((RAMP * 2e9 - 1e9).astype(np.int32)), "TIFF"),
    "I-32.tif": tiff(32, whole(32)),
    "F.tif": saved(Image.fromarray(RAMP.astype(np.float32) * 3 - 1), "TIFF"),
    "F-huge.tif": saved(Image.fromarray(((RAMP * 2 - 1) * 3.4e38).astype(np.float32)), "TIFF"),
    "F.pfm": f"Pf {SIDE} {SIDE} -1.0\n".encode() + struct.pack("<64f", *RAMP[::-1].flat),
}
"""Grey pictures whose files don't say which values are black and white: these go from one to the other."""


def square(name: str, data: bytes) -> np.ndarray:
    return picture_file.read_square(io.BytesIO(data), SIDE, "stretch", "rgb", name).pixels.astype(int)


@pytest.mark.parametrize("name", EIGHT_BITS)
def test_eight_bits_are_those_of_pillow(name: str) -> None:
    rgba = np.asarray(Image.open(io.BytesIO(EIGHT_BITS[name])).convert("RGBA")).astype(float)
    alpha = rgba[..., 3:] / 255
    on_white = rgba[..., :3] * alpha + 255 * (1 - alpha)
    assert np.ptp(on_white) > 50
    assert np.abs(square(name, EIGHT_BITS[name]) - on_white).max() <= 1


@pytest.mark.parametrize("name", DEEPER)
def test_more_bits_are_scaled_by_what_the_file_states(name: str) -> None:
    data, white = DEEPER[name]
    expected = np.asarray(Image.open(io.BytesIO(data))) / white * 255
    assert (expected.min(), expected.max()) == (0, 255)
    assert np.abs(square(name, data) - expected[..., None]).max() <= 0.5


@pytest.mark.parametrize("name", UNLIMITED)
def test_values_without_limits_go_from_black_to_white(name: str) -> None:
    assert np.abs(square(name, UNLIMITED[name]) - RAMP[..., None] * 255).max() <= 0.51


def test_lab_has_its_colours() -> None:
    profiles = (ImageCms.createProfile(space) for space in ("LAB", "sRGB"))
    by_pillow = ImageCms.profileToProfile(LAB, *profiles, outputMode="RGB")
    pixels = square("LAB.tif", saved(LAB, "TIFF"))
    assert np.abs(pixels - np.asarray(by_pillow)).max() <= 1
    assert np.abs(pixels - np.asarray(RGB)).mean() < 5  # LAB itself is coarse in 8 bits


def test_a_transparent_value_of_16_bits_is_white() -> None:
    values = np.where(RAMP > 0.5, 1000, 60000).astype(np.uint16)
    pixels = square("keyed.png", saved(Image.fromarray(values), "PNG", transparency=1000))
    assert (pixels == np.where(RAMP > 0.5, 255, 233)[..., None]).all()


def test_every_mode_is_decoded_in_one_archive(tmp_path: Path) -> None:
    all_of_them = EIGHT_BITS | {name: data for name, (data, _) in DEEPER.items()} | UNLIMITED
    hostile.write_zip(tmp_path / "modes.zip", all_of_them)
    pixels, result = decoded(tmp_path / "modes.zip", SIDE)
    assert (len(pixels), result.left_out, result.others) == (len(all_of_them), [], {})
    assert len(all_of_them) > 70
