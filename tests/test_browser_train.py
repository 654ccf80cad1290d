"""Watching and steering a run, in a real Chromium against a real server, offline."""

import io
import re
import threading
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from accessible import expect_accessible
from on_screen import MOST_CONTROLS, MOST_WORDS, SHIFT, count, watch_shift
from PIL import Image
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from safetensors.torch import load
from served import ROOT, Server, app, expect_state, sidebar, start
from streamlit.proto.BackMsg_pb2 import BackMsg
from stubs import wait_until

from ganlab.runs.disk import moments


def press(page: Page, button: str) -> None:
    app(page).get_by_role("button", name=button, exact=True).click()


def step_shown(page: Page) -> int:
    return int(app(page).locator(".state b").inner_text().replace(",", ""))


def wait_for_step(page: Page, after: int) -> None:
    """Wait until the state line shows a later step."""
    step = "document.querySelector('.st-key-page .state b')?.textContent.replaceAll(',', '')"
    page.wait_for_function(f"after => Number({step}) > after", arg=after)


def recorded(server: Server, run: str) -> list[str]:
    """The field and the value of each change in changes.csv."""
    rows = (server.runs / run / "changes.csv").read_text().splitlines()[1:]
    return [row.split(",", 1)[1] for row in rows]


def bound(page: Page, name: str) -> Locator:
    """The thumb of a bound of the clip range, Low or High."""
    return app(page).get_by_role("slider", name=f"{name} bound")


def figure_button(page: Page, title: str) -> Locator:
    return app(page).get_by_role("button", name=f"Save or enlarge: {title}", exact=True)


def expect_range(page: Page, low: float, high: float) -> None:
    for name, value in (("Low", low), ("High", high)):
        expect(bound(page, name)).to_have_attribute("aria-valuenow", str(value))


def test_steering_acts_and_is_recorded(page: Page, server: Server) -> None:
    run = start(page, server)
    changes = ["clip_range,-0.15 0.15"]
    bound(page, "High").press("ArrowRight")
    expect_range(page, -0.15, 0.15)
    expect(app(page).locator(".gl-clamp")).to_contain_text("1.5× wider")
    wait_until(lambda: recorded(server, run) == changes)  # else the next one may come before it is in force
    app(page).get_by_role("button", name="Constraint").click()
    numbers = page.get_by_test_id("stPopoverBody")
    numbers.get_by_role("spinbutton", name="High").fill("0.0137")
    numbers.get_by_role("spinbutton", name="High").press("Enter")
    expect_range(page, -0.0137, 0.0137)
    changes.append("clip_range,-0.0137 0.0137")
    wait_until(lambda: recorded(server, run) == changes)
    numbers.get_by_role("button", name="Reset").click()
    expect_range(page, -0.1, 0.1)
    changes.append("clip_range,-0.1 0.1")
    wait_until(lambda: recorded(server, run) == changes)
    held = page.get_by_role("radiogroup", name="Constraint")
    held.get_by_role("radio", name="Weight clipping").press("ArrowDown")
    expect(held.get_by_role("radio", name="Gradient penalty")).to_be_checked()
    page.keyboard.press("Escape")
    penalty = app(page).get_by_role("slider", name="Penalty")
    penalty.press("PageDown")
    expect(penalty).to_have_attribute("aria-valuenow", "1")
    expect(app(page).locator(".gl-clamp")).to_contain_text("No clamp: 33,537 weights, the largest ")
    expect(bound(page, "High")).to_have_count(0)
    changes += ["constraint,gradient-penalty", "penalty,1.0"]
    wait_until(lambda: recorded(server, run) == changes)
    expect_accessible(page)


def test_the_bounds_can_be_dragged_in_the_histogram_and_on_the_slider(page: Page, server: Server) -> None:
    run = start(page, server)
    drawing = app(page).locator(".gl-clamp")
    expect(drawing).to_contain_text("at low")  # drawn, and no longer moving down the page
    box = drawing.bounding_box()
    # those of the plot come last; every frame draws new ones
    rules = "e => [...e.querySelectorAll('path.rule')].slice(-2).map(rule => rule.getBoundingClientRect().x)"
    left, right = drawing.evaluate(rules)
    assert box
    y = box["y"] + 150
    page.mouse.move(left, y)
    page.mouse.down()
    page.mouse.move(left + 0.1 * (right - left), y)
    page.mouse.move(left + 0.2 * (right - left), y)
    expect(drawing).to_contain_text(re.compile(r"±0\.06 would move about .* %\s*at\s*first"))  # later clamps move fewer
    page.mouse.up()
    expect_range(page, -0.06, 0.06)
    expect(drawing).to_contain_text("1.7× tighter")  # said by the server: till then the bound may jump back
    changes = ["clip_range,-0.06 0.06"]
    wait_until(lambda: recorded(server, run) == changes)
    x, y = middle(bound(page, "High").locator(".knob"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5, y)
    page.mouse.move(box["x"] + box["width"] - 2, y)  # as far as it goes
    page.mouse.up()
    expect(drawing).to_contain_text("17× wider")
    expect_range(page, -1, 1)
    changes.append("clip_range,-1.0 1.0")
    wait_until(lambda: recorded(server, run) == changes)
    # A finger that starts beside the middle of the knob would end beside that of the label.
    ticks = "[...e.querySelectorAll('text.tick')].filter(tick => tick.textContent === '0.1')"  # last, the slider's
    label = drawing.evaluate(
        f"e => {{ const box = {ticks}.at(-1).getBoundingClientRect(); return box.x + box.width / 2 }}"
    )
    drag_by_touch(page, middle(bound(page, "High").locator(".knob")), (label, y))
    expect_range(page, -0.1, 0.1)
    changes.append("clip_range,-0.1 0.1")
    wait_until(lambda: recorded(server, run) == changes)
    # Nothing in its box scrolls, which would keep a finger from scrolling the page.
    slack = "e => { const box = e.closest('.stElementContainer'); return box.scrollHeight - box.clientHeight }"
    assert drawing.evaluate(slack) == 0


def middle(part: Locator) -> tuple[float, float]:
    box = part.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_by_touch(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    finger = page.context.new_cdp_session(page)
    for kind, points in (("touchStart", [start]), ("touchMove", [end]), ("touchEnd", [])):
        places = [{"x": x, "y": y} for x, y in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    finger.detach()


def test_the_first_clamp_under_a_tighter_range_is_played_and_compared(page: Page, server: Server) -> None:
    page.emulate_media(reduced_motion="no-preference")
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    run = start(page, server, "digits")
    wait_for_step(page, after=12)
    received.clear()
    bound(page, "High").press("PageDown")
    drawing = app(page).locator(".gl-clamp")
    expect(drawing).to_contain_text("moved by one clamp")
    # A run of the whole page, which takes three times as long, has no such part; a tick may ask for one meanwhile.
    assert any(b"feed_clamp" in frame for frame in received)
    expect(drawing).to_contain_text("10× tighter")
    expect(drawing).to_contain_text("was −0.01")
    strip = app(page).locator(".strip")
    expect(strip).to_contain_text("× less")
    expect(strip.locator(".hot")).to_have_count(6)
    app(page).get_by_role("button", name="Go back to ±0.01").click()
    expect_range(page, -0.01, 0.01)
    wait_until(lambda: recorded(server, run) == ["clip_range,-0.001 0.001", "clip_range,-0.01 0.01"])


def test_a_paused_run_keeps_its_picture_until_the_next_step_which_is_played_slowly(page: Page, server: Server) -> None:
    page.emulate_media(reduced_motion="no-preference")
    start(page, server)
    wait_for_step(page, after=3)
    press(page, "Pause")
    expect_state(page, "Paused")
    bound(page, "High").press("ArrowRight")
    drawing = app(page).locator(".gl-clamp")
    expect(drawing).to_contain_text("from the next update: ±0.15")
    expect(drawing).to_contain_text("high 0.1")
    expect(drawing).to_contain_text("next 0.15")
    expect_accessible(page)
    # Each phase is short: all that is drawn is kept, as a busy machine would look too late.
    drawing.evaluate(
        """drawing => {
          window.drawn = "";
          const keep = () => window.drawn += drawing.textContent;
          new MutationObserver(keep).observe(drawing, {childList: true, subtree: true});
        }"""
    )
    press(page, "Step")
    for phase in ("1 · The gradient moves every weight", "3 · "):
        page.wait_for_function("phase => drawn.includes(phase)", arg=phase)
    expect(drawing).to_contain_text("high 0.15")


def test_present_is_one_screen_with_keys(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    start(page, server)
    wait_for_step(page, after=3)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 700)")
    press(page, "Present")
    expect(page).to_have_url(re.compile("present=1"))
    expect(sidebar(page)).to_have_count(0)
    first = app(page).get_by_test_id("stColumn").first
    expect(first).to_be_in_viewport(ratio=1)
    card = first.bounding_box()
    assert card
    assert card["y"] + card["height"] <= 713
    page.keyboard.press(" ")
    expect_state(page, "Paused")
    expect(app(page).get_by_role("button", name="Step", exact=True)).to_be_enabled()
    step = step_shown(page)
    page.keyboard.press(".")
    expect(app(page).locator(".state b")).to_have_text(f"{step + 1:,}")
    page.keyboard.press("ArrowRight")
    expect_range(page, -0.15, 0.15)
    expect(app(page).locator(".gl-clamp")).to_contain_text("from the next update: ±0.15")  # said by the server
    app(page).get_by_role("button", name="Resume", exact=True).press(" ")  # acts once
    expect_state(page, "Running")
    wait_for_step(page, after=step + 1)
    page.keyboard.press("Escape")
    expect(sidebar(page)).to_be_visible()


def test_the_loop_in_the_readme_is_steered(page: Page, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(server.runs))
    *_, code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    program = compile(code.replace("10_000", "10**9"), "README.md", "exec")
    loop = threading.Thread(target=exec, args=(program, {}))
    loop.start()
    wait_until((server.runs / "my-run/config.json").exists)
    page.goto(f"{server.url}/Train?run=my-run")
    expect_state(page, "Running")
    press(page, "Pause")
    expect_state(page, "Paused")
    expect(app(page).get_by_role("button", name="Pause", exact=True)).to_have_count(0)  # it would move Step
    step = step_shown(page)
    press(page, "Step")
    expect(app(page).locator(".state b")).to_have_text(f"{step + 1:,}")
    press(page, "Resume")
    wait_for_step(page, after=step + 1)
    bound(page, "High").press("ArrowRight")
    expect(app(page).locator(".gl-clamp")).to_contain_text("1.5× wider")
    expect_range(page, -0.15, 0.15)
    press(page, "Stop")
    expect_state(page, "Stopped")
    loop.join()
    assert recorded(server, "my-run") == ["clip_range,-0.15 0.15"]
    expect(app(page).get_by_role("button", name="Run again")).to_have_count(0)


def test_two_tabs_show_and_control_the_same_run(page: Page, server: Server) -> None:
    run = start(page, server)
    step = step_shown(page)
    page.reload()
    wait_for_step(page, after=step)
    other = page.context.new_page()
    other.goto(f"{server.url}/Train?run={run}")
    expect_state(other, "Running")
    press(other, "Pause")
    expect_state(page, "Paused")
    step = step_shown(page)
    press(page, "Step")
    expect(app(other).locator(".state b")).to_have_text(f"{step + 1:,}")
    other.close()
    press(page, "Resume")
    expect_state(page, "Running")
    wait_for_step(page, after=step + 1)


def test_plots_keep_their_nodes_and_zoom_and_nothing_jumps(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    start(page, server)
    expect(app(page).locator(".js-plotly-plot")).to_have_count(4 + 10)
    wait_for_step(page, after=20)
    page.evaluate(
        """async () => {
          window.plots = [...document.querySelectorAll('.js-plotly-plot')];
          window.svgs = plots.map(e => e.querySelector('svg.main-svg'));
          window.heights = plots.map(e => e.getBoundingClientRect().height);
          await Plotly.relayout(plots[1], {'xaxis.range[0]': 2, 'xaxis.range[1]': 8});
          window.draws = 0;
          plots[1].on('plotly_afterplot', () => window.draws++);
        }"""
    )
    seen = count(page)
    assert seen.controls <= MOST_CONTROLS
    assert seen.words <= MOST_WORDS
    watch_shift(page)
    bound(page, "High").press("ArrowLeft")
    page.wait_for_function("draws >= 5")
    expect(app(page).locator(".gl-clamp")).to_contain_text("× tighter")  # said by the server: it can move the page
    expect(app(page).locator(".gl-clamp")).to_contain_text("was −0.1")
    assert page.evaluate("shift") <= SHIFT
    assert page.evaluate("plots.every((e, i) => document.contains(e) && e.querySelector('svg.main-svg') === svgs[i])")
    assert page.evaluate("plots.every((e, i) => e.getBoundingClientRect().height === heights[i])")
    assert page.evaluate("plots[1]._fullLayout.xaxis.range") == [2, 8]
    figure_button(page, "Critic’s estimate").press("Enter")
    page.get_by_role("button", name="Whole screen").click()
    page.wait_for_function("document.fullscreenElement?.contains(plots[1]) && svgs[1].clientHeight > 2 * heights[1]")
    page.evaluate("window.draws = 0")
    page.wait_for_function("draws >= 2")  # ticks go on
    page.keyboard.press("Escape")
    page.wait_for_function("plots.every((e, i) => e.getBoundingClientRect().height === heights[i])")
    assert page.evaluate("plots.every((e, i) => document.contains(e) && e.querySelector('svg.main-svg') === svgs[i])")
    press(page, "Pause")  # from here on no tick draws the points
    expect_state(page, "Paused")
    page.evaluate("Plotly.relayout(plots[0], {'xaxis.range[0]': -1, 'xaxis.range[1]': 1})")
    page.wait_for_function("plots[0]._fullLayout.xaxis.range[1] === 1")
    page.evaluate("plots[0].emit('plotly_doubleclick')")
    page.wait_for_function("plots[0]._fullLayout.xaxis.range[1] === 2")


def test_a_layer_is_chosen_in_the_drawing_of_the_networks(page: Page, server: Server) -> None:
    def relay(route: WebSocketRoute) -> None:
        """Send every click twice, as Streamlit does if a tick leaves at the same moment."""

        def pass_on(frame: str | bytes) -> None:
            upstream.send(frame)
            states = BackMsg.FromString(frame).rerun_script.widget_states.widgets
            if any(state.json_trigger_value for state in states):
                upstream.send(frame)

        upstream = route.connect_to_server()
        route.on_message(pass_on)

    page.route_web_socket(re.compile("/_stcore/stream"), relay)
    start(page, server)
    layer = app(page).get_by_role("button", name=re.compile("^linear2 of the critic"))
    drawing = app(page).locator(".gl-clamp [role=img]")
    layer.click()
    expect(drawing).to_have_attribute("aria-label", re.compile("^linear2.weight"))
    expect(layer).to_have_attribute("aria-pressed", "true")
    other = app(page).get_by_role("button", name=re.compile("^linear3 of the critic"))
    other.press("Enter")
    expect(drawing).to_have_attribute("aria-label", re.compile("^linear3.weight"))
    expect(other).to_have_attribute("aria-pressed", "true")  # what is pressed is what a second press lets go
    step = step_shown(page)
    wait_for_step(page, after=step)
    expect(drawing).to_have_attribute(
        "aria-label", re.compile("^linear3.weight")
    )  # no late message brings the old layer back
    other.press("Enter")
    expect(drawing).to_have_attribute("aria-label", re.compile("^All layers"))


def test_downloads_hold_what_is_on_the_page(page: Page, server: Server) -> None:
    run = start(page, server, "digits")
    expect(app(page).get_by_alt_text(re.compile("72 generated images at step [1-9]"))).to_be_visible()
    press(page, "Stop")
    expect_state(page, "Stopped")

    def file(button: str, within: Locator | None = None) -> bytes:
        with page.expect_download() as download:
            (within or menu).get_by_role("button", name=button).click()
        return download.value.path().read_bytes()

    menu = page.get_by_test_id("stPopoverBody")
    press(page, "Save")
    sheet = np.asarray(Image.open(io.BytesIO(file("PNG"))))
    assert sheet.shape == (438, 438)
    with zipfile.ZipFile(io.BytesIO(file("ZIP"))) as archive:
        assert len(archive.namelist()) == 64
        first = np.asarray(Image.open(io.BytesIO(archive.read("0000.png"))))
    assert np.array_equal(sheet[6:54:3, 6:54:3], first)  # the gap is 2 pixels, each 3 wide
    assert load(file("Generator"))["conv1.weight"].shape == (64, 64, 4, 4)
    page.keyboard.press("Escape")
    app(page).get_by_role("button", name="View").first.click()
    histogram = file("CSV, Critic weights").decode().splitlines()
    assert histogram[0] == "layer,from,to,before,after"
    assert sum(int(row.split(",")[3]) for row in histogram[1:]) == 34_465
    page.keyboard.press("Escape")
    for kind in ("SVG", "PNG"):
        figure_button(page, "Critic weights around the clamp, all layers").press("Enter")
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save as {kind}").click()
        name = f"{run}-critic-weights-around-the-clamp-all-layers-step{step_shown(page)}.{kind.lower()}"
        assert download.value.suggested_filename == name
        saved = download.value.path().read_bytes()
        if kind == "SVG":
            root = ElementTree.fromstring(saved)
            texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
            assert {f"Critic weights around the clamp, all layers, step {step_shown(page)}", "before", "after"} <= {
                *texts
            }
            assert b"data:font/" in saved
            assert not re.search(rb"var\(|class=|color\(|https?://(?!www.w3.org/)", saved)
        else:
            size = Image.open(io.BytesIO(saved)).size
            assert size == (2 * int(root.get("width", "")), 2 * int(root.get("height", "")))
    metrics = file("CSV, Over time", app(page)).decode().splitlines()
    assert len(metrics) - 1 == step_shown(page)


def test_looking_back_resuming_and_deleting(page: Page, server: Server) -> None:
    run = start(page, server)
    wait_for_step(page, after=10)
    press(page, "Pause")
    expect_state(page, "Paused")
    look = app(page).locator(".st-key-look")

    def slider() -> Locator:
        """The one with all saved steps, which the page soon has: a pause saves another one."""
        places = len(moments.steps(server.runs / run)) + 1
        return app(page).locator(f".st-key-look_back_{places}[data-stale=false] input")

    wait_until(lambda: slider().count() == 1)
    slider().press("Home")
    expect(look).to_contain_text("step 1")
    press(page, "Pin")
    expect(look).to_contain_text("1 pinned")
    press(page, "Latest")
    expect(look).to_contain_text("newest step")
    press(page, "Stop")
    expect_state(page, "Stopped")
    step = step_shown(page)
    press(page, "Resume")
    expect_state(page, "Running")
    wait_for_step(page, after=step)
    press(page, "Stop")
    expect_state(page, "Stopped")
    page.goto(server.url)
    menu = app(page).locator(f".st-key-menu_{run}")
    menu.get_by_role("button").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Delete it", exact=True).click()
    expect(menu).to_have_count(0)
    assert not (server.runs / run).exists()


def test_what_a_browser_missed_is_sent_again(page: Page, server: Server) -> None:
    missed, asked = [], []

    def between(browser: WebSocketRoute) -> None:
        upstream = browser.connect_to_server()

        def down(message: str | bytes) -> None:
            if missed or b'"counts": {' not in bytes(message):
                browser.send(message)
            else:
                missed.append(message)

        def up(message: str | bytes) -> None:
            asked.extend(re.findall(b"missed", bytes(message)) if missed else [])
            upstream.send(message)

        upstream.on_message(down)
        browser.on_message(up)

    page.route_web_socket("**/_stcore/stream", between)
    start(page, server)
    while not asked:  # the page goes on meanwhile
        wait_for_step(page, step_shown(page))
    wait_for_step(page, step_shown(page))
