"""The user's own images: chosen, checked, kept in the cache folder, and previewed."""

import os
from pathlib import Path

import numpy as np
import streamlit as st

from ganlab.config import TrainConfig
from ganlab.data import own_images
from ganlab.data.download import data_root
from ganlab.formatting import in_words
from ganlab.ui.kit import frame, html, uploads
from ganlab.ui.kit.components import panel
from ganlab.ui.train import form, view

SHOWN = 32
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def choose(config: TrainConfig) -> None:
    """A ZIP, or a folder if the server listens only on localhost; how to fit them; a preview."""
    with st.container(border=True):
        chooser, preview = st.columns(2, gap="medium")
        with chooser:
            st.file_uploader("A ZIP of images", type="zip", key="images_zip", on_change=_keep_zip)
            if st.get_option("server.address") in LOOPBACK:
                help = "Copied into ganlab's cache folder, so that the run can be repeated."
                st.text_input("Or a folder on this computer", key="images_folder", help=help, on_change=_keep_folder)
            with st.container(horizontal=True, gap="medium"):
                form.setting("fit", config)
                form.setting("colour", config)
            frame.once("images_refused", st.error, "error")
        with preview:
            _thumbnails(config)


def _thumbnails(config: TrainConfig) -> None:
    if not config.images:
        st.caption("A preview appears here: square, small, in colour or grey, as the networks will see them.")
        return
    try:
        sheet, n = _preview(config.images, config.image_size, config.fit, config.colour)
    except (OSError, ValueError) as error:
        st.error(html.plain(in_words(error)), icon=":material/error:")
        return
    with st.container(key="thumbnails"):
        panel("own_images", view.sheet(sheet, 8, f"{len(sheet)} of your images"))
    st.caption(f"{len(sheet)} of {n:,} images, as the networks will see them.")


@st.cache_data(max_entries=8, show_spinner=False)
def _preview(name: str, size: int, fit: str, colour: str) -> tuple[np.ndarray, int]:
    archive = own_images.find(name, data_root() / "images")
    return own_images.thumbnails(archive, SHOWN, size, fit, colour)


@frame.acting(OSError, ValueError, key="images_refused")
def _keep_zip() -> None:
    if file := uploads.file("images_zip"):
        form.put(images=own_images.keep(file, data_root() / "images"))


@frame.acting(OSError, ValueError, key="images_refused")
def _keep_folder() -> None:
    if text := st.session_state["images_folder"].strip():
        folder = Path(os.path.expanduser(text))
        if not folder.is_absolute():  # the server has its own current folder
            raise ValueError("Write the folder's full path, from the root or from ~.")
        form.put(images=own_images.keep_folder(folder, data_root() / "images"))
