"""The figure of a sweep: its dots and medians against the rows, by hand."""

import csv
import dataclasses
import math

import numpy as np
import pytest
from stubs import TINY, is_plain, unpacked

from ganlab.measure.reading import INSTRUMENTS
from ganlab.plots.base import Figure
from ganlab.plots.sweeps import Dot, measured, medians
from ganlab.runs.disk import library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.sweep import Sweep, name_of
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.compare import against
from ganlab.ui.compare.picks import Pick
from ganlab.ui.compare.results import results

NAN = math.nan


def points(trace: Figure) -> list[tuple[float, float]]:
    return list(zip(unpacked(trace["x"]).tolist(), unpacked(trace["y"]).tolist(), strict=True))


def test_the_dots_and_medians_of_a_sweep_against_its_table() -> None:
    configs = [dataclasses.replace(TINY, clip_range=(-c, c), seed=seed) for seed in (0, 1, 2) for c in (0.5, 0.25)]
    configs.append(dataclasses.replace(TINY, constraint="gradient-penalty", penalty=0.5))
    sweep = Sweep(library.runs_root() / "mine")
    with sweep.taken():
        sweep.add({name_of(config): config for config in configs})
        for name, config in sweep.runs.items():
            TrainingRun(RunFolder(sweep.path / name, config), instruments=INSTRUMENTS).run()
            sweep.note(name, "")
    runs = [SweptRun(sweep.path / name, config) for name, config in sweep.runs.items()]
    figure = against.drawn(against.Chosen(runs, "w1", "clip_range"), [Pick.of("A", runs[1])])
    assert is_plain(figure)
    rows = list(csv.DictReader((sweep.path / "sweep.csv").read_text().splitlines()))
    clipped = {c: [np.float32(row["w1"]) for row in rows if row["clip_high"] == c] for c in ("0.25", "0.5")}
    line, across, dots, compared = figure["data"]
    assert points(line) == [(float(c), pytest.approx(np.median(w1))) for c, w1 in clipped.items()]
    penalty = pytest.approx(float(rows[-1]["w1"]))
    assert [y for _, y in points(across)] == [penalty, penalty]
    by_hand = [(float(row["clip_high"]), pytest.approx(float(row["w1"]))) for row in rows[:-1]]
    assert points(compared) == [by_hand.pop(1)]
    assert points(dots)[:-1] == by_hand
    assert points(dots)[-1][1] == penalty
    waiting = SweptRun(sweep.path / "0123456789ab", TINY)
    assert all(map(math.isnan, results(waiting).values.values()))


@pytest.mark.parametrize(
    ("seeds", "words"),
    [((1, 1), "With one seed"), ((1, 3), "With one seed"), ((2, 2), "With two seeds"), ((2, 3), "With two seeds")],
)
def test_the_note_is_about_the_setting_with_the_fewest_seeds(seeds: tuple[int, int], words: str) -> None:
    def note(*seeds: int, field: str = "clip_range") -> str:
        configs = [
            dataclasses.replace(TINY, clip_range=(-c, c), seed=seed)
            for c, many in zip((0.25, 0.5), seeds, strict=True)
            for seed in range(many)
        ]
        runs = [SweptRun(library.runs_root() / "mine" / name_of(config), config) for config in configs]
        return against.Chosen(runs, "w1", field).note

    assert words in note(*seeds)
    assert note(3, 3) == note(*seeds, field="seed") == against.NOTE


def test_each_group_has_its_medians_in_the_order_of_the_setting() -> None:
    dots = [Dot(x, y, group, "") for x, y, group in [(3, 1, "a"), (1, 4, "a"), (1, 2, "a"), (1, 9, "b"), (3, NAN, "a")]]
    assert medians(dots[:-1]) == {"a": {1: 3, 3: 1}, "b": {1: 9}}
    free = medians([Dot(NAN, 2, "", ""), Dot(NAN, 4, "", "")])
    assert list(free[""].values()) == [3]
    assert [trace["name"] for trace in measured(dots, "s", "m")["data"][:2]] == ["a", "b"]


def test_a_run_that_did_not_finish_is_hollow_and_in_no_median() -> None:
    line, *dots = measured([Dot(1, 4, "", ""), Dot(1, 2, "", "", "B", finished=False)], "s", "m")["data"]
    assert points(line) == [(1, 4)]
    assert [dot["marker"]["symbol"] for dot in dots] == [["circle"], ["square-open"]]
    assert measured([Dot(1, 2, "", "", finished=False)], "s", "m")["alt"] == "m against s; medians: none yet."


@pytest.mark.parametrize(
    ("dots", "names", "kinds"),
    [
        ([Dot(0.01, 1.0, "", "r"), Dot(1.0, 100.0, "", "r")], (), ("log", "log")),
        ([Dot(1.0, -1.0, "", "r"), Dot(3.0, 100.0, "", "r")], (), (None, None)),
        ([Dot(1.0, 0.0, "", "r"), Dot(2.0, 0.002, "", "r"), Dot(3.0, 100.0, "", "r")], (), (None, "log")),
        ([Dot(1.0, 0.0, "", "r"), Dot(3.0, 100.0, "", "r")], (), (None, None)),
        ([Dot(0.0, 1.0, "", "r"), Dot(5.0, 1.5, "", "r", "B")], (), (None, None)),
        ([Dot(0.0, 1.0, "", "r"), Dot(1.0, 1.5, "", "r")], ("clip", "none"), (None, None)),
        ([Dot(NAN, 1.0, "", "r")], (), (None, None)),
        ([Dot(1.0, NAN, "", "r")], (), (None, None)),
        ([], (), (None, None)),
    ],
)
def test_axes_are_logarithmic_where_positive_values_differ_much(
    dots: list[Dot], names: tuple[str, ...], kinds: tuple[str | None, str | None]
) -> None:
    figure = measured(dots, "setting", "measure", names)
    assert is_plain(figure)
    assert figure["alt"].endswith(".")
    assert tuple(figure["layout"][name].get("type") for name in ("xaxis", "yaxis")) == kinds
    if names:
        assert figure["layout"]["xaxis"]["ticktext"] == list(names)
    if any(dot.y == 0 for dot in dots) and kinds[1]:
        foot = figure["layout"]["yaxis"]["tickvals"][0]
        (line, dotted) = figure["data"]
        assert unpacked(line["y"])[0] == unpacked(dotted["y"])[0] == np.float32(foot)
        assert figure["layout"]["yaxis"]["ticktext"][0] == dotted["customdata"][0][1] == "0"


def letters(figure: Figure) -> list[tuple[str, float, int]]:
    """The letter, its place across and its shift, of each note."""
    return [(note["text"], note["x"], note["xshift"]) for note in figure["layout"]["annotations"]]


def test_the_letters_of_dots_that_lie_on_each_other_are_in_one_row() -> None:
    dots = [Dot(0.01, 1.0, "", "r", "C"), Dot(0.01, 1.01, "", "r", "A"), Dot(1.0, 1.0, "", "r", "B")]
    drawn = letters(measured([*dots, Dot(1.0, 3.0, "", "r", "D"), Dot(1.0, 2.0, "", "r")], "s", "m"))
    assert [(text, x) for text, x, _ in drawn] == [
        (f"<b>{a}</b>", x) for a, x in zip("ACBD", (-2, -2, 0, 0), strict=True)
    ]
    (left, right), alone = [shift for *_, shift in drawn[:2]], [shift for *_, shift in drawn[2:]]
    assert right - left > 9
    assert alone == [0, 0]


def test_letters_of_measures_on_a_log_axis_and_of_runs_without_the_setting_are_at_their_dots() -> None:
    dots = [Dot(1.0, 0.0, "", "r", "A"), Dot(2.0, 0.01, "", "r", "B"), Dot(NAN, 10.0, "x", "r", "C")]
    figure = measured(dots, "s", "m")
    places = {trace["name"]: points(trace)[0] for trace in figure["data"][-3:]}
    notes = {
        note["text"][3]: (note["x"], 10 ** note["y"]) for note in figure["layout"]["annotations"] if "xshift" in note
    }
    assert set(notes) == set("ABC")
    for letter, place in notes.items():
        assert place == pytest.approx(places[letter], rel=1e-4)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0, 1), ["0", "1"]),
        ((5, 6), ["5", "6"]),
        ((1, 2, 5, 10), ["1", "2", "5", "10"]),
        ((0.01, 0.0316228, 0.1, 0.316228, 1), ["0.01", "0.0316", "0.1", "0.316", "1"]),
        ((12345, 23456), ["12,345", "23,456"]),
    ],
)
def test_the_ticks_are_at_the_values_that_occur(values: tuple[float, ...], ticks: list[str]) -> None:
    axis = measured([Dot(x, 1.0, "", "r") for x in values], "s", "m")["layout"]["xaxis"]
    assert axis["ticktext"] == ticks
    assert axis["tickvals"] == list(values)


@pytest.mark.parametrize(("values", "step"), [(range(100_001, 100_008), 1), (range(64), None)])
def test_whole_numbers_without_room_for_all_have_ticks_at_whole_numbers(values: range, step: int | None) -> None:
    axis = measured([Dot(x, 1.0, "", "r") for x in values], "s", "m")["layout"]["xaxis"]
    assert "tickvals" not in axis
    assert axis.get("dtick") == step


@pytest.mark.parametrize(("seeds", "said"), [(1, False), (2, True), (3, False)])
def test_the_note_of_two_seeds_says_what_a_median_of_two_is(seeds: int, said: bool) -> None:
    runs = [SweptRun(library.runs_root() / str(seed), dataclasses.replace(TINY, seed=seed)) for seed in range(seeds)]
    assert ("halfway" in against.Chosen(runs, "w1", "clip_range").note) == said
    assert "halfway" not in against.Chosen(runs, "w1", "seed").note
