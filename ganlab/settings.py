"""Settings as dataclass fields that carry their bounds, choices, label and help, and one way to check and read them."""

import dataclasses
import math
import numbers
import re
from collections.abc import Callable, Mapping
from typing import Any, get_origin

SEEDS = (0, 2**53 - 1)
"""Bounds of a seed: up to the largest whole number that a browser represents exactly."""
Settings = type[Any]
"""A dataclass whose fields are all made by `setting`."""


def setting(
    default: Any,
    label: str,
    help: str = "",
    *,
    choices: tuple[Any, ...] = (),
    bounds: tuple[float, float] | None = None,
    pattern: tuple[str, str] | None = None,
    check: Callable[[Any], Any] | None = None,
) -> Any:
    """A dataclass field; `default` may be a function that makes the default.

    A value must be one of `choices`, or a number within `bounds`, or a text that matches
    `pattern` in full, which is a regular expression and its meaning in words, or what `check` returns or refuses with
    ValueError.
    """
    metadata: dict[str, Any] = {"label": label, "help": help, "choices": choices}
    metadata |= {"bounds": bounds, "pattern": pattern, "check": check}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def fields(settings: Settings) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(settings)}


def label(settings: Settings, name: str) -> str:
    """What people call a field; the name itself if it has no label."""
    field = fields(settings).get(name)
    return (field and field.metadata["label"]) or name


def help_of(settings: Settings, name: str) -> str:
    """One or two sentences on a field."""
    return fields(settings)[name].metadata["help"]


def choices(settings: Settings, name: str) -> tuple[Any, ...]:
    """The values to choose from; empty for a field that takes any."""
    return fields(settings)[name].metadata["choices"]


def bounds(settings: Settings, name: str) -> tuple[float, float]:
    """The smallest and the largest value of a number."""
    return fields(settings)[name].metadata["bounds"]


def labelled(settings: Settings, error: Exception) -> str:
    """The error's message, with the label in place of the field's name that it begins with."""
    name, space, rest = str(error).partition(" ")
    return label(settings, name) + space + rest


def check_all(instance: Any) -> None:
    """Check and convert every field of a frozen dataclass. Raises ValueError, naming the first bad one."""
    for name in fields(type(instance)):
        object.__setattr__(instance, name, checked(type(instance), name, getattr(instance, name)))


def checked(settings: Settings, name: str, value: Any) -> Any:
    """The value as the field holds it. Raises ValueError, in one sentence that names the field, for a bad one."""
    field = fields(settings)[name]
    rules = field.metadata
    if rules["check"]:
        return rules["check"](value)
    if rules["choices"]:
        if value not in rules["choices"] or type(value) is not type(rules["choices"][0]):
            raise ValueError(f"{name} must be one of {', '.join(map(str, rules['choices']))}, not {value!r}.")
        return value
    if rules["bounds"]:
        return _number(name, field.type is int, value, *rules["bounds"])
    regular_expression, meaning = rules["pattern"]
    if not isinstance(value, str) or not re.fullmatch(regular_expression, value):
        raise ValueError(f"{name} must be {meaning}, not {value!r}.")
    return value


def _number(name: str, whole: bool, value: Any, low: float, high: float) -> int | float:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral if whole else numbers.Real):
        raise ValueError(f"{name} must be a {'whole number' if whole else 'number'}, not {value!r}.")
    try:
        number = int(value) if isinstance(value, numbers.Integral) and whole else float(value)
    except OverflowError:
        number = math.inf
    if not low <= number <= high:
        limits = f"from {low} to {high:,}" if high < math.inf else f"at least {low}"
        raise ValueError(f"{name} must be {limits}, not {value if abs(number) < 1e15 else number:,}.")
    return number


def problems(settings: Settings, values: Mapping[str, Any]) -> list[str]:
    """A sentence for every unknown or bad field."""
    unknown = sorted(set(values) - set(fields(settings)))
    sentences = [f"There is no setting called {', '.join(unknown)}."] if unknown else []
    for name, value in values.items():
        if name not in unknown:
            try:
                checked(settings, name, value)
            except ValueError as error:
                sentences.append(str(error))
    return sentences


def as_text(value: Any) -> str:
    """A value as the command line and links write it: a pair is two numbers with a space."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def from_text(settings: Settings, name: str, text: str) -> Any:
    """The value that `as_text` gave; the text itself for an unknown field or if it can't be read as one."""
    field = fields(settings).get(name)
    kind: Any = field.type if field else str
    try:
        return tuple(map(float, text.split())) if get_origin(kind) is tuple else kind(text)
    except ValueError:
        return text
