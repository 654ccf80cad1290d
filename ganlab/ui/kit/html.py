"""Words and HTML that several pages share: titles, pills, progress bars, keys, tables of layers."""

import re
from html import escape
from typing import Any

from ganlab.config import DATASETS, TrainConfig
from ganlab.formatting import NOTHING, duration, percent
from ganlab.gan.histograms import WeightHistogram
from ganlab.gan.holding import constraint_in_words
from ganlab.gan.watched import WatchedConfig
from ganlab.runs.disk.library import short_name
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import drawings

CARDS = {
    "digits": ("Digits", "1,797 handwritten digits. The generated ones become readable within fifteen seconds."),
    "8-gaussians": ("8 Gaussians", "A ring of eight small clouds. Count how many the generator finds."),
    "25-gaussians": ("25 Gaussians", "A grid of 25 clouds, where clipped critics miss the detail."),
    "swiss-roll": ("Swiss roll", "One thin spiral. Watch the gaps between its arms fill and empty."),
}
"""A title and a sentence for each preset with a card on Train; `MORE` has the others."""
MORE = {
    "mnist": ("MNIST", "60,000 handwritten digits of 28×28. The first start downloads 10 MB."),
    "fashion-mnist": ("Fashion-MNIST", "60,000 pictures of clothes, 28×28. The first start downloads 26 MB."),
    "cifar10": ("CIFAR-10", "50,000 colour photographs of 32×32. The first start downloads 170 MB."),
    "images": ("My own images", "At least 16 images of any size, from a ZIP or a folder."),
    "drawn": ("My own points", "Draw a distribution of points on the plane, or upload a CSV: at least 16 points."),
    "8-gaussians-paper": (
        "8 Gaussians, Gulrajani et al.",
        "Only the critic learns, against real points plus noise: clipped narrowly, it sees one hill, not eight clouds.",
    ),
}
HELD = {
    "8-gaussians-gradient-penalty": "8 Gaussians, gradient penalty",
    "8-gaussians-spectral-norm": "8 Gaussians, spectral norm",
    "digits-gradient-penalty": "Digits, gradient penalty",
}
"""Titles of presets that differ from those by what holds the critic."""
TITLES = {
    "": "Trained",
    "dcgan": "DCGAN",
    "mlp": "MLP",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "rgb": "RGB",
    "no-norm": "All but norms",
    "real-plus-noise": "Real plus noise",
    "cpu": "CPU",
    "derived": "Derived from the seed",
}
PILLS = {
    None: ("hollow", "gray", "Ready"),  # before there is a run
    Status.WAITING: ("hollow", "gray", "Not begun"),
    Status.STARTING: ("live", "gray", "Starting"),
    Status.RUNNING: ("live", "green", "Running"),
    Status.PAUSED: ("hollow", "yellow", "Paused"),
    Status.FINISHED: ("square", "green", "Finished"),
    Status.STOPPED: ("square", "gray", "Stopped"),
    Status.FAILED: ("square", "red", "Failed"),
    Status.INTERRUPTED: ("square", "yellow", "Interrupted"),
    Status.ELSEWHERE: ("live", "green", "Running"),
}
BEFORE = "<span class='key'><i class='b'></i>{}</span>"
AFTER = "<span class='key'><i class='a'></i>{}</span>"
CLAMP_KEY = BEFORE.format("before") + AFTER.format("after")


def title(config: TrainConfig) -> str:
    """The name of a run's data, in one or two words."""
    return DATASETS[config.dataset].title


def titled(choice: Any) -> str:
    """A choice of a setting as its widget names it."""
    return TITLES.get(choice, str(choice).capitalize())


def label(run: Run) -> str:
    """A run in one line, for menus."""
    return f"{run.name} · seed {run.config.seed} · {short_name(run.run_id)}"


def facts(config: TrainConfig) -> list[str]:
    """What kind of run this is: samples, network, and what holds the critic."""
    kind = f"{config.image_size}×{config.image_size} images" if config.kind == "image" else "2-D points"
    if isinstance(config, WatchedConfig):
        return [kind, constraint_in_words(config)]
    network = TITLES[config.network]
    size = f"{network} {config.depth} × {config.width}" if config.network == "mlp" else network
    return [kind, size, constraint_in_words(config)]


def pill(status: Status | None, words: str = "") -> str:
    """A mark in the colour of the status, with its word, or with these."""
    shape, color, word = PILLS[status]
    return f"<span class='pill {shape}' role='status' style='--c:var(--st-{color}-color)'><i></i>{words or word}</span>"


def of_all(config: TrainConfig) -> str:
    """The number of steps that a run is to make, after those it has made; empty if nobody knows."""
    return "" if "steps" in config.unknown else f" of {config.steps:,}"


def progress_bar(snapshot: Snapshot) -> str:
    if "steps" in snapshot.config.unknown:
        return ""
    step, total = snapshot.steps_made, snapshot.config.steps
    return (
        f"<div class='bar' role='progressbar' aria-label='steps' aria-valuenow='{step}' aria-valuemax='{total}'>"
        f"<span style='width:{100 * step / total:.1f}%'></span></div>"
    )


def pace(snapshot: Snapshot) -> list[str]:
    """Time left and speed of a run that trains; of any other, a few words about where it stands, or nothing."""
    speed = snapshot.steps_per_second
    if snapshot.message and not snapshot.status.ended:
        return [escape(snapshot.message)]
    if snapshot.status is Status.RUNNING and "steps" in snapshot.config.unknown:
        return ["in a loop of your own", f"{speed:.1f} steps/s"]
    if snapshot.status is Status.RUNNING and speed:
        left = duration((snapshot.config.steps - snapshot.step) / speed)
        return [f"{left} left", f"{speed:.1f} steps/s"]
    words = {
        Status.FINISHED: f"took {duration(snapshot.seconds)}",
        Status.INTERRUPTED: "" if snapshot.read_only or "steps" in snapshot.config.unknown else "can be resumed",
        Status.ELSEWHERE: "in another process",
    }
    return [text for text in (words.get(snapshot.status), "read-only" if snapshot.read_only else "") if text]


def layers_table(histograms: tuple[WeightHistogram, ...]) -> str:
    """One row per critic parameter: name and shape, a small histogram, counts, clamped share."""
    columns = ("layer", "weights", "below low", "at low", "inside", "at high", "above high", "clamped")
    clamps = any(one.clip_range for one in histograms)
    heads = "".join(f"<th>{name}</th>" for name in (columns if clamps else columns[:2]))
    rows = "".join(_layer_row(one, clamps) for one in histograms)
    return f"<table class='layers{'' if clamps else ' free'}'><thead><tr>{heads}<tbody>{rows}</table>"


def _layer_row(histogram: WeightHistogram, clamps: bool) -> str:
    before, after = histogram.before_counts, histogram.after_counts
    counts = (before.below_low, after.at_low, after.inside, after.at_high, before.above_high)
    cells = "".join(f"<td>{n:,}" if n else "<td class=zero>0" for n in counts)
    share = before.outside / before.total
    cells += f"<td>{percent(share)}<span class=share><span style='width:{100 * share:.0f}%'></span></span>"
    if histogram.clip_range is None:
        cells = f"<td class=zero>{NOTHING}" * 6 if clamps else ""
    return (
        f"<tr><td>{escape(histogram.name)}<small>{'×'.join(map(str, histogram.shape))}</small>"
        f"<td>{drawings.mini(histogram)}{cells}"
    )


def plain(text: str) -> str:
    """Escapes untrusted text for Markdown, on one line and cut to 500 characters."""
    text = re.sub(r"([\\`*_\[\]#!:$<>~|&])", r"\\\1", " ".join(text.split())[:500])
    return re.sub(r"(www|//|@)", "\\1\N{WORD JOINER}", text)  # otherwise addresses become links


DASHES = {"solid": "", "dash": "6 3", "dot": "2 3", "dashdot": "6 3 2 3", "longdash": "10 3"}
"""Plotly's dashes, in SVG."""


TINTS = (
    "<svg class='tints' viewBox='0 0 46 10'><defs><linearGradient id='tints'><stop stop-color='var(--text)' "
    "stop-opacity='.05'/><stop offset='1' stop-color='var(--text)'/></linearGradient></defs>"
    "<rect x='.5' y='.5' width='45' height='9' rx='2' fill='url(#tints)' stroke='var(--line)'/></svg>"
)
"""The key to tints of ink, from faint to full."""


def line_key(name: str, color: str = "$bound", dash: str = "solid", mark: str = "") -> str:
    """The key to a line that `ganlab.plots` draws in this colour and dash; `mark` is SVG drawn over it."""
    role, _, opacity = color[1:].partition(" ")
    line = f"<path d='M0 4H20' stroke='var(--{role})' stroke-width='2' stroke-dasharray='{DASHES[dash]}'"
    return f"<span><svg viewBox='0 0 20 8'>{line} opacity='{opacity or 1}'/>{mark}</svg>{name}</span>"


def points_key(real: int, generated: str) -> str:
    """The key to a scatter: how many real points there are as rings, if any, and what the dots are."""
    rings = (
        "<svg viewBox='0 0 10 10' width='10' height='10'>"
        "<circle cx='5' cy='5' r='4' fill='none' stroke='var(--real)' stroke-width='1.5'/></svg>"
        f"&ensp;{real:,} real&emsp;"
    )
    return (
        f"<div class='muted small'>{rings if real else ''}<svg viewBox='0 0 10 10' width='10' height='10'>"
        f"<circle cx='5' cy='5' r='3.5' fill='var(--generator)'/></svg>&ensp;{generated}</div>"
    )
