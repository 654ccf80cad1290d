"""What stands beside the newest samples on Train's first screen, and that a change is compared there."""

import base64
import dataclasses
import io
import json
import math
import re
import threading
from contextlib import closing

import numpy as np
import pytest
from PIL import Image
from stubs import TINY, TINY_IMAGES, wait_until
from visits import clamp, page, panels, run_in

from ganlab.config import TrainConfig
from ganlab.runs import loop
from ganlab.runs.disk import library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.hub import RunHub
from ganlab.runs.range_change import RangeChange
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.vitals import Vital
from ganlab.ui.train import live, strip, view

BOTH = pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])


@BOTH
def test_a_change_is_compared_and_its_first_clamp_is_sent(
    config: TrainConfig, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "HELD", math.inf)  # seconds, which a busy machine may exceed
    run = run_in("running", the_hub, config)
    wait_until(lambda: run.latest.step > 3)
    run.change(clip_range=(-0.003, 0.002))
    wait_until(lambda: run.latest.change)
    at = page("1_Train.py", run=run.run_id)
    change, figure = run.latest.change, clamp(at)
    assert figure["wanted"] == figure["clamp"]["range"] == [-0.003, 0.002]
    assert figure["change"]["id"] == change.critic_step
    assert figure["change"]["former"] == list(config.clip_range)
    assert figure["change"]["fold"]["moved"] == sum(layer.before_counts.outside for layer in change.fold)
    assert figure["clamp"]["limit"] >= 1.2 * max(config.clip_range) * (1 - 1e-6)  # held
    assert panels(at).count("class='hot'") == 6


def test_a_range_that_comes_into_force_while_the_page_is_drawn_is_shown_at_once(
    the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, drawn = run_in("running", the_hub, TINY), threading.Event()
    wait_until(lambda: run.latest.weights)
    publish, controls = run._mailbox.publish, live._controls

    def publish_once_drawn(snapshot: Snapshot) -> None:
        assert snapshot.weights[0].clip_range == TINY.clip_range or drawn.wait(60)
        publish(snapshot)

    def controls_once_in_force(run: Run) -> tuple[object, ...]:
        drawn.set()
        assert run.uses_range(60)
        return controls(run)

    monkeypatch.setattr(run._mailbox, "publish", publish_once_drawn)
    monkeypatch.setattr(live, "_controls", controls_once_in_force)
    run.change(clip_range=(-0.003, 0.002))
    elements = [json.loads(element.proto.json) for element in page("1_Train.py", run=run.run_id).get("bidi_component")]
    (fed,) = (element["parts"] for element in elements if "parts" in element)
    assert "[-0.003, 0.002]" in json.dumps(fed["clamp"])


@BOTH
def test_samples_are_compared_with_real_ones_and_with_those_before_a_change(
    config: TrainConfig, the_hub: RunHub
) -> None:
    run = run_in("running", the_hub, config)
    wait_until(lambda: run.latest.step > 1)
    at = page("1_Train.py", run=run.run_id)
    compare = at.segmented_control(key="compare")
    compare.set_value("Before").run()
    assert "nothing has changed yet" in panels(at)
    run.change(clip_range=(-0.003, 0.002))
    wait_until(lambda: run.latest.change)
    at.run()
    assert re.search(r"±0\.1?0?1?, step \d+", panels(at))
    at.segmented_control(key="compare").set_value("Real").run()
    assert not at.exception
    assert panels(at).count("As many to compare") == (config.kind == "image")


@BOTH
def test_a_run_that_another_process_starts_has_no_samples_yet(config: TrainConfig, the_hub: RunHub) -> None:
    with closing(RunFolder(library.runs_root() / "there", config)):
        text = panels(page("1_Train.py", run="there"))
    assert "no samples yet" in text
    assert not re.search(r"\d+ (generated|fixed latents)", text)


def test_a_pending_range_of_a_paused_run_is_not_drawn_as_that_of_the_clamp(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY)
    wait_until(lambda: run.latest.step > 0)
    run.pause()
    wait_until(lambda: run.latest.status is Status.PAUSED)
    run.change(clip_range=(-0.03, 0.03))
    wait_until(lambda: run.latest.config.clip_range == (-0.03, 0.03))
    at = page("1_Train.py", run=run.run_id)
    assert clamp(at)["wanted"] == [-0.03, 0.03]
    assert clamp(at)["clamp"]["range"] == [-0.1, 0.1]
    assert "change" not in clamp(at)
    assert "slow" not in clamp(at)
    critic_step = run.latest.critic_step
    run.step()
    wait_until(lambda: run.latest.critic_step > critic_step)
    at.run()
    assert clamp(at)["clamp"]["range"] == [-0.03, 0.03]
    assert clamp(at)["slow"]["id"] == run.latest.critic_step
    assert clamp(at)["slow"]["number"] == TINY.n_critic


@pytest.mark.parametrize(
    ("clamping", "played"),
    [({"clip_scope": "weights"}, True), ({"clip_scale": "fan-in"}, True), ({"clip_order": "before"}, False)],
)
def test_a_step_is_played_or_a_note_says_why_not(clamping: dict[str, str], played: bool, the_hub: RunHub) -> None:
    run = run_in("paused", the_hub, dataclasses.replace(TINY, **clamping))
    critic_step = run.latest.critic_step
    run.step()
    wait_until(lambda: run.latest.critic_step > critic_step)
    figure = clamp(page("1_Train.py", run=run.run_id))
    assert ("slow" in figure, bool(figure["note"])) == (played, not played)


def test_a_comparison_says_of_which_moment_it_is() -> None:
    def vital(how: str, *steps: int) -> Vital:
        return Vital("", how, 2.0, 1.0, "", np.array(steps), np.ones(len(steps)))

    vitals = [vital("share"), vital("size", 5, 1260), vital("size", 5, 1268)]
    earlier, now = re.findall(r"<small>(<em>.*?)</small>", strip.strip(vitals, 3, comparing=True, measuring=False))
    assert (earlier, now) == ("<em>2.0× more</em>, step 1,260", "<em>2.0× more</em> now")
    former, config = (dataclasses.replace(TINY, clip_range=(-high, high)) for high in (0.01, 0.1))
    change = RangeChange(former, config, 1254, 1255, 6000, None, np.empty(0))
    text = strip.tried(change, *vitals[1:])
    assert re.findall("From ±0.01 to ±0.1:|after .*? steps", text) == [
        "From ±0.01 to ±0.1:",
        "after 5 steps",
        "after 13 steps",
    ]


def test_large_samples_are_sent_at_half_their_size() -> None:
    samples = np.zeros((4, 128, 128, 3), np.uint8)
    samples[:, ::2] = 200
    uri = re.search(r"src='data:image/png;base64,([^']+)'", view.sheet(samples, 2, "four"))
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri[1]))))
    assert picture.shape == (2 * 66 + 2, 2 * 66 + 2, 3)
    assert set(picture[2:66, 2:66].flat) == {100}
