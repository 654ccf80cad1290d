"""What of the real samples the generated ones cover. Knows no critic."""

from functools import partial
from typing import NamedTuple

import numpy as np
from torch import Tensor
from torch.nn import functional

from ganlab.measure import copies
from ganlab.measure.distances import pairwise
from ganlab.measure.subject import Subject

KINDS = ("image", "point")
COLUMNS = ("modes", "modes_missing", "modes_covered", "high_quality_share", "spread")

MISSING = 0.25
"""A mode or class that gets less than this share of its due is missing."""
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
    _, nearest = copies.nearest(samples, [real], min(NEIGHBOURS, len(real)))
    classes = int(labels.max()) + 1
    votes = functional.one_hot(labels[nearest], classes).sum(dim=1)  # [n, classes]
    return votes.argmax(dim=1).bincount(minlength=classes).numpy()


def spread(samples: Tensor) -> float:
    """The root mean square distance of samples [n, ...] from their mean: 0 if all are one."""
    flat = samples.flatten(1).double()
    return (flat - flat.mean(dim=0)).square().sum(dim=1).mean().sqrt().item()


class Coverage(NamedTuple):
    """What of the real samples the generated ones cover."""

    found: np.ndarray
    """Generated samples of each mode or class, by the nearest: int64 [modes]; empty where there are none."""
    due: np.ndarray
    """How many there would be of as many real samples: float64 [modes]."""
    good: np.ndarray
    """Of `found`, those within 3 sd of the mode; empty for images."""
    spread: float
    """The generated samples' root mean square distance from their mean / the same of the held-out ones."""

    @property
    def missing(self) -> int:
        """How many modes or classes have less than a quarter of their due."""
        return int((self.found < MISSING * self.due).sum())


def measure(subject: Subject) -> Coverage:
    """Modes where their centres are known, else classes where there are labels, and the spread."""
    data, n = subject.dataset, len(subject.fake)
    found, due, good = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
    if data.centres is not None and data.sd is not None:
        found = nearest_mode(subject.fake, data.centres)
        due = np.full(len(found), n / len(found))
        good = high_quality(subject.fake, data.centres, data.sd)
    elif data.labels is not None:
        votes = partial(class_histogram, real=data.held_out, labels=data.labels)
        found = votes(subject.fake)
        # Real samples are counted by the same vote: nearest neighbours in pixels may favour a class.
        before = subject.before.get("coverage")
        due = before.due if before else subject.baseline(lambda: votes(subject.usual()).astype(float))
    return Coverage(found, due, good, copies.ratio(spread(subject.fake), spread(data.held_out)))


def row(result: Coverage) -> dict[str, float]:
    """The values of COLUMNS."""
    values: dict[str, float] = {"spread": result.spread}
    if len(result.found):
        values |= {"modes": len(result.found), "modes_missing": result.missing}
    if len(result.good):
        values |= {"modes_covered": (result.good > 0).sum()}
        values |= {"high_quality_share": result.good.sum() / result.found.sum()}
    return values
