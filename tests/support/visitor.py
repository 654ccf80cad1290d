"""A visitor without a browser: opens pages, clicks, and keeps a page up to date, over Streamlit's WebSocket.

It requests, keeps and forgets the same messages as Streamlit's own browser code, but draws nothing.
"""

import random
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import parse_qs

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

QUIET = 2.0  # seconds without a message after which nothing more is expected
SECONDS = 60  # to wait for something on a very busy machine


class VisitError(Exception):
    """A visitor met an exception, a missing page, a closed connection or a message that a browser could not read."""


@dataclass
class CachedMessage:
    message: ForwardMsg
    fragment: str
    used: int  # the number of script runs before the one that used it last


class MessageCache:
    """What a browser keeps of earlier messages: the server then sends a hash instead of the same message."""

    def __init__(self) -> None:
        self._messages: dict[str, CachedMessage] = {}
        self._runs = 0

    @property
    def hashes(self) -> list[str]:
        return list(self._messages)

    def resolve(self, message: ForwardMsg) -> ForwardMsg:
        """The message itself, or the earlier one that it refers to. Raises VisitError if that one is gone."""
        if message.metadata.cacheable:
            new = CachedMessage(message, message.delta.fragment_id, self._runs)
            self._messages.setdefault(message.hash, new).used = self._runs
        if message.WhichOneof("type") != "ref_hash":
            return message
        if message.ref_hash not in self._messages:
            raise VisitError(f"Cached ForwardMsg MISS [hash={message.ref_hash}]")
        cached = self._messages[message.ref_hash]
        cached.used = self._runs
        return cached.message

    def end_run(self, fragments: Collection[str], longest: int) -> None:
        """Forget what was not used for `longest` script runs; a run of fragments forgets only messages of theirs."""
        self._runs += 1
        for key, cached in list(self._messages.items()):
            if (not fragments or cached.fragment in fragments) and self._runs - cached.used > longest:
                del self._messages[key]


class Visitor:
    """One tab. Counts the messages and bytes that it received, and the runs of live fragments that ended."""

    def __init__(self, connection: ClientConnection) -> None:
        self.messages = self.bytes = self.ticks = 0
        self.query = ""
        self.pages: list[str] = []
        self._connection = connection
        self._cache = MessageCache()
        self._page_hash = ""
        self._fragments: set[str] = set()
        self.widgets: dict[str, Message] = {}
        self._buttons: dict[str, str] = {}
        self._longest = 0
        self._heard_since_sending = False

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
        return self.change(WidgetState(id=self._buttons[label], trigger_value=True))

    def start_run(self, preset: str = "8-gaussians", key: str = "") -> str:
        """Start a run that will not end by itself, with the owner's key if there is one; returns its ID."""
        self.open("Train", f"preset={preset}&steps=10000000&key={key}")
        self.click("Start")
        return parse_qs(self.query)["run"][0]

    def replay(self, *frames: bytes) -> None:
        """Send what another browser sent, and take what comes until nothing more does."""
        for frame in frames:
            self._connection.send(frame)
        with suppress(TimeoutError):
            while True:
                self._receive(QUIET)

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
        state.cached_message_hashes.extend(self._cache.hashes)
        self._heard_since_sending = False
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
        """The next message, or the one that it refers to. Raises TimeoutError if none comes in time."""
        try:
            data = self._connection.recv(timeout, decode=False)
        except ConnectionClosed as error:
            raise VisitError(f"The server closed the connection: {error}") from error
        self.messages += 1
        self.bytes += len(data)
        message = self._cache.resolve(ForwardMsg.FromString(data))
        self._take(message)
        return message

    def _take(self, message: ForwardMsg) -> None:
        """Keep what later requests need, and refuse what no visitor should get."""
        fragments = message.metadata.run.fragment_ids
        match message.WhichOneof("type"):
            case "new_session":
                self._heard_since_sending = True
                self._longest = message.new_session.config.max_cached_message_age
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
                # A browser forgets nothing while it waits for an answer, which may refer to anything it had then.
                if self._heard_since_sending and not _finished(message, ForwardMsg.FINISHED_EARLY_FOR_RERUN):
                    self._cache.end_run(fragments, self._longest)
            case "page_not_found":
                raise VisitError(f"There is no page {message.page_not_found.page_name!r}.")


def _finished(message: ForwardMsg, status: ForwardMsg.ScriptFinishedStatus.ValueType) -> bool:
    return message.WhichOneof("type") == "script_finished" and message.script_finished == status


@contextmanager
def visit(url: str) -> Iterator[Visitor]:
    """A visitor of the server at this http address, until the block ends."""
    address = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(
        address,
        subprotocols=[Subprotocol("streamlit")],
        open_timeout=SECONDS,
        ping_interval=None,  # browsers send no pings
        max_size=None,
        max_queue=None,
    ) as connection:
        yield Visitor(connection)
