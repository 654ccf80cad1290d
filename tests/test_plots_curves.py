"""The curves of a run over time."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from stubs import TINY, is_plain, unpacked

from ganlab.config import TrainConfig
from ganlab.plots import curves
from ganlab.plots.base import Figure
from ganlab.plots.curves import View
from ganlab.runs.history import METRICS, Change, HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status

LAYERS = (("a.weight", (5, 2)), ("a.bias", (1000,)))


def snapshot(values: np.ndarray, changes: tuple[Change, ...] = (), highs: Sequence[float] = ()) -> Snapshot:
    """A run whose metrics are all `values`, or with bounds ±`highs`; five critic updates and 0.25 seconds to a step."""
    writer = HistoryWriter()
    for i, value in enumerate(values, start=1):
        row = dict.fromkeys(METRICS, float(value)) | {"step": i, "critic_step": 5 * i, "seconds": i / 4}
        row |= {"clip_low": -highs[i - 1], "clip_high": highs[i - 1]} if len(highs) else {}
        writer.append(row, LAYERS, np.array([[1, 2], [300, 1000 * value]]))
    return Snapshot(run_id="r", status=Status.RUNNING, message="", config=TINY, history=writer.view(), changes=changes)


def estimate_of(run: Snapshot, view: View, first: TrainConfig = TINY) -> Figure:
    return curves.critic_estimate(run, view, first)


@pytest.mark.parametrize("view", [View(), View("seconds", None, "a.bias"), View("critic_step", 101, "none such")])
@pytest.mark.parametrize("steps", [0, 1, 700])
@pytest.mark.parametrize("figure", [estimate_of, curves.losses, curves.shares])
def test_charts_are_plain_json_without_null_and_have_an_alt_text(
    figure: Callable[[Snapshot, View], Figure], steps: int, view: View
) -> None:
    chart = figure(snapshot(np.linspace(0, 1, steps), (Change(0, 0, "n_critic", 3),) if steps else ()), view)
    assert is_plain(chart)
    assert chart["alt"].endswith(".")


def test_thinning_keeps_every_value_in_the_mean() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    curve = estimate_of(snapshot(values), View(median=None))["data"][0]
    drawn = unpacked(curve["customdata"])
    k = curve["dx"]
    assert len(drawn) <= curves.POINTS
    assert drawn[3] == pytest.approx(values[3 * k : 4 * k].mean(), rel=1e-5)
    assert curve["x0"] == (1 + k) / 2  # steps 1 to k


@pytest.mark.parametrize(("steps", "drawn"), [(0, 0), (120, 120), (121, 120), (1000, 999), (1007, 999), (1008, 1008)])
def test_a_line_draws_whole_points_only(steps: int, drawn: int) -> None:
    run = snapshot(np.zeros(steps))
    line = curves.losses(run, View())["data"][0]
    assert curves.drawn_steps(run.history) == len(unpacked(line["y"])) * line["dx"] == drawn


@pytest.mark.parametrize(("along", "per_step"), [("critic_step", 5), ("seconds", 0.25)])
def test_the_other_x_axes_hold_the_measured_values(along: str, per_step: float) -> None:
    changes = (Change(35, 7, "clip_range", (-0.02, 0.02)),)
    figure = curves.losses(snapshot(np.zeros(1000), changes), View(along))
    steps = curves.losses(snapshot(np.zeros(1000)), View())["data"][0]
    expected = (steps["x0"] + steps["dx"] * np.arange(111)) * per_step
    assert unpacked(figure["data"][0]["x"]) == pytest.approx(expected)
    assert figure["layout"]["shapes"][0]["path"] == f"M{7 * per_step:g},0V1"
    assert figure["layout"]["xaxis"]["range"][1] >= 1000 * per_step


def test_the_x_axis_has_room_for_more_steps_until_the_run_has_ended() -> None:
    trains = snapshot(np.zeros(300))
    ended = dataclasses.replace(trains, status=Status.FINISHED)
    ends = [curves.losses(run, View())["layout"]["xaxis"]["range"][1] for run in (trains, ended)]
    assert ends == [400, 306]


@pytest.mark.parametrize("over", [25, 101])
def test_running_median_against_numpy(over: int) -> None:
    values = np.random.default_rng(0).normal(size=150)
    half = over // 2
    expected = [np.median(values[max(0, i - half) : i + half + 1]) for i in range(150)]  # the end is no single value
    assert np.array_equal(curves.running_median(values, over), expected)
    assert np.array_equal(curves.running_median(values[:5], over), [np.median(values[:5])] * 5)
    broken = curves.running_median(np.array([1.0, 2.0, np.nan]), over)  # the last number of a run that failed
    assert np.array_equal(broken, [1.5, 1.5, np.nan], equal_nan=True)


def test_the_median_is_taken_before_thinning() -> None:
    values = np.zeros(2400)
    values[20::40] = 1e6  # lone spikes: a mean of 20 steps would show them
    run = snapshot(values, highs=np.ones(2400))
    raw, smooth = (estimate_of(run, View(median=median))["data"][0] for median in (None, 25))
    assert unpacked(raw["y"]).max() > 0
    assert unpacked(smooth["y"]).max() == 0


def test_no_median_mixes_two_clip_ranges() -> None:
    values = np.random.default_rng(0).normal(size=80)
    run = snapshot(values, highs=np.repeat([1.0, 0.1], 40))
    drawn = unpacked(estimate_of(run, View(median=25))["data"][0]["customdata"])
    apart = np.concatenate([curves.running_median(part, 25) for part in (values[:40], values[40:])])
    assert drawn == pytest.approx(apart, rel=1e-5)
    assert not np.allclose(drawn, curves.running_median(values, 25))


def test_the_estimate_has_one_scale_for_ranges_orders_of_magnitude_apart() -> None:
    estimate = np.concatenate([np.full(300, 2.0), np.full(300, 2e-5)])
    figure = estimate_of(snapshot(estimate), View(median=None))  # its clip range changes with the values
    axis, drawn = figure["layout"]["yaxis"], unpacked(figure["data"][0]["y"])
    unit = 2e-5 / 3  # a third of the smaller stretch's size
    assert drawn[[0, -1]] == pytest.approx(np.arcsinh([2 / unit, 2e-5 / unit]), rel=1e-5)
    assert "1" in axis["ticktext"]
    at = axis["tickvals"][axis["ticktext"].index("1")]
    assert at == pytest.approx(np.arcsinh(1 / unit), rel=1e-3)


@pytest.mark.parametrize(("size", "ticks"), [(6.0, ["0", "5"]), (-3.0, ["0", "−2"]), (0.2, ["0", "0.1"])])
def test_an_estimate_that_reaches_no_power_of_ten_has_a_scale_too(size: float, ticks: list[str]) -> None:
    axis = estimate_of(snapshot(np.full(9, size)), View())["layout"]["yaxis"]
    assert sorted(axis["ticktext"]) == ticks


def test_the_labels_of_the_estimate_keep_apart() -> None:
    estimate = np.concatenate([np.full(300, 0.004), np.full(300, 5.0), np.full(300, -300.0)])
    axis = estimate_of(snapshot(estimate), View(median=None))["layout"]["yaxis"]
    low, high = axis["range"]
    assert np.diff(sorted(axis["tickvals"])).min() >= (high - low) / 6
    assert {"−100", "0", "1"} <= set(axis["ticktext"])


def test_shares_are_those_of_the_layer() -> None:
    run = snapshot(np.array([0.5, 0.7]))
    for layer, clamped, at_bound in (("a.weight", 0.1, 0.2), ("a.bias", 0.3, [0.5, 0.7])):
        at, outside = (unpacked(curve["y"]) for curve in curves.shares(run, View(layer=layer))["data"])
        assert outside == pytest.approx(np.broadcast_to(clamped, 2))
        assert at == pytest.approx(np.broadcast_to(at_bound, 2))
    assert unpacked(curves.shares(run, View())["data"][0]["y"]) == pytest.approx([0.5, 0.7])


@pytest.mark.parametrize("along", curves.ALONG)
def test_no_share_is_filled_where_nothing_was_clamped(along: str) -> None:
    run = snapshot(np.full(360, 0.5))
    rows = run.history.rows.copy()
    rows[90:180, [METRICS.index("clamped_share"), METRICS.index("at_bound_share")]] = np.nan
    run = dataclasses.replace(run, history=dataclasses.replace(run.history, rows=rows))
    *filled, outside = curves.shares(run, View(along))["data"]
    assert [len(unpacked(piece["y"])) for piece in filled] == [30, 60]
    assert all(np.isfinite(unpacked(piece["y"])).all() for piece in filled)
    assert np.isnan(unpacked(outside["y"])).sum() == 30
    starts = [piece["x0"] if along == "step" else unpacked(piece["x"])[0] for piece in filled]
    assert starts == pytest.approx([at * {"step": 1, "critic_step": 5, "seconds": 0.25}[along] for at in (2, 182)])


def test_the_table_holds_every_curve_in_full() -> None:
    columns, rows = curves.table(snapshot(np.linspace(0, 1, 700)))
    assert columns[: len(METRICS)] == list(METRICS)
    assert columns[-4:] == [
        "clamped_share a.weight",
        "at_bound_share a.weight",
        "clamped_share a.bias",
        "at_bound_share a.bias",
    ]
    assert rows.shape == (700, len(METRICS) + 4)
    assert rows[-1, -4:] == pytest.approx([0.1, 0.2, 0.3, 1.0])


def test_every_change_is_marked_and_of_close_ones_the_newest_is_named() -> None:
    changes = tuple(Change(5 * s, s, "clip_range", (-s / 1000, s / 1000)) for s in (10, 300, 301, 302))
    layout = estimate_of(snapshot(np.zeros(900), changes), View())["layout"]
    assert layout["shapes"][0]["path"] == "M0,0V1M10,0V1M300,0V1M301,0V1M302,0V1"
    assert [note["text"] for note in layout["annotations"]] == ["±0.302", "±0.01"]


def test_notes_are_as_close_as_their_words_allow() -> None:
    def named(*changes: Change) -> list[str]:
        layout = estimate_of(snapshot(np.zeros(900), changes), View())["layout"]
        assert layout["xaxis"]["range"][1] == 1000
        return [note["text"] for note in layout["annotations"]]

    tighter = Change(2000, 400, "clip_range", (-0.01, 0.01))
    assert named(tighter, Change(2700, 540, "clip_range", (-0.1, 0.1))) == ["±0.1", "±0.01", "±0.1"]
    assert named(tighter, Change(2600, 520, "clip_range", (-0.1, 0.1))) == ["±0.1", "±0.1"]
    assert named(Change(2000, 400, "constraint", "none"), Change(3000, 600, "constraint", "clip")) == ["±0.1", "±0.1"]
    last = Change(4000, 800, "constraint", "none")  # stands left of its place, as there is no room on its right
    assert named(tighter, last) == ["no constraint", "±0.1"]


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ({"constraint": "gradient-penalty", "penalty": 0.5}, "penalty 0.5"),
        ({"constraint": "spectral-norm"}, "spectral norm"),
        ({"constraint": "none"}, "no constraint"),
        ({"clip_scale": "fan-in"}, "±0.1 / √fan-in"),
    ],
)
def test_the_first_stretch_of_the_estimate_is_named_by_what_held_the_critic(first: dict, name: str) -> None:
    field, value = ("clip_scale", "same") if "clip_scale" in first else ("constraint", "clip")
    changes = (Change(2500, 500, field, value),)
    began = dataclasses.replace(TINY, **first)
    layout = estimate_of(snapshot(np.zeros(900), changes), View(), began)["layout"]
    assert [note["text"] for note in layout["annotations"]] == ["±0.1", name]
    assert estimate_of(snapshot(np.zeros(0)), View(), began)["layout"]["annotations"] == []


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("clip_range", (0.0, 0.02), "0 to 0.02"),
        ("critic_lr", 5e-5, "critic rate 0.00005"),
        ("n_critic", 8, "n_critic 8"),
        ("constraint", "gradient-penalty", "penalty"),
    ],
)
def test_changes_in_words(field: str, value: object, text: str) -> None:
    assert curves.change_in_words(Change(0, 0, field, value)) == text


@pytest.mark.parametrize("along", curves.ALONG)
def test_cursors_stand_at_the_steps_shown(along: str) -> None:
    run = snapshot(np.zeros(6))
    figure = curves.losses(run, View(along, cursors=(2, 99)))
    places = [shape["x0"] for shape in figure["layout"]["shapes"] if shape["type"] == "line"]
    assert places == [run.history[along][1]]  # step 99 was never reached
