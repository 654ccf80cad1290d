"""The pixels of the user's own images: decoded once, kept as `data/SHA256.safetensors`, and loaded for every run.

Beside them a small JSON file says which images they come from and what was left out.
"""

import hashlib
import io
import json
import math
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch
from torch import Tensor

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.data import decoding, kept, own_images
from ganlab.data.dataset import Announce, Dataset, split
from ganlab.data.decoding import Decoded
from ganlab.data.download import data_root
from ganlab.data.picture_file import Range

MAPPED = 512 * 2**20  # bytes of pixels from which on they stay on disk, mapped into memory
_LIMIT_BYTES = 2**40  # of pixels
_LIMIT_RECORD = 2**28  # bytes of the JSON file: every image may have been left out


class Prepared(NamedTuple):
    """Images that are ready to train on."""

    pixels: str  # the SHA-256 of the file of their pixels
    decoded: Decoded


def files(config: TrainConfig) -> list[Path]:
    """The file of the pixels that the settings name; before they name any, the archive."""
    if config.pixels:
        return [_folder() / f"{config.pixels}.safetensors"]
    return [data_root() / "images" / f"{config.images}.zip"]


def load(config: TrainConfig, announce: Announce) -> Dataset:
    """The user's own images, decoded if they were not before.

    Raises ValueError or FileNotFoundError, in one sentence, if they are missing or no longer give the pixels that the
    settings name.
    """
    if not config.images:
        raise ValueError("Choose a ZIP or a folder with images first.")
    name = config.pixels or prepare(config, announce).pixels
    pixels = read(name, config.image_size)
    if pixels is None:
        name = _decode(config, name, announce).pixels
        pixels = read(name, config.image_size)
    assert pixels is not None  # they were written a moment ago
    return split(pixels, pixels=name)


def prepare(config: TrainConfig, announce: Announce = lambda _: None) -> Prepared:
    """Decode the images that the settings name, unless that was done before; calls `announce` with how far it is.

    Raises ValueError or FileNotFoundError if they are missing or too few of them can be used.
    """
    return prepared(config) or _decode(config, config.pixels, announce)


def prepared(config: TrainConfig) -> Prepared | None:
    """What `prepare` returned for these settings; None if it has to be done (again)."""
    try:
        found = _recorded(file := record(config), file.stat().st_mtime_ns)
    except (OSError, ValueError, TypeError, KeyError):  # there is none, or it was damaged
        return None
    fits = config.pixels in ("", found.pixels)
    return found if fits and kept.find(_folder(), found.pixels, ".safetensors") else None


@lru_cache(maxsize=8)
def _recorded(file: Path, changed: int) -> Prepared:
    """What a record says; its time `changed`, so that it is read again only then."""
    tensorfile.check_size(file, _LIMIT_RECORD)
    values = tensorfile.parsed(file.read_text(encoding="utf-8"))
    n, left_out, others, used, unlimited = (values["decoded"][field] for field in Decoded._fields[:-1])
    left_out = [(str(name), str(why)) for name, why in left_out]
    others = {str(kind): int(many) for kind, many in others.items()}
    equal = values["decoded"].get("equal", False)  # earlier records have no such field
    decoded = Decoded(int(n), left_out, others, Range(*used), unlimited and Range(*unlimited), equal)
    return Prepared(values["pixels"], decoded)


def at_hand(config: TrainConfig) -> str:
    """The SHA-256 of the pixels that a run with these settings would train on; "" if they are not on this computer."""
    if config.pixels and kept.find(_folder(), config.pixels, ".safetensors"):
        return config.pixels
    found = prepared(config)
    return found.pixels if found else ""


def read(name: str, size: int, to_train: bool = True) -> Tensor | None:
    """The kept pixels of that SHA-256, uint8 [n, c, size, size]; None if they are not there or were damaged.

    Not `to_train`, but to show some: whether each byte is still the same is not checked.
    """
    path = kept.find(_folder(), name, ".safetensors")
    if path is None:
        return None

    def fits(dtype: torch.dtype, shape: tuple[int, ...]) -> bool:
        return dtype == torch.uint8 and len(shape) == 4 and shape[1] in (1, 3) and shape[2:] == (size, size)

    try:
        if to_train and not kept.is_intact(path):
            return None
        mapped = path.stat().st_size > MAPPED
        return tensorfile.read_one(path, "pixels", fits, _LIMIT_BYTES, mapped)
    except (ValueError, OSError):
        return None


def _decode(config: TrainConfig, expected: str, announce: Announce) -> Prepared:
    """Decode the images and keep their pixels. Raises ValueError if they don't give the pixels expected, if any are."""
    choices = (config.image_size, config.fit, config.colour, config.levels)
    announce("listing the images")
    _folder().mkdir(parents=True, exist_ok=True)
    with (
        own_images.find(config.images, data_root() / "images", announce) as pictures,
        tempfile.TemporaryFile(dir=_folder()) as raw,
    ):
        decoded = decoding.decode(pictures, *choices, raw, announce)
        found = Prepared(_keep(raw, (decoded.n, *config.shape), expected), decoded)
    values = {"pixels": found.pixels, "decoded": decoded._asdict()}
    tensorfile.write(record(config), json.dumps(values, indent=1).encode())
    return found


def _keep(pixels: BinaryIO, shape: tuple[int, ...], expected: str) -> str:
    """Keep pixels of that shape and return the SHA-256 of their file, 64 hex digits. Raises ValueError as `_decode`."""
    for header in _headers(shape):
        file = io.BufferedReader(_Joined(header, pixels))
        if not expected or hashlib.file_digest(file, "sha256").hexdigest() == expected:
            return kept.keep(_folder(), file, ".safetensors", digits=64)
    raise ValueError("These images no longer decode to the pixels this run was trained on; choose them again.")


def _headers(shape: tuple[int, ...]) -> Iterator[bytes]:
    """What stands before pixels of that shape in a safetensors file, as the library writes it and as version 0.1.0 did.

    The runs of that version know their pixels by the SHA-256 of such a file.
    """
    declared = {"pixels": {"dtype": "U8", "shape": list(shape), "data_offsets": [0, math.prod(shape)]}}
    for text in (json.dumps(declared, separators=(",", ":")), json.dumps({"__metadata__": {}} | declared)):
        header = text.encode() + b" " * (-len(text) % 8)
        yield len(header).to_bytes(8, "little") + header


class _Joined(io.RawIOBase):
    """The bytes of a header and then those of a file, as one file."""

    def __init__(self, header: bytes, body: BinaryIO) -> None:
        self._header, self._body, self._at = header, body, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        assert whence != io.SEEK_END
        self._at = offset + (self._at if whence == io.SEEK_CUR else 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        piece = self._header[self._at :][: len(buffer)]
        if not piece:
            self._body.seek(self._at - len(self._header))
            piece = self._body.read(len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _folder() -> Path:
    return data_root() / "data"


def record(config: TrainConfig) -> Path:
    """The JSON file that says what `prepare` returned: its `left_out` has every image left out, and why."""
    choices = (config.images, str(config.image_size), config.fit, config.colour, config.levels)
    return _folder() / f"{'-'.join(choices)}.json"
