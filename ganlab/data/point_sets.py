"""Sets of 2-D points that are drawn endlessly: two of Gaussians, and the Swiss roll.

Source of all three: the code of Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1a.
"""

import dataclasses
import math

import torch
from torch import Tensor

from ganlab.data.dataset import Dataset, endless


def eight_gaussians() -> Dataset:
    """A ring of 8 Gaussians: radius 2, sd 0.02, all divided by 1.414."""
    angles = torch.arange(8) * (2 * math.pi / 8)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # [8, 2]
    return _gaussians("8-gaussians", centres, sd=0.02, scale=1.414)


def twenty_five_gaussians() -> Dataset:
    """A grid of 25 Gaussians on {-4, -2, 0, 2, 4}^2: sd 0.05, all divided by 2.828."""
    ticks = torch.arange(-4.0, 5.0, 2.0)
    return _gaussians("25-gaussians", torch.cartesian_prod(ticks, ticks), sd=0.05, scale=2.828)


def _gaussians(name: str, centres: Tensor, sd: float, scale: float) -> Dataset:
    def sample(n: int, rng: torch.Generator) -> Tensor:
        which = torch.randint(len(centres), (n,), generator=rng)
        return (centres[which] + sd * torch.randn(n, 2, generator=rng)) / scale

    return dataclasses.replace(endless(name, sample), centres=centres / scale, sd=sd / scale)


def swiss_roll() -> Dataset:
    """A spiral: scikit-learn's make_swiss_roll(noise=0.25)[:, [0, 2]] / 7.5, drawn with torch."""

    def sample(n: int, rng: torch.Generator) -> Tensor:
        t = 1.5 * math.pi * (1 + 2 * torch.rand(n, generator=rng))
        spiral = torch.stack([t * t.cos(), t * t.sin()], dim=1)  # [n, 2]
        return (spiral + 0.25 * torch.randn(n, 2, generator=rng)) / 7.5

    return endless("swiss-roll", sample)
