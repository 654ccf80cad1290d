"""The weights over a whole run, and looking back at a saved step on the page."""

import shutil

import numpy as np
import pytest
import torch
from stubs import TINY, is_plain, unpacked, wait_until
from torch import nn
from visits import page, panels

from ganlab.gan.clipping import WeightHistogram, clip_, pooled
from ganlab.plots import clamp, curves, whole_run
from ganlab.plots.whole_run import Look
from ganlab.runs.disk import moments
from ganlab.runs.hub import RunHub
from ganlab.ui.train import look_back


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


def test_the_figures_are_plain_and_show_every_look() -> None:
    looks = [Look(step, weights(step, (-0.01, 0.01 + step / 1000))[1]) for step in (1, 5, 9)]
    for figure in (whole_run.ridge(looks), whole_run.bands(looks), whole_run.ridge([]), whole_run.bands([])):
        assert is_plain(figure)
    assert whole_run.ridge(looks)["layout"]["yaxis"]["ticktext"] == ["1", "5", "9"]


def test_a_pinned_step_is_drawn_with_bins_of_the_same_width() -> None:
    _, shown = weights(0, (-0.01, 0.01))
    _, pinned = weights(1, (-0.005, 0.005))
    figure = clamp.clamp(shown, (-0.01, 0.01), pinned=pinned)
    assert is_plain(figure)
    outline = unpacked(figure["data"][-2]["y"])
    assert outline[:-1].sum() * 0.5 == pytest.approx(pinned.before.sum(), rel=1e-4)  # half as wide, twice as high
    assert figure["data"][-1]["y"] == [pinned.after_counts.at_low, pinned.after_counts.at_high]


def test_every_panel_shows_the_chosen_step(the_hub: RunHub) -> None:
    run = the_hub.start(TINY)
    wait_until(lambda: run.latest.status.ended)
    steps = moments.steps(run.path)
    assert steps[0] == 1
    assert steps[-1] == TINY.steps
    at = page("1_Train.py", run=run.run_id)
    assert "newest step" in panels(at)
    at.select_slider(key=f"look_back_{len(at.session_state['places'])}").set_value(steps[0]).run()
    assert not at.exception
    first = moments.read(run.path, steps[0])
    counts = pooled(first.weights).before_counts
    assert f"{counts.outside:,} of {counts.total:,} weights were outside" in panels(at)
    assert "step <b>1</b>" in panels(at)
    next(button for button in at.button if button.label == "Pin").click().run()
    at.select_slider(key=f"look_back_{len(at.session_state['places'])}").set_value(steps[2]).run()
    assert "1 pinned" in panels(at)
    for view in look_back.VIEWS:
        at.selectbox(key="weights_view").set_value(view).run()
        assert not at.exception
    next(button for button in at.button if button.label == "Unpin").click().run()
    next(button for button in at.button if button.label == "Latest").click().run()
    assert "newest step" in panels(at)
    assert "pinned" not in panels(at)


def test_the_slider_grows_with_the_run(the_hub: RunHub) -> None:
    run = the_hub.start(TINY)
    wait_until(lambda: run.latest.status.ended)
    at = page("1_Train.py", run=run.run_id)
    drawn = at.session_state["places"]
    assert drawn == [*moments.steps(run.path), look_back.LATEST]
    shutil.copy(moments.path_of(run.path, 1), moments.path_of(run.path, 77))
    at.run()
    assert at.session_state["places"] == [*drawn[:-1], 77, look_back.LATEST]


def test_cursors_stand_at_the_steps_shown(the_hub: RunHub) -> None:
    run = the_hub.start(TINY)
    wait_until(lambda: run.latest.status.ended)
    for along in curves.ALONG:
        figure = curves.losses(run.latest, curves.View(along, cursors=(2, 99)))
        places = [shape["x0"] for shape in figure["layout"]["shapes"] if shape["type"] == "line"]
        assert places == [run.latest.history[along][1]]  # step 99 was never reached
