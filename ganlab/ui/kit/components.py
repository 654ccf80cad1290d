"""The live elements: a plot that keeps its nodes and zoom, HTML changed in place, sheets to click, a plane to draw on.

Whatever is passed to a v2 component inline is sent with every element on every tick, so inline there is only a line
that loads the real file, which the browser caches.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, NamedTuple

import streamlit as st
import streamlit.components.v1 as v1
import streamlit.components.v2 as v2

from ganlab.ui.kit import live
from ganlab.ui.kit.files import FRONT, PLOTLY, STYLES

for _folder in (FRONT, PLOTLY):  # here a v1 component is only a folder that Streamlit serves
    v1.declare_component(_folder.name, path=str(_folder.path))


def _component(name: str, html: str) -> Any:
    # On several lines, because Streamlit takes a single line for a file name.
    load = f"""const load = file => import(new URL("{FRONT.address}/" + file + ".js", document.baseURI));
export default c => Promise.all([load("live"), load("{name}")]).then(([live, m]) => live.mount(c, m.default));"""
    return v2.component(name, html=html, js=load, isolate_styles=False)


feed = _component("feed", "")
_page = _component("page", '<div class="gl"></div>')
_plot = _component("plot", f'<div class="gl-plot" data-plotly="{PLOTLY.address}/plotly.min.js"></div>')
_clamp = _component("clamp", '<div class="gl-clamp"></div>')
_panel = _component("panel", '<div class="gl"></div>')
_choices = _component("choices", '<div class="gl"></div>')
_preview = _component("preview", '<div class="gl"></div>')
_grid = _component("grid", '<div class="gl gl-grid"></div>')
_draw = _component("draw", '<div class="gl gl-draw"></div>')
_keys = _component("keys", '<div class="gl-keys"></div>')
_cookie = _component("cookie", "")


class Caption(NamedTuple):
    """What a figure is called where it stands alone: on the whole screen, and in a saved file."""

    title: str
    legend: str = ""  # the key to it, as HTML
    step: int | None = None  # of the run, which the figure shows

    def head(self) -> str:
        """The title and the key on one line, as HTML."""
        return f"<div class='ch'><b>{escape(self.title)}</b><div>{self.legend}</div></div>"

    def as_data(self) -> dict[str, Any]:
        """For front/figure.js."""
        return {name: value for name, value in self._asdict().items() if value not in ("", None)}


NO_FIGURE = Caption("")


def plot(key: str, figure: dict[str, Any], height: int, caption: Caption) -> None:
    """A figure of `ganlab.plots`, `height` pixels high, updated in place by its key.

    Figures with the same `linked` share their zoom along x.
    """
    live.show(_plot, key, figure | caption.as_data() | {"height": height}, height=height)


def clamp(
    key: str, figure: dict[str, Any], height: int, caption: Caption, pulled: Callable[[tuple[float, ...]], None]
) -> None:
    """A figure of `ganlab.plots.clamp`; `pulled` is called with what the user asks for on its slider."""
    data, asked = figure | caption.as_data() | {"height": height}, lambda: pulled(tuple(st.session_state[key].pulled))
    live.show(_clamp, key, data, answered=True, height=height, on_pulled_change=asked)


def panel(key: str, html: str, caption: Caption = NO_FIGURE) -> None:
    """HTML (with anything from a user escaped), styled by front/lab.css, updated in place by its key.

    With a caption it is a figure, which can be saved and enlarged.
    """
    live.show(_panel, key, {"html": html} | caption.as_data(), height="content")


def grid(key: str, sheet: dict[str, Any], caption: Caption, pick: Callable[[int], None]) -> None:
    """A sheet of samples (see front/grid.js); `pick` is called with the index of a clicked one."""
    data = sheet | caption.as_data()
    _grid(key=key, data=data, height="content", on_picked_change=lambda: pick(st.session_state[key].picked))


def choices(
    key: str,
    html: str | list[str],
    pick: Callable[[str], None],
    show: str = "",
    caption: Caption = NO_FIGURE,
    answered: bool = False,
) -> None:
    """HTML as in `panel`; `pick` is called with the data-pick of a clicked element, "" if that was pressed already.

    HTML in pieces is joined in the browser: a live one is sent only those that have changed.
    `show` is a CSS selector of what a click changes, to be scrolled into sight. `answered` is as in `live.show`.
    """
    data = {"html": html, "show": show} | caption.as_data()

    def picked() -> None:
        pick(st.session_state[key].picked)

    live.show(_choices, key, data, answered, height="content", on_picked_change=picked)


def preview(key: str, html: str, shown: str, point: Callable[[str], None], caption: Caption) -> None:
    """HTML as in `panel` about the point `shown`; `point` is called with the ID of another that is pointed at.

    It belongs in a fragment, so that only that runs again.
    """
    data = {"html": html, "shown": shown} | caption.as_data()
    live.show(_preview, key, data, height="content", on_pointed_change=lambda: point(st.session_state[key].pointed))


def plane(key: str, points: list[int], fewest: int, most: int, drawn: Callable[[dict[str, Any]], None]) -> None:
    """A square to draw points on (see front/draw.js); `drawn` is called with what is on it after a stroke."""
    data = {"points": points, "fewest": fewest, "most": most} | Caption("Your points").as_data()
    _draw(key=key, data=data, height="content", on_drawn_change=lambda: drawn(st.session_state[key].drawn))


def cookie(name: str, value: str) -> None:
    """Keep a value in the browser until it is closed; for this server's pages only."""
    _cookie(key="cookie", data={"name": name, "value": value})


def button(label: str, icon: str, call: Callable[..., None] | None = None, *args: object, **options: Any) -> None:
    """A button with an icon that calls `call` with these arguments."""
    st.button(label, icon=f":material/{icon}:", on_click=call, args=args, **options)


def download(label: str, name: str, make: Callable[[], bytes], icon: str = "download", **options: Any) -> None:
    """A quiet button that saves the file `name`, made when it is pressed."""
    options = {"key": f"download_{label}", "type": "tertiary", "on_click": "ignore"} | options
    st.download_button(label, make, file_name=name, icon=f":material/{icon}:", **options)


def styles() -> None:
    """The style sheets; call this first on every page."""
    links = "".join(f'<link rel="stylesheet" href="./{FRONT.address}/{name}.css">' for name in STYLES)
    st.markdown(links, unsafe_allow_html=True)  # st.html would come a second later


def finish(presents: bool) -> None:
    """Show the page, which is hidden while it loads, with what front/page.js amends; call this last.

    `presents` is whether it is shown to a class.
    """
    _page(key="page_script", data={"presents": presents})


def keys() -> None:
    """While this is on the page, keys press its buttons (see front/keys.js)."""
    _keys(key="keys", data={})


@contextmanager
def opened_code(label: str) -> Iterator[bool]:
    """An expander for code; whether it is open. Drawn while closed, code would load a highlighter of 1.6 MB."""
    with st.expander(label, icon=":material/code:", key=f"code_{label}", on_change="rerun") as expander:
        yield bool(expander.open)


def csv_file(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A CSV file in which no text, such as the name of a user's file, is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(map(_without_formula, row) for row in rows)
    return text.getvalue().encode()


def _without_formula(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
