"""Samples as files: each gives back what went in."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from ganlab.data import images

RNG = np.random.default_rng(0)


def test_uint8_covers_the_range() -> None:
    floats = np.array([-1.0, 0, 1, 2]).reshape(1, 1, 2, 2)
    assert images.to_uint8(floats).reshape(-1).tolist() == [0, 128, 255, 255]


def test_sheet_puts_every_image_in_its_place() -> None:
    pictures = RNG.integers(0, 256, (5, 4, 3, 3), dtype=np.uint8)
    sheet = np.asarray(images.sheet(pictures, columns=2))
    gap = images.GAP
    assert sheet.shape == (3 * (4 + gap) + gap, 2 * (3 + gap) + gap, 3)
    for i, picture in enumerate(pictures):
        top, left = gap + i // 2 * (4 + gap), gap + i % 2 * (3 + gap)
        assert np.array_equal(sheet[top : top + 4, left : left + 3], picture)
    assert sheet[-6:, -5:].max() == 0  # the sixth cell is black


def test_upscaling_repeats_pixels() -> None:
    pictures = RNG.integers(0, 256, (2, 4, 4, 1), dtype=np.uint8)
    small, large = (np.asarray(images.sheet(pictures, 2, upscale)) for upscale in (1, 3))
    assert np.array_equal(large, small.repeat(3, 0).repeat(3, 1))


def test_zip_holds_the_pictures_themselves() -> None:
    pictures = RNG.integers(0, 256, (12, 16, 16, 1), dtype=np.uint8)
    data = images.zip_of_pngs(pictures)
    assert data == images.zip_of_pngs(pictures)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [f"{i:04}.png" for i in range(12)]
        for i, name in enumerate(archive.namelist()):
            assert np.array_equal(np.asarray(Image.open(archive.open(name))), pictures[i, ..., 0])


def test_scatter_draws_where_the_points_are() -> None:
    picture = np.asarray(images.scatter(np.array([[1.0, 1.0]]), size=200)).astype(int)
    violet = np.abs(picture - images.GENERATED).sum(-1) < 60
    rows, columns = np.nonzero(violet)
    assert abs(rows.mean() - 50) < 1.5
    assert abs(columns.mean() - 150) < 1.5


@pytest.mark.parametrize("there_and_back", [False, True])
def test_a_grey_gif_gives_its_frames_back(there_and_back: bool) -> None:
    pictures = RNG.integers(0, 256, (5, 8, 6, 1), dtype=np.uint8)
    data = images.gif(pictures, upscale=2, milliseconds=50, there_and_back=there_and_back)
    assert data == images.gif(pictures, upscale=2, milliseconds=50, there_and_back=there_and_back)
    order = [0, 1, 2, 3, 4, 3, 2, 1] if there_and_back else [0, 1, 2, 3, 4]
    with Image.open(io.BytesIO(data)) as animation:
        assert animation.n_frames == len(order)
        assert animation.info["loop"] == 0
        for i, frame in enumerate(order):
            animation.seek(i)
            assert animation.info["duration"] == 50
            shown = np.asarray(animation.convert("L"))
            assert np.array_equal(shown, pictures[frame, ..., 0].repeat(2, 0).repeat(2, 1))


def test_a_gif_in_colour_is_close() -> None:
    pictures = RNG.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(images.gif(pictures))) as animation:
        for i, picture in enumerate(pictures):
            animation.seek(i)
            assert np.abs(np.asarray(animation.convert("RGB")).astype(int) - picture).max() <= 8


def test_npz_holds_images_twice_and_points_once() -> None:
    latents, samples = np.zeros((2, 3), np.float32), RNG.uniform(-1, 1, (2, 1, 4, 4)).astype(np.float32)
    with np.load(io.BytesIO(images.npz(latents, samples))) as arrays:
        assert np.array_equal(arrays["samples"], samples)
        assert np.array_equal(arrays["pixels"], images.to_uint8(samples))
    with np.load(io.BytesIO(images.npz(latents, samples[:, 0, 0, :2]))) as arrays:
        assert set(arrays) == {"latents", "samples"}


def test_csv_gives_every_number_back() -> None:
    latents, points = (RNG.normal(size=(9, d)).astype(np.float32) for d in (3, 2))
    head, *rows = images.csv(latents, points).decode().splitlines()
    assert head == "x,y,z0,z1,z2"
    assert np.array_equal(np.array([row.split(",") for row in rows], np.float32), np.hstack([points, latents]))


def test_no_sheet_is_larger_than_allowed() -> None:
    pictures = np.zeros((1024, 64, 64, 3), np.uint8)
    most = images.largest_upscale(pictures, 32)
    assert images.sheet(pictures, 32).width ** 2 * most**2 < 1.1 * images.LARGEST
    assert images.largest_upscale(np.zeros((1000, 16, 16, 1), np.uint8), 32) >= 8
