"""An open page in a real Chromium while its server is busy or gone."""

import re

from playwright.sync_api import Page, WebSocketRoute, expect
from served import Server, app
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


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
