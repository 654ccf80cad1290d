"""The HTML of the panels of Train. Every number comes from a snapshot, or is not shown."""

from html import escape

from ganlab import settings
from ganlab.config import WARM_UP_UPDATES, TrainConfig
from ganlab.formatting import NOTHING, rough_duration
from ganlab.gan.histograms import Counts, WeightHistogram
from ganlab.plots.curves import View, change_in_words
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit.components import Caption
from ganlab.ui.kit.html import AFTER, BEFORE, TITLES, facts, line_key, of_all, pace, pill, progress_bar, title

CHANGES_SHOWN = 12
IF_UNUSUAL = (
    "objective",
    "clip_order",
    "clip_scope",
    "clip_scale",
    "critic_norm",
    "generator",
    "noise_sd",
    "train_images",
)
"""Settings that are named only where they differ from the defaults."""


def state_line(snapshot: Snapshot, name: str, stopped: str = "") -> str:
    """State, name (that of its data if it has none), step of total, bar, time left with the speed as its tooltip.

    `stopped` says from where, if it is known.
    """
    words, *speed = pace(snapshot) or [stopped]
    return (
        f"<div class='state'>{pill(snapshot.status)}<h2>{escape(name) or title(snapshot.config)}</h2>"
        f"<span class='nowrap'>step <b>{snapshot.steps_made:,}</b> "
        f"<span class='muted'>{of_all(snapshot.config)}</span></span>"
        f"<div class='grow'>{progress_bar(snapshot)}</div>"
        f"<span class='muted nowrap' title='{''.join(speed)}'>{words}</span>"
        + (f"<div class='warn' role='alert'>{escape(snapshot.warning)}</div>" if snapshot.warning else "")
        + "</div>"
    )


def ready_line(config: TrainConfig, source: str, seconds: float | None) -> str:
    """The state line before a run: where its data is from, and how many seconds it would take, if these are known."""
    expected = rough_duration(seconds) if seconds else ""
    parts = (escape(source), *facts(config), f"{config.steps:,} steps", expected)
    summary = " · ".join(filter(None, parts))
    return f"<div class='state'>{pill(None)}<h2>{title(config)}</h2><span class='muted'>{summary}</span></div>"


def in_the_way_line(run: Run, limit: int) -> str:
    """The state line while this run trains and no other may start beside it."""
    snapshot = run.latest
    does = "is starting" if snapshot.status is Status.STARTING else "is training"
    return (
        f"<div class='state'>{pill(snapshot.status)}<h2>{escape(run.name)}</h2>"
        f"<span class='nowrap'>{does}: step <b>{snapshot.step:,}</b> "
        f"<span class='muted'>of {snapshot.config.steps:,}</span></span>"
        f"<span class='muted'>{'One run' if limit == 1 else f'{limit} runs'} at a time.</span></div>"
    )


def look(shown: int, newest: int, pinned: int | None) -> str:
    """Which step the page shows, and which one is pinned over it."""
    text = f"step <b>{shown:,}</b>" if shown != newest else "newest step"
    also = f" <span class='muted'>· {pinned:,} pinned</span>" if pinned else ""
    return f"<div class='nowrap'>{text}{also}</div>"


def counts_table(
    step: int, histogram: WeightHistogram | None, pinned: tuple[int, WeightHistogram | None] | None = None
) -> str:
    """Where all weights lie before and after the clamp at a step, and at a pinned one; empty without a clamp."""
    if histogram and not histogram.clip_range and not pinned:
        return ""
    low, high = "<span class='desk'> low</span>", "<span class='desk'> high</span>"
    heads = "".join(f"<th>{name}</th>" for name in (f"below{low}", "at low", "inside", "at high", f"above{high}"))
    rows = _counts_rows(histogram, "", "b-text", "a-text")
    if pinned:
        step, then = pinned
        rows += _counts_rows(then, f"<span class='muted'>, {step:,}</span>", "", "")
    return f"<table class='counts'><tr><th>step {step:,}</th>{heads}</tr>{rows}</table>"


def _counts_rows(histogram: WeightHistogram | None, at: str, before: str, after: str) -> str:
    """Before and after the clamp, if any; these CSS classes go to what the clamp moves, and to where it puts it."""
    clamped = histogram and histogram.clip_range
    counts = (histogram.before_counts, histogram.after_counts) if histogram and clamped else (None, None)
    first = _counts_row(BEFORE.format("before") + at, counts[0], before, hot=(0, 4))
    return first + _counts_row(AFTER.format("after") + at, counts[1], after, hot=(1, 3))


def _counts_row(name: str, counts: Counts | None, css_class: str, hot: tuple[int, ...]) -> str:
    if counts is None:
        return f"<tr><td>{name}</td>{f'<td class=zero>{NOTHING}</td>' * 5}</tr>"
    styles = ("zero" if n == 0 else css_class if i in hot else "" for i, n in enumerate(counts))
    cells = "".join(f"<td class='{style}'>{n:,}</td>" for style, n in zip(styles, counts, strict=True))
    return f"<tr><td>{name}</td>{cells}</tr>"


def record(snapshot: Snapshot) -> str:
    """The settings in force, and the changes that were made to them."""
    c = snapshot.config
    repeatable = snapshot.device in ("", "cpu")
    warm_up = f", {WARM_UP_UPDATES} in the first {c.warm_up}" if c.warm_up else ""
    values, usual = settings.applying(c), TrainConfig()
    rates = f"critic {c.critic_lr:g}" + (f", generator {c.generator_lr:g}" if "generator_lr" in values else "")
    betas = f" ({c.beta1:g}, {c.beta2:g})" if "beta1" in values else ""
    unusual = [name for name in IF_UNUSUAL if name in values and values[name] != getattr(usual, name)]
    own = [
        *([f"latents {c.latent_dim}"] if "latent_dim" in values else []),
        f"{TITLES[c.optimizer]}{betas}, {rates}",
        *(f"{settings.rules(TrainConfig, name).label.lower()}: {values[name]}" for name in unusual),
        f"batch {c.batch_size}",
        f"{c.n_critic} critic updates per step{warm_up}",
        f"seed {c.seed}",
        f"threads {c.threads}",
        f"device {snapshot.device or c.device}" + ("" if repeatable else ", where runs are not repeatable bit for bit"),
    ]
    facts_in_force = [*facts(c), *(own if "steps" not in c.unknown else []), f"run {snapshot.run_id}"]
    changes = "<p class='muted'>No changes so far.</p>"
    if snapshot.changes:
        rows = "".join(
            f"<tr><td>{change.step:,}<td>{change.critic_step:,}<td>{change_in_words(change)}"
            for change in snapshot.changes[-CHANGES_SHOWN:]
        )
        earlier = len(snapshot.changes) - CHANGES_SHOWN
        more = f"<p class='muted'>{earlier:,} earlier changes are in changes.csv.</p>" if earlier > 0 else ""
        heads = "<tr><th>after step<th>critic updates<th>changed to"
        changes = f"<div><table class='changes'>{heads}{rows}</table>{more}</div>"
    return f"<div class='record'><p>{escape(' · '.join(facts_in_force))}</p>{changes}</div>"


def chart_caption(name: str, view: View, step: int | None = None) -> Caption:
    """A chart's title and the key to its lines."""
    median = f"median of {view.median}" if view.median else ""
    if name == "Losses":
        name = f"Losses, {median}" if median else name
        key = line_key("critic") + line_key("generator", "$generator", "dot")
    else:
        name = f"Shares, {view.layer or 'all layers'}"
        key = BEFORE.format("outside") + AFTER.format("at a bound")
    return Caption(name, key, step)
