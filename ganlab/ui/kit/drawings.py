"""Pictures inside the page: samples as data URIs, and small SVG drawings coloured by the classes of front/lab.css."""

import base64
from functools import cache
from html import escape
from itertools import groupby

import numpy as np

from ganlab.data import datasets, images
from ganlab.gan.histograms import WeightHistogram
from ganlab.presets import PRESETS

MINI_HEIGHT = 34


def data_uri(picture: bytes, kind: str = "png") -> str:
    """A PNG or GIF that travels inside the page, so that there is no URL that could expire before it is loaded."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def sheet_uri(samples: np.ndarray, columns: int) -> str:
    """Samples uint8 [n, h, w, c] as one picture, one screen pixel for each of theirs."""
    return data_uri(images.png(images.sheet(samples, columns), compress_level=1))


def screen_width(pixels: np.ndarray, columns: int, card_width: int) -> int:
    """The width of a sheet of uint8 [n, h, w, c] on the page, in screen pixels.

    A whole number of screen pixels, at most 8, for each pixel of a sample, where that leaves at most a fifth of the
    card empty; else the card's full width.
    """
    native = (pixels.shape[2] + images.GAP) * columns + images.GAP
    whole = native * min(card_width // native, 8)
    return whole if whole >= 0.8 * card_width or whole == 8 * native else card_width


def mini(histogram: WeightHistogram) -> str:
    """A histogram the size of a word, in about 400 bytes. One bin is 4 units wide.

    A clamp does not move what is inside the bounds, so the fill (after) is the outline (before) cut off at the bounds.
    Without a clamp there is only the outline.
    """
    before, counts = histogram.before.tolist(), histogram.after_counts
    top = max(*before, counts.at_low, counts.at_high, 1) * 1.04

    def level(n: int) -> int:
        return MINI_HEIGHT - round(n / top * MINI_HEIGHT)

    def post(x: int, n: int) -> str:
        return f'<path d="M{x} {MINI_HEIGHT}V{level(n)}" class="p"/>' if n else ""

    steps = (f"V{height}h{4 * len(list(same))}" for height, same in groupby(map(level, before)))
    skyline = f"M0 {MINI_HEIGHT}{''.join(steps)}V{MINI_HEIGHT}"
    layer = escape(histogram.name)
    name = f"mini-{layer}"
    fill = posts = ""
    if histogram.clip_range:
        low, high = (4 * int(np.searchsorted(histogram.edges, np.float32(bound))) for bound in histogram.clip_range)
        box = f'x="{low}" width="{high - low}" viewBox="{low} 0 {high - low} {MINI_HEIGHT}"'
        fill = f'<svg {box} preserveAspectRatio="none"><use href="#{name}" class="f"/></svg>'
        posts = post(low, counts.at_low) + post(high, counts.at_high)
    return (
        f'<svg viewBox="0 0 {4 * len(before)} {MINI_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="histogram of {layer}"><defs><path id="{name}" d="{skyline}"/></defs>'
        f'{fill}<use href="#{name}" class="o"/>{posts}</svg>'
    )


@cache
def dataset_thumb(name: str) -> str:
    """Real samples of a preset's dataset, as SVG."""
    real = datasets.load(PRESETS[name]).held_out[:420]
    if real.ndim == 2:
        return dots(real.numpy())
    uri = sheet_uri(images.to_uint8(real[:32].numpy()), columns=8)
    return f'<svg viewBox="0 0 236 132" role="img" aria-label="real samples">{ink(uri, 18, 15, 200, 102, "ink")}</svg>'


def dots(points: np.ndarray) -> str:
    """Points [n, 2] from -2 to 2."""
    head = '<svg viewBox="0 0 132 132" fill="currentColor" opacity=".75" role="img" aria-label="points">'
    circles = "".join(f'<circle cx="{66 + 32 * x:.1f}" cy="{66 - 32 * y:.1f}" r="1.25"/>' for x, y in points)
    return f"{head}{circles}</svg>"


def ink(uri: str, x: float, y: float, width: float, height: float, css_class: str) -> str:
    """A grey picture as ink in the colour of a CSS class: dark on a light theme, light on a dark one."""
    box = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    name = f"ink-{abs(hash((uri, x, y)))}"
    return (
        f'<mask id="{name}"><image href="{uri}" {box} preserveAspectRatio="none" style="image-rendering:pixelated"/>'
        f'</mask><rect {box} class="{css_class}" fill="currentColor" mask="url(#{name})"/>'
    )
