import base64
import json

import numpy as np
import pytest
import torch
from torch import nn

from ganlab import figures
from ganlab.clipping import clip_
from ganlab.snapshot import METRICS, Change, History, HistoryWriter, WeightHistogram, round_up


def histogram(c: float = 0.1) -> WeightHistogram:
    weights = nn.Parameter(torch.randn(2000, generator=torch.Generator().manual_seed(0)) * 0.08)
    return clip_([("w", weights)], (-c, c)).histograms()[0]


def history(values: np.ndarray) -> History:
    writer = HistoryWriter()
    for i, value in enumerate(values, start=1):
        writer.append(dict.fromkeys(METRICS, float(value)) | {"step": i})
    return writer.view()


def unpacked(packed: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f4")


def nothing_is_none(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(nothing_is_none, value.values()))
    return all(map(nothing_is_none, value)) if isinstance(value, list) else value is not None


def every_figure() -> list[figures.Figure]:
    past = history(np.linspace(0, 1, 700))
    changes = [Change(35, 7, "clip_range", (-0.02, 0.02))]
    points = np.zeros((3, 2), np.float32)
    return [
        *(figures.clamp(h, (-0.1, 0.1), log_y) for h in (histogram(), None) for log_y in (False, True)),
        figures.critic_estimate(past, changes),
        figures.losses(past, changes),
        figures.at_bound_share(past, changes),
        figures.critic_estimate(history(np.array([])), []),
        figures.points(points, points),
        figures.points(None, None),
    ]


def test_figures_are_plain_json_without_null_and_have_words() -> None:
    for figure in every_figure():
        assert json.loads(json.dumps(figure, allow_nan=False)) == figure
        assert nothing_is_none(figure)
        assert figure["alt"].endswith(".")


def test_the_clamp_figure_shows_the_counts() -> None:
    h = histogram()
    figure = figures.clamp(h, h.clip_range)
    after, before, posts = figure["data"]
    assert before["y"][:-1] == h.before.tolist()
    assert sum(after["y"][:-1]) == h.after_counts.inside
    assert posts["y"] == [h.after_counts.at_low, h.after_counts.at_high]
    assert posts["x"] == [-0.1, 0.1]
    assert len(after["y"]) == 81
    assert after["x0"] == pytest.approx(-0.1)
    assert f"<b>{h.after_counts.at_low:,}</b> at low" in [note["text"] for note in figure["layout"]["annotations"]]


def test_the_axis_depends_on_the_clip_range_alone() -> None:
    wide, narrow = (figures.clamp(h, (-0.1, 0.1)) for h in (histogram(), None))
    assert wide["layout"]["xaxis"]["range"] == narrow["layout"]["xaxis"]["range"] == [-0.12, 0.12]


def test_thinning_keeps_every_value_in_the_mean() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    curve = figures.critic_estimate(history(values), [])["data"][0]
    drawn = unpacked(curve["y"])
    k = curve["dx"]
    assert len(drawn) <= figures.CURVE_POINTS
    assert drawn[3] == pytest.approx(values[3 * k : 4 * k].mean(), rel=1e-5)
    assert curve["x0"] == (1 + k) / 2  # steps 1 to k


def test_running_median_against_numpy() -> None:
    values = np.random.default_rng(0).normal(size=90)
    padded = np.pad(values, 12, mode="edge")
    wanted = [np.median(padded[i : i + 25]) for i in range(90)]
    assert np.array_equal(figures.running_median(values), wanted)


def test_every_change_is_marked_and_the_newest_of_a_crowd_is_named() -> None:
    changes = [Change(5 * s, s, "clip_range", (-s / 1000, s / 1000)) for s in (10, 300, 301, 302)]
    layout = figures.critic_estimate(history(np.zeros(900)), changes)["layout"]
    assert layout["shapes"][0]["path"] == "M10,0V1M300,0V1M301,0V1M302,0V1"
    assert [note["text"] for note in layout["annotations"]] == ["±0.302", "±0.01"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01, "0.01"), (-0.01, "−0.01"), (0.0, "0"), (-0.0, "0"), (1.0, "1"), (0.00015, "0.00015"), (-1e-9, "−1e−09")],
)
def test_numbers(value: float, text: str) -> None:
    assert figures.number(value) == text


def test_ranges_in_words() -> None:
    assert figures.range_in_words((-0.015, 0.015)) == "±0.015"
    assert figures.range_in_words((-0.01, 0.03)) == "−0.01 to 0.03"


@pytest.mark.parametrize(
    ("value", "up"), [(0.012, 0.012), (0.0121, 0.015), (0.12, 0.12), (1.2 * 0.07, 0.1), (1, 1), (6.1, 8)]
)
def test_round_up(value: float, up: float) -> None:
    assert round_up(value) == up


def test_a_view_of_the_history_does_not_grow_or_change() -> None:
    writer = HistoryWriter()
    row = dict.fromkeys(METRICS, 0.0)
    for step in range(3000):
        if step == 1500:
            early = writer.view()
        writer.append(row | {"step": step})
    assert early["step"].tolist() == list(range(1500))
    assert writer.view()["step"].tolist() == list(range(3000))
    with pytest.raises(ValueError, match="read-only"):
        early.rows[0, 0] = 1
