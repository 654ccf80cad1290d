"""The lesson on `transforms.Resize`: what it makes of a picture, and which files it reads."""

import io

import numpy as np
import pytest
from PIL import Image
from snippets import printed_by
from visits import code, page

from ganlab.lessons import resize

pytestmark = pytest.mark.usefixtures("the_hub")


def file_of(picture: Image.Image, kind: str = "PNG") -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, kind)
    file.seek(0)
    return file


@pytest.mark.parametrize("size", [1, 16, 224, 512])
@pytest.mark.parametrize("picture_size", [(480, 270), (271, 480), (64, 64), (90, 12)])
def test_the_code_prints_what_the_page_shows(picture_size: tuple[int, int], size: int) -> None:
    picture = Image.new("RGB", picture_size)
    results = resize.resized(picture, size)
    assert printed_by(resize.code(picture_size, size)) == resize.printed(results)
    sizes = [result.picture.size for result in results]
    assert sizes == [(size, size), resize.kept_ratio(picture_size, size), (size, size)]


def test_only_the_tuple_squeezes_a_disc_and_the_crop_cuts_the_outer_two() -> None:
    square, kept, cropped = (np.asarray(result.picture.convert("L")) for result in resize.resized(resize.sample(), 270))
    for pixels, ratio in ((square, 270 / 480), (kept, 1.0), (cropped, 1.0)):
        middle = pixels.shape[1] // 2
        dark = np.abs(pixels.astype(int) - 110) < 30
        across = dark[100, max(middle - 60, 0) : middle + 60].sum()
        down = dark[:, middle - 30 if ratio == 1 else middle - 17].sum()
        assert across / down == pytest.approx(ratio, rel=0.25)
    assert kept.shape == (270, 480)
    assert np.array_equal(cropped, kept[:, 105:375])


def test_pixels_are_averaged_and_not_skipped() -> None:
    stripes = Image.fromarray(np.tile(np.array([[0, 255]], np.uint8), (64, 32))).convert("RGB")
    pixels = np.asarray(resize.resized(stripes, 8)[0].picture)
    assert abs(pixels.astype(int) - 127).max() < 40


def test_a_result_that_would_be_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="74,666 × 224 pixels"):
        resize.check(Image.new("RGB", (1000, 3)), 224)


@pytest.mark.parametrize("size", [0, -3, 513])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 512"):
        resize.check(resize.sample(), size)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_ordinary_files_are_opened_at_their_size(kind: str) -> None:
    picture = resize.opened(file_of(Image.new("RGB", (50, 20), "red"), kind), "The picture")
    assert (picture.size, picture.mode) == ((50, 20), "RGB")


def test_transparent_pixels_become_white() -> None:
    picture = resize.opened(file_of(Image.new("RGBA", (5, 2), (255, 0, 0, 0))), "The picture")
    assert (picture.mode, picture.getpixel((0, 0))) == ("RGB", (255, 255, 255))


def test_other_files_and_large_pictures_are_refused() -> None:
    cut_short = file_of(Image.new("RGB", (50, 50), "red")).getvalue()[:60]
    refusals = {b"": "is empty", b"cats": "not an image", cut_short: "is cut short"}
    for content, words in refusals.items():
        with pytest.raises(ValueError, match=words):
            resize.opened(io.BytesIO(content), "The picture")
    with pytest.raises(ValueError, match="16,004,000 pixels"):
        resize.opened(file_of(Image.new("1", (4001, 4000))), "The picture")


def test_the_page_resizes_and_refuses() -> None:
    at = page("6_Building_Blocks.py")
    picture = Image.new("RGB", (90, 30), "red")
    at.get("file_uploader")[0].set_value(("red.png", file_of(picture).getvalue(), "image/png")).run()
    at.number_input(key="resize_size").set_value(10).run()
    valid = "(10, 10)\n(30, 10)\n(10, 10)\n"
    assert valid in code(at)
    at.number_input(key="resize_size").set_value(0).run()
    assert "from 1 to 512" in at.error[0].value
    assert valid in code(at)  # nothing changed
    at.number_input(key="resize_size").set_value(10).run()
    at.get("file_uploader")[0].set_value(("red.png", b"cats", "image/png")).run()
    assert "not an image" in at.error[0].value
    assert valid in code(at)
    assert not at.exception
