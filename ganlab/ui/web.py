"""What `ganlab` serves: Streamlit, but for the document that every page begins with, and what browsers keep.

It refuses what other sites' pages send. Which names it answers to is Streamlit's setting `server.allowedHosts`.
"""

import asyncio
import gc
import re
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ganlab.runs.disk import root
from ganlab.ui.kit.files import FRONT, PLOTLY, STYLES

PAGES = ["", *(re.sub(r"^\d+_", "", page.stem) for page in root.app().glob("pages/*.py"))]
READING = ("GET", "HEAD", "OPTIONS")
TYPES = {".js": "text/javascript", ".css": "text/css"}


def first_document() -> str:
    """Streamlit's document, with the title, front/first.css and, after its own scripts, ours.

    All this is there before its scripts can draw anything, and ours need not wait until the page asks for them.
    """
    streamlits = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    style = (FRONT.path / "first.css").read_text(encoding="utf-8")
    ours = "".join(
        f'<link rel="modulepreload" href="./{FRONT.address}/{file.name}">' for file in FRONT.path.glob("*.js")
    )
    ours += "".join(f'<link rel="preload" as="style" href="./{FRONT.address}/{name}.css">' for name in STYLES)
    ours += f'<link rel="prefetch" href="./{PLOTLY.address}/plotly.min.js">'
    titled = streamlits.replace("<title>Streamlit</title>", f"<title>ganlab</title><style>{style}</style>")
    return titled.replace("</head>", f"{ours}</head>")


async def document(_: Request) -> HTMLResponse:
    return HTMLResponse(first_document(), headers={"Cache-Control": "no-cache"})


def kept(file: Path) -> Response:
    """The file, for a browser to keep for good."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": TYPES[file.suffix]}
    return Response(file.read_bytes(), headers=headers)


class KeptFiles:
    """Answers for our scripts and style sheets, whose folders are named after what is in them: browsers keep them.

    Streamlit would only know them once a page has run, and would compress each again for every browser.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = KEPT.get(scope["path"]) if scope["type"] == "http" else None
        await (kept or self.app)(scope, receive, send)


class OwnPages:
    """Refuses WebSockets and uploads of pages of another site, or of another port; programs name no origin.

    Streamlit refuses other sites, but no port of this computer, whose pages share the user's cookies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope.get("method") in READING or _is_own(Headers(scope=scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: status 403
        else:
            await PlainTextResponse("Refused: this request came from another site's page.", 403)(scope, receive, send)


def _is_own(headers: Headers) -> bool:
    origin = headers.get("Origin")
    same = origin is None or origin.partition("://")[2] == headers.get("Host")
    return same or origin in st.get_option("server.corsAllowedOrigins")


def load_torch() -> None:
    """Import what every page needs, without keeping the browser's many small requests waiting."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 10)
    gc.disable()  # nothing of it is garbage, and looking for some would take a tenth of the time
    try:
        import_module("ganlab.runs.hub")
    finally:
        gc.enable()
        sys.setswitchinterval(interval)


@asynccontextmanager
async def started(_: st.App) -> AsyncIterator[None]:
    """Opens the browser, and loads torch while that loads Streamlit's scripts: the first page would wait for it."""
    in_background = asyncio.get_running_loop().run_in_executor
    in_background(None, load_torch)
    if not st.get_option("server.headless"):
        address, port = (st.get_option(f"server.{name}") for name in ("address", "port"))
        in_background(None, webbrowser.open, f"http://{address}:{port}{prefix}/")
    yield


base = st.get_option("server.baseUrlPath").strip("/")
prefix = f"/{base}" if base else ""
KEPT = {
    f"{prefix}/{folder.address}/{file.name}": kept(file)
    for folder in (FRONT, PLOTLY)
    for file in folder.path.iterdir()
    if file.suffix in TYPES
}
app = st.App(
    root.app() / "app.py",
    lifespan=started,
    routes=[Route(f"{prefix}/{page}", document) for page in PAGES],
    middleware=[Middleware(OwnPages), Middleware(KeptFiles)],
)
