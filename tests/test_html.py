"""HTML and drawings that several pages share."""

import dataclasses

import pytest
import torch
from stubs import TINY
from torch import nn

from ganlab.gan.clipping import clip_, unclamped
from ganlab.presets import PRESETS
from ganlab.runs.history import HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import drawings, html

RUNNING = Snapshot(
    run_id="20260101-000000-abcd",
    status=Status.RUNNING,
    message="",
    config=PRESETS["digits"],
    history=HistoryWriter().view(),
    step=500,
    steps_per_second=20.0,
)


def test_time_left_is_what_the_remaining_steps_take_at_this_speed() -> None:
    assert html.pace(RUNNING) == ["50 s left", "20.0 steps/s"]
    assert html.pace(dataclasses.replace(RUNNING, status=Status.PAUSED)) == []


def test_every_status_has_a_pill() -> None:
    pills = {status: html.pill(status) for status in Status}
    assert pills.pop(Status.ELSEWHERE) == pills[Status.RUNNING]  # it runs, in another process
    assert len(set(pills.values())) == len(pills)


def test_every_dataset_has_a_title() -> None:
    assert all(html.title(config) for config in [*PRESETS.values(), TINY])


@pytest.mark.parametrize("text", ["**bold**", "<script>", "[link](http://x)", "$x$", ":red[x]", "`code`", "# head"])
def test_plain_escapes_what_markdown_would_draw(text: str) -> None:
    escaped = html.plain(text)
    assert escaped.replace("\\", "").replace("\N{WORD JOINER}", "") == text
    assert escaped != text


def test_plain_is_one_line_of_limited_length() -> None:
    assert html.plain("a\n\nb") == "a b"
    assert len(html.plain("x" * 10_000)) == 500


def test_drawings_have_alternative_text() -> None:
    weights = nn.Parameter(torch.linspace(-1, 1, 50))
    (histogram,) = clip_([("linear1.weight", weights)], (-0.5, 0.5)).histograms()
    for svg in (drawings.mini(histogram), drawings.dataset_thumb("8-gaussians")):
        assert 'role="img" aria-label="' in svg


def test_a_small_histogram_has_the_colour_of_the_clamp_only_where_there_was_one() -> None:
    weights = [("w", nn.Parameter(torch.linspace(-1, 1, 50)))]
    clipped, free = (report.histograms()[0] for report in (clip_(weights, (-0.5, 0.5)), unclamped(weights)))
    assert [[drawings.mini(one).count(f'class="{part}"') for part in "fop"] for one in (clipped, free)] == [
        [1, 1, 2],
        [0, 1, 0],
    ]


def test_a_small_clamped_share_is_not_rounded_to_zero() -> None:
    weights = nn.Parameter(torch.cat([torch.zeros(249), torch.ones(1)]))
    assert "<td>0.4 %" in html.layers_table(clip_([("w", weights)], (-0.5, 0.5)).histograms())
