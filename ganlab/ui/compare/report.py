"""The comparison as one HTML file that needs no network: figures, samples, measurements, settings."""

import base64
import json
from datetime import datetime
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from ganlab.plots.base import Figure
from ganlab.plots.compare import LETTERS
from ganlab.ui.compare import curves, gradients, instruments, samples, settings, weights
from ganlab.ui.compare.keys import across, chip
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import html
from ganlab.ui.kit.components import Caption
from ganlab.ui.kit.files import FRONT, PLOTLY

ROLES = ("before", "after", "generator", "real", "bound", *LETTERS)  # of the theme's chartCategoricalColors, in order
THEME = (
    "text",
    "background",
    "secondaryBackground",
    "border",
    "gray",
    "blue",
    "orange",
    "violet",
    "green",
    "yellow",
    "red",
)
HEIGHT = 340  # pixels of a figure
STYLE = """
body { max-width: 1180px; margin: 2rem auto; padding: 0 1.2rem; font: 15px/1.5 sans-serif; }
h2 { margin: 2.2rem 0 .5rem; font-size: 1.2rem; }
figure { margin: 1.6rem 0 0; }
.chip, .pill { print-color-adjust: exact; }
"""
SCRIPT = "for (const [id, { data, layout }] of Object.entries(FIGURES)) Plotly.newPlot(id, data, layout, CONFIG);"
CONFIG = {"displaylogo": False, "responsive": True}


def page(picks: list[Pick], along: str) -> bytes:
    """The report on these runs as they are now; `along` is what the x axis of its charts counts."""
    picks = [pick.newest() for pick in picks]
    for pick in gradients.unmeasured(picks):
        gradients.measure(pick)
    known, found = weights.histograms(picks), gradients.known(picks)
    figures = {title: (curves.figure(title, picks, along), curves.caption(title, picks)) for title in curves.CHARTS}
    figures[weights.OVERLAID] = (weights.overlaid(known, log_y=False), weights.caption(known))
    figures[gradients.TITLE] = (gradients.figure(found), gradients.caption(found))
    drawn = {f"figure{i}": figure for i, (figure, _) in enumerate(figures.values())}
    plots = "".join(
        f"<figure>{caption.head()}<div id='figure{i}' style='height:{HEIGHT}px' role='img' "
        f"aria-label='{escape(figure['alt'], quote=True)}'></div></figure>"
        for i, (figure, caption) in enumerate(figures.values())
    )
    sections = {
        "Runs": _runs(picks),
        "Figures": plots + f"<p class='muted small'>{weights.note(known)}</p>",
        weights.ONE_BY_ONE: Caption("", html.CLAMP_KEY).head() + weights.one_by_one(known),
        "Counts": _counts(picks),
        f"Samples. {samples.note(picks)}": samples.side_by_side(picks),
        f"Measurements. {instruments.note(picks)}": instruments.table(picks),
        "Differing settings": settings.table(picks) or "<p>These runs have the same settings.</p>",
    }
    body = "".join(f"<h2>{title}</h2>{content}" for title, content in sections.items())
    now = f"{datetime.now():%Y-%m-%d %H:%M}"
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>ganlab: {len(picks)} runs compared</title><style>{_variables()}{_sheets()}{STYLE}</style>"
        f"<body class='gl'><h1>{len(picks)} runs compared</h1><p class='muted'>Made by ganlab on {now}.</p>{body}"
        f"<script>{(PLOTLY.path / 'plotly.min.js').read_text()}</script>"
        f"<script>const FIGURES = {_as_script(_painted(drawn))}, CONFIG = {_as_script(CONFIG)}; {SCRIPT}</script>"
    ).encode()


def _runs(picks: list[Pick]) -> str:
    heads = "".join(f"<th scope='col'>{head}" for head in ("", "Run", "ID", "State", "Seed", "Steps", "Critic updates"))
    body = ""
    for letter, run, name, config, record in picks:
        facts = (escape(name), escape(run.run_id), html.PILLS[record.status][2], str(config.seed))
        cells = (chip(letter), *facts, f"{record.steps_made:,}", f"{record.critic_step:,}")
        body += f"<tr>{''.join(f'<td>{cell}' for cell in cells)}"
    return f"{across('Runs')}<table><thead><tr>{heads}<tbody>{body}</table></div>"


def _counts(picks: list[Pick]) -> str:
    """Where all weights lie before and after the newest observed clamp, in exact counts."""
    names = ("below low", "at low", "inside", "at high", "above high")
    heads = "".join(f"<th scope='col'>{name}" for name in names)
    body = ""
    for letter, histogram in weights.histograms(picks).items():
        rows = {"weights": histogram.before_counts}
        if histogram.clip_range:
            rows = {"before": histogram.before_counts, "after": histogram.after_counts}
        for name, counts in rows.items():
            body += f"<tr><th scope='row'>{chip(letter)} {name}{''.join(f'<td>{n:,}' for n in counts)}"
    return f"{across('Counts')}<table><thead><tr><td>{heads}<tbody>{body}</table></div>"


def _as_script(value: object) -> str:
    """JSON that can't end the script that it is in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _theme(name: str) -> Any:
    """A value of the light theme in config.toml."""
    return st.get_option(f"theme.light.{name}")


def _variables() -> str:
    """The CSS variables that the sheets use, which Streamlit and front/page.js set on a page."""
    values = {f"--st-{name}-color": _theme(f"{name}Color") for name in THEME}
    values["--st-secondary-background-color"] = _theme("secondaryBackgroundColor")
    values |= {"--st-font": "sans-serif", "--st-heading-font": "serif"}
    values |= {f"--gl-run-{letter}": colour for letter, colour in _colours().items() if letter in LETTERS}
    return f":root{{{';'.join(f'{name}:{value}' for name, value in values.items())}}}"


def _sheets() -> str:
    return "".join((FRONT.path / f"{name}.css").read_text() for name in ("lab", "compare"))


def _colours() -> dict[str, str]:
    """The colours of the roles, as front/plot.js has them."""
    named = {"text": "text", "muted": "gray", "grid": "border", "page": "background"}
    of_theme = {role: _theme(f"{name}Color") for role, name in named.items()}
    return of_theme | dict(zip(ROLES, _theme("chartCategoricalColors"), strict=True))


def _painted(figures: dict[str, Figure]) -> dict[str, Figure]:
    """Figures as Plotly alone draws them: with colours for roles, and with every array in its own format."""
    colours = _colours()
    return {
        name: {"data": _plain(figure["data"], colours), "layout": _layout(_plain(figure["layout"], colours), colours)}
        for name, figure in figures.items()
    }


def _layout(layout: Figure, colours: dict[str, str]) -> Figure:
    tick, title = {"color": colours["muted"], "size": 11.5}, {"color": colours["muted"], "size": 12}
    axis = {"gridcolor": colours["grid"], "linecolor": colours["grid"], "zeroline": False, "tickfont": tick}
    for name in ("xaxis", "yaxis"):
        layout[name] = axis | layout[name] | {"title": {"font": title} | layout[name].get("title", {})}
    return {"showlegend": False, "font": {"color": colours["text"], "size": 12.5}, "separators": ".,"} | layout


def _plain(value: Any, colours: dict[str, str]) -> Any:
    """The value with roles, such as `$A 0.16`, and counts of a unit resolved, as in front/plot.js."""
    if isinstance(value, str) and value.startswith("$"):
        role, _, opacity = value[1:].partition(" ")
        return colours[role] + (f"{round(255 * float(opacity)):02x}" if opacity else "")
    if isinstance(value, list | tuple):
        return [_plain(each, colours) for each in value]
    if isinstance(value, dict) and "counts" in value:
        counts = np.frombuffer(base64.b64decode(value["counts"]), "<i2").reshape(value["shape"])
        return (counts * value["unit"]).tolist()
    if isinstance(value, dict):
        return {name: _plain(each, colours) for name, each in value.items()}
    return value
