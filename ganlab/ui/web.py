"""What `ganlab` serves: Streamlit's server, but for the document that every page begins with."""

import re
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from ganlab.runs.disk import root

PAGES = ["", *(re.sub(r"^\d+_", "", page.stem) for page in root.app().glob("pages/*.py"))]


def first_document() -> str:
    """Streamlit's document, with the title and front/first.css: before its scripts can draw anything."""
    streamlits = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    style = (Path(__file__).parent / "front" / "first.css").read_text(encoding="utf-8")
    return streamlits.replace("<title>Streamlit</title>", f"<title>ganlab</title><style>{style}</style>")


async def document(_: Request) -> HTMLResponse:
    return HTMLResponse(first_document(), headers={"Cache-Control": "no-cache"})


base = st.get_option("server.baseUrlPath").strip("/")
addresses = ["/" + "/".join(filter(None, (base, page))) for page in PAGES]
app = st.App(root.app() / "app.py", routes=[Route(address, document) for address in addresses])
