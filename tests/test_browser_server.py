"""An open page in a real Chromium while its server is busy or gone."""

import re

from playwright.sync_api import Page, Route, WebSocketRoute, expect
from served import Server, app
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ganlab.ui.kit.files import FRONT

LOADED = """async folder => {
  const scripts = ["panel", "choices", "clamp", "draw", "grid", "plot", "preview"];
  await Promise.all(scripts.map(name => import(new URL(`${folder}${name}.js`, document.baseURI))));
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
}"""


def test_a_page_stays_hidden_until_its_style_sheets_are_there(page: Page, server: Server) -> None:
    held: list[Route] = []
    page.route("**/lab.css", lambda route: held.append(route))
    page.goto(f"{server.url}/Weight_Clipping", wait_until="commit")
    expect(app(page).get_by_text("43 of 60 values were")).to_be_attached()
    shown = page.locator("html.drawn")
    # Everything else is there, for which the script waits that shows the page, and then for two frames.
    page.wait_for_function("document.documentElement.style.getPropertyValue('--gl-text')")
    page.evaluate(LOADED, f"{FRONT.address}/")
    expect(shown).to_have_count(0)
    held[0].continue_()
    expect(shown).to_have_count(1)


def test_streamlits_own_stop_is_hidden_but_a_lost_connection_is_shown(page: Page, server: Server) -> None:
    routes: list[WebSocketRoute] = []

    def relay(route: WebSocketRoute) -> None:
        """Pass on everything but the end of a script: for this page it never ends."""

        def pass_on(frame: str | bytes) -> None:
            message = ForwardMsg.FromString(frame)
            if message.WhichOneof("type") not in ("script_finished", "session_status_changed"):
                route.send(frame)

        routes.append(route)
        route.connect_to_server().on_message(pass_on)

    page.route_web_socket(re.compile("/_stcore/stream"), relay)
    page.goto(f"{server.url}/Weight_Clipping")
    expect(app(page).get_by_text("43 of 60 values were")).to_be_visible()
    widget = page.get_by_test_id("stStatusWidget")
    expect(widget).to_contain_text("Stop")
    expect(widget).to_be_hidden()
    page.route("**/_stcore/*", lambda route: route.abort())
    routes[-1].close()
    expect(page.get_by_test_id("stConnectionStatus")).to_be_visible()
