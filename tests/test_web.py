"""What is served around Streamlit's own pages."""

import asyncio
import re
import webbrowser
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Message, Receive, Scope, Send

from ganlab.ui import web
from ganlab.ui.kit.files import FRONT, PLOTLY, Folder
from ganlab.ui.web import KEPT, PAGES, KeptFiles, first_document


def answer(path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body; 404 if it is left to Streamlit."""
    messages: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        messages.append(message)

    with pytest.raises(StopIteration):  # nothing in it waits for anything
        KeptFiles(app)({"type": "http", "method": "GET", "path": path}, receive, send).send(None)
    start, body = messages
    return start["status"], dict(start["headers"]), body["body"]


@pytest.mark.parametrize("folder", [FRONT, PLOTLY])
def test_browsers_keep_files_whose_folder_is_named_after_them(folder: Folder) -> None:
    types = {".js": b"text/javascript", ".css": b"text/css"}
    for file in (one for one in folder.path.iterdir() if one.suffix in types):
        status, headers, body = answer(f"/{folder.address}/{file.name}")
        assert (status, body) == (200, file.read_bytes())
        assert headers[b"content-type"] == types[file.suffix]
        assert {b"immutable", b"max-age=31536000"} <= set(headers[b"cache-control"].split(b", "))
    for path in ("missing.js", "../web.py", ""):
        assert answer(f"/{folder.address}/{path}")[0] == 404
    assert answer(f"/{folder.address[:-1]}/{file.name}")[0] == 404  # an older version


def test_the_first_document_hides_the_page_until_it_is_drawn() -> None:
    document = first_document()
    assert document.count("<title>") == 1
    assert "<title>ganlab</title><style>" in document
    assert "html:not(.drawn) #root { opacity: 0" in document
    assert set(PAGES) == {"", "Train", "Weight_Clipping", "Generate", "Compare", "Building_Blocks"}


def test_the_first_document_asks_for_every_file_of_ours() -> None:
    head, _, _ = first_document().partition("</head>")
    asked = re.findall(r'<link rel="(?:modulepreload|prefetch|preload" as="style)" href="\.(/component/[^"]*)">', head)
    not_for_pages = {f"/{FRONT.address}/{name}.css" for name in ("first", "report")}
    assert sorted(asked) == sorted(set(KEPT) - not_for_pages)


@pytest.mark.parametrize("headless", [True, False])
def test_the_server_starts_by_opening_the_browser_and_loading_torch(
    headless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"server.headless": headless, "server.address": "127.0.0.1", "server.port": 8600}
    opened: list[str] = []
    loaded: list[str] = []
    monkeypatch.setattr(web.st, "get_option", options.__getitem__)
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(web, "import_module", loaded.append)

    async def start() -> None:
        async with web.started(web.app):
            await asyncio.get_running_loop().shutdown_default_executor()

    with ThreadPoolExecutor(1) as one:  # beside a browser, this thread has a loop that runs
        one.submit(asyncio.run, start()).result()
    assert opened == ([] if headless else ["http://127.0.0.1:8600/"])
    assert loaded == ["ganlab.runs.hub"]
