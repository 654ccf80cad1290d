import io
import zipfile

import numpy as np
from PIL import Image

from ganlab import images

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
