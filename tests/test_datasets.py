import math

import torch

from ganlab import datasets


def test_digits_are_real_and_split_once() -> None:
    data = datasets.digits()
    assert data.shape == (1, 16, 16)
    assert len(data.held_out) == len(data.labels) == 512
    assert set(data.labels.tolist()) == set(range(10))
    assert data.held_out.min() >= -1
    assert data.held_out.max() <= 1
    many = data.sample(40_000, torch.Generator().manual_seed(0)).flatten(1).unique(dim=0)
    assert 1270 <= len(many) <= 1285  # with replacement; a few digits are drawn twice in the set itself
    both = torch.cat([many, data.held_out.flatten(1).unique(dim=0)])
    assert len(both.unique(dim=0)) >= len(both) - 2


def test_ring_has_the_papers_constants() -> None:
    points = datasets.eight_gaussians().sample(40_000, torch.Generator().manual_seed(0))
    angles = torch.arange(8) * math.pi / 4
    centres = 2 * torch.stack([angles.cos(), angles.sin()], 1) / 1.414
    distances, nearest = torch.cdist(points, centres).min(1)
    assert (nearest.bincount(minlength=8) / len(points) - 1 / 8).abs().max() < 0.01
    sd = (distances.square().mean() / 2).sqrt().item()
    assert abs(sd - 0.02 / 1.414) < 2e-4


def test_draws_come_from_the_callers_generator() -> None:
    for data in (datasets.digits(), datasets.eight_gaussians()):
        a, b = (data.sample(9, torch.Generator().manual_seed(4)) for _ in range(2))
        assert torch.equal(a, b)
        assert not torch.equal(a, data.sample(9, torch.Generator().manual_seed(5)))
