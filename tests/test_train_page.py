"""Train with a run: steering, ending, resuming, by Streamlit's own test runner."""

import dataclasses
import re
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from stubs import TINY, TINY_IMAGES, wait_until
from visits import address, clamp, click, code, page, panels, restart, run_in

from ganlab.gan.histograms import pooled
from ganlab.gan.holding import holding
from ganlab.gan.networks import named_weights
from ganlab.gan.training import Trainer
from ganlab.measure.reading import INSTRUMENTS
from ganlab.runs import range_change, wire
from ganlab.runs.disk import checkpoints, inbox, library, moments
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.history import METRICS, HistoryWriter
from ganlab.runs.hub import RunHub
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.kit.constraints import CARDS
from ganlab.ui.kit.server import hub
from ganlab.ui.train import downloads, look_back, steer, tries

pytestmark = pytest.mark.usefixtures("the_hub")


def test_starting_and_steering_by_the_widgets(the_hub: RunHub) -> None:
    at = page("1_Train.py", preset="8-gaussians")
    at.number_input(key="set_steps").set_value(10**6).run()
    at.button[0].click().run()
    assert not at.exception
    (run,) = the_hub.runs
    assert at.query_params["run"] == run.run_id
    wait_until(lambda: run.latest.step > 2)
    at.run()
    at.number_input(key="low").set_value(-0.05).run()
    assert run.wanted.clip_range == (-0.05, 0.05)  # Symmetric moves the other bound too
    at.toggle(key="symmetric").set_value(False).run()
    at.number_input(key="high").set_value(0.0137).run()
    assert run.wanted.clip_range == (-0.05, 0.0137)
    assert clamp(at)["wanted"] == [-0.05, 0.0137]
    at.number_input(key="low").set_value(0.5).run()
    assert run.wanted.clip_range == (-0.05, 0.0137)  # refused: nothing changes
    assert "role='alert'" in panels(at)
    assert at.number_input(key="low").value == -0.05
    wait_until(lambda: run.latest.config.clip_range == (-0.05, 0.0137))


def test_another_tab_shows_what_this_one_changed(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    mine, theirs = page("1_Train.py", run=run.run_id), page("1_Train.py", run=run.run_id)
    mine.number_input(key="low").set_value(-0.2).run()
    theirs.run()
    assert clamp(theirs)["wanted"] == [-0.2, 0.2]


@pytest.mark.parametrize("also", [(), ("low",), ("low", "high")])
def test_a_late_message_of_the_browser_moves_nothing(also: tuple[str, ...], the_hub: RunHub) -> None:
    """A tick sent before the browser knew of a change carries some or all old values; later a user moves one."""
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    click(at, "10× tighter")
    for key in also:
        at.number_input(key=key).set_value({"low": -0.1, "high": 0.1}[key])
    at.run()
    assert run.wanted.clip_range == (-0.01, 0.01)
    tick_with_new_values(at)
    at.number_input(key="high").set_value(0.1).run()
    assert run.wanted.clip_range == (-0.1, 0.1)


def tick_with_new_values(at: AppTest) -> None:
    """What the first tick does that carries the new values: AppTest has no ticks."""
    at.session_state["late_values"] = {}


def test_symmetric_follows_the_range(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY_IMAGES)
    at = page("1_Train.py", run=run.run_id)
    click(at, "Forbid negative")
    assert run.wanted.clip_range == (0.0, 0.01)
    assert not at.toggle(key="symmetric").value
    tick_with_new_values(at)
    at.toggle(key="symmetric").set_value(True).run()
    assert run.wanted.clip_range == (-0.01, 0.01)


def test_rates_and_n_critic_are_steered(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    at.number_input(key="critic_lr").set_value(1e-3).run()
    at.number_input(key="n_critic").set_value(3).run()
    assert (run.wanted.critic_lr, run.wanted.n_critic) == (1e-3, 3)
    at.number_input(key="generator_lr").set_value(0.0).run()
    assert "Generator learning rate" in at.error[0].value
    assert at.number_input(key="generator_lr").value == TINY.generator_lr
    wait_until(lambda: [change.field for change in run.latest.changes] == ["critic_lr", "n_critic"])


def test_a_run_of_another_process_is_watched_and_steered(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LOOK_EVERY", 0.01)
    folder = RunFolder(library.runs_root() / library.new_run_id(), dataclasses.replace(TINY, steps=10**6))
    run = TrainingRun(folder, instruments=INSTRUMENTS).start()  # the hub knows nothing of it
    there = the_hub.find(run.run_id)

    def redrawn(status: Status) -> AppTest:
        wait_until(lambda: run.latest.status is status and there.latest.status is status)
        return at.run()

    at = page("1_Train.py", run=run.run_id)
    wait_until(lambda: there.latest.reading)
    at = redrawn(Status.RUNNING)
    assert not at.exception
    assert "Running</span>" in panels(at)
    assert clamp(at)["wanted"] == [-0.1, 0.1]
    at.number_input(key="low").set_value(-0.05).run()
    assert clamp(at)["wanted"] == [-0.05, 0.05]  # before the other process has heard it
    wait_until(lambda: run.latest.config.clip_range == (-0.05, 0.05))
    at.number_input(key="high").set_value(1e39).run()
    assert "fit 32-bit numbers" in panels(at)
    at.number_input(key="critic_lr").set_value(1e-3).run()
    wait_until(lambda: run.latest.config.critic_lr == 1e-3)
    at.pills(key="cards").set_value([]).run()
    wait_until(lambda: not run.instruments)
    click(at, "Pause")
    at, step = redrawn(Status.PAUSED), run.latest.step
    click(at, "Step")
    wait_until(lambda: there.latest.step == step + 1)
    click(redrawn(Status.PAUSED), "Resume")
    at = redrawn(Status.RUNNING)
    inbox.send(run.path, inbox.Command("change", {"n_critic": 0}, ()))
    wait_until(lambda: there.latest.warning)
    assert "was refused: n_critic must be" in panels(at.run())
    click(at, "Stop")
    assert run.join(60)
    at.run()
    assert not at.exception
    assert "Stopped</span>" in panels(at)
    assert [change.field for change in there.latest.changes] == ["clip_range", "critic_lr"]


def test_a_run_that_another_process_resumes_is_seen_there(the_hub: RunHub) -> None:
    mine = run_in("stopped", the_hub, TINY)
    assert mine.join(60)
    run = TrainingRun(RunFolder.reopen(mine.path))
    there = the_hub.find(mine.run_id)
    assert there is not mine
    run.start()
    wait_until(lambda: there.latest.step > mine.latest.step)
    the_hub.training(mine.run_id).stop()
    assert run.join(60)


def test_the_curves_of_a_run_that_failed_at_once_can_be_downloaded(the_hub: RunHub) -> None:
    run = run_in("failed", the_hub, TINY)
    lines = downloads.curves_csv(run.latest).decode().splitlines()
    assert len(lines) == 2
    assert {len(line.split(",")) for line in lines} == {len(METRICS) + 2 * 4}
    without_steps = dataclasses.replace(run.latest, history=HistoryWriter().view())
    assert downloads.curves_csv(without_steps).decode() == ",".join(METRICS) + "\n"


def test_frozen_charts_stay_while_the_run_continues(the_hub: RunHub) -> None:
    def chart(at: AppTest) -> str:
        (data,) = (e.proto.json for e in at.get("bidi_component") if '"Critic estimate over' in e.proto.json)
        return data.partition('"part"')[0]  # without the time at which it was drawn

    run = run_in("running", the_hub, TINY)
    wait_until(lambda: run.latest.step > 0)
    at = page("1_Train.py", run=run.run_id)
    at.toggle(key="freeze").set_value(True).run()
    before, step = chart(at), run.latest.step
    wait_until(lambda: run.latest.step > step + 20)
    assert chart(at.run()) == before
    assert chart(at.toggle(key="freeze").set_value(False).run()) != before
    at.toggle(key="freeze").set_value(True).run()
    click(at, "Stop")
    wait_until(lambda: run.latest.status is Status.STOPPED)
    at.run()
    click(at, "Run again")
    assert not at.toggle(key="freeze").value


def test_run_again_is_the_same_run(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    click(at, "Run again")
    again = the_hub.runs[0]
    assert again is not run
    wait_until(lambda: again.latest.status is Status.FINISHED)
    assert (again.latest.samples == run.latest.samples).all()


def test_a_new_server_shows_and_resumes_a_stopped_run(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    wait_until(lambda: run.latest.step > 20)
    run.change(clip_range=(-0.2, 0.2))
    wait_until(lambda: run.latest.changes)
    run.stop()
    assert run.join(10)
    restart(the_hub)
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
    click(at, "Resume")
    resumed = hub().find(run.run_id)
    wait_until(lambda: resumed.latest.step > run.latest.step)
    at.run()
    assert not at.exception
    assert "Running" in panels(at)
    assert clamp(at)["wanted"] == [-0.2, 0.2]


def test_damaged_files_are_named_and_the_rest_is_shown(the_hub: RunHub) -> None:
    run = run_in("interrupted", the_hub, TINY)
    checkpoint = checkpoints.files(run.path)[-1].path
    checkpoint.write_bytes(b"not a checkpoint")
    (run.path / "layers.csv").write_text("step\n1,2\n")
    at = page("1_Train.py", run=run.run_id)
    assert checkpoint.name in panels(at)
    assert "layers.csv" in panels(at)
    assert "step <b>5</b>" in panels(at)


def test_tables_of_different_lengths_are_shown(the_hub: RunHub) -> None:
    run = run_in("interrupted", the_hub, TINY)
    table = run.path / "metrics.csv"
    table.write_text(table.read_text().splitlines()[0] + "\n")
    at = page("1_Train.py", run=run.run_id)
    assert not at.exception
    assert "Interrupted" in panels(at)


def test_a_resume_that_failed_while_loading_can_be_tried_again(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_in("stopped", the_hub, TINY)

    def offline(*_: object) -> None:
        raise ConnectionError("No network.")

    with monkeypatch.context() as loading:
        loading.setattr("ganlab.data.datasets.load", offline)
        assert the_hub.resume(run).join(20)
    assert the_hub.find(run.run_id).latest.status is Status.FAILED
    at = page("1_Train.py", run=run.run_id)
    click(at, "Resume")
    assert not at.exception
    assert the_hub.find(run.run_id).latest.status in (Status.STARTING, Status.RUNNING)


def test_every_panel_shows_the_chosen_step(the_hub: RunHub) -> None:
    run = the_hub.start(TINY)
    wait_until(lambda: run.latest.status.ended)
    steps = moments.steps(run.path)
    assert steps[0] == 1
    assert steps[-1] == TINY.steps
    at = page("1_Train.py", run=run.run_id)
    assert "newest step" in panels(at)
    at.select_slider(key=f"look_back_{len(at.session_state['places'])}").set_value(steps[0]).run()
    assert not at.exception
    first = moments.read(run.path, steps[0])
    counts = pooled(first.weights).before_counts
    assert (clamp(at)["clamp"]["moved"], clamp(at)["clamp"]["total"]) == (counts.outside, counts.total)
    assert f"<b>{100 * counts.outside / counts.total:.1f} %</b><small>of {counts.total:,} weights" in panels(at)
    assert "step <b>1</b>" in panels(at)
    next(button for button in at.button if button.label == "Pin").click().run()
    at.select_slider(key=f"look_back_{len(at.session_state['places'])}").set_value(steps[2]).run()
    assert "1 pinned" in panels(at)
    for view in look_back.VIEWS:
        at.segmented_control(key="whole_run_view").set_value(view).run()
        assert not at.exception
    next(button for button in at.button if button.label == "Unpin").click().run()
    next(button for button in at.button if button.label == "Latest").click().run()
    assert "newest step" in panels(at)
    assert "pinned" not in panels(at)


def test_weights_from_before_and_after_a_change_of_scale_are_not_drawn_together(the_hub: RunHub) -> None:
    path = library.runs_root() / "r"
    TrainingRun(RunFolder(path, dataclasses.replace(TINY, steps=4))).run()
    resumed = TrainingRun(RunFolder.reopen(path, 8))
    resumed.change(clip_scale="fan-in")
    resumed.run()
    at = page("1_Train.py", run="r", pin="3", plot="ridge")
    assert ("pinned" in clamp(at), bool(clamp(at)["note"])) == (False, True)
    assert "Weights up to step 4 " in panels(at)
    at = page("1_Train.py", run="r", pin="5")
    assert ("pinned" in clamp(at), bool(clamp(at)["note"])) == (True, False)


def test_the_slider_grows_with_the_run(the_hub: RunHub) -> None:
    run = the_hub.start(TINY)
    wait_until(lambda: run.latest.status.ended)
    at = page("1_Train.py", run=run.run_id)
    drawn = at.session_state["places"]
    assert drawn == [*moments.steps(run.path), look_back.LATEST]
    shutil.copy(moments.path_of(run.path, 1), moments.path_of(run.path, 77))
    at.run()
    assert at.session_state["places"] == [*drawn[:-1], 77, look_back.LATEST]


VIEW = {
    "step": "2",
    "pin": "1",
    "layer": "2.weight",
    "log": "1",
    "plot": "ridge",
    "compare": "before",
    "along": "seconds",
    "median": "none",
}


def view_in_address(at: AppTest) -> dict[str, str]:
    return {field: text for field, text in address(at).items() if field != "run"}


def test_a_link_opens_the_view_that_it_was_copied_from(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, TINY)
    layer = [name for name, _ in run.latest.critic.named_parameters()][1]
    view = VIEW | {"layer": layer}
    at = page("1_Train.py", run=run.run_id, **view)
    assert view_in_address(at) == view
    assert "step <b>2</b>" in panels(at)
    assert "1 pinned" in panels(at)
    assert clamp(at)["log"]
    assert clamp(at)["alt"].startswith(layer)
    assert at.segmented_control(key="whole_run_view").value == "Ridge"
    assert at.segmented_control(key="compare").value == "Before"
    assert at.segmented_control(key="along").value == "seconds"
    assert at.segmented_control(key="median").value is None
    at.toggle(key="log_y").set_value(False)
    at.segmented_control(key="median").set_value("101")
    at.segmented_control(key="along").set_value("step").run()
    assert view_in_address(at) == {k: v for k, v in view.items() if k not in ("log", "along")} | {"median": "101"}
    click(at, "Latest")
    click(at, "Unpin")
    assert {"step", "pin"}.isdisjoint(address(at))
    at.switch_page("pages/6_Building_Blocks.py").run()
    at.query_params.clear()
    at.query_params["run"] = run.run_id  # as the link in the sidebar
    at.switch_page("pages/1_Train.py").run()
    assert address(at)["layer"] == layer  # nothing is lost by leaving


@pytest.mark.parametrize("text", ["", "0", "-1", "9" * 5000, "None", "<b>&amp;", "%00\n", "²"])
def test_what_a_hostile_address_asks_for_is_ignored_and_the_rest_kept(text: str, the_hub: RunHub) -> None:
    run = run_in("interrupted", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id, **dict.fromkeys([*VIEW, "present"], text) | {"step": "1"})
    assert view_in_address(at) == {"step": "1"}
    assert "step <b>1</b>" in panels(at)


@pytest.mark.parametrize("query", [{"run": "no-such-run"}, {"preset": "8-gaussians"}])
def test_the_start_page_ignores_what_its_address_says_of_a_view(query: dict[str, str]) -> None:
    at = page("1_Train.py", **query, **VIEW, present="1")
    assert len(at.warning) == ("run" in query)  # there is no such run; nothing else is wrong
    at.button[0].click().run()
    assert not at.exception
    assert view_in_address(at) == {"present": "1"}


def test_present_leaves_out_the_links_and_what_could_be_tried(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    labels = {button.label for button in at.button}
    links = len(at.sidebar.get("page_link"))
    click(at, "Present")
    assert address(at)["present"] == "1"
    assert not at.sidebar.get("page_link")
    assert labels - {button.label for button in at.button} >= {
        "Present",
        "Constrain the slope instead: penalty 0.1",
    }
    click(at, "Leave")
    assert "present" not in address(at)
    assert len(at.sidebar.get("page_link")) == links > 0


def test_what_a_step_looked_back_at_shows_is_made_once(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, TINY)
    newest = run.latest
    assert look_back.at(run, 1, newest).step == 1
    assert look_back.at(run, 1, newest) is look_back.at(run, 1, newest)


FREE = {
    "nothing": (TINY, {"constraint": "none"}),
    "penalty": (TINY_IMAGES, {"constraint": "gradient-penalty", "critic_norm": "layer"}),
    "spectral norm": (TINY, {"constraint": "spectral-norm", "objective": "hinge"}),
}


@pytest.mark.parametrize("held", FREE)
def test_a_run_without_a_clamp_shows_no_bounds_and_no_counts_of_one(held: str, the_hub: RunHub) -> None:
    config, values = FREE[held]
    run = run_in("running", the_hub, dataclasses.replace(config, **values))
    wait_until(lambda: run.latest.step > 60 and run.latest.reading)
    at = page(
        "1_Train.py", run=run.run_id, plot="quantiles", layer=f"{'conv' if config is TINY_IMAGES else 'linear'}1.weight"
    )
    at.run()
    assert not at.exception
    shown = panels(at)
    assert clamp(at)["clamp"]["range"] == []
    assert clamp(at)["thumbs"] == (["Penalty"] if held == "penalty" else [])
    assert bool(clamp(at)["sentence"]) is (held != "penalty")
    if held == "nothing":
        run.pause()
        wait_until(lambda: run.latest.status is Status.PAUSED)
        at.run()
        largest = dict(named_weights(run.latest.critic))["linear1.weight"].abs().max().item()  # the layer shown
        assert float(clamp(at)["free"].split()[-1]) == pytest.approx(largest, rel=0.05)
    assert "Share of weights clamped" not in shown
    assert "class='counts'" not in shown
    assert "Slope at real samples" in shown
    assert len(refused_cards(at)) == (3 if held == "spectral norm" else 1)  # spectral norm is not switched live
    assert not re.search(r"\bnan\b|clip range|clamped to", shown, re.IGNORECASE)
    run.stop()
    wait_until(lambda: run.latest.status is Status.STOPPED)
    at.run()
    restart(the_hub)
    again = page("1_Train.py", run=run.run_id)
    assert "No clamp: " in panels(again)
    assert len(refused_cards(again)) == len(CARDS) - 1  # an ended run's can't change
    assert {row.split(",")[-1] for row in downloads.histogram_csv(run.latest.weights).decode().splitlines()[1:]} == {""}


def test_a_step_looked_back_at_has_what_held_its_critic() -> None:
    changes = {0: {"penalty": 0.5}, 3: {"constraint": "clip"}, 5: {"constraint": "none"}, 7: {"penalty": 3.0}}

    class Steered(Trainer):
        def step(self, before_update: Callable[[], None]) -> tuple:
            run.change(**changes.get(self.step_count, {}))
            return super().step(before_update)

    config = dataclasses.replace(TINY, constraint="gradient-penalty", penalty=2.0, steps=10)
    folder = RunFolder(library.runs_root() / library.new_run_id(), config)
    run = TrainingRun(folder, lambda config, _: Steered(config))
    run.run()
    for step, thumbs, wanted in (
        ("1", ["Penalty"], [0.5]),
        ("4", ["Low bound", "High bound"], [-0.1, 0.1]),
        ("6", [], []),
    ):
        at = page("1_Train.py", run=run.run_id, step=step)
        assert (clamp(at)["thumbs"], clamp(at)["wanted"]) == (thumbs, wanted)
        assert ("<i class='b'></i>before</span>&emsp;" in panels(at)) is (step == "4")
    first, *_, clamped, _, _, _, _, last = downloads.curves_csv(run.latest).decode().splitlines()[1:]
    assert [set(row.split(",")[5:9]) == {""} for row in (first, clamped, last)] == [True, False, True]
    assert "nan" not in first


def test_the_clamp_can_be_let_go_and_taken_back(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    assert clamp(at)["wanted"] == [-0.1, 0.1]
    for constraint, bounded in (("gradient-penalty", False), ("clip", True)):
        run.change(constraint=constraint)
        wait_until(lambda bounded=bounded: [bool(one.clip_range) for one in run.latest.weights[:1]] == [bounded])
        at.run()
        assert not at.exception
        assert bool(clamp(at)["clamp"]["range"]) is bounded


def test_what_holds_the_critic_is_changed_by_its_cards_and_set_by_its_slider(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    steer.pull(run, [0.3])  # a late message: this is no penalty's critic yet
    assert run.wanted == run.config
    at = page("1_Train.py", run=run.run_id)
    assert refused_cards(at) == ["Spectral norm is built into the critic; start another run."]
    steer._hold(run, "gradient-penalty")
    at.run()
    assert clamp(at)["wanted"] == [run.config.penalty]
    at.number_input(key="penalty").set_value(0.5).run()
    assert run.wanted.penalty == clamp(at)["wanted"][0] == 0.5
    steer.pull(run, [0.3])
    steer.pull(run, [-0.2, 0.2])  # late: nothing clamps any more
    assert (run.wanted.penalty, run.wanted.clip_range) == (0.3, run.config.clip_range)
    at.run()
    click(at, "10× weaker")
    assert run.wanted.penalty == 0.03
    click(at, "Clamp it")
    assert run.wanted.constraint == "clip"
    at.segmented_control(key="clip_scale").set_value("fan-in").run()
    at.segmented_control(key="clip_order").set_value("before").run()
    assert (run.wanted.clip_scale, run.wanted.clip_order) == ("fan-in", "before")
    wait_until(lambda: holding(run.latest.config) == holding(run.wanted) and np.isnan(run.latest.weights[0].largest))
    at.run()
    assert not at.exception
    assert "each weight divided by its layer’s factor" in panels(at)


def test_what_a_try_did_names_the_change_also_under_the_next_title(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_change, "COMPARED", 1e6)  # seconds, also on a busy machine
    run = run_in("running", the_hub, dataclasses.replace(TINY, clip_range=(-0.01, 0.01)))
    wait_until(lambda: run.latest.reading)
    at = page("1_Train.py", run=run.run_id)
    click(at, "10× wider: ±0.1")
    wait_until(lambda: run.latest.change and run.latest.change.reading)
    wait_until(lambda: run.latest.reading.step > run.latest.change.step)
    at.run()
    assert "10× wider: ±1" in [button.label for button in at.button]
    assert re.search(
        r"From ±0\.01 to ±0\.1:<br>slope .*? after \d+ steps?<br>estimate .*? after \d+ steps?</p>", panels(at)
    )


def test_what_there_is_to_try_stays_within_what_its_slider_reaches() -> None:
    def offered(**values: object) -> list[str]:
        return [one.label for one in tries.tries_of(dataclasses.replace(TINY, **values))]

    penalty = {"constraint": "gradient-penalty"}
    assert offered(clip_range=(-0.2, 0.2)) == ["10× tighter", "Constrain the slope instead"]
    assert offered(clip_range=(-5.0, 5.0)) == ["10× tighter", "Constrain the slope instead"]
    assert offered(clip_range=(-5.0, 5.0), **penalty) == ["10× weaker", "10× stronger"]
    assert offered(penalty=101.0, **penalty) == ["10× weaker", "Clamp it"]


def refused_cards(at: AppTest) -> list[str]:
    """The sentences of the cards that can't be chosen."""
    return re.findall(r"aria-disabled='true'.*?<p>(.*?)</p>", panels(at))


def test_a_critic_with_batch_norm_refuses_a_penalty_and_starts_again_with_layer_norm(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY_IMAGES)
    at = page("1_Train.py", run=run.run_id)
    reason, _ = refused_cards(at)
    assert reason.startswith("With batch norm a score depends on the whole batch")
    click(at, "Start again with layer norm")
    (new,) = (one for one in the_hub.runs if one is not run)
    assert new.config == dataclasses.replace(run.config, critic_norm="layer")
    wait_until(lambda: run.latest.status is Status.PAUSED)
    assert address(at)["run"] == new.run_id
    assert len(refused_cards(at.run())) == 1  # spectral norm is never switched on live


def test_the_code_shows_the_constraint_too(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, dataclasses.replace(TINY, constraint="gradient-penalty"))
    at = page("1_Train.py", run=run.run_id)
    at.session_state["code_The update, as it runs"] = True
    at.run()
    assert "def critic_update" in code(at)
    assert "class GradientPenalty" in code(at)


def test_two_constraints_are_compared_by_the_surfaces_measured_on_both_sides(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    wait_until(lambda: run.latest.reading)
    at = page("1_Train.py", run=run.run_id)
    assert "head_before" not in at.session_state
    assert "Before: ±0.1" not in panels(at)
    click(at, "Constrain the slope instead")
    assert (run.wanted.constraint, run.wanted.penalty) == ("gradient-penalty", 0.1)
    wait_until(lambda: run.latest.change and run.latest.reading.step > run.latest.change.step)
    run.pause()
    wait_until(lambda: run.is_idle(0))  # it has taken its look
    at.run()
    shown, change = panels(at), run.latest.change
    assert change.reading.step <= change.step < run.latest.reading.step
    assert f"Before: ±0.1</b><div><span>step {change.reading.step:,}" in shown
    assert f"Now: penalty 0.1</b><div><span>step {run.latest.reading.step:,}" in shown


def test_a_surface_that_was_not_measured_is_not_shown(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    run.switch(frozenset())
    wait_until(lambda: run.latest.step > 5 and not run.latest.instruments)
    run.change(constraint="none")
    wait_until(lambda: run.latest.change)
    shown = panels(page("1_Train.py", run=run.run_id))
    assert "Now: no constraint</b><div><span>not measured" in shown
