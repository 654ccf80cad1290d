"""What `ganlab` serves: Streamlit, but for the document that every page begins with, and what browsers keep."""

import re
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganlab.runs.disk import root
from ganlab.ui.kit.files import FRONT, PLOTLY

PAGES = ["", *(re.sub(r"^\d+_", "", page.stem) for page in root.app().glob("pages/*.py"))]
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


base = st.get_option("server.baseUrlPath").strip("/")
addresses = ["/" + "/".join(filter(None, (base, page))) for page in PAGES]
app = st.App(
    root.app() / "app.py",
    routes=[Route(address, document) for address in addresses],
    middleware=[Middleware(KeptFiles)],
)
