"""Small drawings as SVG strings, coloured by the theme through the classes of front/lab.css."""

import base64
from functools import cache
from html import escape
from itertools import groupby

import numpy as np

from ganlab.config import PRESETS
from ganlab.data import datasets, images
from ganlab.gan.clipping import WeightHistogram
from ganlab.runs.snapshot import Snapshot

MINI_HEIGHT = 34


def data_uri(picture: bytes, kind: str = "png") -> str:
    """A PNG or GIF that travels inside the page: no URL that could be gone when the browser asks for it."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def sheet_uri(samples: np.ndarray, columns: int) -> str:
    """uint8 [n, h, w, c] as one picture in native size."""
    return data_uri(images.png(images.sheet(samples, columns), compress_level=1))


def mini(histogram: WeightHistogram) -> str:
    """A histogram the size of a word, in some 400 bytes. One bin is 4 units wide.

    A clamp leaves what is inside the bounds alone, so the fill (after) is the outline (before) cut off there.
    """
    before, counts = histogram.before.tolist(), histogram.after_counts
    top = max(*before, counts.at_low, counts.at_high, 1) * 1.04
    low, high = (4 * int(np.searchsorted(histogram.edges, np.float32(bound))) for bound in histogram.clip_range)

    def level(n: int) -> int:
        return MINI_HEIGHT - round(n / top * MINI_HEIGHT)

    def post(x: int, n: int) -> str:
        return f'<path d="M{x} {MINI_HEIGHT}V{level(n)}" class="p"/>' if n else ""

    steps = (f"V{height}h{4 * len(list(same))}" for height, same in groupby(map(level, before)))
    skyline = f"M0 {MINI_HEIGHT}{''.join(steps)}V{MINI_HEIGHT}"
    layer = escape(histogram.name)
    name = f"mini-{layer}"
    return (
        f'<svg viewBox="0 0 {4 * len(before)} {MINI_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="histogram of {layer}"><defs><path id="{name}" d="{skyline}"/></defs>'
        f'<svg x="{low}" width="{high - low}" viewBox="{low} 0 {high - low} {MINI_HEIGHT}" '
        f'preserveAspectRatio="none"><use href="#{name}" class="f"/></svg><use href="#{name}" class="o"/>'
        f"{post(low, counts.at_low)}{post(high, counts.at_high)}</svg>"
    )


def run_thumb(snapshot: Snapshot) -> str:
    """What a run makes at the moment, 146 x 74."""
    if snapshot.samples is None:
        return "<div class='runpic' role='img' aria-label='no samples yet'></div>"
    if snapshot.samples.ndim == 2:
        return f"<div class='runpic' role='img' aria-label='generated points'>{_dots(snapshot.samples[:256])}</div>"
    uri = sheet_uri(snapshot.samples[:32], columns=8)
    return f"<img class='runpic' src='{uri}' alt='generated samples'>"


@cache
def dataset_thumb(name: str) -> str:
    """Real samples of a preset's dataset, for its card."""
    real = datasets.load(PRESETS[name]).held_out[:420]
    if real.ndim == 2:
        return _dots(real.numpy())
    uri = sheet_uri(images.to_uint8(real[:32].numpy()), columns=8)
    return f'<svg viewBox="0 0 236 132" role="img" aria-label="real samples">{ink(uri, 18, 15, 200, 102, "ink")}</svg>'


def _dots(points: np.ndarray) -> str:
    """Points of [-2, 2]^2."""
    dots = "".join(f'<circle cx="{66 + 32 * x:.1f}" cy="{66 - 32 * y:.1f}" r="1.25"/>' for x, y in points)
    return f'<svg viewBox="0 0 132 132" fill="currentColor" opacity=".75" role="img" aria-label="points">{dots}</svg>'


def ink(uri: str, x: float, y: float, width: float, height: float, look: str) -> str:
    """A grey picture as ink in a colour of the theme: dark on light by day, light on dark by night."""
    box = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    name = f"ink-{abs(hash((uri, x, y)))}"
    return (
        f'<mask id="{name}"><image href="{uri}" {box} preserveAspectRatio="none" style="image-rendering:pixelated"/>'
        f'</mask><rect {box} class="{look}" fill="currentColor" mask="url(#{name})"/>'
    )
