"""What `torch.no_grad()` saves, measured on this computer at the press of a button."""

import copy

import streamlit as st
import torch

from ganlab.formatting import file_size
from ganlab.gan import sampling
from ganlab.gan.training import set_up_torch
from ganlab.measure.cost import cpu_seconds, saved_bytes
from ganlab.ui.generate.source import Source
from ganlab.ui.kit.components import panel


def card(source: Source, n: int) -> None:
    """A button, and the costs of the last measurement; `n` is the number of samples to work them out for."""
    with st.expander("What torch.no_grad() saves", icon=":material/speed:"):
        st.markdown(
            "Every sample on this page is made under `torch.no_grad()`: nothing is kept for a backward pass that never "
            "comes."
        )
        help_text = "Times forward passes of both kinds on this computer, in turn, and shows the medians."
        if st.button("Measure", icon=":material/timer:", help=help_text):
            st.session_state["cost"] = source.key, *_measure(source)
        key, without, with_gradients, kept = st.session_state.get("cost", ("", 0.0, 0.0, 0))
        if key == source.key:
            in_total = file_size(kept * n // sampling.BATCH)
            panel(
                "cost",
                f"<table><tr><th>a batch of {sampling.BATCH}<th>CPU time<th>kept for backward"
                f"<tr><td>under no_grad<td>{1000 * without:.2f} ms<td>nothing"
                f"<tr><td>with gradients<td>{1000 * with_gradients:.2f} ms<td>{file_size(kept)}</table>"
                f"<p class='muted small'>In a single graph, {n:,} samples would keep {in_total}.</p>",
            )


def _measure(source: Source) -> tuple[float, float, int]:
    """Of a batch of 64: seconds of CPU time under no_grad and with gradients, and the bytes kept for backward."""
    set_up_torch(1)
    network = copy.deepcopy(source.generator).requires_grad_(True)
    batch = sampling.latents(sampling.BATCH, source.config.latent_dim, 0)
    without_gradients = torch.no_grad()(network.forward)
    kept, _ = saved_bytes(lambda: network(batch), network)
    without, with_gradients = cpu_seconds(lambda: without_gradients(batch), lambda: network(batch))
    return without, with_gradients, kept
