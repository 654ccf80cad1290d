"""Visits to a page by Streamlit's own test runner, entering through app.py."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest
from stubs import wait_until

from ganlab.config import TrainConfig
from ganlab.runs.disk import library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.hub import Run, RunHub
from ganlab.runs.training_run import TrainingRun

ROOT = Path(__file__).parents[2]
Finished = Callable[[TrainConfig], Run]
"""Gives a finished run with these settings; see hub_and_browser.py."""


def page(name: str, **query: str) -> AppTest:
    """Visit `app.py` or a file of pages/."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    at.query_params.update(query)
    if name != "app.py":
        at.switch_page(f"pages/{name}")
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def restart(the_hub: RunHub) -> None:
    """Let the hub and the caches forget everything, as in a new server."""
    the_hub.close()
    the_hub._runs.clear()
    the_hub._saved.clear()
    st.cache_resource.clear()


def click(at: AppTest, button: str) -> None:
    """Click the first button whose label starts with this text."""
    next(element for element in at.button if element.label.startswith(button)).click().run()


def address(at: AppTest) -> dict[str, str]:
    """The query in the page's address."""
    return {field: texts if isinstance(texts, str) else texts[0] for field, texts in at.query_params.items()}


def panels(at: AppTest) -> str:
    """The data of all components, as readable JSON."""
    data = (json.loads(element.proto.json) for element in at.get("bidi_component"))
    return "".join(json.dumps(each, ensure_ascii=False) for each in data)


def clamp(at: AppTest) -> dict:
    """The data of the drawing of the weights around the clamp."""
    data = (json.loads(element.proto.json) for element in at.get("bidi_component"))
    return next(each for each in data if "rungs" in each)


def code(at: AppTest) -> str:
    """Everything shown as code: lines and what they print."""
    return "".join(f"{block.value}\n" for block in at.code)


def run_in(state: str, the_hub: RunHub, config: TrainConfig) -> Run:
    """A run of the hub in this state: a status, or "elsewhere"."""
    if state in ("interrupted", "elsewhere"):
        return _on_disk(state, the_hub, config)
    changes = {"finished": {}, "failed": {"generator_lr": 1e30}}.get(state, {"steps": 10**6})
    run = the_hub.start(dataclasses.replace(config, **changes))
    if state == "paused":
        run.pause()
    if state == "stopped":
        run.stop()
    wait_until(lambda: run.latest.status == state)
    return run


def _on_disk(state: str, the_hub: RunHub, config: TrainConfig) -> Run:
    """A run whose process ended without recording it; if "elsewhere", its folder is locked, as by another process."""
    folder = RunFolder(library.runs_root() / library.new_run_id(), config)
    TrainingRun(folder, checkpoint_every=0.0).run()
    (folder.path / "ended.json").unlink()
    if state == "elsewhere":
        folder._lock.acquire()
        the_hub.elsewhere = folder  # without a reference to it, the lock would be released
    return the_hub.find(folder.path.name)
