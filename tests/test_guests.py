"""With `ganlab --guests`, only sessions that came with the key act; all others only look."""

from typing import Any

import pytest
from moves import move
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element
from stubs import TINY
from visits import address, page, run_in

from ganlab.data import own_images, own_points
from ganlab.runs import background
from ganlab.runs.disk import inbox, library, networks
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.sweep import Sweep, name_of
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
    *((background, name) for name in ("start", "stop")),
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
    ("4_Compare.py", "", {"sweep": "mine"}),
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
    sweep = Sweep(library.runs_root() / "mine")
    with sweep.taken(), monkeypatch.context() as patch:
        sweep.add({name_of(TINY): TINY})
        sweep.save()
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
