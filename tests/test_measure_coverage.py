"""Modes, classes and spread of samples."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from sklearn.neighbors import KNeighborsClassifier

from ganlab.data import image_sets, point_sets
from ganlab.measure import copies, coverage


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ["eight_gaussians", "twenty_five_gaussians"])
def test_real_points_cover_every_mode_and_nearly_all_are_of_high_quality(name: str) -> None:
    data = getattr(point_sets, name)()
    counts = coverage.count_high_quality(data.sample(20_000, rng()), data.centres, data.sd)
    assert counts.min() > 0
    assert counts.sum() / 20_000 == pytest.approx(1 - np.exp(-4.5), abs=0.003)  # within 3 sd in 2-D


def test_points_count_for_a_mode_up_to_three_sd() -> None:
    centres = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    points = torch.tensor([[0.0, 0.29], [0.0, 0.31], [1.2, 0.0], [0.6, 0.0]])
    assert coverage.count_high_quality(points, centres, sd=0.1).tolist() == [1, 1]
    assert coverage.count_by_mode(points, centres).tolist() == [2, 2]


def test_classes_of_real_digits_against_scikit_learn() -> None:
    data = image_sets.digits()
    samples = data.sample(300, rng())
    flat = data.held_out.flatten(1).numpy()
    theirs = KNeighborsClassifier(5, algorithm="brute").fit(flat, data.labels).predict(samples.flatten(1).numpy())
    counts = coverage.count_by_class(samples, data.held_out, data.labels)
    assert counts.tolist() == np.bincount(theirs, minlength=10).tolist()


def test_spread() -> None:
    assert coverage.spread(torch.ones(5, 1, 2, 2)) == 0
    points = torch.randn(300, 2, generator=rng())
    assert coverage.spread(points) == pytest.approx(np.sqrt(points.numpy().var(axis=0).sum()), rel=1e-5)


def test_no_ratio_to_a_rounding_error() -> None:
    assert copies.ratio(3.0, 2.0) == 1.5
    assert np.isnan([copies.ratio(3.0, usual) for usual in (0.0, 1e-16)]).all()


def of_counts(*counts: int, expected: tuple[float, ...] = (10.0,) * 4) -> float:
    return coverage.Coverage(np.array(counts, int), np.array(expected), np.zeros(0, int), 1.0).reverse_kl


def test_the_reverse_kl_over_modes_against_scipy() -> None:
    assert of_counts(20, 20, 20, 20) == 0  # whatever the number of samples
    assert of_counts(40, 0, 0, 0) == pytest.approx(np.log(4))
    assert of_counts(7, 1, 9, 0, expected=(4, 3, 2, 1)) == pytest.approx(entropy([7, 1, 9, 0], [4, 3, 2, 1]))
    assert np.isnan(of_counts(1, 2, expected=(3, 0)))
    assert of_counts(1, 0, expected=(3, 0)) == 0
    assert np.isnan(of_counts(expected=()))
