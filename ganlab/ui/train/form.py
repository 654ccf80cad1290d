"""Every setting of a run as a widget, and the settings as a file or a link.

Each widget is set from the settings in the address; an edit is checked and goes back there.
"""

import json
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from ganlab import settings
from ganlab.config import LARGEST_INCLUDED, TrainConfig, changed
from ganlab.gan.holding import HOLDING
from ganlab.links import from_link, link
from ganlab.presets import PRESETS
from ganlab.ui.kit import frame, uploads
from ganlab.ui.kit.clip_range import tenth
from ganlab.ui.kit.components import download
from ganlab.ui.kit.html import HELD, titled
from ganlab.ui.train import address

GROUPS = {
    "Data": ("image_size", "train_images", "seed", "threads", "device"),
    "Networks": ("network", "width", "depth", "critic_norm", "generator", "noise_sd", "latent_dim"),
    "Training": ("optimizer", "beta1", "beta2", "critic_lr", "generator_lr", "batch_size", "steps"),
    "Critic": (
        *("objective", "clip_range", "clip_order", "clip_scope", "clip_scale", "penalty"),
        *("n_critic", "warm_up"),
    ),
}
"""The settings under Advanced, column by column."""
NORMS = {"clip": "batch", "gradient-penalty": "layer", "spectral-norm": "none"}
"""The norm of an image critic that goes with each constraint; with nothing, any."""
BOUNDS = {
    "low": "Smallest value a critic weight may keep. The paper used −0.01.",
    "high": "Largest value a critic weight may keep. The paper used 0.01.",
}
"""The two widgets for the clip range, with their help."""


def requested() -> tuple[TrainConfig, str]:
    """The settings in the address; invalid ones fall back to the preset (or digits), with an explanation."""
    try:
        return from_link(_settings(st.query_params.to_dict())), ""
    except ValueError as error:
        name = st.query_params.get("preset")
        usual = name if name in PRESETS else "digits"
        return PRESETS[usual], f"{error} Here are the settings of {usual} instead."


def last() -> TrainConfig:
    """The settings that the form showed last in this session, or those of digits. Raises ValueError."""
    return from_link(_settings(st.session_state.get("drawn") or {}))


def _settings(query: dict[str, str]) -> dict[str, str]:
    """An address without what it says of a run's view."""
    return {field: text for field, text in query.items() if field not in address.FIELDS}


@frame.acting(ValueError, key="edit_refused")
def take() -> TrainConfig | None:
    """Put what the widgets show into the address; None if that is refused, and `advanced` will say why.

    If the address has changed since the widgets were drawn, it counts: a click on a card or Start came first.
    """
    if "run" in st.query_params:
        return None
    config, _ = requested()
    if st.session_state.get("drawn") != st.query_params.to_dict():
        return config
    applying = settings.applying(config)
    # A setting that is not shown may still have a value, from other data.
    names = [*applying, *(BOUNDS if "clip_range" in applying else ())]
    values = {name: st.session_state[f"set_{name}"] for name in names if f"set_{name}" in st.session_state}
    if "low" in values:
        values["clip_range"] = (values.pop("low"), values.pop("high"))
    config = changed(config, values)
    go(config)
    st.session_state["drawn"] = link(config)  # a click in the same message may build on it
    return config


def put(**values: Any) -> None:
    """Change settings in the address. For callbacks. Raises ValueError."""
    go(changed(requested()[0], values))


@frame.acting(ValueError, key="edit_refused")
def hold_by(constraint: str) -> None:
    """Choose what holds the critic. For callbacks."""
    go(held_by(take() or requested()[0], constraint))


def held_by(config: TrainConfig, constraint: str) -> TrainConfig:
    """The settings with another constraint, and a norm that goes with it.

    Where a preset is sized for that constraint, what differs from the present preset stays, and all else changes to it.
    """
    values, edits = {"constraint": constraint, "critic_norm": NORMS.get(constraint, config.critic_norm)}, link(config)
    sizes = [name for name, one in PRESETS.items() if (one.dataset, one.constraint) == (config.dataset, constraint)]
    if sizes and edits["preset"] in (config.dataset, *HELD):
        edits = {field: text for field, text in edits.items() if field not in (*HOLDING, "critic_norm")}
        return from_link(edits | {"preset": sizes[0]})
    return changed(config, values)


def go(config: TrainConfig) -> None:
    """Put settings into the address. For callbacks."""
    st.query_params.from_dict(link(config))


def advanced(config: TrainConfig) -> None:
    """All settings, in four columns, with files and a link below them."""
    applying = settings.applying(config)
    with st.expander("Advanced", icon=":material/tune:"):
        for column, (title, names) in zip(st.columns(4, gap="medium"), GROUPS.items(), strict=True):
            with column:
                st.markdown(f"**{title}**")
                for name in names:
                    if name in applying:
                        setting(name, config)
                if title == "Training" and config.constraint == "clip" and applying.get("beta1"):
                    st.caption("The paper warns that with momentum, as in Adam, a clipped critic can become unstable.")
        frame.once("edit_refused", st.error, "error")
        _files(config)
    st.session_state["drawn"] = st.query_params.to_dict()


def setting(name: str, config: TrainConfig) -> None:
    """A setting as a widget: a number field, or pills or a menu for one of a few values."""
    if name == "clip_range":
        _bounds(config)
        return
    rules, value = settings.rules(TrainConfig, name), getattr(config, name)
    options = _tied(name, value) | {"help": rules.help}
    label, choices = rules.label, rules.choices
    if name == "image_size" and config.dataset != "images":
        choices = tuple(size for size in choices if size <= LARGEST_INCLUDED)
    if not choices:
        st.number_input(label, value=value, **options, **of_number(name, value))
        return
    options["format_func"] = titled
    if name in ("device", "objective"):
        st.selectbox(label, choices, choices.index(value), **options)
    else:
        st.segmented_control(label, choices, default=value, required=True, **options)


def _bounds(config: TrainConfig) -> None:
    with st.container(horizontal=True, gap="small"):
        for (bound, help), value in zip(BOUNDS.items(), config.clip_range, strict=True):
            options = _tied(bound, value) | of_number(bound, value)
            st.number_input(bound.capitalize(), value=value, help=help, width="stretch", **options)


def _tied(name: str, value: Any) -> dict[str, Any]:
    """Options of a widget that shows a setting's value; an edit goes into the address."""
    st.session_state[f"set_{name}"] = value
    return {"key": f"set_{name}", "on_change": take}


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
            frame.once("loaded", st.success, "check")
            frame.once("not_loaded", st.error, "error")


def save(config: TrainConfig, opens: str) -> None:
    """The settings as a JSON file, and as a link; `opens` says what the link does."""
    text, help = json.dumps(config.as_dict(), indent=2) + "\n", "As JSON, like the config.json of a run."
    download("Save settings", "ganlab.json", text.encode, "data_object", help=help)
    with st.popover("Link", icon=":material/link:", type="tertiary"):
        st.caption(opens)
        here = (st.context.url or "").split("?")[0]
        st.code(f"{here}?{urlencode(link(config))}", language=None, wrap_lines=True)


@frame.acting(key="not_loaded")
def _load() -> None:
    if not (file := uploads.file("settings_file")):
        return
    try:
        go(TrainConfig.from_dict(json.loads(file.getvalue())))
        st.session_state["loaded"] = f"These are the settings of {file.name}."
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        st.session_state["not_loaded"] = f"{file.name} was not loaded: it is not JSON."
    except ValueError as error:
        st.session_state["not_loaded"] = f"{file.name} was not loaded. {error}"
