"""What `torch.no_grad()` saves, measured on this computer at the press of a button."""

import copy
from typing import NamedTuple

import streamlit as st
import torch

from ganlab.formatting import file_size
from ganlab.gan import sampling
from ganlab.gan.training import set_up_torch
from ganlab.measure.cost import cpu_seconds, saved_bytes
from ganlab.ui.generate.source import Source
from ganlab.ui.kit.components import panel


class Cost(NamedTuple):
    """Of a forward pass of one batch of 64."""

    seconds: float  # CPU time under no_grad
    seconds_with_gradients: float
    saved_bytes: int  # what autograd keeps for backward


def card(source: Source, n: int) -> None:
    """A button, and the costs of the last measurement; `n` is the number of samples to work them out for."""
    with st.expander("What torch.no_grad() saves", icon=":material/speed:"):
        st.markdown(
            "Every sample on this page is made under `torch.no_grad()`: nothing is kept for a backward pass that never "
            "comes."
        )
        help_text = "Times forward passes of both kinds on this computer, in turn, and shows the medians."
        if st.button("Measure", icon=":material/timer:", help=help_text):
            st.session_state["cost"] = source.key, measure(source)
        key, cost = st.session_state.get("cost", ("", None))
        if key == source.key:
            panel("cost", table(cost, n))


def measure(source: Source) -> Cost:
    set_up_torch(1)
    network = copy.deepcopy(source.generator).requires_grad_(True)
    batch = sampling.latents(sampling.BATCH, source.config.latent_dim, 0)
    without_gradients = torch.no_grad()(network.forward)
    saved, _ = saved_bytes(lambda: network(batch), network)
    seconds, seconds_with_gradients = cpu_seconds(lambda: without_gradients(batch), lambda: network(batch))
    return Cost(seconds, seconds_with_gradients, saved)


def table(cost: Cost, n: int) -> str:
    """HTML: the costs of a batch of 64, and the memory that n samples would take with gradients."""
    row = "<tr><td>{}<td>{:.2f} ms<td>{}"
    total = file_size(cost.saved_bytes * n // sampling.BATCH)
    return (
        f"<table><tr><th>a batch of {sampling.BATCH}<th>CPU time<th>kept for backward"
        + row.format("under no_grad", 1000 * cost.seconds, "nothing")
        + row.format("with gradients", 1000 * cost.seconds_with_gradients, file_size(cost.saved_bytes))
        + f"</table><p class='muted small'>In a single graph, {n:,} samples would keep {total}.</p>"
    )
