"""A run in its thread: commands, changes, failures and its snapshots."""

import csv
import dataclasses
import errno
import io
import re
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from stubs import TINY, CountingTrainer, wait_until

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.data.dataset import Announce
from ganlab.gan.training import Trainer
from ganlab.runs import loop
from ganlab.runs.disk import checkpoints, lock
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.disk.root import runs_root
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.recorder import Recorder
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun

LONG = dataclasses.replace(TINY, steps=10**6)


class Held:
    """A run in a thread whose trainer a test holds by its gate."""

    def __init__(self, folder: Path, config: TrainConfig = LONG) -> None:
        self.trainers: list[CountingTrainer] = []
        self.folder = folder
        self.run = TrainingRun(RunFolder(folder, config), self.make).start()
        wait_until(lambda: self.run.latest.status is Status.RUNNING)
        self.trainer = self.trainers[0]

    def make(self, config: TrainConfig, announce: Announce) -> CountingTrainer:
        self.trainers.append(CountingTrainer(config))
        return self.trainers[0]

    def until(self, status: Status) -> None:
        wait_until(lambda: self.run.latest.status is status)

    def changes(self) -> list[list[str]]:
        return list(csv.reader((self.folder / "changes.csv").read_text().splitlines()))[1:]

    def end(self) -> None:
        self.run.stop()
        assert self.run.join(10)


@pytest.fixture
def held(tmp_path: Path) -> Held:
    made = Held(tmp_path / "20260101-000000-abcd")
    yield made
    made.end()


def test_pause_means_no_steps_and_step_means_one(held: Held) -> None:
    held.run.pause()
    held.until(Status.PAUSED)
    before = held.trainer.step_count
    assert held.run.latest.step == before
    for n in (1, 2):
        held.run.step()
        wait_until(lambda n=n: held.run.latest.step == before + n)
        assert held.trainer.step_count == before + n
        assert held.run.latest.status is Status.PAUSED
    held.run.resume()
    wait_until(lambda: held.trainer.step_count > before + 10)
    assert held.run.latest.status is Status.RUNNING


def test_stop_keeps_what_was_learned_and_ends_the_thread(held: Held) -> None:
    wait_until(lambda: held.trainer.step_count > 3)
    held.run.stop()
    assert held.run.join(10)
    last = held.run.latest
    assert last.status is Status.STOPPED
    assert last.step == held.trainer.step_count == len(last.history)
    assert (held.folder / "generator.safetensors").exists()


def test_a_run_finishes_by_itself(tmp_path: Path) -> None:
    run = TrainingRun(RunFolder(tmp_path / "r", TINY), CountingTrainer)
    assert run.run().status is Status.FINISHED
    assert run.latest.step == TINY.steps


def test_a_change_arrives_is_recorded_and_the_newest_wins(held: Held) -> None:
    held.trainer.gate.clear()
    for c in (0.5, 0.3, 0.2):
        held.run.change(clip_range=(-c, c))
    assert held.run.wanted.clip_range == (-0.2, 0.2)
    held.trainer.gate.set()
    wait_until(lambda: held.run.latest.config.clip_range == (-0.2, 0.2))
    (change,) = held.run.latest.changes
    assert change.value == (-0.2, 0.2)
    assert held.changes() == [[str(change.critic_step), "clip_range", "-0.2 0.2"]]
    column = held.run.latest.history["clip_high"]
    assert (column[: change.step] == 0.1).all()
    assert (column[change.step :] == 0.2).all()


def test_a_change_while_paused_is_in_force_at_once_and_takes_no_step(held: Held) -> None:
    held.run.pause()
    held.until(Status.PAUSED)
    before = held.trainer.step_count
    held.run.change(clip_range=(-0.7, 0.7))
    wait_until(lambda: held.run.latest.config.clip_range == (-0.7, 0.7))
    assert held.trainer.step_count == before
    held.run.change(clip_range=(-0.7, 0.7))  # nothing new: nothing to record
    held.run.step()
    wait_until(lambda: held.run.latest.step == before + 1)
    assert len(held.changes()) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"clip_range": (0.2, 0.1)}, "Low must be below high"),
        ({"clip_range": (float("nan"), 0.1)}, "finite"),
        ({"clip_range": ("a", "b")}, "two numbers"),
        ({"steps": 5}, "steps can't change"),
        ({"constraint": "spectral-norm"}, "spectral norm is built into the critic"),
        ({"constraint": "none", "penalty": -1.0}, "penalty must be from 0.0"),
    ],
)
def test_a_bad_change_is_a_sentence_and_changes_nothing(held: Held, values: dict, words: str) -> None:
    wanted = held.run.wanted
    with pytest.raises(ValueError, match=words):
        held.run.change(**values)
    assert held.run.wanted == wanted
    held.end()
    assert held.run.latest.changes == ()
    assert held.changes() == []
    with pytest.raises(ValueError, match="has ended"):
        held.run.change(clip_range=(-1, 1))


def test_a_change_that_comes_too_late_is_dropped(held: Held) -> None:
    held.trainer.gate.clear()
    held.run.stop()
    held.trainer.gate.set()
    held.run.change(clip_range=(-0.9, 0.9))
    assert held.run.join(10)
    last = held.run.latest
    assert held.run.wanted == last.config
    assert len(held.changes()) == len(last.changes)


def test_an_exception_becomes_a_failed_run(tmp_path: Path) -> None:
    class Breaking(CountingTrainer):
        def step(self, before_update: object) -> None:
            raise RuntimeError("out of luck")

    run = TrainingRun(RunFolder(tmp_path / "r", TINY), Breaking).start()
    assert run.join(10)
    assert run.latest.status is Status.FAILED
    assert run.latest.error == "out of luck"
    assert "RuntimeError: out of luck" in run.latest.traceback


def test_a_failure_while_loading_is_a_failed_run(tmp_path: Path) -> None:
    def make(_: TrainConfig, announce: Announce) -> CountingTrainer:
        raise OSError("no data")

    assert TrainingRun(RunFolder(tmp_path / "r", TINY), make).run().error == "no data"


def test_loading_is_announced_and_can_be_stopped(tmp_path: Path) -> None:
    told, goes_on = threading.Event(), threading.Event()

    def make(config: TrainConfig, announce: Announce) -> CountingTrainer:
        announce("downloading cats, 3 of 9 MB")
        told.set()
        assert goes_on.wait(10)
        announce("downloading cats, 4 of 9 MB")
        return CountingTrainer(config)

    run = TrainingRun(RunFolder(tmp_path / "r", TINY), make).start()
    assert told.wait(10)
    assert (run.latest.status, run.latest.message) == (Status.STARTING, "downloading cats, 3 of 9 MB")
    run.stop()
    goes_on.set()
    assert run.join(10)
    assert (run.latest.status, run.latest.step) == (Status.STOPPED, 0)


def test_a_loss_that_is_not_a_number_names_step_and_cause_and_keeps_the_last_good_state(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, generator_lr=1e30)
    last = TrainingRun(RunFolder(tmp_path / "r", config)).run()
    assert last.status is Status.FAILED
    assert last.error.startswith("Stopped at step 2: the critic's loss is not finite")
    assert "generator's learning rate (1e+30) is probably too high" in last.message
    assert (last.step, last.steps_made) == (0, len(last.history))
    assert (
        last.steps_made
        == SavedRun(tmp_path / "r").summary.steps_made
        == SavedRun(tmp_path / "r").latest.steps_made
        == 1
    )
    assert np.isfinite(last.samples).all()
    assert (tmp_path / "r/generator.safetensors").exists()


def test_an_old_snapshot_does_not_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "PUBLISH_EVERY", 0.0)
    run = TrainingRun(RunFolder(tmp_path / "r", dataclasses.replace(TINY, steps=10**6))).start()
    wait_until(lambda: run.latest.step > 2)
    old = run.latest
    weights = [p.clone() for p in old.generator.parameters()]
    samples, rows, after = old.samples.copy(), old.history.rows.copy(), old.weights[0].after.copy()
    wait_until(lambda: run.latest.step > old.step + 20)
    run.stop()
    assert run.join(10)
    assert all(torch.equal(a, b) for a, b in zip(weights, old.generator.parameters(), strict=True))
    assert np.array_equal(samples, old.samples)
    assert np.array_equal(rows, old.history.rows)
    assert np.array_equal(after, old.weights[0].after)
    assert not np.array_equal(samples, run.latest.samples)


def test_the_thread_gives_what_the_foreground_gives(tmp_path: Path) -> None:
    foreground = TrainingRun(RunFolder(tmp_path / "a", TINY)).run()
    run = TrainingRun(RunFolder(tmp_path / "b", TINY)).start()
    assert run.join(20)
    assert np.array_equal(foreground.samples, run.latest.samples)
    assert np.array_equal(foreground.history.rows[:, :-1], run.latest.history.rows[:, :-1])


def test_a_steered_run_can_be_repeated_from_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change applied after its number of critic updates gives the same run."""
    monkeypatch.setattr(loop, "PUBLISH_EVERY", 0.0)
    run = TrainingRun(RunFolder(tmp_path / "r", LONG)).start()
    for field, value in (("clip_range", (-0.05, 0.05)), ("n_critic", 3), ("critic_lr", 3e-3), ("generator_lr", 2e-3)):
        run.change(**{field: value})
        reached = len(run.latest.history)
        wait_until(lambda n=reached, f=field, v=value: getattr(run.latest.config, f) == v and run.latest.step > n + 3)
    run.stop()
    assert run.join(20)
    last = run.latest
    assert len(last.changes) == 4
    trainer = Trainer(LONG)

    def replay() -> None:
        now = {change.field: change.value for change in last.changes if change.critic_step == trainer.critic_step}
        trainer.config = dataclasses.replace(trainer.config, **now)

    for _ in range(last.step):
        trainer.step(replay)
    for a, b in zip(trainer.generator.parameters(), last.generator.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_hub_refuses_one_more_and_names_those_in_progress() -> None:
    hub = RunHub(limit=1)
    first = hub.start(LONG)
    with pytest.raises(Refused, match=re.escape(first.name)):
        hub.start(LONG)
    wait_until(lambda: first.latest.status is Status.RUNNING)
    first.pause()
    wait_until(lambda: first.latest.status is Status.PAUSED)
    second = hub.start(LONG)  # a paused run trains nothing
    with pytest.raises(Refused, match=re.escape(second.name)):
        hub.resume(first)
    assert hub.in_progress == [second, first]
    assert hub.find(first.run_id) is first
    hub.close()
    assert hub.in_progress == []


def test_another_process_cannot_resume_one_more_either() -> None:
    hub = RunHub(limit=1)
    first = hub.start(LONG)
    wait_until(lambda: first.latest.status is Status.RUNNING)
    first.pause()
    second = hub.start(LONG)
    there = SavedRun(first.path)
    wait_until(lambda: there.latest.status is Status.PAUSED)
    there.resume()
    wait_until(lambda: second.name in there.latest.warning)
    assert (first.latest.status, hub.in_the_way) == (Status.PAUSED, second)
    second.pause()
    there.resume()
    wait_until(lambda: there.latest.status is Status.RUNNING)
    assert hub.in_the_way is first
    hub.close()


def test_a_run_is_paused_for_another_and_resumes_if_that_cannot_start() -> None:
    hub = RunHub(limit=1)
    first = hub.start(LONG)
    wait_until(lambda: first.latest.step > 0)
    assert hub.in_the_way is first
    with pytest.raises(Refused, match="accelerator"):
        hub.start(dataclasses.replace(LONG, device="accelerator"), instead_of=first.run_id)
    assert hub.in_the_way is first
    step = first.latest.step
    wait_until(lambda: first.latest.step > step)
    second = hub.start(LONG, instead_of=first.run_id)
    assert first.latest.status is Status.PAUSED
    assert checkpoints.newest(first.path)[0].step == first.latest.step
    assert hub.in_the_way is second
    second.pause()
    assert hub.in_the_way is None
    assert hub.resume(first) is first
    hub.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("ganlab-run-")]


@pytest.mark.parametrize("run_id", ["../../etc", ".hidden", "", "20260101-000000-abcd/..", "<b>"])
def test_a_malformed_id_is_one_sentence(run_id: str) -> None:
    with pytest.raises(LookupError, match="does not name a run"):
        RunHub().find(run_id)


def test_an_unknown_id_is_one_sentence() -> None:
    with pytest.raises(LookupError, match="There is no run 20260101-000000-abcd here"):
        RunHub().find("20260101-000000-abcd")


def test_a_run_that_wants_a_missing_accelerator_is_refused_before_there_is_a_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    hub = RunHub()
    with pytest.raises(Refused, match="no accelerator that torch can use"):
        hub.start(dataclasses.replace(TINY, device="accelerator"))
    assert hub.runs == []
    assert not runs_root().exists()


class Full(io.RawIOBase):
    """A file on a full disk."""

    def writable(self) -> bool:
        return True

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_a_sentence_and_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = RunFolder(tmp_path / "r", TINY)
    metrics = folder._tables["metrics.csv"]
    disk, metrics._file = metrics._file, Full()
    for write in ("write", "write_hashed"):
        monkeypatch.setattr(tensorfile, write, full)
    run = TrainingRun(folder, checkpoint_every=0.0)
    close = folder.close
    monkeypatch.setattr(folder, "close", lambda: None)
    last = run.run()
    assert (last.status, last.step, len(last.history)) == (Status.FINISHED, TINY.steps, TINY.steps)
    for name in ("metrics.csv", "a checkpoint", "moments", "ended.json"):
        assert f"r/{name} could not be written: the disk is full; free some space." in last.warning
    metrics._file.close()
    metrics._file = disk
    folder.flush()  # there is space again: nothing is missing
    close()
    assert len((tmp_path / "r/metrics.csv").read_text().splitlines()) == 1 + TINY.steps


def test_the_hub_resumes_what_is_on_disk(tmp_path: Path) -> None:
    first = RunHub(limit=1)
    run = first.start(LONG)
    wait_until(lambda: run.latest.step > 0)
    with pytest.raises(Refused, match="has not ended: stop it first"):
        first.delete(run.run_id)
    first.close()
    second = RunHub(limit=1)
    (stored,) = second.runs
    assert second.find(run.run_id) is stored
    assert second.in_progress == []
    with pytest.raises(Refused, match="Nothing trains run"):
        second.training(stored.run_id)
    resumed = second.resume(stored)
    assert second.runs == [resumed]
    assert resumed.latest.step == run.latest.step
    with pytest.raises(Refused, match="another process"):
        first.resume(run)
    second.close()
    assert second.resume(resumed, resumed.latest.step + 3).join(20)
    assert second.find(run.run_id).latest.step == resumed.latest.step + 3
    second.delete(run.run_id)
    assert second.runs == []


def test_a_checkpoint_that_failed_is_written_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run = TrainingRun(RunFolder(tmp_path / "r", LONG)).start()
    wait_until(lambda: run.latest.step > 0)
    with monkeypatch.context() as disk:
        disk.setattr(tensorfile, "write_hashed", full)
        run.pause()
        wait_until(lambda: "a checkpoint" in run._recorder.warning)
    run.stop()
    assert run.join(20)
    assert [found.step for found in checkpoints.files(run.path)] == [run.latest.step]
    assert run.latest.warning == ""


def test_an_error_at_the_very_end_fails_the_run_and_lets_go_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no picture")

    folder = RunFolder(tmp_path / "r", TINY)
    monkeypatch.setattr(folder, "keep_networks", broken)
    last = TrainingRun(folder).run()
    assert (last.status, last.error) == (Status.FAILED, "no picture")
    assert not lock.held(tmp_path / "r")


def test_resuming_a_run_that_was_deleted_elsewhere_is_refused() -> None:
    hub = RunHub()
    run = hub.start(TINY)
    assert run.join(20)
    other = RunHub()
    (stored,) = other.runs
    hub.delete(run.run_id)
    with pytest.raises(Refused, match="There is no run"):
        other.resume(stored)
    assert not stored.path.exists()


def test_looks_that_cost_too_much_are_left_out_but_never_the_first_and_the_last(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r", LONG)
    recorder = Recorder(folder, 100, 1e9)
    assert [step for step in range(1, 101) if not recorder.moment_is_due(step, 10.0)] == []
    recorder.count_moment(0.3)
    assert [step for step in range(1, 101) if recorder.moment_is_due(step, 10.0)] == [*range(1, 31), 100]
    assert recorder.moment_is_due(31, 20.0)
    folder.close()


def test_a_run_says_when_a_clamp_has_used_the_wanted_range(tmp_path: Path) -> None:
    run = TrainingRun(RunFolder(tmp_path / "r", dataclasses.replace(TINY, steps=1_000_000))).start()
    wait_until(lambda: run.latest.weights)
    run.change(clip_range=(-0.02, 0.02))
    assert run.uses_range(within=60)
    assert run.latest.weights[0].clip_range == (-0.02, 0.02)
    run.pause()
    wait_until(lambda: run.latest.status == "paused")
    run.change(clip_range=(-0.03, 0.03))
    assert not run.uses_range(within=0)
    run.step()
    assert run.uses_range(within=60)
    run.stop()
    assert run.join(60)
