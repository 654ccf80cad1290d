"""A run as a card: its picture, name and status, and a few facts. HTML of panels."""

from ganlab.formatting import file_size, range_in_words
from ganlab.runs.disk import library
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import drawings
from ganlab.ui.kit.html import pace, pill, progress_bar, title


def in_progress(snapshot: Snapshot) -> str:
    """A run that trains or is paused: how far it is, and how fast."""
    facts = " · ".join([_step(snapshot), *pace(snapshot)])
    return _card(snapshot, "runcard", f"{progress_bar(snapshot)}<div class='muted small'>{facts}</div>")


def earlier(snapshot: Snapshot, size: int) -> str:
    """A run that has ended, smaller: how far it got, when it was started, and its size on disk in bytes."""
    started = library.made_at(snapshot.run_id)
    when = [f"{started:%Y-%m-%d %H:%M}"] if started else []
    name = library.short_name(snapshot.run_id)
    facts = [_step(snapshot), f"seed {snapshot.config.seed}", *when, file_size(size), name]
    unbroken = " · ".join(f"<span class='nowrap'>{fact}</span>" for fact in facts)
    return _card(snapshot, "runcard small-card", f"<div class='muted small'>{unbroken}</div>")


def _card(snapshot: Snapshot, css_class: str, body: str) -> str:
    return (
        f"<div class='{css_class}'>{_picture(snapshot)}<div class='txt'>"
        f"<div class='name'><b>{title(snapshot.config)}, {range_in_words(snapshot.config.clip_range)}</b>"
        f"{pill(snapshot.status)}</div>{body}</div></div>"
    )


def _step(snapshot: Snapshot) -> str:
    return f"step {snapshot.step:,} of {snapshot.config.steps:,}"


def _picture(snapshot: Snapshot) -> str:
    """The run's newest samples."""
    if snapshot.samples is None:
        return "<div class='runpic' role='img' aria-label='no samples yet'></div>"
    if snapshot.samples.ndim == 2:
        dots = drawings.dots(snapshot.samples[:256])
        return f"<div class='runpic' role='img' aria-label='generated points'>{dots}</div>"
    uri = drawings.sheet_uri(snapshot.samples[:32], columns=8)
    return f"<img class='runpic' src='{uri}' alt='generated samples'>"
