"""The lesson on `transforms.Resize`."""

from typing import Any

import streamlit as st
from PIL import Image

from ganlab.data import images
from ganlab.lessons import resize
from ganlab.ui.kit import drawings, inputs
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, lesson

KINDS = ["png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff"]
DRAWN = 300
"""Screen pixels of a longer side."""


@st.fragment
def section() -> None:
    """One picture before and after, three ways."""
    with lesson(
        "transforms.Resize",
        "resize",
        "A network needs pictures of one size. A tuple forces it, an int keeps the aspect ratio: what does each do "
        "to a picture that isn't square?",
    ) as (doing, beside):
        with doing:
            size, file = _wishes()
            picture, size = inputs.in_force("resize", lambda: _asked(file, size), (resize.sample(), 224))
            results = resize.resized(picture, size)
            _before_and_after(picture, results)
        with beside:
            in_code(resize.code(picture.size, size), resize.printed(results))
            st.markdown(resize.in_words(picture, size))


def _wishes() -> tuple[int, Any]:
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        size = st.number_input("Size s", value=224, key="resize_size", persist_state="session", width=130)
        file = st.file_uploader("A picture of yours (or keep the sample)", KINDS, key="resize_file", max_upload_size=50)
    return size, file


def _asked(file: Any, size: int) -> tuple[Image.Image, int]:
    picture = _opened(file) if file else resize.sample()
    resize.check(picture, size)
    return picture, size


def _opened(file: Any) -> Image.Image:
    """Decoded once; a session keeps its newest picture."""
    opened_id, picture = st.session_state.get("resize_opened", (None, None))
    if opened_id != file.file_id:
        picture = resize.opened(file, "The picture")
        st.session_state["resize_opened"] = (file.file_id, picture)
    return picture


def _before_and_after(picture: Image.Image, results: list[resize.Resized]) -> None:
    """All results on one scale, so that sizes can be compared."""
    scale = DRAWN / max(results[1].picture.size)
    shown = [_figure(picture, "before", "as it is, on a scale of its own", DRAWN / max(picture.size))]
    shown += [_figure(result.picture, result.call, result.said, scale) for result in results]
    panel("resize_shown", f"<div class='resized'>{''.join(shown)}</div>")


def _figure(picture: Image.Image, call: str, said: str, scale: float) -> str:
    width, height = picture.size
    drawn = picture.copy()
    drawn.thumbnail((1.5 * DRAWN, 1.5 * DRAWN), reducing_gap=2)
    uri = drawings.data_uri(images.png(drawn, compress_level=1))
    pixelated = " class='pixelated'" if scale > 1.5 else ""
    return (
        f"<figure><img src='{uri}' alt='{call}' style='width:{max(width * scale, 1):.0f}px'{pixelated}>"
        f"<figcaption><b>{call}</b><br><span class='muted'>{said}<br>"
        f"{width:,} wide × {height:,} high</span></figcaption></figure>"
    )
