"""Whether generated images are copies of training images: distances to the nearest one."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab.measure.subject import Subject

KINDS = ("image",)
COLUMNS = ("nearest_training", "nearest_training_real")

COPIES_OF = 128  # images looked up: among 60,000 training images that takes a while


def nearest(samples: Tensor, real: Iterable[Tensor], k: int) -> tuple[Tensor, Tensor]:
    """Of each of the samples [m, ...] the k nearest of all the real ones, given in chunks [n, ...], nearest first.

    Distances float32 [m, k], the root mean square difference of their numbers, and indices int64 [m, k] counted
    over all chunks. k may be at most the number of real samples.
    """
    flat = samples.flatten(1)
    distances, indices, seen = flat.new_empty(len(flat), 0), torch.empty(len(flat), 0, dtype=torch.int64), 0
    for chunk in real:
        rows = chunk.flatten(1)
        # The quick way to all distances, a matrix product, rounds that of a copy to something above 0:
        # it names the candidates, and theirs are computed again.
        candidates = torch.cdist(flat, rows).topk(min(k, len(rows)), largest=False).indices  # [m, k]
        exact = (flat.unsqueeze(1) - rows[candidates]).square().mean(dim=2).sqrt()
        distances, order = torch.cat([distances, exact], dim=1).sort(dim=1)
        indices = torch.cat([indices, candidates + seen], dim=1).gather(1, order)[:, :k]
        distances, seen = distances[:, :k], seen + len(rows)
    return distances, indices


def ratio(value: float, usual: float) -> float:
    """NaN where there is nothing to compare with: 0."""
    return value / usual if usual else math.nan


class Copies(NamedTuple):
    """Root mean square differences from the nearest training image: float64 [up to 128] each.

    1 is black against white.

    Held-out images give the distance of what is new: Meehan et al. 2020 (arXiv 2004.05675).
    """

    generated: np.ndarray
    held_out: np.ndarray

    @property
    def ratio(self) -> float:
        """Median of the generated / median of the held-out: 0 for copies, about 1 for what is new."""
        return ratio(float(np.median(self.generated)), float(np.median(self.held_out)))


def measure(subject: Subject) -> Copies:
    """The distances of 128 generated and 128 held-out images to their nearest training image."""

    def distances_of(samples: Tensor) -> np.ndarray:
        distances, _ = nearest(samples[:COPIES_OF], subject.dataset.training_images(), k=1)
        return distances.squeeze(1).double().numpy() / 2

    before = subject.before.get("copies")
    held_out = before.held_out if before else subject.baseline(lambda: distances_of(subject.held_out))
    return Copies(distances_of(subject.fake), held_out)


def row(result: Copies) -> dict[str, float]:
    """The values of COLUMNS."""
    return {
        "nearest_training": float(np.median(result.generated)),
        "nearest_training_real": float(np.median(result.held_out)),
    }
