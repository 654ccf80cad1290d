"""`transforms.Resize((s, s))` against `Resize(s)` against a centre crop, on one picture."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from PIL import Image, ImageDraw
from torchvision.transforms import v2 as transforms

from ganlab.data import image_files

SIZES = (1, 512)
LARGEST = 16_000_000
"""Pixels of the picture given."""
LARGEST_RESULT = 4_000_000
"""Pixels of a picture made: Resize(s) of a very long one grows with its length."""


class Resized(NamedTuple):
    """One way to size s, and what it makes of the picture."""

    call: str
    said: str
    picture: Image.Image


def opened(file: Any, name: str) -> Image.Image:
    """A picture as it is, RGB, checked by its content. Raises ValueError, one sentence."""
    with image_files.readable(name):
        found = image_files.header(file, name)
    if found.width * found.height > LARGEST:
        raise ValueError(f"{name} has {found.width * found.height:,} pixels; at most {LARGEST:,} are shown here.")
    file.seek(0)
    return image_files.whole(file, name)


def check(picture: Image.Image, size: int) -> None:
    """Raises ValueError, one sentence, for a size that is not served."""
    if not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(f"The size must be from {SIZES[0]} to {SIZES[1]} pixels.")
    width, height = kept_ratio(picture.size, size)
    if width * height > LARGEST_RESULT:
        raise ValueError(
            f"Resize({size}) would make this long picture {width:,} × {height:,} pixels; "
            f"at most {LARGEST_RESULT:,} pixels are made here."
        )


def kept_ratio(picture_size: tuple[int, int], size: int) -> tuple[int, int]:
    """(width, height) after Resize(size): the shorter side is `size`, the longer in proportion, cut down."""
    width, height = picture_size
    return (int(size * width / height), size) if height <= width else (size, int(size * height / width))


def resized(picture: Image.Image, size: int) -> list[Resized]:
    """The picture in all three ways, antialiased. Raises ValueError as `check` does."""
    check(picture, size)
    square = transforms.Resize((size, size))
    keep = transforms.Resize(size)
    kept = keep(picture)
    cropped = transforms.CenterCrop(size)(kept)
    return [
        Resized(f"Resize(({size}, {size}))", "a tuple: both sides forced", square(picture)),
        Resized(f"Resize({size})", "an int: the shorter side, in proportion", kept),
        Resized(f"Resize({size}), CenterCrop({size})", "in proportion, then the middle", cropped),
    ]


def in_words(picture: Image.Image, size: int) -> str:
    """What happened to its shapes, in numbers."""
    width, height = picture.size
    if width == height:
        return "This picture is square, so all three agree. Try one that is not."
    long, short = max(width, height), min(width, height)
    if 100 * short > 99 * long:
        return "This picture is almost square, so all three nearly agree. Try one that is not."
    across = "wide" if width > height else "high"
    return (
        f"The tuple squeezes what was {long / short:.3g} times as {across} into a square: circles become ovals. "
        f"The int keeps circles round, but pictures then differ in size and cannot be stacked into one batch. "
        f"The crop keeps them round and square, and loses {100 * (1 - short / long):.1f} % of the picture."
    )


@cache
def sample(width: int = 480, height: int = 270) -> Image.Image:
    """A picture of our own that shows what is squeezed and what is cut: three discs on a grid."""
    fine = 3  # drawn larger and shrunk, so that edges are smooth
    picture = Image.new("RGB", (width * fine, height * fine), (238, 236, 230))
    draw = ImageDraw.Draw(picture)
    for x in range(0, width, 30):
        draw.line((x * fine, 0, x * fine, height * fine), fill=(214, 211, 203), width=fine)
    for y in range(0, height, 30):
        draw.line((0, y * fine, width * fine, y * fine), fill=(214, 211, 203), width=fine)
    radius = 0.26 * height * fine
    for i, grey in enumerate((70, 110, 150)):
        x, y = (1 + 2 * i) * width * fine / 6, height * fine / 2
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(grey, grey, grey + 4))
        draw.text((x, y), str(i + 1), anchor="mm", fill="white", font_size=radius)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def code(picture_size: tuple[int, int], size: int) -> str:
    """The three transforms, to copy."""
    return f"""from PIL import Image
from torchvision.transforms import v2 as transforms

# yours: Image.open("yours.png").convert("RGB")
picture = Image.new("RGB", {picture_size})
square = transforms.Resize(({size}, {size}))
keep = transforms.Resize({size})  # antialiased by default
crop = transforms.Compose(
    [keep, transforms.CenterCrop({size})])
for transform in (square, keep, crop):
    print(transform(picture).size)  # (width, height)"""


def printed(results: Sequence[Resized]) -> str:
    """What `code` prints."""
    return "".join(f"{result.picture.size}\n" for result in results)
