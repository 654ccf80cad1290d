"""The user's own images: how pictures are decoded, and which archives are refused."""

import contextlib
import io
import os
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import hostile
import numpy as np
import pytest
import torch
from PIL import Image

from ganlab.data import images, own_images

RNG = np.random.default_rng(0)
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rgb16_png(pixels: np.ndarray) -> bytes:
    """uint16 [h, w, 3] as a PNG, which PIL writes in 8 bits only."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return hostile.raw_png(pixels.shape[1], pixels.shape[0], 16, 2, zlib.compress(rows))


def zip_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    hostile.write_zip(tmp_path / "photos.zip", files)
    return tmp_path / "photos.zip"


def decoded(tmp_path: Path, data: bytes, name: str, size: int, fit: str = "stretch", colour: str = "rgb") -> np.ndarray:
    """One picture among good ones, channels last."""
    archive = zip_of(tmp_path, {f"0/{name}": data} | {f"1/{k}": v for k, v in hostile.good_files().items()})
    return own_images.decode(archive, size, fit, colour)[0].transpose(1, 2, 0)


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
def test_every_kind_of_picture_has_its_colours(
    name: str, data: bytes, expected: list[tuple[int, ...]], tmp_path: Path
) -> None:
    pixels = decoded(tmp_path, data, name, 2)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.reshape(4, 3).astype(int) - expected).max() <= 1


def test_cmyk_jpeg_has_its_colours(tmp_path: Path) -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    assert np.abs(decoded(tmp_path, data, "cmyk.jpg", 2).astype(int) - RED).max() < 8


@pytest.mark.parametrize(("name", "kind"), [("cat.jpg", "JPEG"), ("cat.png", "PNG"), ("cat.tif", "TIFF")])
def test_pictures_stand_upright(name: str, kind: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned 90 degrees clockwise: the lower left corner goes to the upper left
    data = encoded(squares([BLACK, GREEN, RED, BLUE], "RGB", 64), kind, exif=exif)
    corners = decoded(tmp_path, data, name, 16)[2::11, 2::11].reshape(4, 3)
    assert np.abs(corners.astype(int) - [RED, BLACK, BLUE, GREEN]).max() < 60


@pytest.mark.parametrize(("width", "height"), [(60, 20), (20, 60), (31, 30), (16, 16), (5, 3)])
def test_stretch_is_antialiased(width: int, height: int, tmp_path: Path) -> None:
    noise = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    floats = torch.from_numpy(noise).permute(2, 0, 1)[None].float()
    expected = torch.nn.functional.interpolate(floats, (16, 16), mode="bilinear", antialias=True)[0].permute(1, 2, 0)
    pixels = decoded(tmp_path, encoded(Image.fromarray(noise)), "noise.png", 16)
    assert np.abs(pixels - expected.numpy()).max() <= 1.01


@pytest.mark.parametrize("upright", [False, True])
def test_crop_takes_the_middle(upright: bool, tmp_path: Path) -> None:
    strip = np.repeat(np.array([RED, GREEN, BLUE], np.uint8), 8, axis=0)[None].repeat(8, 0)  # [8, 24, 3]
    data = encoded(Image.fromarray(strip.swapaxes(0, 1).copy() if upright else strip))
    assert (decoded(tmp_path, data, "strip.png", 8, "crop") == GREEN).all()
    stretched = decoded(tmp_path, data, "strip.png", 8)
    ends = stretched[[0, -1], 4] if upright else stretched[4, [0, -1]]
    assert ends.tolist() == [list(RED), list(BLUE)]


def test_grey_is_luma(tmp_path: Path) -> None:
    grey = decoded(tmp_path, encoded(squares(COLOURS, "RGB")), "rgb.png", 2, colour="grey")
    assert grey.shape == (2, 2, 1)
    assert grey.reshape(-1).tolist() == [76, 150, 29, 0]


def test_a_large_jpeg_is_close_to_its_full_decoding(tmp_path: Path) -> None:
    waves = (np.sin(np.arange(640) / 40) * 100 + 128).astype(np.uint8)
    data = encoded(Image.fromarray(np.minimum(waves[:480, None], waves)), "JPEG", quality=95)
    full = np.asarray(Image.open(io.BytesIO(data)).resize((32, 32), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(decoded(tmp_path, data, "waves.jpg", 32, colour="grey")[..., 0] - full).max() <= 3


def test_sizes_up_to_the_limits_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.new("L", (65_535, 2), 200))
    for fit in ("stretch", "crop"):
        assert (decoded(tmp_path, data, "line.png", 4, fit) == 200).all()
    monkeypatch.setattr(images, "LIMIT_PIXELS", 2 * 65_535 - 1)
    with pytest.raises(ValueError, match=r"^0/line.png is too large; at most 131,069 pixels are allowed, and 65,535 "):
        decoded(tmp_path, data, "line.png", 4)


@pytest.mark.parametrize(("mode", "pixels"), [("F", np.zeros((4, 4), np.float32)), ("I", np.zeros((4, 4), np.int32))])
def test_unusual_pixels_are_refused_by_name(mode: str, pixels: np.ndarray, tmp_path: Path) -> None:
    data = encoded(Image.fromarray(pixels), "TIFF")
    with pytest.raises(ValueError, match=rf"^0/odd.tif has the unusual pixel format {mode}; save it as [\w ]+\.$"):
        decoded(tmp_path, data, "odd.tif", 4)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_truncated_picture_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    data = encoded(Image.fromarray(RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8)), kind)
    with pytest.raises(ValueError, match=r"^0/cat.png can't be read as an image\.$"):
        decoded(tmp_path, data[: len(data) // 2], "cat.png", 8)


def test_pictures_come_in_order_of_name(tmp_path: Path) -> None:
    names = [f"{folder}/{i:02}.png" for folder in ("a", "b") for i in range(10)]
    shuffled = RNG.permutation(20)
    archive = zip_of(tmp_path, {names[i]: hostile.png(10 * int(i)) for i in shuffled})
    order = [10 * i for i in range(20)]
    assert own_images.decode(archive, 4, "crop", "grey")[:, 0, 0, 0].tolist() == order
    assert own_images.thumbnails(archive, 50, 4, "crop", "grey")[0][:, 0, 0, 0].tolist() == order
    few, n = own_images.thumbnails(archive, 3, 4, "stretch", "rgb")
    assert n == 20
    assert few.shape == (3, 4, 4, 3)
    assert few[:, 0, 0, 0].tolist() == [0, 100, 190]


def test_progress_is_announced(tmp_path: Path) -> None:
    archive = zip_of(tmp_path, {f"{i}.png": hostile.png() for i in range(1250)})
    messages = []
    own_images.decode(archive, 1, "crop", "grey", messages.append)
    assert messages[:2] == ["decoding images, 1 of 1,250", "decoding images, 100 of 1,250"]
    assert messages[-1] == "decoding images, 1,200 of 1,250"
    assert len(messages) == 13


OTHER_FILES = {
    ".hidden.png": b"words",
    ".cache/cat.png": b"words",
    "__MACOSX/cat.png": b"words",
    "deep/.DS_Store": b"words",
    "labels.csv": b"words",
    "png": b"words",
}


def test_other_files_are_ignored(tmp_path: Path) -> None:
    upper_case = {name.upper(): data for name, data in hostile.good_files().items()}
    archive = zip_of(tmp_path, {"album.png/": b""} | OTHER_FILES | upper_case)
    assert len(own_images.decode(archive, 4, "crop", "rgb")) == 16
    own_images.keep(archive, tmp_path / "kept")


def test_keeping_twice_keeps_once(tmp_path: Path) -> None:
    archive, kept = zip_of(tmp_path, hostile.good_files()), tmp_path / "kept"
    name = own_images.keep(archive, kept)
    first = own_images.find(name, kept).stat()
    assert own_images.keep(io.BytesIO(archive.read_bytes()), kept) == name
    assert [path.name for path in kept.iterdir()] == [f"{name}.zip"]
    assert own_images.find(name, kept).stat().st_mtime_ns == first.st_mtime_ns
    assert own_images.find(name, kept).read_bytes() == archive.read_bytes()


def test_an_open_file_can_be_used_again(tmp_path: Path) -> None:
    with zip_of(tmp_path, hostile.good_files()).open("rb") as file:
        pictures, n = own_images.thumbnails(file, 4, 4, "crop", "rgb")
        assert (len(pictures), n) == (4, 16)
        assert len(own_images.keep(file, tmp_path / "kept")) == 16


@pytest.mark.parametrize("name", ["0123456789abcdef", "../photos", ""])
def test_images_that_are_not_kept_are_named(name: str, tmp_path: Path) -> None:
    zip_of(tmp_path, hostile.good_files())
    with pytest.raises(FileNotFoundError, match=f"^The images {name} are not on this computer; choose the ZIP"):
        own_images.find(name, tmp_path / "kept")


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_equal_folders_have_equal_names(tmp_path: Path) -> None:
    files = {f"sub/{name}" if name > "07" else name: data for name, data in hostile.good_files().items()}
    one = fill(tmp_path / "one", files | OTHER_FILES)
    two = fill(tmp_path / "two", dict(reversed(files.items())))
    for path in two.rglob("*.png"):
        os.utime(path, (0, 0))
    (two / "link.png").symlink_to(one / "00.png")
    os.mkfifo(two / "pipe.png")
    (two / "more").symlink_to(one, target_is_directory=True)
    kept = tmp_path / "kept"
    name = own_images.keep_folder(one, kept)
    assert own_images.keep_folder(two, kept) == name
    assert [path.name for path in kept.iterdir()] == [f"{name}.zip"]
    with zipfile.ZipFile(own_images.find(name, kept)) as archive:
        assert archive.namelist() == sorted(files)
    assert own_images.decode(own_images.find(name, kept), 4, "crop", "grey")[:, 0, 0, 0].tolist() == list(range(16))
    (two / "00.png").write_bytes(hostile.png(99))
    assert own_images.keep_folder(two, kept) != name


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = fill(tmp_path / "good", hostile.good_files())

    def refusal(folder: Path) -> str:
        with pytest.raises(ValueError, match=r"\.$") as caught:
            own_images.keep_folder(folder, tmp_path / "kept")
        assert list((tmp_path / "kept").glob("*")) == []
        return str(caught.value)

    assert refusal(tmp_path / "none").endswith("is not a folder.")
    assert refusal(good / "00.png").endswith("is not a folder.")
    assert refusal(fill(tmp_path / "no", OTHER_FILES)).endswith("holds no images (PNG, JPEG, GIF, BMP, WebP or TIFF).")
    assert refusal(fill(tmp_path / "few", {"0.png": b""})).endswith("holds 1 image; at least 16 are needed.")
    assert refusal(fill(tmp_path / "bad", hostile.good_files() | {"a.png": b"words"})).startswith("a.png can't be read")
    monkeypatch.setattr(own_images, "LIMIT_FILES", 15)
    assert refusal(good).endswith("holds 16 files; at most 15 are allowed.")
    monkeypatch.setattr(own_images, "LIMIT_FILES", 16)
    monkeypatch.setattr(own_images, "LIMIT_BYTES", 0)
    assert refusal(good).endswith("holds 1 MB, unpacked; at most 0 MB are allowed.")


REFUSALS = {
    "not a ZIP": "photos.zip can't be read as a ZIP archive.",
    "truncated ZIP": "photos.zip can't be read as a ZIP archive.",
    "no images": "photos.zip holds no images (PNG, JPEG, GIF, BMP, WebP or TIFF).",
    "path leading outside": "photos.zip holds a/../../evil.png, a path that leads outside the archive.",
    "Windows path outside": "photos.zip holds ..\\evil.png, a path that leads outside the archive.",
    "absolute path": "photos.zip holds /etc/evil.png, an absolute path.",
    "absolute Windows path": "photos.zip holds C:\\evil.png, an absolute path.",
    "Windows share": "photos.zip holds \\\\host\\evil.png, an absolute path.",
    "symbolic link": "photos.zip holds link.png, a symbolic link.",
    "encrypted": "photos.zip holds secret.png, which is encrypted.",
    "unknown compression": "photos.zip holds odd.png, which is not compressed with Deflate.",
    "600 MB declared": "photos.zip holds 601 MB, unpacked; at most 512 MB are allowed.",
    "60,000 entries": "photos.zip holds 60,000 files; at most 50,000 are allowed.",
    "70,000 entries": "photos.zip holds 70,000 files; at most 50,000 are allowed.",
    "60,000 entries, 20 declared": "photos.zip holds 60,000 files; at most 50,000 are allowed.",
    "400,000 entries, 20 declared": "photos.zip has a directory of more than 12,800,000 bytes, the most allowed.",
    "text named .png": "text.png can't be read as an image.",
    "wrong CRC": "cat.png can't be read as an image.",
    "wrong size": "cat.png doesn't match its declared size.",
    "30,000 x 30,000 pixels": "huge.png is too large; at most 50,000,000 pixels are allowed, and 65,535 on a side.",
    "10,000 x 10,000 pixels": "huge.png is too large; at most 50,000,000 pixels are allowed, and 65,535 on a side.",
    "1 x 10,000,000 pixels": "line.png is too large; at most 50,000,000 pixels are allowed, and 65,535 on a side.",
}


def test_hostile_archives_are_refused_in_little_memory() -> None:
    script = subprocess.run([sys.executable, hostile.__file__], capture_output=True, text=True, check=True)
    rows = {row[:30].strip(): (row[50:], float(row[38:48])) for row in script.stdout.splitlines()[1:]}
    assert {case: sentence for case, (sentence, _) in rows.items()} == REFUSALS
    assert max(megabytes for _, megabytes in rows.values()) < 100


@pytest.mark.parametrize("case", hostile.HOSTILE)
def test_hostile_archives_leave_nothing_behind(case: str, tmp_path: Path) -> None:
    hostile.build(case, tmp_path / "photos.zip")
    with pytest.raises(ValueError, match=r"\.$") as caught:
        own_images.keep(tmp_path / "photos.zip", tmp_path / "kept")
    assert str(caught.value) == REFUSALS[case]
    assert not (tmp_path / "kept").exists()
    with pytest.raises(ValueError, match=r"\.$") as caught:
        own_images.decode(tmp_path / "photos.zip", 8, "crop", "rgb")
    assert str(caught.value) == REFUSALS[case]


def test_unprintable_and_long_names_are_shown_safely(tmp_path: Path) -> None:
    files = hostile.good_files() | {"x" * 100 + "\n\u202ecat.png": b"words"}
    with pytest.raises(ValueError, match=r"^…x{50}��cat\.png can't be read as an image\.$"):
        own_images.keep(zip_of(tmp_path, files), tmp_path / "kept")


def test_too_few_pictures_are_refused(tmp_path: Path) -> None:
    files = dict(list(hostile.good_files().items())[1:])
    with pytest.raises(ValueError, match=r"^photos.zip holds 15 images; at least 16 are needed\.$"):
        own_images.thumbnails(zip_of(tmp_path, files), 1, 4, "crop", "rgb")


def test_broken_bytes_raise_only_what_is_promised(tmp_path: Path) -> None:
    whole = zip_of(tmp_path, hostile.good_files()).read_bytes()
    for _ in range(200):
        broken = bytearray(whole)
        for at in RNG.integers(0, len(whole), 4):
            broken[at] = RNG.integers(0, 256)
        with contextlib.suppress(ValueError, OSError):
            own_images.thumbnails(io.BytesIO(broken), 16, 4, "crop", "rgb")


def test_a_file_that_is_no_image_is_found_among_many(tmp_path: Path) -> None:
    files = {f"{i:03}.png": hostile.png() for i in range(101)} | {"050.png": b"words"}  # not among the 32 decoded
    with pytest.raises(ValueError, match=r"^050.png can't be read as an image\.$"):
        own_images.keep(zip_of(tmp_path, files), tmp_path / "kept")
    assert not list(tmp_path.glob("kept/*"))
