"""Choosing data and starting a run, in a real Chromium against a real server, offline."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from accessible import expect_accessible
from on_screen import LOADING, load
from playwright.sync_api import Locator, Page, expect
from served import Server, app, expect_state, run_of
from stubs import wait_until

from ganlab.data import images, own_points


def test_home_starts_the_default_run_and_leads_to_it(page: Page, server: Server) -> None:
    page.goto(server.url)
    app(page).get_by_role("button", name="Train on digits").click()
    expect_state(page, "Running")
    run = run_of(page)
    expect(app(page).get_by_alt_text(re.compile("72 generated images at step [1-9]"))).to_be_visible()
    assert load(page, server.url) <= LOADING
    expect(app(page).locator(".st-key-in_progress").get_by_role("link", name="Open")).to_be_visible()
    expect_accessible(page)
    app(page).locator(".st-key-in_progress").get_by_role("link", name="Open").click()
    expect_state(page, "Running")
    assert run_of(page) == run


def test_settings_are_edited_and_linked(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Train")
    app(page).get_by_role("button", name="Choose 25 Gaussians").click()
    expect(app(page).get_by_text("MLP 3 × 128 · ±0.2")).to_be_visible()  # the form now holds the new preset
    app(page).locator("summary", has_text="Advanced").click()
    width = app(page).get_by_role("spinbutton", name="Width")
    expect(app(page).get_by_role("button", name="Increment, Width")).to_be_visible()
    width.fill("32")
    width.press("Enter")
    expect(page).to_have_url(re.compile("preset=25-gaussians&width=32&"))
    page.reload()
    expect(app(page).get_by_text("MLP 3 × 32", exact=True)).to_be_visible()
    expect(app(page).get_by_role("button", name="Choose Digits")).to_be_visible()
    app(page).get_by_role("radio", name="Spectral norm").click()
    expect(page).to_have_url(re.compile("constraint=spectral-norm"))
    expect(app(page).get_by_text("MLP 3 × 32 · spectral norm")).to_be_visible()
    expect(app(page).get_by_role("radio", name="Spectral norm")).to_be_checked()
    expect_accessible(page)
    page.goto(f"{server.url}/Train?preset=8-gaussians&generator_lr=1e30")
    app(page).get_by_role("button", name="Start", exact=True).click()
    expect_state(page, "Failed")
    expect_accessible(page)


def test_own_images_from_a_zip(page: Page, server: Server, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 12, 9, 3), np.uint8)
    (tmp_path / "mine.zip").write_bytes(images.zip_of_pngs(pictures))
    (tmp_path / "bad.zip").write_bytes(b"not a ZIP")
    page.goto(f"{server.url}/Train?preset=images&image_size=16")
    start = app(page).get_by_role("button", name="Start", exact=True)
    expect(start).to_be_disabled()
    uploader = app(page).locator("input[type=file]").first
    uploader.set_input_files(tmp_path / "bad.zip")
    expect(app(page).get_by_role("alert")).to_contain_text("bad.zip")
    expect(start).to_be_disabled()
    uploader.set_input_files(tmp_path / "mine.zip")
    expect(app(page).get_by_alt_text("20 of your images")).to_be_visible()
    app(page).get_by_role("button", name="Remove mine.zip").click()
    expect(app(page).get_by_text("A preview appears here")).to_be_visible()
    expect(start).to_be_disabled()
    with page.expect_file_chooser() as chooser:
        app(page).get_by_test_id("stFileUploader").get_by_role("button").last.click()
    chooser.value.set_files(tmp_path / "mine.zip")
    expect(app(page).get_by_alt_text("20 of your images")).to_be_visible()
    start.click()
    expect(app(page).get_by_alt_text(re.compile("72 generated images at step [1-9]"))).to_be_visible()
    page.goto(server.url)
    expect(app(page).locator(".st-key-in_progress")).to_contain_text("mine.zip, ±0.01")


def test_own_points_from_a_file_that_is_removed_again(page: Page, server: Server, tmp_path: Path) -> None:
    (tmp_path / "mine.tsv").write_text("".join(f"{i / 20}\t{-i / 20}\n" for i in range(20)))
    page.goto(f"{server.url}/Train?preset=drawn")
    start = app(page).get_by_role("button", name="Start", exact=True)
    count = app(page).locator(".gl-draw").get_by_role("status")
    app(page).locator("input[type=file]").first.set_input_files(tmp_path / "mine.tsv")
    expect(count).to_have_text("20 points")
    expect(start).to_be_enabled()
    app(page).get_by_role("button", name="Remove mine.tsv").click()
    expect(count).to_have_text("0 of at least 16 points")
    expect(start).to_be_disabled()


def test_own_points_are_drawn_by_mouse(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Train")
    app(page).get_by_role("radio", name="My own points").click()
    count = app(page).locator(".gl-draw").get_by_role("status")
    start = app(page).get_by_role("button", name="Start", exact=True)
    expect(count).to_have_text("0 of at least 16 points")
    expect(start).to_be_disabled()
    plane = app(page).get_by_role("img", name="Your points on the plane")
    for x in (100, 200, 300):
        plane.click(position={"x": x, "y": 60})
    expect(count).to_have_text("3 of at least 16 points")
    for button, left in (("Undo", 3), ("Clear", 0)):
        drag(page, plane, (60, 300), (360, 200))
        expect(count).to_have_text(re.compile(r"^\d+ points$"))
        expect(start).to_be_enabled()
        app(page).get_by_role("button", name=button).click()
        expect(count).to_have_text(f"{left} of at least 16 points")
        expect(start).to_be_disabled()
    app(page).get_by_role("button", name="Undo").click()  # undoes Clear
    expect(start).to_be_enabled()
    n = int(count.inner_text().split()[0])
    page.reload()
    expect(count).to_have_text(f"{n} points")
    app(page).get_by_role("button", name="Erase").click()
    drag(page, plane, (90, 60), (310, 60))
    expect(count).to_have_text(f"{n - 3} points")
    folder = server.runs.parent / "data/points"
    wait_until(lambda: len(linked_points(page, folder)) == n - 3)
    start.click()
    expect_state(page, "Running")
    config = json.loads((server.runs / run_of(page) / "config.json").read_text())
    assert len(own_points.load(config["points"], folder)) == n - 3


def drag(page: Page, over: Locator, start: tuple[int, int], end: tuple[int, int]) -> None:
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=8)
    page.mouse.up()


def linked_points(page: Page, folder: Path) -> np.ndarray:
    """The points that the page's address names."""
    name = re.search(r"points=([0-9a-f]{16})", page.evaluate("location.href"))
    return own_points.load(name[1], folder) if name else np.empty((0, 2))


def test_the_keyboard_alone_can_start_steer_stop_and_download(page: Page, server: Server) -> None:
    def tab_to(target: Locator, key: str = "Tab") -> None:
        expect(target).to_be_visible()
        for _ in range(80):
            if target.evaluate("e => e === document.activeElement || e.contains(document.activeElement)"):
                return
            page.keyboard.press(key)
        pytest.fail(f"{key} never reaches {target}")

    page.goto(f"{server.url}/Train?preset=8-gaussians&steps=100000")
    tab_to(app(page).get_by_role("button", name="Start", exact=True))
    page.keyboard.press("Enter")
    expect_state(page, "Running")
    high = app(page).get_by_role("slider", name="High bound")
    tab_to(high)
    page.keyboard.press("ArrowRight")
    expect(high).to_have_attribute("aria-valuenow", "0.15")
    # A stopped page has no ticks: Streamlit deletes a download at the second tick after it was made, fetched or not.
    tab_to(app(page).get_by_role("button", name="Stop", exact=True), "Shift+Tab")
    page.keyboard.press("Enter")
    expect_state(page, "Stopped")
    tab_to(app(page).get_by_role("button", name="Save", exact=True))
    page.keyboard.press("Enter")
    generator = page.get_by_test_id("stPopoverBody").get_by_role("button", name="Generator", exact=True)
    tab_to(generator)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "generator.safetensors"
