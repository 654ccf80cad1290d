"""The user's own images: chosen, read in the background, and previewed as the networks will see them."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from ganlab.config import TrainConfig
from ganlab.data import own_images, own_pixels
from ganlab.data.decoding import Decoded, sentences
from ganlab.data.download import data_root
from ganlab.formatting import in_words
from ganlab.runs.job import Job
from ganlab.ui.kit import access, frame, html, uploads
from ganlab.ui.kit.components import button, csv_file, download, panel
from ganlab.ui.kit.server import acting_hub
from ganlab.ui.train import form, own_data, view

SHOWN = 32
EVERY = 0.5  # seconds between two looks at how far the reading is
QUICK = 0.3  # seconds to wait for it: small sets are done by then


def ready(config: TrainConfig) -> bool:
    """Whether the chosen images can be trained on. If nobody has read them yet, this begins it, in the background."""
    if "listing" in st.session_state:
        return False
    if not config.images or own_pixels.at_hand(config):
        return bool(config.images)
    if st.session_state.get("reading", ("", None))[0] != own_pixels.record(config):
        _read(config)
    return bool(own_pixels.at_hand(config))


def choose(config: TrainConfig) -> None:
    """A ZIP, or a folder for who sits at the server; how to fit them; a preview."""
    with st.container(border=True):
        chooser, preview = st.columns(2, gap="medium")
        with chooser:
            st.file_uploader("A ZIP of images", type="zip", key=uploads.key("images_zip"), on_change=_keep_zip)
            if st.session_state.get("images_zipped"):
                st.session_state["images_folder"] = ""
            if access.may_name_folders():
                help = "The folder is not copied; ganlab keeps only the decoded pixels."
                st.text_input("Or a folder on this computer", key="images_folder", help=help, on_change=_keep_folder)
            with st.container(horizontal=True, gap="medium"):
                form.setting("fit", config)
                form.setting("colour", config)
                form.setting("levels", config)
            frame.once("images_refused", st.error, "error")
        with preview:
            if job := st.session_state.get("listing"):
                _follow(job)
            elif not config.images:
                st.caption("A preview appears here: square, small, in colour or grey, as the networks will see them.")
            elif pixels := own_pixels.at_hand(config):
                _thumbnails(pixels, config)
            else:
                _progress(config)


def _progress(config: TrainConfig) -> None:
    """How far the reading is, with Cancel; once it has ended without success, why, and a button to read them again."""
    record, job = st.session_state.get("reading", (None, None))
    if record != own_pixels.record(config):
        job = None
    if job and not (job.is_over or job.is_cancelled):
        _follow(job)
        return
    if job and job.error:
        st.error(html.plain(job.error), icon=":material/error:")
    else:
        st.caption("These images have not been read yet.")
    button("Read the images", "refresh", _read, config)


def _follow(job: Job) -> None:
    """How far a job is, with Cancel."""

    @st.fragment(run_every=EVERY)
    def tick() -> None:
        if job.is_over:
            _take_listed()
            st.rerun()
        st.text(f"{job.message.capitalize()} …")

    tick()
    button("Cancel", "close", _cancel)


def _take_listed() -> None:
    """Choose the folder that was listed, or say why that failed, once the listing is over."""
    job = st.session_state.get("listing")
    if job and job.is_over:
        del st.session_state["listing"]
        if job.error:
            st.session_state["images_refused"] = job.error
        else:
            own_data.choose(st.session_state.get("images_folder", "").strip(), images=job.result)


def _thumbnails(pixels: str, config: TrainConfig) -> None:
    """Some of the images, and what the user should know of the others."""
    try:
        sheet, n = _some(pixels, config.image_size)
    except OSError as error:
        st.error(html.plain(in_words(error)), icon=":material/error:")
        return
    with st.container(key="thumbnails"):
        panel("own_images", view.sheet(sheet, 8, f"{len(sheet)} of your images"))
    st.caption(f"{len(sheet)} of {n:,} images, as the networks will see them.")
    prepared = own_pixels.prepared(config)
    if prepared and (texts := sentences(prepared.decoded, config.levels)):
        st.info(html.plain(" ".join(texts)), icon=":material/info:")
        if prepared.decoded.left_out:
            make = partial(list_left_out, prepared.decoded)
            download("CSV of images left out", "left-out.csv", make, help="One row per image, with the reason.")


def list_left_out(decoded: Decoded) -> bytes:
    """A CSV of the images that were left out: file, reason."""
    return csv_file(("file", "reason"), decoded.left_out)


@st.cache_data(max_entries=8, show_spinner=False)
def _some(pixels: str, size: int) -> tuple[np.ndarray, int]:
    """Up to 32 of the kept images, evenly spaced, uint8 [n, h, w, c], and how many there are. Raises OSError."""
    images = own_pixels.read(pixels, size, to_train=False)
    if images is None:
        raise FileNotFoundError("The images are not on this computer any more; choose them again.")
    some = np.linspace(0, len(images) - 1, min(SHOWN, len(images))).round().astype(int)
    return images[some].permute(0, 2, 3, 1).numpy(), len(images)


@frame.acting(key="images_refused")
def _read(config: TrainConfig) -> None:
    """Read the images in the background; what this session was reading before is cancelled."""
    _cancel()
    job = acting_hub().read_images(config)
    st.session_state["reading"] = (own_pixels.record(config), job)
    job.join(QUICK)


@frame.acting(key="images_refused")
def _cancel() -> None:
    _, reading = st.session_state.get("reading", (None, None))
    for job in (reading, st.session_state.pop("listing", None)):
        if job:
            job.cancel()
            job.join(QUICK)


def _forget(zipped: bool) -> None:
    """Choose no images, because others were named: in a ZIP, or in a folder."""
    _cancel()
    own_data.forget()
    st.session_state["images_zipped"] = zipped


@frame.acting(OSError, ValueError, key="images_refused")
def _keep_zip() -> None:
    if file := uploads.file("images_zip"):
        _forget(zipped=True)
        own_data.choose(file.name, images=own_images.keep(file, data_root() / "images"))
    else:  # it was removed
        _cancel()
        own_data.drop()


@frame.acting(OSError, ValueError, key="images_refused")
def _keep_folder() -> None:
    if access.may_name_folders() and (text := st.session_state["images_folder"].strip()):
        _forget(zipped=False)
        uploads.empty("images_zip")
        folder = Path(os.path.expanduser(text))
        if not folder.is_absolute():  # the server has its own current folder
            raise ValueError("Write the folder's full path, from the root or from ~.")
        job = st.session_state["listing"] = acting_hub().list_images(folder)
        job.join(QUICK)
        _take_listed()
