"""Every page in every state, by Streamlit's own test runner, entering through app.py."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest
from stubs import TINY, TINY_IMAGES, wait_until
from visits import ROOT, page, panels

from ganlab.config import PRESETS, TrainConfig, from_link, link
from ganlab.runs.disk import contents, library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.history import METRICS, HistoryWriter
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.kit.server import hub
from ganlab.ui.train import downloads

pytestmark = pytest.mark.usefixtures("the_hub")
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))
STATES = ("no run", "running", "paused", "stopped", "finished", "failed", "interrupted", "elsewhere")


def run_in(state: str, the_hub: RunHub, config: TrainConfig) -> TrainingRun:
    long = dataclasses.replace(config, steps=10**6)
    if state in ("interrupted", "elsewhere"):
        return on_disk(state, the_hub, config)
    if state == "finished":
        run = the_hub.start(config)
    elif state == "failed":
        run = the_hub.start(dataclasses.replace(config, generator_lr=1e30))
    else:
        run = the_hub.start(long)
    if state == "paused":
        run.pause()
    if state == "stopped":
        run.stop()
    wait_until(lambda: run.latest.status == state)
    return run


def on_disk(state: str, the_hub: RunHub, config: TrainConfig) -> SavedRun:
    """A run that a process left without a word, or that another one trains."""
    folder = RunFolder(library.runs_root() / library.new_run_id(), config)
    TrainingRun(config, folder, checkpoint_every=0.0).run()
    (folder.path / "ended.json").unlink()
    if state == "elsewhere":
        folder._lock.acquire()
        the_hub.elsewhere = folder  # with the last reference to it the lock would go
    return the_hub.find(folder.path.name)


def address(at: AppTest) -> dict[str, str]:
    return {field: texts if isinstance(texts, str) else texts[0] for field, texts in at.query_params.items()}


def hear(at: AppTest) -> None:
    """What the first tick does that carries the new values: AppTest has no ticks."""
    at.session_state["late_values"] = {}


ONCE = ("2_Weight_Clipping.py", "6_Building_Blocks.py")  # look at the same whatever a run is of


@pytest.mark.parametrize(
    ("name", "state", "config"),
    [
        pytest.param(name, state, config, id=f"{name} {state} {config.dataset}")
        for name in ["app.py", *PAGES]
        for state in STATES
        for config in (TINY, TINY_IMAGES)
        if name not in ONCE or (config is TINY and state in ("no run", "running", "interrupted"))
    ],
)
def test_every_page_in_every_state(name: str, state: str, config: TrainConfig, the_hub: RunHub) -> None:
    query = {} if state == "no run" else {"run": run_in(state, the_hub, config).run_id}
    at = page(name, **query)
    labels = [button.label for button in at.button]
    if name == "1_Train.py":
        words = {"no run": "Ready", "elsewhere": "Running elsewhere"}.get(state, state.capitalize())
        assert words in panels(at)
        expected = {"no run": "Start", "running": "Pause", "paused": "Resume"}.get(state, "Run again")
        assert expected in labels
        assert ("Resume" in labels) == (state in ("paused", "stopped", "interrupted"))
        if state == "failed":
            assert at.error[0].value.startswith("**Stopped at step 2")
    if name == "app.py" and state != "no run":
        assert (state.capitalize() if state != "elsewhere" else "Running elsewhere") in panels(at)
        assert ("Delete it" in labels) == (state not in ("running", "paused"))


def test_starting_and_steering_by_the_widgets(the_hub: RunHub) -> None:
    at = page("1_Train.py", preset="8-gaussians")
    at.number_input(key="set_steps").set_value(10**6).run()
    at.button[0].click().run()
    assert not at.exception
    (run,) = the_hub.runs
    assert at.query_params["run"] == run.run_id
    wait_until(lambda: run.latest.step > 2)
    at.run()
    at.select_slider(key="clip").set_range(-0.05, 0.1).run()
    assert run.wanted.clip_range == (-0.05, 0.05)  # Symmetric takes the other bound along
    at.toggle(key="symmetric").set_value(False).run()
    at.number_input(key="high").set_value(0.0137).run()
    assert run.wanted.clip_range == (-0.05, 0.0137)
    assert at.select_slider(key="clip").value == (-0.05, 0.0137)
    at.number_input(key="low").set_value(0.5).run()
    assert run.wanted.clip_range == (-0.05, 0.0137)  # refused: nothing changes
    assert "Low must be below high. The range stays at" in panels(at)
    assert at.number_input(key="low").value == -0.05
    wait_until(lambda: run.latest.config.clip_range == (-0.05, 0.0137))


def test_another_tab_sees_what_this_one_did(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    mine, theirs = page("1_Train.py", run=run.run_id), page("1_Train.py", run=run.run_id)
    mine.select_slider(key="clip").set_range(-0.2, 0.1).run()
    theirs.run()
    assert theirs.select_slider(key="clip").value == (-0.2, 0.2)


def test_a_full_house_is_refused_by_name(the_hub: RunHub) -> None:
    the_hub._limit = 1
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", preset="8-gaussians")
    at.button[0].click().run()
    assert run.run_id in at.error[0].value
    home = page("app.py")
    home.button[0].click().run()
    assert run.run_id in home.error[0].value
    assert len(the_hub.runs) == 1


@pytest.mark.parametrize("also", [(), ("low",), ("low", "high")])
def test_a_late_message_of_the_browser_moves_nothing(also: tuple[str, ...], the_hub: RunHub) -> None:
    """A tick that left before the browser heard of a change carries some or all old values; a user moves one."""
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    next(button for button in at.button if button.label.startswith("Clip ten times tighter")).click().run()
    at.select_slider(key="clip").set_range(-0.1, 0.1)
    for key in also:
        at.number_input(key=key).set_value({"low": -0.1, "high": 0.1}[key])
    at.run()
    assert run.wanted.clip_range == (-0.01, 0.01)
    hear(at)
    at.number_input(key="high").set_value(0.1).run()
    assert run.wanted.clip_range == (-0.1, 0.1)


def test_symmetric_follows_the_range(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    next(button for button in at.button if button.label.startswith("Forbid negative")).click().run()
    assert run.wanted.clip_range == (0.0, 0.1)
    assert not at.toggle(key="symmetric").value
    hear(at)
    at.toggle(key="symmetric").set_value(True).run()
    assert run.wanted.clip_range == (-0.1, 0.1)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"preset": "cats"}, "There is no preset 'cats'; there are digits"),
        ({"run": "../cats"}, "does not name a run"),
        ({"run": "20260101-000000-abcd"}, "There is no run 20260101-000000-abcd here"),
    ],
)
def test_a_bad_link_is_a_sentence_above_the_start_page(query: dict[str, str], words: str) -> None:
    at = page("1_Train.py", **query)
    assert words in at.warning[0].value
    assert "Start" in [button.label for button in at.button]


@pytest.mark.parametrize("steps", [0, -5])
def test_an_impossible_number_of_steps_is_a_sentence(steps: int, the_hub: RunHub) -> None:
    at = page("1_Train.py", preset="8-gaussians")
    at.number_input(key="set_steps").set_value(steps).run()
    assert "Total steps must be from 1" in at.error[0].value
    assert at.number_input(key="set_steps").value == PRESETS["8-gaussians"].steps  # nothing changed
    assert the_hub.runs == []


def test_an_edit_goes_into_the_address_and_the_run(the_hub: RunHub) -> None:
    at = page("1_Train.py", preset="8-gaussians", seed="5")
    at.number_input(key="set_width").set_value(8).run()
    at.number_input(key="set_low").set_value(-0.3).run()
    at.number_input(key="set_steps").set_value(2)
    at.button[0].click().run()  # what was typed last comes with the click
    assert not at.exception
    (run,) = the_hub.runs
    wanted = {"seed": 5, "width": 8, "clip_range": (-0.3, 0.1), "steps": 2}
    assert run.config == dataclasses.replace(PRESETS["8-gaussians"], **wanted)
    wait_until(lambda: run.latest.status is Status.FINISHED)
    at.run()
    next(button for button in at.button if button.label == "New run").click().run()
    assert from_link(address(at)) == run.config
    next(button for button in at.button if button.key == "choose_digits").click().run()
    assert address(at) == link(PRESETS["digits"])
    assert at.number_input(key="set_width").value == PRESETS["digits"].width


def test_the_same_link_twice_gives_the_same_rows(the_hub: RunHub) -> None:
    query = link(dataclasses.replace(TINY, steps=50, warm_up=1, optimizer="adam"))
    for _ in range(2):
        page("1_Train.py", **query).button[0].click().run()
        wait_until(lambda: the_hub.runs[0].latest.status is Status.FINISHED)
    first, second = (run.latest.history.rows for run in the_hub.runs)
    assert first.shape == (50, len(METRICS))
    assert METRICS[-1] == "seconds"
    assert np.array_equal(first[:, :-1], second[:, :-1])


def test_every_setting_has_a_widget_and_a_sentence() -> None:
    shown = set()
    for name in ("digits", "8-gaussians", "images"):
        at = page("1_Train.py", preset=name)
        widgets = [*at.number_input, *at.selectbox, *at.get("button_group")]
        found = {w.key.removeprefix("set_"): w for w in widgets if (w.key or "").startswith("set_")}
        assert [key for key, w in found.items() if not w.help.endswith(".")] == []
        shown |= set(found)
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    assert (shown - {"low", "high"}) | {"clip_range", "dataset", "images", "looking_seed", "pixels", "points"} == fields


def test_settings_can_be_loaded_from_a_file(the_hub: RunHub) -> None:
    at = page("1_Train.py")
    config = dataclasses.replace(PRESETS["swiss-roll"], width=64)
    at.get("file_uploader")[0].set_value(("mine.json", json.dumps(config.as_dict()).encode(), "application/json")).run()
    assert address(at) == link(config)
    for text, words in (
        (b"{", "is not JSON"),
        (b"[]", "an object"),
        (b'{"age": 2, "seed": -1}', "called age. seed must"),
    ):
        at = page("1_Train.py")
        at.get("file_uploader")[0].set_value(("mine.json", text, "application/json")).run()
        assert words in at.error[0].value
        assert address(at) == {}


def test_rates_and_n_critic_are_steered(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    at.number_input(key="critic_lr").set_value(1e-3).run()
    at.number_input(key="n_critic").set_value(3).run()
    assert (run.wanted.critic_lr, run.wanted.n_critic) == (1e-3, 3)
    at.number_input(key="generator_lr").set_value(0.0).run()
    assert "Generator learning rate must be a number above 0" in at.error[0].value
    assert at.number_input(key="generator_lr").value == TINY.generator_lr
    wait_until(lambda: [change.field for change in run.latest.changes] == ["critic_lr", "n_critic"])


def test_a_card_clicked_with_an_edit_wins(the_hub: RunHub) -> None:
    at = page("1_Train.py")
    at.number_input(key="set_steps").set_value(7)
    next(button for button in at.button if button.key == "choose_swiss-roll").click().run()
    assert address(at) == link(PRESETS["swiss-roll"])
    assert not at.error


def test_a_broken_link_can_be_mended_and_kept_images_for(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    at = page("1_Train.py", preset="images", www="http://evil.example")
    assert "no setting called www" in at.warning[0].value.replace("\N{WORD JOINER}", "")
    at.text_input(key="images_folder").set_value("~nosuchuser/x").run()
    assert "full path" in at.error[0].value
    at.number_input(key="set_seed").set_value(7).run()
    assert address(at) == link(dataclasses.replace(PRESETS["images"], seed=7))
    assert not at.warning


def test_curves_of_a_run_that_failed_at_once_are_a_table(the_hub: RunHub) -> None:
    run = run_in("failed", the_hub, TINY)
    lines = downloads.curves_csv(run.latest).decode().splitlines()
    assert len(lines) == 2
    assert {len(line.split(",")) for line in lines} == {len(METRICS) + 2 * 4}
    held = dataclasses.replace(run.latest, history=HistoryWriter().view())
    assert downloads.curves_csv(held).decode() == ",".join(METRICS) + "\n"


def test_frozen_charts_stay_while_the_run_goes_on(the_hub: RunHub) -> None:
    def chart(at: AppTest) -> str:
        (found,) = (e.proto.json for e in at.get("bidi_component") if '"Critic estimate over' in e.proto.json)
        return found

    run = run_in("running", the_hub, TINY)
    wait_until(lambda: run.latest.step > 0)
    at = page("1_Train.py", run=run.run_id)
    at.toggle(key="freeze").set_value(True).run()
    before, step = chart(at), run.latest.step
    wait_until(lambda: run.latest.step > step + 20)
    assert chart(at.run()) == before
    assert chart(at.toggle(key="freeze").set_value(False).run()) != before
    at.toggle(key="freeze").set_value(True).run()
    next(button for button in at.button if button.label == "Stop").click().run()
    wait_until(lambda: run.latest.status is Status.STOPPED)
    at.run()
    next(button for button in at.button if button.label == "Run again").click().run()
    assert not at.toggle(key="freeze").value


def test_a_folder_of_images_is_seen_before_the_start(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    for i in range(16):
        Image.new("RGB", (20, 10), (16 * i, 0, 0)).save(tmp_path / f"{i}.png")
    at = page("1_Train.py", preset="images")
    assert at.button[0].disabled
    at.text_input(key="images_folder").set_value("/no/such/folder").run()
    assert "is not a folder" in at.error[0].value
    at.text_input(key="images_folder").set_value(str(tmp_path)).run()
    assert not at.button[0].disabled
    assert "16 of 16 images" in [caption.value for caption in at.caption][1]
    at.number_input(key="set_width").set_value(4).run()
    at.button[0].click().run()
    (run,) = the_hub.runs
    wait_until(lambda: run.latest.step > 0)
    assert run.latest.sample_shape == (3, 32, 32)


def test_own_points_from_a_csv_are_trained_on(the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))

    def upload(lines: list[str]) -> None:
        content = "\n".join(lines).encode()
        at.get("file_uploader")[0].set_value(("p.csv", content, "text/csv")).run()

    at = page("1_Train.py")
    at.get("button_group")[0].set_value("drawn").run()
    assert at.button[0].disabled
    upload(["1,2", "a,b"])
    assert "Line 2 of p.csv is not two numbers" in at.error[0].value
    assert at.button[0].disabled
    upload(["x,y", *(f"{i},{-i}" for i in range(20))])
    assert "both divided by 5.938" in at.info[0].value
    assert not at.button[0].disabled
    at.number_input(key="set_width").set_value(8).run()
    at.button[0].click().run()
    (run,) = the_hub.runs
    wait_until(lambda: run.latest.step > 0)
    assert run.config.points == address(page("1_Train.py", **link(run.config)))["points"]


def test_shapes_to_start_from_and_a_link_from_another_computer(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    at = page("1_Train.py", preset="drawn", points="0" * 16)
    assert "are not on this computer" in at.error[0].value
    assert at.button[0].disabled
    pills = next(group for group in at.get("button_group") if group.key == "points_shape")
    pills.set_value("Heart").run()
    assert not at.exception
    assert not at.error
    assert not at.button[0].disabled
    name = address(at)["points"]
    next(button for button in at.button if button.key == "choose_digits").click().run()
    at.get("button_group")[0].set_value("drawn").run()
    assert address(at)["points"] == name


def test_run_again_is_the_same_run(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    next(button for button in at.button if button.label == "Run again").click().run()
    again = the_hub.runs[0]
    assert again is not run
    wait_until(lambda: again.latest.status is Status.FINISHED)
    assert (again.latest.samples == run.latest.samples).all()


def test_a_stopped_run_is_resumed_also_by_a_new_server(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    wait_until(lambda: run.latest.step > 20)
    run.change(clip_range=(-0.2, 0.2))
    wait_until(lambda: run.latest.changes)
    run.stop()
    assert run.join(10)
    st.cache_resource.clear()
    again = hub().find(run.run_id)
    assert again is not run
    for field in ("status", "step", "critic_step", "config", "changes", "seconds", "device"):
        assert getattr(again.latest, field) == getattr(run.latest, field), field
    assert np.array_equal(again.latest.samples, run.latest.samples)
    assert np.array_equal(again.latest.real, run.latest.real)
    assert np.array_equal(again.latest.history.rows, run.latest.history.rows)
    assert np.array_equal(again.latest.history.layer_counts, run.latest.history.layer_counts)
    assert again.latest.history.layers == run.latest.history.layers
    assert [h.after_counts for h in again.latest.weights] == [h.after_counts for h in run.latest.weights]
    at = page("1_Train.py", run=run.run_id)
    next(button for button in at.button if button.label == "Resume").click().run()
    resumed = hub().find(run.run_id)
    wait_until(lambda: resumed.latest.step > run.latest.step)
    at.run()
    assert not at.exception
    assert "Running" in panels(at)
    assert at.select_slider(key="clip").value == (-0.2, 0.2)


def test_earlier_runs_are_ten_then_all_and_can_be_deleted(the_hub: RunHub) -> None:
    run = run_in("interrupted", the_hub, TINY)
    for i in range(12):
        copy = run.path.with_name(f"20260101-000000-{i:04x}")
        shutil.copytree(run.path, copy)
    (library.runs_root() / "notes.txt").write_text("foreign")
    (library.runs_root() / "20260101-000000-0003" / "config.json").write_text("{")
    at = page("app.py")
    assert len([button for button in at.button if button.label == "Delete it"]) == 10
    next(button for button in at.button if button.label == "Show all 13").click().run()
    assert len([button for button in at.button if button.label == "Delete it"]) == 13
    assert "20260101-000000-0003/config.json can't be read" in "".join(c.value for c in at.caption).replace("\\", "")
    for run_id in (run.run_id, "20260101-000000-0003"):
        at.button(key=f"delete_{run_id}").click().run()
        assert not (library.runs_root() / run_id).exists()
    assert not at.exception


def test_a_run_of_another_process_is_neither_resumed_nor_deleted(the_hub: RunHub) -> None:
    run = run_in("elsewhere", the_hub, TINY)
    for deed in (lambda: the_hub.resume(run), lambda: the_hub.delete(run.run_id)):
        with pytest.raises(Refused, match="is being trained by another process"):
            deed()
    assert run.latest.step == TINY.steps


def test_damaged_files_are_named_and_the_rest_is_shown(the_hub: RunHub) -> None:
    run = run_in("interrupted", the_hub, TINY)
    contents.checkpoint_files(run.path)[-1].path.write_bytes(b"words")
    (run.path / "layers.csv").write_text("step\n1,2\n")
    at = page("1_Train.py", run=run.run_id)
    assert "be used as a checkpoint: it was damaged or changed" in panels(at)
    assert "layers.csv is damaged" in panels(at)
    assert "step <b>5</b>" in panels(at).replace("\\u003c", "<").replace("\\u003e", ">")


def test_a_resume_that_failed_while_loading_offers_another(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_in("stopped", the_hub, TINY)

    def offline(*_: object) -> None:
        raise ConnectionError("No network.")

    with monkeypatch.context() as loading:
        loading.setattr("ganlab.data.datasets.load", offline)
        assert the_hub.resume(run).join(20)
    assert the_hub.find(run.run_id).latest.status is Status.FAILED
    at = page("1_Train.py", run=run.run_id)
    next(button for button in at.button if button.label == "Resume").click().run()
    assert not at.exception
    assert the_hub.find(run.run_id).latest.status in (Status.STARTING, Status.RUNNING)
