"""The histogram of the weights before and after the clamp, and the scatter of points."""

import numpy as np
import pytest
import torch
from stubs import is_plain, unpacked
from torch import nn

from ganlab.gan.clipping import WeightHistogram, clip_
from ganlab.plots import base, clamp, samples


def histogram(c: float = 0.1) -> WeightHistogram:
    weights = nn.Parameter(torch.randn(2000, generator=torch.Generator().manual_seed(0)) * 0.08)
    return clip_([("w", weights)], (-c, c)).histograms()[0]


def every_figure() -> list[base.Figure]:
    points = np.zeros((3, 2), np.float32)
    return [
        *(clamp.clamp(h, (-0.1, 0.1), log_y) for h in (histogram(), None) for log_y in (False, True)),
        samples.points(points, points),
        samples.points(None, None),
    ]


@pytest.mark.parametrize("figure", every_figure())
def test_figures_are_plain_json_without_null_and_have_an_alt_text(figure: base.Figure) -> None:
    assert is_plain(figure)
    assert figure["alt"].endswith(".")


def test_the_clamp_figure_shows_the_counts() -> None:
    h = histogram()
    figure = clamp.clamp(h, h.clip_range)
    after, before, posts = figure["data"]
    assert before["y"][:-1] == h.before.tolist()
    assert sum(after["y"][:-1]) == h.after_counts.inside
    assert posts["y"] == [h.after_counts.at_low, h.after_counts.at_high]
    assert posts["x"] == [-0.1, 0.1]
    assert len(after["y"]) == 81
    assert after["x0"] == pytest.approx(-0.1)
    assert f"<b>{h.after_counts.at_low:,}</b> at low" in [note["text"] for note in figure["layout"]["annotations"]]


def test_points_take_two_bytes_per_number_unless_they_are_far_away() -> None:
    points = np.random.default_rng(0).uniform(-30, 30, (50, 2)).astype(np.float32)
    far = points + np.float32([0, 1e6])
    near_x, far_y = (samples.points(None, where)["data"][0][axis] for where, axis in ((points, "x"), (far, "y")))
    assert len(near_x["counts"]) == 136
    assert unpacked(near_x) == pytest.approx(points[:, 0], abs=5.1e-4)
    assert unpacked(far_y).tolist() == far[:, 1].tolist()
    assert np.isnan(unpacked(base.in_units(np.array([np.nan, 1]), 1e-3))).tolist() == [True, False]


def test_the_axis_depends_on_the_clip_range_alone() -> None:
    wide, narrow = (clamp.clamp(h, (-0.1, 0.1)) for h in (histogram(), None))
    assert wide["layout"]["xaxis"]["range"] == narrow["layout"]["xaxis"]["range"] == [-0.12, 0.12]
