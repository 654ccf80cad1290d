"""With `ganlab --guests`, only sessions that came with the key act; all others only look."""

from pathlib import Path
from typing import Any

import pytest
from gauges import progress
from moves import move
from served import interrupt, key_of, serve
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element
from stubs import TINY, wait_until
from visitor import visit
from visits import address, page, run_in

from ganlab.data import own_images, own_points
from ganlab.runs.disk import checkpoints, inbox, networks
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.generate import source
from ganlab.ui.kit import access
from ganlab.ui.kit.access import WATCHING

KEY = "the-key"
ACTS = [
    *((RunHub, name) for name in ("start", "resume", "delete", "list_images", "read_images")),
    *((TrainingRun, name) for name in ("pause", "step", "stop", "change", "switch")),
    (inbox, "send"),
    (own_images, "keep"),
    (own_points, "keep"),
    (networks, "read_network"),
]
"""Everything that a page can do to runs and files."""
VISITS = [
    ("app.py", "stopped", {}),
    ("1_Train.py", "", {"preset": "images", "images": "0" * 16}),
    ("1_Train.py", "", {"preset": "drawn"}),
    ("1_Train.py", "running", {}),
    ("1_Train.py", "paused", {}),
    ("1_Train.py", "stopped", {}),
    ("1_Train.py", "elsewhere", {}),
    ("3_Generate.py", "stopped", {}),
]


def note(acts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Note each act from now on, and refuse it."""
    for owner, name in ACTS:

        def act(*args: Any, name: str = name, **options: Any) -> None:
            acts.append(name)
            raise Refused(f"{name} was noted")

        monkeypatch.setattr(owner, name, act)


def moves(at: AppTest) -> tuple[WidgetStates, WidgetStates]:
    """Every widget of the page used: all its buttons at once, after everything else at once."""
    buttons, others = [], []
    for element in at._tree:
        if element.type == "file_uploader":
            ending = next(iter(element.proto.type), "")
            element.set_value((f"points{ending}", b"0.1, 0.2\n" * 20, "text/csv"))
            others.append(element._widget_state)
        elif isinstance(element, Element) and (state := move(element.proto)):
            (buttons if element.type == "button" else others).append(state)
    return WidgetStates(widgets=others), WidgetStates(widgets=buttons)


def send(at: AppTest, messages: tuple[WidgetStates, WidgetStates]) -> None:
    for message in messages:
        at._run(message)
        assert not at.exception, at.exception[0].message


def test_every_widget_acts_for_the_owner_and_none_for_guests(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setenv("GANLAB_KEY", KEY)
    runs = {state: run_in(state, the_hub, TINY).run_id for state in ("elsewhere", "stopped", "paused", "running")}
    by_owner: set[str] = set()
    source.example()  # read once, and kept: not an act
    with monkeypatch.context() as patch:
        note(done, patch)
        for name, state, query in VISITS:
            query = query | ({"run": runs[state]} if state else {})
            monkeypatch.setenv("GANLAB_KEY", KEY)
            owner = page(name, key=KEY, **query)
            done.clear()  # the page itself begins to read images
            sent = moves(owner)
            guest = page(name, **query)
            send(guest, sent)
            monkeypatch.setenv("GANLAB_KEY", "another")  # the page was drawn for its owner, who now is a guest
            send(owner, sent)
            assert done == []
            monkeypatch.setenv("GANLAB_KEY", KEY)
            owner = page(name, key=KEY, **query)
            send(owner, moves(owner))
            by_owner.update(done)
            done.clear()
    assert by_owner == {name for _, name in ACTS}


@pytest.fixture(autouse=True)
def cookie(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What browsers have in their cookie."""
    kept = [""]
    monkeypatch.setattr(access, "_kept", lambda: kept[0])
    return kept


@pytest.mark.parametrize("given", ["", "the-kez", "the-key-", "\u00e9"])
def test_only_the_key_makes_an_owner(
    given: str, the_hub: RunHub, cookie: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_KEY", KEY)
    guest = page("app.py", key=given)
    assert "Train on digits" not in [button.label for button in guest.button]
    assert WATCHING in [caption.value for caption in guest.caption]
    owner = page("app.py", key=KEY)
    assert "key" not in address(owner)
    owner.switch_page("pages/1_Train.py").run()
    assert "Start" in [button.label for button in owner.button]
    cookie[0] = KEY
    assert "Train on digits" in [button.label for button in page("app.py").button]
    cookie[0] = given
    assert "Train on digits" not in [button.label for button in page("app.py").button]
    monkeypatch.setenv("GANLAB_KEY", "")
    assert "Train on digits" in [button.label for button in page("app.py").button]


def test_a_guests_websocket_changes_nothing_with_the_owners_messages(tmp_path: Path) -> None:
    server = serve(tmp_path, "--guests")
    try:
        with visit(server.url) as owner, visit(server.url) as guest:
            run = owner.start_run(key=key_of(server))
            wait_until(lambda: "Running" in text(owner.open("Train", f"run={run}")))
            owner.click("Pause")
            wait_until(lambda: "Paused" in text(owner.open("Train", f"run={run}")))
            wait_until(lambda: checkpoint_of(server.runs / run) == progress(server.runs / run)[0])  # all is on disk
            sent = []
            for name, query in (
                ("Train", f"run={run}"),
                ("", ""),
                ("Train", "preset=drawn"),
                ("Generate", f"run={run}"),
            ):
                owner.open(name, query)
                states = [state for widget in owner.widgets.values() if (state := move(widget))]
                sent.append((name, query, [owner.frame(state) for state in states]))
            assert sum(len(frames) for *_, frames in sent) > 30
            before = contents(tmp_path)
            for name, query, frames in sent:
                guest.open(name, query)
                guest.replay(*frames)
            guest.replay(BackMsg(clear_cache=True).SerializeToString(), quiet=2.0)
            guest.open("Train", f"run={run}")
            guest.replay(BackMsg(clear_cache=True).SerializeToString())
            guest.watch(1.0)  # the page goes on, though its session has forgotten everything
            assert contents(tmp_path) == before
            owner.open("Train", f"run={run}")
            owner.click("Stop")
            wait_until((server.runs / run / "ended.json").exists)  # the owner's own Stop
    finally:
        interrupt(server)


def text(messages: list[ForwardMsg]) -> str:
    """The data of all components."""
    return "".join(message.delta.new_element.bidi_component.json for message in messages)


def checkpoint_of(run: Path) -> int:
    """The step of the newest checkpoint; -1 if there is none."""
    return max((file.step for file in checkpoints.files(run)), default=-1)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the server but its log."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"}
