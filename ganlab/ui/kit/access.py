"""Who may act: without `ganlab --guests` everyone, with it only sessions that came with the key.

The key comes with the link that ganlab prints, and leaves the address at once, so that nobody copies it from there. A
cookie keeps it for reloads and other tabs, as Jupyter does.

What another site's page sends, with that cookie, is refused in ui/web.py.
"""

import os
import secrets
from urllib.parse import urlsplit

import streamlit as st

from ganlab.runs.hub import Refused
from ganlab.ui.kit import components

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WATCHING = "You are watching: only the person who started this server can change a run."


def may_act() -> bool:
    """Whether this session may change runs and files. Every callback and act asks, not only the page's layout."""
    key = os.environ.get("GANLAB_KEY", "").encode()
    return not key or any(
        secrets.compare_digest(key, given.encode()) for given in (st.session_state.get("key", ""), _kept())
    )


def may_name_folders() -> bool:
    """Whether this session may name the server's folders: it may act, and sits at this computer, behind no proxy."""
    headers = st.context.headers
    host = urlsplit(f"//{headers.get('Host', '')}").hostname
    passed_on = any(name.startswith(("Forwarded", "X-Forwarded-")) for name in headers)
    return may_act() and {host, st.get_option("server.address")} <= set(LOOPBACK) and not passed_on


def check() -> None:
    """Raises Refused, in one sentence, for a guest."""
    if not may_act():
        raise Refused(WATCHING)


def take_key() -> None:
    """Move the key, if this session came with one, from the address to the session and a cookie."""
    if "key" in st.query_params:
        st.session_state["key"] = st.query_params.pop("key")
    key = st.session_state.get("key")
    if key and may_act() and _kept() != key:
        with st.sidebar:
            components.cookie(_cookie(), key)


def note() -> None:
    """Why there are no controls, for a guest. It stands where they would."""
    st.caption(WATCHING)


def _kept() -> str:
    """The key that the browser had in its cookie when this session began; "" without one."""
    return st.context.cookies.get(_cookie(), "")


def _cookie() -> str:
    """Its name has the port, because a browser shares cookies among all ports of a host."""
    return f"ganlab-key-{st.get_option('server.port')}"
