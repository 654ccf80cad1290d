"""The sentences above a sweep's figures, against looks written by hand."""

import csv
import dataclasses
import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from stubs import TINY

from ganlab.config import TrainConfig
from ganlab.measure.reading import INSTRUMENTS
from ganlab.runs import saved_run, saved_snapshot
from ganlab.runs.disk import library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.saved_snapshot import Stamp
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.sweep import Sweep, name_of
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.compare import against, answer

SHORT = dataclasses.replace(TINY, steps=8)
STEEPNESS = "The critic’s steepest slope, at most 1 in the definition of W1, goes from"


def looked(path: Path, w1: Sequence[Any], slope: Any) -> None:
    """Replace the looks of a run, which is trained first: one at each of steps 1, 2 and so on, an empty one for ""."""
    with (path / "instruments.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (path / "instruments.csv").open("w") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            rows[-1] | {"step": i, "w1": value, "largest_gradient": slope} for i, value in enumerate(w1, start=1)
        )


def sweep_of(runs: Mapping[TrainConfig, tuple[Sequence[Any], Any]]) -> list[SweptRun]:
    """A sweep whose runs have these distances and slope; one with no distances has not begun.

    It can be called again with more runs.
    """
    sweep = Sweep(library.runs_root() / "mine")
    with sweep.taken():
        sweep.add({name_of(config): config for config in runs})
        sweep.save()
        for config, (w1, slope) in runs.items():
            path = sweep.path / name_of(config)
            if w1 and not path.exists():
                TrainingRun(RunFolder(path, config), instruments=INSTRUMENTS).run()
                looked(path, w1, slope)
    return [SweptRun(sweep.path / name_of(config), config) for config in runs]


def told(runs: Sequence[SweptRun]) -> str:
    return html.unescape(re.sub("</?b>", "", answer.in_words(runs)))


def clip(c: float, **settings: Any) -> TrainConfig:
    return dataclasses.replace(SHORT, clip_range=(-c, c), **settings)


PENALTY = dataclasses.replace(SHORT, constraint="gradient-penalty", penalty=0.5)


def test_the_best_is_told_from_those_whose_last_looks_did_not_come_as_close() -> None:
    runs = {
        clip(0.1): ([9, 0.9, 0.9, 0.5, 0.4, 0.4, 0.4, 0.4], 0.5),  # 0.5 is not among its last five
        clip(0.5): ([9, 9, 9, 0.2, 0.3, 0.25, 0.2, 0.2], 40),
        clip(1): ([0.1, 0.1, 0.9, 0.3, 0.6, 0.6, 0.6, 0.6], 7000),  # 0.1 is of its first half
        PENALTY: ([9, 9, 9, 9, 9, 9, 0.301, 0.28], 1.25),
    }
    text = told(sweep_of(runs))
    assert text == (
        "W1 is lowest with ±0.5: 0.2. Its last looks range from 0.2 to 0.3; penalty 0.5 and ±1 came within that: these "
        f"runs can’t tell which is best. {STEEPNESS} 0.5 with ±0.1 to 7,000 with ±1, and is 1.25 with penalty 0.5."
    )


def test_seeds_are_as_uncertain_as_they_scatter() -> None:
    last = {(0.1, 0): 0.3, (0.1, 1): 0.5, (0.1, 2): 0.4, (1.0, 0): 0.6, (1.0, 1): 0.7, (1.0, 2): 0.55}
    slopes = {(0.1, 0): 0, (0.1, 1): 0, (0.1, 2): 2, (1.0, 0): 3, (1.0, 1): 5, (1.0, 2): 4}
    # What their looks were before has no part in it.
    runs = {clip(c, seed=seed): ([0.01] * 7 + [w1], slopes[c, seed]) for (c, seed), w1 in last.items()}
    swept = sweep_of(runs)
    assert told(swept) == (
        "W1 is lowest with ±0.1: 0.4. Its seeds range from 0.3 to 0.5; no other came within that. "
        f"{STEEPNESS} 0 with ±0.1 to 4 with ±1. Where it is 0, the generator learns nothing more."
    )
    looked(swept[3].path, [0.45], 3)
    fresh = [SweptRun(run.path, run.planned) for run in swept]
    assert "; ±1 came within that:" in told(fresh)


def test_a_single_seed_beside_several_is_compared_by_its_last_looks() -> None:
    runs = {clip(0.1, seed=seed): ([w1], 1) for seed, w1 in enumerate((0.3, 0.4, 0.5))}
    runs[clip(0.2)] = [0.6, 0.7], 1
    assert "; no other came within that." in told(sweep_of(runs))
    runs |= {clip(0.3, seed=seed): ([w1], 1) for seed, w1 in enumerate((0.8, 0.9))}
    assert "; no other came within that." in told(sweep_of(runs))
    runs |= {clip(0.4, seed=seed): ([w1], 1) for seed, w1 in enumerate((0.5, 0.7))}
    runs[clip(0.5)] = [0.5, 0.7], 1
    assert "; ±0.4 and ±0.5 came within that:" in told(sweep_of(runs))


def test_a_slope_without_bound_is_in_no_median_as_in_the_figure() -> None:
    slopes = {(0.1, 0): 0.5, (0.1, 1): 0.5, (1.0, 0): 40, (1.0, 1): "inf", (1.0, 2): ""}
    runs = sweep_of({clip(c, seed=seed): ([c], slope) for (c, seed), slope in slopes.items()})
    assert told(runs).endswith(f"{STEEPNESS} 0.5 with ±0.1 to 40 with ±1.")


def test_slopes_of_other_constraints_are_listed_unless_they_are_many() -> None:
    runs = {clip(0.1): ([0.2], 0.5), clip(1): ([0.3], 40), PENALTY: ([0.5], 1.25)}
    runs[dataclasses.replace(PENALTY, penalty=5.0)] = [0.6], 1
    assert told(sweep_of(runs)).endswith("40 with ±1, and is 1.25 with penalty 0.5 and 1 with penalty 5.")
    runs |= {dataclasses.replace(PENALTY, penalty=float(i)): ([0.7], 1) for i in (6, 7, 8)}
    assert told(sweep_of(runs)).endswith("40 with ±1.")


def test_distances_to_different_data_are_not_compared() -> None:
    runs = {clip(0.1): ([0.2], 1), clip(1): ([0.3], 2)}
    assert told(sweep_of(runs))
    assert told(sweep_of(runs | {clip(1, dataset="swiss-roll"): ([0.1], 2)})) == ""


def test_a_run_that_was_changed_is_left_out() -> None:
    runs = sweep_of({clip(0.1): ([0.2], 1), clip(0.5): ([0.3], 1), clip(1): ([0.1], 1)})
    assert told(runs).startswith("W1 is lowest with ±1")
    (runs[2].path / "changes.csv").write_text("critic_step,field,value\n4,clip_range,-0.1 0.1\n")
    again = [SweptRun(run.path, run.planned) for run in runs]
    assert told(again).startswith("W1 is lowest with ±0.1")


def test_the_tables_of_a_run_are_read_once_for_the_sentences_and_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = sweep_of({clip(0.1): ([0.2], 1), clip(1): ([0.3], 2)})
    read = list[str]()

    def tables_of(path: Path, stamp: Stamp) -> Snapshot:
        read.append(path.name)
        return saved_snapshot.tables_of(path, stamp)

    monkeypatch.setattr(saved_run, "tables_of", tables_of)
    assert told(runs)
    for measure in ("w1", "largest_gradient"):
        assert against.drawn(against.Chosen(runs, measure, "clip_range"), [])["data"]
    assert sorted(read) == sorted(run.path.name for run in runs)


def test_what_else_is_varied_is_named_and_nothing_is_said_of_slopes() -> None:
    rates = {rate: clip(0.1, critic_lr=rate) for rate in (1e-4, 1e-3)}
    runs = sweep_of({rates[1e-4]: ([0.5] * 8, 1), rates[1e-3]: ([0.2] * 8, 2)})
    assert told(runs) == ("W1 is lowest with ±0.1, critic learning rate 0.001: 0.2. No other came as low.")


def test_of_many_only_the_closest_are_named() -> None:
    runs = sweep_of({clip(c): ([0.2, 0.1 + c / 10], 1) for c in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)})
    assert "; ±0.2, ±0.3, ±0.4 and 2 others came within that:" in told(runs)


@pytest.mark.parametrize("second", [[], ["", ""]])
def test_nothing_is_said_until_two_settings_were_measured(second: list[str]) -> None:
    assert not told(sweep_of({clip(0.1): ([0.2, 0.2], 1), clip(1): (second, 1)}))


def test_what_is_said_before_all_runs_have_ended_is_so_far() -> None:
    runs = {clip(0.1): ([0.2, 0.2], 1), clip(0.5): ([0.3, 0.3], 1), clip(1): ([], 1)}
    assert told(sweep_of(runs)).startswith("So far, W1 is lowest with ±0.1: 0.2. No other")


def test_a_run_that_failed_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = sweep_of({clip(0.1): ([0.2], 1), clip(1): ([0.3], 2), clip(0.5): ([0.1], 1)})
    assert told(runs).startswith("W1 is lowest with ±0.5")
    held = {run.run_id: run.summary for run in runs}
    held[runs[2].run_id] = dataclasses.replace(runs[2].summary, status=Status.FAILED)
    monkeypatch.setattr(SweptRun, "summary", property(lambda run: held[run.run_id]))
    assert told(runs).startswith("W1 is lowest with ±0.1")


def test_nothing_is_drawn_of_a_run_while_it_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its table is behind what the list of runs shows of it."""
    runs = sweep_of({clip(0.1): ([0.2], 1), clip(1): ([0.3], 2)})
    chosen = against.Chosen(runs, "w1", "clip_range")
    assert against.drawn(chosen, [])["data"]
    trains = dataclasses.replace(runs[0].summary, status=Status.ELSEWHERE)
    monkeypatch.setattr(SweptRun, "summary", trains)
    assert against.drawn(chosen, [])["data"] == []
    assert against.card(runs, []) == []


def test_a_run_that_is_damaged_says_nothing() -> None:
    runs = sweep_of({clip(0.1): ([0.2, 0.2], 1), clip(1): ([0.3, 0.3], 1)})
    (runs[0].path / "instruments.csv").write_text("damaged")
    assert not told(runs)


def test_what_else_a_constraint_brings_along_is_named() -> None:
    runs = {clip(0.1): ([0.2], 1), dataclasses.replace(PENALTY, critic_lr=0.5, n_critic=3): ([0.3], 1)}
    changed = "With the constraint, critic learning rate and critic updates per step change too."
    assert told(sweep_of(runs)).endswith(f"No other came as low. {changed}")
