"""Every page in every state, by Streamlit's own test runner, entering through app.py."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from stubs import TINY, TINY_IMAGES, wait_until

from ganlab.config import PRESETS, TrainConfig
from ganlab.hub import RunHub
from ganlab.runs import TrainingRun
from ganlab.snapshot import Status
from ganlab.ui.hub import hub

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))
STATES = ("no run", "running", "paused", "stopped", "finished", "failed")


@pytest.fixture(autouse=True)
def the_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunHub]:
    monkeypatch.chdir(ROOT)
    st.cache_resource.clear()
    yield hub()
    st.cache_resource.clear()  # its release stops and joins all runs


def page(name: str, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    at.query_params.update(query)
    at.run()
    if name != "app.py":
        at.switch_page(f"pages/{name}")
        at.run()
    assert not at.exception, at.exception[0].message
    return at


def run_in(state: str, the_hub: RunHub, config: TrainConfig) -> TrainingRun:
    long = dataclasses.replace(config, steps=10**6)
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


def panels(at: AppTest) -> str:
    return "".join(element.proto.json for element in at.get("bidi_component"))


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", ["app.py", *PAGES])
def test_every_page_in_every_state(name: str, state: str, config: TrainConfig, the_hub: RunHub) -> None:
    query = {} if state == "no run" else {"run": run_in(state, the_hub, config).run_id}
    at = page(name, **query)
    labels = [button.label for button in at.button]
    if name == "1_Train.py":
        words = {"no run": "Ready", "running": "Running", "paused": "Paused"}.get(state, state.capitalize())
        assert words in panels(at)
        expected = {"no run": "Start", "running": "Pause", "paused": "Resume"}.get(state, "Run again")
        assert expected in labels
        if state == "failed":
            assert at.error[0].value.startswith("**Stopped at step 2")
    if name == "app.py" and state in ("running", "paused"):
        assert state.capitalize() in panels(at)


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
    at.toggle(key="mirror").set_value(False).run()
    at.number_input(key="high").set_value(0.0137).run()
    assert run.wanted.clip_range == (-0.05, 0.0137)
    assert at.select_slider(key="clip").value == (-0.05, 0.0137)
    at.number_input(key="low").set_value(0.5).run()
    assert run.wanted.clip_range == (-0.05, 0.0137)  # refused: nothing changes
    assert "Low must be below high. The range stays at" in panels(at)
    assert at.number_input(key="low").value == -0.05
    wait_until(lambda: len(run.latest.changes) == 2)


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
    assert at.button[0].label == "New run"
    at.button[0].click().run()
    assert run.run_id in at.error[0].value
    home = page("app.py")
    home.button[0].click().run()
    assert run.run_id in home.error[0].value
    assert len(the_hub.runs) == 1


def test_a_late_message_of_the_browser_moves_nothing(the_hub: RunHub) -> None:
    """A tick that left before the browser heard of a change carries every old value; a user moves one."""
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    next(button for button in at.button if button.label.startswith("Clip ten times tighter")).click().run()
    at.select_slider(key="clip").set_range(-0.1, 0.1)
    at.number_input(key="low").set_value(-0.1)
    at.number_input(key="high").set_value(0.1)
    at.run()
    assert run.wanted.clip_range == (-0.01, 0.01)
    at.number_input(key="high").set_value(0.1).run()
    assert run.wanted.clip_range == (-0.1, 0.1)


def test_symmetric_follows_the_range(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    next(button for button in at.button if button.label.startswith("Forbid negative")).click().run()
    assert run.wanted.clip_range == (0.0, 0.1)
    assert not at.toggle(key="mirror").value
    at.toggle(key="mirror").set_value(True).run()
    assert run.wanted.clip_range == (-0.1, 0.1)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"preset": "cats"}, "There is no preset 'cats'; there are digits"),
        ({"run": "cats"}, "does not name a run"),
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
    assert "steps must be from 1" in at.error[0].value
    assert at.number_input(key="set_steps").value == PRESETS["8-gaussians"].steps  # nothing changed
    assert the_hub.runs == []


def test_run_again_is_the_same_run(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    next(button for button in at.button if button.label == "Run again").click().run()
    again = the_hub.runs[0]
    assert again is not run
    wait_until(lambda: again.latest.status is Status.FINISHED)
    assert (again.latest.samples == run.latest.samples).all()


def test_generate_shows_the_same_samples_for_the_same_seed(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, TINY_IMAGES)
    first, second = (page("3_Generate.py", run=run.run_id).get("image")[0].proto.SerializeToString() for _ in range(2))
    assert first == second
