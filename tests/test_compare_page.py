"""The Compare page: the table of runs, the choice in the address, and what stands side by side."""

import dataclasses
import itertools
import os
import re
import shutil
from collections.abc import Callable
from html import escape
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element
from stubs import TINY, TINY_IMAGES, wait_until
from visits import Finished, address, page, panels, restart, run_in

from ganlab import settings as rules
from ganlab.config import TrainConfig
from ganlab.formatting import short
from ganlab.gan.streams import fixed_latents
from ganlab.gan.watched import WatchedConfig
from ganlab.measure.reading import INSTRUMENTS, READINGS, no_readings
from ganlab.runs.disk import contents, library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.history import NO_HISTORY, Change
from ganlab.runs.hub import RunHub
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.sweep import Sweep, name_of
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.compare import address as compare_address
from ganlab.ui.compare import (
    gradients,
    instruments,
    live,
    picks,
    preview,
    rows,
    samples,
    settings,
    sweeps,
    table,
    weights,
)
from ganlab.ui.compare.groups import grouped
from ganlab.ui.compare.picks import Pick

pytestmark = pytest.mark.usefixtures("the_hub")
FIDELITY = ("precision", "recall")


def listed(text: str) -> list[str]:
    """The runs of the table that can be chosen, in its order."""
    return re.findall(r"data-pick='[+-]([^']+)' aria-label='(?!Remove)", text)


def lists_of_picks(at: AppTest) -> list[str]:
    """The list that is named beside each compared run; "" if none is, as the table shows that list."""
    _, *items = panels(at).partition("<ul class='picks'>")[2].partition("</ul>")[0].split("<li>")
    return ["".join(re.findall(r">(sweep [^<]*|single run)<", item)) for item in items]


def test_runs_are_chosen_up_to_eight_and_the_choice_is_in_the_address(finished: Finished) -> None:
    first = finished(TINY)
    for i in range(9):
        shutil.copytree(first.path, library.runs_root() / f"run-{i}")
    at = page("4_Compare.py")
    assert address(at) == {}
    at.session_state["compared"] = [first.run_id, "run-3"]
    at.run()
    assert address(at) == {"runs": f"{first.run_id},run-3"}
    assert re.findall(r"aria-label='Remove (\w)", panels(at)) == ["A", "B"]
    assert "(Arjovsky et al., 2017)" in panels(at)
    runs = ",".join(f"run-{i}" for i in range(9))
    at = page("4_Compare.py", runs=f"run-0,run-0,nowhere,{runs}")
    assert len(at.warning) == 2  # there is no such run, and the ninth is too many
    assert address(at) == {"runs": ",".join(f"run-{i}" for i in (0, 7, *range(1, 7)))}  # B was free
    assert re.findall(r"aria-label='Remove (\w)", panels(at)) == list("ABCDEFGH")


def test_the_others_keep_their_letters_when_a_run_is_removed(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [finished(dataclasses.replace(TINY, seed=seed)).run_id for seed in range(2)]
    at = page("4_Compare.py", runs=f",{runs[0]},,{runs[1]},{runs[0]},")
    assert address(at) == {"runs": f",{runs[0]},,{runs[1]}"}
    assert re.findall(r"data-pick='-([^']+)' aria-label='Remove (\w)", panels(at)) == [(runs[0], "B"), (runs[1], "D")]
    monkeypatch.setattr(picks.st, "session_state", {"compared": list("abc")})
    for text, left in (("-b", ["a", "", "c"]), ("+d", ["a", "d", "c"]), ("-c", ["a", "d"]), ("+c", ["a", "d", "c"])):
        picks.choose(text)
        assert picks.st.session_state["compared"] == left


VIEW = {
    "filter": "8 gaussians",
    "sort": "-at a bound",
    "measure": "at_bound",
    "beside": "seconds",
    "against": "seed",
    "along": "seconds",
    "log": "1",
}


@pytest.fixture
def swept(finished: Finished) -> list[str]:
    """A sweep of three runs, which have ended; their IDs."""
    configs = [dataclasses.replace(TINY, seed=seed, clip_range=(-c, c)) for seed, c in ((0, 0.1), (0, 0.2), (1, 0.2))]
    sweep = Sweep(library.runs_root() / "my-sweep")
    sweep.path.mkdir(parents=True)
    for name, config in (runs := {name_of(config): config for config in configs}).items():
        run = finished(config)
        shutil.move(run.path, sweep.path / name)
    sweep.add(runs)
    sweep.save()
    return [f"my-sweep/{name}" for name in runs]


def test_a_link_opens_the_view_that_it_was_copied_from(swept: list[str]) -> None:
    view = {"runs": ",".join(swept[:2]), "sweep": "my-sweep", **VIEW, "shown": swept[2].partition("/")[2]}
    at = page("4_Compare.py", **view)
    assert address(at) == view
    assert listed(panels(at)) == [swept[i] for i in order(at, swept)]
    assert at.text_input(key="compare_filter").value == "8 gaussians"
    assert at.selectbox(key="sweep").value == "my-sweep"
    assert at.selectbox(key="sweep_measure").value == "at_bound"
    assert at.selectbox(key="sweep_reason").value == "seconds"
    assert at.selectbox(key="sweep_setting").value == "seed"
    assert at.segmented_control(key="compare_along").value == "seconds"
    assert at.toggle(key="compare_log").value
    assert f'"shown": "{view["shown"]}"' in panels(at)
    at.toggle(key="compare_log").set_value(False)
    at.selectbox(key="sweep_setting").set_value("clip_range")
    at.selectbox(key="sweep_measure").set_value("w1")
    at.segmented_control(key="compare_along").set_value("critic_step").run()
    rest = view | {"along": "critic_step"}
    for field in ("log", "measure", "against"):
        del rest[field]
    assert address(at) == rest
    at.switch_page("pages/6_Building_Blocks.py").run()
    link = at.session_state["compare_link"]
    assert link == rest
    at.query_params.clear()
    at.query_params.update(link)
    at.switch_page("pages/4_Compare.py").run()
    assert address(at) == rest  # nothing is lost by leaving
    at.selectbox(key="sweep").set_value("All single runs").run()
    assert address(at)["sweep"] == compare_address.SINGLE  # else a reload would show the sweep


def order(at: AppTest, swept: list[str]) -> list[int]:
    """The runs by their share at a bound, the largest first."""
    shares = [SavedRun(library.runs_root() / run_id).tables.history["at_bound_share"][-1] for run_id in swept]
    return sorted(range(len(swept)), key=lambda i: -shares[i])


def test_beneath_a_sweeps_figure_a_run_also_says_what_is_varied_since_it_was_first_shown(swept: list[str]) -> None:
    path = library.runs_root() / swept[0]
    run = SweptRun(path, SavedRun(path).config)
    assert "seed 0" not in preview._card(run, "", [])
    assert "seed 0" in preview._card(run, "", ["seed"])


def test_a_link_opens_single_runs_where_the_page_would_open_on_a_sweep(swept: list[str], finished: Finished) -> None:
    finished(TINY)
    at = page("4_Compare.py", runs=swept[0])
    assert address(at) == {"runs": swept[0], "sweep": "my-sweep"}
    at.selectbox(key="sweep").select(sweeps.ALL).run()
    again = page("4_Compare.py", **address(at))
    assert again.selectbox(key="sweep").value == sweeps.ALL
    assert address(again) == address(at)
    again.selectbox(key="sweep").select("my-sweep").run()
    assert address(again) == {"runs": swept[0], "sweep": "my-sweep"}


@pytest.mark.parametrize("text", ["", "0", "-1", "9" * 5000, "None", "<b>&amp;", "%00\n", "²", "w1,", "step"])
def test_what_a_hostile_address_asks_for_is_ignored_and_the_rest_kept(text: str, swept: list[str]) -> None:
    hostile = dict.fromkeys([*VIEW, "shown"], text)
    at = page("4_Compare.py", **hostile | {"filter": "9" * 5000, "runs": swept[0], "sweep": "my-sweep"})
    assert address(at) == {"runs": swept[0], "sweep": "my-sweep"}
    assert len(listed(panels(at))) == 3
    at = page("4_Compare.py", **hostile | {"runs": swept[0], "sweep": text, "filter": ""})
    assert address(at) == {"runs": swept[0], "sweep": "my-sweep"}  # that of the run


def test_three_hundred_runs_and_eight_compared_are_a_small_page(finished: Finished) -> None:
    first = finished(TINY)
    for i in range(299):
        shutil.copytree(first.path, library.runs_root() / f"run-{i}", copy_function=os.link)
    at = page("4_Compare.py", runs=",".join(f"run-{i}" for i in range(8)))
    assert len(listed(panels(at))) == 20
    assert sum(element.proto.ByteSize() for element in at._tree if isinstance(element, Element)) < 300_000


def test_the_table_is_filtered_and_sorted_and_names_what_differs(finished: Finished, the_hub: RunHub) -> None:
    runs = [finished(dataclasses.replace(TINY, steps=steps, seed=9 - steps)) for steps in (3, 5, 4)]
    digits = finished(TINY_IMAGES)
    by_name = {run.run_id: run for run in [*runs, digits]}
    at = page("4_Compare.py")
    assert listed(panels(at)) == [run.run_id for run in the_hub.runs]
    assert ">seed 4<" in panels(at)
    assert ">total steps 5<" in panels(at)
    at.session_state["compare_sort"] = ("Steps", False)
    at.run()
    steps = [by_name[run_id].latest.step for run_id in listed(panels(at))]
    assert steps == sorted(steps)
    at.session_state["compare_sort"] = ("Precision", True)
    at.run()
    column = {name: [run.latest.readings[-1, READINGS.index(name)] for run in by_name.values()] for name in FIDELITY}
    found = {run_id: pair for run_id, *pair in zip(by_name, *column.values(), strict=True)}
    assert listed(panels(at)) == sorted(listed(panels(at)), key=lambda run_id: -found[run_id][0])
    assert len({precision for precision, _ in found.values()}) > 1
    for run_id, (precision, recall) in found.items():
        row = panels(at).partition(f"{run_id}' aria-label")[2].partition("<tr>")[0]
        assert f"<td>{100 * precision:.0f} %<small>recall {100 * recall:.0f} %</small>" in row
    at.text_input(key="compare_filter").set_value("Finished digits").run()
    assert listed(panels(at)) == [digits.run_id]
    at.text_input(key="compare_filter").set_value(runs[1].run_id).run()  # one run: the others still tell what differs
    assert listed(panels(at)) == [runs[1].run_id]
    assert ">total steps 5<" in panels(at)
    at.text_input(key="compare_filter").set_value("seed 5").run()  # not 0.5, nor a 5 within another number
    assert listed(panels(at)) == [runs[2].run_id]
    at.text_input(key="compare_filter").set_value("cifar").run()
    assert listed(panels(at)) == []


def test_rows_are_sorted_by_their_values_alone_and_those_without_one_come_last() -> None:
    class Run:
        def __eq__(self, other: object) -> bool:  # which a list of ten thousand would call fifty million times
            raise AssertionError

    def row(name: str) -> rows.Row:
        summary = Snapshot(run_id=name, config=TINY, history=NO_HISTORY, status=Status.FINISHED, message="")
        return rows.Row(Run(), summary if name else None, name)

    listed = [row(name) for name in ("b", "", "c", "", "a")]
    for falling, names in ((False, ["a", "b", "c"]), (True, ["c", "b", "a"])):
        assert [one.name for one in table._sorted(listed, "Run", falling)] == [*names, "", ""]


def test_what_follows_from_the_constraint_is_not_repeated_in_the_table(finished: Finished) -> None:
    penalty = dataclasses.replace(TINY, constraint="gradient-penalty", optimizer="adam", critic_lr=0.5, seed=1)
    for config in (TINY, dataclasses.replace(TINY, clip_range=(-0.2, 0.2)), penalty):
        finished(config)
    shown = panels(page("4_Compare.py"))
    assert "optimiser" not in shown
    assert "Differing settings" not in shown  # no row would have anything in this column
    assert ">seed 1<" in shown
    finished(dataclasses.replace(penalty, critic_lr=0.25))
    shown = panels(page("4_Compare.py"))
    assert "optimiser" not in shown
    assert "Differing settings" in shown
    assert ">critic learning rate 0.25<" in shown


def test_a_run_that_cannot_be_read_is_a_row_with_its_sentence(the_hub: RunHub) -> None:
    run = run_in("interrupted", the_hub, TINY)
    bad = library.runs_root() / "bad"
    shutil.copytree(run.path, bad)
    (bad / "config.json").write_text("{")
    half = library.runs_root() / "half"
    shutil.copytree(run.path, half)
    (half / "metrics.csv").write_text("step\nx\n")
    contents.rename(half, "the <i>half</i>")
    at = page("4_Compare.py", runs=f"bad,half,{run.run_id}")
    assert "bad/config.json" in panels(at)
    assert "bad" not in listed(panels(at))
    assert len(at.warning) == 1
    assert address(at) == {"runs": f",half,{run.run_id}"}
    assert "the &lt;i&gt;half" in panels(at)
    assert not at.exception


def test_a_run_that_failed_is_a_row_with_its_reason(the_hub: RunHub) -> None:
    run = run_in("failed", the_hub, TINY)
    assert escape(run.latest.error) in panels(page("4_Compare.py"))
    sweep = Sweep(library.runs_root() / "my-sweep")
    sweep.path.mkdir()
    sweep.add({name_of(run.config): run.config})
    sweep.save()
    shutil.copytree(run.path, sweep.path / name_of(run.config))
    at = page("4_Compare.py", sweep="my-sweep")
    assert escape(run.latest.error) in panels(at)
    assert "1 failed" in panels(at)


def test_runs_that_differ_only_in_their_seed_are_one_column_with_a_median(finished: Finished) -> None:
    seeds = [finished(dataclasses.replace(TINY, seed=seed)) for seed in (1, 2, 3)]
    other = finished(dataclasses.replace(TINY, clip_range=(-0.2, 0.2)))
    runs = [seeds[0], other, *seeds[1:]]
    picks = [Pick.of(letter, run) for letter, run in zip("ABCD", runs, strict=True)]
    assert [[pick.letter for pick in group] for group in grouped(picks)] == [["A", "C", "D"], ["B"]]
    w1 = [run.latest.readings[-1, READINGS.index("w1")] for run in runs]
    measure, (repeated, single), best, bars = instruments.rows(picks)[0]
    same = [w1[0], *w1[2:]]
    assert measure.label == "Distance W1"
    assert repeated == f"{short(np.median(same))}<small>{short(min(same))} to {short(max(same))}</small>"
    assert single == short(w1[1])
    assert [bar.count("<circle") for bar in bars] == [3, 1]
    assert best == int(w1[1] < np.median(same))


def test_the_head_of_a_column_counts_different_seeds(finished: Finished) -> None:
    configs = [TINY, TINY, dataclasses.replace(TINY, seed=7)]
    picks = [Pick.of(letter, finished(config)) for letter, config in zip("ABC", configs, strict=True)]
    for chosen, head in (
        (picks[1:], "median of 2 seeds"),
        (picks[:2], "median of 2 runs with 1 seed"),
        (picks, "median of 3 runs with 2 seeds"),
    ):
        assert f"<small>{head}</small>" in instruments.table(chosen)


def test_the_head_of_a_column_counts_only_what_was_measured(finished: Finished) -> None:
    configs = [dataclasses.replace(TINY, seed=seed) for seed in range(3)]
    picks = [Pick.of(letter, finished(config)) for letter, config in zip("ABC", configs, strict=True)]
    waiting = [one._replace(record=dataclasses.replace(one.record, readings=no_readings())) for one in picks]
    assert "<small>median of 2 seeds</small>" in instruments.table([*picks[:2], waiting[2]])
    assert "<small>1 seed</small>" in instruments.table([picks[0], waiting[1]])


def test_runs_of_two_constraints_say_in_what_else_they_differ(finished: Finished) -> None:
    configs = [TINY, dataclasses.replace(TINY, constraint="gradient-penalty", optimizer="adam", critic_lr=0.5, seed=3)]
    picks = [Pick.of(letter, finished(config)) for letter, config in zip("AB", configs, strict=True)]
    assert "With the constraint, optimiser and critic learning rate change too." in instruments.note(picks)
    assert "With the constraint" not in instruments.note(picks[:1])
    other = Pick.of("B", finished(dataclasses.replace(TINY, constraint="none", seed=3)))
    assert "With the constraint" not in instruments.note([picks[0], other])


def test_every_row_is_explained_and_nothing_else(finished: Finished) -> None:
    picks = [Pick.of(letter, finished(dataclasses.replace(TINY, seed=i))) for i, letter in enumerate("AB")]
    shown = re.findall(r"<th scope='row' title='([^']+)'>([^<]+)", instruments.table(picks))
    assert len(shown) > 10
    assert instruments.explained(picks) == "\n".join(f"- **{label}**: {help}" for help, label in shown)


def test_a_run_that_was_changed_is_named_below_the_measurements(finished: Finished) -> None:
    picks = [
        Pick.of(letter, finished(dataclasses.replace(TINY, critic_lr=(i + 1) / 1000))) for i, letter in enumerate("AB")
    ]
    assert "changed during" not in instruments.note(picks)
    assert "With one seed, small differences mean little." in instruments.note(picks)
    change = Change(1, 1, "clip_range", (-0.5, 0.5))
    picks[1] = picks[1]._replace(record=dataclasses.replace(picks[1].record, changes=(change,)))
    assert instruments.note(picks).endswith(" B was changed during training.")
    assert instruments.note([picks[1]._replace(letter="A"), picks[1]]).endswith(
        " A and B were changed during training."
    )


def test_no_label_of_a_setting_ends_in_a_digit() -> None:
    """A value follows it in a list: “beta 1 0” would be two numbers."""
    assert not [name for name in rules.fields(TrainConfig) if settings.label(name)[-1] in "0123456789"]


def test_nothing_is_the_best_of_different_data(finished: Finished) -> None:
    runs = [finished(config) for config in (TINY, TINY_IMAGES)]
    picks = [Pick.of(letter, run) for letter, run in zip("AB", runs, strict=True)]
    assert {row.best for row in instruments.rows(picks)} == {None}


def test_one_run_has_no_best_value_and_no_differing_setting(finished: Finished) -> None:
    first, other = (finished(dataclasses.replace(TINY, clip_range=(-c, c))) for c in (0.1, 0.2))
    for runs, differ in ((first.run_id, False), (f"{first.run_id},{other.run_id}", True)):
        at = page("4_Compare.py", runs=runs)
        assert ("Differing settings" in [head.value for head in at.subheader]) == differ
        assert any("★" in caption.value for caption in at.caption) == differ
        assert all(caption.value for caption in at.caption)
        saved = [each.proto.label for each in at.get("download_button")]
        assert [label for label in saved if "CSV" in label] == ["CSV of steps", "CSV of looks", *["CSV"] * 4]


def test_a_run_that_was_changed_and_changed_back_differs_from_one_left_alone(the_hub: RunHub) -> None:
    other = run_in("finished", the_hub, TINY)
    run = run_in("running", the_hub, TINY)
    at = page("4_Compare.py", runs=f"{run.run_id},{other.run_id}")
    assert ">changed<" not in panels(at)
    for c in (0.01, 0.1):
        run.change(clip_range=(-c, c))
        wait_until(lambda c=c: run.latest.config.clip_range == (-c, c))
    run.stop()
    wait_until(lambda: run.latest.status.ended)
    there, back = (change.step for change in run.latest.changes)
    words = f"clip range ±0.01 after step {there:,}, ±0.1 after step {back:,}"
    at.run()
    shown = panels(at)
    assert shown.count(">changed<") == 2  # in the table, and on its chip
    assert "Clip range<td>±0.1<td>±0.1" in shown  # at first and now
    assert f"Changed while it trained<td>{words}<td>–" in shown
    assert re.findall(r"'>(\w)</b>|>(changed)<", shown.partition("class='picks'")[2])[:3] == [
        *(("A", ""), ("", "changed"), ("B", "")),
    ]


def test_the_page_is_drawn_again_when_a_compared_run_has_ended_or_was_changed(finished: Finished) -> None:
    pick = Pick.of("A", finished(TINY))
    longer = pick._replace(record=dataclasses.replace(pick.record, step=pick.record.step + 1))
    moved = dataclasses.replace(pick.record, changes=(Change(2, 1, "clip_range", (-0.2, 0.2)),))
    trains = dataclasses.replace(pick.record, status=Status.RUNNING)
    assert not live._outdated([pick], [longer])
    assert live._outdated([pick], [pick._replace(record=moved)])
    assert live._outdated([pick._replace(record=trains)], [pick])


def test_changes_are_named_in_short_words_or_counted() -> None:
    moved = [Change(2 * step, step, "clip_range", (-c, c)) for step, c in ((1000, 0.01), (1200, 0.1))]
    other = [Change(2600, 1300, "critic_lr", 0.5), Change(2800, 1400, "constraint", "none")]
    for made, text in (
        (moved, "clip range ±0.01 after step 1,000, ±0.1 after step 1,200"),
        (other, "critic rate 0.5 after step 1,300, no constraint after step 1,400"),
        ([*moved, *other], "4 changes"),
        ([], ""),
    ):
        assert settings.changes_in_words(made) == text


def test_runs_on_disk_are_measured_as_they_were_when_they_ended(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, TINY)
    known = run.latest.reading.gradients
    restart(the_hub)
    saved = the_hub.find(run.run_id)
    pick = Pick.of("A", saved)
    assert gradients.unmeasured([pick]) == [pick]
    gradients.measure(pick)
    assert gradients.unmeasured([pick]) == []
    assert gradients.known([pick])["A"].norms.tolist() == known.norms.tolist()


def test_a_run_that_is_being_measured_is_not_yet_known(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another visitor, whose page waits for the result, would stop waiting without it."""
    run = run_in("finished", the_hub, TINY)
    restart(the_hub)
    pick, waiting = Pick.of("A", the_hub.find(run.run_id)), list[list[Pick]]()
    monkeypatch.setattr(SavedRun, "gradients", property(lambda _: waiting.append(gradients.unmeasured([pick]))))
    gradients.measure(pick)
    assert waiting == [[pick]]
    assert gradients.unmeasured([pick]) == []


def test_samples_of_the_same_latents_are_told_from_others(finished: Finished) -> None:
    configs = [TINY, dataclasses.replace(TINY, clip_range=(-0.2, 0.2)), dataclasses.replace(TINY, seed=5)]
    runs = [finished(config) for config in configs]
    picks = [Pick.of(letter, run) for letter, run in zip("ABC", runs, strict=True)]
    for one, other in itertools.combinations(picks, 2):
        same = torch.equal(fixed_latents(one.config), fixed_latents(other.config))
        assert (samples.latents_of(one) == samples.latents_of(other)) == same
    assert samples.note(picks) == "Generated from the same latents: A, B."


def test_points_outside_their_picture_are_counted(finished: Finished) -> None:
    pick = Pick.of("A", finished(TINY))
    generated = np.array([[0.0, 0.0], [2.5, 0.0], [0.0, -9.0], [np.nan, 0.0]], np.float32)
    of_generated, of_real = "3 generated outside", "3 real outside"
    for real, counted in ((generated[:1], [of_generated]), (generated, [of_generated, of_real])):
        record = dataclasses.replace(pick.record, samples=generated, real=real)
        drawn = pick._replace(record=record)
        assert samples.outside(drawn) == counted
        sheet = samples.side_by_side([drawn])
        assert sheet.count(of_generated) == 2  # above it, and for a screen reader
    inside = dataclasses.replace(pick.record, samples=generated[:1], real=None)
    assert samples.outside(pick._replace(record=inside)) == []
    pictures = dataclasses.replace(pick.record, samples=np.zeros((9, 4, 4, 1), np.uint8), real=None)
    assert samples.outside(pick._replace(record=pictures)) == []


def test_small_histograms_go_from_the_narrowest_range_to_the_widest_then_by_letter(finished: Finished) -> None:
    configs = [dataclasses.replace(TINY, constraint="none"), dataclasses.replace(TINY, clip_range=(-0.2, 0.2)), TINY]
    free, wide, narrow = (weights.histograms([Pick.of("A", finished(config))])["A"] for config in configs)
    widest = dataclasses.replace(free, edges=9 * free.edges)
    known = {"A": widest, "B": wide, "C": free, "D": narrow}
    assert re.findall(r"class='chip'[^>]*>(\w)", weights.one_by_one(known)) == ["D", "B", "A", "C"]


def test_the_page_says_the_order_of_the_small_histograms(finished: Finished) -> None:
    assert weights.ONE_BY_ONE in panels(page("4_Compare.py", runs=finished(TINY).run_id))


def test_a_run_without_samples_says_so(finished: Finished, the_hub: RunHub) -> None:
    run = finished(TINY)
    restart(the_hub)
    for name in ("moments", "checkpoints"):
        shutil.rmtree(run.path / name)
    (run.path / "generator.safetensors").unlink()
    assert ">None saved<" in panels(page("4_Compare.py", runs=run.run_id))


def test_the_runs_of_a_sweep_are_another_list_and_compare_with_single_ones(finished: Finished) -> None:
    single = finished(TINY)
    configs = [dataclasses.replace(TINY, seed=seed) for seed in (1, 2)]
    sweep = Sweep(library.runs_root() / "my-sweep")
    sweep.path.mkdir()
    sweep.add({name_of(config): config for config in configs})
    sweep.save()
    first, second = sweep.runs  # the second has not begun
    shutil.copytree(single.path, sweep.path / first)
    at = page("4_Compare.py", runs=f"my-sweep/{first},my-sweep/{second},{single.run_id},../x/y")
    assert len(at.warning) == 1
    assert address(at)["runs"] == f"my-sweep/{first},my-sweep/{second},{single.run_id}"
    assert listed(panels(at)) == [f"my-sweep/{name}" for name in (first, second)]
    at.selectbox(key="sweep").select(sweeps.ALL).run()
    assert listed(panels(at)) == [single.run_id]
    assert lists_of_picks(at) == ["sweep my-sweep", "sweep my-sweep", ""]
    at.selectbox(key="sweep").select("my-sweep").run()
    assert listed(panels(at)) == [f"my-sweep/{name}" for name in (first, second)]
    assert lists_of_picks(at) == ["", "", "single run"]
    (sweep.path / "sweep.json").write_text("{")
    at.run()
    assert not at.exception
    assert listed(panels(at)) == []


def test_without_the_sweep_that_was_chosen_all_single_runs_are_listed(swept: list[str], finished: Finished) -> None:
    single = finished(TINY)
    at = page("4_Compare.py", sweep="my-sweep")
    assert listed(panels(at)) == swept
    shutil.rmtree(library.runs_root() / "my-sweep")
    at.run()
    assert not at.exception
    assert listed(panels(at)) == [single.run_id]


@pytest.mark.parametrize("content", ["", '{"runs": {}}'])
def test_a_sweep_without_runs_does_not_say_that_there_are_no_single_runs(content: str, finished: Finished) -> None:
    finished(TINY)
    path = library.runs_root() / "my-sweep"
    path.mkdir()
    (path / "sweep.json").write_text(content)
    assert "No run of this sweep is known." in panels(page("4_Compare.py", sweep="my-sweep"))


def test_a_run_that_is_deleted_while_the_table_is_made_is_a_row_without_facts(finished: Finished) -> None:
    row = rows.Row.of(finished(TINY))
    shutil.rmtree(row.run.path)
    assert rows.facts(row) == rows.NO_FACTS
    assert row.name in table._line(row, {}, table._differing([row]), differs=False)


def test_a_run_of_another_process_moves(the_hub: RunHub) -> None:
    folder = RunFolder(library.runs_root() / "there", dataclasses.replace(TINY, steps=10**6))
    there = TrainingRun(folder).start()
    saved = the_hub.find("there")
    try:
        wait_until(lambda: saved.record.status is Status.RUNNING and len(saved.record.history))
        pick = Pick.of("A", saved)
        wait_until(lambda: pick.newest().record.step > pick.record.step)
        assert pick.trains
        assert gradients.unmeasured([pick]) == []
        assert address(page("4_Compare.py", runs="there")) == {"runs": "there"}
    finally:
        there.stop(quickly=True)
        assert there.join(30)


def test_the_table_shows_what_a_run_of_another_process_has_made(the_hub: RunHub) -> None:
    folder = RunFolder(library.runs_root() / "there", dataclasses.replace(TINY, steps=10**6))
    there = TrainingRun(folder, instruments=INSTRUMENTS).start()
    saved = the_hub.find("there")
    try:
        wait_until(lambda: len(rows.Row.of(saved).summary.readings))  # it has saved no checkpoint yet
        row = rows.Row.of(saved)
        assert row.trains
        assert rows.facts(row).w1 == row.summary.readings[-1, READINGS.index("w1")]
        assert "<path" in rows.facts(row).sparkline
        assert "<path" in rows.thumbnail(row)
        step = rows.steps(row)
        wait_until(lambda: rows.steps(rows.Row.of(saved)) > step)
    finally:
        there.stop(quickly=True)
        assert there.join(30)
    assert not rows.Row.of(saved).trains


def test_only_the_rows_of_runs_that_train_are_read_again(
    finished: Finished, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(TINY)
    run = run_in("running", the_hub, TINY)
    shown = [rows.Row.of(each) for each in the_hub.runs]
    assert [row.trains for row in shown] == [True, False]
    monkeypatch.setattr(SavedRun, "summary", property(lambda _: pytest.fail("read again")))
    lines, step = ["", ""], rows.steps(shown[0])
    wait_until(lambda: run.latest.step > step)
    table._look_again(shown, lines, lambda row: str(rows.steps(row)))
    assert int(lines[0]) > step
    assert lines[1] == ""


@pytest.mark.parametrize(("state", "ticks"), [("running", True), ("finished", False), ("stopped", False)])
def test_only_a_page_with_a_run_that_trains_ticks(
    state: str, ticks: bool, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    every, fragment = list[float | None](), st.fragment

    def noted(function: Callable[..., Any] | None = None, *, run_every: float | None = None) -> Any:
        every.append(run_every)
        return fragment(function, run_every=run_every)

    run_in(state, the_hub, TINY)
    at = page("4_Compare.py")
    monkeypatch.setattr(st, "fragment", noted)
    at.run()
    assert [one for one in every if one] == [table.EVERY] * ticks


@pytest.mark.parametrize(
    ("values", "differ"),
    [
        (({"constraint": "none", "penalty": 0.1}, {"constraint": "none", "penalty": 10.0}), []),
        (({"constraint": "none", "clip_scope": "weights"}, {}), ["constraint", "clip_range"]),
        (({"constraint": "gradient-penalty"}, {}), ["constraint", "clip_range", "penalty"]),
        (({"constraint": "gradient-penalty", "clip_range": (-1, 1)}, {}), ["constraint", "clip_range", "penalty"]),
        (({"optimizer": "adam"}, {"beta1": 0.9}), ["optimizer"]),
        (({"optimizer": "adam"}, {"optimizer": "adam", "beta1": 0.9}), ["beta1"]),
        (({"generator": "real-plus-noise"}, {"noise_sd": 2.0, "generator_lr": 1.0}), ["generator"]),
        (({"clip_scale": "gain"}, {"clip_order": "before"}), ["clip_order", "clip_scale"]),
    ],
)
def test_settings_without_an_effect_do_not_differ(values: tuple[dict, dict], differ: list[str]) -> None:
    configs = [dataclasses.replace(TINY, **one) for one in values]
    assert sorted(settings.differing(configs)) == sorted(differ)


def test_within_a_sentence_only_names_have_a_capital_letter() -> None:
    config = dataclasses.replace(TINY_IMAGES, optimizer="adam", clip_scope="no-norm", dataset="mnist")
    names = ("dataset", "network", "objective", "constraint", "clip_scope", "optimizer")
    assert settings.in_words(config, names) == [
        *("data MNIST", "network DCGAN", "objective Wasserstein", "constraint weight clipping"),
        *("clamped all but norms", "optimiser Adam"),
    ]


def test_of_a_watched_loop_only_what_is_known_is_told() -> None:
    loops = [
        WatchedConfig(dataset="drawn", network="mlp", clip_range=(-c, c), layers=(("w", (n, 2)),))
        for n, c in ((1, 0.1), (2, 0.1), (2, 0.3))
    ]
    assert settings.differing(loops) == ["clip_range"]
    assert [settings.value(loops[0], name) for name in ("clip_range", "seed", "batch_size")] == ["±0.1", "–", "–"]
    records = [
        Snapshot(run_id=letter, status=Status.FINISHED, message="", config=loop, history=NO_HISTORY)
        for letter, loop in zip("ABC", loops, strict=True)
    ]
    picks = [Pick(one.run_id, SimpleNamespace(run_id=one.run_id), "", one.config, one) for one in records]
    assert [[pick.letter for pick in group] for group in grouped(picks)] == [["A"], ["B"], ["C"]]
    assert samples.note(picks) == "Each run has different latents."
    assert "<table" not in instruments.table(picks)
    run = SimpleNamespace(run_id="A", path=library.runs_root(), newest_samples=None, tables=records[0])
    row = rows.Row(run, records[0], "mine")
    line = table._line(row, {}, {"drawn": ["seed"]}, differs=False)
    assert "<td>0<small></small>" in line  # of how many steps, nobody knows
    assert "seed" not in line + table._text(row)
