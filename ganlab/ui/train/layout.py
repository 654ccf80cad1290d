"""The parts of the Train page: what stands where, with the controls beside what they change.

Each puts its controls on the page and leaves named containers for the fragment in `live`.
"""

import inspect

import streamlit as st

from ganlab.gan import constraints
from ganlab.gan.building import critic_layers
from ganlab.gan.holding import HOLDING
from ganlab.gan.training import Trainer
from ganlab.gan.watched import WatchedConfig
from ganlab.plots.curves import ALONG
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.compare import picks
from ganlab.ui.kit import components, frame, html, names
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.components import panel
from ganlab.ui.train import downloads, form, look_back, panels, steer, view
from ganlab.ui.train.view import Slots

WHY = {"clip": "The range", "gradient-penalty": "The penalty"}


def failure(snapshot: Snapshot) -> None:
    """What went wrong; for the owner with the traceback in a closed expander."""
    st.error(f"**{html.plain(snapshot.error)}** {html.plain(snapshot.message)}", icon=":material/error:")
    if may_act():
        with st.expander("Traceback"):
            st.code(snapshot.traceback, language=None)


def numbers(slots: Slots) -> None:
    """Six numbers and a verdict."""
    with st.container(key="numbers", gap=None):
        slots["strip"] = st.container()
        slots["verdict"] = st.container()


def weights(run: Run, snapshot: Snapshot, slots: Slots) -> None:
    """The critic's weights, around the clamp if there is one, with what holds the critic to pull."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Critic weights", anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            slots["clamp key"] = st.container(width="content")
            with st.popover("Constraint", icon=":material/tune:", type="tertiary"):
                steer.constraint_controls(run, snapshot.status.ended)
                slots["refusal"] = st.container()
            with st.popover("View", icon=":material/visibility:", type="tertiary"):
                view.layer_menu([name for name, _ in critic_layers(snapshot.config)] if snapshot.weights else [])
                help = "Counts on a logarithmic axis, to see the small bins."
                st.toggle("Log y", key="log_y", persist_state="session", help=help)
                downloads.histogram(run)
    slots["clamp"] = st.container()
    if (what := WHY.get(look_back.settings(run, look_back.shown(run, snapshot)).constraint)) and not frame.presents():
        panel("why", f"<p class='muted small'>{what} limits how steep the critic can get.</p>")


def samples(run: Run, snapshot: Snapshot, slots: Slots) -> None:
    """What the generator makes of the fixed latents, and below it the critic's estimate."""
    pictures = snapshot.config.kind == "image"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Samples", anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            beside = ["Real", "Before"]
            if isinstance(run.config, WatchedConfig):  # of whose real samples nothing is known
                beside = ["Before"]
                if st.session_state.get("compare") not in beside:
                    st.session_state["compare"] = None
            st.segmented_control("Beside", beside, key="compare", label_visibility="collapsed")
            with st.popover("Save", icon=":material/download:", type="tertiary"):
                if pictures:
                    grid_options()
                downloads.samples(run, pictures)
    slots["caption"] = st.container()
    slots["samples"] = st.container(key="samples", horizontal_alignment="center")
    apart = any(change.field in HOLDING for change in snapshot.changes)
    apart |= any(getattr(run.wanted, field) != getattr(run.config, field) for field in HOLDING)
    note = "not comparable across dotted lines" if apart else "on each batch, before the generator’s update"
    panel("estimate_head", f"<div class='ch'><b>Critic’s estimate</b><span>{note}</span></div>")
    slots["estimate"] = st.container()


def grid_options() -> None:
    """Rows, columns and enlargement of the saved grid, at most the 100 fixed latents."""
    help = "Pixels of the PNG for each pixel of a sample."
    st.slider("Rows", 1, 10, 8, key="rows", persist_state="session")
    st.slider("Columns", 1, 10, 8, key="columns", persist_state="session")
    st.slider("Enlarge", 1, 8, 3, key="enlarge", persist_state="session", help=help)


def over_time(run: Run, ended: bool, slots: Slots) -> None:
    """The curves over all steps."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        with st.container(width="content", gap=None):
            st.subheader("Over time", anchor=False)
            st.caption(f"Along {ALONG[view.view().along]}s. Dotted marks are changes you made.")
        with st.container(horizontal=True, width="content", vertical_alignment="bottom", gap="small"):
            steer.rates(run, ended)
            st.toggle("Freeze", key="freeze", help="Hold these charts and their CSV while the run continues.")
            view_options()
            downloads.metrics(run)
    charts = view.charts(run)
    for column, name in zip(st.columns(len(charts), gap="small"), charts, strict=True):
        with column.container(border=True):
            panel(f"head_{name}", panels.chart_caption(name, view.view()).head())
            slots[name] = st.container()


def view_options() -> None:
    """What the x axis counts, and the length of the running median."""
    help = "Steps in the running median; click the chosen one again for none. The authors' README uses 101."
    with st.popover("View", icon=":material/tune:", type="tertiary"):
        st.segmented_control(
            "Along",
            list(ALONG),
            default="step",
            required=True,
            key="along",
            persist_state="session",
            format_func=lambda column: f"{ALONG[column].capitalize()}s",
        )
        st.segmented_control("Median", ("25", "101"), default="25", key="median", persist_state="session", help=help)


def details(run: Run, slots: Slots) -> None:
    """One row per critic parameter; below, the code that is running, the settings and the changes."""
    with st.container(border=True):
        st.subheader("Layer by layer", anchor=False)
        slots["counts"] = st.container()
        slots["layers"] = st.container()
    ours = not isinstance(run.config, WatchedConfig)
    if ours:
        with components.opened_code("The update, as it runs") as opened:
            if opened:
                for code in (Trainer.critic_update, type(constraints.of(run.wanted))):
                    st.code(inspect.cleandoc(inspect.getsource(code)), language="python")
    with st.expander("Settings and changes of this run", icon=":material/receipt_long:"):
        names.field(run)
        slots["record"] = st.container()
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            if ours:
                form.save(run.config, "Opens Train with the settings that this run started with.")
            if not run.latest.status.ended:
                picks.link("Compare with…", run.run_id)
