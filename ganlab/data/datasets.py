"""All data sets by name, and how each is loaded. Knows nothing of networks or training.

For a new one: a function that returns its `Dataset`, a line in `SOURCES`, and a line in `config.DATASETS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ganlab.config import TrainConfig
from ganlab.data import image_sets, own_sets, point_sets
from ganlab.data.dataset import Announce, Dataset


@dataclass(frozen=True)
class Source:
    """Where a data set comes from."""

    load: Callable[[TrainConfig, Announce], Dataset]
    files: Callable[[TrainConfig], list[Path]] = lambda _: []
    """What it is loaded from, if it is not part of the package."""
    coloured: Callable[[TrainConfig], bool] = lambda _: False
    """Whether its images have three channels."""


SOURCES = {
    "digits": Source(lambda config, _: image_sets.digits(config.image_size)),
    "mnist": Source(image_sets.mnist, image_sets.mnist_files),
    "fashion-mnist": Source(image_sets.mnist, image_sets.mnist_files),
    "cifar10": Source(image_sets.cifar10, image_sets.cifar10_files, coloured=lambda _: True),
    "images": Source(own_sets.images, own_sets.images_files, coloured=lambda config: config.colour == "rgb"),
    "8-gaussians": Source(lambda *_: point_sets.eight_gaussians()),
    "25-gaussians": Source(lambda *_: point_sets.twenty_five_gaussians()),
    "swiss-roll": Source(lambda *_: point_sets.swiss_roll()),
    "drawn": Source(own_sets.points, own_sets.points_files),
}
"""By the name in the settings."""


def load(config: TrainConfig, announce: Announce = lambda _: None) -> Dataset:
    """The data set that the settings name; calls `announce` with what is being fetched or decoded.

    Raises ConnectionError, ValueError or FileNotFoundError, in one sentence, if it can't be loaded.
    """
    return SOURCES[config.dataset].load(config, announce)


def at_hand(config: TrainConfig) -> bool:
    """Whether all files that the data set is loaded from are on this computer."""
    return all(file.is_file() for file in SOURCES[config.dataset].files(config))


def shape_of(config: TrainConfig) -> tuple[int, ...]:
    """The shape of one sample, known before anything is loaded: (c, h, w) or (2,)."""
    if config.kind == "point":
        return (2,)
    return (3 if SOURCES[config.dataset].coloured(config) else 1, config.image_size, config.image_size)
