"""The comparison as one HTML file that needs no network: figures, samples, measurements, settings, methods."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

import streamlit as st

import ganlab
from ganlab.formatting import NOTHING
from ganlab.plots.base import Figure
from ganlab.plots.compare import LETTERS
from ganlab.ui.compare import against, answer, curves, gradients, instruments, methods, samples, settings, weights
from ganlab.ui.compare.against import Chosen
from ganlab.ui.compare.keys import across, chip
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import html
from ganlab.ui.kit.components import Caption
from ganlab.ui.kit.files import FRONT, PLOTLY

COLOURS = ("text", "background", "border", "gray", "blue", "orange", "violet", "green", "yellow", "red")
SHEETS = ("lab.css", "compare.css", "figure.css", "report.css")
HEIGHT = 340  # pixels of a figure
SWEEP = "The sweep"
START = """
const elements = [...document.querySelectorAll(".gl-plot")], dark = matchMedia("(prefers-color-scheme: dark)");
elements.forEach((element, i) => plot({ parentElement: element.parentElement, data: FIGURES[i] }));
document.querySelectorAll("[data-title]").forEach(element => equip(element, element.dataset));
const repaint = onPaper => {
  document.documentElement.classList.toggle("paper", onPaper);
  for (const element of elements) {
    const state = stateOf(element);
    state.roles = themeRoles(element.parentElement);
    state.drawNewest();
  }
};
dark.addEventListener("change", () => repaint(false));
addEventListener("beforeprint", () => repaint(true));
addEventListener("afterprint", () => repaint(false));
"""
"""Draws every plot as on a page, and again when the colours change; paper is white."""


def page(picks: list[Pick], along: str = "step", log_y: bool = False, sweep: Sequence[Chosen] = ()) -> bytes:
    """The report on these runs as they are now, with the figures of a sweep if there is one.

    `along` is what the x axis of its charts counts; with `log_y` the shares of the weights are on a logarithmic axis.
    """
    picks = [pick.last_known() for pick in picks]
    for pick in gradients.unmeasured(picks):
        gradients.measure(pick)
    known, found = weights.histograms(picks), gradients.known(picks)
    plots: dict[str, tuple[Figure, Caption]] = {}
    plots |= {one.caption.title: (against.drawn(one, picks), one.caption) for one in sweep}
    of_sweep = "".join(_plot(*plot) for plot in plots.values())
    plots |= {title: (curves.figure(title, picks, along), curves.caption(title, picks)) for title in curves.CHARTS}
    charts = "".join(_plot(*plots[title]) for title in curves.CHARTS)
    plots[weights.OVERLAID] = weights.overlaid(known, log_y), weights.caption(known)
    plots[gradients.TITLE] = gradients.figure(found), gradients.caption(found)
    one_by_one = weights.one_by_one_caption()
    sections = {"Runs": _runs(picks)}
    if sweep:
        words = f"<p>{answer.in_words(sweep[0].runs)}</p>"
        sections[SWEEP] = (
            f"{words}<div class='two'>{of_sweep}</div>{_note(f'{escape(sweep[0].name)}. {sweep[0].note}')}"
        )
    sections |= {
        "Measurements": _figure(Caption("Measurements"), instruments.table(picks)) + _note(instruments.note(picks)),
        "Over time": f"<div class='two'>{charts}</div>{_note(curves.note(picks))}",
        "Critic weights around the clamp": _plot(*plots[weights.OVERLAID])
        + _note(weights.note(known))
        + f"<h3>{one_by_one.title}</h3>{_figure(one_by_one, weights.one_by_one(known))}<h3>Counts</h3>{_counts(picks)}",
        "Samples": _figure(samples.caption(), samples.side_by_side(picks)) + _note(samples.note(picks)),
        "Gradients": _plot(*plots[gradients.TITLE]) + _note(gradients.note(picks, found)),
        **_settings(picks),
        "Methods": f"<p>{escape(methods.paragraph(picks))}</p><pre tabindex='0'>{escape(methods.bibtex(picks))}</pre>",
    }
    body = "".join(f"<section><h2>{title}</h2>{content}</section>" for title, content in sections.items())
    made = f"Made by ganlab {ganlab.__version__} on {datetime.now(UTC):%Y-%m-%d at %H:%M} UTC."
    drawn = [figure | caption.as_data() | {"height": HEIGHT} for figure, caption in plots.values()]
    title = _title(picks)
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)} · ganlab</title><style>{_variables()}{''.join(map(_front, SHEETS))}</style>"
        f"<body class='gl'><h1>{escape(title)}</h1><p class='muted'>{made}</p>{body}"
        f"<script>{(PLOTLY.path / 'plotly.min.js').read_text(encoding='utf-8')}</script>"
        f"<script type='module'>const FIGURES = {_as_script(drawn)};\n{_module('plot.js', set())}{START}</script>"
    ).encode()


def _title(picks: list[Pick]) -> str:
    """One run's name, or how many there are and what data they learn."""
    if len(picks) == 1:
        return picks[0].name
    data = dict.fromkeys(settings.value(pick.config, "dataset") for pick in picks)
    return f"{len(picks)} runs compared: {', '.join(name for name in data if name != NOTHING)}".removesuffix(": ")


def _plot(figure: Figure, caption: Caption) -> str:
    """Where the next of the plots is drawn, below its title and key."""
    label, style = f"aria-label='{escape(figure['alt'])}'", f"style='height:{HEIGHT}px'"
    return f"<figure>{caption.head()}<div><div class='gl-plot' {label} {style}></div></div></figure>"


def _figure(caption: Caption, drawn: str) -> str:
    """HTML that can be saved as a picture, with this title and key."""
    data = "".join(f" data-{name}='{escape(text)}'" for name, text in caption.as_data().items())
    return f"<div{data}>{drawn}</div>"


def _settings(picks: list[Pick]) -> dict[str, str]:
    """The sections on the settings: those of one run differ only if it was changed."""
    differing, shared = settings.table(picks), settings.shared(picks)
    if not differing and len(picks) == 1:
        return {"Settings": shared}
    return {"Differing settings": differing or "<p>These runs have the same settings.</p>", "Other settings": shared}


def _note(text: str) -> str:
    return f"<p class='note'>{text}</p>" if text else ""


def _runs(picks: list[Pick]) -> str:
    heads = "".join(f"<th scope='col'>{head}" for head in ("", "Run", "ID", "State", "Seed", "Steps", "Critic updates"))
    body = ""
    for letter, run, name, config, record in picks:
        named = f"{escape(name)} {settings.changed(record.changes)}"
        facts = named, escape(run.run_id), html.PILLS[record.status][2], settings.value(config, "seed")
        cells = (chip(letter), *facts, f"{record.steps_made:,}", f"{record.critic_step:,}")
        body += f"<tr>{''.join(f'<td>{cell}' for cell in cells)}"
    return f"{across('Runs')}<table class='named'><thead><tr>{heads}<tbody>{body}</table></div>"


def _counts(picks: list[Pick]) -> str:
    """Where all weights lie before and after the newest observed clamp, in exact counts; without a clamp, how many."""
    names = ("weights", "below low", "at low", "inside", "at high", "above high")
    heads = "".join(f"<th scope='col'>{name}" for name in names)
    body = ""
    for letter, histogram in weights.histograms(picks).items():
        rows = {"before": histogram.before_counts, "after": histogram.after_counts}
        if histogram.clip_range is None:
            rows = {"not clamped": histogram.before_counts}
        for name, counts in rows.items():
            where = [f"{n:,}" for n in counts] if histogram.clip_range else [NOTHING] * len(counts)
            cells = "".join(f"<td>{cell}" for cell in (f"{counts.total:,}", *where))
            body += f"<tr><th scope='row'>{chip(letter)} {name}{cells}"
    return f"{across('Counts')}<table><thead><tr><td>{heads}<tbody>{body}</table></div>"


def _as_script(value: object) -> str:
    """JSON that can't end the script that it is in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _variables() -> str:
    """The CSS variables that the sheets and plots use, which on a page come from Streamlit and front/page.js."""
    light, dark = _theme("light"), _theme("dark")
    return (
        f":root{{color-scheme:light dark;--st-font:sans-serif;--st-heading-font:serif;{light}}}"
        f"@media (prefers-color-scheme: dark){{:root:not(.paper){{{dark}}}}}"
    )


def _theme(which: str) -> str:
    """A theme of config.toml as variables."""

    def option(name: str) -> Any:
        return st.get_option(f"theme.{which}.{name}")

    values = {f"--st-{name}-color": option(f"{name}Color") for name in COLOURS}
    values["--st-secondary-background-color"] = option("secondaryBackgroundColor")
    values["--st-chart-categorical-colors"] = ",".join(option("chartCategoricalColors"))
    runs = zip(LETTERS, option("chartCategoricalColors")[-len(LETTERS) :], strict=True)
    values |= {f"--gl-run-{letter}": colour for letter, colour in runs}
    return "".join(f"{name}:{value};" for name, value in values.items())


def _front(name: str) -> str:
    return (FRONT.path / name).read_text(encoding="utf-8")


def _module(name: str, done: set[str]) -> str:
    """A script after all those that it imports, but for those that are `done`: one module without imports."""
    done.add(name)
    text, imports = _front(name), re.compile(r'^import .* from "./(\w+.js)";\n', re.MULTILINE)
    before = [_module(other, done) for other in imports.findall(text) if other not in done]
    return "".join(before) + imports.sub("", text)
