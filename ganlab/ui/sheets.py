"""Samples to look at and to keep: the card of the Generate page."""

import numpy as np
import streamlit as st

from ganlab import figures, images
from ganlab.snapshot import Snapshot
from ganlab.ui import drawings
from ganlab.ui.components import download, plot


def card(snapshot: Snapshot, latents: np.ndarray, samples: np.ndarray, seed: int) -> None:
    """The samples [n, ...] of latents [n, latent_dim] as one picture, and their files."""
    name = f"{snapshot.run_id}-step{snapshot.step}-seed{seed}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(f"{len(samples)} samples, step {snapshot.step:,}, seed {seed}", anchor=False, width="content")
        files = st.container(horizontal=True, width="content", gap="small")
    draw = _images if samples.ndim == 4 else _points
    draw(snapshot, samples, name, files)
    with files:
        told = "latents and samples as float32 arrays"
        download("NPZ", f"{name}.npz", lambda: images.npz(latents, samples), "data_array", help=told)


def _images(_: Snapshot, samples: np.ndarray, name: str, files: st.container) -> None:
    with st.container(horizontal=True):
        columns = st.slider("Columns", 1, 32, 16, width=240)
        enlarge = st.slider("Enlarge", 1, 8, 3, width=240, help="Screen and PNG pixels for each pixel of a sample.")
    pixels = images.to_uint8(samples)
    sheet = images.sheet(pixels, columns)
    with st.container(key="sheet"):
        st.image(
            drawings.data_uri(images.png(sheet, compress_level=1)),
            width=sheet.width * enlarge,
            alt=f"{len(pixels)} generated images",
        )
    with files:
        download("PNG", f"{name}.png", lambda: images.png(images.sheet(pixels, columns, enlarge)))
        download("ZIP", f"{name}.zip", lambda: images.zip_of_pngs(pixels), "folder_zip")


def _points(snapshot: Snapshot, samples: np.ndarray, name: str, files: st.container) -> None:
    with st.container(width=560):
        plot("generated_points", figures.points(snapshot.real, samples), 560)
    with files:
        download("PNG", f"{name}.png", lambda: images.png(images.scatter(samples, snapshot.real)))
