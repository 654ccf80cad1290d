"""Samples of the compared runs, side by side."""

from functools import partial
from html import escape

import numpy as np

from ganlab.formatting import count_of
from ganlab.plots.samples import REACH
from ganlab.runs.disk import moments
from ganlab.ui.compare.keys import chip
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import Caption
from ganlab.ui.kit.live import once

IMAGES, COLUMNS, POINTS = 16, 4, 256  # shown of a run
FINEST = 32  # pixels of a sample's side
TITLE = "Samples"


def latents_of(pick: Pick) -> tuple[object, ...]:
    """Runs for which this is equal have the same fixed latents: see `streams.fixed_latents`."""
    config = pick.config
    if "seed" in config.unknown:
        return (pick.run.run_id,)
    return config.kind, config.seed, config.looking_seed, config.latent_dim


def note(picks: list[Pick]) -> str:
    """Which of the runs are shown for the same latents."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for pick in picks:
        groups.setdefault(latents_of(pick), []).append(pick.letter)
    if len(groups) == 1:
        return "All generated from the same latents." if len(picks) > 1 else ""
    same = [", ".join(letters) for letters in groups.values() if len(letters) > 1]
    return f"Generated from the same latents: {'; '.join(same)}." if same else "Each run has different latents."


def side_by_side(picks: list[Pick]) -> str:
    """A sheet or a scatter of each run, as HTML."""
    return f"<div class='sheets'>{''.join(map(_figure, picks))}</div>"


def caption() -> Caption:
    return Caption(TITLE)


def _figure(pick: Pick) -> str:
    step = once(pick.record, "step of samples", partial(_step, pick))
    facts = ", ".join((f"step {step:,}", *outside(pick)))
    head = f"{chip(pick.letter)} <span class='muted small'>{facts}</span>"
    return f"<figure><figcaption>{head}</figcaption>{drawn(pick)}</figure>"


def _step(pick: Pick) -> int:
    """Of a run on disk, the step of the saved moment that its samples are from."""
    step = pick.record.step
    if pick.record.generator is None and pick.record.status.ended:
        return max((saved for saved in moments.steps(pick.run.path) if saved <= step), default=step)
    return step


def drawn(pick: Pick) -> str:
    """The run's samples as a picture."""
    samples, real = pick.record.samples, pick.record.real
    if samples is None:
        return f"<div class='sheet'>{'None saved' if pick.record.status.ended else 'None yet'}</div>"
    alt = f"{count_of(min(len(samples), POINTS if samples.ndim == 2 else IMAGES), 'sample')} of {escape(pick.name)}"
    if samples.ndim == 2:
        return scatter(samples[:POINTS], None if real is None else real[:POINTS], ", ".join((alt, *outside(pick))))
    every = max(1, samples.shape[1] // FINEST)
    uri = drawings.sheet_uri(samples[:IMAGES, ::every, ::every], COLUMNS)
    return f"<img class='sheet' src='{uri}' alt='{alt}'>"


def outside(pick: Pick) -> list[str]:
    """How many of the points lie outside the picture, in words; nothing where all are in it."""
    clouds = {"generated": pick.record.samples, "real": pick.record.real}
    shown = {name: points[:POINTS] for name, points in clouds.items() if points is not None and points.ndim == 2}
    counts = {name: len(points) - int(_inside(points).sum()) for name, points in shown.items()}
    return [f"{n:,} {name} outside" for name, n in counts.items() if n]


def scatter(generated: np.ndarray, real: np.ndarray | None, alt: str) -> str:
    """Points [n, 2] from -2 to 2 as SVG: real ones below generated ones; those outside are left out."""
    clouds = [("real", real), ("generated", generated)]
    paths = "".join(f"<path class='{name}' d='{_dots(points)}'/>" for name, points in clouds if points is not None)
    return f"<svg class='sheet' viewBox='0 0 200 200' role='img' aria-label='{alt}'>{paths}</svg>"


def _dots(points: np.ndarray) -> str:
    return "".join(f"M{100 + 50 * x:.0f} {100 - 50 * y:.0f}h0" for x, y in points[_inside(points)].tolist())


def _inside(points: np.ndarray) -> np.ndarray:
    return (np.abs(points) <= REACH).all(axis=1)
