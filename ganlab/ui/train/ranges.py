"""Try all ranges: one button that trains a run's settings under other clip ranges, and opens Compare on them."""

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.formatting import count_of, range_in_words
from ganlab.gan.watched import WatchedConfig
from ganlab.runs import background
from ganlab.runs.ranges import all_ranges, folder
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep_progress import Progress, progress
from ganlab.runs.swept_run import SweptRun
from ganlab.ui.kit import estimate, frame
from ganlab.ui.kit.server import hub

EVERY = 1.0  # seconds between two looks at how long they take, until that is known
HELP = (
    "Trains these settings with a tenth, a third, three times and ten times the clip range, with the same seed, in "
    "processes of their own, and opens Compare on them while they train."
)


def control(config: TrainConfig) -> None:
    """The button, with what it trains and how long that takes; nothing without a clamp, or for a user's own loop."""
    if config.constraint != "clip" or isinstance(config, WatchedConfig):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ranges"):
        pressed = st.button("Try all ranges", icon=":material/compare_arrows:", key="try_all_ranges", help=HELP)
        _caption(config)
    if pressed and (name := _start(config)):
        runs = sorted(all_ranges(config).items(), key=lambda item: (item[1].constraint, item[1].clip_range[1]))
        ids = ",".join(f"{name}/{one}" for one, _ in runs)
        st.switch_page(frame.COMPARE, query_params={"sweep": name, "runs": ids})
    frame.once("ranges_refused", st.error, "error")


@frame.acting(ValueError, OSError, key="ranges_refused")
def _start(config: TrainConfig) -> str:
    path = folder(config)
    background.start(path, all_ranges(config))
    return path.name


def _caption(config: TrainConfig) -> None:
    """What is trained, and how long it takes on this computer once that was measured."""
    runs = [SweptRun(folder(config) / name, one) for name, one in all_ranges(config).items()]
    known = progress(runs, hub().seconds_of).left is not None

    @st.fragment(run_every=None if known else EVERY)
    def tick() -> None:
        newest = progress(runs, hub().seconds_of)
        if newest.left is not None and not known:
            st.rerun()  # without ticks
        st.caption(_in_words(config, runs, newest), width="stretch")

    tick()


def _in_words(config: TrainConfig, runs: list[SweptRun], known: Progress) -> str:
    clipped = [run for run in runs if run.planned.constraint == "clip"]
    text = f"Trains {count_of(len(clipped), 'clip range')} around {range_in_words(config.clip_range)}"
    if len(runs) > len(clipped):
        text += ", and a gradient penalty"
    text += estimate.in_words(known)
    if any(one.latest.status in (Status.STARTING, Status.RUNNING) for one in hub().in_progress):
        text += ", longer while another run trains here"
    return f"{text}."
