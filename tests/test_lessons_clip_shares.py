"""What share of a critic's weights a bound would clip, measured and in theory."""

import numpy as np
import pytest
import torch
from stubs import is_plain

from ganlab.gan import building, clipping, networks
from ganlab.lessons import clip_shares
from ganlab.plots import lessons
from ganlab.presets import PRESETS

BOUNDS = torch.tensor([1e-4, 1e-3, 0.01, 0.02, 0.1, 1.0])


def test_shares_are_counts() -> None:
    values = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 0.05
    values[:10] = 0.02  # a value at a bound is not outside it
    counted = [sum(abs(v) > c for v in values.tolist()) / 1000 for c in BOUNDS.tolist()]
    assert clipping.shares_outside(values, BOUNDS).tolist() == counted
    many = torch.randn(2_500_000, generator=torch.Generator().manual_seed(0))
    assert clipping.shares_outside(many, BOUNDS)[-1].item() == (many.abs() > 1).double().mean().item()


def test_the_papers_bound_clips_617_in_a_thousand_at_the_start() -> None:
    shares = clip_shares.of_start(PRESETS["digits"], BOUNDS)
    assert shares.expected["conv2.weight"][2] == pytest.approx(0.617, abs=5e-4)
    assert shares.measured["conv2.weight"][2] == pytest.approx(0.617, abs=0.01)


@pytest.mark.parametrize("name", ["digits", "8-gaussians-paper"])
def test_the_expected_shares_agree_with_many_starts(name: str) -> None:
    layers = building.initial(PRESETS[name])[1]
    drawn: dict[str, list[np.ndarray]] = {}
    for seed in range(40):
        networks.init_(layers, torch.Generator().manual_seed(seed))
        for parameter, values in layers.named_parameters():
            drawn.setdefault(parameter, []).append(clipping.shares_outside(values, BOUNDS).numpy())
    expected = clip_shares.of_start(PRESETS[name], BOUNDS).expected
    assert list(expected) == list(drawn)
    for parameter, shares in drawn.items():
        n = 40 * layers.get_parameter(parameter).numel()
        slack = 5 * np.sqrt(expected[parameter] * (1 - expected[parameter]) / n) + 1e-6
        assert (np.abs(np.mean(shares, axis=0) - expected[parameter]) <= slack).all(), parameter


def test_the_total_is_the_share_of_all_weights() -> None:
    shares = clip_shares.of_start(PRESETS["digits"], BOUNDS)
    _, critic = building.initial(PRESETS["digits"])
    weights = torch.cat([p.flatten() for p in critic.parameters()])
    assert clip_shares.total(shares, 2) == pytest.approx((weights.abs() > 0.01).double().mean().item())


def test_the_figures_are_plain() -> None:
    shares = clip_shares.of_start(PRESETS["digits"], BOUNDS)
    for theory in (None, shares.expected["conv2.weight"]):
        assert is_plain(lessons.shares(BOUNDS.numpy(), shares.measured, "conv2.weight", theory, 0.01))
    outputs = np.linspace(0, 1, 30).reshape(10, 3)
    assert is_plain(lessons.outputs(np.arange(10.0), outputs, outputs, 0))
