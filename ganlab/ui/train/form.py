"""Every setting of a run as a widget, and the settings as a file or a link.

Each widget is set from the settings in the address; an edit is checked and goes back there.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from ganlab import settings
from ganlab.config import PRESETS, TrainConfig, changed, from_link, link
from ganlab.settings import Rules
from ganlab.ui.kit.clip_range import tenth
from ganlab.ui.kit.components import download
from ganlab.ui.kit.html import TITLES, plain
from ganlab.ui.kit.refusals import refuse

BOUNDS = {
    "low": Rules("Low", "Smallest value a critic weight may keep. The paper used −0.01."),
    "high": Rules("High", "Largest value a critic weight may keep. The paper used 0.01."),
}
"""Label and help of the two widgets for the clip range."""


def requested() -> tuple[TrainConfig, str]:
    """The settings in the address; invalid ones fall back to the preset (or digits), with an explanation."""
    try:
        return from_link(st.query_params.to_dict()), ""
    except ValueError as error:
        name = st.query_params.get("preset")
        usual = name if name in PRESETS else "digits"
        return PRESETS[usual], f"{error} Here are the settings of {usual} instead."


def take() -> TrainConfig | None:
    """Put what the widgets show into the address; None if that is refused, and `notices` will say why.

    If the address has changed since the widgets were drawn, it counts: a click on a card or Start came first.
    """
    if "run" in st.query_params:
        return None
    config, _ = requested()
    if st.session_state.get("drawn") != st.query_params.to_dict():
        return config
    names = [*settings.fields(TrainConfig), *BOUNDS]
    values = {name: st.session_state[f"set_{name}"] for name in names if f"set_{name}" in st.session_state}
    values["clip_range"] = (values.pop("low"), values.pop("high"))
    try:
        config = changed(config, values)
    except ValueError as error:
        refuse(settings.labelled(TrainConfig, error))
        return None
    go(config)
    st.session_state["drawn"] = link(config)  # a click in the same message may build on it
    return config


def _moved() -> None:
    take()


def go(config: TrainConfig) -> None:
    """Put settings into the address. For callbacks."""
    st.query_params.from_dict(link(config))


def advanced(config: TrainConfig) -> None:
    """All settings, in four columns, with files and a link below them."""
    images, mlp = config.kind == "image", config.network == "mlp"
    with st.expander("Advanced", icon=":material/tune:"):
        data, networks, training, critic = st.columns(4, gap="medium")
        with data:
            st.markdown("**Data**")
            if images:
                choice("image_size", config.image_size)
            number("seed", config.seed)
            number("threads", config.threads)
            choice("device", config.device, menu=True)
        with networks:
            st.markdown("**Networks**")
            choice("network", config.network, disabled=not images)
            number("width", config.width)
            number("depth", config.depth, disabled=not mlp)
            number("latent_dim", config.latent_dim)
        with training:
            st.markdown("**Training**")
            choice("optimizer", config.optimizer)
            number("critic_lr", config.critic_lr)
            number("generator_lr", config.generator_lr)
            number("batch_size", config.batch_size)
            number("steps", config.steps)
            if config.optimizer == "adam":
                st.caption("The paper warns that with momentum, as in Adam, a clipped critic can become unstable.")
        with critic:
            st.markdown("**Critic and clamp**")
            with st.container(horizontal=True, gap="small"):
                for bound, value in zip(BOUNDS, config.clip_range, strict=True):
                    number(bound, value, width="stretch")
            number("n_critic", config.n_critic)
            number("warm_up", config.warm_up)
        _files(config)
    st.session_state["drawn"] = st.query_params.to_dict()


def choice(name: str, value: Any, menu: bool = False, disabled: bool = False) -> None:
    """A setting that is one of a few values, as pills or as a menu."""
    st.session_state[f"set_{name}"] = value
    rules = settings.rules(TrainConfig, name)
    options: dict[str, Any] = {"key": f"set_{name}", "disabled": disabled, "on_change": _moved, "help": rules.help}
    options["format_func"] = lambda option: TITLES.get(option, str(option).capitalize())
    if menu:
        st.selectbox(rules.label, rules.choices, index=rules.choices.index(value), **options)
    else:
        st.segmented_control(rules.label, rules.choices, default=value, required=True, **options)


def number(name: str, value: float, **options: Any) -> None:
    """A setting that is a number, or a bound of the clip range."""
    rules = BOUNDS.get(name) or settings.rules(TrainConfig, name)
    st.session_state[f"set_{name}"] = value
    options |= of_number(name, value)
    st.number_input(rules.label, value=value, key=f"set_{name}", help=rules.help, on_change=_moved, **options)


def of_number(name: str, value: float) -> dict[str, Any]:
    """How a number field writes and steps a value."""
    if not isinstance(value, float):
        return {}
    return {"format": "%e" if name.endswith("_lr") else "%.6g", "step": tenth(value)}


def _files(config: TrainConfig) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        save(config, "Opens this form with these settings.")
        with st.popover("Load settings", icon=":material/upload_file:", type="tertiary"):
            label = "A file from Save settings"
            st.file_uploader(label, type="json", key="settings_file", max_upload_size=1, on_change=_load)
            _once("loaded", st.success, "check")
            _once("not_loaded", st.error, "error")


def _once(key: str, show: Callable[..., Any], icon: str) -> None:
    if sentence := st.session_state.pop(key, ""):
        show(plain(sentence), icon=f":material/{icon}:")


def save(config: TrainConfig, opens: str) -> None:
    """The settings as a JSON file, and as a link; `opens` says what the link does."""

    def as_json() -> bytes:
        return (json.dumps(config.as_dict(), indent=2) + "\n").encode()

    download("Save settings", "ganlab.json", as_json, "data_object", help="As JSON, like the config.json of a run.")
    with st.popover("Link", icon=":material/link:", type="tertiary"):
        st.caption(opens)
        here = (st.context.url or "").split("?")[0]
        st.code(f"{here}?{urlencode(link(config))}", language=None, wrap_lines=True)


def _load() -> None:
    file = st.session_state["settings_file"]
    if file is None:
        return
    try:
        go(TrainConfig.from_dict(json.loads(file.getvalue())))
        st.session_state["loaded"] = f"These are the settings of {file.name}."
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        st.session_state["not_loaded"] = f"{file.name} was not loaded: it is not JSON."
    except ValueError as error:
        st.session_state["not_loaded"] = f"{file.name} was not loaded. {error}"
