"""The panel of instruments on Train, by Streamlit's own test runner."""

import dataclasses
import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from stubs import TINY, TINY_IMAGES, wait_until
from visits import page

from ganlab import datasets, lookout, store
from ganlab.config import TrainConfig
from ganlab.hub import RunHub
from ganlab.instruments import INSTRUMENTS
from ganlab.probes.gradients import Gradients
from ganlab.readings import Reading
from ganlab.runs import TrainingRun
from ganlab.snapshot import HistoryWriter, no_readings
from ganlab.ui import instrument_words as words
from ganlab.ui import instruments, overview

pytestmark = pytest.mark.usefixtures("the_hub")
FIRST = "look for the first time in a few seconds"


def looked_at(the_hub: RunHub, config: TrainConfig) -> TrainingRun:
    run = the_hub.start(dataclasses.replace(config, steps=10**6))
    wait_until(lambda: run.latest.reading)
    return run


def titles(at: AppTest) -> list[str]:
    return [
        name for name in instruments.CARDS if f"<b>{name}</b></div>" in told(at) or f"<b>{name}</b><div>" in told(at)
    ]


def told(at: AppTest) -> str:
    return "".join(json.loads(e.proto.json).get("html", "") for e in at.get("bidi_component"))


def plots(at: AppTest) -> dict[str, dict]:
    data = [json.loads(e.proto.json) for e in at.get("bidi_component")]
    return {found["alt"].split(",")[0]: found for found in data if "alt" in found}


def pills(at: AppTest, key: str) -> object:
    return next(group for group in at.get("button_group") if group.key == key)


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_before_the_first_look_nothing_is_claimed(
    config: TrainConfig, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "FIRST", 10**9)
    run = the_hub.start(dataclasses.replace(config, steps=10**6))
    wait_until(lambda: run.latest.step > 1)
    at = page("1_Train.py", run=run.run_id)
    assert FIRST in told(at)
    assert titles(at) == instruments.cards_of(config)
    assert told(at).count("<p>–</p>") == len(titles(at)) - 1  # what sits at the bounds is known all the same
    assert "CPU time" not in told(at)


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_a_reading_is_told_by_every_card(config: TrainConfig, the_hub: RunHub) -> None:
    run = looked_at(the_hub, config)
    run.pause()
    at = page("1_Train.py", run=run.run_id)
    assert FIRST not in told(at)
    assert "<p>–</p>" not in told(at)
    assert "% of the run's CPU time" in told(at)
    last = list(dict(run.latest.critic.named_children()))[-1 if config is TINY else -2]
    assert f"data-layer='{last}'" in told(at)
    assert not any("Nothing is measured" in alt for alt in plots(at))


def test_what_is_switched_off_is_not_measured_and_goes(the_hub: RunHub) -> None:
    run = looked_at(the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    keep = ["Gradient norms", "Distances", instruments.PLANE]
    pills(at, "cards").set_value(keep).run()
    assert run.instruments == {"gradients", "distances", "plane"}
    assert titles(at) == keep
    wait_until(lambda: run.latest.reading.lipschitz is None)
    other = page("1_Train.py", run=run.run_id)
    both = ("Weight gradients", "Weights at the bounds", "Training and held-out estimate")
    assert set(titles(other)) == {*keep, *both}  # the run owns what is measured, a page what it puts away
    pills(at, "cards").set_value(["Weights at the bounds"]).run()
    assert run.instruments == frozenset()
    assert titles(at) == ["Weights at the bounds"]


def test_the_planes_layers_are_switched(the_hub: RunHub) -> None:
    run = looked_at(the_hub, TINY)
    run.pause()
    at = page("1_Train.py", run=run.run_id)
    assert any(alt.startswith("The plane with values") for alt in plots(at))
    pills(at, "plane_layers").set_value(["latent map"]).run()
    assert any(alt.startswith("The plane with latent map") for alt in plots(at))
    assert not any(alt.startswith("The plane with values") for alt in plots(at))


def test_a_run_on_disk_is_measured_where_it_is_now(the_hub: RunHub) -> None:
    folder = store.RunFolder(store.runs_root() / store.new_run_id(), dataclasses.replace(TINY, optimizer="adam"))
    TrainingRun(folder.past and TINY, folder, instruments=INSTRUMENTS).run()
    run = the_hub.find(folder.path.name)
    assert run.latest.readings[:, 0].tolist() == [5]
    at = page("1_Train.py", run=run.run_id)
    assert titles(at) == instruments.cards_of(TINY)
    assert "measured now · step 6<" in told(at)
    assert "<p>–</p>" not in told(at)
    assert FIRST not in told(at)


def test_a_run_on_disk_without_its_data_shows_its_rows_and_a_dash_for_the_rest(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.RunFolder(store.runs_root() / store.new_run_id(), TINY)
    TrainingRun(folder.past and TINY, folder, instruments=INSTRUMENTS).run()
    monkeypatch.setattr(datasets, "at_hand", lambda _: False)
    at = page("1_Train.py", run=folder.path.name)
    assert told(at).count("<p>–</p>") == 4  # two of gradients, the singular values, the plane
    assert "The steepest slope met is" in told(at)
    assert "step 6<" not in told(at)


def test_what_is_probably_wrong_comes_first(the_hub: RunHub) -> None:
    run = looked_at(the_hub, dataclasses.replace(TINY, optimizer="adam"))
    run.pause()
    at = page("1_Train.py", run=run.run_id)
    assert "Adam's momentum" in told(at).replace("&#x27;", "'")
    assert "Take RMSprop, as the paper did." in told(at)
    assert "Nothing conspicuous" not in told(at)


def test_looking_back_puts_a_cursor_into_what_goes_over_time(the_hub: RunHub) -> None:
    run = looked_at(the_hub, TINY)
    run.pause()
    wait_until(lambda: run.latest.status == "paused" and store.moments(run.path))
    at = page("1_Train.py", run=run.run_id)
    step = store.moments(run.path)[0]
    at.select_slider(key=at.session_state["look_widget"]).set_value(step).run()
    found = plots(at)
    over_time = next(figure for alt, figure in found.items() if alt.startswith("Steepness of the critic"))
    assert [shape["x0"] for shape in over_time["layout"]["shapes"]] == [step]
    assert "step" in told(at)


def test_a_clicked_block_is_its_weight_in_the_menu(the_hub: RunHub) -> None:
    critic = looked_at(the_hub, TINY_IMAGES).latest.critic
    assert overview.parameter("conv2", critic) == "conv2.weight"
    assert overview.parameter("<script>", critic) is None


def test_the_networks_are_coloured_by_health() -> None:
    blocks = [overview.Block("a", (3, 4), 1234), overview.Block("b", (1,), 5)]
    dead = Gradients(("input", "a", "b"), np.array([1.0, 2, 3]), np.ones(2), ("a.weight",), np.array([1e-12]))
    html = overview.drawing((blocks, blocks), dead, "a.weight", 7)
    assert "class='block still' data-layer='a' aria-pressed='true'" in html
    assert "class='block fine' data-layer='b' aria-pressed='false'" in html
    assert "1,234" in html
    assert "3×4" in html
    assert "<button" not in overview.drawing(None, None, None, 7)
    assert "gradient" not in overview.drawing((blocks, blocks), None, None, 7)


def test_only_what_was_measured_is_told() -> None:
    empty = words.Seen(Reading(step=3), words.rows_of(no_readings(), None), HistoryWriter().view(), TINY)
    assert {card.tell(empty) for card in instruments.CARDS.values()} == {words.NOTHING}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.1234, "0.123"), (-2.0, "−2"), (8.83e-5, "8.8e−5"), (-3e7, "−3.0e7"), (np.nan, "–")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert words.short(value) == text
