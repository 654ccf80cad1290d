"""Which of the user's own data is chosen: what was named last, and nothing while that is read or if it is refused."""

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.data import own_names
from ganlab.data.download import data_root
from ganlab.formatting import printable
from ganlab.ui.train import form


def forget() -> None:
    """Choose nothing until `choose`. For callbacks."""
    form.put(images="", points="")


def drop() -> None:
    """Choose nothing if what is chosen came from the file or folder that was named last. For callbacks."""
    last, source = st.session_state.get("own_data", ("", ""))
    config, _ = form.requested()
    if source and last in (config.images, config.points):  # a drawing that came in the same message stays
        forget()


def choose(source: str, **kept: str) -> None:
    """Choose `images` or `points` by the name under which they are kept; `source` says where they are from."""
    form.put(**kept)
    if source:
        for kind, name in kept.items():
            own_names.keep(data_root() / kind, name, source)
    st.session_state["own_data"] = (*kept.values(), printable(source))


def source(config: TrainConfig) -> str:
    """Where the chosen data is from; "" if this session has not named it."""
    name, source = st.session_state.get("own_data", ("", ""))
    chosen = {"images": config.images, "drawn": config.points}.get(config.dataset)
    return source if chosen and chosen == name else ""
