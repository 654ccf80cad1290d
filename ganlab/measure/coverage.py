"""How much of the real data the generated samples cover. Knows no critic."""

import math
from functools import partial
from typing import NamedTuple

import numpy as np
from torch import Tensor
from torch.nn import functional

from ganlab.measure import copies
from ganlab.measure.distances import pairwise
from ganlab.measure.subject import Columns, Subject

STREAM = 4
COUNTED = 2500  # samples of data with modes, as many as the code of Lin et al. 2018 counts
MISSING = 0.25  # a mode or class is missing if it has less than this share of the samples expected of it
HIGH_QUALITY = 3.0  # standard deviations; a 2-D Gaussian has 98.9 % of its points within
NEIGHBOURS = 5


def count_high_quality(points: Tensor, centres: Tensor, sd: float) -> np.ndarray:
    """How many points [n, 2] lie within 3 sd of each centre [modes, 2]: int64 [modes].

    A mode with one such point among 2,500 counts as covered; the share of such points is the share of high quality:
    Lin et al. 2018 (PacGAN, arXiv 1712.04086), section 4.1 and its code.
    """
    distances = pairwise(points, centres)
    return np.bincount(distances.argmin(1)[distances.min(1) <= HIGH_QUALITY * sd], minlength=len(centres))


def count_by_mode(points: Tensor, centres: Tensor) -> np.ndarray:
    """How many points [n, 2] are nearest to each centre [modes, 2], at any distance: int64 [modes]."""
    return np.bincount(pairwise(points, centres).argmin(1), minlength=len(centres))


def count_by_class(samples: Tensor, real: Tensor, labels: Tensor) -> np.ndarray:
    """How many samples [n, ...] fall into each class by a vote of their 5 nearest real samples: int64 [classes].

    `real` is [m, ...], `labels` int64 [m]. On a tie the smaller class wins.
    """
    _, nearest = copies.nearest(samples, [real], min(NEIGHBOURS, len(real)))
    classes = int(labels.max()) + 1
    votes = functional.one_hot(labels[nearest], classes).sum(dim=1)  # [n, classes]
    return votes.argmax(dim=1).bincount(minlength=classes).numpy()


def spread(samples: Tensor) -> float:
    """The root mean square distance of samples [n, ...] from their mean: 0 if all are equal."""
    flat = samples.flatten(1).double()
    return (flat - flat.mean(dim=0)).square().sum(dim=1).mean().sqrt().item()


class Coverage(NamedTuple):
    """How much of the real data the generated samples cover."""

    # Generated samples of each mode or class, by the nearest: int64 [modes]; empty for data without either.
    counts: np.ndarray
    expected: np.ndarray  # how many of equally many real samples fall into each: float64 [modes]
    high_quality: np.ndarray  # those of `counts` within 3 sd of the mode: int64 [modes]; empty for images
    spread: float  # root mean square distance from the mean, generated samples / held-out samples

    @property
    def high_quality_share(self) -> float:
        """The share of `high_quality` among all samples; NaN for images."""
        return float(self.high_quality.sum() / self.counts.sum()) if len(self.high_quality) else math.nan

    @property
    def reverse_kl(self) -> float:
        """The KL divergence, in nats, of the shares of generated samples from the expected ones: 0 if they are equal.

        NaN without modes or classes, and if a class is generated that is never expected. Lin et al. 2018 (PacGAN, arXiv
        1712.04086), section 4.1.
        """
        found = self.counts > 0
        if not found.any() or not self.expected[found].all():
            return math.nan
        shares, expected = self.counts[found] / self.counts.sum(), self.expected[found] / self.expected.sum()
        return float((shares * np.log(shares / expected)).sum())

    @property
    def missing(self) -> int:
        """The number of modes or classes with less than a quarter of the expected samples."""
        return int((self.counts < MISSING * self.expected).sum())


COLUMNS: Columns[Coverage] = {
    "modes": lambda result: len(result.counts) or math.nan,
    "modes_missing": lambda result: result.missing if len(result.counts) else math.nan,
    "modes_covered": lambda result: (result.high_quality > 0).sum() if len(result.high_quality) else math.nan,
    "high_quality_share": lambda result: result.high_quality_share,
    "modes_reverse_kl": lambda result: result.reverse_kl,
    "spread": lambda result: result.spread,
}


def measure(subject: Subject) -> Coverage:
    """Counts by mode where the modes are known, else by class where there are labels; and the spread."""
    data, fake = subject.dataset, subject.fake
    counts, expected, high_quality = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
    if data.centres is not None and data.sd is not None:
        fake = subject.generated(COUNTED, subject.rng(STREAM))
        counts = count_by_mode(fake, data.centres)
        expected = np.full(len(counts), COUNTED / len(counts))
        high_quality = count_high_quality(fake, data.centres, data.sd)
    elif data.labels is not None:
        by_class = partial(count_by_class, real=data.held_out, labels=data.labels)
        counts = by_class(fake)
        # Real samples are counted by the same vote: nearest neighbours in pixels may favour a class.
        expected = subject.baseline("classes", lambda: by_class(subject.usual()).astype(float))
    return Coverage(counts, expected, high_quality, copies.ratio(spread(fake), spread(data.held_out)))
