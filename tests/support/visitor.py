"""A visitor without a browser: opens pages, clicks, and keeps a page up to date, over Streamlit's WebSocket.

It draws nothing, and keeps no message: the server must send each of them whole.
"""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

SECONDS = 60  # to wait for something on a very busy machine
TRIES = 100


class VisitError(Exception):
    """A visitor met an exception, a missing page, a closed connection or a message that a browser could not read."""


class Visitor:
    """One tab. Counts the messages and bytes that it received, and the runs of live fragments that ended."""

    def __init__(self, connection: ClientConnection) -> None:
        self.messages = self.bytes = self.ticks = 0
        self.query = ""
        self.pages: list[str] = []
        self._connection = connection
        self._page_hash = ""
        self._fragments: set[str] = set()
        self.widgets: dict[str, Message] = {}
        self._buttons: dict[str, str] = {}

    def open(self, page: str, query: str = "") -> list[ForwardMsg]:
        """Go to a page, named as in its address; returns all messages up to the end of its script."""
        self.query = query
        self._send(ClientState(page_name=page, query_string=query))
        return self._to_the_end()

    def change(self, *widgets: WidgetState) -> list[ForwardMsg]:
        """Send new values of widgets; returns what the page sends then."""
        self._send(self._state(*widgets))
        return self._to_the_end()

    def frame(self, *widgets: WidgetState) -> bytes:
        """The message that `change` sends."""
        return BackMsg(rerun_script=self._state(*widgets)).SerializeToString()

    def _state(self, *widgets: WidgetState) -> ClientState:
        states = WidgetStates(widgets=widgets)
        return ClientState(page_script_hash=self._page_hash, query_string=self.query, widget_states=states)

    def click(self, label: str) -> list[ForwardMsg]:
        """Click the button with this label; returns what the page sends then, or the page to which it leads."""
        if label not in self._buttons:  # a tick has had the page drawn anew, which is not over
            self._to_the_end()
        return self.change(WidgetState(id=self._buttons[label], trigger_value=True))

    def start_run(self, preset: str = "8-gaussians", key: str = "", steps: int = 10_000_000) -> str:
        """Start a run, by default one that will not end by itself, with the owner's key if there is one.

        Returns its ID. While another run trains, or ends, the form has another button: it is opened again.
        """
        for _ in range(TRIES):
            self.open("Train", f"preset={preset}&steps={steps}&key={key}")
            if "Start" in self._buttons:
                break
        self.click("Start")
        return parse_qs(self.query)["run"][0]

    def replay(self, *frames: bytes, quiet: float = 0.5) -> None:
        """Send what another browser sent, and take what comes until nothing has come for `quiet` seconds."""
        for frame in frames:
            self._connection.send(frame)
        with suppress(TimeoutError):
            while True:
                self._receive(quiet)

    def watch(self, seconds: float, rate: float = 2.0) -> None:
        """Keep the page up to date: request its live fragments `rate` times a second, answered or not."""
        now = time.monotonic()
        end, due = now + seconds, now + random.random() / rate  # visitors do not tick in step
        while now < end:
            if now >= due:
                for fragment in self._fragments:
                    state = ClientState(page_script_hash=self._page_hash, query_string=self.query)
                    state.fragment_id, state.is_auto_rerun = fragment, True
                    self._send(state)
                due = max(due + 1 / rate, now)
            with suppress(TimeoutError):
                self._receive(max(0.0, min(due, end) - now))
            now = time.monotonic()

    def _send(self, state: ClientState) -> None:
        try:
            self._connection.send(BackMsg(rerun_script=state).SerializeToString())
        except ConnectionClosed as error:
            raise VisitError(f"The server closed the connection: {error}") from error

    def _to_the_end(self) -> list[ForwardMsg]:
        """Everything up to the end of the page's script, including one that it switched to or ran again."""
        messages = [self._receive(SECONDS)]
        while not _finished(messages[-1], ForwardMsg.FINISHED_SUCCESSFULLY):
            messages.append(self._receive(SECONDS))
        return messages

    def _receive(self, timeout: float) -> ForwardMsg:
        """The next message. Raises TimeoutError if none comes in time."""
        try:
            data = self._connection.recv(timeout, decode=False)
        except ConnectionClosed as error:
            raise VisitError(f"The server closed the connection: {error}") from error
        self.messages += 1
        self.bytes += len(data)
        message = ForwardMsg.FromString(data)
        self._take(message)
        return message

    def _take(self, message: ForwardMsg) -> None:
        """Keep what later requests need, and refuse what no visitor should get."""
        fragments = message.metadata.run.fragment_ids
        match message.WhichOneof("type"):
            case "new_session":
                if not fragments:
                    self._fragments.clear()
                    self._buttons.clear()
                    self.widgets.clear()
            case "navigation":
                self._page_hash = message.navigation.page_script_hash
                self.pages = [page.url_pathname for page in message.navigation.app_pages]
            case "page_info_changed":
                self.query = message.page_info_changed.query_string
            case "auto_rerun":
                self._fragments.add(message.auto_rerun.fragment_id)
            case "stop_auto_rerun":
                self._fragments.difference_update(message.stop_auto_rerun.fragment_ids)
            case "delta":
                element = message.delta.new_element
                if element.WhichOneof("type") == "exception":
                    raise VisitError(f"The page shows {element.exception.type}: {element.exception.message}")
                widget = getattr(element, element.WhichOneof("type") or "", None)
                if widget_id := getattr(widget, "id", ""):
                    self.widgets[widget_id] = widget
                if element.WhichOneof("type") == "button":
                    self._buttons[element.button.label] = element.button.id
            case "script_finished":
                if _finished(message, ForwardMsg.FINISHED_WITH_COMPILE_ERROR):
                    raise VisitError("The page's script does not compile.")
                self.ticks += _finished(message, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
            case "ref_hash":
                raise VisitError("The server refers to an earlier message, which a browser may have dropped.")
            case "page_not_found":
                raise VisitError(f"There is no page {message.page_not_found.page_name!r}.")


def _finished(message: ForwardMsg, status: ForwardMsg.ScriptFinishedStatus.ValueType) -> bool:
    return message.WhichOneof("type") == "script_finished" and message.script_finished == status


@contextmanager
def visit(url: str, host: str = "", **headers: str) -> Iterator[Visitor]:
    """A visitor of the server at this http address, until the block ends; `host` is what it calls the server."""
    server = urlsplit(url)
    with (
        socket.create_connection((server.hostname, server.port)) as sock,
        connect(
            f"ws://{host or server.netloc}/_stcore/stream",
            sock=sock,
            additional_headers=headers,
            subprotocols=[Subprotocol("streamlit")],
            open_timeout=SECONDS,
            ping_interval=None,  # browsers send no pings
            max_size=None,
            max_queue=None,
        ) as connection,
    ):
        yield Visitor(connection)
