"""What share of any critic's weights a bound would clip, untrained or trained."""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch

from ganlab.config import TrainConfig
from ganlab.formatting import fixed_percent, number, range_in_words
from ganlab.lessons import clip_shares
from ganlab.lessons.clip_shares import ClipShares
from ganlab.plots import lessons
from ganlab.presets import PRESETS
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import html
from ganlab.ui.kit.clip_range import LADDER
from ganlab.ui.kit.components import Caption, panel, plot
from ganlab.ui.kit.lesson import choice, headline, in_code, lesson, row, table
from ganlab.ui.kit.server import with_networks

QUESTION = "Convolutions start from N(0, 0.02), Linear layers from PyTorch's default. How much of that is outside ±c?"
# The bounds c at which the shares are computed: float32, with every rung of the ladder among them.
BOUNDS = torch.tensor(sorted({*LADDER, *np.logspace(-4, 0, 121).round(9).tolist()}))
NOW, START = "As it is now", "At the start"


class Source(NamedTuple):
    """Whose critic is shown: a run's as it is now, or that of the start of a run with these settings."""

    config: TrainConfig
    snapshot: Snapshot | None = None
    file: str = ""  # where the run writes its critic when it ends


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Snapshot: lambda each: (each.run_id, each.step)})
def shares_of(source: Source) -> ClipShares:
    if source.snapshot and source.snapshot.critic is not None:
        return clip_shares.of_critic(source.snapshot.critic, BOUNDS)
    return clip_shares.of_start(source.config, BOUNDS)


@st.fragment
def section() -> None:
    with lesson("What share would be clipped?", "any-model", QUESTION) as (doing, beside):
        with doing:
            with row():
                source = _choose()
                shares = shares_of(source)
                names = list(shares.measured)
                if st.session_state.get("model_layer") not in names:
                    st.session_state["model_layer"] = next((n for n in names if n.endswith("2.weight")), names[0])
                layer = st.selectbox("Layer", names, key="model_layer", persist_state="session", width=220)
            c = st.select_slider("c", LADDER, 0.01, format_func=number, key="model_c", persist_state="session")
            theory = html.line_key("the same in theory", dash="dot") if shares.expected else ""
            measured = html.BEFORE.format(f"{layer}, measured")
            panel("model_key", f"<div class='ch keys'><div>{measured}{theory}</div></div>")
            figure = lessons.shares(BOUNDS.numpy(), shares.measured, layer, shares.expected.get(layer), c)
            plot("model_shares", figure, 330, Caption("Share of weights outside ±c", measured + theory))
        with beside:
            index = int(BOUNDS.eq(c).nonzero())
            panel("model_table", _table(shares, index, c))
            by_name = {name: values[index] for name, values in shares.measured.items()}
            in_code(clip_shares.code(source.config, source.file, c), clip_shares.printed(by_name))
            if source.snapshot and not source.snapshot.status.ended:
                st.caption("The file is written when the run ends, with the weights of its last step.")


def _choose() -> Source:
    runs = {name: run for name, run in with_networks().items() if not run.config.has_spectral_norm}
    presets = [name for name, config in PRESETS.items() if not config.has_spectral_norm]
    linked = st.query_params.get("run")
    options = [*runs, *presets]
    default = options.index(linked if linked in runs else "digits")

    def title(name: str) -> str:
        if name in runs:
            return html.label(runs[name])
        return html.HELD.get(name) or (html.CARDS | html.MORE)[name][0]

    chosen = st.selectbox(
        "Critic of", options, default, format_func=title, key="model_critic", persist_state="session", width=290
    )
    if chosen not in runs:
        return Source(PRESETS[chosen])
    run, when = runs[chosen], choice("When", {NOW: NOW, START: START}, "model_when")
    if when == START or run.latest.critic is None:
        return Source(run.config)
    return Source(run.config, run.latest, (run.path / "critic.safetensors").as_posix())


def _table(shares: ClipShares, index: int, c: float) -> str:
    total = fixed_percent(clip_shares.total(shares, index), 1)
    columns = [shares.measured, shares.expected] if shares.expected else [shares.measured]
    rows = []
    for name, shape in shares.shapes.items():
        label = f"{name}<small>{'×'.join(map(str, shape))}</small>"
        rows.append((label, *(fixed_percent(column[name][index], 1) for column in columns)))
    text = headline(total, f"of all weights lie outside {range_in_words((-c, c))}.")
    return text + table(("layer", "clipped", "in theory")[: 1 + len(columns)], rows, "clipshares")
