"""The user's own images as pixels: all of them decoded once, those with a fault left out."""

import io
from collections.abc import Mapping
from typing import IO, NamedTuple

from ganlab.data import picture_file
from ganlab.data.dataset import Announce
from ganlab.data.file_kinds import other_files
from ganlab.data.own_images import Pictures, check_enough
from ganlab.data.picture_file import FULL, Range, Refusal, Square
from ganlab.formatting import count_of, percent, printable, short

NARROW = 0.1  # of the range that files allow: a set that uses less looks all black, or all grey
_NAMED = 3  # files that a sentence names


class Decoded(NamedTuple):
    """What came of the pictures of an archive or a folder."""

    n: int  # how many were decoded
    left_out: list[tuple[str, str]]  # the name of each that can't be used, and a sentence that says why
    others: Mapping[str, int]  # how many other files there are, by kind
    used: Range  # from the smallest to the largest value of all: shares of what their files allow
    unlimited: Range | None  # the same, as values, of those whose files set no limits; None without such
    equal: bool = False  # whether all came out the same


def decode(
    pictures: Pictures,
    size: int,
    fit: str,
    colour: str,
    levels: str,
    to: IO[bytes],
    announce: Announce = lambda _: None,
) -> Decoded:
    """Write every picture to `to`, in order of name, as uint8 [c, size, size], c = 3 or 1.

    `fit` and `colour` are those of `picture_file.read_square`. With `levels` "stretched" what all pictures use goes
    from black to white, with "stored" what their files allow; where a file sets no limits, what all such files use.
    Calls `announce` with "decoding images, 1,200 of 5,000" before each. Raises ValueError if fewer than 16 can be used.
    """
    decoded: list[tuple[int, bool]] = []  # which pictures, and whether their files set limits
    left_out = []
    used: dict[bool, Range] = {}

    def square(i: int, limited: Range = FULL, unlimited: Range | None = None) -> Square:
        name = printable(pictures.names[i])
        with picture_file.readable(name), pictures.open(i) as file:
            return picture_file.read_square(file, size, fit, colour, name, limited, unlimited)

    for i, name in enumerate(pictures.names):
        announce(f"decoding images, {i + 1:,} of {len(pictures.names):,}")
        try:
            pixels, own, limited = square(i)
        except Refusal as refusal:
            left_out.append((name, str(refusal)))
            continue
        to.write(pixels.transpose(2, 0, 1).tobytes())
        decoded.append((i, limited))
        both = used.get(limited, own)
        used[limited] = Range(min(both.low, own.low), max(both.high, own.high))
    result = Decoded(len(decoded), left_out, pictures.others, used.get(True, FULL), used.get(False))
    check_enough(len(decoded), "readable image", pictures.title, _left_out(result), other_files(result.others))

    stretched = levels == "stretched"
    again = [(place, i) for place, (i, limited) in enumerate(decoded) if stretched or not limited]
    for n, (place, i) in enumerate(again, start=1):  # now that it is known what all of them use
        announce(f"scaling images, {n:,} of {len(again):,}")
        pixels, *_ = square(i, result.used if stretched else FULL, result.unlimited)
        to.seek(place * pixels.size)
        to.write(pixels.transpose(2, 0, 1).tobytes())
    return result._replace(equal=_all_equal(to, result.n))


def _all_equal(pixels: IO[bytes], n: int) -> bool:
    size = pixels.seek(0, io.SEEK_END) // n
    pixels.seek(0)
    first = pixels.read(size)
    return all(pixels.read(size) == first for _ in range(n - 1))


def sentences(decoded: Decoded, levels: str) -> list[str]:
    """What the user should know: what was left out, and how brightness was scaled."""
    texts = [_left_out(decoded), other_files(decoded.others)]
    if decoded.unlimited:
        low, high = map(short, decoded.unlimited)
        texts.append(
            f"Floating-point and 32-bit files don't define black and white, so the smallest value in the set, {low}, "
            f"becomes black and the largest, {high}, white."
        )
    if decoded.equal:
        texts.append(f"All {decoded.n:,} images are the same.")
    share = decoded.used.high - decoded.used.low
    if levels == "stored" and share < NARROW:
        texts.append(
            f"The images use only {percent(share)} of the available brightness. Set Levels to stretched to spread it "
            f"from black to white."
        )
    return [text for text in texts if text]


def _left_out(decoded: Decoded) -> str:
    if not decoded.left_out:
        return ""
    names = [printable(name) for name, _ in decoded.left_out[:_NAMED]]
    more = len(decoded.left_out) - len(names)
    total = count_of(decoded.n + len(decoded.left_out), "image")
    named = ", ".join(names) + (f" and {more:,} more" if more else "")
    were = "was" if len(decoded.left_out) == 1 else "were"
    return f"{len(decoded.left_out):,} of {total} can't be read and {were} left out: {named}."
