"""The critics' weights before and after the clamp: overlaid, and one small picture each, ordered by range."""

from dataclasses import replace
from functools import partial

from ganlab.formatting import fixed_percent, number
from ganlab.gan.histograms import WeightHistogram, pooled
from ganlab.plots import compare
from ganlab.plots.base import Figure
from ganlab.ui.compare.keys import chip, legend
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import drawings
from ganlab.ui.kit.components import Caption
from ganlab.ui.kit.html import CLAMP_KEY
from ganlab.ui.kit.live import once

OVERLAID = "Weights before and after the clamp, on one axis"
ONE_BY_ONE = "One by one, from the narrowest range to the widest, unclamped last"


def histograms(picks: list[Pick]) -> dict[str, WeightHistogram]:
    """All layers together, by letter; those of a run whose layers have other ranges are divided by their scales."""
    return {
        pick.letter: once(pick.record, "pooled", partial(pooled, pick.record.weights))
        for pick in picks
        if pick.record.weights
    }


def overlaid(known: dict[str, WeightHistogram], log_y: bool) -> Figure:
    return compare.weights(known, log_y)


def caption(known: dict[str, WeightHistogram]) -> Caption:
    """What the overlay is called: outlines are before the clamp, what is filled is after it."""
    return Caption(OVERLAID, legend(known))


def note(known: dict[str, WeightHistogram]) -> str:
    """How to read the overlay."""
    scaled = ", ".join(letter for letter, histogram in known.items() if histogram.scale != 1)
    divided = f" Each weight of {scaled} is divided by the scale of its layer." if scaled else ""
    free = [letter for letter, histogram in known.items() if histogram.clip_range is None]
    if len(free) == len(known):
        return "Nothing clamps these weights." if free else ""
    unclamped = f" Nothing clamps {', '.join(free)}." if free else ""
    return f"Outlined: before the clamp. Filled, with a post on each bound: after it.{unclamped}{divided}"


def one_by_one(known: dict[str, WeightHistogram]) -> str:
    """A small histogram for each run, in the order that ONE_BY_ONE says, as HTML."""
    ordered = sorted(known.items(), key=_order)
    return (
        f"<div class='minis'>{''.join(small(letter, histogram, chip(letter)) for letter, histogram in ordered)}</div>"
    )


def _order(item: tuple[str, WeightHistogram]) -> tuple[bool, float, str]:
    """Sorts by the width of the axis; last come the unclamped ones, by their letters."""
    letter, histogram = item
    free = histogram.clip_range is None
    return free, 0.0 if free else histogram.limit, letter


def one_by_one_caption() -> Caption:
    """What the small histograms are called, and the order in which they stand."""
    return Caption(ONE_BY_ONE, CLAMP_KEY)


def small(name: str, histogram: WeightHistogram, head: str) -> str:
    """A small histogram with its facts above it, after `head`; `name` is unique on the page."""
    before, after, limit = histogram.before_counts, histogram.after_counts, number(histogram.limit)
    if histogram.clip_range is None:
        facts = f"{before.total:,} weights, not clamped"
    else:
        moved, at_bound = (fixed_percent(n / before.total, 1) for n in (before.outside, after.at_bound))
        facts = f"<span class='b-text'>{moved}</span> moved, <span class='a-text'>{at_bound}</span> on a bound"
    return (
        f"<figure><figcaption>{head} {facts}</figcaption>{drawings.mini(replace(histogram, name=name))}"
        f"<div class='ends'><span>−{limit}</span><span>0</span><span>{limit}</span></div></figure>"
    )
