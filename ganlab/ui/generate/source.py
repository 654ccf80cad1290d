"""Which generator the page samples from: a run's, an uploaded one or the example. The address says which."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from torch import nn

from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.gan.recipe import FIELDS
from ganlab.runs.disk import checkpoints, contents, networks
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.ui.kit import frame, html, uploads
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.components import download
from ganlab.ui.kit.server import find_run

UPLOAD = "upload"  # what the menu calls an uploaded generator, beside the names of runs
EXAMPLE = Path(__file__).with_name("example.safetensors")  # the default run's at its end: bench/example.py made it
EXAMPLE_NAME = "example"


@dataclass(frozen=True)
class Source:
    """A generator and where it comes from."""

    name: str  # the run's, or the start of the uploaded file's SHA-256
    key: str  # equal keys mean equal weights
    config: TrainConfig
    step: int
    generator: nn.Module
    file: Callable[[], bytes]  # makes the content of generator.safetensors

    @property
    def weights(self) -> int:
        """How many the generator has."""
        return sum(p.numel() for p in self.generator.parameters())

    @property
    def real_points(self) -> np.ndarray | None:
        """Up to 512 real points [n, 2] to compare with; None if they can't be read on this computer."""
        try:
            return datasets.load(self.config).held_out.numpy()
        except (OSError, ValueError):
            return None


def choose(runs: dict[str, Run]) -> Source | None:
    """Shows the menu of sources and returns the one in the address. None, with an explanation, if there is none."""
    uploaded: Source | None = st.session_state.get("uploaded")  # by this visitor
    source = _in_address(runs, uploaded)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _choose_source([*([UPLOAD] if uploaded else []), *runs, EXAMPLE_NAME], source, runs)
        with st.popover("Upload", icon=":material/upload_file:", disabled=not may_act()):
            st.file_uploader("A generator.safetensors from ganlab", key="generator_file", on_change=_upload)
            frame.once("not_uploaded", st.error, "error")
        if source:
            help_text = "generator.safetensors: its weights, in the format that Upload reads."
            download("Download generator", "generator.safetensors", source.file, "network_node", help=help_text)
            if source.name in runs:
                _choose_step(source, runs[source.name])
            st.markdown(f":gray[step {source.step:,} · {source.weights:,} weights]", width="content")
    return source


def _in_address(runs: dict[str, Run], uploaded: Source | None) -> Source | None:
    digest = st.query_params.get("file")
    if digest == EXAMPLE_NAME:
        return example()
    if digest and uploaded and digest == uploaded.name:
        return uploaded
    if digest:
        message = "This link was made with an uploaded generator. Upload the same file to see the same picture."
        st.warning(message, icon=":material/help:")
        return None
    run = find_run()
    if not run:
        st.query_params.pop("step", None)  # it belonged to another run
    if run and run.has_generator:
        runs.setdefault(run.run_id, run)  # also one of a sweep
    if run and run.run_id not in runs:
        st.warning(html.plain(contents.no_generator(run.path)), icon=":material/help:")
        return None
    run = run or next((run for run in runs.values() if run.summary.status is not Status.FAILED), None)
    return _at_step(run) if run else example()


@st.cache_resource(show_spinner=False)
def example() -> Source:
    """The generator of the default run, so that there is always one."""
    content = EXAMPLE.read_bytes()
    generator, config, step = networks.read_network(content)
    return Source(EXAMPLE_NAME, EXAMPLE_NAME, config, step, generator, lambda: content)


def _at_step(run: Run) -> Source | None:
    """The run's generator at the step in the address; its newest, with an explanation, if that step was not saved."""
    newest, saved = run.latest, checkpoints.files(run.path)
    last = saved[-1].step if newest.generator is None and saved else newest.step  # of a run that trains elsewhere
    text = st.query_params.get("step", str(last))
    step = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
    source, problem = None, ""
    for tried in dict.fromkeys((step, last)):
        try:
            source = _cached(run.run_id, tried, run)
            break
        except (LookupError, ValueError) as error:
            unsaved = f"Step {text} of this run was not saved."
            problem = problem or (str(error) if isinstance(error, ValueError) else unsaved)
    if source is None:
        st.error(html.plain(newest.warning or "This run has no generator."), icon=":material/error:")
        return None
    if problem:
        st.warning(html.plain(f"{problem} This is step {last:,}."), icon=":material/help:")
    st.query_params["run"], st.query_params["step"] = run.run_id, str(source.step)
    return source


@st.cache_resource(max_entries=8, show_spinner=False)
def _cached(run_id: str, step: int, _run: Run) -> Source:
    """The run's generator at a step, cached for all tabs: an open page stays at its step while the run trains on.

    Raises LookupError if the step is neither the newest nor that of a checkpoint, ValueError if it can't be read.
    """
    newest = _run.latest
    if newest.step == step and newest.generator is not None:
        generator, config = newest.generator, newest.config
    else:
        paths = {checkpoint.step: checkpoint.path for checkpoint in checkpoints.files(_run.path)}
        saved = checkpoints.read(paths[step], _run.config)
        generator, config = saved.network("generator"), saved.config
    file = partial(networks.network_file, config, step, generator)
    return Source(run_id, f"{run_id}/{step}", config, step, generator, file)


def _choose_source(options: list[str], source: Source | None, runs: dict[str, Run]) -> None:
    def label(option: str) -> str:
        if option == EXAMPLE_NAME:
            return f"Example: {html.title(example().config)}, {example().step:,} steps"
        return "Uploaded generator" if option == UPLOAD else html.label(runs[option])

    def choose(option: str | None) -> None:
        uploaded = st.session_state.get("uploaded")
        if option == UPLOAD and uploaded:
            _point_to(file=uploaded.name)
        elif option == EXAMPLE_NAME:
            _point_to(file=EXAMPLE_NAME)
        elif option in runs:
            _point_to(run=option)

    shown = source.name if source and source.name in options else source and UPLOAD
    _menu("Generator", "source", options, shown, choose, placeholder="Choose a run", format_func=label, width=400)


def _choose_step(source: Source, run: Run) -> None:
    steps = sorted({source.step, *(checkpoint.step for checkpoint in checkpoints.files(run.path))})

    def choose(step: int) -> None:
        _point_to(run=source.name, step=str(step))

    if len(steps) > 1:
        _menu("Step", "source_step", steps, source.step, choose, format_func="step {:,}".format, width=150)
    if not run.latest.status.ended or run.latest.step != source.step:
        help_text = "Switch to the run's newest generator. Until then this page stays at its step while the run trains."
        st.button("Newest", icon=":material/update:", help=help_text, on_click=_point_to, kwargs={"run": source.name})


def _menu(label: str, key: str, options: list[Any], shown: Any, choose: Callable[[Any], None], **more: Any) -> None:
    """A menu set to what the page shows; `choose` is called with the option that the user selects."""
    st.session_state[key] = shown
    st.selectbox(
        label,
        options,
        index=None if shown is None else options.index(shown),
        key=key,
        label_visibility="collapsed",
        on_change=lambda: choose(st.session_state[key]),
        **more,
    )


def _point_to(**where: str) -> None:
    """Put another source into the address, and leave the recipe there. For callbacks."""
    st.query_params.from_dict({key: text for key, text in st.query_params.items() if key in FIELDS} | where)


@frame.acting(key="not_uploaded")
def _upload() -> None:
    if not (file := uploads.file("generator_file")):
        return
    content = file.getvalue()
    try:
        generator, config, step = networks.read_network(content)
    except ValueError as error:
        st.session_state["not_uploaded"] = str(error).replace("This file", file.name, 1)
        return
    digest = hashlib.sha256(content).hexdigest()[:16]
    st.session_state["uploaded"] = Source(digest, digest, config, step, generator, lambda: content)
    _point_to(file=digest)
