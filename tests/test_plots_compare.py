"""Figures of several runs: what they draw against what the runs hold."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from stubs import TINY, is_plain, unpacked
from torch import nn

from ganlab.gan.clipping import clip_
from ganlab.gan.histograms import WeightHistogram, around_clamp, free_edges
from ganlab.measure.gradients import Gradients
from ganlab.measure.reading import READINGS
from ganlab.plots import compare, letters
from ganlab.plots.base import Figure
from ganlab.runs.history import METRICS, Change, HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status


def clamped(c: float, seed: int) -> tuple[np.ndarray, WeightHistogram]:
    """2,000 weights before a clamp to ±c, as float32, and their histogram."""
    before = torch.randn(2000, generator=torch.Generator().manual_seed(seed)) * 1.2 * c
    weights = nn.Parameter(before.clone())
    return before.numpy(), clip_([("w", weights)], (-c, c)).histograms()[0]


def snapshot(highs: list[float], changes: tuple[Change, ...] = (), looks: dict[int, float] | None = None) -> Snapshot:
    """A run with one step for each of these bounds, two critic updates and half a second each, W1 at some steps."""
    writer = HistoryWriter()
    for i, high in enumerate(highs, start=1):
        row = dict.fromkeys(METRICS, 0.0) | {"step": i, "critic_step": 2 * i, "seconds": i / 2}
        row |= {"critic_estimate": high * i, "clip_low": -high, "clip_high": high}
        writer.append(row, (), np.zeros((0, 2), np.int32))
    readings = np.full((len(looks or {}), len(READINGS)), np.nan)
    for row, (step, w1) in zip(readings, (looks or {}).items(), strict=True):
        row[READINGS.index("step")], row[READINGS.index("w1")] = step, w1
    return Snapshot(
        run_id="r",
        status=Status.RUNNING,
        message="",
        config=TINY,
        history=writer.view(),
        changes=changes,
        readings=readings,
    )


def trace(figure: Figure, name: str) -> Figure:
    return next(trace for trace in figure["data"] if trace["name"] == name)


@pytest.mark.parametrize("log_y", [False, True])
@pytest.mark.parametrize("ranges", [(0.01, 0.012), (0.01, 1.0)])  # on a linear axis, and on an asinh axis
def test_the_overlaid_histograms_of_two_runs_against_counts_by_hand(ranges: tuple[float, float], log_y: bool) -> None:
    runs = {letter: clamped(c, seed) for seed, (letter, c) in enumerate(zip("AB", ranges, strict=True))}
    figure = compare.weights({letter: histogram for letter, (_, histogram) in runs.items()}, log_y)
    for (letter, (weights, _)), c in zip(runs.items(), ranges, strict=True):
        after = np.clip(weights, -np.float32(c), np.float32(c))
        for name, values in (("before", weights), ("after", after)):
            drawn = trace(figure, f"{letter} {name}")
            edges, shares = unpacked(drawn["customdata"]), unpacked(drawn["y"])
            free = values[np.abs(values) != np.float32(c)]
            by_hand = [sum(1 for v in free if low <= v < high) for low, high in zip(edges, edges[1:], strict=False)]
            # What lies beyond the axis is in the first and the last bin.
            by_hand[0] += sum(1 for v in free if v < edges[0])
            by_hand[-1] += sum(1 for v in free if v >= edges[-1])
            counts = np.rint(shares[:-1] * len(weights))
            assert np.abs(counts - by_hand).sum() <= 4, name  # edges are drawn as float32
            assert counts.sum() == len(free)
        at = unpacked(trace(figure, f"{letter} on a bound")["y"])
        assert at[1] * 2000 == pytest.approx(int((after == -np.float32(c)).sum()))
        assert at[4] * 2000 == pytest.approx(int((after == np.float32(c)).sum()))


def test_weights_that_nothing_clamps_have_one_outline_and_no_posts() -> None:
    weights = torch.linspace(-1, 1, 101)
    edges = free_edges(weights)
    free = dataclasses.replace(around_clamp("w", (101,), weights, weights, (-9.0, 9.0), edges, 1.0), clip_range=None)
    figure = compare.weights({"A": free})
    assert [trace["name"] for trace in figure["data"]] == ["A weights"]
    assert unpacked(figure["data"][0]["y"]).sum() == pytest.approx(1)


def test_stretches_of_another_range_or_constraint_are_not_joined() -> None:
    line = compare.estimate_line(snapshot([0.1, 0.1, 0.2, 0.2, 0.2]), "step")
    assert np.flatnonzero(np.isnan(line.y)).tolist() == [2]
    assert line.x[np.isfinite(line.x)].tolist() == [1, 2, 3, 4, 5]
    held = snapshot([np.nan] * 4, (Change(4, 2, "penalty", 3.0), Change(6, 3, "critic_lr", 1e-3)))
    assert [(part.start, part.stop) for part in compare.stretches(held)] == [(0, 2), (2, 4)]


def test_distances_stand_at_the_steps_updates_and_seconds_of_their_looks() -> None:
    run = snapshot([0.1] * 4 + [0.2] * 2, looks={2: 3.0, 4: 2.0, 5: 1.0})
    for along, x in (("step", [2, 4, 5]), ("critic_step", [4, 8, 10]), ("seconds", [1, 2, 2.5])):
        line = compare.distance_line(run, along)
        assert line.x[np.isfinite(line.x)].tolist() == x
        assert line.y[np.isfinite(line.y)].tolist() == [3, 2, 1]
        assert np.flatnonzero(np.isnan(line.y)).tolist() == [2]


def test_a_long_run_is_thinned_to_means_of_whole_parts() -> None:
    run = snapshot([1.0] * 1000)
    line = compare.estimate_line(run, "step")
    assert len(line.x) <= compare.POINTS
    assert line.x[:2].tolist() == [5, 14]  # of 9 steps each


def test_letters_at_the_ends_of_lines_do_not_touch() -> None:
    line = compare.distance_line(snapshot([0.1] * 10, looks={2: 3.0, 10: 2.0}), "step")
    figure = compare.distances(dict.fromkeys("ABC", line), "step")
    shifts = [note["yshift"] for note in figure["layout"]["annotations"]]
    assert np.diff(shifts).tolist() == [letters.LOW] * 2
    assert len({(trace["line"]["dash"], trace["marker"]["symbol"]) for trace in figure["data"]}) == 3


def test_letters_at_the_ends_of_lines_are_in_their_order_and_inside_the_chart() -> None:
    ends = {"A": (60.0, 9.7), "B": (60.0, 9.9), "C": (60.0, 5.0), "D": (60.0, 10.0), "E": (60.0, 9.0), "F": (9.0, 9.9)}
    notes = letters.at_ends(ends, (0.0, 10.0), 70.0)
    assert {note["text"]: note["x"] for note in notes}["<b>F</b>"] == 9
    places = {note["text"][3]: letters.HEIGHT * note["y"] / 10 + note["yshift"] for note in notes}
    assert places.pop("F") == pytest.approx(letters.HEIGHT * 0.99, abs=1)  # no other line ends beside it
    assert sorted(places, key=lambda letter: places[letter]) == ["C", "E", "A", "B", "D"]
    assert np.diff(sorted(places.values())).min() >= letters.LOW - 1
    assert max(places.values()) <= letters.HEIGHT
    assert places["C"] == pytest.approx(letters.HEIGHT / 2, abs=1)


def test_letters_that_would_touch_move_both_ways() -> None:
    notes = letters.at_ends({"A": (1.0, 5.0), "B": (1.0, 5.0)}, (0.0, 10.0), 1.0)
    assert sum(note["yshift"] for note in notes) == pytest.approx(0, abs=1)


@pytest.mark.parametrize("draw", [compare.estimates, compare.distances])
def test_the_axis_of_runs_that_are_over_ends_with_them(draw: Callable[..., Figure]) -> None:
    line = compare.estimate_line(snapshot([0.1] * 300), "step")
    ends = [draw({"A": line}, "step", over)["layout"]["xaxis"]["range"][1] for over in (True, False)]
    assert line.x.max() <= ends[0] < 320 < ends[1]


def test_an_axis_that_is_logarithmic_away_from_0_says_so() -> None:
    line = compare.estimate_line(snapshot([0.1, 0.2]), "step")
    assert compare.AWAY in compare.estimates({"A": line}, "step")["layout"]["yaxis"]["title"]["text"]
    for c, told in ((0.02, False), (1.0, True)):
        figure = compare.weights({"A": clamped(0.01, 0)[1], "B": clamped(c, 1)[1]})
        assert (compare.AWAY in figure["layout"]["xaxis"]["title"]["text"]) == told


def every_figure() -> list[Figure]:
    gradients = Gradients(("input", "1", "2"), np.array([1.0, 0.0, 2.0]), np.ones(2), ("1.weight",), np.ones(1))
    line = compare.estimate_line(snapshot([0.1, 0.2]), "step")
    empty = compare.distance_line(snapshot([]), "seconds")
    histograms = {"A": clamped(0.1, 0)[1], "B": clamped(10.0, 1)[1]}
    return [
        *(
            draw(lines, "step")
            for draw in (compare.estimates, compare.distances)
            for lines in ({"A": line}, {"H": empty})
        ),
        *(compare.weights(known, log_y) for known in (histograms, {}) for log_y in (False, True)),
        compare.gradients({"A": gradients}),
        compare.gradients({}),
    ]


@pytest.mark.parametrize("figure", every_figure())
def test_figures_are_plain_json_without_null_and_have_an_alt_text(figure: Figure) -> None:
    assert is_plain(figure)
    assert figure["alt"].endswith(".")


def test_every_run_has_another_colour_and_marker() -> None:
    styles = [compare.style(letter) for letter in compare.LETTERS]
    assert len({color for color, *_ in styles}) == len({marker for *_, marker in styles}) == 8


def test_the_axis_of_no_weights_ends_at_all_of_them() -> None:
    assert compare.weights({})["layout"]["yaxis"]["range"] == [0, 1]
