"""Sets of 2-D points, drawn endlessly: two of Gaussians and the Swiss roll, and the user's own points.

Source of the first three: the code of Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1a.
"""

import math
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from ganlab.config import TrainConfig
from ganlab.data import own_points
from ganlab.data.dataset import HELD_OUT, SPLIT_SEED, Announce, Dataset, Sample, endless
from ganlab.data.download import data_root

ROLL_NOISE, ROLL_SCALE = 0.25, 7.5  # standard deviation of the Swiss roll's noise, and what all is divided by
JITTER = 0.02  # standard deviation along each axis of a draw around one of the user's points
SPLIT_FROM = 100  # of fewer points none is held out: a third of a few clicks would be a third of the shape


@cache
def eight_gaussians() -> Dataset:
    """A ring of 8 Gaussians: radius 2, sd 0.02, all divided by 1.414."""
    angles = torch.arange(8) * (2 * math.pi / 8)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # [8, 2]
    return _gaussians(centres, sd=0.02, scale=1.414)


@cache
def twenty_five_gaussians() -> Dataset:
    """A grid of 25 Gaussians on {-4, -2, 0, 2, 4}^2: sd 0.05, all divided by 2.828."""
    ticks = torch.arange(-4.0, 5.0, 2.0)
    return _gaussians(torch.cartesian_prod(ticks, ticks), sd=0.05, scale=2.828)


def _gaussians(centres: Tensor, sd: float, scale: float) -> Dataset:
    return endless(_around(centres, sd, scale), centres / scale, sd / scale)


def _around(centres: Tensor, sd: float, scale: float = 1.0) -> Sample:
    def sample(n: int, rng: torch.Generator) -> Tensor:
        which = torch.randint(len(centres), (n,), generator=rng)
        return (centres[which] + sd * torch.randn(n, 2, generator=rng)) / scale

    return sample


@cache
def swiss_roll() -> Dataset:
    """A spiral: scikit-learn's make_swiss_roll(noise=0.25)[:, [0, 2]] / 7.5, drawn with torch."""

    def sample(n: int, rng: torch.Generator) -> Tensor:
        t = 1.5 * math.pi * (1 + 2 * torch.rand(n, generator=rng))
        spiral = torch.stack([t * t.cos(), t * t.sin()], dim=1)  # [n, 2]
        return (spiral + ROLL_NOISE * torch.randn(n, 2, generator=rng)) / ROLL_SCALE

    return endless(sample)


def own_files(config: TrainConfig) -> list[Path]:
    return [data_root() / "points" / f"{config.points}.safetensors"]


def own(config: TrainConfig, _: Announce) -> Dataset:
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

    which = torch.arange(HELD_OUT) % len(apart)
    held_out = apart[which] + JITTER * torch.randn(HELD_OUT, 2, generator=rng)
    return Dataset(_around(train, JITTER), held_out, points=(len(train), n))
