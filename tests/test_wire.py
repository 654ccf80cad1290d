"""A run that another process trains: watched and steered through its folder alone."""

import dataclasses
import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from stubs import TINY, TINY_IMAGES, CountingTrainer, wait_until

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.gan.clipping import UpdateReport
from ganlab.measure.reading import INSTRUMENTS, Reading
from ganlab.runs import elsewhere, loop, wire
from ganlab.runs.disk import inbox, live, looks
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.disk.inbox import Command
from ganlab.runs.disk.live import Live
from ganlab.runs.elsewhere import SILENT, Elsewhere
from ganlab.runs.history import History
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.training_run import TrainingRun
from ganlab.runs.wire import GONE, PROMPT, WRITE_EVERY, Wire

LONG = dataclasses.replace(TINY, steps=10**6)


class Clock:
    """Stands still until a test moves it on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ends:
    """Both ends of a wire without a thread: a run that makes no step, and what another process sees of it."""

    def __init__(self, path: Path, config: TrainConfig = LONG) -> None:
        self.clock = Clock()
        self.run = TrainingRun(RunFolder(path, config), CountingTrainer)
        self.here = Wire(path, self.run, self.clock)
        self.there = Elsewhere(path, self.clock)
        self.path = path

    def after(self, seconds: float) -> Snapshot | None:
        """What the other process sees when so much time has passed and this one has looked once."""
        self.clock.now += seconds
        self.here.tick()
        return self.there.look()


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    made = Ends(tmp_path / "r")
    yield made
    made.run.folder.close()


def commands(run: TrainingRun) -> list[str]:
    """The commands that wait in a run's mailbox, which are taken from there."""
    return [run._mailbox.commands.get().name for _ in range(run._mailbox.commands.qsize())]


def test_nothing_is_written_while_nobody_looks(ends: Ends) -> None:
    before = set(ends.path.iterdir())
    for _ in range(20):
        ends.clock.now += 1
        ends.here.tick()
    assert set(ends.path.iterdir()) == before
    assert ends.there.look() is None  # but now the other process knows that somebody looks
    assert ends.after(0.25).status is Status.STARTING
    assert (ends.path / live.FILE).exists()
    ends.clock.now += GONE
    ends.here.tick()
    assert not (ends.path / live.FILE).exists()


def test_a_viewer_left_by_an_earlier_process_is_nobody(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r", LONG)
    (folder.path / inbox.VIEWER).write_text("41")
    here = Wire(folder.path, TrainingRun(folder, CountingTrainer), Clock())
    here.tick()
    assert not (folder.path / live.FILE).exists()
    folder.close()


def test_a_snapshot_is_written_at_most_twice_a_second(ends: Ends) -> None:
    def publish(message: str) -> None:
        ends.run._mailbox.latest = dataclasses.replace(ends.run.latest, message=message)

    ends.there.look()
    for message in ("first", "second"):  # somebody has just come to look
        publish(message)
        assert ends.after(0).message == message
    ends.after(PROMPT)
    publish("third")
    assert ends.after(WRITE_EVERY / 2).message == "third"  # the last was written longer ago
    publish("fourth")
    assert ends.after(WRITE_EVERY / 2).message == "third"
    assert ends.after(WRITE_EVERY / 2).message == "fourth"
    ends.there.send("pause")  # what a command does is seen at once
    publish("fifth")
    assert ends.after(0).message == "fifth"


def test_who_comes_back_does_not_see_what_was_shown_to_him_then(ends: Ends) -> None:
    ends.there.look()
    assert ends.after(0.25)
    ends.clock.now += GONE + 1
    ends.here.tick()
    assert ends.there.look() is None
    assert ends.after(0.25).status is Status.STARTING


def test_the_first_look_waits_for_the_process_to_show_itself(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "MEETING", 60.0)
    with Wire(ends.path, ends.run):
        assert SavedRun(ends.path).latest.status is Status.STARTING
    monkeypatch.setattr(elsewhere, "MEETING", 0.0)
    assert SavedRun(ends.path).latest.status is Status.ELSEWHERE


@pytest.mark.parametrize("verb", inbox.VERBS)
def test_a_command_arrives(verb: str, ends: Ends) -> None:
    ends.there.send(verb)
    ends.here.tick()
    assert commands(ends.run) == [verb.upper()]
    assert inbox.waiting(ends.path) == ([], [])


def test_a_change_arrives_and_is_wanted_from_the_moment_it_is_sent(ends: Ends) -> None:
    ends.there.send("change", {"clip_range": (-0.5, 0.5), "n_critic": 3})
    assert ends.there.wanted(TINY).clip_range == (-0.5, 0.5)
    ends.there.send("switch", instruments=frozenset({"plane"}))
    assert ends.there.instruments(INSTRUMENTS) == {"plane"}
    ends.after(0.1)
    assert (ends.run.wanted.clip_range, ends.run.wanted.n_critic) == ((-0.5, 0.5), 3)
    assert ends.run.instruments == {"plane"}
    ends.run.change(clip_range=(-0.3, 0.3))  # by somebody else: the newest wins
    ends.after(WRITE_EVERY)
    assert ends.there.wanted(TINY).clip_range == (-0.3, 0.3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"clip_range": [0.2, 0.1]}, "Low must be below high"),
        ({"steps": 5}, "steps can't change"),
        ({"n_critic": "many"}, "n_critic must be"),
        ({"self": 1}, "self can't change"),
        ({"constraint": "spectral-norm"}, "spectral norm is built into the critic"),
    ],
)
def test_a_refusal_is_a_sentence_and_changes_nothing(values: dict, words: str, ends: Ends) -> None:
    wanted = ends.run.wanted
    inbox.send(ends.path, Command("change", values, ()))
    ends.there.look()
    assert words in ends.after(WRITE_EVERY).warning
    assert ends.run.wanted == wanted
    ends.there.send("change", {"n_critic": 4})
    assert ends.after(WRITE_EVERY).warning == ""


def test_commands_to_an_earlier_process_are_removed_and_said(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r", LONG)
    inbox.send(folder.path, Command("stop", {}, ()))
    run = TrainingRun(folder, CountingTrainer)
    here = Wire(folder.path, run, Clock())
    there = Elsewhere(folder.path, Clock())
    there.look()
    here.tick()
    assert commands(run) == []
    assert "older than this process" in there.look().warning
    folder.close()


def test_a_process_that_does_not_answer_is_said_and_its_command_withdrawn(ends: Ends) -> None:
    ends.there.look()
    ends.after(1)
    ends.there.send("change", {"clip_range": (-0.5, 0.5)})
    ends.clock.now += elsewhere.PATIENCE + 1
    assert SILENT in ends.there.look().warning
    assert ends.there.wanted(TINY).clip_range == TINY.clip_range
    ends.here.tick()
    assert ends.run.wanted.clip_range == TINY.clip_range
    ends.there.send("change", {"clip_range": (-0.4, 0.4)})
    assert ends.after(1).warning == ""


def seen(run: TrainingRun) -> SavedRun:
    """A running run as another process sees it."""
    other = SavedRun(run.path)
    wait_until(lambda: other.latest.status is not Status.ELSEWHERE)
    return other


def test_the_other_process_sees_what_this_one_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LOOK_EVERY", 0.01)
    config = dataclasses.replace(TINY_IMAGES, steps=10**6, clip_scale="fan-in")
    run = TrainingRun(RunFolder(tmp_path / "r", config), instruments=INSTRUMENTS).start()
    other = seen(run)
    wait_until(lambda: other.latest.reading)
    other.change(clip_range=(-0.05, 0.05), critic_lr=1e-3)
    assert other.wanted.clip_range == (-0.05, 0.05)
    assert other.uses_range(60)
    other.pause()
    wait_until(lambda: other.latest.status is Status.PAUSED)
    step = run.latest.step
    other.step()
    wait_until(lambda: other.latest.step == step + 1)
    wait_until(lambda: run.is_idle(0) and other.latest.seconds == run.latest.seconds)
    mine, theirs = run.latest, other.latest
    for name in ("status", "config", "step", "critic_step", "changes", "instruments", "device", "seconds", "warning"):
        assert getattr(mine, name) == getattr(theirs, name), name
    for name in ("samples", "real", "readings"):
        assert np.array_equal(getattr(mine, name), getattr(theirs, name), equal_nan=name == "readings"), name
    assert np.array_equal(mine.history.rows, theirs.history.rows)
    assert np.array_equal(mine.history.layer_counts, theirs.history.layer_counts)
    assert mine.history.layers == theirs.history.layers
    for name in ("weights", "held"):
        assert [h.after_counts for h in getattr(mine, name)] == [h.after_counts for h in getattr(theirs, name)], name
    assert (theirs.change.former, theirs.change.critic_step) == (mine.change.former, mine.change.critic_step)
    assert same(theirs.reading, mine.reading)
    assert all(map(torch.equal, parts(theirs.update), parts(mine.update)))
    other.resume()
    wait_until(lambda: other.latest.status is Status.RUNNING)
    other.switch(frozenset({"spectra"}))
    assert other.instruments == {"spectra"}
    wait_until(lambda: run.instruments == {"spectra"})
    other.stop()
    assert run.join(60)
    assert other.latest.status is Status.STOPPED
    assert other.latest.generator is not None
    assert {file.name for file in run.path.iterdir()} & {live.FILE, inbox.VIEWER, inbox.FOLDER} == set()


def parts(update: UpdateReport) -> tuple[torch.Tensor, ...]:
    return update.start, update.clip.before, update.clip.after


def same(one: Reading, other: Reading) -> bool:
    """Whether two readings are equal to the last bit."""
    (about, arrays), (about_other, others) = looks.packed(one), looks.packed(other)
    if json.dumps(about) != json.dumps(about_other) or arrays.keys() != others.keys():
        return False
    return all(np.array_equal(array, others[name], equal_nan=True) for name, array in arrays.items())


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_a_reading_comes_back_as_it_was(config: TrainConfig, tmp_path: Path) -> None:
    reading = TrainingRun(RunFolder(tmp_path / "r", config), instruments=INSTRUMENTS).run().reading
    about, arrays = looks.packed(reading)
    assert same(looks.unpacked(json.loads(json.dumps(about)), arrays), reading)
    assert set(looks.SOUND) == INSTRUMENTS


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_a_watched_run_is_the_same_run(config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(wire, "WRITE_EVERY", 0.0)
    monkeypatch.setattr(loop, "PUBLISH_EVERY", 0.0)
    config = dataclasses.replace(config, steps=25)
    alone = TrainingRun(RunFolder(tmp_path / "alone", config)).run()
    run = TrainingRun(RunFolder(tmp_path / "watched", config))
    other, looks_seen = SavedRun(run.path), set()
    run.start()
    while not run.join(0.01):
        looks_seen.add(other.latest.step)
    assert len(looks_seen) > 3
    assert np.array_equal(alone.samples, run.latest.samples)
    for name in ("generator", "critic"):
        pairs = zip(getattr(alone, name).parameters(), getattr(run.latest, name).parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_changes_by_the_folder_are_recorded_and_resumed_as_those_in_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LOOK_EVERY", 0.01)
    ends = []
    for name in ("in process", "by the folder"):
        run = TrainingRun(RunFolder(tmp_path / name, LONG))
        run.pause()  # before the first step
        run.start()
        wait_until(lambda run=run: run.latest.status is Status.PAUSED)
        hand = run if name == "in process" else seen(run)
        for step, values in ((3, {"clip_range": (-0.05, 0.05)}), (5, {"critic_lr": 3e-3, "n_critic": 3}), (8, {})):
            while run.latest.step < step:
                before = run.latest.step
                hand.step()
                wait_until(lambda run=run, before=before: run.latest.step == before + 1)
            hand.change(**values) if values else hand.stop()
            wait_until(lambda run=run, values=values: values.items() <= vars(run.latest.config).items())
        assert run.join(60)
        resumed = TrainingRun(RunFolder.reopen(run.path, 12)).run()
        ends.append((run.path, resumed))
    (first, mine), (second, theirs) = ends
    assert (first / "changes.csv").read_bytes() == (second / "changes.csv").read_bytes()
    assert (len(mine.changes), len(mine.history)) == (3, 12)
    assert np.array_equal(mine.samples, theirs.samples)
    assert np.array_equal(mine.history.rows[:, :-1], theirs.history.rows[:, :-1])
    assert all(torch.equal(a, b) for a, b in zip(mine.critic.parameters(), theirs.critic.parameters(), strict=True))


def test_a_record_that_grows_is_checked_where_it_is_new_and_again_once_it_was_cut_back(tmp_path: Path) -> None:
    run = TrainingRun(RunFolder(tmp_path / "r", TINY))
    last, record, metrics = run.run(), elsewhere._Record(run.path, TINY), run.path / "metrics.csv"
    whole = metrics.read_bytes()

    def history() -> History:
        seen = record.added_to(dataclasses.replace(last, warning=""))
        assert ("metrics.csv has an invalid step" in seen.warning) == (len(seen.history) == 0)
        return seen.history

    tensorfile.write(metrics, whole[: whole.index(b"\n4,") + 1])
    assert len(history()) == 3
    with metrics.open("ab") as file:
        file.write(whole[whole.index(b"\n4,") + 1 :])
    assert np.array_equal(history().rows, last.history.rows)
    assert np.array_equal(history().layer_counts, last.history.layer_counts)
    with metrics.open("ab") as file:
        file.write(whole[whole.index(b"\n6,") + 1 :])  # the last step again
    assert len(history()) == 0
    tensorfile.write(metrics, whole.replace(b"\n2,", b"\n1,"))  # among rows that were known
    assert len(history()) == 0
    tensorfile.write(metrics, whole)
    assert len(history()) == 6


def damaged(content: bytes, draws: random.Random) -> bytes:
    """Cut, overwritten, or with a word of its metadata replaced."""
    how = draws.randrange(4)
    if how == 0:
        return content[: draws.randrange(len(content))]
    if how == 1:
        at = draws.randrange(len(content))
        return content[:at] + draws.randbytes(draws.randrange(1, 40)) + content[at + 20 :]
    if how == 2:
        at = draws.randrange(min(len(content), 4000))
        return content[:at] + bytes([draws.randrange(256)]) + content[at + 1 :]
    words = [b"0", b"1", b"null", b"[]", b"true", b"NaN", b"running", b"1e999", b"-1"]
    return content.replace(draws.choice(words), draws.choice(words))


def test_two_hundred_torn_or_hostile_commands_are_ignored_and_said(ends: Ends) -> None:
    draws = random.Random(0)
    secret = ends.path.parent / "secret.json"
    secret.write_text(json.dumps(Command("stop", {}, ())._asdict()))
    folder = ends.path / inbox.FOLDER
    folder.mkdir()
    wanted = ends.run.wanted
    good = json.dumps(Command("change", {"clip_range": [-1e9, 1e-9]}, ())._asdict()).encode()
    ends.there.look()
    for i in range(200):
        file = folder / f"{i:019}-{draws.randbytes(4).hex()}.json"
        match i % 8:
            case 0:
                file.symlink_to(secret)
            case 1:
                os.mkfifo(file)
            case 2:
                file.write_bytes(b" " * 5000 + good)
            case 3:
                file.write_bytes(b"[" * 4000)
            case 4:
                verb = draws.choice(["__init__", "join", "config", 3, None])
                file.write_text(json.dumps({"verb": verb, "values": {}, "instruments": []}))
            case 5:
                file.write_text(json.dumps(Command("change", {"clip_range": [1, 0], "steps": 1}, ())._asdict()))
            case 6:
                file.write_text(json.dumps(Command("switch", {}, ("__all__",))._asdict()))
            case 7:
                file.write_bytes(good[: draws.randrange(len(good))])
        assert f"inbox/{file.name}" in ends.after(WRITE_EVERY).warning
    assert list(folder.iterdir()) == []
    assert (commands(ends.run), ends.run.wanted, ends.run.instruments) == ([], wanted, frozenset())
    file.write_bytes(good)
    assert ends.after(WRITE_EVERY).warning == ""
    assert ends.run.wanted.clip_range == (-1e9, 1e-9)
    (folder / "notes.txt").write_text("mine")
    ends.after(WRITE_EVERY)
    assert "inbox/notes.txt is ignored: it is not a command" in ends.after(WRITE_EVERY).warning
    assert (folder / "notes.txt").exists()


def test_two_hundred_torn_or_hostile_snapshots_are_ignored_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = TrainingRun(RunFolder(tmp_path / "r", TINY), instruments=INSTRUMENTS)
    last = run.run()
    shown = dataclasses.replace(last, status=Status.RUNNING, warning="", message="")
    live.write(run.path, Live(shown, last.config, ()))
    file = run.path / live.FILE
    good, draws, refused = file.read_bytes(), random.Random(0), 0
    there = Elsewhere(run.path, Clock())
    first = there.look()
    assert first.step == TINY.steps
    assert SavedRun(run.path).latest.status is Status.FINISHED  # of a process that has ended, it says nothing
    for _ in range(200):
        tensorfile.write(file, damaged(good, draws))
        seen = there.look()
        refused += live.FILE in seen.warning
        assert len(seen.history) == seen.step <= TINY.steps  # what was shown before stays
        tensorfile.write(file, good)
        assert live.FILE not in there.look().warning
    assert refused > 150
    for make in (lambda: file.symlink_to(tmp_path / "elsewhere"), lambda: os.mkfifo(file), file.mkdir):
        file.unlink()
        make()
        assert live.FILE in there.look().warning
