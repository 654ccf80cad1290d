"""One data set: real samples to train on, and others held out. Knows nothing of networks or training."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

Announce = Callable[[str], None]  # called with what is being fetched or decoded, and how far it is
Sample = Callable[[int, torch.Generator], Tensor]  # draws that many samples
HELD_OUT = 512  # samples that are never trained on; a third of a set with fewer than 1,536
SPLIT_SEED = 20170126  # the split belongs to the data, not to a run; the day of arXiv 1701.07875
NOTHING = torch.empty(0, dtype=torch.int64)


@dataclass(frozen=True)
class Dataset:
    """Real samples, split once into a training part and a part that is held out.

    `sample(n, rng)` returns [n, c, h, w] in [-1, 1] or [n, 2]: fresh independent draws from the training part with
    the caller's random generator. `held_out` is [512, ...], or fewer of a small set, and never trained on.
    """

    sample: Sample
    held_out: Tensor
    labels: Tensor | None = None  # classes of `held_out`, if the data has any: int64 [512]
    pixels: str = ""  # for the user's own images: the SHA-256 of the file of their pixels
    images: Tensor = NOTHING  # all images of a finite set, float or uint8 [n, c, h, w]; empty for endless draws
    train: Tensor = NOTHING  # indices of the training part in `images`: int64
    centres: Tensor | None = None  # centres of the modes, if the data has modes and they are known: [modes, 2]
    sd: float | None = None  # standard deviation of each mode along each axis
    points: tuple[int, int] | None = None  # of the user's own: how many are for training, and how many are held out
    # What instruments have measured of the data alone, by name; for all runs on it in this process.
    known: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (c, h, w) or (2,)."""
        return tuple(self.held_out.shape[1:])

    @property
    def is_endless(self) -> bool:
        """Whether real samples never run out: neither images nor the user's own points."""
        return not len(self.images) and not self.points

    @property
    def independent(self) -> tuple[float, float]:
        """How many independent samples are for training, and how many are held out."""
        if self.points:
            return self.points
        return (math.inf, math.inf) if self.is_endless else (len(self.train), len(self.held_out))

    def with_first(self, n: int) -> "Dataset":
        """The same finite set with only the first n of its training part, which are as random as any others."""
        train = self.train[:n]
        return replace(self, sample=_from(self.images, train), train=train)

    def training_images(self, at_once: int = 1000) -> Iterator[Tensor]:
        """The training part of a finite set, in chunks [at_once, c, h, w] in [-1, 1]."""
        for part in self.train.split(at_once):
            yield _as_float(self.images[part])

    def training_image(self, i: int) -> Tensor:
        """Number i of the training part of a finite set: [c, h, w] in [-1, 1]."""
        return _as_float(self.images[self.train[i]])


def split(images: Tensor, labels: Tensor | None = None, pixels: str = "") -> Dataset:
    """The data set of finitely many images [n, ...], drawn with replacement; 512, or a third of a small set, held out.

    They may be float in [-1, 1], or uint8, which takes a quarter of the memory and becomes float batch by batch.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SPLIT_SEED))
    n = min(HELD_OUT, len(images) // 3)
    held_out, train = order[:n], order[n:]
    held_out_labels = None if labels is None else labels[held_out]
    return Dataset(_from(images, train), _as_float(images[held_out]), held_out_labels, pixels, images, train)


def _from(images: Tensor, train: Tensor) -> Sample:
    def sample(n: int, rng: torch.Generator) -> Tensor:
        return _as_float(images[train[torch.randint(len(train), (n,), generator=rng)]])

    return sample


def endless(sample: Sample, centres: Tensor | None = None, sd: float | None = None) -> Dataset:
    """The data set of a distribution that every draw samples afresh; `held_out` is 512 draws."""
    held_out = sample(HELD_OUT, torch.Generator().manual_seed(SPLIT_SEED))
    return Dataset(sample, held_out, centres=centres, sd=sd)


def _as_float(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1 if images.dtype == torch.uint8 else images
