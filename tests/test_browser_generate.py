"""The Generate page in a real Chromium against a real server, offline."""

import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from accessible import expect_accessible
from on_screen import LOADING, load
from playwright.sync_api import Page, expect
from served import Server, app, expect_state, sidebar, start

SHEET = "64 generated images"


def test_a_generated_sheet_is_linked_picked_from_and_made_again_without_ganlab(
    page: Page, server: Server, tmp_path: Path
) -> None:
    def save(button: str) -> bytes:
        with page.expect_download() as download:
            app(page).get_by_role("button", name=button).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
        return (tmp_path / download.value.suggested_filename).read_bytes()

    run = start(page, server, "digits", steps=5, until="Finished")
    expect_accessible(page)
    assert load(page, f"{server.url}/Generate?run={run}&truncation=0.8") <= LOADING
    seed = app(page).get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    seed.press("Enter")
    expect(page).to_have_url(re.compile("seed=7"))
    sheet = app(page).get_by_role("listbox")
    box = sheet.bounding_box()
    assert box
    sheet.click(position={"x": box["width"] * 4.5 / 8, "y": box["height"] * 1.5 / 8})
    expect(app(page).get_by_role("heading", name="Sample 12")).to_be_visible()
    sheet.press("ArrowRight")
    sheet.press("Enter")
    expect(app(page).get_by_role("heading", name="Sample 13")).to_be_visible()
    expect(page).to_have_url(re.compile("pick=13"))
    expect_accessible(page)
    with np.load(io.BytesIO(save("NPZ"))) as arrays:
        assert arrays["samples"].shape == (64, 1, 16, 16)
        assert arrays["latents"].shape == (64, 64)
    picture = save("PNG")
    save("Download generator")
    save("Script")
    command = [sys.executable, "-I", str(tmp_path / "sample.py"), str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "samples.png").read_bytes() == picture
    other = page.context.new_page()
    other.goto(page.url)
    expect(app(other).get_by_role("heading", name="Sample 13")).to_be_visible()
    sources = [app(tab).get_by_alt_text(SHEET, exact=True).get_attribute("src") for tab in (page, other)]
    assert sources[0] == sources[1]
    other.close()
    sidebar(page).get_by_role("link", name="Train").click()
    expect_state(page, "Finished")
    sidebar(page).get_by_role("link", name="Generate").click()
    expect(app(page).get_by_role("spinbutton", name="Seed")).to_have_value("7")  # nothing is lost by leaving
