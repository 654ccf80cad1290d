"""`transforms.Resize((s, s))`, `Resize(s)`, and `Resize(s)` with a centre crop, on one picture."""

from collections.abc import Sequence
from functools import cache
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageDraw
from torchvision.transforms import v2 as transforms

from ganlab.data import picture_file
from ganlab.formatting import fixed_percent

LARGEST_SIZE = 512
LARGEST = 16_000_000  # pixels of the picture before
LARGEST_RESULT = 4_000_000  # pixels of a picture after: Resize(s) of a very long one grows with its length


class Resized(NamedTuple):
    """One way to resize, and the picture it makes."""

    call: str
    effect: str
    picture: Image.Image


def opened(file: BinaryIO, name: str) -> Image.Image:
    """An RGB picture, checked by its content. Raises ValueError, beginning with `name`, for an unusable file."""
    with picture_file.readable(name):
        header = picture_file.read_header(file, name)
    pixels = header.width * header.height
    if pixels > LARGEST:
        raise ValueError(f"{name} has {pixels:,} pixels; this page takes at most {LARGEST:,}.")
    file.seek(0)
    return picture_file.read_whole(file, name)


def check(picture: Image.Image, size: int) -> None:
    """Raises ValueError for a size that is not allowed."""
    if not 1 <= size <= LARGEST_SIZE:
        raise ValueError(f"The size must be from 1 to {LARGEST_SIZE} pixels.")
    width, height = kept_ratio(picture.size, size)
    if width * height > LARGEST_RESULT:
        raise ValueError(
            f"Resize({size}) would make this long picture {width:,} × {height:,} pixels; "
            f"this page makes at most {LARGEST_RESULT:,} pixels."
        )


def kept_ratio(picture_size: tuple[int, int], size: int) -> tuple[int, int]:
    """(width, height) after Resize(size): the shorter side is `size`, the longer in proportion, rounded down."""
    width, height = picture_size
    return (int(size * width / height), size) if height <= width else (size, int(size * height / width))


def resized(picture: Image.Image, size: int) -> list[Resized]:
    """The picture resized in all three ways, antialiased, to a size that `check` accepts."""
    kept = transforms.Resize(size)(picture)
    cropped = transforms.CenterCrop(size)(kept)
    return [
        Resized(f"Resize(({size}, {size}))", "a tuple forces both sides", transforms.Resize((size, size))(picture)),
        Resized(f"Resize({size})", "an int sets the shorter side and keeps the ratio", kept),
        Resized(f"Resize({size}), CenterCrop({size})", "keeps the ratio, then crops the middle", cropped),
    ]


def in_words(picture: Image.Image) -> str:
    """What the three ways do to the shapes in a picture, in numbers."""
    width, height = picture.size
    if width == height:
        return "This picture is square, so all three agree. Try one that isn't."
    long, short = max(width, height), min(width, height)
    if 100 * short > 99 * long:
        return "This picture is almost square, so all three nearly agree. Try one that isn't."
    ratio = f"{long / short:.3g} times as {'wide as high' if width > height else 'high as wide'}"
    return (
        f"The tuple squeezes a picture that was {ratio} into a square: circles become ovals. "
        f"The int keeps circles round, but the pictures then differ in size and cannot be stacked into one batch. "
        f"The crop keeps circles round and makes a square, "
        f"but loses {fixed_percent(1 - short / long, 1)} of the picture."
    )


@cache
def sample() -> Image.Image:
    """A drawn picture that shows what is squeezed and what is cut off: three discs on a grid."""
    width, height, step = 480, 270, 30
    fine = 3  # drawn larger, then reduced, for smooth edges
    picture = Image.new("RGB", (width * fine, height * fine), (238, 236, 230))
    draw = ImageDraw.Draw(picture)
    lines = [(x, 0, x, height) for x in range(0, width, step)] + [(0, y, width, y) for y in range(0, height, step)]
    for line in lines:
        draw.line([fine * end for end in line], fill=(214, 211, 203), width=fine)
    radius = 0.26 * height * fine
    for i, grey in enumerate((70, 110, 150)):
        x, y = (1 + 2 * i) * width * fine / 6, height * fine / 2
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(grey, grey, grey + 4))
        draw.text((x, y), str(i + 1), anchor="mm", fill="white", font_size=radius)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def code(picture_size: tuple[int, int], size: int) -> str:
    return f"""from PIL import Image
from torchvision.transforms import v2 as transforms

# or your own: Image.open("my.png").convert("RGB")
picture = Image.new("RGB", {picture_size})
square = transforms.Resize(({size}, {size}))
keep = transforms.Resize({size})  # antialiased by default
crop = transforms.Compose(
    [keep, transforms.CenterCrop({size})])
for transform in (square, keep, crop):
    print(transform(picture).size)  # (width, height)"""


def printed(results: Sequence[Resized]) -> str:
    return "".join(f"{result.picture.size}\n" for result in results)
