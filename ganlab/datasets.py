"""What there is to imitate: real samples. Knows nothing of networks or training."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

HELD_OUT = 512
SPLIT_SEED = 20170126  # the split belongs to the data, not to a run; the day of arXiv 1701.07875


@dataclass(frozen=True)
class Dataset:
    """Real samples, split once into those for training and those held out.

    `sample(n, rng)` gives [n, c, h, w] in [-1, 1] or [n, 2]: fresh independent draws from the training
    part with the caller's random generator. `held_out` is [512, ...] and never trained on.
    """

    name: str
    sample: Callable[[int, torch.Generator], Tensor]
    held_out: Tensor
    labels: Tensor | None = None
    """Classes of `held_out`, where the data has any: int64 [512]."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (c, h, w) or (2,)."""
        return tuple(self.held_out.shape[1:])


def load(name: str) -> Dataset:
    """The dataset of that name (one of config.DATASETS)."""
    return {"digits": digits, "8-gaussians": eight_gaussians}[name]()


@cache
def digits() -> Dataset:
    """The 1,797 real handwritten digits of scikit-learn (8 x 8), resized to 16 x 16; 1,285 for training.

    Source: Alpaydin & Kaynak 1998, UCI Optical Recognition of Handwritten Digits, as shipped by scikit-learn.
    """
    # A second or two to import: only when digits are wanted.
    from sklearn.datasets import load_digits
    from torchvision.transforms.v2 import functional as transforms

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16  # [1797, 1, 8, 8] in [0, 1]
    images = transforms.resize(images, [16, 16], antialias=True).clamp_(0, 1) * 2 - 1
    labels = torch.from_numpy(bunch.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SPLIT_SEED))
    held_out, train = order[:HELD_OUT], order[HELD_OUT:]
    return of_tensor("digits", images[train], images[held_out], labels[held_out])


def of_tensor(name: str, train: Tensor, held_out: Tensor, labels: Tensor | None = None) -> Dataset:
    """A dataset held in memory as one tensor [n, ...], drawn from with replacement."""

    def sample(n: int, rng: torch.Generator) -> Tensor:
        return train[torch.randint(len(train), (n,), generator=rng)]

    return Dataset(name, sample, held_out, labels)


def eight_gaussians() -> Dataset:
    """A ring of 8 Gaussians: radius 2, sd 0.02, all divided by 1.414.

    Source: the code of Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1a.
    """
    angles = torch.arange(8) * (2 * math.pi / 8)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # [8, 2]

    def sample(n: int, rng: torch.Generator) -> Tensor:
        which = torch.randint(8, (n,), generator=rng)
        return (centres[which] + 0.02 * torch.randn(n, 2, generator=rng)) / 1.414

    return Dataset("8-gaussians", sample, sample(HELD_OUT, torch.Generator().manual_seed(SPLIT_SEED)))
