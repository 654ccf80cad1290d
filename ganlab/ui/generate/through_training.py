"""Through training: the samples of a run's fixed latents at every step that was saved."""

from pathlib import Path

import numpy as np
import streamlit as st

from ganlab.data import images
from ganlab.gan.recipe import Recipe
from ganlab.plots.samples import points
from ganlab.plots.whole_run import evenly
from ganlab.runs.disk import contents, moments
from ganlab.runs.run import Run
from ganlab.ui.generate import recipe_form, views
from ganlab.ui.generate.source import Source
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import download, plot

GRID = 8  # samples along each side of a grid
FRAMES = 60  # of an animation at most, so that it stays below a few megabytes


def card(source: Source, run: Run | None, recipe: Recipe) -> None:
    """A grid for each saved step, with a slider, and all of them as an animation."""
    steps = contents.moment_steps(run.path) if run else []
    if len(steps) < 2:
        return
    look = min(steps, key=lambda step: abs(step - (recipe.look or steps[-1])))
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Fixed latents through training", anchor=False, width="content")
            with st.container(horizontal=True, width="content", gap="small"):
                plays = st.toggle("Play", key="through_plays", help="All saved steps as an animation.")
                name = f"{source.name}-training.gif"
                download("GIF", name, lambda: animation(run, evenly(steps, FRAMES)), "gif_box", key="training_gif")
        recipe_form.place("look", steps, look)
        try:
            _draw(run, steps, look, plays)
        except ValueError as error:
            st.error(str(error), icon=":material/error:")


def _draw(run: Run, steps: list[int], look: int, plays: bool) -> None:
    samples = contents.read_moment(run.path, look).samples
    if samples.ndim == 2 and not plays:
        with st.container(horizontal_alignment="center"), st.container(width=480):
            plot("through_points", points(run.latest.real, samples), 480)
        return
    with st.container(key="through", horizontal_alignment="center"):
        if plays:
            uri = drawings.data_uri(animation(run, evenly(steps, FRAMES)), "gif")
            st.image(uri, width=views.BESIDE, alt=f"Animation of {len(evenly(steps, FRAMES))} saved steps")
        else:
            shown = samples[: GRID * GRID]
            width = views.screen_width(shown, GRID, views.BESIDE)
            alt = f"{len(shown)} generated images at step {look:,}"
            st.image(drawings.sheet_uri(shown, GRID), width=width, alt=alt)
    frames = f"The animation shows {len(evenly(steps, FRAMES))} of them." if len(steps) > FRAMES else ""
    st.caption(f"{len(steps)} steps were saved. {frames}")


def animation(run: Run, steps: list[int]) -> bytes:
    """The saved samples of those steps as a GIF, one frame a step."""
    return _animation(run.path, tuple(steps), moments.stamp(run.path, steps[-1]))


@st.cache_data(max_entries=4, show_spinner=False)
def _animation(path: Path, steps: tuple[int, ...], _stamp: int) -> bytes:
    return images.gif(np.stack([_frame(contents.read_moment(path, step).samples) for step in steps]), 1, 120)


def _frame(samples: np.ndarray) -> np.ndarray:
    """uint8 [h, w, c]: a sheet three times enlarged, or a scatter."""
    if samples.ndim == 2:
        return np.asarray(images.scatter(samples, size=400))
    sheet = np.asarray(images.sheet(samples[: GRID * GRID], GRID, max(1, 438 // (GRID * samples.shape[1]))))
    return sheet[..., None] if sheet.ndim == 2 else sheet
