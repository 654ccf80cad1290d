"""How far generated samples are from real ones: exact distances, and what a critic's estimate is worth beside them."""

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ganlab.measure.subject import DISTANCES, Subject, rng_of

KINDS = ("image", "point")
COLUMNS = (
    "w1",
    "w1_sliced",
    "real_to_real",
    "lower_bound",
    "scaled_estimate",
    "train_estimate",
    "held_out_estimate",
)

LARGEST_EXACT = 32  # pixels: larger images are compared along lines
REAL_DRAWS = 5  # of 512 points from eight modes: a single draw is off by up to a half
PROJECTIONS = 128


def pairwise(a: Tensor, b: Tensor) -> np.ndarray:
    """Euclidean distances of all pairs of a [n, ...] and b [m, ...]: float64 [n, m].

    By a matrix product, 5 times as fast for images; in float64 its rounding is below 1e-6 even between copies.
    """
    a, b = a.flatten(1).double(), b.flatten(1).double()
    return torch.cdist(a, b, compute_mode="use_mm_for_euclid_dist").numpy()


def exact_w1(a: Tensor, b: Tensor) -> float:
    """The exact Wasserstein-1 distance of two sets of n samples each, [n, ...], Euclidean.

    An optimal assignment: between n and n points of weight 1/n a best plan moves every point whole (Birkhoff).
    ValueError unless both have the same number.
    """
    if len(a) != len(b):
        raise ValueError(f"exact_w1 compares equally many samples, not {len(a)} with {len(b)}.")
    cost = pairwise(a, b)
    return float(cost[linear_sum_assignment(cost)].mean())


def sliced_w1(a: Tensor, b: Tensor, rng: torch.Generator) -> float:
    """The mean Wasserstein-1 distance of projections on random lines; a and b are [n, ...]. Never above exact_w1.

    For large images, of which no 512 tell an exact distance: Bonneel et al. 2015, "Sliced and Radon Wasserstein
    Barycenters of Measures".
    """
    a, b = a.flatten(1), b.flatten(1)
    lines = torch.randn(a.shape[1], PROJECTIONS, generator=rng).to(a)
    lines /= lines.norm(dim=0)
    return ((a @ lines).sort(dim=0).values - (b @ lines).sort(dim=0).values).abs().mean().item()


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's correlation of two series [n], pairs with a NaN left out; NaN below 3 pairs or for a constant."""
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = _ranks(a[both]), _ranks(b[both])
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """1 for the smallest; equal values share the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[which]


class Distances(NamedTuple):
    """How far generated samples are from the held-out ones, and what the critic says, in eval mode."""

    w1: float
    """Exact W1 of as many generated as held-out samples; of images above 32 x 32, sliced W1."""
    sliced: bool
    real_to_real: float
    """The same of samples drawn from the training part, mean of 5 draws: no generator can be expected below it."""
    train_estimate: float
    """E critic(training samples) - E critic(generated). NaN where nothing is held out."""
    held_out_estimate: float
    """E critic(held-out samples) - E critic(generated): the same points as `w1`."""
    gap_error: float
    """The standard error of the difference of the two, by how many independent samples are behind each."""
    lower_bound: float
    """held_out_estimate / product of the layers' norms: never above the exact W1. NaN without `lipschitz`, or where W1
    is sliced: it bounds the distance between samples, not that along lines."""
    scaled: float
    """held_out_estimate / largest gradient met: scaled, not a bound. NaN as `lower_bound`."""


@torch.no_grad()
def measure(subject: Subject) -> Distances:
    """W1 on the held-out samples, and what the critic's estimate says of it."""
    sliced = subject.held_out.dim() == 4 and subject.held_out.shape[-1] > LARGEST_EXACT

    def w1(samples: Tensor, step: int) -> float:
        if sliced:
            return sliced_w1(samples, subject.held_out, rng_of(subject.config.seed, step, DISTANCES))
        return exact_w1(samples, subject.held_out)

    def real_to_real() -> float:
        return sum(w1(subject.usual(draw), 0) for draw in range(REAL_DRAWS)) / REAL_DRAWS

    before, steepness = subject.before.get("distances"), subject.found.get("lipschitz")
    train, held_out, fake = (subject.critic(x).double() for x in (subject.train, subject.held_out, subject.fake))
    estimate = (held_out.mean() - fake.mean()).item()
    # With few points none is held out: the two estimates would be of the same points.
    apart = subject.dataset.independent[1] > 0
    return Distances(
        w1=w1(subject.fake, subject.step),
        sliced=sliced,
        real_to_real=before.real_to_real if before else subject.baseline(real_to_real),
        train_estimate=(train.mean() - fake.mean()).item() if apart else math.nan,
        held_out_estimate=estimate,
        gap_error=_gap_error(train, held_out, *subject.dataset.independent) if apart else math.nan,
        # Both refer to the Euclidean distance between samples; distances along lines are smaller.
        lower_bound=_over(estimate, steepness.product) if steepness and not sliced else math.nan,
        scaled=_over(estimate, steepness.met.largest) if steepness and not sliced else math.nan,
    )


def row(result: Distances) -> dict[str, float]:
    """The values of COLUMNS."""
    same = ("w1", "real_to_real", "lower_bound", "train_estimate", "held_out_estimate")
    values = {name: getattr(result, name) for name in same}
    return {**values, "w1_sliced": result.sliced, "scaled_estimate": result.scaled}


def _gap_error(train: Tensor, held_out: Tensor, independent_train: float, independent_held_out: int) -> float:
    """The standard error of the difference of the means of two sets of scores [n].

    The first are drawn, with replacement, from what is itself a sample of so many; the second are all that there are.
    """
    drawn = train.var() * (1 / len(train) + 1 / independent_train)
    return math.sqrt(drawn + held_out.var() / min(independent_held_out, len(held_out)))


def _over(estimate: float, slope: float) -> float:
    """A flat critic tells nothing: 0, as its estimate is."""
    return estimate / slope if slope > 0 else 0.0
