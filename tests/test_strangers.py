"""What strangers send to a server: under other names, from other sites, and by no browser at all."""

import http.client
import json
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import streamlit as st
from gauges import progress
from hostile import good_files, write_zip
from moves import move
from served import Server, answers, interrupt, key_of, serve
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest
from stubs import TINY, wait_until
from visitor import VisitError, visit
from visits import ROOT, page, panels, restart, run_in
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.gan.recipe import FIELDS
from ganlab.runs.disk import checkpoints, contents
from ganlab.runs.hub import RunHub
from ganlab.ui.kit import access
from ganlab.ui.kit.files import FRONT
from ganlab.ui.train import address

PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))
OWN = "127.0.0.1:8501"
COMPARED = ("runs", "sweep", "filter", "sort", "measure", "against", "shown")


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"Host": OWN}, True),
        ({"Host": "localhost:9000"}, True),
        ({"Host": "[::1]:8501"}, True),
        ({"Host": "gan.example.org"}, False),
        ({"Host": "192.168.1.20:8501"}, False),
        ({}, False),
        ({"Host": OWN, "X-Forwarded-For": "203.0.113.7"}, False),
        ({"Host": OWN, "X-Forwarded-Host": OWN}, False),
        ({"Host": OWN, "Forwarded": "for=203.0.113.7"}, False),
    ],
)
def test_only_who_sits_at_the_server_may_name_its_folders(
    headers: dict[str, str], may: bool, the_hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offered() -> bool:
        return "images_folder" in [field.key for field in page("1_Train.py", preset="images").text_input]

    monkeypatch.setattr(type(st.context), "headers", headers)
    assert offered() == may
    monkeypatch.setattr(access, "_kept", lambda: "")
    monkeypatch.setenv("GANLAB_KEY", "the-key")
    assert not offered()


HTML, IMAGE = "<img src=x onerror=alert(1)>", "![x](http://evil.example/x.png)"
HOSTILE = HTML + IMAGE


def check_is_text(at: AppTest) -> None:
    """Raises AssertionError if the page draws HTML or an image of a stranger."""
    assert not at.exception
    notes = [element.value for element in (*at.markdown, *at.caption, *at.error, *at.warning, *at.info)]
    labels = [element.label for element in (*at.expander, *at.button, *at.text_input)]
    assert not [text for text in (*notes, *labels) if HTML in text or IMAGE in text]
    assert HTML not in panels(at)


@pytest.mark.parametrize("name", ["app.py", *PAGES])
def test_what_an_address_says_is_not_drawn(name: str, the_hub: RunHub) -> None:
    fields = [*settings.fields(TrainConfig), *FIELDS, *address.FIELDS, *COMPARED, "file", HOSTILE]
    for query in ({"run": HOSTILE}, {"preset": HOSTILE}, dict.fromkeys(fields, HOSTILE)):
        check_is_text(page(name, **query))


def test_what_a_run_folder_says_is_shown_as_text(the_hub: RunHub) -> None:
    run = run_in("failed", the_hub, TINY)
    contents.rename(run.path, HOSTILE)
    ended = json.loads((run.path / "ended.json").read_text())
    (run.path / "ended.json").write_text(json.dumps(ended | {"message": HOSTILE}))
    restart(the_hub)
    for name in ("app.py", "1_Train.py", "3_Generate.py"):
        check_is_text(at := page(name, run=run.run_id))
        assert escape(run.name) in panels(at) or name == "3_Generate.py"
    (run.path / "config.json").write_text(json.dumps({HOSTILE: 1}))
    restart(the_hub)
    check_is_text(page("app.py"))
    check_is_text(page("1_Train.py", run=run.run_id))


def test_what_a_file_is_called_or_holds_is_shown_as_text(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    assert upload("drawn", "points.csv", f"1,2\n{HOSTILE}\n".encode()).error
    assert upload("drawn", f"{HOSTILE}.csv", b"1,2\n").error
    archive = tmp_path / "photos.zip"
    write_zip(archive, good_files() | {f"{HOSTILE.replace('/', '')}.png": b"words"})
    at = upload("images", "photos.zip", archive.read_bytes())
    wait_until(lambda: at.run().info)  # it names the picture that is left out
    check_is_text(at)
    assert upload("images", f"{HOSTILE}.zip", b"words").error


def upload(preset: str, name: str, content: bytes) -> AppTest:
    at = page("1_Train.py", preset=preset)
    at.get("file_uploader")[0].set_value((name, content, "")).run()
    check_is_text(at)
    return at


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With `--guests`: its owner has a key, and everyone else is a stranger."""
    server = serve(tmp_path_factory.mktemp("server"), "--guests")
    yield server
    interrupt(server)


def port(server: Server) -> int:
    return urlsplit(server.url).port


def answer(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """The status and body that a path gets, as it is: urllib would tidy it up."""
    with closing(http.client.HTTPConnection("127.0.0.1", port(server), timeout=30)) as connection:
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read()


def test_the_server_answers_to_its_own_names_only(server: Server) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        with visit(server.url, f"{host}:{port(server)}", Origin=f"http://{host}:{port(server)}") as visitor:
            visitor.open("")
            assert visitor.pages
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.20"):
        name = f"{host}:{port(server)}"
        with pytest.raises(InvalidStatus, match="403"), visit(server.url, name, Origin=f"http://{name}"):
            pass


def test_pages_of_other_sites_and_ports_are_refused(server: Server) -> None:
    foreign = ("http://127.0.0.1:9999", f"http://localhost:{port(server)}", "https://evil.example", "null")
    for origin in foreign:
        with pytest.raises(InvalidStatus, match="403"), visit(server.url, Origin=origin):
            pass
    with visit(server.url, Origin=server.url) as visitor:
        run = visitor.start_run(key=key_of(server))
        visitor.click("Stop")
        wait_until((server.runs / run / "ended.json").exists)


def test_emptying_the_caches_stops_no_run(server: Server) -> None:
    with visit(server.url) as owner, visit(server.url) as stranger:
        run = owner.start_run(key=key_of(server))
        stranger.open("")
        stranger.replay(BackMsg(clear_cache=True).SerializeToString())
        wait_until(lambda: progress(server.runs / run)[0] > 0)
        step, _ = progress(server.runs / run)
        stranger.replay(BackMsg(clear_cache=True).SerializeToString())
        wait_until(lambda: progress(server.runs / run)[0] > step)
        owner.open("Train", f"run={run}")
        owner.click("Stop")
        wait_until((server.runs / run / "ended.json").exists)


def test_a_guest_changes_nothing_with_the_owners_messages(server: Server) -> None:
    with visit(server.url) as owner, visit(server.url) as guest:
        run = owner.start_run(key=key_of(server))
        wait_until(lambda: "Running" in text(owner.open("Train", f"run={run}")))
        owner.click("Pause")
        wait_until(lambda: "Paused" in text(owner.open("Train", f"run={run}")))
        wait_until(lambda: checkpoint_of(server.runs / run) == progress(server.runs / run)[0])  # all is on disk
        sent = []
        for name, query in (
            ("Train", f"run={run}"),
            ("", ""),
            ("Train", "preset=drawn"),
            ("Generate", f"run={run}"),
        ):
            owner.open(name, query)
            states = [state for widget in owner.widgets.values() if (state := move(widget))]
            sent.append((name, query, [owner.frame(state) for state in states]))
        assert sum(len(frames) for *_, frames in sent) > 30
        before = contents_of(server.log.parent)
        for name, query, frames in sent:
            guest.open(name, query)
            guest.replay(*frames)
        guest.replay(BackMsg(clear_cache=True).SerializeToString(), quiet=2.0)
        guest.open("Train", f"run={run}")
        guest.replay(BackMsg(clear_cache=True).SerializeToString())
        guest.watch(1.0)  # the page goes on, though its session has forgotten everything
        assert contents_of(server.log.parent) == before
        owner.open("Train", f"run={run}")
        owner.click("Stop")
        wait_until((server.runs / run / "ended.json").exists)  # the owner's own Stop


def text(messages: list[ForwardMsg]) -> str:
    """The data of all components."""
    return "".join(message.delta.new_element.bidi_component.json for message in messages)


def checkpoint_of(run: Path) -> int:
    """The step of the newest checkpoint; -1 if there is none."""
    return max((file.step for file in checkpoints.files(run)), default=-1)


def contents_of(folder: Path) -> dict[str, bytes]:
    """Every file of the server but its log."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"}


UP = ["../" * 12, "..%2f" * 12, "%2e%2e/" * 12, "..%5c" * 12, "....//" * 12, "..%252f" * 12, "/", "%00/../", "file:///"]
"""Ways to lead out of a folder."""


@pytest.mark.parametrize(
    "folder", [FRONT.address, "component", "media", "app/static", "static", "_stcore/bidi-components"]
)
def test_no_path_leads_out_of_the_folders_that_are_served(folder: str, server: Server) -> None:
    for up in UP:
        for file in ("/etc/passwd", f"{ROOT}/app.py"):
            _, body = answer(server, f"/{folder}/{up}{file[1:]}")
            assert b"root:" not in body
            assert b"import streamlit" not in body
    status, body = answer(server, f"/{FRONT.address}/live.js")
    assert (status, b"export" in body) == (200, True)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nothing_is_uploaded_without_the_token_or_by_another_site(method: str, server: Server) -> None:
    file = "/_stcore/upload_file/a-session/a-file"
    for origin, reason in ((server.url, b"XSRF token"), ("http://127.0.0.1:9999", b"another site")):
        status, body = answer(server, file, method, Origin=origin)
        assert (status, reason in body) == (403, True)


@pytest.mark.parametrize("frame", [b"", b"words", bytes(1000), b"\xff" * 1000, "text", "\N{PILE OF POO}" * 100])
def test_junk_frames_hurt_nobody(frame: bytes | str, server: Server) -> None:
    with visit(server.url) as visitor, visit(server.url) as stranger:
        stranger.open("")
        with suppress(VisitError):  # it may be thrown out
            stranger.replay(frame)
        visitor.open("")
        assert visitor.pages


def test_a_frame_of_300_mb_is_refused_by_its_header(server: Server) -> None:
    with visit(server.url) as stranger:
        stranger._connection.socket.sendall(b"\x82\xff" + struct.pack(">Q", 300 * 2**20) + b"mask")
        with pytest.raises(ConnectionClosed) as closed:
            stranger._connection.recv(30)
        assert closed.value.rcvd.code == 1009  # too big


def test_ctrl_c_stops_the_runs_and_ends_the_server_while_pages_are_open(server: Server) -> None:
    """Must come last: it ends the server, whatever it was sent."""
    assert answers(server.url)
    logged = len(server.log.read_text())
    with visit(server.url) as owner, visit(server.url) as guest:
        run = owner.start_run(key=key_of(server))
        guest.open("Train", f"run={run}")
        wait_until(lambda: progress(server.runs / run)[0] > 0)
        assert interrupt(server) == 0
    log = server.log.read_text()[logged:]
    assert "Traceback" not in log
    assert "terminate called" not in log
    assert (server.runs / run / "generator.safetensors").exists()
