"""How far generated samples are from real ones: exact distances, and how the critic's estimate compares."""

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ganlab.data.dataset import SPLIT_SEED
from ganlab.gan.streams import rng_of
from ganlab.measure.lipschitz import Lipschitz
from ganlab.measure.subject import Columns, Subject

STREAM = 3
LARGEST_EXACT = 32  # pixels; larger images are compared by sliced W1
REAL_DRAWS = 5  # against held-out samples; one draw of 512 from eight modes is off by up to a half
DRAWS = 4  # of endless data, fresh on both sides: a quarter of the variance, in a look that still takes below 0.5 s
SINGLES = 32  # distances behind the band of a perfect sampler
BAND = (0.05, 0.95)
PROJECTIONS = 128
ROUNDING = 1e-4  # what is left between equal images; two levels of a pixel differ by 8e-3


def pairwise(a: Tensor, b: Tensor) -> np.ndarray:
    """Euclidean distances between all pairs of a [n, ...] and b [m, ...]: float64 [n, m].

    Uses a matrix product, 5 times as fast for images; in float64 its rounding error is below 1e-5 even between copies.
    """
    a, b = a.flatten(1).double(), b.flatten(1).double()
    return torch.cdist(a, b, compute_mode="use_mm_for_euclid_dist").numpy()


def exact_w1(a: Tensor, b: Tensor) -> float:
    """The exact Wasserstein-1 distance between two sets of n samples each, [n, ...], with Euclidean cost.

    It is the mean cost of an optimal assignment: between n and n points of weight 1/n some optimal plan moves every
    point whole (Birkhoff). Raises ValueError for sets of different sizes.
    """
    if len(a) != len(b):
        raise ValueError(f"exact_w1 needs two sets of the same size, not {len(a)} and {len(b)}.")
    cost = pairwise(a, b)
    # What is subtracted from a whole column or row changes no optimum; for a young generator it halves the time.
    reduced = cost - cost.min(axis=0)
    reduced -= reduced.min(axis=1, keepdims=True)
    return float(cost[linear_sum_assignment(reduced)].mean())


def sliced_w1(a: Tensor, b: Tensor, rng: torch.Generator) -> float:
    """The mean Wasserstein-1 distance of projections onto random lines; a and b are [n, ...]. Never above exact_w1.

    For large images, where 512 samples are too few for a meaningful exact distance: Bonneel et al. 2015, "Sliced and
    Radon Wasserstein Barycenters of Measures".
    """
    a, b = a.flatten(1), b.flatten(1)
    lines = torch.randn(a.shape[1], PROJECTIONS, generator=rng).to(a)
    lines /= lines.norm(dim=0)
    return ((a @ lines).sort(dim=0).values - (b @ lines).sort(dim=0).values).abs().mean().item()


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's correlation of two series [n], without pairs that hold a NaN; NaN below 3 pairs or for a constant."""
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = _ranks(a[both]), _ranks(b[both])
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """1 for the smallest; equal values share the mean of their ranks."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[index]


class Perfect(NamedTuple):
    """`w1` as it would be for a perfect sampler, which is the distance of real samples from real ones."""

    mean: float  # NaN if all are equal; in pixels, draws of blurred images can be below it: they are nearer to all
    low: float  # of 20 looks, 1 finds less, and 1 more than `high`; both NaN where real samples run out
    high: float


class Distances(NamedTuple):
    """How far generated samples are from real ones, and the critic's estimates, in eval mode."""

    # Exact W1 between the held-out samples and as many generated ones; sliced W1 for images above 32 x 32. Of endless
    # data the mean of 4, each between fresh samples.
    w1: float
    w1_sliced: bool  # whether `w1` and `perfect` are sliced
    perfect: Perfect
    # held_out_estimate / product of the layers' norms: never above the exact W1. NaN without that product, and where W1
    # is sliced: it bounds the distance between samples, not between their projections.
    lower_bound: float
    scaled_estimate: float  # held_out_estimate / largest input gradient measured: not a bound; NaN like `lower_bound`
    train_estimate: float  # E critic(training samples) - E critic(generated); NaN where nothing is held out
    held_out_estimate: float  # E critic(held-out samples) - E critic(generated), on the same samples as `w1`
    # Standard error of the difference of the two estimates, from the number of independent samples behind each.
    gap_error: float


COLUMNS: Columns[Distances] = {
    "w1": lambda result: result.w1,
    "w1_sliced": lambda result: result.w1_sliced,
    "real_to_real": lambda result: result.perfect.mean,
    "real_to_real_low": lambda result: result.perfect.low,
    "real_to_real_high": lambda result: result.perfect.high,
    "lower_bound": lambda result: result.lower_bound,
    "scaled_estimate": lambda result: result.scaled_estimate,
    "train_estimate": lambda result: result.train_estimate,
    "held_out_estimate": lambda result: result.held_out_estimate,
}


@torch.no_grad()
def measure(subject: Subject) -> Distances:
    """W1 to real samples, and the critic's estimates of it, on the same samples."""
    data, n = subject.dataset, len(subject.held_out)
    sliced = subject.held_out.dim() == 4 and subject.held_out.shape[-1] > LARGEST_EXACT

    def w1(fake: Tensor, real: Tensor, rng: torch.Generator) -> float:
        return sliced_w1(fake, real, rng) if sliced else exact_w1(fake, real)

    def perfect() -> Perfect:
        rng = rng_of(SPLIT_SEED, 0, STREAM)
        if not data.is_endless:
            singles = [w1(subject.usual(draw), subject.held_out, rng) for draw in range(REAL_DRAWS)]
            mean = float(np.mean(singles))
            return Perfect(mean if mean > ROUNDING else math.nan, math.nan, math.nan)
        return perfect_sampler([exact_w1(data.sample(n, rng), data.sample(n, rng)) for _ in range(SINGLES)], rng)

    rng, pairs = subject.rng(STREAM), [(subject.fake, subject.held_out)]
    if data.is_endless:
        pairs = [(subject.generated(n, rng), data.sample(n, rng)) for _ in range(DRAWS)]
    fakes, reals = (torch.cat(half) for half in zip(*pairs, strict=True))
    lipschitz: Lipschitz | None = subject.results.get("lipschitz")
    train, held_out, fake = (subject.critic(x).double() for x in (subject.train, reals, fakes))
    estimate = (held_out.mean() - fake.mean()).item()
    # With few points none is held out, and both estimates would be of the same points.
    held_out_apart = data.independent[1] > 0
    return Distances(
        w1=float(np.mean([w1(*pair, rng) for pair in pairs])),
        w1_sliced=sliced,
        perfect=subject.baseline("perfect", perfect),
        train_estimate=(train.mean() - fake.mean()).item() if held_out_apart else math.nan,
        held_out_estimate=estimate,
        gap_error=_gap_error(train, held_out, *data.independent) if held_out_apart else math.nan,
        # Both refer to the Euclidean distance between samples; distances between projections are smaller.
        lower_bound=_over(estimate, lipschitz.product) if lipschitz and not sliced else math.nan,
        scaled_estimate=_over(estimate, lipschitz.largest) if lipschitz and not sliced else math.nan,
    )


def perfect_sampler(singles: list[float], rng: torch.Generator) -> Perfect:
    """The mean of distances between real samples, and the band of means of 4 of them, drawn with replacement."""
    distances = torch.tensor(singles, dtype=torch.float64)
    fours = distances[torch.randint(len(singles), (10_000, DRAWS), generator=rng)].mean(dim=1)
    low, high = fours.quantile(torch.tensor(BAND, dtype=torch.float64)).tolist()
    return Perfect(distances.mean().item(), low, high)


def _gap_error(train: Tensor, held_out: Tensor, independent_train: float, independent_held_out: float) -> float:
    """The standard error of the difference of the means of two sets of scores [n].

    The first set is drawn, with replacement, from a sample of `independent_train`; the second is the whole sample.
    """
    train_variance = train.var() * (1 / len(train) + 1 / independent_train)
    return math.sqrt(train_variance + held_out.var() / min(independent_held_out, len(held_out)))


def _over(estimate: float, slope: float) -> float:
    return estimate / slope if slope != 0 else 0.0  # the estimate of a flat critic is 0 as well
