"""What `torch.no_grad()` saves, measured on this computer when asked."""

import copy

import streamlit as st
import torch

from ganlab.gan import sampling
from ganlab.gan.training import set_up_torch
from ganlab.measure.cost import cpu_seconds, saved_bytes
from ganlab.ui.generate import panels
from ganlab.ui.generate.source import Source
from ganlab.ui.kit.components import panel


def card(source: Source, n: int) -> None:
    """A button, and what it measured."""
    with st.expander("What torch.no_grad() saves", icon=":material/speed:"):
        st.markdown(
            "Every sample here is made under `torch.no_grad()`: nothing is kept for a backward pass that never comes."
        )
        if st.button(
            "Measure", icon=":material/timer:", help="Forward passes both ways in turn, on this computer; the median."
        ):
            st.session_state["cost"] = source.key, _measure(source)
        measured_for, cost = st.session_state.get("cost", ("", ()))
        if measured_for == source.key:
            panel("cost", panels.cost(*cost, n))


def _measure(source: Source) -> tuple[float, float, int]:
    """Seconds under no_grad and with gradients, and bytes kept, of one batch."""
    set_up_torch(1)
    network = copy.deepcopy(source.generator).requires_grad_(True)
    batch = sampling.latents(sampling.BATCH, source.config.latent_dim, 0)
    without = torch.no_grad()(network.forward)
    kept, _ = saved_bytes(lambda: network(batch), network)
    return *cpu_seconds(lambda: without(batch), lambda: network(batch)), kept
