"""A run in words: the HTML of the panels. Every number comes from a snapshot, or is not there."""

import re
from html import escape

from ganlab.config import TrainConfig
from ganlab.curves import View, change_in_words
from ganlab.figures import range_in_words
from ganlab.snapshot import Counts, Snapshot, Status, WeightHistogram
from ganlab.ui import drawings

DATASET_TITLES = {
    "digits": "digits",
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "images": "my images",
    "8-gaussians": "8 Gaussians",
    "25-gaussians": "25 Gaussians",
    "swiss-roll": "Swiss roll",
    "drawn": "my points",
}
TITLES = {"dcgan": "DCGAN", "mlp": "MLP", "rmsprop": "RMSprop", "adam": "Adam", "rgb": "RGB", "cpu": "CPU"}

# Status: the shape of its mark, its colour, its word.
PILLS = {
    Status.STARTING: ("live", "gray", "Starting"),
    Status.RUNNING: ("live", "green", "Running"),
    Status.PAUSED: ("hollow", "yellow", "Paused"),
    Status.FINISHED: ("square", "green", "Finished"),
    Status.STOPPED: ("square", "gray", "Stopped"),
    Status.FAILED: ("square", "red", "Failed"),
    Status.INTERRUPTED: ("square", "yellow", "Interrupted"),
    Status.ELSEWHERE: ("live", "green", "Running elsewhere"),
}

BEFORE = "<span class='key'><i class='b'></i>{}</span>"
AFTER = "<span class='key'><i class='a'></i>{}</span>"


def title(config: TrainConfig) -> str:
    """What a run is called in one or two words."""
    return DATASET_TITLES[config.dataset]


def label(run_id: str, config: TrainConfig) -> str:
    """A run in one line, for menus: by what it started with, as a menu's lines must not change while it is open."""
    return f"{title(config)}, {range_in_words(config.clip_range)} · seed {config.seed} · {run_id[-4:]}"


def facts(config: TrainConfig) -> list[str]:
    """What kind of run this is, in three or four facts."""
    kind = f"{config.image_size}×{config.image_size} images" if config.kind == "image" else "2-D points"
    network = TITLES[config.network]
    size = f"{network} {config.depth} × {config.width}" if config.network == "mlp" else network
    return [kind, size, range_in_words(config.clip_range)]


def duration(seconds: float) -> str:
    """51 s, 1 min 28 s or 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def pill(status: Status) -> str:
    """The run's status as shape, colour and word."""
    shape, color, word = PILLS[status]
    return f"<span class='pill {shape}' role='status' style='--c:var(--st-{color}-color)'><i></i>{word}</span>"


def progress_bar(snapshot: Snapshot) -> str:
    """How far the run is."""
    step, total = snapshot.step, snapshot.config.steps
    return (
        f"<div class='bar' role='progressbar' aria-label='steps' aria-valuenow='{step}' aria-valuemax='{total}'>"
        f"<span style='width:{100 * step / total:.1f}%'></span></div>"
    )


def pace(snapshot: Snapshot) -> list[str]:
    """What there is to say about time: left and speed while running, else how it ended."""
    speed = snapshot.steps_per_second
    if snapshot.status is Status.STARTING:
        return [escape(snapshot.message)]
    if snapshot.status is Status.RUNNING and speed:
        left = duration((snapshot.config.steps - snapshot.step) / speed)
        return [f"{left} left", f"{speed:.1f} steps/s"]
    if snapshot.status is Status.FINISHED:
        return [f"took {duration(snapshot.seconds)}"]
    if snapshot.status is Status.STOPPED:
        return ["by you"]
    if snapshot.status is Status.INTERRUPTED:
        return ["goes on from here"]
    if snapshot.status is Status.ELSEWHERE:
        return ["in another process"]
    return []


def state_line(snapshot: Snapshot) -> str:
    """State, step of total, bar, time left, speed, device."""
    first, *rest = [*pace(snapshot), *([escape(snapshot.device.upper())] if snapshot.device else [])] or [""]
    return (
        f"<div class='state'>{pill(snapshot.status)}<h1>{title(snapshot.config)}</h1>"
        f"<span class='nowrap'>step <b>{snapshot.step:,}</b> "
        f"<span class='muted'>of {snapshot.config.steps:,}</span></span>"
        f"<div class='grow'>{progress_bar(snapshot)}</div><span class='muted nowrap'>{first}</span>"
        + "".join(f"<span class='muted nowrap desk'>{text}</span>" for text in rest)
        + (f"<div class='warn' role='alert'>{escape(snapshot.warning)}</div>" if snapshot.warning else "")
        + "</div>"
    )


def ready_line(config: TrainConfig) -> str:
    """The state line before there is a run."""
    mark = "<span class='pill hollow' role='status' style='--c:var(--st-gray-color)'><i></i>Ready</span>"
    told = " · ".join([*facts(config), f"{config.steps:,} steps"])
    return f"<div class='state'>{mark}<h1>{title(config)}</h1><span class='muted'>{told}</span></div>"


def headline(histogram: WeightHistogram | None, step: int | None = None) -> str:
    """The clamped share as the one big number, and what it means; `step` is told if it is not the newest."""
    at = f" of step {step:,}" if step else ""
    if histogram is None:
        share, before, after = "–", "Before the first clamp there is nothing to count.", ""
    else:
        counts = histogram.before_counts
        share = f"{100 * counts.outside / counts.total:.1f} %"
        if counts.outside:
            before = (
                BEFORE.format("Before")
                + f" the clamp{at} {counts.outside:,} of {counts.total:,} weights were outside the range. "
            )
            after = "<br>" + AFTER.format("After") + " it they sit exactly on a bound."
        else:
            before, after = BEFORE.format("Before") + f" the clamp{at} no weight was outside the range.", ""
    return f"<div class='headline'><span class='big'>{share}</span><span>{before}{after}</span></div>"


def in_force(clip_range: tuple[float, float], refusal: str = "") -> str:
    """The clip range that acts now; or why the wished one does not."""
    now = range_in_words(clip_range)
    if refusal:
        return refused(refusal, now)
    return f"<div class='force'><span class='muted'>in force:</span> <b>{now}</b></div>"


def refused(refusal: str, stays: str) -> str:
    """Why a wished clip range is not had, and what stays."""
    return f"<div class='force refused' role='alert'>{escape(refusal)} The range stays at {stays}.</div>"


COLUMNS = ("below low", "at low", "inside", "at high", "above high")


def look(shown: int, newest: int, pinned: int | None) -> str:
    """Which step is on the page, and which one is pinned over it."""
    told = f"step <b>{shown:,}</b>" if shown != newest else "newest step"
    also = f" <span class='muted'>· {pinned:,} pinned</span>" if pinned else ""
    return f"<div class='nowrap'>{told}{also}</div>"


def counts_table(histogram: WeightHistogram | None, pinned: tuple[int, WeightHistogram] | None = None) -> str:
    """Where all weights lie, before and after the clamp; and at a pinned step."""
    short = (f"below{desk(' low')}", "at low", "inside", "at high", f"above{desk(' high')}")
    heads = "".join(f"<th>{name}</th>" for name in short)
    before = histogram.before_counts if histogram else None
    after = histogram.after_counts if histogram else None
    return (
        f"<table class='counts'><tr><th></th>{heads}</tr>"
        + _counts_row(BEFORE.format("before"), before, "b-text", hot=(0, 4))
        + _counts_row(AFTER.format("after"), after, "a-text", hot=(1, 3))
        + (_pinned_rows(*pinned) if pinned else "")
        + "</table>"
    )


def _pinned_rows(step: int, histogram: WeightHistogram) -> str:
    named = f"<span class='muted'>, {step:,}</span>"
    return _counts_row(BEFORE.format("before") + named, histogram.before_counts, "", hot=()) + _counts_row(
        AFTER.format("after") + named, histogram.after_counts, "", hot=()
    )


def desk(text: str) -> str:
    """Text that only a wide screen has room for."""
    return f"<span class='desk'>{text}</span>"


def _counts_row(name: str, counts: Counts | None, look: str, hot: tuple[int, ...]) -> str:
    if counts is None:
        return f"<tr><td>{name}</td>{'<td class=zero>–</td>' * 5}</tr>"
    cells = (f"<td class='{'zero' if n == 0 else look if i in hot else ''}'>{n:,}</td>" for i, n in enumerate(counts))
    return f"<tr><td>{name}</td>{''.join(cells)}</tr>"


def layers_table(histograms: tuple[WeightHistogram, ...]) -> str:
    """A row per critic parameter: name and shape, a small histogram, counts, clamped share."""
    heads = "".join(f"<th>{name}" for name in ("layer", "weights", *COLUMNS, "clamped"))
    rows = "".join(map(_layer_row, histograms))
    return f"<table class=layers><thead><tr>{heads}<tbody>{rows}</table>"


def _layer_row(histogram: WeightHistogram) -> str:
    before, after = histogram.before_counts, histogram.after_counts
    counts = (before.below_low, after.at_low, after.inside, after.at_high, before.above_high)
    cells = "".join(f"<td>{n:,}" if n else "<td class=zero>0" for n in counts)
    share = 100 * before.outside / before.total
    percent = "&lt;1" if 0 < share < 1 else f"{share:.0f}"
    return (
        f"<tr><td>{escape(histogram.name)}<small>{'×'.join(map(str, histogram.shape))}</small>"
        f"<td>{drawings.mini(histogram)}{cells}"
        f"<td>{percent} %<span class=share><span style='width:{share:.0f}%'></span></span>"
    )


def plain(text: str) -> str:
    """A text that may hold what a stranger wrote, with nothing in it that Markdown would draw."""
    text = re.sub(r"([\\`*_\[\]#!:$<>~|&])", r"\\\1", " ".join(text.split())[:500])
    return re.sub(r"(www|//|@)", "\\1\N{WORD JOINER}", text)  # else addresses become links


CHANGES_SHOWN = 12


def record(snapshot: Snapshot) -> str:
    """The settings of a run in force, and every change that was made to them."""
    c = snapshot.config
    settings = [
        *facts(c),
        f"latents {c.latent_dim}",
        f"{TITLES[c.optimizer]}, critic {c.critic_lr:g}, generator {c.generator_lr:g}",
        f"batch {c.batch_size}",
        f"{c.n_critic} critic updates per step" + (f", 100 in the first {c.warm_up}" if c.warm_up else ""),
        f"seed {c.seed}",
        f"threads {c.threads}",
        f"device {snapshot.device or c.device}"
        + ("" if snapshot.device in ("", "cpu") else ", where runs do not repeat bit for bit"),
        f"run {snapshot.run_id}",
    ]
    rows = "".join(
        f"<tr><td>{change.step:,}<td>{change.critic_step:,}<td>{change_in_words(change)}"
        for change in snapshot.changes[-CHANGES_SHOWN:]
    )
    earlier = len(snapshot.changes) - CHANGES_SHOWN
    more = f"<p class='muted'>{earlier:,} earlier changes are in changes.csv.</p>" if earlier > 0 else ""
    made = (
        f"<div><table class='changes'><tr><th>after step<th>critic updates<th>from there{rows}</table>{more}</div>"
        if rows
        else "<p class='muted'>No changes so far.</p>"
    )
    return f"<div class='record'><p>{escape(' · '.join(settings))}</p>{made}</div>"


CURVE_KEY = "<span><svg viewBox='0 0 20 8'><path d='M0 4H20' {}/></svg>{}</span>"
INK, FAINT = "stroke='var(--st-text-color)' stroke-width='2.4'", "stroke='currentColor' opacity='.45'"
DOTTED = "stroke='var(--generator)' stroke-width='2.4' stroke-dasharray='3 3'"


def chart_head(name: str, view: View) -> str:
    """A chart's title and the key to its lines."""
    median = f", median of {view.median}" if view.median else ""
    keys = {
        "Critic estimate": CURVE_KEY.format(FAINT, "estimate") + CURVE_KEY.format(INK, median[2:])
        if median
        else CURVE_KEY.format(INK, "estimate"),
        "Losses": CURVE_KEY.format(INK, "critic") + CURVE_KEY.format(DOTTED, "generator"),
        "Share of weights clamped": BEFORE.format("outside") + AFTER.format("at a bound"),
    }
    title = {"Losses": f"Losses{median}", "Share of weights clamped": f"Shares, {escape(view.layer or 'all layers')}"}
    return f"<div class='ch'><b>{title.get(name, name)}</b><div>{keys[name]}</div></div>"


def points_key(real: int, generated: str) -> str:
    """What a ring and what a dot is."""
    return (
        "<div class='muted small'><svg viewBox='0 0 10 10' width='10' height='10'>"
        "<circle cx='5' cy='5' r='4' fill='none' stroke='var(--real)' stroke-width='1.5'/></svg>"
        f"&ensp;{real:,} real points&emsp;<svg viewBox='0 0 10 10' width='10' height='10'>"
        f"<circle cx='5' cy='5' r='3.5' fill='var(--generator)'/></svg>&ensp;{generated}</div>"
    )
