"""Pixels prepared for training, kept as one file that its own SHA-256 names."""

import io
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ganlab import tensorfile
from ganlab.data import kept
from ganlab.tensorfile import Kinds


def keep(folder: Path, pixels: Tensor) -> str:
    """Keep pixels, uint8 [n, c, size, size], as `folder/SHA256.safetensors`; returns the SHA-256, 64 hex digits."""
    return kept.keep(folder, io.BytesIO(tensorfile.packed({"pixels": pixels}, {})), ".safetensors", 64)


def load(folder: Path, name: str, size: int) -> Tensor:
    """The pixels of that SHA-256, uint8 [n, c, size, size].

    Raises ValueError, in one sentence, if they are not there or were changed.
    """
    path = kept.find(folder, name, ".safetensors")
    if not path:
        raise ValueError(f"The pixels {name} are not on this computer.")
    try:
        tensorfile.check_size(path)
        kept.check(path)
        return tensorfile.read(path, partial(_check, size))[1]["pixels"]
    except (ValueError, OSError) as error:
        raise ValueError(f"{path.name} holds no pixels to train on: {error}.") from None


def _check(size: int, _: dict[str, str], kinds: Kinds) -> None:
    dtype, shape = kinds.get("pixels", (None, ()))
    if (
        len(kinds) != 1
        or dtype != torch.uint8
        or len(shape) != 4
        or shape[1] not in (1, 3)
        or shape[2:] != (size, size)
    ):
        raise ValueError("it holds something else")
