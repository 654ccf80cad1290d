"""What share of any critic's weights a bound would clip, at its start or as trained."""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import nn

from ganlab.config import PRESETS, TrainConfig, link
from ganlab.formatting import number, range_in_words
from ganlab.lessons import clip_shares
from ganlab.lessons.clip_shares import ClipShares
from ganlab.plots import lessons
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import html, presets
from ganlab.ui.kit.clip_range import LADDER
from ganlab.ui.kit.components import panel, plot
from ganlab.ui.kit.lesson import in_code, lesson
from ganlab.ui.kit.server import with_networks

BOUNDS = torch.tensor(sorted({*LADDER, *np.logspace(-4, 0, 121).round(9).tolist()}))
"""Where the shares are worked out: float32, every rung of the ladder among them."""
NOW, START = "As it is now", "At its start"


class Source(NamedTuple):
    """Whose critic is looked at."""

    config: TrainConfig
    snapshot: Snapshot | None
    """Of a run; None for the start of a run with these settings."""
    file: str = ""
    """Where that run's critic will be when it has ended."""


@st.fragment
def section() -> None:
    """The share over c, a curve a layer, and the lines that count it."""
    question = "Convolutions start as N(0, 0.02), Linear layers as PyTorch has them. How much of that does c leave?"
    with lesson("What share would be clipped?", "any-model", question) as (doing, beside):
        with doing:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                source = _choose()
                shares = _of_run(source.snapshot) if source.snapshot else _of_start(source.config)
                layer = _layer(list(shares.measured))
            c = st.select_slider("c", LADDER, 0.01, format_func=number, key="model_c", persist_state="session")
            panel("model_key", _key(layer, bool(shares.expected)))
            curves = BOUNDS.numpy(), shares.measured, layer, shares.expected.get(layer)
            plot("model_shares", lessons.shares(*curves, c), 330)
        with beside:
            at = int((c == BOUNDS).nonzero())
            panel("model_table", _table(shares, at, c))
            measured = {name: values[at] for name, values in shares.measured.items()}
            in_code(clip_shares.code(lines(source), c), clip_shares.printed(measured))
            if source.snapshot and not source.snapshot.status.ended:
                st.caption("The file is written when the run ends; it will hold the weights of that step.")


def _choose() -> Source:
    runs = with_networks()
    wanted = st.query_params.get("run")
    options = [*runs, *PRESETS]
    at_first = options.index(wanted if wanted in runs else "digits")
    titled = lambda name: html.label(name, runs[name].config) if name in runs else presets.title(name)  # noqa: E731
    look = {"key": "model_critic", "persist_state": "session", "width": 290}
    chosen = st.selectbox("Critic of", options, at_first, format_func=titled, **look)
    if chosen not in runs:
        return Source(PRESETS[chosen], None)
    when = st.segmented_control(
        "When", [NOW, START], default=NOW, required=True, key="model_when", persist_state="session"
    )
    run = runs[chosen]
    if when == START or run.latest.critic is None:
        return Source(run.config, None)
    return Source(run.config, run.latest, (run.path / "critic.safetensors").as_posix())


def _layer(names: list[str]) -> str:
    """The layer that stands out."""
    if st.session_state.get("model_layer") not in names:
        st.session_state["model_layer"] = next((name for name in names if name.endswith("2.weight")), names[0])
    return st.selectbox("Layer", names, key="model_layer", persist_state="session", width=220)


@st.cache_data(max_entries=16, show_spinner=False)
def _of_start(config: TrainConfig) -> ClipShares:
    return clip_shares.of_start(config, BOUNDS)


def _of_run(snapshot: Snapshot) -> ClipShares:
    return _of_critic(snapshot.run_id, snapshot.step, snapshot.critic)


@st.cache_data(max_entries=16, show_spinner=False)
def _of_critic(run_id: str, step: int, _critic: nn.Module) -> ClipShares:
    """Kept by run and step."""
    return clip_shares.of_critic(_critic, BOUNDS)


def lines(source: Source) -> str:
    """The lines that make the critic."""
    settings = {field: text for field, text in link(source.config).items() if field != "threads"}
    made = (
        "from ganlab.config import from_link\nfrom ganlab.gan import training\n\n"
        f"_, critic = training.initial(from_link({settings}))\n"
    )
    if source.snapshot is None:
        return made
    loaded = f"critic.load_state_dict(load_file({source.file!r}))\n"
    return f"from safetensors.torch import load_file\n{made}{loaded}"


def _key(layer: str, expected: bool) -> str:
    """The key to the lines."""
    blue = "<span class='key'><i class='b'></i>{}</span>"
    theory = "&emsp;<svg viewBox='0 0 20 8' width='20' height='8'><path d='M0 4H20' stroke='currentColor' \
stroke-width='2' stroke-dasharray='2 3'/></svg>&ensp;the same in theory"
    return f"<div class='muted small'>{blue.format(layer)}, measured{theory if expected else ''}</div>"


def _table(shares: ClipShares, at: int, c: float) -> str:
    """A row a parameter: the share at c, measured and in theory."""
    heads = "<th>layer<th>clipped" + ("<th>in theory" if shares.expected else "")
    rows = "".join(
        f"<tr><td>{name}<small>{'×'.join(map(str, shares.shapes[name]))}</small><td>{_percent(values[at])}"
        + (f"<td class=muted>{_percent(shares.expected[name][at])}" if shares.expected else "")
        for name, values in shares.measured.items()
    )
    return (
        f"<div class='headline'><span class='big'>{_percent(clip_shares.total(shares, at))}</span>"
        f"<span>of all weights lie outside {range_in_words((-c, c))}.</span></div>"
        f"<table class='clipshares'><tr>{heads}{rows}</table>"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
