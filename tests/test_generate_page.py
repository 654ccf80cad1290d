"""The Generate page in Streamlit's own test runner: its settings, sources and views."""

import dataclasses
import hashlib
import io
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest
from stubs import TINY, TINY_IMAGES, wait_until
from visits import Finished, address, page, panels, restart, run_in

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.gan import building, networks
from ganlab.gan.recipe import Recipe
from ganlab.presets import PRESETS
from ganlab.runs.disk import checkpoints, moments
from ganlab.runs.disk.networks import network_file
from ganlab.runs.hub import RunHub
from ganlab.ui.generate import source, through_training


def data_of(at: AppTest, key: str) -> dict[str, object]:
    """The data of the first component whose data has this key."""
    components = (json.loads(element.proto.json) for element in at.get("bidi_component"))
    return next(data for data in components if key in data)


def upload(at: AppTest, content: bytes, name: str = "g.safetensors") -> AppTest:
    at.get("file_uploader")[0].set_value((name, content, "application/octet-stream")).run()
    assert not at.exception
    return at


def generator_file(config: TrainConfig) -> bytes:
    generator = networks.init_(building.build(config, config.shape)[0], torch.Generator().manual_seed(0))
    return network_file(config, 7, generator)


@pytest.mark.parametrize("view", settings.rules(Recipe, "view").choices)
@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_every_view(config: TrainConfig, view: str, finished: Finished) -> None:
    run = finished(config)
    at = page("3_Generate.py", run=run.run_id, view=view, pick="3", c="70")
    titles = {
        "grid": "64 samples",
        "interpolate": "From sample 3 to seed 1",
        "plane": "The plane of samples 0, 1, 70",
        "walk": "A walk from sample 3",
        "arithmetic": "Sample 0 − 1 + 70",
    }
    assert at.subheader[0].value == titles[view]
    assert not at.warning
    assert address(at)["step"] == str(run.latest.step)


def test_without_a_run_there_is_the_example(finished: Finished) -> None:
    at = page("3_Generate.py", view="walk")
    assert not at.warning
    assert at.selectbox(key="source").options == ["Example: digits, 1,500 steps"]
    example = source.example()
    assert example.config == dataclasses.replace(PRESETS["digits"], threads=1)
    run = finished(TINY_IMAGES)
    at = page("3_Generate.py")
    assert address(at)["run"] == run.run_id
    at.selectbox(key="source").set_value("example").run()
    assert address(at) == {"file": "example"}
    assert not at.exception


def test_equal_links_show_equal_pictures(finished: Finished) -> None:
    run = finished(TINY_IMAGES)
    link = {"run": run.run_id, "n": "100", "seed": "7", "truncation": "0.65", "batch_norm": "train", "columns": "9"}
    first, second = (data_of(page("3_Generate.py", **link), "uri") for _ in range(2))
    assert first == second
    assert first["uri"] != data_of(page("3_Generate.py", **link | {"seed": "8"}), "uri")["uri"]
    assert (first["n"], first["columns"]) == (100, 9)


def test_changed_settings_go_into_the_address(finished: Finished) -> None:
    run = finished(TINY_IMAGES)
    at = page("3_Generate.py", run=run.run_id)
    at.number_input(key="recipe_n").set_value(1000).run()
    at.select_slider(key="recipe_truncation").set_value(0.5).run()
    at.slider(key="recipe_enlarge").set_value(5).run()
    assert address(at) == {"run": run.run_id, "step": "4", "n": "1000", "truncation": "0.5", "enlarge": "5"}
    at.number_input(key="recipe_n").set_value(5000).run()
    assert at.error[0].value == "Samples must be from 1 to 1,024, not 5,000."
    assert at.number_input(key="recipe_n").value == 1000
    assert data_of(at, "uri")["n"] == 1000


def test_a_bad_link_gives_warnings_and_the_defaults(finished: Finished) -> None:
    run = finished(TINY_IMAGES)
    at = page("3_Generate.py", run=run.run_id, n="5000", view="cats", step="x" * 99)
    assert "n must be from 1 to 1,024" in at.warning[0].value.replace("\\", "")
    assert len(at.warning) == 2
    assert address(at)["step"] == "4"
    assert data_of(at, "uri")["n"] == 64


def test_an_unknown_run_is_replaced_by_the_newest(finished: Finished) -> None:
    run = finished(TINY_IMAGES)
    at = page("3_Generate.py", run="20260101-000000-abcd", step="9")
    assert "There is no run 20260101-000000-abcd here" in at.warning[0].value
    assert len(at.warning) == 1
    assert address(at)["run"] == run.run_id


def test_the_page_stays_at_its_step_until_newest_is_clicked(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY_IMAGES)
    wait_until(lambda: run.latest.step > 0)
    at = page("3_Generate.py", run=run.run_id)
    first, step = data_of(at, "uri"), int(address(at)["step"])
    wait_until(lambda: run.latest.step > step)
    assert data_of(at.run(), "uri") == first
    assert data_of(page("3_Generate.py", **address(at)), "uri") == first  # another tab, the same link
    next(button for button in at.button if button.label == "Newest").click().run()
    assert int(address(at)["step"]) > step
    assert data_of(at, "uri") != first


def test_a_picked_sample_is_shown_up_close(finished: Finished) -> None:
    run = finished(TINY_IMAGES)
    at = page("3_Generate.py", run=run.run_id, pick="12")
    assert at.subheader[1].value == "Sample 12"
    assert data_of(at, "uri")["marks"] == [[12, ""]]
    assert panels(at).count("<figcaption>0.") == 5
    assert "A copy would be at 0" in at.caption[0].value
    beyond = page("3_Generate.py", run=run.run_id, pick="900")
    assert beyond.subheader[1].value == "Sample 900"


def test_an_uploaded_generator_is_a_source(the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    content = generator_file(PRESETS["mnist"])
    at = upload(page("3_Generate.py", n="9"), content, "anything.png")
    assert address(at) == {"n": "9", "file": hashlib.sha256(content).hexdigest()[:16]}
    assert data_of(at, "uri")["n"] == 9
    at.query_params["pick"] = "1"
    at.run()
    assert "The data is not on this computer" in at.caption[0].value
    at.selectbox(key="source").select("example").run()
    del at.session_state["uploaded"]  # as when a browser empties the server's caches
    at.selectbox(key="source").select("upload").run()
    assert not at.exception
    assert address(at)["file"] == "example"
    at.query_params["file"] = hashlib.sha256(content).hexdigest()[:16]
    other = page("3_Generate.py", **address(at))
    assert "Upload the same file" in other.warning[0].value


@pytest.mark.parametrize("content", [b"", b"\x89PNG not a network", b"\x10" + b"\0" * 40])
def test_a_foreign_upload_is_rejected_and_changes_nothing(content: bytes, finished: Finished) -> None:
    run = finished(TINY_IMAGES)
    at = page("3_Generate.py", run=run.run_id)
    before = address(at)
    upload(at, content)
    assert "g.safetensors is not a generator that ganlab saved" in at.error[0].value.replace("\\", "")
    assert address(at) == before


def test_the_cost_of_gradients_is_measured_at_the_press_of_a_button(finished: Finished) -> None:
    run = finished(TINY_IMAGES)
    at = page("3_Generate.py", run=run.run_id)
    assert "under no_grad" not in panels(at)
    next(button for button in at.button if button.label == "Measure").click().run()
    assert "under no_grad" in panels(at)


def test_through_training(finished: Finished) -> None:
    for config in (TINY, TINY_IMAGES):
        run = finished(config)
        steps = moments.steps(run.path)
        at = page("3_Generate.py", run=run.run_id, look=str(steps[0]))
        assert at.select_slider(key="recipe_look").value == steps[0]
        at.select_slider(key="recipe_look").set_value(steps[1]).run()
        assert address(at)["look"] == str(steps[1])
        at.toggle(key="through_plays").set_value(True).run()
        assert not at.exception
        frames = Image.open(io.BytesIO(through_training.animation(run, steps)))
        assert frames.n_frames == len(steps)


def test_a_run_that_failed_is_not_what_the_page_opens_with(finished: Finished, the_hub: RunHub) -> None:
    good = finished(TINY_IMAGES)
    run_in("failed", the_hub, TINY_IMAGES)
    assert page("3_Generate.py").selectbox(key="source").value == good.run_id


def test_the_animation_changes_with_the_saved_moments(finished: Finished) -> None:
    run = finished(TINY_IMAGES)
    first, *_, last = steps = moments.steps(run.path)
    before = through_training.animation(run, steps)
    moment = moments.read(run.path, first)
    moments.write(run.path, dataclasses.replace(moment, step=last))  # as a resumed run does
    assert through_training.animation(run, steps) != before


def test_every_checkpoint_of_an_earlier_run_can_be_chosen(the_hub: RunHub) -> None:
    run = run_in("running", the_hub, TINY_IMAGES)
    wait_until(lambda: run.latest.step > 2)
    run.pause()
    wait_until(lambda: run.latest.status == "paused" and len(checkpoints.files(run.path)) > 0)
    first = checkpoints.files(run.path)[0].step
    run.resume()
    wait_until(lambda: run.latest.step > first)
    run.stop()
    assert run.join(10)
    restart(the_hub)
    at = page("3_Generate.py", run=run.run_id, step=str(first))
    assert not at.warning
    assert at.selectbox(key="source_step").value == first
    at.selectbox(key="source_step").set_value(run.latest.step).run()
    assert address(at)["step"] == str(run.latest.step)
    checkpoints.files(run.path)[0].path.write_bytes(b"damaged")
    restart(the_hub)
    at = page("3_Generate.py", run=run.run_id, step=str(first))
    assert "be used as a checkpoint" in at.warning[0].value
    assert address(at)["step"] == str(run.latest.step)
