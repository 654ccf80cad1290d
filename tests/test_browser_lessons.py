"""The lesson pages in a real Chromium against a real server, offline."""

import re

from accessible import expect_accessible
from on_screen import LOADING, load
from playwright.sync_api import Page, expect
from served import Server, app


def test_weights_are_clipped_by_hand(page: Page, server: Server) -> None:
    assert load(page, f"{server.url}/Weight_Clipping") <= LOADING
    expect(app(page).get_by_text("43 of 60 values were")).to_be_visible()
    expect(app(page).locator(".js-plotly-plot")).to_have_count(2)
    page.evaluate("window.plots = [...document.querySelectorAll('.js-plotly-plot')]")
    numbers = app(page).get_by_role("textbox").first
    numbers.press("End")
    numbers.press_sequentially(", -7")  # no Enter needed
    expect(app(page).get_by_text("tensor([-1., -1.,  0.,  1.,  1., -1.])")).to_be_visible()
    app(page).get_by_role("slider", name="High bound").press("ArrowRight")  # 0.1 to 0.15
    expect(app(page).get_by_text("42 of 60 values were")).to_be_visible()
    with page.expect_download() as download:
        app(page).get_by_role("button", name="CSV").first.click()
    rows = download.value.path().read_text().splitlines()
    assert rows[0] == "parameter,row,column,before,after,clamped"
    assert sum(int(row[-1]) for row in rows[1:]) == 42
    assert page.evaluate("plots.every(e => document.contains(e))")
    expect_accessible(page)


def test_building_blocks_answer_and_refuse(page: Page, server: Server) -> None:
    assert load(page, f"{server.url}/Building_Blocks") <= LOADING
    app(page).get_by_role("link", name="nn.ConvTranspose2d").first.click()
    expect(page).to_have_url(re.compile("#conv-transpose$"))
    card = app(page).locator(".st-key-lesson_conv-transpose")
    expect(card.get_by_text("8 × 8")).to_be_visible()
    expect_accessible(page)
    padding = card.get_by_role("spinbutton", name="output_padding", exact=True)
    padding.fill("0")
    padding.press("Enter")
    expect(card.get_by_text("7 × 7").first).to_be_visible()
    padding.fill("5")
    padding.press("Enter")
    expect(card.get_by_text("output_padding must be smaller")).to_be_visible()
    expect(card.get_by_text("7 × 7").first).to_be_visible()  # the picture stays
    lesson = app(page).locator(".st-key-lesson_no-grad")
    lesson.get_by_role("button", name="Measure time and accuracy").click()
    expect(lesson.get_by_text(re.compile(r"4\d\d of 512, 9\d")).first).to_be_visible()
