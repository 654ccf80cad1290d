"""Every page in every state, and the list of runs on Home, by Streamlit's own test runner."""

import dataclasses
import gc
import shutil

import pytest
import torch
from stubs import TINY, TINY_IMAGES, wait_until
from visits import ROOT, address, click, page, panels, run_in

from ganlab.config import TrainConfig
from ganlab.links import link
from ganlab.runs.disk import contents, library
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.snapshot import Status
from ganlab.ui.kit import html

pytestmark = pytest.mark.usefixtures("the_hub")
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))
STATES = {
    "no run": "Ready",
    "running": "Running",
    "paused": "Paused",
    "stopped": "Stopped",
    "finished": "Finished",
    "failed": "Failed",
    "interrupted": "Interrupted",
    "elsewhere": "Running",
}
"""And the words for them on the pages."""


LESSONS = ("2_Weight_Clipping.py", "6_Building_Blocks.py")
"""They look the same whatever a run trains on and however it ended."""


@pytest.mark.parametrize(
    ("state", "config"),
    [
        pytest.param(state, config, id=f"{state} {config.dataset}")
        for state in STATES
        for config in (TINY, TINY_IMAGES)
        if state != "no run" or config is TINY
    ],
)
def test_every_page_in_every_state(state: str, config: TrainConfig, the_hub: RunHub) -> None:
    run = "" if state == "no run" else run_in(state, the_hub, config).run_id
    for name in ("app.py", *PAGES):
        if name not in LESSONS or (config is TINY and state in ("no run", "running", "interrupted")):
            check_page(name, state, run)


def check_page(name: str, state: str, run: str) -> None:
    at = page(name, **({"runs" if name == "4_Compare.py" else "run": run} if run else {}))
    labels = [button.label for button in at.button]
    if name == "4_Compare.py" and run:
        assert panels(at).count(f">{STATES[state]}<") == 2  # in the table, and beside its letter
    if name == "1_Train.py":
        assert STATES[state] in panels(at)
        expected = {"no run": "Start", "running": "Pause", "elsewhere": "Pause", "paused": "Resume"}.get(
            state, "Run again"
        )
        assert expected in labels
        assert ("Resume" in labels) == (state in ("paused", "stopped", "interrupted"))
        if state == "failed":
            assert "step 2" in at.error[0].value
    if name == "app.py" and run:
        assert STATES[state] in panels(at)
        assert ("Delete it" in labels) == (state not in ("running", "paused"))


def live_tensors() -> int:
    gc.collect()
    return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())


def test_visits_leave_no_tensors_behind(the_hub: RunHub) -> None:
    run = run_in("stopped", the_hub, TINY_IMAGES)
    counts = []
    for _ in range(2):  # the first visits fill the caches
        for name in ("app.py", *PAGES):
            at = page(name, run=run.run_id)
            if name == "3_Generate.py":
                click(at, "Measure")
            wait_until(lambda: the_hub._measuring is None or the_hub._measuring.is_over)
        counts.append(live_tensors())
    assert counts[0] == counts[1]


def test_the_form_names_the_run_in_the_way_opens_it_or_pauses_it_and_starts(the_hub: RunHub) -> None:
    the_hub.limit = 1
    first = run_in("running", the_hub, TINY)
    contents.rename(first.path, "the <first>")
    at = page("1_Train.py", **link(dataclasses.replace(TINY, steps=10**6)))
    assert "the &lt;first&gt;" in panels(at)
    assert "Start" not in [button.label for button in at.button]
    home = page("app.py")
    click(home, "Train on digits")
    assert address(home) == {"preset": "digits"}
    assert [run.run_id for run in the_hub.runs] == [first.run_id]
    click(at, "Open it")
    assert address(at) == {"run": first.run_id}
    at = page("1_Train.py", **link(dataclasses.replace(TINY, steps=10**6)))
    click(at, "Pause it and start this")
    second, _ = the_hub.runs
    assert address(at) == {"run": second.run_id}
    assert first.latest.status is Status.PAUSED
    at = page("1_Train.py", run=first.run_id)
    click(at, "Resume")
    assert html.plain(second.name) in at.error[0].value
    second.pause()
    click(at, "Resume")
    assert not at.error
    wait_until(lambda: first.latest.status is Status.RUNNING)
    page("1_Train.py", run=second.run_id)
    first.stop()
    assert first.join(10)
    assert "Start" in [button.label for button in page("1_Train.py", preset="8-gaussians").button]


def test_home_shows_the_run_that_trains(the_hub: RunHub) -> None:
    for config in (TINY, TINY_IMAGES):
        run = run_in("running", the_hub, config)
        wait_until(lambda run=run: run.latest.step > 0)
        captions = [caption.value for caption in page("app.py").caption]
        assert any(html.plain(run.name) in caption for caption in captions)
        run.pause()
        wait_until(lambda run=run: run.latest.status is Status.PAUSED)
    captions = [caption.value for caption in page("app.py").caption]
    assert any("default run after step 720" in caption for caption in captions)


def test_a_run_is_named_on_home_and_on_train(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, TINY)
    at = page("app.py")
    at.text_input(key=f"name_{run.run_id}").set_value("my <b>run</b>").run()
    assert "my &lt;b&gt;run" in panels(at)
    at = page("1_Train.py", run=run.run_id)
    assert "my &lt;b&gt;run" in panels(at)
    at.text_input(key=f"name_{run.run_id}").set_value("two\nlines").run()
    assert at.error
    assert run.name == "my <b>run</b>"
    at.text_input(key=f"name_{run.run_id}").set_value(" ").run()
    assert run.name == "8 Gaussians, ±0.1"


def test_ten_earlier_runs_are_listed_then_all_and_each_can_be_deleted(the_hub: RunHub) -> None:
    run = run_in("interrupted", the_hub, TINY)
    for i in range(12):
        copy = run.path.with_name(f"20260101-000000-{i:04x}")
        shutil.copytree(run.path, copy)
    (library.runs_root() / "notes.txt").write_text("not a run")
    (library.runs_root() / "20260101-000000-0003" / "config.json").write_text("{")
    at = page("app.py")
    assert [button.label for button in at.button].count("Delete it") == 10
    click(at, "Show all 13")
    assert [button.label for button in at.button].count("Delete it") == 13
    assert "20260101-000000-0003/config.json" in "".join(caption.value for caption in at.caption)
    for run_id in (run.run_id, "20260101-000000-0003"):
        at.button(key=f"delete_{run_id}").click().run()
        assert not (library.runs_root() / run_id).exists()
    assert not at.exception


def test_a_run_of_another_process_is_neither_resumed_nor_deleted(the_hub: RunHub) -> None:
    run = run_in("elsewhere", the_hub, TINY)
    with pytest.raises(Refused):
        the_hub.resume(run)
    with pytest.raises(Refused):
        the_hub.delete(run.run_id)
    assert run.latest.step == TINY.steps
