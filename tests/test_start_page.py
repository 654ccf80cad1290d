"""Train before there is a run: its settings, links and data, by Streamlit's own test runner."""

import dataclasses
import json
import re
import threading
from pathlib import Path

import hostile
import numpy as np
import pytest
from photos import fill
from PIL import Image
from streamlit.testing.v1 import AppTest
from stubs import TINY, wait_until
from visits import address, click, page, panels

from ganlab.config import TrainConfig
from ganlab.data import own_images, own_pixels
from ganlab.data.dataset import Announce
from ganlab.links import from_link, link
from ganlab.presets import PRESETS
from ganlab.runs import pace
from ganlab.runs.history import METRICS
from ganlab.runs.hub import RunHub
from ganlab.runs.pace import Pace
from ganlab.runs.snapshot import Status
from ganlab.settings import applying
from ganlab.ui.train import form
from ganlab.ui.train.own_images import list_left_out

pytestmark = pytest.mark.usefixtures("the_hub")


@pytest.mark.parametrize("query", [{"preset": "cats"}, {"run": "cats"}, {"run": "20260101-000000-abcd"}])
def test_a_bad_link_is_explained_above_the_start_page(query: dict[str, str]) -> None:
    at = page("1_Train.py", **query)
    assert len(at.warning) == 1
    assert "Start" in [button.label for button in at.button]


@pytest.mark.parametrize("steps", [0, -5])
def test_an_impossible_number_of_steps_is_refused(steps: int, the_hub: RunHub) -> None:
    at = page("1_Train.py", preset="8-gaussians")
    at.number_input(key="set_steps").set_value(steps).run()
    assert "Total steps" in at.error[0].value
    assert at.number_input(key="set_steps").value == PRESETS["8-gaussians"].steps  # nothing changed
    assert the_hub.runs == []


def test_an_edit_goes_into_the_address_and_the_run(the_hub: RunHub) -> None:
    at = page("1_Train.py", preset="8-gaussians", seed="5")
    at.number_input(key="set_width").set_value(8).run()
    at.number_input(key="set_low").set_value(-0.3).run()
    at.number_input(key="set_steps").set_value(2)
    at.button[0].click().run()  # what was typed last comes with the click
    assert not at.exception
    (run,) = the_hub.runs
    wanted = {"seed": 5, "width": 8, "clip_range": (-0.3, 0.1), "steps": 2}
    assert run.config == dataclasses.replace(PRESETS["8-gaussians"], **wanted)
    wait_until(lambda: run.latest.status is Status.FINISHED)
    at.run()
    click(at, "New run")
    assert from_link(address(at)) == run.config
    at.button(key="choose_digits").click().run()
    assert address(at) == link(PRESETS["digits"])
    assert at.number_input(key="set_width").value == PRESETS["digits"].width


def test_the_same_link_twice_gives_the_same_rows(the_hub: RunHub) -> None:
    query = link(dataclasses.replace(TINY, steps=12, warm_up=1, optimizer="adam"))
    for _ in range(2):
        page("1_Train.py", **query).button[0].click().run()
        wait_until(lambda: the_hub.runs[0].latest.status is Status.FINISHED)
    first, second = (run.latest.history.rows for run in the_hub.runs)
    assert first.shape == (12, len(METRICS))
    assert METRICS[-1] == "seconds"
    assert np.array_equal(first[:, :-1], second[:, :-1])


def test_every_setting_has_a_widget_and_a_help_sentence() -> None:
    shown = set()
    for name in ("digits", "8-gaussians", "images", "8-gaussians-paper", "8-gaussians-gradient-penalty"):
        at = page("1_Train.py", preset=name)
        widgets = [*at.number_input, *at.selectbox, *at.get("button_group")]
        settings = {w.key.removeprefix("set_"): w for w in widgets if (w.key or "").startswith("set_")}
        assert [name for name, w in settings.items() if not w.help.endswith(".")] == []
        assert set(settings) - {"low", "high"} <= set(applying(PRESETS[name]))
        shown |= set(settings)
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    assert (shown - {"low", "high"}) | {
        "clip_range",
        "constraint",
        "dataset",
        "images",
        "looking_seed",
        "pixels",
        "points",
    } == fields


def test_the_state_line_says_how_long_a_run_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "measure", lambda *_: Pace(critic=1.0, generator=2.0))
    at = page("1_Train.py", preset="images", image_size="128", steps="600")
    wait_until(lambda: "about 1.2 h" in panels(at.run()))  # 600 steps of 5 + 2 seconds: 1.17 h


def test_settings_can_be_loaded_from_a_file(the_hub: RunHub) -> None:
    at = page("1_Train.py")
    config = dataclasses.replace(PRESETS["swiss-roll"], width=64)
    at.get("file_uploader")[0].set_value(("mine.json", json.dumps(config.as_dict()).encode(), "application/json")).run()
    assert address(at) == link(config)
    for content, words in ((b"{", ("JSON",)), (b"[]", ("object",)), (b'{"age": 2, "seed": -1}', ("age", "seed"))):
        at = page("1_Train.py")
        at.get("file_uploader")[0].set_value(("mine.json", content, "application/json")).run()
        assert all(word in at.error[0].value for word in words)
        assert address(at) == {}


def test_a_preset_chosen_together_with_an_edit_wins(the_hub: RunHub) -> None:
    at = page("1_Train.py")
    at.number_input(key="set_steps").set_value(7)
    at.button(key="choose_swiss-roll").click().run()
    assert address(at) == link(PRESETS["swiss-roll"])
    assert not at.error


def test_what_widgets_of_other_data_held_is_not_taken() -> None:
    at = page("1_Train.py", preset="25-gaussians")
    at.session_state["set_network"] = "dcgan"  # the page of digits was left before its end
    at.session_state["set_train_images"] = 9
    at.number_input(key="set_width").set_value(32).run()
    assert address(at)["width"] == "32"
    assert not at.error


def test_a_broken_link_can_be_corrected_and_a_bad_folder_is_refused(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    at = page("1_Train.py", preset="images", www="http://evil.example")
    assert "www" in at.warning[0].value
    assert "http://" not in at.warning[0].value  # else Markdown would make it a link
    at.text_input(key="images_folder").set_value("~nosuchuser/x").run()
    assert at.error
    at.number_input(key="set_seed").set_value(7).run()
    assert address(at) == link(dataclasses.replace(PRESETS["images"], seed=7))
    assert not at.warning


def test_a_folder_of_images_is_shown_before_the_start(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    for i in range(16):
        Image.new("RGB", (20, 10), (16 * i, 0, 0)).save(tmp_path / f"{i}.png")
    at = page("1_Train.py", preset="images")
    assert at.button[0].disabled
    at.text_input(key="images_folder").set_value("/no/such/folder").run()
    wait_until(lambda: at.error or at.run().error)
    assert "/no/such/folder" in at.error[0].value.replace("\N{WORD JOINER}", "")
    at.text_input(key="images_folder").set_value(str(tmp_path)).run()
    wait_until(lambda: not at.run().button[0].disabled)
    assert any("16 of 16" in caption.value for caption in at.caption)
    at.number_input(key="set_width").set_value(4).run()
    at.button[0].click().run()
    (run,) = the_hub.runs
    wait_until(lambda: run.latest.step > 0)
    assert run.latest.sample_shape == (3, 32, 32)


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The start page with a folder of 16 good pictures and four bad ones chosen."""
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    name = own_images.keep_folder(fill(tmp_path / "album", hostile.good_files() | BAD), tmp_path / "cache/images")
    return page("1_Train.py", preset="images", images=name)


BAD = {f"{name}.jpg": b"<!DOCTYPE html>" for name in ("=1+1", "b", "c", "d")}


def test_images_left_out_are_named_and_listed(album: AppTest) -> None:
    wait_until(lambda: not album.run().button[0].disabled)
    assert "4 of 20 images" in album.info[0].value
    assert "=1+1.jpg, b.jpg, c.jpg and 1 more." in album.info[0].value
    assert "6 %" in album.info[0].value  # of their brightness: these are nearly black
    assert "CSV of images left out" in [each.proto.label for each in album.get("download_button")]
    rows = list_left_out(own_pixels.prepared(from_link(address(album))).decoded).decode().splitlines()
    assert rows[0] == "file,reason"
    assert rows[1] == "'=1+1.jpg,\"'=1+1.jpg is a web page, not an image.\""  # a spreadsheet would compute it
    assert rows[2] == 'b.jpg,"b.jpg is a web page, not an image."'
    assert len(rows) == 5


def test_too_few_readable_images_are_refused_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    few = dict(list(hostile.good_files().items())[1:])
    at = page("1_Train.py", preset="images")
    at.text_input(key="images_folder").set_value(str(fill(tmp_path / "few", few | BAD))).run()
    wait_until(lambda: at.run().error)
    assert "holds 15 readable images" in at.error[0].value
    assert at.button[0].disabled


def test_a_folder_is_listed_in_the_background_until_it_is_cancelled(
    tmp_path: Path, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    gate = threading.Event()

    def endless(_: object, __: object, announce: Announce) -> None:
        while not gate.wait(0.01):
            announce("listing the images, 1,000 files so far")

    at = page("1_Train.py", preset="images")
    monkeypatch.setattr(own_images, "keep_folder", endless)
    at.text_input(key="images_folder").set_value(str(tmp_path)).run()
    wait_until(lambda: [text.value for text in at.run().text] == ["Listing the images, 1,000 files so far …"])
    assert at.button[0].disabled
    click(at, "Cancel")
    assert not at.text
    gate.set()
    monkeypatch.setattr(own_images, "keep_folder", lambda *_: "0" * 16)
    at.text_input(key="images_folder").set_value(str(tmp_path / "other")).run()
    wait_until(lambda: address(at.run()).get("images") == "0" * 16)


def test_reading_can_be_cancelled_and_begun_again(
    tmp_path: Path, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))

    def endless(_: object, announce: Announce) -> None:
        while True:
            announce("decoding images, 1 of 2,000")

    at = page("1_Train.py", preset="images")
    with monkeypatch.context() as patch:
        patch.setattr(own_pixels, "prepare", endless)
        at.text_input(key="images_folder").set_value(str(fill(tmp_path / "album", hostile.good_files()))).run()
        assert "Decoding images, 1 of 2,000 …" in [text.value for text in at.text]
        assert at.button[0].disabled
        click(at, "Cancel")
        assert not at.text
        assert at.button[0].disabled
        at.run()  # it does not begin by itself
        assert not at.text
    click(at, "Read the images")
    wait_until(lambda: not at.run().button[0].disabled)


def test_own_points_from_a_csv_are_trained_on(the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))

    def upload(lines: list[str]) -> None:
        content = "\n".join(lines).encode()
        at.get("file_uploader")[0].set_value(("p.csv", content, "text/csv")).run()

    at = page("1_Train.py")
    at.get("button_group")[0].set_value("drawn").run()
    assert at.button[0].disabled
    upload(["1,2", "a,b"])
    assert "Line 2 of p.csv" in at.error[0].value
    assert at.button[0].disabled
    upload(["x,y", *(f"{i},{-i}" for i in range(20))])
    assert "5.938" in at.info[0].value  # what the points were divided by
    assert not at.button[0].disabled
    at.number_input(key="set_width").set_value(8).run()
    at.button[0].click().run()
    (run,) = the_hub.runs
    wait_until(lambda: run.latest.step > 0)
    assert run.config.points == address(page("1_Train.py", **link(run.config)))["points"]


def test_only_the_points_named_last_count(the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    at = page("1_Train.py", preset="drawn")

    def upload(name: str, content: bytes) -> None:
        at.get("file_uploader")[0].set_value((name, content, "text/csv")).run()

    upload("good.csv", b"0.1,0.2\n0.3,0.4\n" * 20)
    assert not at.button[0].disabled
    assert "good.csv" in panels(at)
    upload("bad<i>.csv", b"words\n")
    assert at.error
    assert at.button[0].disabled
    assert "points" not in address(at)
    assert "good.csv" not in panels(at)
    upload("good<i>.csv", b"0.1,0.2\n0.3,0.4\n" * 20)
    assert "good&lt;i&gt;.csv" in panels(at)
    next(group for group in at.get("button_group") if group.key == "points_shape").set_value("Heart").run()
    assert not at.button[0].disabled
    assert "good" not in panels(at)
    assert at.get("file_uploader")[0].value is None  # its file is not what would be trained on


def test_a_drawing_stays_if_a_file_is_removed_in_the_same_message(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    at = page("1_Train.py", preset="drawn")
    at.get("file_uploader")[0].set_value(("p.csv", b"0.1,0.2\n0.3,0.4\n" * 20, "text/csv")).run()
    next(group for group in at.get("button_group") if group.key == "points_shape").set_value("Heart")
    at.get("file_uploader")[0].set_value(None).run()
    assert not at.exception
    assert not at.button[0].disabled


def test_only_the_images_named_last_count(the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    hostile.write_zip(tmp_path / "good.zip", hostile.good_files())
    album = str(fill(tmp_path / "album", hostile.good_files()))
    at = page("1_Train.py", preset="images")

    def upload(content: bytes) -> None:
        at.get("file_uploader")[0].set_value(("good.zip", content, "application/zip")).run()

    def name(folder: str) -> None:
        at.text_input(key="images_folder").set_value(folder).run()

    upload((tmp_path / "good.zip").read_bytes())
    wait_until(lambda: not at.run().button[0].disabled)
    assert "good.zip" in panels(at)
    for folder in ("/no/such/folder", "relative"):
        name(folder)
        wait_until(lambda: at.error or at.run().error)
        assert at.button[0].disabled
        assert "images" not in address(at)
        assert "good.zip" not in panels(at)
        assert at.get("file_uploader")[0].value is None
        upload((tmp_path / "good.zip").read_bytes())
        wait_until(lambda: not at.run().button[0].disabled)
        assert at.text_input(key="images_folder").value == ""
    name(album)
    wait_until(lambda: not at.run().button[0].disabled)
    assert album[-40:] in panels(at)
    upload(b"not a ZIP")
    assert at.error
    assert at.button[0].disabled
    assert at.text_input(key="images_folder").value == ""


def test_points_missing_here_can_be_replaced_by_a_shape(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    at = page("1_Train.py", preset="drawn", points="0" * 16)
    assert at.error
    assert at.button[0].disabled
    pills = next(group for group in at.get("button_group") if group.key == "points_shape")
    pills.set_value("Heart").run()
    assert not at.exception
    assert not at.error
    assert not at.button[0].disabled
    name = address(at)["points"]
    at.button(key="choose_digits").click().run()
    at.get("button_group")[0].set_value("drawn").run()
    assert address(at)["points"] == name


def test_what_holds_the_critic_is_one_of_four_cards() -> None:
    at = page("1_Train.py", preset="digits-gradient-penalty")
    shown = panels(at)
    assert re.findall(r"aria-checked='true'[^>]* data-pick='([a-z-]+)'", shown) == ["gradient-penalty"]
    assert len(re.findall(r"role='radio'", shown)) == 4
    assert "Chosen" in [button.label for button in at.button if button.key == "choose_digits"]


@pytest.mark.parametrize("constraint", ["clip", "gradient-penalty", "spectral-norm", "none"])
def test_a_constraint_comes_with_what_it_needs(constraint: str) -> None:
    """A preset becomes the one that was sized for it, with what was edited; of others only what must change does."""
    for name in ("digits", "8-gaussians"):
        preset = PRESETS[name]
        sized = form.held_by(preset, constraint)
        assert sized.constraint == constraint
        assert form.held_by(sized, "clip") == preset
        if f"{name}-{constraint}" in PRESETS:
            assert sized == PRESETS[f"{name}-{constraint}"]
        edited = dataclasses.replace(preset, seed=5)
        held = form.held_by(edited, constraint)
        assert held == dataclasses.replace(sized, seed=5)
        assert form.held_by(held, "clip") == edited
    fixed = PRESETS["8-gaussians-paper"]
    assert form.held_by(fixed, constraint).generator == fixed.generator
