"""Live parts of a page: mounted once, then fed by a fragment in one message per tick that holds only what has changed.

Streamlit's own way, one message per element on every tick, costs the server and the browser several times as much.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import streamlit as st

from ganlab.measure.reading import Reading
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot

Made = TypeVar("Made")
MOST_MADE = 200  # of one source: looking back at every step of an ended run would otherwise fill the memory


class _Parts(NamedTuple):
    at: int  # microseconds since 1970: what is newer stays, also after a restart of the server
    mounts: bool
    answer: Callable[[str], None] | None
    data: dict[str, Any]  # of each part


class _Fed(NamedTuple):
    """What a browser should have."""

    mounted: int  # when the page mounted its parts
    at: int | None  # when it was last fed; None if not since then
    data: dict[str, Any]


_made: WeakKeyDictionary[Run | Snapshot | Reading, dict[Hashable, Any]] = WeakKeyDictionary()
_parts: ContextVar[_Parts | None] = ContextVar("parts", default=None)


@contextmanager
def mounting(answer: Callable[[str], None] | None = None) -> Iterator[None]:
    """Around the drawing of live parts in the body of a page.

    `answer` is called with the key of a part that is `answered`, once it was used, and shows what came of it.
    """
    with _collecting(mounts=True, answer=answer) as parts:
        yield
    st.session_state["fed"] = _Fed(parts.at, None, parts.data)


@contextmanager
def feeding(feed: Any, key: str = "feed") -> Iterator[None]:
    """Around the same drawing in a fragment: it sends what has changed, with the component `feed`, named `key`.

    A browser that has missed a message asks for everything: that is a run of the fragment too.
    """
    with _collecting(mounts=False, answer=None) as parts:
        yield
    mounted, after, known = st.session_state.get("fed", _Fed(0, None, {}))
    st.session_state["fed"] = _Fed(mounted, parts.at, known | parts.data)
    changed = {part: change(known.get(part), data) for part, data in parts.data.items() if known.get(part) != data}
    message = {"at": parts.at, "after": after, "mounted": mounted, "parts": changed}
    feed(key=key, data=message, on_missed_change=lambda: st.session_state.pop("fed", None))


def change(old: Any, new: Any) -> Any:
    """What turns `old` into `new`, both as JSON has them: {"+": changes by key or index}, or else `new` itself."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        return {"+": {key: change(old[key], value) for key, value in new.items() if old[key] != value}}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and any(map(_long, new)):
        return {"+": {i: change(old[i], value) for i, value in enumerate(new) if old[i] != value}}
    return new


def _long(value: Any) -> bool:
    """Whether it may be so long that its neighbours in a list should not be sent again with it."""
    return isinstance(value, dict | list | str)


@contextmanager
def _collecting(mounts: bool, answer: Callable[[str], None] | None) -> Iterator[_Parts]:
    parts = _Parts(time.time_ns() // 1000, mounts, answer, {})
    token = _parts.set(parts)
    try:
        yield parts
    finally:
        _parts.reset(token)


def show(component: Any, key: str, data: dict[str, Any], answered: bool = False, **options: Any) -> None:
    """An element of the page; live, if it is drawn inside `mounting` or `feeding`.

    Using one that is `answered` runs only it and the page's answer, which takes a third of the time of the whole page.
    """
    parts = _parts.get()
    if parts:
        parts.data[key] = data
        data = data | {"part": key, "at": parts.at}
    draw = partial(component, key=key, data=data, **options)
    if answered and parts and parts.answer:
        _with_answer(draw, partial(parts.answer, key))
    elif not parts or parts.mounts:
        draw()
        if parts and not any(name.startswith("on_") for name in options):
            del st.session_state[key]  # it has no state, and Streamlit would copy that of every element on every tick


def _with_answer(draw: Callable[[], None], answer: Callable[[], None]) -> None:
    used = False  # the first run belongs to the page

    @st.fragment
    def part() -> None:
        nonlocal used
        draw()
        if used:
            answer()
        used = True

    part()


def once(source: Run | Snapshot | Reading, key: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` makes of a run, snapshot or reading, made once for all ticks and visitors.

    `key` is its name and what else it depends on.
    """
    made = _made.setdefault(source, {})
    if key not in made:
        if len(made) >= MOST_MADE:
            made.clear()
        made[key] = make()
    return made[key]
