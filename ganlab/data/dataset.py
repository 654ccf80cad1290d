"""One data set: real samples to train on, and others held out. Knows nothing of networks or training."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

Announce = Callable[[str], None]  # called with what is being fetched or decoded, and how far it is
HELD_OUT = 512  # samples that are never trained on; a third of a set with fewer than 1,536
SPLIT_SEED = 20170126  # the split belongs to the data, not to a run; the day of arXiv 1701.07875


@dataclass(frozen=True)
class Dataset:
    """Real samples, split once into a training part and a part that is held out.

    `sample(n, rng)` returns [n, c, h, w] in [-1, 1] or [n, 2]: fresh independent draws from the training part with
    the caller's random generator. `held_out` is [512, ...], or fewer of a small set, and never trained on.
    """

    name: str
    sample: Callable[[int, torch.Generator], Tensor]
    held_out: Tensor
    labels: Tensor | None = None  # classes of `held_out`, if the data has any: int64 [512]
    pixels: str = ""  # for the user's own images: the SHA-256 of the file of their pixels
    images: Tensor | None = None  # all images of a finite set, float or uint8 [n, c, h, w]; None for endless draws
    train: Tensor | None = None  # indices of the training part in `images`: int64
    centres: Tensor | None = None  # centres of the modes, if the data has modes and they are known: [modes, 2]
    sd: float | None = None  # standard deviation of each mode along each axis
    points: tuple[int, int] | None = None
    """For the user's own points: how many `sample` draws around, and how many others `held_out` was drawn around."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (c, h, w) or (2,)."""
        return tuple(self.held_out.shape[1:])

    @property
    def independent(self) -> tuple[float, int]:
        """How many independent samples are behind the training part and `held_out`; 0 if nothing is held out."""
        if self.points:
            return self.points
        return (math.inf if self.train is None else len(self.train)), len(self.held_out)

    def training_images(self, at_once: int = 1000) -> Iterator[Tensor]:
        """The training part in chunks [at_once, c, h, w] in [-1, 1]. Raises ValueError for endless draws."""
        images, train = self._finite()
        for part in train.split(at_once):
            yield _as_float(images[part])

    def training_image(self, i: int) -> Tensor:
        """Number i of the training part: [c, h, w] in [-1, 1]. Raises ValueError for endless draws."""
        images, train = self._finite()
        return _as_float(images[train[i]])

    def _finite(self) -> tuple[Tensor, Tensor]:
        if self.images is None or self.train is None:
            raise ValueError(f"{self.name} is drawn endlessly; it has no list of training images.")
        return self.images, self.train


def split(name: str, images: Tensor, labels: Tensor | None) -> Dataset:
    """The data set of finitely many images [n, ...], drawn with replacement; 512, or a third of a small set, held out.

    They may be float in [-1, 1], or uint8, which takes a quarter of the memory and becomes float batch by batch.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SPLIT_SEED))
    n = min(HELD_OUT, len(images) // 3)
    held_out, train = order[:n], order[n:]

    def sample(n: int, rng: torch.Generator) -> Tensor:
        return _as_float(images[train[torch.randint(len(train), (n,), generator=rng)]])

    held_out_labels = None if labels is None else labels[held_out]
    return Dataset(name, sample, _as_float(images[held_out]), held_out_labels, images=images, train=train)


def endless(name: str, sample: Callable[[int, torch.Generator], Tensor]) -> Dataset:
    """The data set of a distribution that every draw samples afresh; `held_out` is 512 draws."""
    return Dataset(name, sample, sample(HELD_OUT, torch.Generator().manual_seed(SPLIT_SEED)))


def _as_float(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1 if images.dtype == torch.uint8 else images
