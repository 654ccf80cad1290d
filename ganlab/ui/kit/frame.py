"""The frame of every page: title, icon, links, and the messages that callbacks leave for the next drawing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.runs.hub import Refused
from ganlab.ui.kit import access, components
from ganlab.ui.kit.files import FRONT
from ganlab.ui.kit.html import plain

PAGES = {
    "Home": ("app.py", "home"),
    "Train": ("pages/1_Train.py", "model_training"),
    "Weight clipping": ("pages/2_Weight_Clipping.py", "content_cut"),
    "Generate": ("pages/3_Generate.py", "auto_awesome_mosaic"),
    "Compare": ("pages/4_Compare.py", "compare_arrows"),
    "Building blocks": ("pages/6_Building_Blocks.py", "widgets"),
}
HOME, TRAIN, COMPARE = PAGES["Home"][0], PAGES["Train"][0], PAGES["Compare"][0]
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@contextmanager
def page(title: str) -> Iterator[None]:
    """Everything around a page's content; `title` is one of PAGES."""
    st.set_page_config(
        page_title="ganlab" if title == "Home" else f"{title} · ganlab",
        page_icon=str(FRONT.path / "icon.png"),  # a named icon would be fetched from the network
        layout="wide",
        initial_sidebar_state=224,
    )
    unseen = st.container(key="unseen")
    with unseen:
        components.styles()
        access.take_key()
    st.logo(str(FRONT.path / "logo.svg"), size="large")
    if not presents(title):
        _links()
    if title != "Compare" and (title != "Train" or "run" not in st.query_params):
        st.session_state.pop("in_address", None)  # a page that is opened again writes its view again
    if title != "Compare":
        st.session_state.pop("compared", None)  # a comparison that is opened again reads its address again
    with st.container(key="page"):
        try:
            yield
        finally:
            with unseen:
                components.finish(presents(title))


def presents(title: str = "Train") -> bool:
    """Whether the page is shown to a class: on one screen, without links. Only Train can be."""
    in_address = st.query_params.get("present") == "1"
    return title == "Train" and bool(st.session_state.setdefault("present", in_address))


def _links() -> None:
    """The links to all pages."""
    run_id = st.query_params.get("run") or st.session_state.get("run")
    with st.sidebar:
        for label, (path, icon) in PAGES.items():
            query = {"run": run_id} if run_id and label != "Home" else None
            if label == "Train" and not run_id:
                query = st.session_state.get("drawn")
            if label == "Generate":
                query = (query or {}) | st.session_state.get("recipe", {})
            if label == "Compare":
                query = st.session_state.get("compare_link")
            st.page_link(path, label=label, icon=f":material/{icon}:", width="stretch", query_params=query)


@contextmanager
def refusing(*errors: type[Exception], key: str = "refused") -> Iterator[None]:
    """Decorates a callback: the session keeps an error's message, with a setting's label in place of its name."""
    try:
        yield
    except errors as error:
        st.session_state[key] = settings.labelled(TrainConfig, error)


def acting(
    *errors: type[Exception], key: str = "refused"
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result | None]]:
    """As `refusing`, for a callback that changes a run, a file or the form of a new run: it refuses guests too."""

    def decorate(call: Callable[Arguments, Result]) -> Callable[Arguments, Result | None]:
        @wraps(call)
        def checked(*args: Arguments.args, **options: Arguments.kwargs) -> Result | None:
            with refusing(Refused, *errors, key=key):
                access.check()
                return call(*args, **options)
            return None

        return checked

    return decorate


def notices() -> None:
    """Why the last request was refused. It has a container, so that what follows is not rebuilt when it appears."""
    with st.container():
        once("refused", st.error, "error")


def once(key: str, show: Callable[..., Any], icon: str) -> None:
    """Show the sentence that a callback left under this key of the session, if there is one, and forget it."""
    if sentence := st.session_state.pop(key, ""):
        show(plain(sentence), icon=f":material/{icon}:")
