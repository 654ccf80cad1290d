"""The histogram of the weights before and after the clamp, and the scatter of points."""

import numpy as np
import pytest
import torch
from stubs import is_plain, unpacked
from torch import nn

from ganlab.gan.clipping import UpdateReport, clip_, flat, unclamped
from ganlab.gan.histograms import WeightHistogram, pooled
from ganlab.plots import base, clamp, samples

CHANGE = clamp.Change(15, (-0.5, 0.5), 19.0)


def histogram(c: float = 0.1) -> WeightHistogram:
    weights = nn.Parameter(torch.randn(2000, generator=torch.Generator().manual_seed(0)) * 0.08)
    return clip_([("w", weights)], (-c, c)).histograms()[0]


def drawn(h: WeightHistogram | None, clip_range: tuple[float, float] = (-0.1, 0.1), **how: object) -> base.Figure:
    return clamp.clamp(h, clamp.bounds(clip_range, [0.01, 0.1, 1.0]), **how)


def every_figure() -> list[base.Figure]:
    points = np.zeros((3, 2), np.float32)
    h = histogram()
    return [
        *(drawn(h, log_y=log_y) for h in (histogram(), None) for log_y in (False, True)),
        drawn(h, change=CHANGE._replace(first=h), pinned=h),
        samples.points(points, points),
        samples.points(None, None),
    ]


@pytest.mark.parametrize("figure", every_figure())
def test_figures_are_plain_json_without_null_and_have_an_alt_text(figure: base.Figure) -> None:
    assert is_plain(figure)
    assert figure["alt"].endswith(".")


def test_the_clamp_figure_shows_the_counts() -> None:
    h = histogram()
    shown = drawn(h)["clamp"]
    assert shown["before"] == h.before.tolist()
    assert sum(shown["after"]) == h.after_counts.inside
    assert shown["at"] == [h.after_counts.at_low, h.after_counts.at_high]
    assert shown["moved"] == h.before_counts.outside
    assert shown["range"] == [-0.1, 0.1]
    edges = shown["x0"] + shown["dx"] * np.arange(len(shown["before"]) + 1)
    assert edges == pytest.approx(h.edges, rel=1e-6)
    assert f"{h.after_counts.at_low:,} exactly at low" in drawn(h)["alt"]


def test_a_picture_has_the_range_that_made_it_and_the_thumbs_that_of_the_next_update() -> None:
    figure = drawn(histogram(), (-0.03, 0.03))
    assert (figure["clamp"]["range"], figure["wanted"]) == ([-0.1, 0.1], [-0.03, 0.03])


def test_the_fold_has_room_for_both_ranges() -> None:
    figure = drawn(histogram(), change=CHANGE._replace(first=histogram()))
    assert figure["change"]["former"] == [-0.5, 0.5]
    assert (figure["clamp"]["limit"], figure["change"]["fold"]["limit"]) == (0.12, 0.6)


def test_slow_motion_starts_before_the_gradient() -> None:
    layer = nn.Linear(40, 50)
    start = flat(layer.named_parameters()).detach()
    with torch.no_grad():
        layer.weight += 0.05
    clip = clip_(layer.named_parameters(), (-0.1, 0.1))
    shown = pooled(clip.histograms())
    slow = drawn(shown, update=UpdateReport(start, clip, 10, 5))["slow"]
    assert (slow["id"], slow["number"], sum(slow["start"]) + sum(slow["at"])) == (10, 5, len(start))
    few = np.linspace(0, len(start) - 1, clamp.DOTS).astype(int)
    for moment, values in zip(slow["dots"], (start, clip.before, clip.after), strict=True):
        assert moment == pytest.approx(values.numpy()[few], rel=5e-3)


@pytest.mark.parametrize("scales", [{"weight": 0.25, "bias": 0.5}, {"weight": 0.3}], ids=["scale", "scope"])
def test_slow_motion_is_in_the_unit_of_the_picture(scales: dict[str, float]) -> None:
    layer = nn.Linear(40, 50)
    clip_(layer.named_parameters(), (-0.1, 0.1), scales)  # many weights start exactly on their bounds
    start = clip_(layer.named_parameters(), (-0.1, 0.1), scales).after
    with torch.no_grad():
        layer.weight += 0.01
    clip = clip_(layer.named_parameters(), (-0.1, 0.1), scales)
    update, split = UpdateReport(start, clip, 10, 5), clip.per_layer
    names = [name for name, _ in clip.layers]
    for shown, of in [(pooled(clip.histograms()), scales), *((h, [h.name]) for h in clip.histograms())]:
        slow = drawn(shown, update=update)["slow"]
        parts = [(names.index(name), scales.get(name, 1.0)) for name in names if name in of]
        moments = [
            torch.cat([split(values)[i] / scale for i, scale in parts]) for values in (start, clip.before, clip.after)
        ]
        few = np.linspace(0, len(moments[0]) - 1, min(clamp.DOTS, len(moments[0]))).astype(int)
        for dots, values in zip(slow["dots"], moments, strict=True):
            assert dots == pytest.approx(values.numpy()[few], rel=5e-3, abs=1e-6)
        assert sum(slow["start"]) + sum(slow["at"]) == len(moments[0])
        if shown.clip_range:
            at = [sum(int((split(start)[i] == sign * 0.1 * scale).sum()) for i, scale in parts) for sign in (-1, 1)]
            assert slow["at"] == at
            assert min(at) > 0


def test_points_take_two_bytes_per_number_unless_they_are_far_away() -> None:
    points = np.random.default_rng(0).uniform(-30, 30, (50, 2)).astype(np.float32)
    far = points + np.float32([0, 1e6])
    near_x, far_y = (samples.points(None, where)["clouds"][0][axis] for where, axis in ((points, "x"), (far, "y")))
    assert len(near_x["counts"]) == 136
    assert unpacked(near_x) == pytest.approx(points[:, 0], abs=5.1e-4)
    assert unpacked(far_y).tolist() == far[:, 1].tolist()
    assert np.isnan(unpacked(base.in_units(np.array([np.nan, 1]), 1e-3))).tolist() == [True, False]


def test_the_axis_depends_on_the_clip_range_alone() -> None:
    assert [drawn(h)["clamp"]["limit"] for h in (histogram(), None)] == [0.12, 0.12]


def test_without_a_clamp_there_are_no_bounds_and_the_largest_weight_is_named() -> None:
    weights = nn.Parameter(torch.linspace(-0.25, 0.3141, 2000))
    free = pooled(unclamped([("w", weights)]).histograms())
    figure = clamp.clamp(free, clamp.Slider(("Penalty",), (10.0,), [1.0, 10.0], "penalty"), next="penalty 3")
    assert is_plain(figure)
    assert (figure["clamp"]["range"], figure["clamp"]["at"]) == ([], [])
    assert sum(figure["clamp"]["before"]) == 2000
    assert figure["free"] == "No clamp: 2,000 weights, the largest 0.31"
    update = UpdateReport(torch.zeros(2000), unclamped([("w", weights)]), 10, 5)
    slow = clamp.clamp(free, clamp.Slider(), update=update)["slow"]
    assert (sum(slow["start"]), slow["at"], slow["dots"][1]) == (2000, [], slow["dots"][2])


def test_where_nothing_can_be_set_what_comes_next_takes_the_place_of_the_sentence() -> None:
    slider = clamp.Slider(sentence="Nothing constrains this critic.")
    waiting, held = (clamp.clamp(histogram(), slider, next=next) for next in ("no constraint", ""))
    assert (waiting["next"], waiting["sentence"]) == ("", "From the next update: no constraint.")
    assert (held["next"], held["sentence"]) == ("", "Nothing constrains this critic.")


def test_under_a_scale_of_its_own_a_layer_says_by_what_its_weights_are_divided() -> None:
    weights = nn.Parameter(torch.linspace(-0.2, 0.2, 100))
    layers = clip_([("a", weights), ("b", weights)], (-0.5, 0.5), {"a": 0.25, "b": 0.5}).histograms()
    assert drawn(layers[0])["unit"].endswith(", 0.25")
    assert drawn(pooled(layers))["unit"] == "each weight divided by its layer’s factor"
    assert "unit" not in drawn(histogram())


def test_a_pinned_step_in_another_unit_is_not_drawn_and_a_note_says_so() -> None:
    weights = nn.Parameter(torch.linspace(-0.2, 0.2, 100))
    named, scales = [("a", weights), ("b", weights)], {"a": 0.25, "b": 0.5}
    same, fan_in, gain = (
        clip_(named, (-0.5, 0.5), factors).histograms()
        for factors in (None, scales, {name: 2**0.5 * scale for name, scale in scales.items()})
    )
    free = unclamped(named).histograms()
    for now, then, alike in (
        (same, same, True),
        (fan_in, fan_in, True),
        (free, same, True),
        (same, fan_in, False),
        (fan_in, same, False),
        (fan_in, gain, False),  # both have many scales
        (free, fan_in, False),
        (fan_in, clip_(named, (-0.5, 0.5), {"a": 0.25}).histograms(), True),  # without b
    ):
        for shown, pinned in ((pooled(now), pooled(then)), (now[0], then[0])):
            figure = drawn(shown, pinned=pinned)
            assert is_plain(figure)
            assert ("pinned" in figure, bool(figure["note"])) == (alike, not alike)
