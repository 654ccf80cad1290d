"""Through training: the samples of a run's fixed latents at every saved moment."""

from pathlib import Path

import numpy as np
import streamlit as st

from ganlab.data import images
from ganlab.gan.recipe import Recipe
from ganlab.plots.samples import points
from ganlab.plots.whole_run import evenly
from ganlab.runs.disk import moments
from ganlab.runs.run import Run
from ganlab.ui.generate import recipe_form, views
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import Caption, download, plot
from ganlab.ui.kit.html import plain

GRID = 8  # samples along each side of a sheet
FRAMES = 60  # of an animation at most, so that it stays below a few megabytes


def card(run: Run, recipe: Recipe) -> None:
    """A sheet for each saved moment, chosen by a slider, and all of them as an animation."""
    steps = moments.steps(run.path)
    if len(steps) < 2:
        return
    frames = evenly(steps, FRAMES)
    step = min(steps, key=lambda step: abs(step - (recipe.look or steps[-1])))
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Fixed latents through training", anchor=False, width="content")
            with st.container(horizontal=True, width="content", gap="small"):
                plays = st.toggle("Play", key="through_plays", help="All saved steps as an animation.")
                name = f"{run.path.name}-training.gif"
                download("GIF", name, lambda: animation(run, frames), "gif_box", key="training_gif")
        recipe_form.ladder("look", steps, step, lambda step: f"{step:,}", label_visibility="collapsed")
        try:
            if plays:
                uri = drawings.data_uri(animation(run, frames), "gif")
                views.show_picture("through", uri, views.BESIDE, f"Animation of {len(frames)} saved steps")
            else:
                _moment(run, step)
        except ValueError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        shown = f"The animation shows {len(frames)} of them." if len(steps) > FRAMES else ""
        st.caption(f"{len(steps)} steps were saved. {shown}")


def _moment(run: Run, step: int) -> None:
    samples = moments.read(run.path, step).samples
    if samples.ndim == 2:
        with st.container(horizontal_alignment="center"), st.container(width=480):
            plot("through_points", points(run.latest.real, samples), 480, Caption("Samples", step=step))
    else:
        pixels = samples[: GRID * GRID]
        alt = f"{len(pixels)} generated images at step {step:,}"
        views.show_sheet("through", pixels, GRID, views.BESIDE, alt)


def animation(run: Run, steps: list[int]) -> bytes:
    """The samples saved at those steps as a GIF, one frame per step. Raises ValueError if they can't be read."""
    return _gif(run.path, tuple(steps), moments.stamp(run.path, steps[-1]))


@st.cache_data(max_entries=4, show_spinner=False)
def _gif(path: Path, steps: tuple[int, ...], stamp: int) -> bytes:
    """Cached until `stamp` changes: a resumed run writes its moments again."""
    return images.gif(np.stack([_frame(moments.read(path, step).samples) for step in steps]), 1, 120)


def _frame(samples: np.ndarray) -> np.ndarray:
    """uint8 [h, w, c]: an enlarged sheet about 438 pixels wide, or a scatter of points."""
    if samples.ndim == 2:
        return np.asarray(images.scatter(samples, size=400))
    enlarge = max(1, views.BESIDE // (GRID * samples.shape[1]))
    sheet = np.asarray(images.sheet(samples[: GRID * GRID], GRID, enlarge))
    return sheet[..., None] if sheet.ndim == 2 else sheet
