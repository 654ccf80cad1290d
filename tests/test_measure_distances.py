"""Exact and sliced Wasserstein-1 distances, and rank correlation."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import quality
import torch
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from torch import Tensor

from ganlab.data import datasets, point_sets
from ganlab.data.dataset import split
from ganlab.gan.training import Trainer
from ganlab.measure import distances
from ganlab.measure.reading import look
from ganlab.presets import PRESETS


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(n: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.randn(n, *shape, generator=rng(seed))


@pytest.mark.parametrize("shape", [(1,), (2,), (1, 3, 3)])
def test_w1_against_all_permutations(shape: tuple[int, ...]) -> None:
    for seed in range(5):
        a, b = normal(7, *shape, seed=seed), normal(7, *shape, seed=seed + 50)
        cost = (a[:, None] - b[None]).flatten(2).norm(dim=2).numpy()
        best = min(cost[range(7), order].mean() for order in map(list, itertools.permutations(range(7))))
        assert distances.exact_w1(a, b) == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("axes", [1, 2])
def test_w1_of_two_gaussians_six_sd_apart(axes: int) -> None:
    apart = torch.zeros(axes)
    apart[0] = 6.0
    for seed in range(3):
        a, b = normal(512, axes, seed=seed), normal(512, axes, seed=seed + 50) + apart
        assert distances.exact_w1(a, b) == pytest.approx(6, rel=0.05)


def test_w1_against_an_independent_implementation() -> None:
    a, b = normal(100, 1, 8, 8), normal(100, 1, 8, 8, seed=1)
    assert distances.exact_w1(a, b) == pytest.approx(quality.exact_w1(a.numpy(), b.numpy()), rel=1e-6)


def test_w1_of_a_set_to_itself_is_zero() -> None:
    images = normal(50, 3, 32, 32)
    assert distances.exact_w1(images, images.flip(0)) == pytest.approx(0, abs=distances.ROUNDING)


def test_w1_needs_sets_of_equal_size() -> None:
    with pytest.raises(ValueError, match="not 3 and 4"):
        distances.exact_w1(normal(3, 2), normal(4, 2))


def test_sliced_w1_of_a_shift() -> None:
    """A shift by v moves projections by |<v, line>|: in 2-D 2 / pi of |v| on average."""
    a = normal(200, 2)
    sliced = [distances.sliced_w1(a, a + torch.tensor([3.0, 4.0]), rng(seed)) for seed in range(20)]
    assert np.mean(sliced) == pytest.approx(5 * 2 / math.pi, rel=0.03)
    assert max(sliced) <= 5


def test_sliced_w1_is_never_above_the_exact_one() -> None:
    for seed in range(5):
        a, b = normal(64, 3, 4, 4, seed=seed), 2 * normal(64, 3, 4, 4, seed=seed + 9)
        assert 0 < distances.sliced_w1(a, b, rng(seed)) <= distances.exact_w1(a, b)


def test_in_pixels_blurred_images_are_nearer_than_real_ones() -> None:
    """So no help may say that real to real can't be undercut."""
    digits = datasets.load(PRESETS["digits"])
    images = torch.cat(list(digits.training_images()))
    clusters = KMeans(100, n_init=1, random_state=0).fit(images.flatten(1).numpy())
    means = torch.tensor(clusters.cluster_centers_)[torch.tensor(clusters.labels_)].view_as(images).float()
    blurred = means[torch.randint(len(means), (512,), generator=rng())]
    real = digits.sample(512, rng())
    assert distances.exact_w1(blurred, digits.held_out) < 0.98 * distances.exact_w1(real, digits.held_out)


@pytest.mark.parametrize("decimals", [9, 0])  # without ties and with
def test_rank_correlation_against_scipys(decimals: int) -> None:
    a, b = normal(40, 2, seed=3).numpy().round(decimals).T
    b = b + 0.5 * a
    assert distances.rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)
    assert distances.rank_correlation(np.append(a, np.nan), np.append(b, 1.0)) == distances.rank_correlation(a, b)


def test_rank_correlation_of_two_values_or_a_constant_is_nan() -> None:
    assert math.isnan(distances.rank_correlation(np.arange(2.0), np.arange(2.0)))
    assert math.isnan(distances.rank_correlation(np.arange(9.0), np.ones(9)))


def test_nothing_is_divided_by_the_distance_or_the_spread_of_equal_images() -> None:
    image = torch.randint(0, 256, (1, 3, 32, 32), generator=rng(), dtype=torch.uint8)
    data = split(image.repeat(48, 1, 1, 1))
    config = dataclasses.replace(PRESETS["cifar10"], image_size=32, width=4, latent_dim=4)
    trainer = Trainer(config, data)
    reading = look(trainer.critic, trainer.generator, data, config, which=frozenset({"distances", "coverage"}))
    assert reading.distances.w1 > 1
    assert math.isnan(reading.distances.perfect.mean)
    assert math.isnan(reading.coverage.spread)


def test_the_band_of_a_perfect_sampler_against_an_independent_computation() -> None:
    trainer = Trainer(PRESETS["8-gaussians"], dataclasses.replace(point_sets.eight_gaussians()))  # never looked at
    networks = trainer.critic, trainer.generator
    perfect = look(*networks, trainer.dataset, trainer.config, which=frozenset({"distances"})).distances.perfect
    draw, data = rng(7), point_sets.eight_gaussians()
    singles = [quality.exact_w1(*(data.sample(512, draw).numpy() for _ in range(2))) for _ in range(80)]
    looks = np.reshape(singles, (20, 4)).mean(axis=1)
    assert perfect.mean == pytest.approx(np.mean(singles), rel=0.1)
    assert (perfect.low, perfect.high) == pytest.approx(tuple(np.quantile(looks, distances.BAND)), rel=0.1)
    fixed = [quality.exact_w1(data.sample(512, draw).numpy(), data.held_out.numpy()) for _ in range(40)]
    assert np.mean(fixed) == pytest.approx(0.127, abs=0.02)  # against the same 512 points the mean depends on these
    assert np.std(looks) < 0.6 * np.std(fixed)
