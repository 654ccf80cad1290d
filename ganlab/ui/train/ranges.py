"""Try all ranges: one button that trains a run's settings under other clip ranges, and opens Compare on them."""

import joblib
import streamlit as st

from ganlab.config import TrainConfig, WatchedConfig
from ganlab.formatting import count_of, rough_duration
from ganlab.runs import background
from ganlab.runs.ranges import all_ranges, cost, folder, span
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import frame
from ganlab.ui.kit.server import hub

HELP = (
    "Trains these settings with a tenth, a third, three times and ten times the clip range, with the same seed, in "
    "processes of their own, and opens Compare on them while they train."
)


def control(run: Run) -> None:
    """The button, with what it trains and how long that takes; nothing without a clamp, or for a user's own loop."""
    if run.config.constraint != "clip" or isinstance(run.config, WatchedConfig):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ranges"):
        pressed = st.button("Try all ranges", icon=":material/compare_arrows:", key="try_all_ranges", help=HELP)
        st.caption(_in_words(run), width="stretch")
    if pressed and (name := _start(run.config)):
        runs = sorted(all_ranges(run.config).items(), key=lambda item: (item[1].constraint, item[1].clip_range[1]))
        ids = ",".join(f"{name}/{one}" for one, _ in runs)
        st.switch_page(frame.COMPARE, query_params={"sweep": name, "runs": ids})
    frame.once("ranges_refused", st.error, "error")


@frame.acting(ValueError, OSError, key="ranges_refused")
def _start(config: TrainConfig) -> str:
    path = folder(config)
    background.start(path, all_ranges(config))
    return path.name


def _in_words(run: Run) -> str:
    """What is trained, and how long it takes on this computer, if the run's own pace is known."""
    runs, cores, last = list(all_ranges(run.config).values()), joblib.cpu_count(), run.latest
    clipped = [config for config in runs if config.constraint == "clip"]
    text = f"{count_of(len(clipped), 'clip range')} around this run’s, with the same seed"
    if len(runs) > len(clipped):
        text += ", and a gradient penalty"
    if seconds := _seconds(runs, last, cores):
        text += f": {rough_duration(seconds)} on {count_of(cores, 'core')}"
    if any(one.latest.status in (Status.STARTING, Status.RUNNING) for one in hub().in_progress):
        text += ", shared with the run that trains here"
    return f"{text}."


def _seconds(runs: list[TrainConfig], last: Snapshot, cores: int) -> float:
    """By the run's own pace; 0 if it has none yet."""
    return span([last.seconds / last.critic_step * cost(config) for config in runs], cores) if last.critic_step else 0
