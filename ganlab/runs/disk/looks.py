"""A reading of the instruments as tensors and JSON, and back: each result is checked by its types and shapes."""

import math
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from ganlab.measure.plane import LATENT_TICKS, TICKS
from ganlab.measure.reading import INSTRUMENTS, Reading

SOUND: dict[str, Callable[[Any], bool]] = {
    "gradients": lambda result: (
        result.norms.shape == (len(result.layers),)
        and result.gains.shape == (len(result.layers) - 1,)
        and result.weight_rms.shape == (len(result.weights),)
        and len(result.weights) > 0
    ),
    "lipschitz": lambda result: len(result.factors) > 0,
    "spectra": lambda result: len(result) > 0 and all(spectrum.values.ndim == 1 for spectrum in result),
    "distances": lambda result: True,
    "coverage": lambda result: (
        result.counts.shape == result.expected.shape == (len(result.counts),)
        and result.high_quality.shape in [(0,), result.counts.shape]
    ),
    "fidelity": lambda result: True,
    "copies": lambda result: result.generated.ndim == result.held_out.ndim == 1 and result.generated.size > 0,
    "plane": lambda result: (
        result.values.shape == (TICKS, TICKS)
        and result.latent_map.shape == (LATENT_TICKS, LATENT_TICKS, 2)
        and result.generated.shape[1:] == result.gradients.shape[1:] == (2,)
        and len(result.gradients) <= len(result.generated)
    ),
}
"""Whether the arrays of an instrument's result have shapes that go together."""
_HINTS = get_type_hints(Reading)
_TEXT = re.compile(r"[\w .,'’()-]{0,300}")  # names of layers, and sentences: nothing that a page could take for markup


def packed(reading: Reading) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The reading as JSON without its arrays, and these by their place in it; empty arrays are left out."""
    arrays: dict[str, np.ndarray] = {}
    values = {one.name: getattr(reading, one.name) for one in fields(Reading)}
    return _plain(values, "reading", arrays), {name: array for name, array in arrays.items() if array.size}


def unpacked(about: Any, arrays: dict[str, np.ndarray]) -> Reading:
    """The reading, from what `packed` gave. Raises ValueError for what no look finds."""
    try:
        names = [one.name for one in fields(Reading)]
        values = {name: _typed(_HINTS[name], about[name], f"reading.{name}", arrays) for name in names}
        sound = all(SOUND[name](values[name]) for name in INSTRUMENTS if values[name] is not None)
    except (KeyError, TypeError, AttributeError, IndexError):
        sound = False
    if not sound or not 0 <= values["step"] < 2**53:
        raise ValueError("its reading of the instruments is invalid")
    return Reading(**values)


def _plain(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return None
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: _plain(part, f"{place}.{name}", arrays) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part, f"{place}.{i}", arrays) for i, part in enumerate(value)]
    return value.item() if isinstance(value, np.generic) else value


def _typed(kind: Any, value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    """The value as this type. Raises ValueError, TypeError or KeyError if it isn't one."""
    if get_origin(kind) not in (None, tuple, dict):  # a type, or None
        return None if value is None else _typed(get_args(kind)[0], value, place, arrays)
    if kind is np.ndarray:
        array = arrays.get(place, np.zeros(0))
        if np.isinf(array).any():
            raise ValueError("one of its numbers is infinite")
        return array
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_typed(get_args(kind)[0], part, f"{place}.{i}", arrays) for i, part in enumerate(value))
    if get_origin(kind) is dict and isinstance(value, dict):
        return {_text(name): _typed(get_args(kind)[1], part, f"{place}.{name}", arrays) for name, part in value.items()}
    if hasattr(kind, "_fields") and isinstance(value, dict):
        hints = get_type_hints(kind)
        return kind(**{name: _typed(hints[name], value[name], f"{place}.{name}", arrays) for name in kind._fields})
    if kind is str:
        return _text(value)
    if type(value) is not kind or (kind is float and math.isinf(value)):
        raise TypeError
    return value


def _text(text: Any) -> str:
    if not isinstance(text, str) or not _TEXT.fullmatch(text):
        raise TypeError
    return text
