"""Compare in a real Chromium against a real server, by keyboard alone."""

import dataclasses
import shutil
from io import BytesIO
from pathlib import Path

from accessible import AXE_SCRIPT, RUN, expect_accessible
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from served import ROOT, Server, app, start

from ganlab.runs.disk import contents, inbox
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.sweep import Sweep, name_of
from ganlab.ui.compare import report
from ganlab.ui.compare.picks import Pick

FIGURE = "[class*='st-key-compare_{}'] .gl-plot"
TEXTS = ".gl-figure :is(.minis figcaption, .sheets figcaption, .across thead th)"
COVERED = """texts => texts.filter(text => {
  const button = text.closest(".gl-figure").querySelector(".gl-more");
  const [one, other] = [text, button].map(each => each.getBoundingClientRect());
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}).length"""
"""How many of the texts lie under the button of their figure."""


def test_runs_are_chosen_by_keyboard_move_while_they_train_and_share_their_zoom(page: Page, server: Server) -> None:
    first = "20261101-090000-aaaa"
    shutil.copytree(ROOT / "tests/frozen/runs" / first, server.runs / first)
    second = start(page, server)
    page.goto(f"{server.url}/Compare?runs={first}")
    boxes = app(page).get_by_role("checkbox")
    expect(app(page).get_by_role("list")).to_contain_text("A")
    box = boxes.and_(page.locator(f"[data-pick='+{second}']"))
    box.focus()
    box.press("Enter")
    expect(page).to_have_url(f"{server.url}/Compare?runs={first}%2C{second}")
    estimate, distance = (app(page).locator(FIGURE.format(title)) for title in ("Critic", "Distance"))
    before = estimate.get_attribute("aria-label")
    node = estimate.locator("svg.main-svg").first.element_handle()
    expect(estimate).not_to_have_attribute("aria-label", before or "")
    assert node.evaluate("node => node.isConnected")  # it was drawn in place
    expect_accessible(page)
    area = estimate.locator(".nsewdrag").bounding_box()
    assert area
    page.mouse.move(area["x"] + 0.3 * area["width"], area["y"] + 50)
    page.mouse.down()
    page.mouse.move(area["x"] + 0.6 * area["width"], area["y"] + 55, steps=4)
    page.mouse.up()
    zoomed = """([one, other]) => {
      const [range, same] = [one, other].map(plot => plot._fullLayout.xaxis.range);
      return range[0] > 0 && String(range) === String(same);
    }"""
    page.wait_for_function(zoomed, arg=[estimate.element_handle(), distance.element_handle()])


def test_the_row_of_a_run_that_trains_is_kept_up_to_date_in_place(page: Page, server: Server) -> None:
    run = start(page, server)
    page.goto(f"{server.url}/Compare")
    row = app(page).locator(".runs tr").filter(has=page.locator(f"[data-pick$='{run}']"))
    steps = row.locator("td:nth-last-child(5)")
    before, box = steps.inner_text(), row.get_by_role("checkbox")
    box.focus()
    expect(steps).not_to_have_text(before)
    expect(box).to_be_focused()
    box.press("Enter")  # a compared run's row goes on
    expect(row.get_by_role("checkbox", checked=True)).to_have_count(1)
    before = steps.inner_text()
    expect(steps).not_to_have_text(before)
    row.get_by_role("checkbox").press("Enter")
    expect(app(page).get_by_role("button", name="Remove A")).to_have_count(0)
    inbox.send(server.runs / run, inbox.Command("stop", {}, ()))
    expect(row.get_by_role("status")).to_have_text("Stopped")


def test_focus_stays_among_the_compared_runs_when_the_last_of_them_is_removed(page: Page, server: Server) -> None:
    runs = ["20261101-090100-bbbb", "20261101-090200-cccc"]
    for run in runs:
        shutil.copytree(ROOT / "tests/frozen/runs" / run, server.runs / run)
    page.goto(f"{server.url}/Compare?runs={','.join(runs)}")
    first, last = (app(page).get_by_role("button", name=f"Remove {letter}") for letter in "AB")
    last.focus()
    last.press("Enter")
    expect(last).to_have_count(0)
    expect(first).to_be_focused()


def test_nothing_is_cut_or_covered_on_a_phone(page: Page, server: Server) -> None:
    runs = ["20261101-090600-aaaa", "20261101-090700-bbbb"]
    for run in runs:
        shutil.copytree(ROOT / "tests/frozen/runs/20261101-090100-bbbb", server.runs / run)
    page.set_viewport_size({"width": 420, "height": 900})
    page.goto(f"{server.url}/Compare?runs={','.join(runs)}")
    for column in ("W1", "Precision", "At a bound"):
        expect(app(page).get_by_role("button", name=column, exact=True)).to_be_visible()
    app(page).locator(TEXTS).last.wait_for()
    assert app(page).locator(TEXTS).evaluate_all(COVERED) == 0
    room = """elements => elements.map(element => {
      const one = element.getBoundingClientRect(), around = element.closest(".runs").getBoundingClientRect();
      return Math.min(one.left - around.left, one.top - around.top);
    })"""
    # 4 pixels for the ring around what is in focus
    assert min(app(page).locator(".gl .runs :is(.box, th button):visible").evaluate_all(room)) >= 4


def test_the_table_shows_that_rows_are_hidden_below_its_edge(page: Page, server: Server) -> None:
    for i in range(9):
        shutil.copytree(ROOT / "tests/frozen/runs/20261101-090100-bbbb", server.runs / f"20261101-0910{i:02}-bbbb")
    page.goto(f"{server.url}/Compare")
    table = app(page).locator(".gl .runs")
    table.wait_for()

    def darkest_at_the_edge() -> int:
        """Of the lowest pixels of the gap between two columns, where no text is."""
        box = table.bounding_box()
        assert box
        clip = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] - 3, "width": 8, "height": 2}
        return min(Image.open(BytesIO(page.screenshot(clip=clip))).convert("L").tobytes())

    table.evaluate("table => table.scrollTop = table.scrollHeight")
    nothing_hidden = darkest_at_the_edge()
    table.evaluate("table => table.scrollTop = 0")
    assert darkest_at_the_edge() < nothing_hidden - 20


def test_tab_leads_into_an_open_popover_and_out_of_it(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Compare")
    opener = app(page).get_by_role("button", name="New sweep")
    opener.focus()
    opener.press("Enter")
    inside = page.get_by_test_id("stPopoverBody")
    start = inside.get_by_role("button", name="Start the sweep")
    start.wait_for()
    expect(inside.get_by_test_id("stSkeleton")).to_have_count(0)  # a field that comes late would be the first
    page.keyboard.press("Tab")
    expect(inside.locator(":focus")).to_have_count(1)
    page.keyboard.press("Shift+Tab")
    expect(opener).to_be_focused()
    start.focus()
    page.keyboard.press("Tab")
    expect(app(page).locator(":focus")).to_have_count(1)
    expect(opener).not_to_be_focused()


def test_the_form_of_a_sweep_keeps_its_width_and_nothing_lies_over_it(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Compare")
    app(page).get_by_role("button", name="New sweep").click()
    form = page.get_by_test_id("stPopoverBody")
    form.get_by_role("button", name="Start the sweep").wait_for()
    expect(form.get_by_test_id("stSkeleton")).to_have_count(0)

    def width() -> float:
        return form.evaluate("element => element.getBoundingClientRect().width")

    before = width()
    form.get_by_text("List", exact=True).click()
    expect(form.get_by_role("textbox", name="c", exact=True)).to_be_visible()
    assert width() == before
    form.get_by_role("textbox", name="Name").fill("a name " * 9)
    page.keyboard.press("Tab")
    refusal = form.get_by_test_id("stCaptionContainer").filter(has_text="choose another one")
    expect(refusal).to_have_css("opacity", "1")
    assert width() == before
    expect(form.get_by_test_id("stTooltipIcon")).to_have_count(0)  # its help would open over a field


def test_the_report_opens_from_its_file_without_a_network(context: BrowserContext, tmp_path: Path) -> None:
    folders = sorted((ROOT / "tests/frozen/runs").iterdir())[:2]
    file = tmp_path / "comparison.html"
    file.write_bytes(
        report.page([Pick.of(letter, SavedRun(path)) for letter, path in zip("AB", folders, strict=True)], "step")
    )
    page, problems = context.new_page(), list[str]()
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.as_uri())
    expect(page.locator(".gl-plot > .plot-container")).to_have_count(4)
    title, light, dark = page.locator(".gl-plot .ytitle").first, "rgb(100, 106, 115)", "rgb(163, 169, 177)"
    expect(title).to_have_css("fill", light)
    page.emulate_media(color_scheme="dark")
    expect(title).to_have_css("fill", dark)
    for event, colour in (("beforeprint", light), ("afterprint", dark)):  # paper is white
        page.evaluate("event => dispatchEvent(new Event(event))", event)
        expect(title).to_have_css("fill", colour)
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(RUN, None) == []
    page.set_viewport_size({"width": 330, "height": 700})  # two small histograms side by side, each below two lines
    assert page.locator(TEXTS).count() > 0
    assert page.locator(TEXTS).evaluate_all(COVERED) == 0
    page.get_by_role("button", name="Save or enlarge: Measurements").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as SVG").and_(page.locator(":popover-open *")).click()
    svg = Path(saved.value.path()).read_text()
    assert saved.value.suggested_filename == "measurements.svg"
    assert "Training time, s" in svg
    page.close()
    assert problems == []


def test_the_settings_of_eight_runs_fit_into_the_report(context: BrowserContext, tmp_path: Path) -> None:
    run = SavedRun(ROOT / "tests/frozen/runs/20261101-090000-aaaa")
    held = dataclasses.replace(run.config, constraint="spectral-norm", critic_norm="none")
    file = tmp_path / "comparison.html"
    file.write_bytes(report.page([Pick.of(letter, run)._replace(config=held) for letter in "ABCDEFGH"]))
    page = context.new_page()
    page.set_viewport_size({"width": 1200, "height": 700})
    page.goto(file.as_uri())
    settings = page.get_by_role("region", name="Settings")
    expect(settings).to_contain_text("Spectral norm, then Weight clipping")
    assert settings.evaluate("node => node.scrollWidth - node.clientWidth") == 0
    page.close()


def test_the_arrow_keys_show_a_run_of_a_sweep_and_open_it(page: Page, server: Server) -> None:
    runs = [ROOT / f"tests/frozen/runs/{name}" for name in ("20261101-090000-aaaa", "20261101-090100-bbbb")]
    config = contents.config_of(runs[0])
    configs = [dataclasses.replace(config, seed=seed, threads=1) for seed in (1, 2)]
    sweep = Sweep(server.runs / "two")
    with sweep.taken():
        for run, one in zip(runs, configs, strict=True):
            shutil.copytree(run, sweep.path / name_of(one))
        sweep.add({name_of(one): one for one in configs})
        sweep.save()
    page.goto(f"{server.url}/Compare?sweep=two")
    figure = app(page).locator(".st-key-sweep_reason_figure .gl-plot")  # the second; both have the same dots
    link = app(page).locator(".st-key-sweep_run a")
    figure.locator(".point").first.wait_for()
    figure.focus()
    for keys, one in ((("ArrowRight", "ArrowRight"), configs[1]), (("ArrowLeft",), configs[0])):
        for key in keys:
            page.keyboard.press(key)
        expect(link).to_have_attribute("href", f"Train?run=two/{name_of(one)}")
        expect(page).to_have_url(f"{server.url}/Compare?sweep=two&against=seed&shown={name_of(one)}")
    page.keyboard.press("Tab")  # to the figure's own button
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/Train?run=two/{name_of(configs[0])}")
