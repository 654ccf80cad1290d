"""The article's model: its printout, its code, the bound on its slope."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from snippets import printed_by
from torch import nn

from ganlab.lessons import article
from ganlab.measure import lipschitz
from ganlab.measure.subject import Unmeasurable

PRINTED = json.loads(Path(article.__file__).with_name("article_weight_clipping.json").read_text())
RANGES = [(-0.1, 0.1), (-0.05, 0.3), (0.0, 0.0001), (-2.0, 2.0)]


def test_the_articles_printout_is_reproduced_to_the_last_digit() -> None:
    model = article.model(None)
    report = article.clamp_(model, tuple(PRINTED["clip_range"]))
    after = {name: parameter.double().numpy() for name, parameter in model.named_parameters()}
    assert list(after) == list(PRINTED["after"])
    for name, values in after.items():
        assert np.array_equal(values.round(4) + 0.0, np.array(PRINTED["after"][name])), name
    assert sum(values.size for values in after.values()) == 60
    assert report.clamped == 43


def test_a_seed_gives_the_weights_of_torch_without_the_global_generator() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        expected = nn.Sequential(nn.Linear(3, 10), nn.BatchNorm1d(10), nn.Sigmoid())
    before = torch.get_rng_state()
    model = article.model(11)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), expected.parameters(), strict=True))


@pytest.mark.parametrize("left_out", [(), ("batch norm",), ("biases",), ("batch norm", "biases")])
@pytest.mark.parametrize("clip_range", RANGES)
@pytest.mark.parametrize("seed", [None, 3])
def test_the_code_prints_what_the_page_shows(
    seed: int | None, clip_range: tuple[float, float], left_out: tuple[str, ...]
) -> None:
    chosen = seed, clip_range, left_out
    assert printed_by(article.clamp_code(*chosen)) == article.clamp_printed(*chosen)
    assert printed_by(article.slope_code(*chosen)) == article.slope_printed(*chosen)


def test_parts_left_out_are_not_clamped() -> None:
    model = article.model(0)
    article.clamp_(model, (-0.1, 0.1), ["batch norm"])
    assert torch.equal(model.batchnorm.weight, torch.ones(10))
    assert model.linear.bias.abs().max() == torch.tensor(0.1)
    assert [name for name, _ in article.clamped_parameters(model, ["biases"])] == ["linear.weight", "batchnorm.weight"]


def test_the_bound_on_the_slope_is_the_product_of_the_layers_and_holds() -> None:
    for seed in (None, *range(5)):
        model = article.model(seed)
        factors = lipschitz.lipschitz_factors(model)
        weight = model.linear.weight.double()
        assert factors["linear"] == pytest.approx(torch.linalg.svdvals(weight).max().item(), rel=1e-5)
        assert factors["batchnorm"] == pytest.approx(model.batchnorm.weight.max().item(), rel=1e-4)
        bound = article.slope_bound(model)
        assert bound == pytest.approx(np.prod(list(factors.values())))
        points = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * 3
        jacobians = torch.stack([torch.autograd.functional.jacobian(model, p[None])[0, :, 0] for p in points[:40]])
        assert torch.linalg.matrix_norm(jacobians, ord=2).max() <= bound
        at = torch.linspace(-4, 4, 161)
        for axis in range(3):
            outputs = article.along(model, axis, at).double()
            slopes = ((outputs[1:] - outputs[:-1]) / (at[1] - at[0])).norm(dim=1)  # finite differences
            assert article.slope_along(model, axis, at) == pytest.approx(slopes.max().item(), rel=5e-3)
            assert slopes.max() <= bound


def test_an_unknown_layer_has_no_factor() -> None:
    with pytest.raises(Unmeasurable, match="GELU"):
        lipschitz.lipschitz_factors(nn.Sequential(nn.GELU()))
