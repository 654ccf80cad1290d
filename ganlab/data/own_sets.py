"""The user's own images and points as data sets."""

import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.data import kept, own_images, own_points
from ganlab.data.dataset import HELD_OUT, SPLIT_SEED, Announce, Dataset, split
from ganlab.data.download import data_root
from ganlab.tensorfile import Kinds

JITTER = 0.02
"""Standard deviation along each axis of a draw around one of the points."""
SPLIT_FROM = 100
"""Of fewer points none is held out: a third of a few clicks would be a third of the shape."""


def images_files(config: TrainConfig) -> list[Path]:
    """The file of the pixels that the settings name; before they name any, the archive."""
    if config.pixels:
        return [data_root() / "data" / f"{config.pixels}.safetensors"]
    return [data_root() / "images" / f"{config.images}.zip"]


def images(config: TrainConfig, announce: Announce) -> Dataset:
    """The user's own images. They are decoded once; their pixels are kept as `data/SHA256.safetensors`.

    Raises ValueError or FileNotFoundError, in one sentence, if they are missing or no longer give the pixels that the
    settings name.
    """
    if not config.images:
        raise ValueError("Choose a ZIP or a folder with images first.")
    folder, name = data_root() / "data", config.pixels
    pixels = _load_pixels(folder, name, config.image_size)
    if pixels is None:
        archive = own_images.find(config.images, data_root() / "images")
        pixels = torch.from_numpy(own_images.decode(archive, config.image_size, config.fit, config.colour, announce))
        name = _keep_pixels(folder, pixels, config.pixels)
    return replace(split("images", pixels, None), pixels=name)


def _keep_pixels(folder: Path, pixels: Tensor, expected: str) -> str:
    """Keep pixels, uint8 [n, c, size, size], and return the SHA-256 of their file, 64 hex digits.

    Raises ValueError, in one sentence, if another SHA-256 is expected.
    """
    content = tensorfile.packed({"pixels": pixels}, {})
    if expected not in ("", tensorfile.sha256(content)):
        content = _in_former_format(pixels)
        if tensorfile.sha256(content) != expected:
            raise ValueError("These images no longer decode to the pixels this run was trained on; choose them again.")
    return kept.keep(folder, io.BytesIO(content), ".safetensors", digits=64)


def _in_former_format(pixels: Tensor) -> bytes:
    """The file as version 0.1.0 wrote it, with another header: its runs know their pixels by the SHA-256 of that."""
    declared = {"dtype": "U8", "shape": list(pixels.shape), "data_offsets": [0, pixels.numel()]}
    header = json.dumps({"__metadata__": {}, "pixels": declared}).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + pixels.numpy().tobytes()


def _load_pixels(folder: Path, name: str, size: int) -> Tensor | None:
    """The kept pixels of that SHA-256, uint8 [n, c, size, size]; None if they are not there or were damaged."""
    path = kept.find(folder, name, ".safetensors")
    if path is None:
        return None
    try:
        tensorfile.check_size(path)
        kept.check(path)
        return tensorfile.read(path, partial(_check_pixels, size))[1]["pixels"]
    except (ValueError, OSError):
        return None


def _check_pixels(size: int, _: dict[str, str], kinds: Kinds) -> None:
    dtype, shape = kinds.get("pixels", (None, ()))
    is_images = len(shape) == 4 and shape[1] in (1, 3) and shape[2:] == (size, size)
    if len(kinds) != 1 or dtype != torch.uint8 or not is_images:
        raise ValueError("it holds something else")


def points_files(config: TrainConfig) -> list[Path]:
    return [data_root() / "points" / f"{config.points}.safetensors"]


def points(config: TrainConfig, _: Announce) -> Dataset:
    """The user's own points: a draw is one of them, plus Gaussian jitter of sd 0.02.

    Of 100 points or more a third, at most 512, is held out, and `held_out` is 512 draws around those, each equally
    often; of fewer, both are draws around all. Raises ValueError or FileNotFoundError, in one sentence.
    """
    if not config.points:
        raise ValueError("Draw some points or choose a CSV first.")
    coordinates = torch.from_numpy(own_points.load(config.points, data_root() / "points"))  # [n, 2]
    if len(coordinates) < own_points.FEWEST:
        raise ValueError(f"These are {len(coordinates)} points; at least {own_points.FEWEST} are needed.")
    rng = torch.Generator().manual_seed(SPLIT_SEED)
    shuffled = coordinates[torch.randperm(len(coordinates), generator=rng)]
    n = min(HELD_OUT, len(shuffled) // 3) if len(shuffled) >= SPLIT_FROM else 0
    train, apart = shuffled[n:], shuffled[:n] if n else shuffled

    def sample(n: int, rng: torch.Generator) -> Tensor:
        which = torch.randint(len(train), (n,), generator=rng)
        return train[which] + JITTER * torch.randn(n, 2, generator=rng)

    which = torch.arange(HELD_OUT) % len(apart)
    held_out = apart[which] + JITTER * torch.randn(HELD_OUT, 2, generator=rng)
    return Dataset("drawn", sample, held_out, points=(len(train), n))
