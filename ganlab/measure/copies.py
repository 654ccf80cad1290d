"""Whether generated images are copies of training images: distances to the nearest one."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab.measure.subject import Columns, Subject

KIND = "image"
COPIES_OF = 128  # few, because a search among 60,000 training images is slow


def nearest(samples: Tensor, real: Iterable[Tensor], k: int) -> tuple[Tensor, Tensor]:
    """For each of the samples [m, ...], the k nearest real ones, nearest first; `real` comes in chunks [n, ...].

    Returns distances float32 [m, k], root mean square differences of the numbers, and indices int64 [m, k], counted
    over all chunks. k may be at most the number of real samples.
    """
    flat = samples.flatten(1)
    distances, indices, count = flat.new_empty(len(flat), 0), torch.empty(len(flat), 0, dtype=torch.int64), 0
    for chunk in real:
        rows = chunk.flatten(1)
        # The fast way to all distances is a matrix product, but its rounding makes the distance of a copy more
        # than 0: it selects the candidates, whose distances are then computed exactly.
        candidates = torch.cdist(flat, rows).topk(min(k, len(rows)), largest=False).indices  # [m, k]
        exact = (flat.unsqueeze(1) - rows[candidates]).square().mean(dim=2).sqrt()
        distances, order = torch.cat([distances, exact], dim=1).sort(dim=1)
        indices = torch.cat([indices, candidates + count], dim=1).gather(1, order)[:, :k]
        distances, count = distances[:, :k], count + len(rows)
    return distances, indices


def ratio(value: float, usual: float) -> float:
    """value / usual; NaN if `usual` is 0 or only a rounding error."""
    return value / usual if usual > 1e-9 else math.nan


class Copies(NamedTuple):
    """Root mean square pixel differences to the nearest training image, float64 [n] each; 1 is black against white."""

    generated: np.ndarray  # of at most 128 images
    held_out: np.ndarray  # what is usual for new images: Meehan et al. 2020 (arXiv 2004.05675)

    @property
    def ratio(self) -> float:
        """Median of the generated / median of the held-out images: 0 for copies, about 1 for new images."""
        return ratio(float(np.median(self.generated)), float(np.median(self.held_out)))


COLUMNS: Columns[Copies] = {
    "nearest_training": lambda result: float(np.median(result.generated)),
    "nearest_training_real": lambda result: float(np.median(result.held_out)),
}


def measure(subject: Subject) -> Copies:
    """The distances of 128 generated and 128 held-out images to their nearest training image."""

    def distances_of(samples: Tensor) -> np.ndarray:
        distances, _ = nearest(samples[:COPIES_OF], subject.dataset.training_images(), k=1)
        return distances.squeeze(1).double().numpy() / 2  # pixels go from -1 to 1

    held_out = subject.baseline("copies", lambda: distances_of(subject.held_out))
    return Copies(distances_of(subject.fake), held_out)
