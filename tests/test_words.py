"""TODO."""

import dataclasses

import pytest
import torch
from stubs import TINY
from torch import nn

from ganlab.config import PRESETS
from ganlab.formatting import duration
from ganlab.gan.clipping import clip_
from ganlab.runs.history import HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.home import flow
from ganlab.ui.home.example import example
from ganlab.ui.kit import drawings, html
from ganlab.ui.train import panels

SNAPSHOT = Snapshot(
    run_id="20260101-000000-abcd", status=Status.RUNNING, message="", config=TINY, history=HistoryWriter().view()
)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (51, "51 s"), (59.6, "1 min 0 s"), (88, "1 min 28 s"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_time_left_is_what_is_left_at_this_speed() -> None:
    running = dataclasses.replace(SNAPSHOT, config=PRESETS["digits"], step=500, steps_per_second=20.0)
    assert html.pace(running) == ["50 s left", "20.0 steps/s"]
    assert html.pace(dataclasses.replace(running, status=Status.PAUSED)) == []


def test_the_headline_is_the_clamped_share() -> None:
    weights = nn.Parameter(torch.tensor([-2.0, -1, 0, 1, 2]))
    (histogram,) = clip_([("w", weights)], (-1, 1)).histograms()
    assert "40.0 %" in panels.headline(histogram)
    assert "2 of 5 weights were outside" in panels.headline(histogram)
    (again,) = clip_([("w", weights)], (-1, 1)).histograms()
    assert "no weight was outside" in panels.headline(again)
    assert "–" in panels.headline(None)


def test_what_others_wrote_is_escaped() -> None:
    assert "<b>x" not in panels.in_force((-1, 1), "<b>x</b>")
    starting = dataclasses.replace(SNAPSHOT, status=Status.STARTING, message="<script>")
    assert "<script>" not in panels.state_line(starting)


def test_the_record_names_the_newest_changes() -> None:
    from ganlab.runs.history import Change

    changes = tuple(Change(5 * i, i, "clip_range", (-i / 100, i / 100)) for i in range(1, 31))
    text = panels.record(dataclasses.replace(SNAPSHOT, changes=changes))
    assert "±0.3<" in text + "<"
    assert "18 earlier changes are in changes.csv" in text
    assert "No changes" in panels.record(SNAPSHOT)


def test_drawings_have_alternative_text() -> None:
    weights = nn.Parameter(torch.linspace(-1, 1, 50))
    (histogram,) = clip_([("linear1.weight", weights)], (-0.5, 0.5)).histograms()
    for svg in (drawings.mini(histogram), flow.flow(example()), drawings.dataset_thumb("8-gaussians")):
        assert svg.count('role="img" aria-label="') >= 1


def test_the_example_was_recorded_from_the_default_run() -> None:
    """As far as can be told without training it again."""
    e = example()
    assert tuple(e.clip_range) == PRESETS["digits"].clip_range
    assert e.weights.tolist() == [99_009, 34_465]
    assert e.after.sum() + e.at_bounds.sum() == e.weights[1]
