"""The weights over a whole run, as figures."""

import numpy as np
import pytest
import torch
from stubs import is_plain
from torch import nn

from ganlab.gan.clipping import clip_
from ganlab.gan.histograms import WeightHistogram, pooled
from ganlab.plots import whole_run
from ganlab.plots.whole_run import StepWeights


def weights(seed: int, clip_range: tuple[float, float] = (-0.01, 0.01)) -> tuple[torch.Tensor, WeightHistogram]:
    layer = nn.Linear(100, 100)
    drawn = torch.randn(10_100, generator=torch.Generator().manual_seed(seed)) * 0.008
    with torch.no_grad():
        layer.weight.copy_(drawn[:10_000].view(100, 100))
        layer.bias.copy_(drawn[10_000:])
    return drawn, pooled(clip_(layer.named_parameters(), clip_range).histograms())


def test_quantiles_are_those_of_the_weights_to_a_bin() -> None:
    drawn, histogram = weights(0)
    width = histogram.edges[1] - histogram.edges[0]
    exact = np.quantile(drawn.numpy(), whole_run.QUANTILES)
    inside = np.clip(exact, histogram.edges[0], histogram.edges[-1])
    assert whole_run.quantiles(histogram) == pytest.approx(inside, abs=1.01 * width)


def test_a_bound_that_holds_most_weights_is_the_median() -> None:
    layer = nn.Linear(10, 10, bias=False)
    nn.init.constant_(layer.weight, 0.01)
    histogram = pooled(clip_(layer.named_parameters(), (-0.01, 0.01)).histograms())
    assert whole_run.quantiles(histogram).tolist() == [0.01] * len(whole_run.QUANTILES)


def test_evenly() -> None:
    assert whole_run.evenly([1, 2, 3], 5) == [1, 2, 3]
    assert whole_run.evenly(list(range(1, 101)), 4) == [1, 34, 67, 100]
    assert whole_run.evenly([1, 2, 3, 5, 7, 10, 100], 3) == [1, 10, 100]


def test_steps_in_another_unit_than_the_newest_are_left_out_and_a_note_says_so() -> None:
    weights = nn.Parameter(torch.linspace(-0.2, 0.2, 100))
    same, fan_in = (
        pooled(clip_([("a", weights), ("b", weights)], (-0.5, 0.5), scales).histograms())
        for scales in (None, {"a": 0.25, "b": 0.5})
    )
    saved = [StepWeights(step, same if step < 3 or step == 5 else fan_in) for step in (1, 3, 5, 7, 9)]
    assert whole_run.unlike_newest(saved) == 5
    assert [whole_run.unlike_newest(some) for some in (saved[3:], saved[:1], [])] == [0, 0, 0]
    for draw in (whole_run.ridge, whole_run.bands):
        assert is_plain(draw(saved[3:], 5))
        notes = [{one["text"] for one in draw(saved[3:], since)["layout"]["annotations"]} for since in (5, 0)]
        assert [text for text in notes[0] - notes[1] if "step 5 " in text]


def test_the_figures_are_plain_and_show_every_step() -> None:
    saved = [StepWeights(step, weights(step, (-0.01, 0.01 + step / 1000))[1]) for step in (1, 5, 9)]
    for figure in (whole_run.ridge(saved), whole_run.bands(saved), whole_run.ridge([]), whole_run.bands([])):
        assert is_plain(figure)
    labels = [note["y"] for note in whole_run.bands(saved)["layout"]["annotations"]]
    assert min(np.diff(labels)) >= 0.12 * whole_run.bands(saved)["layout"]["yaxis"]["range"][1] * (1 - 1e-9)
    assert whole_run.ridge(saved)["layout"]["yaxis"]["ticktext"] == ["1", "5", "9"]
