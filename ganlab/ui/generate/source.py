"""Which generator the page samples from: a run's, held at one step, or an uploaded one."""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from safetensors import safe_open
from torch import nn

from ganlab import store
from ganlab.config import TrainConfig
from ganlab.recipe import FIELDS
from ganlab.runs import TrainingRun
from ganlab.snapshot import Snapshot
from ganlab.ui import frame, words
from ganlab.ui.components import download
from ganlab.ui.hub import find_run, hub

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


def choose() -> Source | None:
    """The source in the address, with the menu, the upload and the step it is held at; or None, and why."""
    runs = {run.run_id: run for run in hub().runs if run.latest.generator is not None}
    found = _asked(runs)
    uploaded = st.session_state.get("uploaded")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if options := [*([UPLOAD] if uploaded else []), *runs]:
            _menu(options, found, runs)
        with st.popover("Upload", icon=":material/upload_file:"):
            st.file_uploader("A generator.safetensors of ganlab", key="generator_file", on_change=_upload)
        if found:
            told = "generator.safetensors: its weights, as Upload takes them."
            download("Generator", "generator.safetensors", found.file, "network_node", help=told)
        if found:
            if found.name in runs:
                _newest(found, runs[found.name])
            st.markdown(f":gray[step {found.step:,} · {found.weights:,} weights]", width="content")
    if refused := st.session_state.pop("not_uploaded", ""):
        st.error(words.plain(refused), icon=":material/error:")
    if not options:
        st.markdown("There is no generator yet. Train one for a few seconds, then come back; or upload one.")
        st.page_link(frame.TRAIN, label="Train", icon=":material/arrow_forward:", icon_position="right")
    return found


def _asked(runs: dict[str, TrainingRun]) -> Source | None:
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


def _held(run: TrainingRun) -> Source:
    """The run's generator of the step in the address, if this server still has it; else its newest."""
    newest = run.latest
    wanted = st.query_params.get("step", str(newest.step))
    step = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else -1
    try:
        source = _kept(run.run_id, step, newest)
    except LookupError:
        source = _kept(run.run_id, newest.step, newest)
        told = f"Step {words.plain(wanted)} of this run is not kept. This is step {newest.step:,}."
        st.warning(told, icon=":material/help:")
    st.query_params["run"], st.query_params["step"] = run.run_id, str(source.step)
    return source


@st.cache_resource(max_entries=8, show_spinner=False)
def _kept(run_id: str, step: int, _newest: Snapshot) -> Source:
    """A run goes on, a page that was opened does not: what was looked at is kept, for other tabs as well."""
    if _newest.step != step:
        raise LookupError(step)
    file = lambda: store.network_file(_newest, _newest.generator)  # noqa: E731
    return Source(run_id, f"{run_id}/{step}", _newest.config, step, _newest.generator, file)


def _menu(options: list[str], found: Source | None, runs: dict[str, TrainingRun]) -> None:
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
        format_func=lambda name: "Uploaded generator" if name == UPLOAD else words.label(name, runs[name].config),
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


def _newest(found: Source, run: TrainingRun) -> None:
    if not run.latest.status.ended or run.latest.step != found.step:
        told = "Take the run's newest generator. Until then this page stays at its step, and the run goes on."
        st.button("Newest", icon=":material/update:", help=told, on_click=point_to, kwargs={"run": found.name})


def _upload() -> None:
    file = st.session_state["generator_file"]
    if file is None:
        return
    content = file.getvalue()
    try:
        generator, config, step = _read(content)
    except ValueError as error:
        st.session_state["not_uploaded"] = f"{file.name}: {error}"
        return
    digest = hashlib.sha256(content).hexdigest()[:16]
    st.session_state["uploaded"] = Source(digest, digest, config, step, generator, lambda: content)
    point_to(file=digest)


def _read(content: bytes) -> tuple[nn.Module, TrainConfig, int]:
    """The generator, settings and step in a file. Raises ValueError, in one sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generator.safetensors"
        path.write_bytes(content)
        try:
            generator, config = store.load_generator(path)
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), "this")) from None
        with safe_open(path, framework="pt") as file:
            return generator, config, int(file.metadata().get("step", 0))
