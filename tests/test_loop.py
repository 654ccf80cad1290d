"""The instruments in the loop: they look, are kept, and change nothing."""

import csv
import dataclasses
import math
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from records import assert_equal
from stubs import TINY, TINY_IMAGES, wait_until

from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.gan.training import Trainer
from ganlab.measure import gradients, lipschitz, reading
from ganlab.measure.reading import INSTRUMENTS, READINGS
from ganlab.runs import loop, saved_run, saved_snapshot
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.hub import RunHub
from ganlab.runs.look_budget import LookBudget
from ganlab.runs.mailbox import Command
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.kit.html import pace

NONE = frozenset()
SOME = frozenset({"gradients", "lipschitz"})
BOTH = pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])


class Small(Trainer):
    """With few held-out samples, so that a look is quick; killed before one step."""

    breaks_at = -1

    def __init__(self, config: TrainConfig, _: object) -> None:
        data = datasets.load(config)
        labels = None if data.labels is None else data.labels[:32]
        super().__init__(config, dataclasses.replace(data, held_out=data.held_out[:32], labels=labels))

    def step(self, before_update: object) -> tuple:
        if self.step_count == self.breaks_at:
            raise KeyboardInterrupt  # no Exception: nothing is written after it, as after SIGKILL
        return super().step(before_update)


class Killed(Small):
    breaks_at = 4


class Always(LookBudget):
    """Has no patience: every step is looked at."""

    def is_due(self) -> bool:
        return True


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LookBudget", Always)


def trained(path: Path, config: TrainConfig, which: frozenset[str], make: type[Small] = Small) -> Snapshot:
    run = TrainingRun(RunFolder(path, config), make, checkpoint_every=0.0, instruments=which)
    return run.run()


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((path / "instruments.csv").read_text().splitlines()))


def measured(path: Path) -> list[list[str]]:
    """All but what it cost."""
    return [list(row.values())[:-1] for row in table(path)]


@BOTH
@pytest.mark.usefixtures("eager")
def test_on_and_off_are_the_same_run_bit_for_bit(config: TrainConfig, tmp_path: Path) -> None:
    watched, alone = trained(tmp_path / "on", config, INSTRUMENTS), trained(tmp_path / "off", config, NONE)
    assert_equal(tmp_path / "on", tmp_path / "off")
    assert np.array_equal(watched.samples, alone.samples)
    assert np.array_equal(watched.history.rows[:, :-1], alone.history.rows[:, :-1])
    assert len(watched.readings) == config.steps
    assert watched.reading.step == config.steps
    assert 0 < watched.instruments_share < 1
    assert (alone.reading, alone.readings.shape, alone.instruments) == (None, (0, len(READINGS)), NONE)
    assert not (tmp_path / "off/instruments.csv").exists()


@pytest.mark.usefixtures("eager")
def test_off_computes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "look", None)
    last = trained(tmp_path / "r", TINY, NONE)
    assert (last.status, last.warning, last.instruments_share) == (Status.FINISHED, "", 0.0)


def test_the_first_look_is_after_a_few_steps(tmp_path: Path) -> None:
    last = trained(tmp_path / "r", TINY, SOME)
    assert last.readings[:, 0].tolist() == [5, 6]  # and the end
    assert last.reading.step == 6


@BOTH
@pytest.mark.usefixtures("eager", "timely")
def test_readings_are_kept_cut_on_resume_and_come_out_the_same(config: TrainConfig, tmp_path: Path) -> None:
    config = dataclasses.replace(config, steps=7)
    whole = trained(tmp_path / "whole", config, INSTRUMENTS)
    folder = RunFolder(tmp_path / "killed", config)
    run = TrainingRun(folder, Killed, checkpoint_every=0.0, instruments=INSTRUMENTS)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    folder.close()
    rows = (tmp_path / "killed/instruments.csv").read_text()
    last_row = rows.splitlines()[-1].split(",")
    (tmp_path / "killed/instruments.csv").write_text(rows + ",".join(["6", *last_row[1:]]) + "\n7,0.")
    folder = RunFolder.reopen(tmp_path / "killed")
    assert [int(row["step"]) for row in table(tmp_path / "killed")] == [1, 2, 3, 4]
    run = TrainingRun(folder, Small, checkpoint_every=0.0, instruments=INSTRUMENTS)
    assert run.latest.readings[:, 0].tolist() == [1, 2, 3, 4]
    last = run.run()
    assert_equal(tmp_path / "killed", tmp_path / "whole")
    assert np.array_equal(last.readings[:, :-1], whole.readings[:, :-1], equal_nan=True)
    assert measured(tmp_path / "killed") == measured(tmp_path / "whole")


class Late(LookBudget):
    """Is never due, and can always afford one more."""

    def is_due(self) -> bool:
        return False

    def affords_one(self, for_user: bool = False) -> bool:
        return True


@BOTH
def test_the_end_is_looked_at_and_what_is_read_from_disk_finds_the_same(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LookBudget", Late)
    monkeypatch.setattr(saved_run, "SLOWEST_LOOK", math.inf)  # also on a busy machine
    path = tmp_path / "r"
    last = TrainingRun(RunFolder(path, config), instruments=INSTRUMENTS).run()
    assert [row["step"] for row in table(path)] == [str(config.steps)]
    again = SavedRun(path).reading
    for column, value in reading.row(last.reading).items():
        if column != "cpu_seconds":
            assert reading.row(again)[column] == pytest.approx(value, rel=1e-6, nan_ok=True), column


def test_a_pause_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LookBudget", Late)
    config = dataclasses.replace(TINY, steps=10**6)
    run = TrainingRun(RunFolder(tmp_path / "r", config), Small, instruments=SOME).start()
    run.pause()
    wait_until(lambda: run.latest.reading)
    assert run.latest.reading.step == run.latest.step
    run.stop()
    assert run.join(20)
    assert [row["step"] for row in table(tmp_path / "r")] == [str(run.latest.step)]


def test_a_run_on_disk_whose_data_is_gone_has_no_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        monkeypatch.setattr(loop, "LookBudget", Late)
        trained(tmp_path / name, TINY, SOME)
    assert SavedRun(tmp_path / "a").reading.distances.w1 > 0  # with everything
    monkeypatch.setattr(datasets, "at_hand", lambda _: False)
    assert SavedRun(tmp_path / "b").reading is None


@pytest.mark.usefixtures("eager")
def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    last = trained(tmp_path / "r", TINY, INSTRUMENTS)
    assert tuple(table(tmp_path / "r")[0]) == READINGS == reading.READINGS
    assert table(tmp_path / "r")[0]["step"] == "1"
    stored = SavedRun(tmp_path / "r").latest
    assert np.array_equal(stored.readings, last.readings, equal_nan=True)
    assert (stored.reading, stored.instruments, stored.warning) == (None, NONE, "")
    for array in (stored.readings, last.readings):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    (tmp_path / "r/instruments.csv").write_text("step,cats\n1,2\n3\n")
    saved_snapshot.whole.cache_clear()  # nothing else tells that this file was changed by hand
    again = SavedRun(tmp_path / "r").latest
    assert again.warning == "r: instruments.csv is damaged."
    assert len(again.readings) == 0
    assert len(again.history) == TINY.steps


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None) -> Iterator[TrainingRun]:
    monkeypatch.setattr(loop, "PUBLISH_EVERY", 0.0)
    config = dataclasses.replace(TINY, steps=10**6)
    run = TrainingRun(RunFolder(tmp_path / "r", config), Small, instruments=SOME).start()
    yield run
    run.stop()
    assert run.join(10)


def test_instruments_are_switched_while_the_run_trains(training: TrainingRun) -> None:
    wait_until(lambda: len(training.latest.readings) > 2)
    assert training.latest.instruments == training.instruments == SOME
    training.switch(NONE)
    wait_until(lambda: not training.latest.instruments)
    off = training.latest
    wait_until(lambda: training.latest.step > off.step + 5)
    assert len(training.latest.readings) == len(off.readings)
    assert training.latest.reading is off.reading
    training.switch(frozenset({"spectra"}))
    wait_until(lambda: len(training.latest.readings) > len(off.readings))
    newest = training.latest.reading
    assert newest.spectra
    assert (newest.gradients, newest.lipschitz) == (None, None)
    with pytest.raises(ValueError, match=r"There is no instrument cats\."):
        training.switch(frozenset({"cats", "spectra"}))
    assert training.latest.changes == ()
    assert training.wanted == training.config
    assert len((training.path / "changes.csv").read_text().splitlines()) == 1


def test_a_switch_shows_while_paused_and_acts_with_the_next_step(training: TrainingRun) -> None:
    training.pause()
    wait_until(lambda: training.latest.status is Status.PAUSED)
    before = training.latest
    training.switch(frozenset({"coverage"}))
    wait_until(lambda: training.latest.instruments == {"coverage"})
    assert training.latest.step == before.step
    training.step()
    wait_until(lambda: training.latest.step == before.step + 1)
    assert training.latest.reading.step == before.step + 1
    assert training.latest.reading.coverage


def test_an_old_snapshot_keeps_its_readings(training: TrainingRun) -> None:
    wait_until(lambda: len(training.latest.readings) > 1)
    old = training.latest
    kept = old.readings.copy()
    wait_until(lambda: len(training.latest.readings) > len(old.readings) + 3)
    assert np.array_equal(kept, old.readings, equal_nan=True)
    assert np.array_equal(kept, training.latest.readings[: len(kept)], equal_nan=True)


@pytest.mark.usefixtures("eager")
def test_an_instrument_that_fails_is_off_and_said_so_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(lipschitz, "measure", fail)
    last = trained(tmp_path / "r", TINY, INSTRUMENTS)
    assert (last.status, last.step) == (Status.FINISHED, TINY.steps)
    assert last.warning == "The instrument lipschitz is off since step 1: out of luck."
    assert last.instruments == INSTRUMENTS - {"lipschitz"}
    assert last.readings[:, 0].tolist() == [2, 3, 4, 5, 6]
    assert last.reading.distances
    assert math.isnan(last.reading.distances.lower_bound)
    trained(tmp_path / "off", TINY, NONE)
    assert_equal(tmp_path / "r", tmp_path / "off")


@pytest.mark.usefixtures("eager")
def test_where_nothing_can_be_drawn_all_are_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(reading, "Subject", fail)
    last = trained(tmp_path / "r", TINY, SOME)
    assert last.status is Status.FINISHED
    assert last.warning == "The instruments are off since step 1: MemoryError."
    assert last.instruments == NONE


@pytest.mark.usefixtures("eager")
def test_a_run_that_diverges_fails_by_itself_and_blames_no_instrument(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, generator_lr=1e30)
    last = trained(tmp_path / "r", config, INSTRUMENTS)
    assert last.status is Status.FAILED
    assert (last.warning, last.instruments) == ("", INSTRUMENTS)
    assert last.error.startswith("Stopped at step")


@pytest.mark.usefixtures("eager")
def test_readings_that_cannot_be_written_are_a_sentence_and_shown_all_the_same(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r", TINY)
    (tmp_path / "r/instruments.csv").mkdir()
    last = TrainingRun(folder, Small, instruments=SOME).run()
    assert (last.status, len(last.readings)) == (Status.FINISHED, TINY.steps)
    assert last.warning == "r/instruments.csv could not be written: it is a folder; remove it, or choose another name."


def test_the_runs_of_a_server_look_with_everything_unless_told_otherwise() -> None:
    hub = RunHub(limit=1)
    run = hub.start(dataclasses.replace(TINY, steps=10**6))
    assert run.instruments == run.latest.instruments == INSTRUMENTS
    run.switch(SOME)
    wait_until(lambda: run.latest.step > 0)
    hub.close()
    assert hub.resume(run).instruments == SOME
    hub.close()


def test_an_unknown_instrument_is_no_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r", TINY)
    with pytest.raises(ValueError, match=r"There is no instrument cats\."):
        TrainingRun(folder, instruments=frozenset({"cats"}))
    folder.close()


@pytest.mark.usefixtures("eager")
def test_a_damaged_table_is_set_aside_and_the_run_goes_on(tmp_path: Path) -> None:
    trained(tmp_path / "r", TINY, SOME)
    old = "step,cats\n1,2\n3\n"
    (tmp_path / "r/instruments.csv").write_text(old)
    folder = RunFolder.reopen(tmp_path / "r", 10)
    last = TrainingRun(folder, Small, instruments=SOME).run()
    assert last.warning == "instruments.csv is damaged. It was set aside."
    assert (tmp_path / "r/instruments.csv.refused").read_text() == old
    assert [row["step"] for row in table(tmp_path / "r")] == ["7", "8", "9", "10"]


@pytest.mark.usefixtures("eager")
def test_a_table_of_other_columns_is_continued(tmp_path: Path) -> None:
    trained(tmp_path / "r", TINY, SOME)
    (tmp_path / "r/instruments.csv").write_text("step,cats\n1,2\n")
    folder = RunFolder.reopen(tmp_path / "r", 10)
    last = TrainingRun(folder, Small, instruments=SOME).run()
    assert last.warning == ""
    assert not (tmp_path / "r/instruments.csv.refused").exists()
    rows = table(tmp_path / "r")
    assert [(row["step"], row["cats"]) for row in rows] == [("1", "2"), *((str(n), "") for n in (7, 8, 9, 10))]
    assert {row["w1"] for row in rows} == {""}  # not among the instruments that look
    assert len(last.readings) == 5


class Dear(LookBudget):
    """Is never due, and can't afford another one."""

    def is_due(self) -> bool:
        return False

    def affords_one(self, for_user: bool = False) -> bool:
        return False


@pytest.mark.parametrize("quickly", [False, True])
def test_a_run_that_ends_is_looked_at_whatever_it_costs_unless_the_process_ends(
    quickly: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LookBudget", Dear)
    trained(tmp_path / "finished", TINY, SOME)
    (tmp_path / "finished/ended.json").unlink()  # as if killed just after the look
    last = TrainingRun(RunFolder.reopen(tmp_path / "finished"), Small, instruments=SOME).run()
    assert last.status is Status.FINISHED
    assert [row["step"] for row in table(tmp_path / "finished")] == [str(TINY.steps)]
    config = dataclasses.replace(TINY, steps=10**6)
    run = TrainingRun(RunFolder(tmp_path / "stopped", config), Small, instruments=SOME).start()
    wait_until(lambda: run.latest.step)
    run.stop(quickly)
    assert run.join(20)
    assert run.latest.status is Status.STOPPED
    assert run.latest.readings[:, 0].tolist() == [] if quickly else [run.latest.step]


def test_the_last_look_is_announced_and_given_up_when_the_process_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, quits = threading.Event(), threading.Event()

    def long(_: object) -> None:
        looks.set()
        assert quits.wait(20)

    monkeypatch.setattr(loop, "LookBudget", Dear)
    monkeypatch.setattr(gradients, "measure", long)
    run = TrainingRun(RunFolder(tmp_path / "r", TINY), Small, instruments=SOME).start()
    assert looks.wait(20)
    assert run.latest.status is Status.RUNNING
    assert pace(run.latest) == [loop.LAST_LOOK]
    run.stop(quickly=True)
    quits.set()
    assert run.join(20)
    assert run.latest.status is Status.FINISHED
    assert run.latest.message == ""
    assert not (tmp_path / "r/instruments.csv").exists()


def test_a_run_that_never_made_a_step_is_not_looked_at(tmp_path: Path) -> None:
    run = TrainingRun(RunFolder(tmp_path / "r", TINY), Small, instruments=SOME)
    run._mailbox.commands.put(Command.STOP)
    assert run.run().status is Status.STOPPED
    assert not (tmp_path / "r/instruments.csv").exists()
