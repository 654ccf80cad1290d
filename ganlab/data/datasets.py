"""All data sets by name, and how each is loaded; `config.DATASETS` has the other facts about them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ganlab.config import TrainConfig
from ganlab.data import image_sets, own_pixels, point_sets
from ganlab.data.dataset import Announce, Dataset


class Source(NamedTuple):
    """Where a data set comes from."""

    load: Callable[[TrainConfig, Announce], Dataset]
    files: Callable[[TrainConfig], list[Path]] = lambda _: []  # what it is loaded from, if not part of the package


SOURCES = {
    "digits": Source(lambda config, _: image_sets.digits(config.image_size)),
    "mnist": Source(image_sets.mnist, image_sets.mnist_files),
    "fashion-mnist": Source(image_sets.mnist, image_sets.mnist_files),
    "cifar10": Source(image_sets.cifar10, image_sets.cifar10_files),
    "images": Source(own_pixels.load, own_pixels.files),
    "8-gaussians": Source(lambda *_: point_sets.eight_gaussians()),
    "25-gaussians": Source(lambda *_: point_sets.twenty_five_gaussians()),
    "swiss-roll": Source(lambda *_: point_sets.swiss_roll()),
    "drawn": Source(point_sets.own, point_sets.own_files),
}


def load(config: TrainConfig, announce: Announce = lambda _: None) -> Dataset:
    """The data set that the settings name; calls `announce` with what is being fetched or decoded.

    Raises ConnectionError, ValueError or FileNotFoundError, in one sentence, if it can't be loaded.
    """
    dataset = SOURCES[config.dataset].load(config, announce)
    return dataset.with_first(config.train_images) if config.kind == "image" and config.train_images else dataset


def at_hand(config: TrainConfig) -> bool:
    """Whether all files that the data set is loaded from are on this computer."""
    try:
        return all(file.is_file() for file in SOURCES[config.dataset].files(config))
    except OSError:  # a folder that this user may not search
        return False
