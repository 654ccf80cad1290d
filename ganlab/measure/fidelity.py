"""Whether generated samples lie where real ones do, and real ones where they do. Knows no critic."""

from operator import attrgetter
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ganlab.data.dataset import SPLIT_SEED
from ganlab.gan.streams import rng_of
from ganlab.measure.distances import LARGEST_EXACT, pairwise
from ganlab.measure.subject import Columns, Subject, Unmeasurable

STREAM = 5
NEIGHBOURS = 5  # as in the code of Naeem et al. 2020; Kynkäänniemi et al. 2019 have 3, among 50,000 samples


class Scores(NamedTuple):
    """How a set of samples compares with real ones.

    Around each sample is a ball that reaches to its fifth nearest neighbour in its own set. `precision` and `recall`
    are from Kynkäänniemi et al. 2019 (arXiv 1904.06991), `density` and `coverage` from Naeem et al. 2020 (arXiv
    2002.09797), `one_nn_accuracy` from Lopez-Paz and Oquab 2017 (arXiv 1610.06545).
    """

    precision: float  # share of the samples in the ball of a real one: low if samples scatter
    recall: float  # share of the real samples in the ball of one of these: low if modes are missing
    density: float  # mean number of real balls around one of the samples, / 5; about 1 for real ones
    coverage: float  # share of the real balls with one of the samples inside
    one_nn_accuracy: float  # how often a sample and its nearest neighbour, of either set, are of the same: 0.5 is right


class Fidelity(NamedTuple):
    """Both against the held-out samples, and as many of them."""

    generated: Scores
    real: Scores  # of training samples: what a perfect generator would have


COLUMNS: Columns[Fidelity] = {name: attrgetter(f"generated.{name}") for name in Scores._fields}
COLUMNS |= {f"{name}_real": attrgetter(f"real.{name}") for name in Scores._fields}


def measure(subject: Subject) -> Fidelity:
    """The scores of the generated samples and of a training draw. Images above 32 x 32 are averaged to that size."""
    if len(subject.held_out) <= NEIGHBOURS:
        raise Unmeasurable(f"Fidelity needs more than {NEIGHBOURS} held-out samples.")
    real = _small(subject.held_out)
    perfect = subject.baseline("fidelity", lambda: scores(_small(_training_draw(subject)), real))
    return Fidelity(scores(_small(subject.fake), real), perfect)


def scores(samples: Tensor, real: Tensor) -> Scores:
    """How samples [n, ...] compare with real ones [m, ...], by Euclidean distances; more than 5 of each.

    Equal samples lie in each other's balls, though these may have radius 0. Of several nearest neighbours at the same
    distance each counts its share.
    """
    m = len(real)
    apart = _distances(torch.cat([real, samples]))
    np.fill_diagonal(apart, np.inf)  # no sample is its own neighbour
    of_real, of_samples = (
        np.partition(block, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1] for block in (apart[:m, :m], apart[m:, m:])
    )
    between = apart[:m, m:]  # [m, n]
    in_real, in_samples = (
        (between < radii) | (between == 0) for radii in (of_real[:, np.newaxis], of_samples[np.newaxis])
    )
    nearest = apart == apart.min(axis=1, keepdims=True)
    share_real = nearest[:, :m].sum(axis=1) / nearest.sum(axis=1)
    return Scores(
        precision=float(in_real.any(axis=0).mean()),
        recall=float(in_samples.any(axis=1).mean()),
        density=float(in_real.sum(axis=0).mean() / NEIGHBOURS),
        coverage=float(in_real.any(axis=1).mean()),
        one_nn_accuracy=float(np.concatenate([share_real[:m], 1 - share_real[m:]]).mean()),
    )


def _distances(samples: Tensor) -> np.ndarray:
    """Between all pairs of samples [n, ...]: float64 [n, n]; of equal samples exactly 0, and exactly the same."""
    apart = pairwise(samples, samples)
    apart = np.minimum(apart, apart.T)  # rounding may differ
    np.fill_diagonal(apart, 0)
    first: dict[bytes, int] = {}  # of all equal ones
    same_as = [first.setdefault(row.tobytes(), i) for i, row in enumerate((samples.flatten(1) + 0.0).numpy())]
    return apart[np.ix_(same_as, same_as)]


def _training_draw(subject: Subject) -> Tensor:
    """As many training samples as are held out, none of them twice where there are enough; the same in every run."""
    data, n, rng = subject.dataset, len(subject.held_out), rng_of(SPLIT_SEED, 0, STREAM)
    if len(data.train) < n:
        return data.sample(n, rng)
    return torch.stack([data.training_image(i) for i in torch.randperm(len(data.train), generator=rng)[:n].tolist()])


def _small(samples: Tensor) -> Tensor:
    is_large = samples.dim() == 4 and samples.shape[-1] > LARGEST_EXACT
    return functional.adaptive_avg_pool2d(samples, LARGEST_EXACT) if is_large else samples
