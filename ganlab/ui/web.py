"""What `ganlab` serves: Streamlit, but for the document that every page begins with, and what browsers keep.

It refuses what other sites' pages send. Which names it answers to is Streamlit's setting `server.allowedHosts`.
"""

import re
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganlab.runs.disk import root
from ganlab.ui.kit.files import FRONT, PLOTLY

PAGES = ["", *(re.sub(r"^\d+_", "", page.stem) for page in root.app().glob("pages/*.py"))]
READING = ("GET", "HEAD", "OPTIONS")
FOR_GOOD = "public, max-age=31536000, immutable"


def first_document() -> str:
    """Streamlit's document, with the title and front/first.css: before its scripts can draw anything."""
    streamlits = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    style = (FRONT.path / "first.css").read_text(encoding="utf-8")
    return streamlits.replace("<title>Streamlit</title>", f"<title>ganlab</title><style>{style}</style>")


async def document(_: Request) -> HTMLResponse:
    return HTMLResponse(first_document(), headers={"Cache-Control": "no-cache"})


class KeptFiles:
    """Lets browsers keep the files of folders that are named after what is in them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["Cache-Control"] = FOR_GOOD
            await send(message)

        kept = scope["type"] == "http" and any(f"/{folder.address}/" in scope["path"] for folder in (FRONT, PLOTLY))
        await self.app(scope, receive, answer if kept else send)


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


base = st.get_option("server.baseUrlPath").strip("/")
prefix = f"/{base}" if base else ""
app = st.App(
    root.app() / "app.py",
    routes=[Route(f"{prefix}/{page}", document) for page in PAGES],
    middleware=[Middleware(OwnPages), Middleware(KeptFiles)],
)
