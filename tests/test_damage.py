"""A run folder that is damaged, crafted or not to be entered: one sentence, and everything else goes on."""

import dataclasses
import errno
import html
import io
import json
import os
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import crafted
import numpy as np
import pytest
import streamlit as st
from crafted import FROZEN, OF_ANY, OF_KIND
from filelock import FileLock
from streamlit.runtime.uploaded_file_manager import DeletedFile
from stubs import TINY
from visits import click, code, page, panels

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.runs.disk import checkpoints, contents, library, lock, moments, networks, tables
from ganlab.runs.disk.damage import Damaged
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.disk.root import runs_root
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Status
from ganlab.ui.kit import access, uploads

POINTS = FROZEN / "runs/20261101-090100-bbbb"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy of a sound run."""
    return shutil.copytree(POINTS, tmp_path / "r")


def read_all(run: Path) -> SavedRun:
    """Read everything that a page reads, but look at no result. Nothing but Damaged may be raised."""
    saved = SavedRun(run)
    library.size(run)
    for read in (
        lambda: saved.summary,
        lambda: saved.latest,
        lambda: saved.newest_samples,
        lambda: saved.has_generator,
        lambda: tables.history(run),
        lambda: tables.readings(run),
        *(lambda file=file: checkpoints.read(file.path) for file in checkpoints.files(run)),
        *(lambda step=step: moments.read(run, step) for step in moments.steps(run)),
        *(lambda n=name: networks.read_network(run / f"{n}.safetensors", n) for name in ("generator", "critic")),
    ):
        with suppress(Damaged):
            read()
    return saved


@pytest.mark.parametrize("how", [*OF_ANY, *sorted({w for ways in OF_KIND.values() for w in ways}, key=repr)])
def test_every_file_may_be_damaged_in_every_way(how: Callable[..., None], tmp_path: Path) -> None:
    draws = random.Random(how.__name__)
    for i, (name, way) in enumerate(dict.fromkeys(crafted.ways(POINTS))):
        if way is how and not name.endswith(".png"):  # which is only written
            run = shutil.copytree(POINTS, tmp_path / f"r{i}")
            crafted.changed(run, name, how, draws)
            read_all(run)
            shutil.rmtree(run)


def copy(name: str, *ways: tuple[str, Callable[..., None]]) -> Path:
    """A copy of a run in the runs folder, damaged in these ways."""
    run = shutil.copytree(POINTS, runs_root() / name)
    for file, how in ways:
        crafted.changed(run, file, how, random.Random(file))
    return run


def test_pages_show_damaged_runs_with_a_sentence_and_go_on(the_hub: RunHub) -> None:
    checkpoint = checkpoints.files(POINTS)[0].path.relative_to(POINTS).as_posix()
    for name, how in (("fifo", crafted.fifo), ("circle", crafted.circle), ("half", crafted.truncated)):
        copy(name, ("config.json", how))
    tables_of = copy("tables", ("instruments.csv", crafted.sparse), ("metrics.csv", crafted.noise))
    os.mkfifo(tables_of / "name.txt")
    moment = ("moments/00000001.safetensors", crafted.shapes)
    networks_of = copy("networks", (checkpoint, crafted.noise), ("generator.safetensors", crafted.noise), moment)
    home = page("app.py")
    captions = "".join(caption.value for caption in home.caption)
    assert [f"{name}/config" in captions for name in ("fifo", "circle", "half", "tables")] == [True, True, True, False]
    assert panels(home).count("small-card") == 2
    (warning,) = page("1_Train.py", run="fifo").warning
    assert "fifo/config.json can't be read" in warning.value
    for run, files in ((tables_of, ("instruments.csv", "metrics.csv")), (networks_of, ("checkpoint", "generator"))):
        latest = SavedRun(run).latest
        assert all(file in latest.warning for file in files)
        assert html.escape(latest.warning) in panels(page("1_Train.py", run=run.name))
    for file in ("3_Generate.py", "2_Weight_Clipping.py"):
        assert len(page(file, run="networks").selectbox) > 0


METRICS = {
    "a step that is not whole": ("step", 3, "3.5"),
    "a step twice": ("step", 4, "3"),
    "an infinite step": ("step", 25, "inf"),
    "a step after the last": ("step", 25, "27"),
    "a NaN step": ("step", 3, "nan"),
    "fewer critic updates than steps": ("critic_step", 3, "2"),
    "a loss that is not minus the estimate": ("critic_loss", 3, "0.5"),
    "an infinite loss": ("generator_loss", 3, "-inf"),
    "a bound that no weight can have": ("clip_high", 3, "1e308"),
    "bounds in the wrong order": ("clip_low", 3, "0.5"),
    "a share above 1": ("at_bound_share", 3, "1.5"),
    "a share that the counts don't have": ("clamped_share", 3, "0.999"),
    "a time before the one before": ("seconds", 3, "0.000001"),
}


def rows_of(file: Path) -> list[list[str]]:
    return [line.split(",") for line in file.read_text().splitlines()]


def write(file: Path, rows: list[list[str]]) -> None:
    file.write_text("".join(",".join(row) + "\n" for row in rows))


@pytest.mark.parametrize("what", METRICS)
def test_metrics_that_no_run_writes_are_refused(what: str, run: Path) -> None:
    column, row, value = METRICS[what]
    rows = rows_of(run / "metrics.csv")
    rows[row][rows[0].index(column)] = value
    assert len(tables.history(run)) == 26
    write(run / "metrics.csv", rows)
    with pytest.raises(Damaged, match=r"metrics\.csv"):
        tables.history(run)


@pytest.mark.parametrize(
    ("one", "other"), [("step", "critic_step"), ("clip_low", "clip_high"), ("clamped_share", "at_bound_share")]
)
def test_swapped_columns_are_refused(one: str, other: str, run: Path) -> None:
    rows = rows_of(run / "metrics.csv")
    rows[0] = [{one: other, other: one}.get(name, name) for name in rows[0]]
    write(run / "metrics.csv", rows)
    with pytest.raises(Damaged, match=r"metrics\.csv"):
        tables.history(run)
    assert "metrics.csv" in SavedRun(run).latest.warning


def test_a_table_that_was_cut_is_named(run: Path) -> None:
    rows = rows_of(run / "metrics.csv")
    write(run / "metrics.csv", rows[:11])
    latest = SavedRun(run).latest
    assert (len(latest.history), latest.step) == (10, 26)
    assert "hold 10 of the 26 steps" in latest.warning
    assert [change.step for change in latest.changes] == [10]  # the others came later, nobody knows when
    run = run.rename(run.with_name("another"))
    write(run / "metrics.csv", [rows[0], *rows[11:]])
    write(run / "layers.csv", [row for i, row in enumerate(rows_of(run / "layers.csv")) if not 1 <= i <= 10])
    assert [change.step for change in SavedRun(run).latest.changes] == [0, 15, 15, 20]
    assert SavedRun(POINTS).latest.warning == ""


@pytest.mark.parametrize("change", ["a count", "a header", "another step"])
def test_layers_that_do_not_go_with_the_run_cost_only_the_layers(change: str, run: Path) -> None:
    rows = rows_of(run / "layers.csv")
    if change == "a count":
        rows[5][1] = "33"  # of 32 weights
    elif change == "a header":
        rows[0][1] = rows[0][1].replace("16x2", "16x3")
    else:
        rows[5][0] = "6"
    write(run / "layers.csv", rows)
    latest = SavedRun(run).latest
    assert "layers.csv is damaged" in latest.warning
    assert (len(latest.history), latest.history.layers) == (26, ())
    for values in (latest.history["clip_low"], latest.history["critic_loss"]):
        assert np.isfinite(values).all()


def test_a_file_with_more_than_its_run_can_write_is_not_read_to_its_end(run: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    for steps in (config["steps"], 10**7):  # in the second, a gigabyte of rows might be right
        (run / "config.json").write_text(json.dumps(config | {"steps": steps}))
        for name, read in (
            ("metrics.csv", tables.metrics),
            ("instruments.csv", tables.readings),
            ("changes.csv", lambda path: tables.changes(path / "changes.csv")),
        ):
            content = (run / name).read_bytes()
            os.truncate(run / name, 2**30)
            with pytest.raises(Damaged, match=f"{name} can't be read: it is longer than this run could have written"):
                read(run)
            (run / name).write_bytes(content)
    rows = rows_of(run / "metrics.csv")
    write(run / "metrics.csv", rows + rows[1:] * 10_000)
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(Damaged, match="it is longer"):
        tables.metrics(run)


def test_networks_with_weights_that_are_not_finite_are_refused(run: Path) -> None:
    (checkpoint,) = checkpoints.files(run)
    for file, key in ((checkpoint.path, "critic.linear1.weight"), (run / "critic.safetensors", "linear1.weight")):
        tensors, metadata = crafted.parts(file)
        tensors[key][0, 0] = float("nan")
        crafted.joined(file, tensors, metadata)
    latest = SavedRun(run).latest
    assert latest.warning.count("its weights are not all finite") == 2
    assert latest.critic is None


@pytest.mark.parametrize("values", [{"width": 17}, {"depth": 2}, {"latent_dim": 3}])
def test_networks_of_other_settings_are_not_read(values: dict[str, int], run: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config | values))
    latest = SavedRun(run).latest
    assert (latest.generator, latest.critic, latest.samples) == (None, None, None)
    assert "don't match config.json" in latest.warning
    with pytest.raises(ValueError, match="don't match config"):
        RunFolder.reopen(run, 30)


def test_settings_of_networks_that_are_too_large_are_refused(run: Path) -> None:
    config = TrainConfig(network="mlp", width=1024, depth=32, image_size=64)
    assert contents.config_of(run)
    (run / "config.json").write_text(json.dumps(config.as_dict() | {"width": 1024, "network": "dcgan"}))
    with pytest.raises(Damaged, match=r"r/config.json can't be read: These networks have .* Lower width\.$"):
        contents.config_of(run)


@pytest.mark.parametrize("name", ["checkpoints", "moments"])
def test_links_in_a_run_folder_are_not_followed(name: str, run: Path, tmp_path: Path) -> None:
    size = library.size(run)
    shutil.move(run / name, tmp_path / "outside")
    (run / name).symlink_to(tmp_path / "outside")
    (run / "notes.txt").symlink_to("/etc/passwd")
    assert (checkpoints.files(run) if name == "checkpoints" else moments.steps(run)) == []
    if name == "moments":
        with pytest.raises(Damaged, match="linked folder"):
            moments.read(run, 1)
    assert library.size(run) < size
    library.export(run, tmp_path / "r.zip")
    assert b"passwd" not in (tmp_path / "r.zip").read_bytes()
    assert b"notes.txt" not in (tmp_path / "r.zip").read_bytes()
    with pytest.raises(Damaged, match=f"its {name} is not a folder"):
        RunFolder.reopen(run, 30)


def test_folders_named_like_files_of_a_run_are_no_files(run: Path) -> None:
    """Pruning and resuming leave them alone."""
    for name in (f"checkpoints/step-000001-{'0' * 16}.safetensors", "moments/00000099.safetensors"):
        (run / name).mkdir()
    before, steps = checkpoints.files(run), moments.steps(run)
    assert checkpoints.prune(run) == []
    assert (len(before), 99 in steps) == (1, False)
    RunFolder.reopen(run, 30).close()
    assert checkpoints.files(run) == before


def test_names_that_no_run_gives_are_no_steps(run: Path) -> None:
    steps = moments.steps(run)
    for name in ("9" * 240, "12", "\u0663" * 8, "999999999"):
        (run / f"moments/{name}.safetensors").touch()
    (checkpoint,) = checkpoints.files(run)
    checkpoints.write(run, dataclasses.replace(checkpoints.read(checkpoint.path), step=61))
    assert moments.steps(run) == steps
    (run / "ended.json").unlink()
    assert (SavedRun(run).summary.step, SavedRun(run).latest.step) == (26, 26)
    assert "it is of a later step than the run's 60" in SavedRun(run).latest.warning


def test_of_many_bad_files_a_few_are_tried(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in range(100):
        (run / f"moments/{step + 100:08}.safetensors").touch()
    tried: list[int] = []
    monkeypatch.setattr(moments, "read", lambda _, step: tried.append(step) or contents.config_of(run / "none"))
    assert SavedRun(run).newest_samples is None
    assert tried == [199, 198, 197, 196, 195]
    for step in range(100):
        (run / f"checkpoints/step-{step + 50:06}-{'0' * 16}.safetensors").touch()
    checkpoint, refused = checkpoints.newest(run)
    assert checkpoint is None
    assert refused.count("can't be used") == 5


def forbid(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system refuse to look into a folder, also if root asks."""

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def asked(path: Any, *args: Any, **options: Any) -> Any:
            lists = call.__name__ in ("scandir", "listdir")
            if isinstance(path, str | Path) and (folder in Path(path).parents or (lists and folder == Path(path))):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return call(path, *args, **options)

        return asked

    for owner, name in ((os, "lstat"), (os, "stat"), (os, "scandir"), (os, "listdir"), (os, "open"), (io, "open")):
        monkeypatch.setattr(owner, name, guarded(getattr(owner, name)))


def test_a_run_that_may_not_be_looked_into_is_listed_with_a_sentence(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy("open"), copy("shut")
    with monkeypatch.context() as system:
        forbid(runs_root() / "shut", system)
        with pytest.raises(LookupError, match=r"^shut/config.json can't be read: permission denied; change"):
            the_hub.find("shut")
        assert sorted(run.run_id for run in the_hub.runs) == ["open", "shut"]
        assert "shut/config" in "".join(caption.value for caption in page("app.py").caption)
        assert len(page("3_Generate.py").selectbox(key="source").options) == 2  # the other run, and the example
        page("2_Weight_Clipping.py")
        for act in (the_hub.delete, lambda name: the_hub.resume(SavedRun(runs_root() / name))):
            with pytest.raises(Refused, match="ermission denied"):
                act("shut")


def test_a_runs_folder_that_may_not_be_listed_is_a_sentence(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    copy("open")
    assert library.problem() == ""
    with monkeypatch.context() as system:
        forbid(runs_root(), system)
        assert the_hub.runs == []
        (warning,) = page("app.py").warning
    assert warning.value.startswith("The runs can't be listed")


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run in the runs folder that this process may only read."""
    run, acquire, access = copy("theirs"), FileLock.acquire, os.access

    def refused(self: FileLock, *args: Any, **options: Any) -> Any:
        if Path(self.lock_file).parent == run:
            raise PermissionError(errno.EACCES, "Permission denied", self.lock_file)
        return acquire(self, *args, **options)

    monkeypatch.setattr(FileLock, "acquire", refused)
    monkeypatch.setattr(os, "access", lambda path, mode: run not in (path, *path.parents) and access(path, mode))
    return run


def test_a_run_that_may_only_be_read_says_so_and_is_not_called_running(read_only: Path) -> None:
    (read_only / lock.LOCK).touch()
    summary = SavedRun(read_only).summary
    assert (summary.status, summary.read_only) == (Status.STOPPED, True)
    assert SavedRun(read_only).latest.warning.startswith("ganlab can't write to this run's folder.")
    (read_only / "ended.json").unlink()
    assert SavedRun(read_only).summary.status is Status.INTERRUPTED
    fcntl = pytest.importorskip("fcntl")  # not on Windows
    with (read_only / lock.LOCK).open() as owners:
        fcntl.flock(owners, fcntl.LOCK_EX)
        assert SavedRun(read_only).summary.status is Status.ELSEWHERE
    assert SavedRun(read_only).summary.status is Status.INTERRUPTED


def test_resume_is_offered_where_it_can_be(the_hub: RunHub, read_only: Path) -> None:
    copy("mine")
    resumable = {}
    for name in ("mine", "theirs"):
        at = page("1_Train.py", run=name)
        resumable[name] = not next(button for button in at.button if button.label == "Resume").disabled
        assert ("read-only" in panels(at)) == (name == "theirs")
    assert resumable == {"mine": True, "theirs": False}
    assert panels(page("app.py")).count("read-only") == 1
    with pytest.raises(Refused, match=r"run.lock: permission denied; change the permissions or the owner\.$"):
        the_hub.resume(SavedRun(read_only))


def refusing(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/runs/new")

    return refuse


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EROFS, "the disk is read-only; choose another folder"),
        (errno.EACCES, "permission denied; change the permissions or the owner"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_a_run_that_can_not_be_kept_does_not_start_and_leaves_nothing(
    number: int, words: str, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy("other")
    for owner, call in ((Path, "mkdir"), (tensorfile, "write")):
        with monkeypatch.context() as system:
            system.setattr(owner, call, refusing(number))
            with pytest.raises(Refused, match=f"^/runs/new: {words}\\.$"):
                the_hub.start(TINY)
    assert os.listdir(runs_root()) == ["other"]
    at = page("app.py")
    monkeypatch.setattr(Path, "mkdir", refusing(number))
    click(at, "Train on digits")
    assert [error.value.replace("\\", "") for error in at.error] == [f"/runs/new: {words}."]


def test_a_name_that_can_not_be_written_is_a_sentence(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    copy("mine")
    at = page("1_Train.py", run="mine")
    monkeypatch.setattr(tensorfile, "write", refusing(errno.ENOSPC))
    at.text_input(key="name_mine").set_value("first").run()
    assert "the disk is full" in at.error[0].value
    assert contents.name(runs_root() / "mine") == ""


def test_a_run_killed_before_its_first_checkpoint_opens(the_hub: RunHub) -> None:
    """Its tables have steps, but no checkpoint says how far it came."""
    run = copy("killed")
    shutil.rmtree(run / "checkpoints")
    for name in ("ended.json", "generator.safetensors", "critic.safetensors"):
        (run / name).unlink()
    for rows in (26, 0):
        for name in ("metrics.csv", "layers.csv"):
            write(run / name, rows_of(run / name)[: 1 + rows])
        latest = SavedRun(run).latest
        assert (latest.status, latest.step, len(latest.history), latest.history.layers) == ("interrupted", 0, 0, ())
        assert "Interrupted" in panels(page("1_Train.py", run="killed"))


def test_a_traceback_is_the_owners_alone(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    run = copy("failed")
    end = json.loads((run / "ended.json").read_text())
    end |= {"status": "failed", "error": "out of luck", "traceback": "File /home/ann/secret.py"}
    (run / "ended.json").write_text(json.dumps(end))
    monkeypatch.setenv("GANLAB_KEY", "the-key")
    monkeypatch.setattr(access, "_kept", lambda: "")
    for key, shown in (("the-key", True), ("", False)):
        at = page("1_Train.py", run="failed", key=key)
        assert [error.value.strip() for error in at.error] == ["**out of luck**"]
        assert ("/home/ann" in code(at)) == shown


def test_an_upload_that_was_removed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"file": DeletedFile("1"), "none": None})
    assert (uploads.file("file"), uploads.file("none")) == (None, None)
