"""Try all ranges, and sweeps on Compare: what is trained, in which order, and what is shown of it."""

import dataclasses
import json
import os
import re
import shutil
import threading
from pathlib import Path

import joblib
import pytest
from streamlit.testing.v1 import AppTest
from stubs import TINY, wait_until
from visits import address, click, page, panels, run_in

from ganlab.config import TrainConfig
from ganlab.data import own_points
from ganlab.data.download import data_root
from ganlab.measure.reading import INSTRUMENTS
from ganlab.presets import PRESETS
from ganlab.runs import background, sweep_progress
from ganlab.runs.disk import library, lock
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.ranges import all_ranges, folder
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import MOST_RUNS, Sweep, combinations, name_of, with_more_seeds
from ganlab.runs.sweep_progress import BEGIN, BY_UPDATES, LIKE_OTHERS, START, progress, span
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.training_run import TrainingRun
from ganlab.runs.workers import _folder
from ganlab.ui.compare import new_sweep, sweeps
from ganlab.ui.compare.rows import Row
from ganlab.ui.compare.sweeps import ALL
from ganlab.ui.compare.table import SORTS


class Process:
    """Stands for the process of a sweep; `ends` is its exit status, None while it lives."""

    def __init__(self, ends: int | None = None) -> None:
        self.ends = ends

    def poll(self) -> int | None:
        return self.ends

    def terminate(self) -> None:
        self.ends = -15


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[Path, Process]:
    """The sweeps that were started, each with its stand-in."""
    processes: dict[Path, Process] = {}
    monkeypatch.setattr(background, "_processes", processes)
    monkeypatch.setattr(background, "_spawn", lambda path: Process())
    return processes


def test_the_settings_of_all_ranges_by_hand() -> None:
    config = dataclasses.replace(PRESETS["digits"], seed=3, threads=2, clip_range=(-0.01, 0.01))
    runs = all_ranges(config)
    *clipped, penalty = runs.values()
    bounds = [0.01, 0.001, 0.1, 0.00333, 0.03]  # the middle and the ends first
    assert clipped == [dataclasses.replace(config, threads=1, clip_range=(-c, c)) for c in bounds]
    assert penalty == dataclasses.replace(PRESETS["digits-gradient-penalty"], seed=3, threads=1)
    assert list(runs) == [name_of(run) for run in runs.values()]


@pytest.mark.parametrize(
    ("clip_range", "all_of_them"),
    [
        ((-0.5, 0.5), [(-0.5, 0.5), (-0.05, 0.05), (-1, 1), (-0.167, 0.167)]),  # 3c and 10c are both ±1
        ((-0.02, 0.2), [(-0.02, 0.2), (-0.002, 0.02), (-0.2, 1), (-0.00667, 0.0667), (-0.06, 0.6)]),
        ((0.5, 0.9), [(0.5, 0.9), (0.05, 0.09), (0.167, 0.3)]),  # from 1 to 1 is no range
        ((0, 2), [(0, 2), (0, 0.2), (0, 1), (0, 0.667)]),
    ],
)
def test_bounds_stay_within_1_and_no_range_comes_twice(
    clip_range: tuple[float, float], all_of_them: list[tuple[float, float]]
) -> None:
    config = dataclasses.replace(PRESETS["swiss-roll"], clip_range=clip_range)
    assert [run.clip_range for run in all_ranges(config).values()] == all_of_them  # there is no preset with a penalty


def test_runs_take_as_long_as_the_core_that_is_free_last() -> None:
    assert span([3, 1, 1, 2], 2) == 4  # 3, and 1 + 1 + 2
    assert span([3, 1], 8) == 3
    assert span([], 2) == 0


@pytest.mark.usefixtures("the_hub")
def test_try_all_ranges_writes_a_sweep_starts_it_and_opens_compare(
    the_hub: RunHub, started: dict[Path, Process]
) -> None:
    run = run_in("finished", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    click(at, "Try all ranges")
    path = folder(run.config)
    assert list(started) == [path]
    assert Sweep(path).runs == all_ranges(run.config)
    by_width = [run for run in all_ranges(run.config).items() if run[1].constraint == "clip"]
    ids = [name for name, _ in sorted(by_width, key=lambda item: item[1].clip_range[1])]
    ids += [name for name in all_ranges(run.config) if name not in ids]
    assert address(at) == {"sweep": path.name, "runs": ",".join(f"{path.name}/{name}" for name in ids)}
    assert not at.exception
    assert panels(at).count("Not begun") == 2 * len(ids)  # in the table, and above the figures
    assert [run.run_id for run in the_hub.runs] == [run.run_id]  # no single run has come
    started[path].ends = 0
    at = page("1_Train.py", run=run.run_id)
    click(at, "Try all ranges")  # again: it goes on where it was
    assert Sweep(path).runs == all_ranges(run.config)
    assert started[path].ends is None


@pytest.mark.usefixtures("the_hub")
def test_a_run_without_a_clamp_has_no_such_button(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, dataclasses.replace(TINY, constraint="none"))
    assert "Try all ranges" not in [button.label for button in page("1_Train.py", run=run.run_id).button]


def written(*configs: TrainConfig) -> Path:
    sweep = Sweep(library.runs_root() / "mine")
    sweep.path.mkdir(parents=True)
    sweep.add({name_of(config): config for config in configs})
    sweep.save()
    return sweep.path


def train(path: Path, config: TrainConfig) -> None:
    TrainingRun(_folder(path / name_of(config), config), checkpoint_every=0.0).run()


@pytest.mark.usefixtures("the_hub")
def test_a_sweep_is_cancelled_and_continued(started: dict[Path, Process]) -> None:
    configs = [dataclasses.replace(TINY, seed=seed) for seed in (1, 2)]
    path = written(*configs)
    train(path, configs[0])
    at = page("4_Compare.py", sweep="mine")
    assert "<b>1</b> of 2 runs" in panels(at)
    click(at, "Continue")
    assert list(started) == [path]
    click(at, "Cancel")  # before its process has begun
    assert started[path].ends == -15
    with lock.locked(path):  # it runs
        (path / "stop").unlink()  # as it does when it begins
        at.run()
        click(at, "Cancel")
        assert (path / "stop").exists()
        for visit in (at, page("4_Compare.py", sweep="mine")):  # to another visitor too
            assert ">Stopping<" in panels(visit)
            assert " left<" not in panels(visit)
            assert not {"Cancel", "Continue"} & {button.label for button in visit.button}
    at.run()
    assert "Stopping" not in panels(at)
    assert "Continue" in [button.label for button in at.button]
    click(at, "Compare these")
    assert address(at) == {"sweep": "mine", "runs": ",".join(f"mine/{name_of(config)}" for config in configs)}


def test_of_a_large_sweep_runs_of_every_part_are_compared_at_first() -> None:
    path = Path("mine")

    def at_first(ranges: int, seeds: int) -> list[tuple[float, int]]:
        cs = [0.1 * (i + 1) for i in range(ranges)]
        configs = [dataclasses.replace(TINY, clip_range=(-c, c), seed=seed) for c in cs for seed in range(seeds)]
        runs = [SweptRun(path / name_of(config), config) for config in configs]
        chosen = {run.run_id: run.planned for run in runs}
        held = [chosen[run_id] for run_id in sweeps.at_first(runs)]
        return [(round(10 * config.clip_range[1]), config.seed) for config in held]

    assert at_first(2, 2) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert at_first(3, 3) == [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]
    assert at_first(6, 2) == [(i, 0) for i in range(1, 7)]
    assert at_first(15, 1) == [(i, 0) for i in range(1, 16, 2)]


@pytest.mark.usefixtures("the_hub")
def test_compare_opens_on_the_newest_sweep_where_there_are_no_single_runs(the_hub: RunHub) -> None:
    mine = written(TINY)
    other = mine.with_name("a-newer-one")
    shutil.copytree(mine, other)
    os.utime(mine / "sweep.json", (0, 0))
    assert address(page("4_Compare.py")) == {"sweep": "a-newer-one"}
    run_in("finished", the_hub, TINY)
    assert address(page("4_Compare.py")) == {}


@pytest.mark.usefixtures("the_hub")
def test_a_sweep_that_ended_early_says_why_also_after_a_restart_of_the_server() -> None:
    path = written(TINY)
    (path / "sweep.log").write_text("x\nganlab: The <disk> is full.\n")
    assert "The &lt;disk&gt; is full." in panels(page("4_Compare.py", sweep="mine"))
    with lock.locked(path):  # it has been continued
        assert "is full" not in panels(page("4_Compare.py", sweep="mine"))
    train(path, TINY)
    assert "is full" not in panels(page("4_Compare.py", sweep="mine"))


def test_the_reason_of_an_earlier_process_is_not_that_of_a_later_one() -> None:
    path = written(TINY)
    (path / "sweep.log").write_text("ganlab: The disk is full.\n")
    assert background.problem(path) == "The disk is full."
    later = (path / "sweep.log").stat().st_mtime_ns + 1
    os.utime(path / "sweep.csv", ns=(later, later))  # as `ganlab sweep` in a terminal writes it, but no log
    assert background.problem(path) == ""


@pytest.mark.usefixtures("the_hub")
@pytest.mark.parametrize("words", ["", "2 runs: 2 finished. The table is sweep.csv\n"])
def test_a_sweep_that_was_killed_has_no_reason(words: str) -> None:
    path = written(TINY)
    (path / "sweep.log").write_text(words)
    assert background.problem(path) == ""


def test_a_sweep_whose_log_is_deleted_meanwhile_has_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(TINY)
    monkeypatch.setattr(background, "check_file", lambda *_: None)  # it was there a moment ago
    assert background.problem(path) == ""


def test_the_progress_of_a_sweep_by_hand() -> None:
    done, begun, waiting = configs = [dataclasses.replace(TINY, seed=seed, steps=8) for seed in (1, 2, 3)]
    path = written(*configs)
    train(path, done)
    train(path, begun)
    runs = [SweptRun(path / name_of(config), config) for config in configs]
    (runs[1].path / "ended.json").unlink()
    lines = (runs[1].path / "metrics.csv").read_text().splitlines()
    (runs[1].path / "metrics.csv").write_text("\n".join(lines[:4]) + "\n5,")  # three steps, and a part of a row
    assert [run.summary.status for run in runs] == [Status.FINISHED, Status.INTERRUPTED, Status.WAITING]
    with lock.locked(runs[1].path):
        known = progress(runs)
        assert [SORTS["Steps"](Row(run, run.summary))[0] for run in runs] == [8, 3, 0]  # on Compare
    assert (known.runs, known.over, known.failed) == (3, 1, 0)
    assert known.training == [(runs[1], 3)]
    assert known.share == pytest.approx((8 + 3) / 24)
    seconds = [
        float(line.rpartition(",")[2]) for line in (lines[3], (runs[0].path / "metrics.csv").read_text().strip())
    ]
    per_step = (seconds[0] / 3 + seconds[1] / 8) / 2
    for bound, factor, begin in zip(known.left, LIKE_OTHERS, BEGIN, strict=True):
        each = [factor * per_step * steps + begin for steps in (5, 8)]
        assert bound == pytest.approx(span(each, joblib.cpu_count()))
    assert waiting == runs[2].config


def test_what_runs_that_are_alike_took_is_averaged_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    configs = [dataclasses.replace(TINY, seed=seed) for seed in range(3)]
    path = written(*configs)
    for config in configs[:2]:
        train(path, config)
    averaged = list[int]()

    def mean(seconds: list[float]) -> float:
        averaged.append(len(seconds))
        return sum(seconds) / len(seconds)

    monkeypatch.setattr(sweep_progress, "mean", mean)
    assert progress([SweptRun(path / name_of(config), config) for config in configs]).left
    assert averaged == [2]  # not for each of, perhaps, ten thousand


def test_how_long_a_sweep_takes_before_a_run_like_its_runs_has_trained() -> None:
    clipped, free = (dataclasses.replace(TINY, constraint=name, steps=8) for name in ("clip", "none"))
    path = written(clipped, free)
    train(path, clipped)
    runs = [SweptRun(path / name_of(config), config) for config in (clipped, free)]
    assert progress(runs).left is None
    assert progress(runs).share == 0.5
    asked = []
    known = progress(runs, lambda config: asked.append(config) or 20.0)
    assert asked == [free]
    for bound, factor, begin, start in zip(known.left, BY_UPDATES, BEGIN, START, strict=True):
        assert bound == factor * 20 + begin + start
    assert progress(runs[:1]).left == (0, 0)


def test_the_first_steps_of_a_run_do_not_tell_how_long_it_takes() -> None:
    config = dataclasses.replace(TINY, steps=100)
    path = written(config)
    train(path, dataclasses.replace(config, steps=12))
    (path / name_of(dataclasses.replace(config, steps=12))).rename(path / name_of(config))
    run = SweptRun(path / name_of(config), config)
    (run.path / "ended.json").unlink()
    table = run.path / "metrics.csv"
    assert progress([run]).left is not None
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-3]))
    assert progress([run]).left is None


def test_the_next_seeds_of_every_setting_by_hand() -> None:
    wide, narrow = (dataclasses.replace(TINY, clip_range=(-c, c)) for c in (0.1, 0.01))
    configs = [dataclasses.replace(config, seed=seed) for config, seed in ((wide, 0), (wide, 4), (narrow, 1))]
    runs = with_more_seeds(configs, 2)
    assert list(runs.values()) == [dataclasses.replace(one, seed=seed) for seed in (5, 6) for one in (wide, narrow)]
    assert list(runs) == [name_of(run) for run in runs.values()]
    with pytest.raises(ValueError, match="10,000"):
        with_more_seeds(configs, 4999)
    with pytest.raises(ValueError, match="seed"):
        with_more_seeds([dataclasses.replace(TINY, seed=2**53 - 1)], 1)


@pytest.mark.usefixtures("the_hub")
def test_seeds_are_added_to_a_sweep_that_has_ended(started: dict[Path, Process]) -> None:
    configs = [dataclasses.replace(TINY, clip_range=(-c, c), seed=3) for c in (0.01, 0.1)]
    path = written(*configs)
    at = page("4_Compare.py", sweep="mine")
    assert at.get("popover")[-1].proto.popover.label == "More seeds"
    at.session_state["more_seeds"] = True
    at.run()
    at.number_input(key="more_seeds_of_each").set_value(2).run()
    assert any("4 more runs, and 2 that have not finished" in caption.value for caption in at.caption)
    with lock.locked(path):
        click(at, "Add and train")  # another visitor has begun to train it
        assert len(at.error) == 1
        assert len(Sweep(path).runs) == 2
        assert "More seeds" not in [popover.proto.popover.label for popover in at.get("popover")]
    at.session_state["more_seeds"] = True
    at.run()
    at.number_input(key="more_seeds_of_each").set_value(MOST_RUNS).run()
    click(at, "Add and train")
    assert len(at.error) == 1
    at.number_input(key="more_seeds_of_each").set_value(1).run()
    click(at, "Add and train")
    assert not at.exception
    assert list(started) == [path]
    more = [dataclasses.replace(config, seed=4) for config in configs]
    assert list(Sweep(path).runs.values()) == [dataclasses.replace(one, threads=1) for one in (*configs, *more)]
    assert "Cancel" in [button.label for button in at.button]
    assert "More seeds" not in [popover.proto.popover.label for popover in at.get("popover")]


@pytest.mark.usefixtures("the_hub")
def test_guests_add_no_seeds(started: dict[Path, Process], monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(TINY)
    at = page("4_Compare.py", sweep="mine")
    at.session_state["more_seeds"] = True
    at.run()
    monkeypatch.setenv("GANLAB_KEY", "another")  # the form was drawn for its owner, who now is a guest
    click(at, "Add and train")
    assert not started
    assert len(Sweep(path).runs) == 1
    assert "More seeds" not in [popover.proto.popover.label for popover in at.get("popover")]


def test_no_process_starts_where_nothing_is_missing(started: dict[Path, Process]) -> None:
    path = written(TINY)
    train(path, TINY)
    background.start(path, {})
    assert not started


def form(**values: object) -> AppTest:
    """Compare with the form of a new sweep open, filled in."""
    at = page("4_Compare.py")
    at.session_state["new_sweep_0"] = True
    at.run()
    for key, value in values.items():
        at.session_state[f"sweep_{key}"] = value
        at.run()
    assert not at.exception
    return at


@pytest.mark.usefixtures("the_hub")
def test_a_sweep_is_started_from_the_page(started: dict[Path, Process]) -> None:
    at = form(constraints=["clip", "gradient-penalty"], many=3, seeds=2, steps=7)
    click(at, "Start the sweep")
    assert not at.exception
    (path,) = started
    preset, penalty = PRESETS["8-gaussians"], PRESETS["8-gaussians-gradient-penalty"]
    clipped = {"clip_range": [(-c, c) for c in (0.01, 0.1, 1.0)]}
    expected: dict[str, TrainConfig] = {}
    for seed in (0, 1):
        fields = {"steps": [7], "seed": [seed]}
        expected |= combinations(fields | clipped, preset) | combinations(fields, penalty)
    assert Sweep(path).runs == expected
    assert list(Sweep(path).runs) == list(expected)  # one seed after the other
    by_setting = sorted(expected.items(), key=lambda item: (item[1].constraint, item[1].clip_range[1], item[1].seed))
    ids = ",".join(f"{path.name}/{name}" for name, _ in by_setting)
    assert address(at) == {"sweep": path.name, "runs": ids}
    at.session_state["new_sweep_0"] = True  # as a tick of the form brings it that was on its way
    at.run()
    assert "Start the sweep" not in [button.label for button in at.button]
    assert "Cancel" in [button.label for button in at.button]
    at = form(constraints=["clip", "gradient-penalty"], many=3, seeds=2, steps=7)
    click(at, "Start the sweep")  # while it is under way
    assert len(at.error) == 1
    started[path].ends = 0
    at = form(ranges="List", list="0.5 0.01", seeds=1, steps=7, name=path.name)
    click(at, "Start the sweep")  # added to it
    assert len(Sweep(path).runs) == len(expected) + 1  # one of them was there
    assert started[path].ends is None


@pytest.mark.usefixtures("the_hub")
@pytest.mark.parametrize(
    ("values", "differ"),
    [
        ({"seeds": 9}, ""),
        ({"list": "0.1 0.2"}, "clip range"),
        ({"steps": 8}, "total steps"),
        ({"constraints": ["clip", "none"], "list": "0.5", "steps": None}, "constraint, clip range and total steps"),
        ({"name": "another", "steps": 8}, ""),
    ],
)
def test_the_form_says_what_it_adds_to_a_sweep_beside_seeds(values: dict[str, object], differ: str) -> None:
    written(*combinations({"steps": [7], "clip_range": [(-0.1, 0.1)], "seed": [0, 1]}, PRESETS["8-gaussians"]).values())
    at = form(**{"ranges": "List", "list": "0.1", "steps": 7, "name": "mine"} | values)
    sentences = [caption.value for caption in at.caption if "differ" in caption.value]
    assert [differ in sentence for sentence in sentences] == [True] * bool(differ)
    wait_until(lambda: all(thread.name != "ganlab-job" for thread in threading.enumerate()))


@pytest.mark.usefixtures("the_hub")
def test_the_form_refuses_at_once_only_what_is_wrong() -> None:
    with lock.locked(written(TINY)):
        refused = {}
        for name in ("", "a b", "mine"):
            captions = [caption.value for caption in form(seeds=2, name=name).caption]
            assert any("10 runs" in caption for caption in captions)  # whatever its name
            refused[name] = sum(":red" in caption for caption in captions)
    assert refused == {"": 0, "a b": 1, "mine": 1}
    for unfinished in ({"ranges": "List"}, {"constraints": []}):
        assert not any(":red" in caption.value for caption in form(**unfinished).caption)
    wait_until(lambda: all(thread.name != "ganlab-job" for thread in threading.enumerate()))


@pytest.mark.usefixtures("the_hub")
@pytest.mark.parametrize(
    ("text", "cs"),
    [
        ("0.01,0.05", [0.01, 0.05]),
        ("1, 0.5;0.1", [1, 0.5, 0.1]),
        ("1e-3,1e-2", [0.001, 0.01]),
        ("1E-3,1E-2", [0.001, 0.01]),
        ("1,0.5", [1, 0.5]),
        ("0,05", "0.05"),
        ("0.1 1,5e-3", "1.5"),
        ("0,001:1:log7", "0.001"),
    ],
)
def test_a_comma_separates_numbers_where_it_can_mean_nothing_else(
    text: str, cs: list[float] | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_sweep.st, "session_state", {"sweep_ranges": "List", "sweep_list": text})
    if isinstance(cs, str):
        with pytest.raises(ValueError, match=f"write {re.escape(cs)}"):
            new_sweep._wanted_ranges("8-gaussians")
    else:
        assert new_sweep._wanted_ranges("8-gaussians") == [(-c, c) for c in cs]


@pytest.mark.usefixtures("the_hub")
@pytest.mark.parametrize("changed", [("data", "25-gaussians"), ("ranges", "List")])
def test_a_start_before_the_form_is_drawn_again_is_refused(
    changed: tuple[str, str], started: dict[Path, Process]
) -> None:
    at = form()
    name, value = changed
    at.session_state[f"sweep_{name}"] = value
    click(at, "Start the sweep")
    assert not at.exception
    assert len(at.error) == 1
    assert not started
    # The form measures how long its runs take.
    wait_until(lambda: all(thread.name != "ganlab-job" for thread in threading.enumerate()))


@pytest.mark.usefixtures("the_hub")
def test_a_tick_before_the_form_is_drawn_again_shows_a_sentence() -> None:
    """It may come in one message with another data set, whose fields have not been drawn yet."""

    def summary() -> None:
        import streamlit as st

        from ganlab.ui.compare import new_sweep

        form = {"data": "25-gaussians", "constraints": ["clip"], "steps": None, "seeds": 1, "ranges": "From, to"}
        st.session_state.update({f"sweep_{name}": value for name, value in form.items()})
        new_sweep._summary()

    at = AppTest.from_function(summary, default_timeout=30).run()
    assert not at.exception
    assert len(at.caption) == 1


def test_the_runs_of_a_form_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at them every second, and ten thousand take seconds to make."""
    values = PRESETS["8-gaussians"], ("clip", "none"), ((-0.1, 0.1),), 7, 2
    runs = new_sweep._runs(*values)
    assert len(runs) == 4
    monkeypatch.delattr(new_sweep, "combinations")
    assert new_sweep._runs(*values) is runs


@pytest.mark.usefixtures("the_hub")
def test_a_started_sweep_is_listed_though_the_browser_still_sends_what_it_showed(started: dict[Path, Process]) -> None:
    at = form(seeds=1, steps=7, name="first")
    click(at, "Start the sweep")
    shown = {
        "sweep_started": "first",
        "sweep": ALL,
        "new_sweep_0": True,
    }  # as the form's tick brings them
    for key, value in shown.items():
        at.session_state[key] = value
    at.run()
    assert at.selectbox(key="sweep").value == "first"
    assert "Start the sweep" not in [button.label for button in at.button]


@pytest.mark.usefixtures("the_hub")
def test_the_points_that_were_drawn_on_train_are_swept(started: dict[Path, Process]) -> None:
    at = form()
    assert "My own points" not in at.selectbox(key="sweep_data").options
    name = own_points.keep(own_points.SHAPES["Two moons"](), data_root() / "points")
    at = page("1_Train.py", preset="drawn", points=name, width="16")
    at.switch_page("pages/4_Compare.py").run()
    at.session_state["new_sweep_0"] = True
    at.run()
    at.selectbox(key="sweep_data").select("drawn").run()
    at.number_input(key="sweep_seeds").set_value(2).run()
    click(at, "Start the sweep")
    assert not at.exception
    (path,) = started
    assert {(run.dataset, run.points, run.width) for run in Sweep(path).runs.values()} == {("drawn", name, 16)}
    assert len(Sweep(path).runs) == 10


@pytest.mark.usefixtures("the_hub")
def test_guests_start_no_sweep(started: dict[Path, Process], monkeypatch: pytest.MonkeyPatch) -> None:
    at = form(seeds=1)
    monkeypatch.setenv("GANLAB_KEY", "another")  # the form was drawn for its owner, who now is a guest
    click(at, "Start the sweep")
    assert not started
    assert not library.sweep_paths()
    assert "Start the sweep" not in [button.label for button in at.button]


@pytest.mark.usefixtures("the_hub")
@pytest.mark.parametrize(
    "values",
    [
        {"constraints": []},
        {"ranges": "List"},
        {"ranges": "List", "list": "0.1 x"},
        {"ranges": "List", "list": "0.1 -0.1"},
        {"from_8-gaussians": 0.0},
        {"name": "../elsewhere"},
        {"name": ".hidden"},
        {"seeds": 5000},
        {"name": "a-run"},
        {"name": "a-link"},
    ],
)
def test_what_is_no_sweep_is_one_sentence(values: dict[str, object], started: dict[Path, Process]) -> None:
    train(library.runs_root(), TINY)
    (library.runs_root() / name_of(TINY)).rename(library.runs_root() / "a-run")
    (library.runs_root() / "a-link").symlink_to(library.runs_root().parent)
    at = form(**values)
    click(at, "Start the sweep")
    (error,) = at.error
    assert error.value.endswith(".")
    assert not started
    assert sorted(path.name for path in library.runs_root().iterdir()) == ["a-link", "a-run"]


def test_a_run_of_a_sweep_opens_on_train(the_hub: RunHub, started: dict[Path, Process]) -> None:
    configs = [dataclasses.replace(TINY, seed=seed) for seed in (1, 2)]
    path = written(*configs)
    train(path, configs[0])
    done, waiting = (f"mine/{name_of(config)}" for config in configs)
    at = page("4_Compare.py", sweep="mine")
    assert f"Train?run={done}'" in panels(at)
    assert f"Train?run={waiting}'" not in panels(at)
    at = page("1_Train.py", run=done)
    assert address(at)["run"] == done
    assert the_hub.find(done).latest.status is Status.FINISHED
    assert the_hub.find(done) is the_hub.find(done)
    at = page("1_Train.py", run=waiting)
    assert "run" not in address(at)
    assert len(at.warning) == 1
    at = page("3_Generate.py", run=done)
    assert address(at)["run"] == done
    for wrong in ("mine/0123456789ab", "mine/", "/", "other/x", "../mine/x"):
        with pytest.raises(LookupError):
            the_hub.find(wrong)
    (path / name_of(configs[0]) / "ended.json").unlink()
    with pytest.raises(Refused):
        the_hub.resume(the_hub.find(done))
    assert "Resume" not in [button.label for button in page("1_Train.py", run=done).button]


def test_a_run_of_a_sweep_that_trains_is_steered(the_hub: RunHub) -> None:
    config = dataclasses.replace(TINY, steps=10**6)
    path = written(config)
    there = TrainingRun(_folder(path / name_of(config), config)).start()
    run_id = f"mine/{name_of(config)}"
    try:
        wait_until(lambda: the_hub.find(run_id).latest.status is Status.RUNNING)
        at = page("1_Train.py", run=run_id)
        click(at, "Pause")
        wait_until(lambda: there.latest.status is Status.PAUSED)
        wait_until(lambda: the_hub.find(run_id).latest.status is Status.PAUSED)
        the_hub.training(run_id).change(clip_range=(-0.2, 0.2))
        wait_until(lambda: there.wanted.clip_range == (-0.2, 0.2))
    finally:
        there.stop(quickly=True)
        assert there.join(30)


@pytest.mark.usefixtures("the_hub")
def test_the_run_that_is_pointed_at_is_shown() -> None:
    configs = [dataclasses.replace(TINY, clip_range=(-c, c)) for c in (0.1, 0.2)]
    path = written(*configs)
    for config in configs:
        TrainingRun(_folder(path / name_of(config), config), instruments=INSTRUMENTS).run()
    names = [name_of(config) for config in configs]
    at = page("4_Compare.py", sweep="mine")
    assert f'"shown": "{names[0]}"' in panels(at)
    assert f'"ids": {json.dumps(names)}' in panels(at)
    at.session_state["previewed"] = names[1]
    at.run()
    assert f'"shown": "{names[1]}"' in panels(at)
    at = page("4_Compare.py", sweep="mine", runs=f"mine/{names[1]}")
    assert f'"shown": "{names[1]}"' in panels(at)  # the one that is compared


@pytest.mark.usefixtures("the_hub")
def test_a_sweep_that_trains_is_named_on_home_and_listed_first_on_compare(the_hub: RunHub) -> None:
    path = written(TINY)
    assert not any("mine" in link.label for link in page("app.py").get("page_link"))
    with lock.locked(path):
        home = page("app.py")
        assert [link.label for link in home.get("page_link") if "mine" in link.label] == [
            "The sweep mine is training: see it on Compare"
        ]
        assert not any("Nothing is training" in text.value for text in home.markdown)
        assert page("4_Compare.py").selectbox(key="sweep").value == "mine"
    run = run_in("finished", the_hub, TINY)
    other = Path(shutil.copytree(path, path.with_name("other")))
    with lock.locked(path):  # the list that holds the first of the compared runs is shown, whatever trains
        for compared, shown in ((f"other/{name_of(TINY)}", "other"), (f"{run.run_id},other/{name_of(TINY)}", ALL)):
            assert page("4_Compare.py", runs=compared).selectbox(key="sweep").value == shown
        assert page("4_Compare.py", runs="gone/0123456789ab").selectbox(key="sweep").value == "mine"
    shutil.rmtree(other)
    for newer, shown in ((1, ALL), (-1, "mine")):
        began = (path / "sweep.json").stat().st_mtime + newer
        os.utime(run.path / "config.json", (began, began))
        assert page("4_Compare.py").selectbox(key="sweep").value == shown
    path = path.rename(path.with_name("__mine__"))  # in Markdown, bold
    with lock.locked(path):
        assert any("\\_\\_mine\\_\\_" in link.label for link in page("app.py").get("page_link"))


@pytest.mark.usefixtures("the_hub")
def test_all_ranges_are_tried_from_the_form_too(started: dict[Path, Process]) -> None:
    at = page("1_Train.py", preset="8-gaussians", seed="3")
    click(at, "Try all ranges")
    (path,) = started
    configs = Sweep(path).runs
    assert configs == all_ranges(dataclasses.replace(PRESETS["8-gaussians"], seed=3))
    assert not any("Try all" in each.label for each in page("1_Train.py", preset="images").button)  # there are none yet
    wait_until(lambda: all(thread.name != "ganlab-job" for thread in threading.enumerate()))
