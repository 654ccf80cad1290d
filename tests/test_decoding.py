"""The user's own images as pixels: each picture, whatever its format and depth, and the set as a whole."""

import errno
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import hostile
import numpy as np
import pytest
import torch
from photos import decoded, encoded, tiff
from PIL import Image

from ganlab.data import picture_file
from ganlab.data.decoding import sentences

RNG = np.random.default_rng(0)
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def rgb16_png(pixels: np.ndarray) -> bytes:
    """uint16 [h, w, 3] as a PNG, which PIL writes in 8 bits only."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return hostile.raw_png(pixels.shape[1], pixels.shape[0], 16, 2, zlib.compress(rows))


def zip_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    hostile.write_zip(tmp_path / "photos.zip", files)
    return tmp_path / "photos.zip"


def pixels_of(data: bytes, name: str, size: int, fit: str = "stretch", colour: str = "rgb") -> np.ndarray:
    """One picture as uint8 [size, size, c]."""
    return picture_file.read_square(io.BytesIO(data), size, fit, colour, name).pixels


def squares(corners: list[tuple[int, ...]], mode: str, side: int = 2) -> Image.Image:
    """Four squares of one colour each, row by row."""
    pixels = np.array(corners, np.uint8).reshape(2, 2, -1).repeat(side // 2, 0).repeat(side // 2, 1)
    return Image.frombytes(mode, (side, side), pixels.tobytes())


def palette_with_transparency() -> bytes:
    image = Image.new("P", (2, 2))
    image.putpalette([*RED, *GREEN, *BLUE, *BLACK])
    image.putdata([0, 1, 2, 3])
    return encoded(image, transparency=bytes([255, 255, 255, 0]))


def animated_gif() -> bytes:
    frames = [Image.new("RGB", (2, 2), colour) for colour in (RED, GREEN, BLUE)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


GREYS = np.array([[0, 257], [32768, 65535]], np.uint16)
GREY_RESULT = [(0, 0, 0), (1, 1, 1), (128, 128, 128), WHITE]
COLOURS = [RED, GREEN, BLUE, BLACK]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("rgb.png", encoded(squares(COLOURS, "RGB")), COLOURS),
        ("rgb.BMP", encoded(squares(COLOURS, "RGB"), "BMP"), COLOURS),
        ("rgb.webp", encoded(squares(COLOURS, "RGB"), "WEBP", lossless=True), COLOURS),
        ("rgb.tif", encoded(squares(COLOURS, "RGB"), "TIFF"), COLOURS),
        ("lzw.tiff", encoded(squares(COLOURS, "RGB"), "TIFF", compression="tiff_lzw"), COLOURS),
        ("palette.png", palette_with_transparency(), [RED, GREEN, BLUE, WHITE]),
        ("animated.gif", animated_gif(), [RED] * 4),
        (
            "rgba.png",
            encoded(squares([(255, 0, 0, 255), (0, 0, 0, 0), (0, 0, 0, 128), (0, 0, 255, 51)], "RGBA")),
            [RED, WHITE, (127, 127, 127), (204, 204, 255)],
        ),
        (
            "la.png",
            encoded(squares([(0, 255), (0, 0), (0, 128), (100, 255)], "LA")),
            [BLACK, WHITE, (127, 127, 127), (100, 100, 100)],
        ),
        (
            "colour-key.png",
            encoded(squares(COLOURS, "RGB"), transparency=(0, 0, 0)),
            [RED, GREEN, BLUE, WHITE],
        ),
        (
            "cmyk.tif",
            encoded(squares([(0, 255, 255, 0), (255, 0, 255, 0), (255, 255, 0, 0), (0, 0, 0, 255)], "CMYK"), "TIFF"),
            COLOURS,
        ),
        ("one-bit.png", encoded(Image.frombytes("1", (2, 2), b"\x40\x80")), [BLACK, WHITE, WHITE, BLACK]),
        ("grey16.png", encoded(Image.fromarray(GREYS)), GREY_RESULT),
        ("grey16.tif", encoded(Image.fromarray(GREYS), "TIFF"), GREY_RESULT),
        ("rgb16.png", rgb16_png(GREYS[..., None].repeat(3, 2)), GREY_RESULT),
    ],
)
def test_every_kind_of_picture_has_its_colours(name: str, data: bytes, expected: list[tuple[int, ...]]) -> None:
    pixels = pixels_of(data, name, 2)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.reshape(4, 3).astype(int) - expected).max() <= 1


def test_cmyk_jpeg_has_its_colours() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    assert np.abs(pixels_of(data, "cmyk.jpg", 2).astype(int) - RED).max() < 8


@pytest.mark.parametrize(("name", "kind"), [("cat.jpg", "JPEG"), ("cat.png", "PNG"), ("cat.tif", "TIFF")])
def test_pictures_stand_upright(name: str, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned 90 degrees clockwise: the lower left corner goes to the upper left
    data = encoded(squares([BLACK, GREEN, RED, BLUE], "RGB", 64), kind, exif=exif)
    corners = pixels_of(data, name, 16)[2::11, 2::11].reshape(4, 3)
    assert np.abs(corners.astype(int) - [RED, BLACK, BLUE, GREEN]).max() < 60


@pytest.mark.parametrize(("width", "height"), [(60, 20), (20, 60), (31, 30), (16, 16), (5, 3)])
def test_stretch_is_antialiased(width: int, height: int) -> None:
    noise = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    floats = torch.from_numpy(noise).permute(2, 0, 1)[None].float()
    expected = torch.nn.functional.interpolate(floats, (16, 16), mode="bilinear", antialias=True)[0].permute(1, 2, 0)
    pixels = pixels_of(encoded(Image.fromarray(noise)), "noise.png", 16)
    assert np.abs(pixels - expected.numpy()).max() <= 1.01


@pytest.mark.parametrize("upright", [False, True])
def test_crop_takes_the_middle(upright: bool) -> None:
    strip = np.repeat(np.array([RED, GREEN, BLUE], np.uint8), 8, axis=0)[None].repeat(8, 0)  # [8, 24, 3]
    data = encoded(Image.fromarray(strip.swapaxes(0, 1).copy() if upright else strip))
    assert (pixels_of(data, "strip.png", 8, "crop") == GREEN).all()
    stretched = pixels_of(data, "strip.png", 8)
    ends = stretched[[0, -1], 4] if upright else stretched[4, [0, -1]]
    assert ends.tolist() == [list(RED), list(BLUE)]


def test_grey_is_luma() -> None:
    grey = pixels_of(encoded(squares(COLOURS, "RGB")), "rgb.png", 2, colour="grey")
    assert grey.shape == (2, 2, 1)
    assert grey.reshape(-1).tolist() == [76, 150, 29, 0]


def test_a_large_jpeg_is_close_to_its_full_decoding() -> None:
    waves = (np.sin(np.arange(640) / 40) * 100 + 128).astype(np.uint8)
    data = encoded(Image.fromarray(np.minimum(waves[:480, None], waves)), "JPEG", quality=95)
    full = np.asarray(Image.open(io.BytesIO(data)).resize((32, 32), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(pixels_of(data, "waves.jpg", 32, colour="grey")[..., 0] - full).max() <= 3


def test_sizes_up_to_the_limits_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.new("L", (65_535, 2), 200))
    for fit in ("stretch", "crop"):
        assert (pixels_of(data, "line.png", 4, fit) == 200).all()
    monkeypatch.setattr(picture_file, "LIMIT_PIXELS", 2 * 65_535 - 1)
    with pytest.raises(ValueError, match=r"^line.png is too large; at most 131,069 pixels are allowed, and 65,535 "):
        pixels_of(data, "line.png", 4)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_truncated_picture_is_refused_by_name(kind: str) -> None:
    data = encoded(Image.fromarray(RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8)), kind)
    words = "is cut short" if kind in ("PNG", "JPEG") else "(is cut short|can't be read as an image)"
    with pytest.raises(ValueError, match=rf"^cat.png {words}\.$"):
        pixels_of(data[: len(data) // 2], "cat.png", 8)


def test_pictures_come_in_order_of_name(tmp_path: Path) -> None:
    names = [f"{folder}/{i:02}.png" for folder in ("a", "b") for i in range(10)]
    shuffled = RNG.permutation(20)
    archive = zip_of(tmp_path, {names[i]: hostile.png(10 * int(i)) for i in shuffled})
    assert decoded(archive, 4, "crop", "grey")[0][:, 0, 0, 0].tolist() == [10 * i for i in range(20)]


def test_progress_is_announced(tmp_path: Path) -> None:
    archive = zip_of(tmp_path, {f"{i:04}.png": hostile.png() for i in range(1250)})
    messages: list[str] = []
    decoded(archive, 1, announce=messages.append)
    assert messages == [f"decoding images, {i + 1:,} of 1,250" for i in range(1250)]


def test_unreadable_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    cut = encoded(Image.fromarray(RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8)), "JPEG")
    bad = {
        "1/cut.jpg": cut[: len(cut) // 2],
        "2/page.jpg": b"<!DOCTYPE html>",
        "3/huge.png": hostile.black_png(9000, 9000),
    }
    archive = zip_of(tmp_path, {f"0/{i:02}.png": hostile.png(i) for i in range(20)} | bad)
    pixels, result = decoded(archive, 4, colour="grey")
    assert pixels[:, 0, 0, 0].tolist() == list(range(20))
    assert [name for name, _ in result.left_out] == list(bad)
    assert all(why.startswith(name) for name, why in result.left_out)
    assert "too large" in result.left_out[2][1]
    assert sentences(result, "stored")[0] == (
        "3 of 23 images can't be read and were left out: 1/cut.jpg, 2/page.jpg, 3/huge.png."
    )


def test_a_set_with_fewer_than_16_readable_pictures_is_refused(tmp_path: Path) -> None:
    bad = {f"bad{i}.jpg": b"words" for i in range(5)}
    good = dict(list(hostile.good_files().items())[1:])
    with pytest.raises(
        ValueError, match=r"photos.zip holds 15 readable images; .*bad0.jpg, bad1.jpg, bad2.jpg and 2 more\."
    ):
        decoded(zip_of(tmp_path, good | bad), 4)
    assert len(decoded(zip_of(tmp_path, hostile.good_files() | bad), 4)[0]) == 16


def test_a_set_that_uses_little_of_its_range_says_so_and_can_be_stretched(tmp_path: Path) -> None:
    ramp = np.linspace(0, 4095, 64).reshape(8, 8).astype(np.uint16)  # 12 bits, in files that allow 16
    archive = zip_of(tmp_path, {f"{i:02}.png": encoded(Image.fromarray(ramp)) for i in range(16)})
    dark, result = decoded(archive, 8, colour="grey")
    assert dark.max() == 16
    assert result.used == (0, 4095 / 65535)
    assert any("6 %" in text for text in sentences(result, "stored"))
    assert sentences(result, "stretched") == ["All 16 images are the same."]
    bright, _ = decoded(archive, 8, colour="grey", levels="stretched")
    assert np.abs(bright[0, ..., 0] - ramp / 4095 * 255).max() <= 0.5


def test_eight_bits_can_be_stretched_too(tmp_path: Path) -> None:
    shades = {f"{i:02}.png": hostile.png(100 + i) for i in range(16)}
    stretched, result = decoded(zip_of(tmp_path, shades), 4, levels="stretched")
    assert stretched[:, 0, 0, 0].tolist() == [17 * i for i in range(16)]
    assert result.used == (100 / 255, 115 / 255)
    equal, _ = decoded(zip_of(tmp_path, dict.fromkeys(shades, hostile.png(7))), 4, levels="stretched")
    assert (equal == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pictures_without_limits_share_the_range_of_the_set(dtype: type, tmp_path: Path) -> None:
    shades = [Image.fromarray(np.full((4, 4), 1000 * i - 2000, dtype)) for i in range(18)]
    files = {f"{i:02}.tif": encoded(shade, "TIFF") for i, shade in enumerate(shades)} | {"x.png": hostile.png(9)}
    pixels, result = decoded(zip_of(tmp_path, files), 4, colour="grey")
    assert pixels[:, 0, 0, 0].tolist() == [15 * i for i in range(18)] + [9]
    assert result.unlimited == (-2000, 15_000)
    assert any("−2,000, becomes black and the largest, 15,000" in text for text in sentences(result, "stored"))


def test_what_the_system_refuses_is_not_a_broken_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(picture_file, "read_square", gone)
    with pytest.raises(OSError, match="Input/output error"):
        decoded(zip_of(tmp_path, hostile.good_files()), 4)


def test_pixels_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    nan = encoded(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "TIFF")
    _, result = decoded(zip_of(tmp_path, hostile.good_files() | {"nan.tif": nan}), 4)
    assert result.left_out == [("nan.tif", "nan.tif has pixels that are not finite numbers.")]


def test_a_warning_of_pil_does_not_reach_the_terminal(tmp_path: Path) -> None:
    """Also not one that libtiff would print by itself."""
    exif = Image.Exif()
    exif[0x010E] = "words"
    torn = encoded(Image.new("RGB", (8, 8)), "JPEG", exif=exif.tobytes()[:-4])
    one, nine = (struct.pack("<HHII", 277, 4, 1, samples) for samples in (1, 9))
    palette = Image.new("P", (4, 4))
    palette.putpalette([0, 0, 0, 255, 255, 255])
    odd = {
        "torn.jpg": torn,
        "samples.tif": tiff(8, np.zeros((4, 4), int)).replace(one, nine),
        "palette.png": encoded(palette, transparency=b"\0\x80"),
        "huge.png": hostile.black_png(10_000, 10_000),
    }
    for name, data in odd.items():
        (tmp_path / name).write_bytes(data)
    program = """if True:
        import sys
        from pathlib import Path
        from ganlab.data import picture_file
        for path in map(Path, sys.argv[1:]):
            try:
                print(path.name, picture_file.read_square(path.open("rb"), 4, "crop", "rgb", path.name).pixels.shape)
            except picture_file.Refusal as refusal:
                print(refusal)
    """
    ran = subprocess.run(
        [sys.executable, "-c", program, *(tmp_path / name for name in odd)], capture_output=True, text=True
    )
    assert ran.stderr == ""
    assert len(ran.stdout.splitlines()) == len(odd)
