"""What Home says about weight clipping: a lead, a picture of how data flows, and five sentences. HTML of panels.

The picture shows the newest run that trains and clamps as in the paper; else the default run at one step, which
bench/example.py recorded in example.npz.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ganlab.formatting import number, short
from ganlab.gan.histograms import pooled
from ganlab.gan.holding import clamps_as_in_paper
from ganlab.gan.streams import fixed_latents
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import html
from ganlab.ui.kit.components import Caption, panel
from ganlab.ui.kit.drawings import ink, sheet_uri
from ganlab.ui.kit.html import AFTER, BEFORE
from ganlab.ui.kit.server import hub

STEP = 720
FILE = Path(__file__).with_name("example.npz")
LEAD = (
    "<div class='lead'>Train a Wasserstein GAN on this computer, move the clip range while it learns, and see every "
    f"critic weight {BEFORE.format('before')} and {AFTER.format('after')} the clamp.</div>"
)
FIVE_SENTENCES = """<ol class='steps'>
<li>A <b>generator</b> turns random numbers, the latents, into images.</li>
<li>A <b>critic</b> learns to score real images higher than generated ones, and the generator learns to raise its
scores.</li>
<li>The gap between the two mean scores <b>estimates</b> how far apart the two sets of images are.</li>
<li>That holds only while the critic cannot be too steep, so each of its weights is <b>clamped</b> into a small range,
−c to c, after every update.</li>
<li>Too narrow and the gradients vanish, too wide and the critic learns slowly; the paper that proposed the clamp
calls it “a clearly terrible way”.</li></ol>"""
ALT = (
    "Latents go through the generator and become generated samples. Real and generated samples go into the critic, "
    "whose weights are clamped after every update. The critic gives the estimate."
)


def in_picture() -> Run | None:
    """The newest run that trains and has something to show."""
    return next((run for run in hub().in_progress if run.latest.status is Status.RUNNING and _of(run.latest)), None)


def draw(picture: DeltaGenerator, run: Run | None) -> None:
    """Put the flow of data into this container, with what the run has now, or with the example."""
    flow, whose = example_flow(), f"the default run after step {STEP}"
    if run and (now := _of(snapshot := run.latest)):
        flow, whose = flow_of(now), f"{html.plain(run.name)}, now at step {snapshot.step:,}"
    with picture:
        panel("flow", flow, Caption("A Wasserstein GAN with a clamped critic"))
        st.caption(f"Weights, samples and estimate of {whose}.", text_alignment="right")


@dataclass(frozen=True)
class Example:
    """A run after one step, as the picture shows it."""

    latent: np.ndarray  # float32 [latent_dim]: the first fixed latent
    generated: np.ndarray  # of the first fixed latents: uint8 [16, h, w, c] or float32 [256, 2]
    real: np.ndarray  # as many held-out samples
    clip_range: np.ndarray  # float64 [2]: low and high
    edges: np.ndarray  # float64 [bins + 1]: of the histograms of all critic weights around the last clamp of that step
    before: np.ndarray  # int64 [bins]
    after: np.ndarray  # int64 [bins]: without the weights exactly at a bound
    at_bounds: np.ndarray  # int64 [2]: weights exactly at low and at high after the clamp
    estimate: np.ndarray  # float64 []: the critic estimate of that step
    weights: np.ndarray  # int64 [2]: how many weights generator and critic have


def example() -> Example:
    """The default run (seed 0, one thread) after step 720."""
    with np.load(FILE) as arrays:
        return Example(**arrays)


def _of(snapshot: Snapshot) -> Example | None:
    """A run as it is now; None if its first step is not known yet, or if it does not clamp as the picture says."""
    if snapshot.samples is None or snapshot.real is None or not snapshot.weights or not len(snapshot.history):
        return None
    weights, n = pooled(snapshot.weights), 16 if snapshot.config.kind == "image" else 256
    if weights.clip_range is None or not clamps_as_in_paper(snapshot.config):
        return None
    return Example(
        latent=fixed_latents(snapshot.config)[0].numpy(),
        generated=snapshot.samples[:n],
        real=snapshot.real[:n],
        clip_range=np.array(weights.clip_range),
        edges=weights.edges,
        before=weights.before,
        after=weights.after,
        at_bounds=np.array([weights.after_counts.at_low, weights.after_counts.at_high]),
        estimate=np.array(snapshot.history["critic_estimate"][-1]),
        weights=np.array([sum(p.numel() for p in net.parameters()) for net in (snapshot.generator, snapshot.critic)]),
    )


@cache
def example_flow() -> str:
    return flow_of(example())


def flow_of(e: Example) -> str:
    """The flow of data as SVG, drawn twice: for wide screens and for phones."""
    low, high = map(number, e.clip_range)
    generator_weights, critic_weights = (f"{n:,} weights" for n in e.weights)
    wide = (
        _text(62, 44, "latents", "t"),
        _latent(e, 33, 58),
        _text(62, 144, "random numbers", "m"),
        _arrow((110, 88), (160, 88)),
        '<path class="box" d="M168 59L284 32V144L168 117Z"/>',
        _text(226, 85, "generator", "t"),
        _text(226, 105, generator_weights, "m"),
        _arrow((292, 88), (352, 88)),
        _text(426, 16, "generated", "t"),
        _samples(e.generated, 370, 32, "gen"),
        _text(426, 188, "real", "t"),
        _samples(e.real, 370, 204, "ink"),
        _arrow((500, 88), (548, 88), (548, 148), (592, 148)),
        _arrow((500, 260), (548, 260), (548, 200), (592, 200)),
        _box(600, 24, 320, 296),
        _text(624, 54, "critic", "t", "start"),
        _text(672, 54, critic_weights, "m", "start"),
        _text(624, 78, f"clamped into [{low}, {high}] after every update", "m", "start"),
        _clamp(e, 624, 116, 272, 168),
        _arrow((928, 172), (976, 172)),
        _text(990, 152, "estimate", "t", "start"),
        _text(990, 190, short(float(e.estimate)), "n", "start"),
        _text(990, 216, "E critic(real)", "m", "start"),
        _text(990, 234, "− E critic(generated)", "m", "start"),
    )
    tall = (
        _text(84, 20, "latents", "t"),
        _latent(e, 56, 34),
        _arrow((84, 102), (84, 132)),
        '<path class="box" d="M50 138H118L144 208H24Z"/>',
        _text(84, 178, "generator", "t"),
        _text(84, 197, generator_weights, "m"),
        _arrow((84, 214), (84, 246)),
        _samples(e.generated, 28, 266, "gen"),
        _text(84, 404, "generated", "t"),
        _samples(e.real, 220, 266, "ink"),
        _text(276, 404, "real", "t"),
        _arrow((84, 412), (84, 444)),
        _arrow((276, 412), (276, 444)),
        _box(12, 450, 336, 266),
        _text(32, 480, "critic", "t", "start"),
        _text(80, 480, critic_weights, "m", "start"),
        _text(32, 502, f"clamped into [{low}, {high}] after every update", "m", "start"),
        _clamp(e, 32, 536, 296, 146),
        _arrow((180, 722), (180, 746)),
        _text(120, 784, short(float(e.estimate)), "n"),
        _text(190, 766, "estimate", "t", "start"),
        _text(190, 786, "E critic(real) − E critic(gen.)", "m", "start"),
    )
    return _svg("wide", 1140, 332, wide) + _svg("tall", 360, 800, tall)


def _svg(css_class: str, width: int, height: int, parts: tuple[str, ...]) -> str:
    box = f'viewBox="0 0 {width} {height}"'
    return f'<svg class="flow {css_class}" {box} role="img" aria-label="{ALT}">{"".join(parts)}</svg>'


def _text(x: int, y: int, text: str, css_class: str, anchor: str = "middle") -> str:
    return f'<text class="{css_class}" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>'


def _box(x: int, y: int, width: int, height: int) -> str:
    return f'<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'


def _arrow(*corners: tuple[int, int]) -> str:
    (x0, y0), (x1, y1) = corners[-2:]
    angle = np.degrees(np.arctan2(y1 - y0, x1 - x0))
    path = " L".join(f"{x} {y}" for x, y in corners)
    head = f'<path class="head" d="M0 0L-9 -4.5V4.5Z" transform="translate({x1} {y1}) rotate({angle:.0f})"/>'
    return f'<path class="edge" d="M{path}"/>{head}'


def _latent(e: Example, x: int, y: int) -> str:
    return "".join(
        f'<rect x="{x + 15 * (i % 4)}" y="{y + 15 * (i // 4)}" width="13" height="13" rx="2" class="ink" '
        f'opacity="{0.08 + 0.8 * min(abs(value) / 2.2, 1):.2f}"/>'
        for i, value in enumerate(e.latent[:16])
    )


def _samples(samples: np.ndarray, x: int, y: int, css_class: str) -> str:
    box = _box(x - 8, y - 8, 128, 128)
    if samples.ndim == 2:
        places = np.rint([x + 56, y + 56] + samples.clip(-2, 2) * [28, -28]).astype(int).tolist()
        return box + f'<path class="dots {css_class}" d="{"".join(f"M{across} {down}h0" for across, down in places)}"/>'
    uri = sheet_uri(samples, columns=4)
    if samples.shape[-1] == 1:
        return box + ink(uri, x, y, 112, 112, css_class)
    return f'{box}<image href="{uri}" x="{x}" y="{y}" width="112" height="112"/>'


def _clamp(e: Example, x: int, y: int, width: int, height: int) -> str:
    first, last = e.edges[0], e.edges[-1]
    top = 1.05 * max(bins.max() for bins in (e.at_bounds, e.before, e.after))

    def across(value: float) -> float:
        return (value - first) / (last - first) * width

    def up(n: float) -> float:
        return height - n / top * height

    def skyline(bins: np.ndarray) -> str:
        steps = "".join(f"V{up(n):.1f}H{across(edge):.1f}" for edge, n in zip(e.edges[1:], bins, strict=True))
        return f"M0 {height}{steps}V{height}Z"

    bin_width = across(e.edges[1]) - across(e.edges[0])
    bars = "".join(
        f'<rect class="af" x="{across(bound) - bin_width * 0.6:.1f}" width="{bin_width * 1.2:.1f}" y="{up(n):.1f}" '
        f'height="{height - up(n):.1f}"/><path class="rule" d="M{across(bound):.1f} -14V{up(n):.1f}"/>'
        + _text(round(across(bound)), height + 18, number(bound), "m")
        for bound, n in zip(e.clip_range, e.at_bounds, strict=True)
    )
    return (
        f'<g transform="translate({x} {y})"><path class="af soft" d="{skyline(e.after)}"/>'
        f'<path class="bl" d="{skyline(e.before)}"/>{bars}<path class="floor" d="M0 {height}H{width}"/></g>'
    )
