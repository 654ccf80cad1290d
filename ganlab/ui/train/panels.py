"""The HTML of the panels of Train. Every number comes from a snapshot, or is not shown."""

from html import escape

from ganlab.config import TrainConfig
from ganlab.formatting import range_in_words
from ganlab.gan.clipping import Counts, WeightHistogram
from ganlab.plots.curves import View, change_in_words
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit.html import (
    AFTER,
    BEFORE,
    CURVE_KEY,
    DOTTED,
    FAINT,
    INK,
    TITLES,
    desk,
    facts,
    pace,
    pill,
    progress_bar,
    refused,
    title,
)


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
    summary = " · ".join([*facts(config), f"{config.steps:,} steps"])
    return f"<div class='state'>{mark}<h1>{title(config)}</h1><span class='muted'>{summary}</span></div>"


def headline(histogram: WeightHistogram | None, step: int | None = None) -> str:
    """The clamped share as the one big number, and what it means; `step` is given if it is not the newest."""
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
    """The clip range in force, or why the requested one was refused."""
    now = range_in_words(clip_range)
    if refusal:
        return refused(refusal, now)
    return f"<div class='force'><span class='muted'>in force:</span> <b>{now}</b></div>"


def look(shown: int, newest: int, pinned: int | None) -> str:
    """Which step the page shows, and which one is pinned over it."""
    text = f"step <b>{shown:,}</b>" if shown != newest else "newest step"
    also = f" <span class='muted'>· {pinned:,} pinned</span>" if pinned else ""
    return f"<div class='nowrap'>{text}{also}</div>"


def counts_table(histogram: WeightHistogram | None, pinned: tuple[int, WeightHistogram] | None = None) -> str:
    """Where all weights lie before and after the clamp, and at a pinned step."""
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


def _counts_row(name: str, counts: Counts | None, look: str, hot: tuple[int, ...]) -> str:
    if counts is None:
        return f"<tr><td>{name}</td>{'<td class=zero>–</td>' * 5}</tr>"
    cells = (f"<td class='{'zero' if n == 0 else look if i in hot else ''}'>{n:,}</td>" for i, n in enumerate(counts))
    return f"<tr><td>{name}</td>{''.join(cells)}</tr>"


CHANGES_SHOWN = 12


def record(snapshot: Snapshot) -> str:
    """The settings in force, and the changes that were made to them."""
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
        + ("" if snapshot.device in ("", "cpu") else ", where runs are not repeatable bit for bit"),
        f"run {snapshot.run_id}",
    ]
    rows = "".join(
        f"<tr><td>{change.step:,}<td>{change.critic_step:,}<td>{change_in_words(change)}"
        for change in snapshot.changes[-CHANGES_SHOWN:]
    )
    earlier = len(snapshot.changes) - CHANGES_SHOWN
    more = f"<p class='muted'>{earlier:,} earlier changes are in changes.csv.</p>" if earlier > 0 else ""
    changes = (
        f"<div><table class='changes'><tr><th>after step<th>critic updates<th>changed to{rows}</table>{more}</div>"
        if rows
        else "<p class='muted'>No changes so far.</p>"
    )
    return f"<div class='record'><p>{escape(' · '.join(settings))}</p>{changes}</div>"


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
