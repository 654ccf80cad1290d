"""What of the real samples the generated ones cover. Knows no critic."""

import numpy as np
from torch import Tensor
from torch.nn import functional

from ganlab import neighbours
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
    _, nearest = neighbours.nearest(samples, [real], min(NEIGHBOURS, len(real)))
    classes = int(labels.max()) + 1
    votes = functional.one_hot(labels[nearest], classes).sum(dim=1)  # [n, classes]
    return votes.argmax(dim=1).bincount(minlength=classes).numpy()


def spread(samples: Tensor) -> float:
    """The root mean square distance of samples [n, ...] from their mean: 0 if all are one."""
    flat = samples.flatten(1).double()
    return (flat - flat.mean(dim=0)).square().sum(dim=1).mean().sqrt().item()
