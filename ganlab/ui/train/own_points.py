"""The user's own points: drawn on the plane or read from a CSV, and kept in the cache folder.

The address names what is on the plane: after every stroke the points are kept and their name goes there.
"""

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from ganlab.config import TrainConfig, changed
from ganlab.data import own_points, point_files
from ganlab.data.download import data_root
from ganlab.data.own_points import SHAPES
from ganlab.data.point_sets import JITTER
from ganlab.formatting import in_words
from ganlab.presets import PRESETS
from ganlab.ui.kit import frame, html, uploads
from ganlab.ui.kit.components import download, plane
from ganlab.ui.train import own_data

HELP = (
    f"The generator learns the shape of your points: a real sample is one of them, moved by a normal random number of "
    f"standard deviation {JITTER:g} along each axis, as in the sets of Gaussians. Of 100 points or more, a third, "
    f"at most 512, is held out for the instruments."
)


def choose(config: TrainConfig) -> None:
    """The plane to draw on, with shapes to start from and the points as a file beside it."""
    points, problem = _points(config.points)
    with st.container(border=True):
        drawing, beside = st.columns([1, 1.35], gap="medium")
        with drawing:
            whole = np.rint(1000 * points.astype(float)).astype(int)
            plane("own_points", whole.ravel().tolist(), own_points.FEWEST, own_points.MOST, _keep_drawn)
        with beside:
            if problem:
                st.error(html.plain(problem), icon=":material/error:")
            st.markdown("Press to add a point, drag to spray many. Or begin with a shape and change it.", help=HELP)
            st.pills("Begin with", list(SHAPES), key="points_shape", on_change=_keep_shape, wrap=True)
            st.file_uploader(
                "Or a CSV",
                type=["csv", "tsv", "txt"],
                key=uploads.key("points_csv"),
                max_upload_size=own_points.LIMIT_BYTES // 2**20,
                help="Two numbers per line; 16 to 5,000 lines. The first line may name the columns: of more than two "
                "columns of numbers, those named x and y are read.",
                on_change=_keep_csv,
            )
            frame.once("points_refused", st.error, "error")
            frame.once("points_note", st.info, "info")
            content = partial(point_files.as_csv, points)
            download("CSV", "points.csv", content, help="These points.", disabled=len(points) == 0)


def enough(config: TrainConfig) -> bool:
    """Whether there are enough points to train on."""
    return len(_points(config.points)[0]) >= own_points.FEWEST


def last_drawn() -> TrainConfig:
    """The preset with the points that this session drew last."""
    return changed(PRESETS["drawn"], {"points": st.session_state.get("points_last", "")})


def _points(name: str) -> tuple[np.ndarray, str]:
    """The points [n, 2] of that name, empty without one, and a sentence if they can't be read."""
    try:
        return own_points.load(name, data_root() / "points") if name else np.empty((0, 2), np.float32), ""
    except (OSError, ValueError) as error:
        return np.empty((0, 2), np.float32), in_words(error)


@frame.acting(OSError, ValueError, key="points_refused")
def _keep_drawn(sent: dict[str, Any]) -> None:
    uploads.empty("points_csv")
    _keep(np.array(sent["points"], float).reshape(-1, 2) / 1000)


@frame.acting(OSError, ValueError, key="points_refused")
def _keep_shape() -> None:
    if shape := st.session_state["points_shape"]:
        st.session_state["points_shape"] = None  # so that another click on it brings it back
        uploads.empty("points_csv")
        _keep(SHAPES[shape]())


@frame.acting(OSError, ValueError, key="points_refused")
def _keep_csv() -> None:
    if file := uploads.file("points_csv"):
        own_data.forget()
        points, st.session_state["points_note"] = point_files.read_csv(file.getvalue(), file.name)
        _keep(points, file.name)
    else:  # it was removed
        own_data.drop()


def _keep(points: np.ndarray, source: str = "") -> None:
    name = own_points.keep(points, data_root() / "points") if len(points) else ""
    own_data.choose(source, points=name)
    st.session_state["points_last"] = name
