"""Settings as dataclass fields that carry their rules, label and help, and one way to check and read them."""

import dataclasses
import math
import numbers
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from ganlab.formatting import in_words

SEEDS = (0, 2**53 - 1)  # bounds of a seed: up to the largest whole number that a browser represents exactly
Settings = type[Any]  # a dataclass whose fields are all made by `setting`
_fields: dict[Settings, Mapping[str, dataclasses.Field[Any]]] = {}


@dataclass(frozen=True)
class Rules:
    """What people read of a field, the one of the four kinds of check that it has, and when it matters."""

    label: str
    help: str = ""
    choices: tuple[Any, ...] = ()
    bounds: tuple[float, float] | None = None
    pattern: tuple[str, str] | None = None  # a regular expression for the whole text, and its meaning in words
    check: Callable[[Any], Any] | None = None  # returns the value as the field holds it, or raises ValueError
    applies: Callable[[Any], bool] = lambda _: True  # whether the field has an effect beside the other settings


def setting(default: Any, label: str, help: str = "", **rules: Any) -> Any:
    """A dataclass field with these `Rules`; `default` may be a function that makes the default."""
    metadata = {"rules": Rules(label, help, **rules)}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def fields(settings: Settings) -> Mapping[str, dataclasses.Field[Any]]:
    """The fields by name; made once, for they are asked for with every value that is checked."""
    if settings not in _fields:
        _fields[settings] = {field.name: field for field in dataclasses.fields(settings)}
    return _fields[settings]


def rules(settings: Settings, name: str) -> Rules:
    return fields(settings)[name].metadata["rules"]


def applying(instance: Any) -> dict[str, Any]:
    """The fields that have an effect beside the others, with their values; without those that are `unknown`."""
    known = set(fields(type(instance))) - getattr(instance, "unknown", frozenset())
    values = {name: value for name, value in vars(instance).items() if name in known}
    return {name: value for name, value in values.items() if rules(type(instance), name).applies(instance)}


def labelled(settings: Settings, error: Exception) -> str:
    """The error's message, with the label in place of the field's name that it begins with."""
    name, space, rest = in_words(error).partition(" ")
    return (rules(settings, name).label if name in fields(settings) else name) + space + rest


def check_all(instance: Any) -> None:
    """Check and convert every field of a frozen dataclass. Raises ValueError, naming the first bad one."""
    for name in fields(type(instance)):
        object.__setattr__(instance, name, checked(type(instance), name, getattr(instance, name)))


def checked(settings: Settings, name: str, value: Any) -> Any:
    """The value as the field holds it. Raises ValueError, in one sentence that names the field, for a bad one."""
    rule = rules(settings, name)
    if rule.check:
        return rule.check(value)
    if rule.bounds:
        return _number(name, fields(settings)[name].type is int, value, *rule.bounds)
    if rule.pattern:
        regular_expression, meaning = rule.pattern
        if not isinstance(value, str) or not re.fullmatch(regular_expression, value):
            raise ValueError(f"{name} must be {meaning}, not {value!r}.")
    elif value not in rule.choices or type(value) is not type(rule.choices[0]):
        raise ValueError(f"{name} must be one of {', '.join(map(str, rule.choices))}, not {value!r}.")
    return value


def _number(name: str, whole: bool, value: Any, low: float, high: float) -> int | float:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral if whole else numbers.Real):
        raise ValueError(f"{name} must be a {'whole number' if whole else 'number'}, not {value!r}.")
    try:
        number = int(value) if isinstance(value, numbers.Integral) and whole else float(value)
    except OverflowError:
        number = math.inf
    if not low <= number <= high:
        limits = f"from {low:,} to {high:,}" if high < math.inf else f"at least {low:,}"
        sentence = f"{name} must be {limits}, not {value if abs(number) < 1e15 else number:,}."
        raise ValueError(sentence.replace("-", "−"))
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
