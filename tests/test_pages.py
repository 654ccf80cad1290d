"""Every page in every state, and the list of runs on Home, by Streamlit's own test runner."""

import shutil

import pytest
from stubs import TINY, TINY_IMAGES
from visits import ROOT, click, page, panels, run_in

from ganlab.config import TrainConfig
from ganlab.runs.disk import library
from ganlab.runs.hub import Refused, RunHub

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
    "elsewhere": "Running elsewhere",
}
"""And the words for them on the pages."""


LESSONS = ("2_Weight_Clipping.py", "6_Building_Blocks.py")
"""They look the same whatever a run trains on and however it ended."""


@pytest.mark.parametrize(
    ("name", "state", "config"),
    [
        pytest.param(name, state, config, id=f"{name} {state} {config.dataset}")
        for name in ["app.py", *PAGES]
        for state in STATES
        for config in (TINY, TINY_IMAGES)
        if name not in LESSONS or (config is TINY and state in ("no run", "running", "interrupted"))
    ],
)
def test_every_page_in_every_state(name: str, state: str, config: TrainConfig, the_hub: RunHub) -> None:
    query = {} if state == "no run" else {"run": run_in(state, the_hub, config).run_id}
    at = page(name, **query)
    labels = [button.label for button in at.button]
    if name == "1_Train.py":
        assert STATES[state] in panels(at)
        expected = {"no run": "Start", "running": "Pause", "paused": "Resume"}.get(state, "Run again")
        assert expected in labels
        assert ("Resume" in labels) == (state in ("paused", "stopped", "interrupted"))
        if state == "failed":
            assert "step 2" in at.error[0].value
    if name == "app.py" and state != "no run":
        assert STATES[state] in panels(at)
        assert ("Delete it" in labels) == (state not in ("running", "paused"))


def test_a_start_beyond_the_limit_is_refused_and_names_the_run_to_stop(the_hub: RunHub) -> None:
    the_hub._limit = 1
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", preset="8-gaussians")
    at.button[0].click().run()
    assert run.run_id in at.error[0].value
    home = page("app.py")
    home.button[0].click().run()
    assert run.run_id in home.error[0].value
    assert len(the_hub.runs) == 1


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
