"""Every setting of a run as a widget, and the settings as a file or a link.

Each widget is set from the settings in the address; an edit is checked and goes back there.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from ganlab.config import CHOICES, PRESETS, TrainConfig, changed, from_link, link
from ganlab.ui.kit import clip_range, html
from ganlab.ui.kit.components import download

FIELDS = {
    "image_size": ("Image size", "Images are resized to this many pixels a side. The paper used 64."),
    "seed": ("Seed", "Equal seeds give equal runs on the same CPU and threads. The authors' code draws one at random."),
    "threads": ("Threads", "CPU threads of this run; a core is best left to the browser. The paper names no number."),
    "device": ("Device", "auto takes an accelerator for images if there is one, else the CPU. The authors used a GPU."),
    "network": ("Network", "Convolutions or plain layers. The paper used both; DCGAN is its main one."),
    "width": ("Width", "Channels of the critic's first layer, or units of an MLP layer. The paper used 64 and 512."),
    "depth": ("Depth", "Hidden layers of an MLP; a DCGAN takes its depth from the image size. The paper's MLP had 4."),
    "latent_dim": ("Latent dimension", "How many random numbers make one sample. The authors' code uses 100."),
    "optimizer": ("Optimiser", "The paper uses RMSprop and warns that momentum, as in Adam, makes training unstable."),
    "critic_lr": ("Critic learning rate", "Step size of the critic. The paper used 5e-5."),
    "generator_lr": ("Generator learning rate", "Step size of the generator. The paper used 5e-5."),
    "batch_size": ("Batch size", "Real samples in an update, and as many generated ones. The paper used 64."),
    "steps": ("Total steps", "Generator updates until the run ends by itself. The authors' code runs 25 epochs."),
    "low": ("Low", "Smallest value a critic weight may keep. The paper used −0.01."),
    "high": ("High", "Largest value a critic weight may keep. The paper used 0.01."),
    "n_critic": ("Critic updates per step", "How often the critic learns before the generator does. The paper used 5."),
    "warm_up": ("Critic warm-up", "First steps that make 100 critic updates each. The authors' code makes 25 of them."),
    "fit": (
        "Make them square",
        "Stretch both sides, as Resize((s, s)) does, or crop the middle, as the authors' code does.",
    ),
    "colour": ("Colour", "Three channels or one. The paper used three."),
}
"""Label and help of each widget."""


def asked() -> tuple[TrainConfig, str]:
    """The settings in the address; for what can't be had, what its preset or else digits has, and a sentence."""
    try:
        return from_link(st.query_params.to_dict()), ""
    except ValueError as error:
        name = st.query_params.get("preset")
        usual = name if name in PRESETS else "digits"
        return PRESETS[usual], f"{error} Here are the settings of {usual} instead."


def take() -> TrainConfig | None:
    """Put what the widgets show into the address; None, and a sentence on the next run, if it can't be.

    If the widgets were drawn for another address, the address counts: a click, on a card or Start, was quicker.
    """
    if "run" in st.query_params:
        return None
    config, _ = asked()
    if st.session_state.get("drawn") != st.query_params.to_dict():
        return config
    shown = {field: st.session_state[f"set_{field}"] for field in FIELDS if f"set_{field}" in st.session_state}
    shown["clip_range"] = (shown.pop("low"), shown.pop("high"))
    try:
        config = changed(config, shown)
    except ValueError as error:
        st.session_state["refused"] = labelled(error)
        return None
    go(config)
    st.session_state["drawn"] = link(config)  # a click that comes along may build on it
    return config


def go(config: TrainConfig) -> None:
    """Put settings into the address. For callbacks."""
    st.query_params.from_dict(link(config))


def labelled(error: ValueError) -> str:
    """A refusal with the widget's label for the field's name that it begins with."""
    field, space, rest = str(error).partition(" ")
    return FIELDS.get(field, (field,))[0] + space + rest


def advanced(config: TrainConfig) -> None:
    """All settings, in four columns; files and a link below them."""
    images, mlp = config.kind == "image", config.network == "mlp"
    with st.expander("Advanced", icon=":material/tune:"):
        data, networks, training, critic = st.columns(4, gap="medium")
        with data:
            st.markdown("**Data**")
            if images:
                choice("image_size", config.image_size)
            number("seed", config.seed)
            number("threads", config.threads)
            choice("device", config.device, st.selectbox)
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
                st.caption("The paper warns: with momentum, as Adam has it, a clipped critic can become unstable.")
        with critic:
            st.markdown("**Critic and clamp**")
            with st.container(horizontal=True, gap="small"):
                for bound, value in zip(("low", "high"), config.clip_range, strict=True):
                    number(bound, value, width="stretch")
            number("n_critic", config.n_critic)
            number("warm_up", config.warm_up)
        _files(config)
    st.session_state["drawn"] = st.query_params.to_dict()


def choice(field: str, value: Any, widget: Callable[..., Any] = st.segmented_control, **look: Any) -> None:
    """A setting that is one of a few."""
    (label, told), options = FIELDS[field], CHOICES[field]
    st.session_state[f"set_{field}"] = value
    if widget is st.selectbox:
        look["index"] = options.index(value)
    else:
        look |= {"default": value, "required": True}
    titled = lambda option: html.TITLES.get(option, str(option).capitalize())  # noqa: E731
    widget(label, options, key=f"set_{field}", format_func=titled, help=told, on_change=take, **look)


def number(field: str, value: float, **look: Any) -> None:
    """A setting that is a number."""
    label, told = FIELDS[field]
    st.session_state[f"set_{field}"] = value
    if isinstance(value, float):
        look |= {"format": "%e" if field.endswith("_lr") else "%.6g", "step": clip_range.tenth(value)}
    st.number_input(label, value=value, key=f"set_{field}", help=told, on_change=take, **look)


def _files(config: TrainConfig) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        save(config, "Opens this form with these settings.")
        with st.popover("Load settings", icon=":material/upload_file:", type="tertiary"):
            label = "A file that Save settings made"
            st.file_uploader(label, type="json", key="settings_file", max_upload_size=1, on_change=_load)
            if loaded := st.session_state.pop("loaded", ""):
                st.success(html.plain(loaded), icon=":material/check:")
            if refused := st.session_state.pop("not_loaded", ""):
                st.error(html.plain(refused), icon=":material/error:")


def save(config: TrainConfig, told: str) -> None:
    """The settings as a JSON file, and as a link of which `told` says what it does."""
    make = lambda: (json.dumps(config.as_dict(), indent=2) + "\n").encode()  # noqa: E731
    download("Save settings", "ganlab.json", make, "data_object", help="As JSON, like the config.json of a run.")
    with st.popover("Link", icon=":material/link:", type="tertiary"):
        st.caption(told)
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
        st.session_state["not_loaded"] = f"{file.name} was not loaded: it holds no JSON."
    except ValueError as error:
        st.session_state["not_loaded"] = f"{file.name} was not loaded. {error}"
