import inspect

import streamlit as st

from ganlab import sampling
from ganlab.hub import Run
from ganlab.ui import frame, sheets, words
from ganlab.ui.hub import find_run, hub


def choose_run(runs: dict[str, Run]) -> Run:
    """The run in the address; the menu follows it and leads it."""
    named = find_run()
    st.session_state["source"] = named.run_id if named and named.run_id in runs else next(iter(runs))
    chosen = st.selectbox(
        "Run",
        list(runs),
        index=list(runs).index(st.session_state["source"]),
        key="source",
        width=380,
        format_func=lambda run_id: words.label(runs[run_id].glance),
        on_change=lambda: st.query_params.from_dict({"run": st.session_state["source"]}),
    )
    return runs[chosen]


with frame.page("Generate"):
    st.header("Generate", anchor=False)
    st.markdown("Fresh latents from `torch.randn` through a run's generator, under `torch.no_grad()`.")
    runs = {run.run_id: run for run in hub().runs if run.has_generator}
    if runs:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            snapshot = choose_run(runs).latest
            n = st.number_input(
                "Samples", 1, 256, 64, width=125, help="At most 256. More samples leave the first ones as they are."
            )
            seed = st.number_input(
                "Seed", 0, 2**53 - 1, 0, width=125, help="Starts torch.randn: equal seeds, equal latents."
            )
        if snapshot.generator is None:  # its files can't be read
            st.error(words.plain(snapshot.warning), icon=":material/error:")
            st.stop()
        latents = sampling.latents(n, snapshot.config.latent_dim, seed)
        samples = sampling.generate(snapshot.generator, latents).numpy()
        with st.container(border=True):
            sheets.card(snapshot, latents.numpy(), samples, seed)
        with st.expander("How, in code", icon=":material/code:"):
            st.code(f"{inspect.getsource(sampling.latents)}\n\n{inspect.getsource(sampling.generate)}")
    else:
        find_run()
        st.markdown("There is no generator yet. Train one for a few seconds, then come back.")
        st.page_link(frame.TRAIN, label="Train", icon=":material/arrow_forward:", icon_position="right")
