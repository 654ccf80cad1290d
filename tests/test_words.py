import dataclasses

import pytest
import torch
from stubs import TINY
from torch import nn

from ganlab.clipping import clip_
from ganlab.config import PRESETS
from ganlab.snapshot import HistoryWriter, Snapshot, Status
from ganlab.ui import drawings, words
from ganlab.ui.example import example

SNAPSHOT = Snapshot(
    run_id="20260101-000000-abcd", status=Status.RUNNING, message="", config=TINY, history=HistoryWriter().view()
)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (51, "51 s"), (59.6, "1 min 0 s"), (88, "1 min 28 s"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_time_left_is_what_is_left_at_this_speed() -> None:
    running = dataclasses.replace(SNAPSHOT, config=PRESETS["digits"], step=500, steps_per_second=20.0)
    assert words.pace(running) == ["50 s left", "20.0 steps/s"]
    assert words.pace(dataclasses.replace(running, status=Status.PAUSED)) == []


def test_the_headline_is_the_clamped_share() -> None:
    weights = nn.Parameter(torch.tensor([-2.0, -1, 0, 1, 2]))
    (histogram,) = clip_([("w", weights)], (-1, 1)).histograms()
    assert "40.0 %" in words.headline(histogram)
    assert "2 of 5 weights were outside" in words.headline(histogram)
    (again,) = clip_([("w", weights)], (-1, 1)).histograms()
    assert "no weight was outside" in words.headline(again)
    assert "–" in words.headline(None)


def test_what_others_wrote_is_escaped() -> None:
    assert "<b>x" not in words.in_force((-1, 1), "<b>x</b>")
    starting = dataclasses.replace(SNAPSHOT, status=Status.STARTING, message="<script>")
    assert "<script>" not in words.state_line(starting)


def test_the_record_names_the_newest_changes() -> None:
    from ganlab.snapshot import Change

    changes = tuple(Change(5 * i, i, "clip_range", (-i / 100, i / 100)) for i in range(1, 31))
    text = words.record(dataclasses.replace(SNAPSHOT, changes=changes))
    assert "±0.3<" in text + "<"
    assert "18 earlier changes are in changes.csv" in text
    assert "No changes" in words.record(SNAPSHOT)


def test_drawings_have_alternative_text() -> None:
    weights = nn.Parameter(torch.linspace(-1, 1, 50))
    (histogram,) = clip_([("linear1.weight", weights)], (-0.5, 0.5)).histograms()
    for svg in (drawings.mini(histogram), drawings.flow(example()), drawings.dataset_thumb("8-gaussians")):
        assert svg.count('role="img" aria-label="') >= 1


def test_the_example_was_recorded_from_the_default_run() -> None:
    """As far as can be told without training it again."""
    e = example()
    assert tuple(e.clip_range) == PRESETS["digits"].clip_range
    assert e.weights.tolist() == [99_009, 34_465]
    assert e.after.sum() + e.at_bounds.sum() == e.weights[1]
