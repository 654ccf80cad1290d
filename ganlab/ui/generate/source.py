"""Which generator the page samples from: a run's, held at one step, or an uploaded one."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from torch import nn

from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.gan.recipe import FIELDS
from ganlab.runs.disk import contents, networks
from ganlab.runs.run import Run
from ganlab.ui.kit import frame, html
from ganlab.ui.kit.components import download
from ganlab.ui.kit.server import find_run

UPLOAD = "upload"


@dataclass(frozen=True)
class Source:
    """A generator and where it comes from. `key` names its very weights."""

    name: str
    key: str
    config: TrainConfig
    step: int
    generator: nn.Module
    file: Callable[[], bytes]
    """Makes generator.safetensors."""

    @property
    def weights(self) -> int:
        """How many it has."""
        return sum(p.numel() for p in self.generator.parameters())


def real_points(config: TrainConfig) -> np.ndarray | None:
    """Real points [512, 2] to compare with; None of a drawing that is not on this computer."""
    try:
        return datasets.load(config).held_out.numpy()
    except (OSError, ValueError):
        return None


def choose(runs: dict[str, Run]) -> Source | None:
    """The source in the address, with the menu, the upload and the step it is held at; or None, and why."""
    found = _asked(runs)
    uploaded = st.session_state.get("uploaded")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if options := [*([UPLOAD] if uploaded else []), *runs]:
            _menu(options, found, runs)
        with st.popover("Upload", icon=":material/upload_file:"):
            st.file_uploader("A generator.safetensors of ganlab", key="generator_file", on_change=_upload)
            if refused := st.session_state.pop("not_uploaded", ""):
                st.error(html.plain(refused), icon=":material/error:")
        if found:
            told = "generator.safetensors: its weights, as Upload takes them."
            download("Download generator", "generator.safetensors", found.file, "network_node", help=told)
        if found:
            if found.name in runs:
                _steps(found, runs[found.name])
                _newest(found, runs[found.name])
            st.markdown(f":gray[step {found.step:,} · {found.weights:,} weights]", width="content")
    if not options:
        st.markdown("There is no generator yet. Train one for a few seconds, then come back; or upload one.")
        st.page_link(frame.TRAIN, label="Train", icon=":material/arrow_forward:", icon_position="right")
    return found


def _asked(runs: dict[str, Run]) -> Source | None:
    uploaded, wanted = st.session_state.get("uploaded"), st.query_params.get("file")
    if wanted and uploaded and wanted == uploaded.name:
        return uploaded
    if wanted:
        told = "This link was made with an uploaded generator. Upload the same file to see the same picture."
        st.warning(told, icon=":material/help:")
        return None
    named = find_run()
    if not named:
        st.query_params.pop("step", None)  # it was that of another run
    if named and named.run_id not in runs:
        st.warning(f"Run {named.run_id} has no generator yet.", icon=":material/help:")
        return None
    if named or runs:
        return _held(named or next(iter(runs.values())))
    return None


def _held(run: Run) -> Source | None:
    """The run's generator of the step in the address, if there is one; else its newest."""
    newest = run.latest
    wanted = st.query_params.get("step", str(newest.step))
    step = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10 else -1
    problem = f"Step {wanted} of this run is not kept."
    try:
        source = _kept(run.run_id, step, run)
    except (LookupError, ValueError) as error:
        if newest.generator is None:
            st.error(html.plain(newest.warning or "This run has no generator."), icon=":material/error:")
            return None
        source = _kept(run.run_id, newest.step, run)
        problem = str(error) if isinstance(error, ValueError) else problem
        st.warning(html.plain(f"{problem} This is step {newest.step:,}."), icon=":material/help:")
    st.query_params["run"], st.query_params["step"] = run.run_id, str(source.step)
    return source


@st.cache_resource(max_entries=8, show_spinner=False)
def _kept(run_id: str, step: int, _run: Run) -> Source:
    """A run goes on, a page that was opened does not: what was looked at is kept, for other tabs as well.

    Raises LookupError for a step that is neither the newest nor that of a checkpoint, ValueError if it can't be read.
    """
    newest = _run.latest
    if newest.step == step and newest.generator is not None:
        generator, config = newest.generator, newest.config
    else:
        paths = {found.step: found.path for found in contents.checkpoint_files(_run.path)}
        generator, config, _ = contents.generator_at(paths[step])
    file = lambda: networks.network_file(config, step, generator)  # noqa: E731
    return Source(run_id, f"{run_id}/{step}", config, step, generator, file)


def _menu(options: list[str], found: Source | None, runs: dict[str, Run]) -> None:
    shown = (UPLOAD if found.name not in runs else found.name) if found else None
    st.session_state["source"] = shown
    st.selectbox(
        "Generator",
        options,
        index=options.index(shown) if shown else None,
        key="source",
        label_visibility="collapsed",
        width=400,
        placeholder="Choose a run",
        format_func=lambda name: "Uploaded generator" if name == UPLOAD else html.label(name, runs[name].config),
        on_change=_take,
    )


def _take() -> None:
    name = st.session_state["source"]
    if name == UPLOAD:
        point_to(file=st.session_state["uploaded"].name)
    elif name:
        point_to(run=name)


def point_to(**where: str) -> None:
    """Another source in the address, the recipe as it is. For callbacks."""
    st.query_params.from_dict({key: text for key, text in st.query_params.items() if key in FIELDS} | where)


def _steps(found: Source, run: Run) -> None:
    """The run's checkpoints, where there is a choice."""
    steps = sorted({found.step, *(checkpoint.step for checkpoint in contents.checkpoint_files(run.path))})
    if len(steps) < 2:
        return
    st.session_state["source_step"] = found.step
    st.selectbox(
        "Step", steps, steps.index(found.step), key="source_step", label_visibility="collapsed", width=150,
        format_func=lambda step: f"step {step:,}", on_change=_take_step, args=(found.name,),
    )  # fmt: skip


def _take_step(run_id: str) -> None:
    point_to(run=run_id, step=str(st.session_state["source_step"]))


def _newest(found: Source, run: Run) -> None:
    if not run.latest.status.ended or run.latest.step != found.step:
        told = "Take the run's newest generator. Until then this page stays at its step, and the run goes on."
        st.button("Newest", icon=":material/update:", help=told, on_click=point_to, kwargs={"run": found.name})


def _upload() -> None:
    file = st.session_state["generator_file"]
    if file is None:
        return
    content = file.getvalue()
    try:
        generator, config, step = networks.read_generator(content)
    except ValueError as error:
        st.session_state["not_uploaded"] = str(error).replace("This file", file.name, 1)
        return
    digest = hashlib.sha256(content).hexdigest()[:16]
    st.session_state["uploaded"] = Source(digest, digest, config, step, generator, lambda: content)
    point_to(file=digest)
