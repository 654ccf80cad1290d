"""What of the real samples the generated ones cover, and whether they are copies. Knows no critic."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from ganlab.probes.distances import pairwise

HIGH_QUALITY = 3.0  # standard deviations; a 2-D Gaussian has 98.9 % of its points within
NEIGHBOURS = 5


def high_quality(points: Tensor, centres: Tensor, sd: float) -> np.ndarray:
    """How many points [n, 2] lie within 3 sd of each centre [modes, 2]: int64 [modes].

    A mode with one such point is covered; their share of all points is that of high quality: Lin et al. 2018
    (PacGAN, arXiv 1712.04086), section 4.1.
    """
    distances = pairwise(points, centres)
    return np.bincount(distances.argmin(1)[distances.min(1) <= HIGH_QUALITY * sd], minlength=len(centres))


def nearest_mode(points: Tensor, centres: Tensor) -> np.ndarray:
    """How many points [n, 2] have each centre [modes, 2] as their nearest, however far: int64 [modes]."""
    return np.bincount(pairwise(points, centres).argmin(1), minlength=len(centres))


def class_histogram(samples: Tensor, real: Tensor, labels: Tensor) -> np.ndarray:
    """How many samples [n, ...] belong to each class by a vote of their 5 nearest real ones: int64 [classes].

    `real` is [m, ...], `labels` int64 [m]; of equally many votes the smaller class wins.
    """
    nearest = np.argpartition(pairwise(samples, real), NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    labels = labels.numpy()
    classes = labels.max() + 1
    votes = np.zeros((len(samples), classes), np.int64)
    np.add.at(votes, (np.arange(len(samples))[:, None], labels[nearest]), 1)
    return np.bincount(votes.argmax(1), minlength=classes)


def spread(samples: Tensor) -> float:
    """The root mean square distance of samples [n, ...] from their mean: 0 if all are one."""
    flat = samples.flatten(1).double()
    return (flat - flat.mean(dim=0)).square().sum(dim=1).mean().sqrt().item()


def nearest_training(samples: Tensor, training: Iterable[Tensor]) -> np.ndarray:
    """How far each of the samples [n, ...] is from the nearest of all training images, given in chunks: [n].

    Held-out images give the distance of what is new: Meehan et al. 2020 (arXiv 2004.05675).
    """
    nearest = np.full(len(samples), np.inf)
    for chunk in training:
        nearest = np.minimum(nearest, _nearest(samples, chunk))
    return nearest


def _nearest(samples: Tensor, chunk: Tensor) -> np.ndarray:
    """In float32, which large sets need, the product only names the nearest; its distance is computed again."""
    flat, rows = samples.flatten(1), chunk.flatten(1)
    which = torch.cdist(flat, rows).argmin(dim=1)
    return (flat - rows[which]).double().norm(dim=1).numpy()
