"""A few whole flows in a real Chromium against a real server, offline."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect, sync_playwright
from safetensors.torch import load
from served import FLAGS, LONG, Server, expect_state, interrupt, serve, start
from stubs import wait_until

from ganlab.data import images, own_points


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = serve(tmp_path_factory.mktemp("server"))
    yield made
    interrupt(made)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    made = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=FLAGS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1440, "height": 1000})
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A page that must not log an error or ask anything of another machine; its runs are stopped after it."""
    page = context.new_page()
    page.set_default_timeout(LONG)
    expect.set_options(timeout=LONG)
    errors, foreign = [], []
    # On a deep link Streamlit itself first probes /PAGE/_stcore/... and gets a 404.
    page.on(
        "console",
        lambda m: errors.append(m.text) if m.type == "error" and "_stcore" not in m.location.get("url", "") else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda r: foreign.append(r.url) if "127.0.0.1" not in r.url and r.url[:4] == "http" else None)
    yield page
    boxes = page.get_by_text("BidiComponent Error").count() + page.get_by_test_id("stException").count()
    stop_all(page, server)
    page.close()
    assert (errors, foreign, boxes) == ([], [], 0)


def stop(page: Page) -> None:
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "Stopped")


def stop_all(page: Page, server: Server) -> None:
    """End the run of this page, or else the one that Home knows of; unless the server is gone."""
    if server.process.poll() is not None:
        return
    if page.get_by_role("button", name="Pause", exact=True).or_(page.get_by_role("button", name="Resume")).is_hidden():
        page.goto(server.url)
        going = page.locator(".st-key-in_progress").get_by_role("link", name="Open")
        expect(page.get_by_text("Nothing is training").or_(going).first).to_be_visible()
        if going.first.is_hidden():
            return
        going.first.click()
    stop(page)


def step_shown(page: Page) -> int:
    return int(page.locator(".gl .state b").inner_text().replace(",", ""))


def recorded(server: Server, run: str) -> list[str]:
    return (server.runs / run / "changes.csv").read_text().splitlines()[1:]


def test_home_starts_the_default_run_and_leads_to_it(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Train on digits").click()
    expect_state(page, "Running")
    assert "/Train?run=" in page.url
    grid = page.get_by_alt_text(re.compile("64 generated images at step [1-9]"))
    expect(grid).to_be_visible()
    page.goto(server.url)
    page.locator(".st-key-in_progress").get_by_role("link", name="Open").click()
    expect_state(page, "Running")


def test_steering_acts_and_is_recorded(page: Page, server: Server) -> None:
    run = start(page, server)
    wait_until(lambda: step_shown(page) > 0)
    page.locator(".st-key-clip input").nth(1).focus()
    page.keyboard.press("ArrowRight")
    wait_until(lambda: len(recorded(server, run)) == 1)
    assert recorded(server, run)[0].endswith(",clip_range,-0.15 0.15")
    expect(page.locator(".gl .force")).to_have_text("in force: ±0.15")
    expect(page.locator(".js-plotly-plot").first).to_contain_text("0.15")
    high = page.get_by_role("spinbutton", name="High")
    high.fill("0.0137")
    high.press("Enter")
    expect(page.locator(".gl .force")).to_have_text("in force: ±0.0137")
    page.get_by_role("button", name=re.compile("Clip ten times tighter")).click()
    expect(page.locator(".gl .force")).to_have_text("in force: ±0.01")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".gl .force")).to_have_text("in force: ±0.1")
    changed = [row.split(",")[2] for row in recorded(server, run)]
    assert changed == ["-0.15 0.15", "-0.0137 0.0137", "-0.01 0.01", "-0.1 0.1"]


def test_the_rules_can_be_pulled(page: Page, server: Server) -> None:
    run = start(page, server)
    plot = page.locator(".js-plotly-plot").first
    expect(plot).to_contain_text("at low")  # drawn, and no longer moving down the page
    box = plot.bounding_box()
    at = plot.evaluate("(e) => [-0.1, -0.06].map(v => e._fullLayout.xaxis._offset + e._fullLayout.xaxis.d2p(v))")
    y = box["y"] + 150
    page.mouse.move(box["x"] + at[0], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (at[0] + at[1]) / 2, y)
    page.mouse.move(box["x"] + at[1], y)
    page.mouse.up()
    expect(page.locator(".gl .force")).to_have_text("in force: ±0.06")
    expect(page.get_by_role("spinbutton", name="Low")).to_have_value("-0.06")
    assert recorded(server, run)[-1].endswith(",clip_range,-0.06 0.06")


def test_settings_are_edited_linked_and_steered(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Train")
    page.get_by_role("button", name="Choose", exact=True).nth(1).click()  # 25 Gaussians: Digits is chosen
    expect(page.get_by_text("MLP 3 × 128 · ±0.2")).to_be_visible()  # the form is that of the new data
    page.locator("summary", has_text="Advanced").click()
    width = page.get_by_role("spinbutton", name="Width")
    width.fill("32")
    width.press("Enter")
    expect(page).to_have_url(re.compile("preset=25-gaussians&width=32&"))
    page.reload()
    expect(page.get_by_text("MLP 3 × 32")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect_state(page, "Running")
    rate = page.get_by_role("spinbutton", name="Generator learning rate")
    rate.fill("0.001")
    rate.press("Enter")
    run = re.search(r"run=([\w-]+)", page.url)[1]
    wait_until(lambda: recorded(server, run))
    assert recorded(server, run)[0].endswith(",generator_lr,0.001")
    expect(page.get_by_text("generator rate 0.001").first).to_be_attached()


def test_own_images_from_a_zip(page: Page, server: Server, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 12, 9, 3), np.uint8)
    (tmp_path / "mine.zip").write_bytes(images.zip_of_pngs(pictures))
    (tmp_path / "bad.zip").write_bytes(b"not a ZIP")
    page.goto(f"{server.url}/Train?preset=images&image_size=16")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    page.locator("input[type=file]").first.set_input_files(tmp_path / "bad.zip")
    expect(page.get_by_text("bad.zip can't be read as a ZIP archive.")).to_be_visible()
    page.locator("input[type=file]").first.set_input_files(tmp_path / "mine.zip")
    expect(page.get_by_alt_text("20 of your images")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_alt_text(re.compile("64 generated images at step [1-9]"))).to_be_visible()


def test_own_points_are_drawn_by_mouse(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Train")
    page.get_by_role("radio", name="My own points").click()
    expect(page.get_by_text("0 of at least 16 points")).to_be_visible()
    ready = page.get_by_role("button", name="Start", exact=True)
    expect(ready).to_be_disabled()
    plane = page.get_by_role("img", name="Your points on the plane")
    for x in (100, 200, 300):
        plane.click(position={"x": x, "y": 60})
    expect(page.get_by_text("3 of at least 16 points")).to_be_visible()
    for shown in ("Undo", "Clear"):
        drag(page, plane, (60, 300), (360, 200))
        count = page.get_by_text(re.compile(r"^\d+ points$"))
        expect(count).to_be_visible()
        expect(ready).to_be_enabled()
        page.get_by_role("button", name=shown).click()
        expect(page.get_by_text(re.compile(r"^[03] of at least 16 points$"))).to_be_visible()
        expect(ready).to_be_disabled()
    page.get_by_role("button", name="Undo").click()  # of Clear
    expect(ready).to_be_enabled()
    n = int(count.inner_text().split()[0])
    page.reload()
    expect(page.get_by_text(f"{n} points")).to_be_visible()
    page.get_by_role("button", name="Erase").click()
    drag(page, plane, (90, 60), (310, 60))
    expect(page.get_by_text(f"{n - 3} points")).to_be_visible()
    kept = server.runs.parent / "data/points"
    wait_until(lambda: len(points_of(page, kept)) == n - 3)
    ready.click()
    expect_state(page, "Running")
    config = json.loads((server.runs / re.search(r"run=([\w-]+)", page.url)[1] / "config.json").read_text())
    assert len(own_points.load(config["points"], kept)) == n - 3


def drag(page: Page, over: Locator, start: tuple[int, int], end: tuple[int, int]) -> None:
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=8)
    page.mouse.up()


def points_of(page: Page, kept: Path) -> np.ndarray:
    """Those that the address names."""
    named = re.search(r"points=([0-9a-f]{16})", page.evaluate("location.href"))
    return own_points.load(named[1], kept) if named else np.empty((0, 2))


def test_pause_step_resume(page: Page, server: Server) -> None:
    start(page, server)
    page.get_by_role("button", name="Pause", exact=True).click()
    expect_state(page, "Paused")
    before = step_shown(page)
    page.get_by_role("button", name="Step", exact=True).click()
    expect(page.locator(".gl .state b")).to_have_text(f"{before + 1:,}")
    page.get_by_role("button", name="Resume", exact=True).click()
    expect_state(page, "Running")
    wait_until(lambda: step_shown(page) > before + 1)


def test_plots_keep_their_nodes_and_zoom_and_nothing_jumps(page: Page, server: Server) -> None:
    start(page, server)
    expect(page.locator(".js-plotly-plot")).to_have_count(5 + 9)
    wait_until(lambda: step_shown(page) > 20)
    page.evaluate(
        """async () => {
          window.plots = [...document.querySelectorAll('.js-plotly-plot')];
          window.svgs = plots.map(e => e.querySelector('svg.main-svg'));
          window.heights = plots.map(e => e.getBoundingClientRect().height);
          await Plotly.relayout(plots[0], {'xaxis.range[0]': -0.05, 'xaxis.range[1]': 0.05});
          window.draws = 0;
          plots[0].on('plotly_afterplot', () => window.draws++);
        }"""
    )
    wait_until(lambda: page.evaluate("draws") >= 10)
    assert page.evaluate("plots.every((e, i) => document.contains(e) && e.querySelector('svg.main-svg') === svgs[i])")
    assert page.evaluate("plots.every((e, i) => e.getBoundingClientRect().height === heights[i])")
    assert page.evaluate("plots[0]._fullLayout.xaxis.range") == [-0.05, 0.05]


def test_instruments_look_and_a_layer_is_clicked(page: Page, server: Server) -> None:
    start(page, server)
    expect(page.get_by_text("% of the run's CPU time")).to_be_visible()
    heat = page.get_by_role("img", name=re.compile("^Share of each of 8 layers' weights"))
    expect(heat.locator("svg.main-svg").first).to_be_attached()
    heat.evaluate("e => { window.heat = e; window.svg = e.querySelector('svg.main-svg'); window.ticks = new Set() }")
    heat.scroll_into_view_if_needed()

    def ticks() -> int:
        return page.evaluate("ticks.add(document.querySelector('.gl .state b').textContent).size")

    wait_until(lambda: ticks() > 5)
    assert page.evaluate("document.contains(heat) && heat.querySelector('svg.main-svg') === svg")
    layer = page.get_by_role("button", name=re.compile("^linear2 of the critic"))
    menu = page.get_by_role("combobox", name="Layer")
    layer.click()
    expect(menu).to_have_value("linear2.weight")
    expect(layer).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name=re.compile("^linear3 of the critic")).focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_value("linear3.weight")
    expect(page.get_by_text("of 16,384 weights were outside")).to_be_visible()
    wait_until(lambda: ticks() > 8)
    expect(menu).to_have_value("linear3.weight")  # no late message brings the old layer back


def test_reload_second_tab_and_cold_link_attach_to_the_same_run(page: Page, server: Server) -> None:
    run = start(page, server)
    reached = step_shown(page)
    page.reload()
    expect_state(page, "Running")
    wait_until(lambda: step_shown(page) > reached)
    other = page.context.new_page()
    other.goto(f"{server.url}/Train?run={run}")
    expect_state(other, "Running")
    other.get_by_role("button", name="Pause", exact=True).click()
    expect_state(page, "Paused")  # the first tab follows
    other.close()
    page.get_by_role("button", name="Resume", exact=True).click()
    expect_state(page, "Running")


def test_downloads_are_what_is_on_the_pages(page: Page, server: Server) -> None:
    start(page, server, "digits")
    expect(page.get_by_alt_text(re.compile("64 generated images at step [1-9]"))).to_be_visible()
    stop(page)

    def file(button: str, nth: int = 0) -> bytes:
        with page.expect_download() as download:
            page.get_by_role("button", name=button, exact=True).nth(nth).click()
        return download.value.path().read_bytes()

    sheet = np.asarray(Image.open(io.BytesIO(file("PNG"))))
    assert sheet.shape == (438, 438)
    with zipfile.ZipFile(io.BytesIO(file("ZIP"))) as archive:
        assert len(archive.namelist()) == 64
        first = np.asarray(Image.open(io.BytesIO(archive.read("0000.png"))))
    assert np.array_equal(sheet[6:54:3, 6:54:3], first)  # the gap is 2 pixels, each 3 wide
    assert load(file("Generator"))["conv1.weight"].shape == (64, 64, 4, 4)
    histogram = file("CSV", 0).decode().splitlines()
    assert histogram[0] == "layer,from,to,before,after"
    assert sum(int(row.split(",")[3]) for row in histogram[1:]) == 34_465
    metrics = file("CSV", 1).decode().splitlines()
    assert len(metrics) - 1 == step_shown(page)
    page.get_by_role("link", name="Generate").click()
    expect(page.get_by_alt_text("64 generated images", exact=True)).to_be_visible()
    assert "run=" in page.url
    with np.load(io.BytesIO(file("NPZ"))) as arrays:
        assert arrays["samples"].shape == (64, 1, 16, 16)
        assert arrays["latents"].shape == (64, 64)


def test_a_generated_sheet_is_linked_picked_from_and_made_again_without_ganlab(
    page: Page, server: Server, tmp_path: Path
) -> None:
    def save(button: str) -> bytes:
        with page.expect_download() as download:
            page.get_by_role("button", name=button, exact=True).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
        return (tmp_path / download.value.suggested_filename).read_bytes()

    run = start(page, server, "digits")
    expect(page.get_by_alt_text(re.compile("64 generated images at step [1-9]"))).to_be_visible()
    stop(page)
    page.goto(f"{server.url}/Generate?run={run}&truncation=0.8")
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    seed.press("Enter")
    expect(page).to_have_url(re.compile("seed=7"))
    sheet = page.get_by_role("listbox")
    box = sheet.bounding_box()
    sheet.click(position={"x": box["width"] * 4.5 / 8, "y": box["height"] * 1.5 / 8})
    expect(page.get_by_role("heading", name="Sample 12")).to_be_visible()
    sheet.press("ArrowRight")
    sheet.press("Enter")
    expect(page.get_by_role("heading", name="Sample 13")).to_be_visible()
    expect(page).to_have_url(re.compile("pick=13"))
    picture = save("PNG")
    save("Download generator")
    save("Script")
    command = [sys.executable, "-I", str(tmp_path / "sample.py"), str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "samples.png").read_bytes() == picture
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name="Sample 13")).to_be_visible()
    shown = [tab.get_by_alt_text("64 generated images", exact=True).get_attribute("src") for tab in (page, other)]
    assert shown[0] == shown[1]
    other.close()
    page.get_by_role("link", name="Train").click()
    expect_state(page, "Stopped")
    page.get_by_role("link", name="Generate").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("7")  # nothing is lost by leaving


def test_a_run_is_looked_back_at_resumed_and_deleted(page: Page, server: Server) -> None:
    run = start(page, server)
    wait_until(lambda: step_shown(page) > 10)
    slider = page.locator("[class*=st-key-look_back_] input")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".st-key-look")).to_contain_text("step 1")
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.locator(".st-key-look")).to_contain_text("1 pinned")
    page.get_by_role("button", name="Latest", exact=True).click()
    expect(page.locator(".st-key-look")).to_contain_text("newest step")
    stop(page)
    stopped = step_shown(page)
    page.get_by_role("button", name="Resume", exact=True).click()
    expect_state(page, "Running")
    wait_until(lambda: step_shown(page) > stopped)
    stop(page)
    page.goto(server.url)
    page.locator(f".st-key-menu_{run} button").click()
    page.get_by_role("button", name="Delete it", exact=True).click()
    wait_until(lambda: not (server.runs / run).exists())
    expect(page.locator(f".st-key-menu_{run}")).to_have_count(0)


def test_weights_are_clipped_by_hand(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Weight_Clipping")
    expect(page.get_by_text("43 of 60", exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    page.evaluate("window.plots = [...document.querySelectorAll('.js-plotly-plot')]")
    numbers = page.get_by_role("textbox").first
    numbers.press("End")
    numbers.press_sequentially(", -7")  # shown while it is typed
    expect(page.get_by_text("tensor([-1., -1.,  0.,  1.,  1., -1.])")).to_be_visible()
    page.get_by_role("slider").nth(3).focus()
    page.keyboard.press("ArrowRight")  # 0.1 to 0.15
    expect(page.get_by_text("42 of 60", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).first.click()
    rows = download.value.path().read_text().splitlines()
    assert rows[0] == "parameter,row,column,before,after,clamped"
    assert sum(int(row[-1]) for row in rows[1:]) == 42
    assert page.evaluate("plots.every(e => document.contains(e))")


def test_building_blocks_answer_and_refuse(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Building_Blocks")
    page.get_by_role("link", name="nn.ConvTranspose2d").first.click()
    expect(page).to_have_url(re.compile("#conv-transpose$"))
    card = page.locator(".st-key-lesson_conv-transpose")
    expect(card.get_by_text("8 × 8")).to_be_visible()
    padding = card.get_by_role("spinbutton", name="output_padding", exact=True)
    padding.fill("0")
    padding.press("Enter")
    expect(card.get_by_text("7 × 7").first).to_be_visible()
    padding.fill("5")
    padding.press("Enter")
    expect(card.get_by_text("output_padding must be smaller")).to_be_visible()
    expect(card.get_by_text("7 × 7").first).to_be_visible()  # the picture stays
    lesson = page.locator(".st-key-lesson_no-grad")
    lesson.get_by_role("button", name="Measure time and accuracy").click()
    expect(lesson.get_by_text(re.compile(r"4\d\d of 512, 9\d")).first).to_be_visible()


def test_the_keyboard_alone_can_start_steer_and_download(page: Page, server: Server) -> None:
    def tab_to(name: str, target: Locator | None = None) -> None:
        target = target or page.get_by_role("button", name=name, exact=True).first
        expect(target).to_be_visible()
        for _ in range(80):
            if target.evaluate("e => e === document.activeElement || e.contains(document.activeElement)"):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"Tab never reaches {name}")

    page.goto(f"{server.url}/Train?preset=8-gaussians")
    tab_to("Start")
    page.keyboard.press("Enter")
    expect_state(page, "Running")
    run = re.search(r"run=([\w-]+)", page.url)[1]
    tab_to("the clip range", page.locator(".st-key-clip input").first)
    page.keyboard.press("ArrowLeft")
    wait_until(lambda: len(recorded(server, run)) == 1)
    tab_to("Generator")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "generator.safetensors"
    page.keyboard.press("Shift+Tab")


def test_ctrl_c_while_training_with_a_page_open(page: Page, server: Server) -> None:
    """The last one: it ends the server."""
    run = start(page, server)
    page.goto("about:blank")  # its websocket would only log that it is gone
    assert interrupt(server) == 0
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "terminate called" not in log
    assert (server.runs / run / "generator.safetensors").exists()
