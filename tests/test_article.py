"""TODO."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from snippets import printed_by
from torch import nn

from ganlab.gan.clipping import clip_
from ganlab.lessons import article
from ganlab.measure import lipschitz

PRINTED = json.loads(Path(article.__file__).with_name("article_weight_clipping.json").read_text())
RANGES = [(-0.1, 0.1), (-0.05, 0.3), (0.0, 0.0001), (-2.0, 2.0)]


def test_the_articles_printout_comes_out_to_the_last_digit() -> None:
    model = article.model(None)
    report = clip_(model.named_parameters(), tuple(PRINTED["clip_range"]))
    after = {name: parameter.double().numpy() for name, parameter in model.named_parameters()}
    assert list(after) == list(PRINTED["after"])
    for name, values in after.items():
        assert np.array_equal(values.round(4) + 0.0, np.array(PRINTED["after"][name])), name
    assert sum(values.size for values in after.values()) == 60
    assert report.clamped.sum() == 43


def test_a_seed_gives_the_weights_that_torch_gives() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        torchs = nn.Sequential(nn.Linear(3, 10), nn.BatchNorm1d(10), nn.Sigmoid())
    mine = article.model(11)
    assert all(torch.equal(a, b) for a, b in zip(mine.parameters(), torchs.parameters(), strict=True))


@pytest.mark.parametrize("left_out", [(), ("batch norm",), ("biases",), ("batch norm", "biases")])
@pytest.mark.parametrize("clip_range", RANGES)
@pytest.mark.parametrize("seed", [None, 3])
def test_the_shown_code_prints_what_the_page_prints(
    seed: int | None, clip_range: tuple[float, float], left_out: tuple[str, ...]
) -> None:
    chosen = seed, clip_range, left_out
    assert printed_by(article.clamp_code(*chosen)) == article.clamp_printed(*chosen)
    assert printed_by(article.slope_code(*chosen)) == article.slope_printed(*chosen)


def test_what_is_left_out_stays() -> None:
    model = article.model(0)
    clip_(article.clamped_parameters(model, ["batch norm"]), (-0.1, 0.1))
    assert torch.equal(model.batchnorm.weight, torch.ones(10))
    assert model.linear.bias.abs().max() == torch.tensor(0.1)
    assert [name for name, _ in article.clamped_parameters(model, ["biases"])] == ["linear.weight", "batchnorm.weight"]


def test_the_first_example() -> None:
    values = article.numbers(article.NUMBERS)
    assert values == [-2, -1, 0, 1, 2]
    assert article.numbers_printed(values, (-1.0, 1.0)) == "tensor([-1., -1.,  0.,  1.,  1.])\n"


@pytest.mark.parametrize("values", [[-2.0, -1.0, 0.0], [0.1, 1e-8, -3e8], [1.0] * 200])
def test_the_shown_code_clamps_any_numbers(values: list[float]) -> None:
    for clip_range in RANGES:
        assert printed_by(article.numbers_code(values, clip_range)) == article.numbers_printed(values, clip_range)


def test_numbers_are_read_as_people_write_them() -> None:
    assert article.numbers(" −2  1e-1 ,3.5 4") == [-2.0, torch.tensor(0.1).item(), 3.5, 4.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Type some numbers"),
        (" , ;", "Type some numbers"),
        ("1, zwei, 3", "“zwei” is not a number"),
        ("nan", "“nan” is not"),
        ("1e999", "“1e999” is more than 32 bits"),
        ("1e39", "“1e39” is more than 32 bits"),
        ("1,5; 2,5", "decimals with a point"),
        ("1 " * 201, "At most 200 numbers can be shown; these are 201."),
    ],
)
def test_what_is_no_number_is_named(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        article.numbers(text)


def test_the_bound_on_the_slope_holds_and_is_that_of_the_layers() -> None:
    for seed in (None, *range(5)):
        model = article.model(seed)
        factors = lipschitz.lipschitz_factors(model)
        weight = model.linear.weight.double()
        assert factors["linear"] == pytest.approx(torch.linalg.svdvals(weight).max().item(), rel=1e-5)
        assert factors["batchnorm"] == pytest.approx(model.batchnorm.weight.max().item(), rel=1e-4)
        bound = np.prod(list(factors.values()))
        points = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * 3
        jacobians = torch.stack([torch.autograd.functional.jacobian(model, p[None])[0, :, 0] for p in points[:40]])
        assert torch.linalg.matrix_norm(jacobians, ord=2).max() <= bound
        at = torch.linspace(-4, 4, 161)
        for axis in range(3):
            answers = article.along(model, axis, at).double()
            slopes = ((answers[1:] - answers[:-1]) / (at[1] - at[0])).norm(dim=1)  # finite differences
            assert article.slope_along(model, axis, at) == pytest.approx(slopes.max().item(), rel=5e-3)
            assert slopes.max() <= bound


def test_an_unknown_layer_has_no_factor() -> None:
    with pytest.raises(TypeError, match="GELU"):
        lipschitz.lipschitz_factors(nn.Sequential(nn.GELU()))
