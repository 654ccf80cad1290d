"""The clamp, its counts and its histograms, against NumPy."""

import numpy as np
import pytest
import torch
from torch import nn

from ganlab.gan.clipping import clip_, unclamped
from ganlab.gan.constraints import scales_of
from ganlab.gan.histograms import Counts, axis_limit, bin_edges, binned, count, pooled

RANGES = [
    (-0.01, 0.01),
    (-0.1, 0.1),
    (0.0, 0.1),
    (-0.3, -0.1),
    (0.5, 0.7),
    (0.5, 0.500001),
    (-1e-4, 1.0),
    (-0.0137, 0.02),
]


def model(dtype: torch.dtype = torch.float32) -> nn.Module:
    rng = torch.Generator().manual_seed(0)
    made = nn.Sequential(nn.Linear(30, 20), nn.BatchNorm1d(20), nn.Linear(20, 1)).to(dtype)
    for parameter in made.parameters():
        parameter.data.normal_(0, 0.3, generator=rng)
    return made


def test_the_articles_plain_example() -> None:
    weights = nn.Parameter(torch.tensor([-2.0, -1, 0, 1, 2]))
    report = clip_([("w", weights)], (-1, 1))
    assert weights.tolist() == [-1, -1, 0, 1, 1]
    assert report.clamped_share == 2 / 5
    assert report.at_bound_share == 4 / 5


@pytest.mark.parametrize(
    ("scope", "scale"), [("weights", "same"), ("no-norm", "same"), ("all", "fan-in"), ("weights", "gain")]
)
@pytest.mark.parametrize("clip_range", [(-0.1, 0.1), (-0.0137, 0.2)])
def test_scope_and_scale_are_counted_as_numpy_would(scope: str, scale: str, clip_range: tuple[float, float]) -> None:
    made = model()
    inputs = {"0": 30, "1": 1, "2": 20}
    gain = 2 if scale == "gain" else 1
    before = {name: parameter.detach().clone().numpy() for name, parameter in made.named_parameters()}
    report = clip_(made.named_parameters(), clip_range, scales_of(made, scope, scale))
    moved = total = 0
    for (name, parameter), drawn in zip(made.named_parameters(), report.histograms(), strict=True):
        layer, kind = name.split(".")
        after, values = parameter.detach().numpy(), before[name]
        if (scope == "weights" and kind == "bias") or (scope == "no-norm" and layer == "1"):
            assert np.array_equal(after, values)
            assert (drawn.clip_range, drawn.after_counts) == (None, Counts(0, 0, values.size, 0, 0))
            assert drawn.before.sum() == drawn.after.sum() == values.size
            assert -drawn.edges[0] == drawn.edges[-1] >= np.abs(values).max()
            continue
        factor = 1 if layer == "1" or scale == "same" else (gain / inputs[layer]) ** 0.5
        low, high = (np.float32(bound * factor) for bound in clip_range)
        assert np.array_equal(after, values.clip(low, high))
        outside = int(((values < low) | (values > high)).sum())
        assert drawn.scale == pytest.approx(factor)
        assert (drawn.clip_range, drawn.before_counts.outside, drawn.after_counts.outside) == (clip_range, outside, 0)
        inside = (drawn.edges[:-1] >= np.float32(clip_range[0])) & (drawn.edges[1:] <= np.float32(clip_range[1]))
        assert drawn.after[~inside].sum() == 0
        assert drawn.after.sum() + drawn.after_counts.at_bound == values.size
        moved, total = moved + outside, total + values.size
    assert report.clamped == moved
    assert report.clamped_share == moved / total
    whole = pooled(report.histograms())
    assert (whole.before_counts.outside, whole.before_counts.total, whole.clip_range) == (moved, total, clip_range)


def test_an_update_without_a_clamp_is_counted_as_such() -> None:
    made = model()
    report = unclamped(made.named_parameters())
    assert np.isnan([report.clamped_share, report.at_bound_share]).all()
    assert (report.layer_counts == -1).all()
    whole = pooled(report.histograms())
    assert (whole.clip_range, whole.before_counts.total) == (None, sum(p.numel() for p in made.parameters()))
    assert whole.before.sum() == whole.before_counts.total
    assert len({one.edges.tobytes() for one in report.histograms()}) == 1  # one axis for all


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("clip_range", RANGES[:4])
def test_clamps_every_parameter_as_numpy_would(clip_range: tuple[float, float], dtype: torch.dtype) -> None:
    made = model(dtype)
    bounds = torch.tensor(clip_range, dtype=dtype)
    wanted = [torch.minimum(torch.maximum(p.detach(), bounds[0]), bounds[1]) for p in made.parameters()]
    clip_(made.named_parameters(), clip_range)
    assert all(torch.equal(p, w) for p, w in zip(made.parameters(), wanted, strict=True))


@pytest.mark.parametrize("clip_range", RANGES)
def test_counts_are_exact(clip_range: tuple[float, float]) -> None:
    made = model()
    with torch.no_grad():
        made[0].weight[0, :3] = clip_range[0]
        made[0].weight[1, :5] = clip_range[1]
    before = torch.cat([p.detach().reshape(-1) for p in made.parameters()]).numpy()
    report = clip_(made.named_parameters(), clip_range)
    after = torch.cat([p.detach().reshape(-1) for p in made.parameters()]).numpy()
    low, high = np.float32(clip_range[0]), np.float32(clip_range[1])
    for values, histograms in ((before, "before"), (after, "after")):
        wanted = Counts(
            int((values < low).sum()), int((values == low).sum()), int(((values > low) & (values < high)).sum()),
            int((values == high).sum()), int((values > high).sum()),
        )  # fmt: skip
        whole = pooled(report.histograms())
        assert getattr(whole, f"{histograms}_counts") == wanted
        assert getattr(whole, histograms).sum() == wanted.total - wanted.at_bound
    assert report.clamped_share == ((before < low) | (before > high)).mean()
    assert report.at_bound_share == ((after == low) | (after == high)).mean()


def test_nan_is_counted_nowhere() -> None:
    values = torch.tensor([float("nan"), -1.0, -0.5, 0.0, 0.5, 0.6, float("inf")])
    assert count(values, (-0.5, 0.5)) == (1, 1, 1, 1, 2)
    bins = binned(values, bin_edges((-0.5, 0.5)), (-0.5, 0.5))
    assert bins.sum() == 4  # neither NaN nor the two at the bounds


def test_compares_in_the_weights_own_dtype() -> None:
    weights = nn.Parameter(torch.tensor([0.5, -0.5]))
    report = clip_([("w", weights)], (-0.1, 0.1))
    assert weights.max().item() > 0.1  # the double 0.1 is below the float32 one
    assert count(report.after, (-0.1, 0.1)) == Counts(0, 1, 0, 1, 0)


@pytest.mark.parametrize("clip_range", RANGES)
def test_bins_meet_both_bounds_and_stay_few(clip_range: tuple[float, float]) -> None:
    edges = bin_edges(clip_range)
    assert {float(np.float32(bound)) for bound in clip_range} <= set(edges)
    assert (np.diff(edges) > 0).all()
    assert len(edges) < 320
    limit = axis_limit(clip_range)
    assert edges[0] <= -limit * (1 - 1e-3)
    assert edges[-1] >= limit * (1 - 1e-3)


@pytest.mark.parametrize("c", [0.0001, 0.001, 0.01, 0.015, 0.1, 1.0])
def test_about_eighty_equal_bins_inside(c: float) -> None:
    edges = bin_edges((-c, c))
    inside = edges[(edges >= np.float32(-c)) & (edges <= np.float32(c))]
    assert len(inside) == 81
    assert np.allclose(np.diff(edges), 2 * c / 80, rtol=1e-6)


def test_histogram_agrees_with_numpy_and_loses_nothing() -> None:
    weights = nn.Parameter(
        torch.cat([torch.randn(5000, generator=torch.Generator().manual_seed(1)), torch.tensor([1e6, -1e6])])
    )
    before = weights.detach().double().numpy().copy()
    (histogram,) = clip_([("w", weights)], (-0.5, 0.5)).histograms()
    wanted, _ = np.histogram(before.clip(histogram.edges[0], histogram.edges[-1] - 1e-9), histogram.edges)
    assert np.array_equal(histogram.before, wanted)
    inside = (histogram.edges[:-1] >= -0.5) & (histogram.edges[1:] <= 0.5)
    assert np.array_equal(histogram.after[inside], histogram.before[inside])
    assert histogram.after[~inside].sum() == 0


def test_a_report_does_not_change_when_training_goes_on() -> None:
    made = model()
    report = clip_(made.named_parameters(), (-0.1, 0.1))
    was = report.after.clone()
    with torch.no_grad():
        made[0].weight.add_(1)
    assert torch.equal(report.after, was)


def test_layer_counts_are_the_exact_counts() -> None:
    rng = torch.Generator().manual_seed(0)
    named = [(f"w{n}", nn.Parameter(torch.randn(n, 3, generator=rng) * 0.1)) for n in (1, 5, 40)]
    report = clip_(named, (-0.05, 0.1))
    wanted = [[h.before_counts.outside, h.after_counts.at_bound] for h in report.histograms()]
    assert report.layer_counts.tolist() == wanted
    assert report.clamped_share == sum(h.before_counts.outside for h in report.histograms()) / 138


@pytest.mark.parametrize(
    ("module", "clip_range", "words"),
    [
        (nn.Linear(2, 2), (0.1, -0.1), "Low must be below high"),
        (nn.Linear(2, 2), (0.0, 0.0), "Low must be below high"),
        (nn.Linear(2, 2), (np.nan, 0.1), "finite"),
        (nn.Linear(2, 2), (-1e39, 1e39), "32-bit"),
        (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double()), (-0.1, 0.1), "one floating-point type"),
        (
            nn.ParameterDict({"w": nn.Parameter(torch.ones(2, dtype=torch.int64), requires_grad=False)}),
            (-0.1, 0.1),
            "one floating-point type",
        ),
        (nn.ReLU(), (-0.1, 0.1), "no parameters"),
        (nn.ParameterDict({"w": nn.Parameter(torch.empty(0))}), (-0.1, 0.1), "no parameters"),
    ],
)
def test_refuses_what_it_cannot_clamp_and_changes_nothing(
    module: nn.Module, clip_range: tuple[float, float], words: str
) -> None:
    before = [parameter.clone() for parameter in module.parameters()]
    with pytest.raises(ValueError, match=words):
        clip_(module.named_parameters(), clip_range)
    assert all(map(torch.equal, before, module.parameters()))


def test_asks_for_the_names_of_the_parameters() -> None:
    with pytest.raises(ValueError, match="named_parameters"):
        clip_(nn.Linear(2, 2).parameters(), (-0.1, 0.1))


def test_histograms_in_bfloat16() -> None:
    report = clip_(model(torch.bfloat16).named_parameters(), (-0.1, 0.1))
    whole = pooled(report.histograms())
    assert whole.after.sum() + whole.after_counts.at_bound == whole.after_counts.total
