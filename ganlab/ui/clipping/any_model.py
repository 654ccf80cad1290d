"""What share of any critic's weights a bound would clip, untrained or trained."""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import nn

from ganlab.config import PRESETS, TrainConfig, link
from ganlab.formatting import fixed_percent, number, range_in_words
from ganlab.lessons import clip_shares
from ganlab.lessons.clip_shares import ClipShares
from ganlab.plots import lessons
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import html
from ganlab.ui.kit.clip_range import LADDER
from ganlab.ui.kit.components import panel, plot
from ganlab.ui.kit.lesson import in_code, lesson
from ganlab.ui.kit.server import with_networks

QUESTION = "Convolutions start from N(0, 0.02), Linear layers from PyTorch's default. How much of that is outside ±c?"
BOUNDS = torch.tensor(sorted({*LADDER, *np.logspace(-4, 0, 121).round(9).tolist()}))
"""The bounds c at which the shares are computed: float32, with every rung of the ladder among them."""
NOW, START = "As it is now", "At the start"


class Source(NamedTuple):
    """Whose critic is shown."""

    config: TrainConfig
    snapshot: Snapshot | None  # the run's; None for the start of a run with these settings
    file: str = ""  # where that run writes its critic when it ends

    def shares(self) -> ClipShares:
        """What each bound would clip."""
        if self.snapshot is None:
            return _of_start(self.config)
        return _of_critic(self.snapshot.run_id, self.snapshot.step, self.snapshot.critic)

    def lines(self) -> str:
        """The lines that make the critic."""
        settings = {field: text for field, text in link(self.config).items() if field != "threads"}
        initial = (
            "from ganlab.config import from_link\nfrom ganlab.gan import training\n\n"
            f"_, critic = training.initial(from_link({settings}))\n"
        )
        if self.snapshot is None:
            return initial
        loading = f"critic.load_state_dict(load_file({self.file!r}))\n"
        return f"from safetensors.torch import load_file\n{initial}{loading}"


@st.fragment
def section() -> None:
    """The share over c, one curve per layer, and the lines that count it."""
    with lesson("What share would be clipped?", "any-model", QUESTION) as (doing, beside):
        with doing:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                source = _choose()
                shares = source.shares()
                layer = _layer(list(shares.measured))
            c = st.select_slider("c", LADDER, 0.01, format_func=number, key="model_c", persist_state="session")
            theory = THEORY if shares.expected else ""
            panel("model_key", f"<div class='muted small'>{html.BEFORE.format(layer)}, measured{theory}</div>")
            figure = lessons.shares(BOUNDS.numpy(), shares.measured, layer, shares.expected.get(layer), c)
            plot("model_shares", figure, 330)
        with beside:
            index = int(BOUNDS.eq(c).nonzero())
            panel("model_table", _table(shares, index, c))
            measured = {name: values[index] for name, values in shares.measured.items()}
            in_code(clip_shares.code(source.lines(), c), clip_shares.printed(measured))
            if source.snapshot and not source.snapshot.status.ended:
                st.caption("The file is written when the run ends, with the weights of its last step.")


def _choose() -> Source:
    runs = with_networks()
    linked = st.query_params.get("run")
    options = [*runs, *PRESETS]
    default = options.index(linked if linked in runs else "digits")

    def title(name: str) -> str:
        return html.label(name, runs[name].config) if name in runs else (html.CARDS | html.MORE)[name][0]

    chosen = st.selectbox(
        "Critic of", options, default, format_func=title, key="model_critic", persist_state="session", width=290
    )
    if chosen not in runs:
        return Source(PRESETS[chosen], None)
    times = [NOW, START]
    when = st.segmented_control("When", times, default=NOW, required=True, key="model_when", persist_state="session")
    run = runs[chosen]
    if when == START or run.latest.critic is None:
        return Source(run.config, None)
    return Source(run.config, run.latest, (run.path / "critic.safetensors").as_posix())


def _layer(names: list[str]) -> str:
    if st.session_state.get("model_layer") not in names:
        st.session_state["model_layer"] = next((name for name in names if name.endswith("2.weight")), names[0])
    return st.selectbox("Layer", names, key="model_layer", persist_state="session", width=220)


@st.cache_data(max_entries=16, show_spinner=False)
def _of_start(config: TrainConfig) -> ClipShares:
    return clip_shares.of_start(config, BOUNDS)


@st.cache_data(max_entries=16, show_spinner=False)
def _of_critic(run_id: str, step: int, _critic: nn.Module) -> ClipShares:
    """Cached by run and step."""
    return clip_shares.of_critic(_critic, BOUNDS)


THEORY = (
    "&emsp;<svg viewBox='0 0 20 8' width='20' height='8'>"
    "<path d='M0 4H20' stroke='currentColor' stroke-width='2' stroke-dasharray='2 3'/></svg>&ensp;the same in theory"
)


def _table(shares: ClipShares, index: int, c: float) -> str:
    """One row per parameter: the share outside ±c, measured and in theory."""
    heads = "<th>layer<th>clipped" + ("<th>in theory" if shares.expected else "")
    rows = "".join(
        f"<tr><td>{name}<small>{'×'.join(map(str, shares.shapes[name]))}</small><td>{fixed_percent(values[index], 1)}"
        + (f"<td class=muted>{fixed_percent(shares.expected[name][index], 1)}" if shares.expected else "")
        for name, values in shares.measured.items()
    )
    return (
        f"<div class='headline'><span class='big'>{fixed_percent(clip_shares.total(shares, index), 1)}</span>"
        f"<span>of all weights lie outside {range_in_words((-c, c))}.</span></div>"
        f"<table class='clipshares'><tr>{heads}{rows}</table>"
    )
