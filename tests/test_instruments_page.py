"""The panel of instruments on Train, with Streamlit's test runner."""

import dataclasses
import json
from collections import OrderedDict
from functools import partial
from html import escape

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from stubs import TINY, TINY_IMAGES, wait_until
from torch import Tensor, nn
from visits import Finished, page

from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.formatting import NOTHING
from ganlab.gan import networks as architectures
from ganlab.gan.networks import Block
from ganlab.measure.coverage import Coverage
from ganlab.measure.gradients import Gradients
from ganlab.measure.reading import INSTRUMENTS, READINGS, Reading, agreement, no_readings
from ganlab.presets import PRESETS
from ganlab.runs import look_budget
from ganlab.runs.disk import library, moments
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.history import METRICS, HistoryWriter
from ganlab.runs.hub import RunHub
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.training_run import TrainingRun
from ganlab.runs.verdict import NOT_AGAIN, UNKNOWN
from ganlab.ui.train.instruments import bounds, distances, findings, gradients, networks, plane, spectra
from ganlab.ui.train.instruments import panel as instrument_panel
from ganlab.ui.train.instruments.card import CardData, rows_of

pytestmark = pytest.mark.usefixtures("the_hub")
FIRST = "first look in a few seconds"


def looked_at(the_hub: RunHub, config: TrainConfig) -> TrainingRun:
    run = the_hub.start(dataclasses.replace(config, steps=10**6))
    wait_until(lambda: run.latest.reading)
    return run


def titles(at: AppTest) -> list[str]:
    return [name for name in instrument_panel.CARDS if f"<b>{name}</b><div>" in shown(at)]


def shown(at: AppTest) -> str:
    """All HTML of the page's panels."""
    return "".join(json.loads(e.proto.json).get("html", "") for e in at.get("bidi_component"))


def plots(at: AppTest) -> dict[str, dict]:
    data = [json.loads(e.proto.json) for e in at.get("bidi_component")]
    return {figure["alt"].split(",")[0]: figure for figure in data if "alt" in figure}


def pills(at: AppTest, key: str) -> object:
    return next(group for group in at.get("button_group") if group.key == key)


def test_a_key_names_only_lines_that_are_drawn() -> None:
    table = np.full((2, len(READINGS)), np.nan)
    measured = ("step", "w1", "largest_gradient", "scaled_estimate")  # as with layer norm
    table[:, [READINGS.index(column) for column in measured]] = 1.0
    for unbounded in (True, False):
        table[0, [READINGS.index(column) for column in ("lower_bound", "lipschitz_product")]] = (
            np.nan if unbounded else 0.1
        )
        data = CardData(None, rows_of(table, None), agreement(table), HistoryWriter().view(), TINY)
        keys = [instrument_panel.CARDS[card].key(data) for card in ("Distances", "Steepness")]
        assert [
            "scaled" in keys[0],
            "lower bound" in keys[0],
            "largest gradient" in keys[1],
            "product" in keys[1],
        ] == [True, not unbounded, True, not unbounded]


def test_no_layer_is_called_healthy_or_not_where_the_critic_is_not_judged(the_hub: RunHub) -> None:
    for config, judged in ((TINY, True), (dataclasses.replace(TINY, constraint="gradient-penalty"), False)):
        run = the_hub.start(dataclasses.replace(config, steps=60))
        wait_until(lambda run=run: run.latest.status is Status.FINISHED)
        at = page("1_Train.py", run=run.run_id)
        assert ("Gradient on its way back" in shown(at)) == judged


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_before_the_first_look_cards_are_empty(
    config: TrainConfig, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_budget, "FIRST", 10**9)
    run = the_hub.start(dataclasses.replace(config, steps=10**6))
    wait_until(lambda: run.latest.step > 1)
    at = page("1_Train.py", run=run.run_id)
    assert FIRST in shown(at)
    assert titles(at) == instrument_panel.cards_of(config)
    assert shown(at).count("<p>–</p>") == len(titles(at)) - 1  # the bounds need no look
    assert "CPU time" not in shown(at)


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_every_card_shows_a_reading(config: TrainConfig, the_hub: RunHub) -> None:
    run = looked_at(the_hub, config)
    run.pause()
    at = page("1_Train.py", run=run.run_id)
    assert FIRST not in shown(at)
    assert "<p>–</p>" not in shown(at)
    assert "% of the run's CPU time" in shown(at)
    last = list(dict(run.latest.critic.named_children()))[-1 if config is TINY else -2]
    assert f"data-pick='{last}'" in shown(at)
    assert not any("Nothing is measured" in alt for alt in plots(at))


def test_an_instrument_that_is_off_is_not_measured_and_its_cards_are_gone(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_budget, "AIM", 1.0)  # the next look need not wait
    run = looked_at(the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    keep = ["Gradient norms", "Distances", plane.TITLE]
    pills(at, "cards").set_value(keep).run()
    assert run.instruments == {"gradients", "distances", "plane"}
    assert titles(at) == keep
    wait_until(lambda: run.latest.reading.lipschitz is None)
    other = page("1_Train.py", run=run.run_id)
    more = ("Weight gradients", "Weights at the bounds", "Training and held-out estimate")
    assert set(titles(other)) == {*keep, *more}  # the run owns what is measured, each page what it hides
    pills(at, "cards").set_value(["Weights at the bounds"]).run()
    assert run.instruments == frozenset()
    assert titles(at) == ["Weights at the bounds"]


def test_the_layers_of_the_plane_can_be_chosen(the_hub: RunHub) -> None:
    run = looked_at(the_hub, TINY)
    run.pause()
    at = page("1_Train.py", run=run.run_id)
    assert any(alt.startswith("The plane with values") for alt in plots(at))
    pills(at, "plane_layers").set_value(["latent map"]).run()
    assert any(alt.startswith("The plane with latent map") for alt in plots(at))
    assert not any(alt.startswith("The plane with values") for alt in plots(at))


def test_a_saved_run_is_measured_when_it_is_opened(the_hub: RunHub) -> None:
    folder = RunFolder(library.runs_root() / library.new_run_id(), dataclasses.replace(TINY, optimizer="adam"))
    TrainingRun(folder, instruments=INSTRUMENTS).run()
    run = the_hub.find(folder.path.name)
    assert run.latest.reading is None
    at = page("1_Train.py", run=run.run_id)
    assert titles(at) == instrument_panel.cards_of(TINY)
    assert "measured now · step 6<" in shown(at)
    assert "<p>–</p>" not in shown(at)
    assert FIRST not in shown(at)


class Residual(nn.Sequential):
    """A critic that the instruments don't know: its layers, and the sum of their inputs."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(dim=1, keepdim=True) + super().forward(x)


def test_the_cards_say_what_can_t_be_measured_of_a_critic_of_your_own(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = architectures.mlp_critic
    monkeypatch.setattr(architectures, "mlp_critic", lambda *args: Residual(OrderedDict(plain(*args).named_children())))
    run = looked_at(the_hub, TINY)
    run.pause()
    at = page("1_Train.py", run=run.run_id)
    assert shown(at).count("The critic is a Residual, not a plain Sequential.") == 3
    assert "<p>–</p>" not in shown(at)
    assert run.latest.warning == ""


def test_a_saved_run_without_its_data_shows_its_rows_and_a_dash_for_the_rest(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(library.runs_root() / library.new_run_id(), TINY)
    TrainingRun(folder, instruments=INSTRUMENTS).run()
    monkeypatch.setattr(datasets, "at_hand", lambda _: False)
    at = page("1_Train.py", run=folder.path.name)
    readings = the_hub.find(folder.path.name).latest.readings
    by_rows = card_data(None, readings, steps=6)
    without_rows = [name for name in titles(at) if instrument_panel.CARDS[name].sentence(by_rows) == NOTHING]
    assert 0 < len(without_rows) < len(titles(at))
    assert shown(at).count("<p>–</p>") == len(without_rows)
    assert spectra.steepness_sentence(by_rows) in shown(at)
    assert "· step 6<" not in shown(at)


def test_the_diagnosis_is_shown_with_its_advice(the_hub: RunHub) -> None:
    run = looked_at(the_hub, dataclasses.replace(TINY, optimizer="adam"))
    run.pause()
    at = page("1_Train.py", run=run.run_id)
    assert "Adam's momentum" in shown(at).replace("&#x27;", "'")
    assert "Use RMSprop" in shown(at)
    assert "No problems found" not in shown(at)


def test_looking_back_puts_a_cursor_into_charts_over_time(the_hub: RunHub) -> None:
    run = looked_at(the_hub, TINY)
    run.pause()
    wait_until(lambda: run.latest.status == "paused" and moments.steps(run.path))
    at = page("1_Train.py", run=run.run_id)
    step = moments.steps(run.path)[0]
    at.select_slider(key=f"look_back_{len(at.session_state['places'])}").set_value(step).run()
    over_time = next(figure for alt, figure in plots(at).items() if alt.startswith("Steepness of the critic"))
    assert [shape["x0"] for shape in over_time["layout"]["shapes"]] == [step]
    assert "step" in shown(at)


def test_a_clicked_block_selects_its_weight() -> None:
    assert networks.parameter("conv2", TINY_IMAGES) == "conv2.weight"
    assert networks.parameter("<script>", TINY_IMAGES) is None


def test_the_networks_name_what_is_done_to_a_layer() -> None:
    for norm in ("batch", "layer"):
        _, critic = networks.outlines(dataclasses.replace(TINY_IMAGES, critic_norm=norm))
        assert [block.norm for block in critic] == ["", f"{norm} norm", ""]
    normed = dataclasses.replace(TINY_IMAGES, critic_norm="none", constraint="spectral-norm")
    generator, critic = networks.outlines(normed)
    assert [block.norm for block in critic] == ["spectral norm"] * 3
    assert "<small>spectral norm</small>" in networks.drawing((generator, critic), None, None, 4)


def test_the_networks_are_coloured_by_health() -> None:
    blocks = [Block("a", (3, 4), 1234), Block("b", (1,), 5)]
    dead = Gradients(("input", "a", "b"), np.array([1.0, 2, 3]), np.ones(2), ("a.weight",), np.array([1e-12]))
    html = networks.drawing((blocks, blocks), dead, "a.weight", 7)
    assert "class='block still' data-pick='a' aria-pressed='true'" in html
    assert "class='block fine' data-pick='b' aria-pressed='false'" in html
    assert "1,234" in html
    assert "3×4" in html
    assert "<button" not in networks.drawing(None, None, None, 7)
    assert "gradient" not in networks.drawing((blocks, blocks), None, None, 7)


def card_data(reading: Reading | None, table: np.ndarray, config: TrainConfig = TINY, steps: int = 0) -> CardData:
    writer = HistoryWriter()
    for step in range(1, steps + 1):
        row = dict.fromkeys(METRICS, 0.0) | {"step": step, "clip_low": -1 / step, "clip_high": 1 / step}
        writer.append(row, (("a.weight", (2, 2)), ("a.bias", (10,))), np.array([[0, 2], [0, 4]]))
    return CardData(reading, rows_of(table, reading), agreement(table), writer.view(), config)


def test_an_unmeasured_card_shows_a_dash() -> None:
    empty = card_data(Reading(step=3), no_readings())
    assert {card.sentence(empty) for card in instrument_panel.CARDS.values()} == {NOTHING}


def test_rows_are_thinned_and_keep_their_places_as_more_arrive() -> None:
    table = np.zeros((450, len(READINGS)))
    table[:, 0] = np.arange(450)
    steps = [{row["step"] for row in rows_of(table[:n], None)} for n in (450, 449, 200)]
    assert [len(kept) for kept in steps] == [151, 151, 200]
    assert steps[0] - steps[1] == {449}
    assert steps[1] - steps[0] == {448}
    later = rows_of(table[:3], Reading(step=7))
    assert [row["step"] for row in later] == [0, 1, 2, 7]
    assert [row["step"] for row in rows_of(table[:3], Reading(step=2))] == [0, 1, 2]


def test_a_reading_replaces_the_row_of_its_step() -> None:
    table = np.full((2, len(READINGS)), np.nan)
    table[:, 0] = 3, 7
    again = Reading(step=7, coverage=Coverage(np.zeros(0), np.zeros(0), np.zeros(0), 0.5))
    assert [(row["step"], row["spread"]) for row in rows_of(table, again)][1:] == [(7, 0.5)]


def test_a_bound_below_zero_is_not_shown() -> None:
    table = np.full((1, len(READINGS)), np.nan)
    table[0, [READINGS.index(name) for name in ("w1", "real_to_real", "lower_bound")]] = 0.5, 0.1, -0.003
    assert distances.sentence(card_data(None, table)) == "Exact W1 <b>0.5</b>, 5.0× real to real."


def test_the_band_of_a_perfect_sampler_stands_beside_the_distance() -> None:
    table = np.full((1, len(READINGS)), np.nan)
    names = ("step", "w1", "real_to_real", "real_to_real_low", "real_to_real_high")
    table[0, [READINGS.index(name) for name in names]] = 5, 0.25, 0.1, 0.08, 0.13
    data = card_data(None, table)
    assert distances.sentence(data) == "Exact W1 <b>0.25</b>, 2.5× real to real; a perfect sampler, 0.08 to 0.13."
    (band,) = distances.figure(data)["layout"]["shapes"]
    assert (band["y0"], band["y1"]) == (0.08, 0.13)


def test_a_saved_run_without_layers_csv_shows_the_rest(the_hub: RunHub) -> None:
    folder = RunFolder(library.runs_root() / library.new_run_id(), TINY)
    TrainingRun(folder, instruments=INSTRUMENTS).run()
    (folder.path / "layers.csv").unlink()
    at = page("1_Train.py", run=folder.path.name)
    assert shown(at).count("<p>–</p>") == 1


def test_the_largest_share_at_the_bounds_is_named() -> None:
    sentence = bounds.sentence(card_data(None, no_readings(), steps=3))
    assert sentence == "<b>6</b> weights, 0 %, at step 3; the largest share, 50 %, in a.weight."


def test_nothing_at_the_bounds_since_the_clamp_was_let_go(the_hub: RunHub) -> None:
    """The card stays, and comes where a clamp does."""
    for first, then, sentence in (
        ("clip", "none", "Nothing has been clamped since step"),
        ("none", "clip", "the largest share, "),
    ):
        run = the_hub.start(dataclasses.replace(TINY, constraint=first, steps=10**6))
        wait_until(lambda run=run: run.latest.step > 5)
        run.change(constraint=then)
        wait_until(lambda run=run: run.latest.change)
        at = page("1_Train.py", run=run.run_id)
        assert "Weights at the bounds" in titles(at)
        assert sentence in shown(at)
        run.pause()


def test_a_reading_from_before_a_change_names_what_held_the_critic_then(the_hub: RunHub) -> None:
    run = looked_at(the_hub, dataclasses.replace(TINY, constraint="none"))
    run.switch(frozenset({"lipschitz"}))  # which finds nothing
    wait_until(lambda: run.latest.step > 160)
    run.pause()
    wait_until(lambda: run.latest.status is Status.PAUSED and run.latest.reading.step == run.latest.step)
    run.change(constraint="clip")
    wait_until(lambda: run.latest.config.constraint == "clip")
    text = shown(page("1_Train.py", run=run.run_id))
    assert f"Step {run.latest.step:,}, no constraint<" in text
    assert text.count(UNKNOWN) == 1
    assert text.count(escape(UNKNOWN)) == 1
    assert "<i class='b'></i>before</span>&emsp;" not in text  # the picture is of weights that were not clamped


def test_the_rank_correlation_is_of_looks_at_one_penalty(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_budget, "AIM", 1.0)  # the next look need not wait
    run = looked_at(the_hub, dataclasses.replace(TINY, constraint="gradient-penalty"))
    wait_until(lambda: len(run.latest.readings) > 5)
    run.pause()
    wait_until(lambda: run.latest.status is Status.PAUSED)
    page_of = partial(page, "1_Train.py", run=run.run_id)
    assert "Rank correlation" in shown(page_of())
    run.change(penalty=0.3)
    run.step()
    wait_until(lambda: run.latest.change)
    assert "Rank correlation" not in shown(page_of())


@pytest.mark.parametrize(("seconds", "judged"), [(("5", "0.1"), True), (("0.1", "5"), False)])
def test_a_run_on_disk_is_judged_if_its_newest_look_was_quick(
    seconds: tuple[str, str], judged: bool, finished: Finished
) -> None:
    path = finished(TINY).path
    names, *_, last = [line.split(",") for line in (path / "instruments.csv").read_text().splitlines()]
    at = names.index("cpu_seconds")
    looks = [["1", *last[1:at], seconds[0], *last[at + 1 :]], [*last[:at], seconds[1], *last[at + 1 :]]]
    (path / "instruments.csv").write_text("".join(",".join(line) + "\n" for line in (names, *looks)))
    html = shown(page("1_Train.py", run=path.name))
    assert (NOT_AGAIN not in html) == judged
    assert "Nothing was measured" not in html


def test_findings_name_the_step_and_clip_range_of_the_reading() -> None:
    rms = np.array([1e-10, 1e-9])
    dead = Gradients(("input", "a", "b"), np.array([1.0, 2, 3]), np.ones(2), ("a.weight", "b.weight"), rms)
    config = dataclasses.replace(TINY, clip_range=(-0.5, 0.5), clip_scale="fan-in")
    data = card_data(Reading(step=2, gradients=dead), no_readings(), config, steps=5)
    html = findings.findings(data, False, frozenset({"gradients"}))
    assert "2 of 2 weight tensors are below" in html
    assert "Step 2, clip range ±0.5 / √fan-in<" in html
    nothing = card_data(None, no_readings())
    assert "Nothing was measured." in findings.findings(nothing, True, INSTRUMENTS)
    assert "Nothing was measured." in findings.findings(nothing, False, frozenset())
    assert FIRST in findings.findings(nothing, False, INSTRUMENTS)
    assert NOT_AGAIN in findings.findings(card_data(None, np.zeros((1, len(READINGS)))), True, INSTRUMENTS)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [(49, "Too early to judge"), (50, "No problems found. Some rules"), (150, "No problems found.<")],
)
def test_an_early_run_is_not_called_healthy(step: int, sentence: str) -> None:
    assert sentence in findings.findings(card_data(Reading(step=step), no_readings(), steps=150), False, INSTRUMENTS)


def test_a_reading_of_another_step_than_the_page_says_so() -> None:
    reading, history = Reading(step=5), HistoryWriter().view()

    def share(status: Status, looks_back: bool = False, part: float = 0.03) -> str:
        snapshot = Snapshot(
            run_id="r",
            status=status,
            message="",
            config=TINY,
            history=history,
            step=8,
            reading=reading,
            instruments_share=part,
        )
        return findings.share(reading, snapshot, looks_back)

    assert share(Status.RUNNING).endswith("step 5</span>")
    assert share(Status.PAUSED).endswith("step 5, not 8</span>")
    assert share(Status.RUNNING, looks_back=True).endswith("step 5, not the one you look back at</span>")
    assert "30.0 % of the run's CPU time · step 5" in share(Status.RUNNING, part=0.3)


def test_advice_that_findings_share_is_given_once() -> None:
    norms, rms = np.array([1.0, 0.1, 1, 1]), np.array([1e-10, 1, 1])
    shrinking = Gradients(("input", *"abc"), norms, np.ones(3), tuple("abc"), rms)
    config = dataclasses.replace(TINY, clip_range=(-1 / 60, 1 / 60))
    data = card_data(Reading(step=60, gradients=shrinking), no_readings(), config, steps=60)
    html = findings.findings(data, False, INSTRUMENTS)
    assert html.count("<li>") == 2
    assert html.count("Go back to ±") == 1


def test_a_layer_of_zeros_and_a_distance_of_nothing_have_no_ratio() -> None:
    zeros = Gradients(("input", *"abc"), np.array([0.0, 0, 0, 1]), np.array([1.0, 0, 1]), tuple("abc"), np.zeros(3))
    assert gradients.norms_sentence(zeros).endswith("<b>is zero at b</b>.")
    same = np.full((1, len(READINGS)), np.nan)
    same[0, [READINGS.index("w1"), READINGS.index("real_to_real")]] = 0.0
    assert distances.sentence(card_data(None, same)) == "Exact W1 <b>0</b>."


def test_the_card_says_when_points_are_too_few_to_hold_any_out() -> None:
    row = np.full((1, len(READINGS)), np.nan)
    row[0, READINGS.index("held_out_estimate")] = 0.5
    assert "Below 100 points none are held out." in distances.estimates_sentence(card_data(None, row))


@pytest.mark.parametrize(
    ("dataset", "card"),
    [("8-gaussians", "Modes"), ("swiss-roll", "Spread"), ("mnist", "Classes"), ("images", "Spread")],
)
def test_coverage_is_shown_by_what_the_data_has(dataset: str, card: str) -> None:
    assert {"Modes", "Classes", "Spread"} & set(instrument_panel.cards_of(PRESETS[dataset])) == {card}
