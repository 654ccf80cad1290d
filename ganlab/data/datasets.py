"""What there is to imitate: real samples. Knows nothing of networks or training."""

import dataclasses
import gzip
import math
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from ganlab.config import TrainConfig
from ganlab.data import own_images, own_points
from ganlab.data import pixels as pixel_files
from ganlab.data.download import data_root, fetch

Announce = Callable[[str], None]
"""Takes what is being fetched or decoded, and how far it is."""
HELD_OUT = 512
RESIZED_AT_ONCE = 2000
JITTER = 0.02
"""Standard deviation along each axis of a draw around one of the user's own points."""
SPLIT_FROM = 100
"""Own points; of fewer none is held out: a third of a few clicks is a third of the shape."""
SPLIT_SEED = 20170126  # the split belongs to the data, not to a run; the day of arXiv 1701.07875


@dataclass(frozen=True)
class Dataset:
    """Real samples, split once into those for training and those held out.

    `sample(n, rng)` gives [n, c, h, w] in [-1, 1] or [n, 2]: fresh independent draws from the training
    part with the caller's random generator. `held_out` is [512, ...], of a small set fewer, and never trained on.
    """

    name: str
    sample: Callable[[int, torch.Generator], Tensor]
    held_out: Tensor
    labels: Tensor | None = None
    """Classes of `held_out`, where the data has any: int64 [512]."""
    pixels: str = ""
    """Of the user's own images: the SHA-256 of the file of their pixels."""
    images: Tensor | None = None
    """All images of a finite set, float or uint8 [n, c, h, w]; None for endless draws."""
    train: Tensor | None = None
    """Which of `images` are for training: int64."""
    centres: Tensor | None = None
    """Where the modes are, if the data has any and they are known: [modes, 2]."""
    sd: float | None = None
    """The standard deviation of each mode along each axis."""
    points: tuple[int, int] | None = None
    """Of the user's own points: around how many samples are drawn, and around how many others `held_out` was."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (c, h, w) or (2,)."""
        return tuple(self.held_out.shape[1:])

    @property
    def independent(self) -> tuple[float, int]:
        """How many independent draws are behind what is trained on, and behind `held_out`: 0 if none is apart."""
        if self.points:
            return self.points
        return (math.inf if self.train is None else len(self.train)), len(self.held_out)

    def training_images(self, at_once: int = 1000) -> Iterator[Tensor]:
        """The training part of a finite set in chunks [at_once, c, h, w] in [-1, 1]."""
        for part in self.train.split(at_once):
            yield _as_float(self.images[part])

    def training_image(self, i: int) -> Tensor:
        """Number i of the training part: [c, h, w] in [-1, 1]."""
        return _as_float(self.images[self.train[i]])


def at_hand(config: TrainConfig) -> bool:
    """Whether `load` would need no network."""
    mnist = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    files = {
        "mnist": [f"MNIST/{name}" for name in mnist],
        "fashion-mnist": [f"FashionMNIST/{name}" for name in mnist],
        "cifar10": ["cifar-10-binary.tar.gz"],
        "images": [f"data/{config.pixels}.safetensors" if config.pixels else f"images/{config.images}.zip"],
        "drawn": [f"points/{config.points}.safetensors"],
    }
    return all((data_root() / file).is_file() for file in files.get(config.dataset, []))


def shape_of(config: TrainConfig) -> tuple[int, ...]:
    """The shape of one sample, known before anything is loaded: (c, h, w) or (2,)."""
    if config.kind == "point":
        return (2,)
    coloured = config.dataset == "cifar10" or (config.dataset == "images" and config.colour == "rgb")
    return (3 if coloured else 1, config.image_size, config.image_size)


def load(config: TrainConfig, announce: Announce = lambda _: None) -> Dataset:
    """The dataset that the settings name; `announce` is told what is fetched or decoded, and how far that is.

    Raises ConnectionError, ValueError or FileNotFoundError in one sentence if it can't be had.
    """
    points = {"8-gaussians": eight_gaussians, "25-gaussians": twenty_five_gaussians, "swiss-roll": swiss_roll}
    if config.dataset in points:
        return points[config.dataset]()
    if config.dataset == "digits":
        return digits(config.image_size)
    if config.dataset == "images":
        return images_dataset(config, announce)
    if config.dataset == "drawn":
        return points_dataset(config)
    read = {"mnist": _mnist, "fashion-mnist": _mnist, "cifar10": _cifar10}[config.dataset]
    images, labels = read(config, announce)
    if images.shape[-1] != config.image_size:
        images = _resized(images, config.image_size, announce)
    return _split(config.dataset, images, labels)


@cache
def digits(size: int = 16) -> Dataset:
    """The 1,797 real handwritten digits, resized; 1,285 for training."""
    return _split("digits", *labelled_digits(size))


@cache
def labelled_digits(size: int) -> tuple[Tensor, Tensor]:
    """All digits of scikit-learn (8 x 8), resized: [1797, 1, size, size] in [-1, 1], and their classes int64 [1797].

    Source: Alpaydin & Kaynak 1998, UCI Optical Recognition of Handwritten Digits, as shipped by scikit-learn.
    """
    from sklearn.datasets import load_digits  # a second or two: only when digits are wanted

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16  # [1797, 1, 8, 8] in [0, 1]
    return _resized(images, size).clamp_(0, 1) * 2 - 1, torch.from_numpy(bunch.target)


def _mnist(config: TrainConfig, announce: Announce) -> tuple[Tensor, Tensor]:
    """The 60,000 training images of MNIST or Fashion-MNIST, uint8 [60000, 1, 28, 28], and their classes.

    Sources: LeCun et al. 1998; Xiao et al. 2017 (arXiv 1708.07747). Addresses and checksums are torchvision's; its
    own download tells no progress, may wait forever, and checks nothing that is already there.
    """
    from torchvision import datasets

    kind = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST}[config.dataset]
    checksums = dict(kind.resources)

    def content(name: str, header: int) -> np.ndarray:
        urls = [mirror + name for mirror in kind.mirrors]
        file = fetch(urls, checksums[name], data_root() / kind.__name__ / name, announce)
        return np.frombuffer(bytearray(gzip.decompress(file.read_bytes())), np.uint8, offset=header)

    images = content("train-images-idx3-ubyte.gz", header=16).reshape(-1, 1, 28, 28)
    return torch.from_numpy(images), torch.from_numpy(content("train-labels-idx1-ubyte.gz", header=8)).long()


CIFAR10 = ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")


def _cifar10(_: TrainConfig, announce: Announce) -> tuple[Tensor, Tensor]:
    """The training images of CIFAR-10, uint8 [50000, 3, 32, 32], and their classes. Source: Krizhevsky 2009.

    From the binary archive: torchvision reads the one for Python, which holds pickles.
    """
    url, md5 = CIFAR10
    archive = fetch([url], md5, data_root() / "cifar-10-binary.tar.gz", announce)
    records = []
    with tarfile.open(archive) as files:
        for i in range(1, 6):
            announce(f"decoding CIFAR-10, file {i} of 5")
            with files.extractfile(f"cifar-10-batches-bin/data_batch_{i}.bin") as file:
                records.append(np.frombuffer(file.read(), np.uint8).reshape(-1, 1 + 3 * 32 * 32))
    both = torch.from_numpy(np.concatenate(records))  # a class and a picture each
    return both[:, 1:].reshape(-1, 3, 32, 32), both[:, 0].long()


def images_dataset(config: TrainConfig, announce: Announce) -> Dataset:
    """The user's own images, decoded once: their pixels are kept as `data/SHA256.safetensors`, and loaded from there.

    Raises ValueError if they are not the pixels that the settings name.
    """
    if not config.images:
        raise ValueError("Choose a ZIP or a folder with images first.")
    kept = data_root() / "data"
    with suppress(ValueError):
        return replace(
            _split("images", pixel_files.load(kept, config.pixels, config.image_size), None), pixels=config.pixels
        )
    archive = own_images.find(config.images, data_root() / "images")
    pixels = torch.from_numpy(own_images.decode(archive, config.image_size, config.fit, config.colour, announce))
    sha256 = pixel_files.keep(kept, pixels)
    if config.pixels and config.pixels != sha256:
        raise ValueError("These images come to other pixels than when this run was first made; choose them again.")
    return replace(_split("images", pixels, None), pixels=sha256)


def _resized(images: Tensor, size: int, announce: Announce = lambda _: None) -> Tensor:
    from torchvision.transforms.v2 import functional as transforms

    resized = torch.empty(*images.shape[:2], size, size, dtype=images.dtype)
    for i in range(0, len(images), RESIZED_AT_ONCE):
        announce(f"resizing images, {i:,} of {len(images):,}")
        part = slice(i, i + RESIZED_AT_ONCE)
        resized[part] = transforms.resize(images[part], [size, size], antialias=True)
    return resized


def _split(name: str, images: Tensor, labels: Tensor | None) -> Dataset:
    """Images [n, ...] drawn from with replacement; 512, or a third of a small set, are held out.

    They may be float in [-1, 1], or uint8, which take a quarter of the memory and become floats batch by batch.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SPLIT_SEED))
    n = min(HELD_OUT, len(images) // 3)
    held_out, train = order[:n], order[n:]

    def sample(n: int, rng: torch.Generator) -> Tensor:
        return _as_float(images[train[torch.randint(len(train), (n,), generator=rng)]])

    kept_labels = None if labels is None else labels[held_out]
    return Dataset(name, sample, _as_float(images[held_out]), kept_labels, images=images, train=train)


def _as_float(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1 if images.dtype == torch.uint8 else images


def eight_gaussians() -> Dataset:
    """A ring of 8 Gaussians: radius 2, sd 0.02, all divided by 1.414.

    Source: the code of Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1a.
    """
    angles = torch.arange(8) * (2 * math.pi / 8)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # [8, 2]
    return _of_gaussians("8-gaussians", centres, sd=0.02, scale=1.414)


def twenty_five_gaussians() -> Dataset:
    """A grid of 25 Gaussians on {-4, -2, 0, 2, 4}^2: sd 0.05, all divided by 2.828.

    Source: the code of Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1a.
    """
    ticks = torch.arange(-4.0, 5.0, 2.0)
    return _of_gaussians("25-gaussians", torch.cartesian_prod(ticks, ticks), sd=0.05, scale=2.828)


def _of_gaussians(name: str, centres: Tensor, sd: float, scale: float) -> Dataset:
    def sample(n: int, rng: torch.Generator) -> Tensor:
        which = torch.randint(len(centres), (n,), generator=rng)
        return (centres[which] + sd * torch.randn(n, 2, generator=rng)) / scale

    return dataclasses.replace(_endless(name, sample), centres=centres / scale, sd=sd / scale)


def swiss_roll() -> Dataset:
    """A spiral: scikit-learn's make_swiss_roll(noise=0.25)[:, [0, 2]] / 7.5, with draws of our own.

    Source: the code of Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1a.
    """

    def sample(n: int, rng: torch.Generator) -> Tensor:
        t = 1.5 * math.pi * (1 + 2 * torch.rand(n, generator=rng))
        spiral = torch.stack([t * t.cos(), t * t.sin()], dim=1)  # [n, 2]
        return (spiral + 0.25 * torch.randn(n, 2, generator=rng)) / 7.5

    return _endless("swiss-roll", sample)


def points_dataset(config: TrainConfig) -> Dataset:
    """The user's own points: a draw is one of them, plus Gaussian jitter of sd 0.02.

    Of 100 points or more a third, at most 512, is held out, and `held_out` is 512 draws around those, each equally
    often; of fewer, both are draws around all. Raises ValueError or FileNotFoundError, in one sentence.
    """
    if not config.points:
        raise ValueError("Draw some points or choose a CSV first.")
    points = torch.from_numpy(own_points.load(config.points, data_root() / "points"))  # [n, 2]
    if len(points) < own_points.FEWEST:
        raise ValueError(f"These are {len(points)} points; at least {own_points.FEWEST} are needed.")
    rng = torch.Generator().manual_seed(SPLIT_SEED)
    points = points[torch.randperm(len(points), generator=rng)]
    n = min(HELD_OUT, len(points) // 3) if len(points) >= SPLIT_FROM else 0
    train, apart = points[n:], points[:n] if n else points

    def sample(n: int, rng: torch.Generator) -> Tensor:
        which = torch.randint(len(train), (n,), generator=rng)
        return train[which] + JITTER * torch.randn(n, 2, generator=rng)

    which = torch.arange(HELD_OUT) % len(apart)
    held_out = apart[which] + JITTER * torch.randn(HELD_OUT, 2, generator=rng)
    return Dataset("drawn", sample, held_out, points=(len(train), n))


def _endless(name: str, sample: Callable[[int, torch.Generator], Tensor]) -> Dataset:
    return Dataset(name, sample, sample(HELD_OUT, torch.Generator().manual_seed(SPLIT_SEED)))
