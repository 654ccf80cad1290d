"""The panel of instruments on Train, by Streamlit's own test runner."""

import dataclasses
import json

import numpy as np
import pytest
from streamlit.errors import StreamlitInvalidLayoutContextError
from streamlit.testing.v1 import AppTest
from stubs import TINY, TINY_IMAGES, wait_until
from visits import page

from ganlab.config import PRESETS, TrainConfig
from ganlab.data import datasets
from ganlab.formatting import NOTHING, short
from ganlab.gan.networks import Block
from ganlab.measure.coverage import Coverage
from ganlab.measure.gradients import Gradients
from ganlab.measure.instruments import INSTRUMENTS
from ganlab.measure.reading import READINGS, Reading, agreement, no_readings
from ganlab.runs import look_budget as lookout
from ganlab.runs.disk import contents, library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.history import METRICS, HistoryWriter
from ganlab.runs.hub import RunHub
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.train import live
from ganlab.ui.train import live as watch
from ganlab.ui.train.instruments import bounds, distances, findings, gradients, networks, plane
from ganlab.ui.train.instruments import panel as instruments
from ganlab.ui.train.instruments.card import CardData, rows_of

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
    keep = ["Gradient norms", "Distances", plane.TITLE]
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
    folder = RunFolder(library.runs_root() / library.new_run_id(), dataclasses.replace(TINY, optimizer="adam"))
    TrainingRun(folder.resume_point and TINY, folder, instruments=INSTRUMENTS).run()
    run = the_hub.find(folder.path.name)
    assert run.latest.reading is None
    at = page("1_Train.py", run=run.run_id)
    assert titles(at) == instruments.cards_of(TINY)
    assert "measured now · step 6<" in told(at)
    assert "<p>–</p>" not in told(at)
    assert FIRST not in told(at)


def test_a_run_on_disk_without_its_data_shows_its_rows_and_a_dash_for_the_rest(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(library.runs_root() / library.new_run_id(), TINY)
    TrainingRun(folder.resume_point and TINY, folder, instruments=INSTRUMENTS).run()
    monkeypatch.setattr(datasets, "at_hand", lambda _: False)
    at = page("1_Train.py", run=folder.path.name)
    assert told(at).count("<p>–</p>") == 4  # two of gradients, the singular values, the plane
    assert "The steepest slope met is" in told(at)
    assert "step 6<" not in told(at)


def test_a_page_that_was_cut_short_is_drawn_anew(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    fill, calls = live._fill, []

    def cut_short(*given: object) -> None:
        calls.append(given)
        if len(calls) == 1:
            raise StreamlitInvalidLayoutContextError("a slot that the last run of the page had not filled")
        fill(*given)

    monkeypatch.setattr(watch, "_fill", cut_short)
    at = page("1_Train.py", run=looked_at(the_hub, TINY).run_id)
    assert len(calls) == 2
    assert not at.exception
    assert titles(at) == instruments.cards_of(TINY)


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
    wait_until(lambda: run.latest.status == "paused" and contents.moment_steps(run.path))
    at = page("1_Train.py", run=run.run_id)
    step = contents.moment_steps(run.path)[0]
    at.select_slider(key=f"look_back_{len(at.session_state['places'])}").set_value(step).run()
    found = plots(at)
    over_time = next(figure for alt, figure in found.items() if alt.startswith("Steepness of the critic"))
    assert [shape["x0"] for shape in over_time["layout"]["shapes"]] == [step]
    assert "step" in told(at)


def test_a_clicked_block_is_its_weight_in_the_menu(the_hub: RunHub) -> None:
    critic = looked_at(the_hub, TINY_IMAGES).latest.critic
    assert networks.parameter("conv2", critic) == "conv2.weight"
    assert networks.parameter("<script>", critic) is None


def test_the_networks_are_coloured_by_health() -> None:
    blocks = [Block("a", (3, 4), 1234), Block("b", (1,), 5)]
    dead = Gradients(("input", "a", "b"), np.array([1.0, 2, 3]), np.ones(2), ("a.weight",), np.array([1e-12]))
    html = networks.drawing((blocks, blocks), dead, "a.weight", 7)
    assert "class='block still' data-layer='a' aria-pressed='true'" in html
    assert "class='block fine' data-layer='b' aria-pressed='false'" in html
    assert "1,234" in html
    assert "3×4" in html
    assert "<button" not in networks.drawing(None, None, None, 7)
    assert "gradient" not in networks.drawing((blocks, blocks), None, None, 7)


def seen(reading: Reading | None, table: np.ndarray, config: TrainConfig = TINY, steps: int = 0) -> CardData:
    writer = HistoryWriter()
    for step in range(1, steps + 1):
        row = dict.fromkeys(METRICS, 0.0) | {"step": step, "clip_low": -1 / step, "clip_high": 1 / step}
        writer.append(row, (("a.weight", (2, 2)), ("a.bias", (10,))), np.array([[0, 2], [0, 4]]))
    return CardData(reading, rows_of(table, reading), agreement(table), writer.view(), config)


def test_only_what_was_measured_is_told() -> None:
    empty = seen(Reading(step=3), no_readings())
    assert {card.sentence(empty) for card in instruments.CARDS.values()} == {NOTHING}


def test_rows_are_thinned_and_stay_where_they_are_while_more_come() -> None:
    table = np.zeros((450, len(READINGS)))
    table[:, 0] = np.arange(450)
    steps = [{row["step"] for row in rows_of(table[:n], None)} for n in (450, 449, 200)]
    assert [len(found) for found in steps] == [151, 151, 200]
    assert steps[0] - steps[1] == {449}
    assert steps[1] - steps[0] == {448}
    later = rows_of(table[:3], Reading(step=7))
    assert [row["step"] for row in later] == [0, 1, 2, 7]
    assert [row["step"] for row in rows_of(table[:3], Reading(step=2))] == [0, 1, 2]


def test_a_reading_knows_more_than_the_row_of_its_step() -> None:
    table = np.full((2, len(READINGS)), np.nan)
    table[:, 0] = 3, 7
    again = Reading(step=7, coverage=Coverage(np.zeros(0), np.zeros(0), np.zeros(0), 0.5))
    assert [(row["step"], row["spread"]) for row in rows_of(table, again)][1:] == [(7, 0.5)]


def test_a_bound_below_zero_bounds_nothing() -> None:
    table = np.full((1, len(READINGS)), np.nan)
    table[0, [READINGS.index(name) for name in ("w1", "real_to_real", "lower_bound")]] = 0.5, 0.1, -0.003
    assert distances.sentence(seen(None, table)) == "Exact W1 <b>0.5</b>, 5.0 times that of real to real."


def test_a_run_on_disk_without_its_layers_shows_the_rest(the_hub: RunHub) -> None:
    folder = RunFolder(library.runs_root() / library.new_run_id(), TINY)
    TrainingRun(folder.resume_point and TINY, folder, instruments=INSTRUMENTS).run()
    (folder.path / "layers.csv").unlink()
    at = page("1_Train.py", run=folder.path.name)
    assert told(at).count("<p>–</p>") == 1


def test_the_largest_share_at_the_bounds_is_named() -> None:
    told = bounds.sentence(seen(None, no_readings(), steps=3))
    assert told == "<b>6</b> weights, 0 %, at step 3; the largest share, 50 %, in a.weight."


def test_findings_are_of_the_step_and_the_range_of_the_reading() -> None:
    rms = np.array([1e-10, 1e-9])
    dead = Gradients(("input", "a", "b"), np.array([1.0, 2, 3]), np.ones(2), ("a.weight", "b.weight"), rms)
    found = seen(Reading(step=2, gradients=dead), no_readings(), steps=5)
    told = findings.findings(found, False, frozenset({"gradients"}))
    assert "2 of 2 weight tensors have gradients below" in told
    assert "Step 2, clip range ±0.5<" in told  # not that of step 5, ±0.2
    nothing = seen(None, no_readings())
    assert "Nothing was measured." in findings.findings(nothing, True, INSTRUMENTS)
    assert "Nothing was measured." in findings.findings(nothing, False, frozenset())
    assert FIRST in findings.findings(nothing, False, INSTRUMENTS)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [(49, "Too early to judge"), (50, "Nothing conspicuous. Some rules"), (150, "Nothing conspicuous.<")],
)
def test_early_nothing_is_called_healthy(step: int, sentence: str) -> None:
    assert sentence in findings.findings(seen(Reading(step=step), no_readings(), steps=150), False, INSTRUMENTS)


def test_a_reading_says_when_it_is_not_of_the_step_that_is_shown() -> None:
    reading, history = Reading(step=5), HistoryWriter().view()

    def share(status: Status, looks_back: bool = False, part: float = 0.03) -> str:
        snapshot = Snapshot(
            run_id="r", status=status, message="", config=TINY, history=history, step=8, reading=reading,
            instruments_share=part,
        )  # fmt: skip
        return findings.share(reading, snapshot, looks_back)

    assert share(Status.RUNNING).endswith("step 5</span>")
    assert share(Status.PAUSED).endswith("step 5, not 8</span>")
    assert share(Status.RUNNING, looks_back=True).endswith("step 5, not the one looked back at</span>")
    assert "30.0 % of the run's CPU time, paid back before the next look" in share(Status.RUNNING, part=0.3)


def test_what_several_call_for_is_advised_once() -> None:
    norms, rms = np.array([1.0, 0.1, 1, 1]), np.array([1e-10, 1, 1])
    shrinking = Gradients(("input", *"abc"), norms, np.ones(3), tuple("abc"), rms)
    told = findings.findings(seen(Reading(step=60, gradients=shrinking), no_readings(), steps=60), False, INSTRUMENTS)
    assert told.count("<li>") == 2
    assert told.count("Widen the clip range") == 1


def test_a_layer_of_zeros_and_a_distance_of_nothing_have_no_ratio() -> None:
    zeros = Gradients(("input", *"abc"), np.array([0.0, 0, 0, 1]), np.array([1.0, 0, 1]), tuple("abc"), np.zeros(3))
    assert gradients.norms_sentence(seen(Reading(gradients=zeros), no_readings())).endswith("<b>is zero at b</b>.")
    same = np.full((1, len(READINGS)), np.nan)
    same[0, [READINGS.index("w1"), READINGS.index("real_to_real")]] = 0.0
    assert distances.sentence(seen(None, same)) == "Exact W1 <b>0</b>."


def test_of_few_points_none_is_held_out_and_the_card_says_so() -> None:
    row = np.full((1, len(READINGS)), np.nan)
    row[0, READINGS.index("held_out_estimate")] = 0.5
    assert "Of fewer than 100 points none is held out." in distances.estimates_sentence(seen(None, row))


@pytest.mark.parametrize(
    ("dataset", "card"),
    [("8-gaussians", "Modes"), ("swiss-roll", "Spread"), ("mnist", "Classes"), ("images", "Spread")],
)
def test_coverage_is_shown_by_what_the_data_has(dataset: str, card: str) -> None:
    assert {"Modes", "Classes", "Spread"} & set(instruments.cards_of(PRESETS[dataset])) == {card}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.1234, "0.123"),
        (-2.0, "−2"),
        (8.83e-5, "8.8e−5"),
        (-3e7, "−3.0e7"),
        (np.nan, "–"),
        (-9543.2, "−9,540"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text
