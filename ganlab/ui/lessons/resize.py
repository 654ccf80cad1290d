"""The lesson on `transforms.Resize`: one picture before, and after each of three ways to resize it."""

import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ganlab.data import images
from ganlab.lessons import resize
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.lesson import in_code, last_valid, lesson, number_input

QUESTION = (
    "A network needs pictures of one size. A tuple forces it, an int keeps the aspect ratio: what does each do "
    "to a picture that isn't square?"
)
KINDS = ["png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff"]
DRAWN = 300  # screen pixels of a longer side


@st.fragment
def section(anchor: str) -> None:
    with lesson("transforms.Resize", anchor, QUESTION) as (doing, beside):
        with doing:
            with st.container(horizontal=True, vertical_alignment="top", gap="small"):
                size = number_input("Size s", 224, "resize_size", 130)
                title = "A picture of your own (or keep the sample)"
                file = st.file_uploader(title, KINDS, key="resize_file", max_upload_size=50)
            picture, size = last_valid("resize", lambda: (_checked(file, size), size), (resize.sample(), 224))
            results = resize.resized(picture, size)
            panel("resize_shown", _before_and_after(picture, results))
        with beside:
            in_code(resize.code(picture.size, size), resize.printed(results))
            st.markdown(resize.in_words(picture))


def _checked(file: UploadedFile | None, size: int) -> Image.Image:
    """A file is decoded once; a session keeps its newest picture."""
    opened_id, picture = st.session_state.get("resize_opened", (None, None))
    if not file:
        picture = resize.sample()
    elif opened_id != file.file_id:
        picture = resize.opened(file, "The picture")
        st.session_state["resize_opened"] = (file.file_id, picture)
    resize.check(picture, size)
    return picture


def _before_and_after(picture: Image.Image, results: list[resize.Resized]) -> str:
    """All results are drawn to one scale, so that their sizes can be compared; the picture before has its own."""
    scale = DRAWN / max(results[1].picture.size)
    figures = [_figure(picture, "before", "the original, not drawn to the same scale", DRAWN / max(picture.size))]
    figures += [_figure(result.picture, result.call, result.effect, scale) for result in results]
    return f"<div class='resized'>{''.join(figures)}</div>"


def _figure(picture: Image.Image, name: str, effect: str, scale: float) -> str:
    width, height = picture.size
    drawn = picture.copy()
    drawn.thumbnail((1.5 * DRAWN, 1.5 * DRAWN), reducing_gap=2)
    uri = drawings.data_uri(images.png(drawn, compress_level=1))
    pixelated = " class='pixelated'" if scale > 1.5 else ""
    return (
        f"<figure><img src='{uri}' alt='{name}' style='width:{max(width * scale, 1):.0f}px'{pixelated}>"
        f"<figcaption><b>{name}</b><br><span class='muted'>{effect}<br>"
        f"{width:,} wide × {height:,} high</span></figcaption></figure>"
    )
