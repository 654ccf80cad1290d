"""The HTML report of a comparison: every number in it against the files of the runs, read without ganlab."""

import csv
import dataclasses
import io
import json
import math
import re
import shutil
from base64 import b64decode
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from stubs import TINY, TINY_IMAGES, unpacked

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.measure.reading import INSTRUMENTS
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.sweep import name_of
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.compare import against, downloads, gradients, report
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.files import PLOTLY

POINTS = dataclasses.replace(TINY, depth=2)
PENALTY = dataclasses.replace(POINTS, constraint="gradient-penalty", penalty=0.5)
SPECTRAL = dataclasses.replace(POINTS, constraint="spectral-norm", seed=3)
CLIPPED, CHANGED, LAST = 100, (-0.2, 0.2), 150  # steps under the first range, the second one, and steps in all
LETTERS = "ABCD"
WEIGHTS = "Critic weights around the clamp"
COLUMNS = ["A", "B", "CD"]  # of the measurements: C and D differ in their seed alone


class Written(NamedTuple):
    """What a run's folder holds."""

    path: Path
    config: dict[str, Any]
    metrics: list[dict[str, float]]
    looks: list[dict[str, float]]
    about: dict[str, Any]  # of the newest moment
    moment: dict[str, np.ndarray]

    def metric(self, column: str) -> np.ndarray:
        return np.array([row[column] for row in self.metrics])

    def found(self, column: str) -> float:
        """What the newest look found; NaN without any."""
        return self.looks[-1][column] if self.looks else math.nan

    @property
    def steps(self) -> list[float]:
        return [row["step"] for row in self.metrics]

    def pooled(self, name: str) -> np.ndarray:
        """Of all layers that were clamped, or of all if none was."""
        clamped = [scale is not None for scale in self.about["scales"]]
        return self.moment[name][clamped if any(clamped) else slice(None)].sum(axis=0)


def trained(path: Path, config: TrainConfig, which: frozenset[str] = INSTRUMENTS) -> Path:
    TrainingRun(RunFolder(path, config), instruments=which).run()
    return path


def changed(path: Path) -> Path:
    """A run whose clip range was changed once."""
    trained(path, dataclasses.replace(POINTS, steps=CLIPPED))
    resumed = TrainingRun(RunFolder.reopen(path, LAST), instruments=INSTRUMENTS)
    resumed.change(clip_range=CHANGED)
    resumed.run()
    return path


def rows_of(path: Path) -> list[dict[str, float]]:
    rows = csv.DictReader(path.read_text().splitlines()) if path.exists() else ()
    return [{name: float(cell or "nan") for name, cell in row.items()} for row in rows]


def written(path: Path) -> Written:
    with safe_open(sorted((path / "moments").iterdir())[-1], "np") as file:
        moment = {name: file.get_tensor(name) for name in file.offset_keys()}
        about = json.loads(file.metadata()["moment"])
    config = json.loads((path / "config.json").read_text())
    return Written(path, config, rows_of(path / "metrics.csv"), rows_of(path / "instruments.csv"), about, moment)


def picks_of(paths: list[Path]) -> list[Pick]:
    return [Pick.of(letter, SavedRun(path)) for letter, path in zip(LETTERS, paths, strict=False)]


def report_on(paths: list[Path], along: str = "step") -> str:
    """The report, without Plotly's own script."""
    plotly = (PLOTLY.path / "plotly.min.js").read_text()
    text = report.page(picks_of(paths), along).decode()
    assert text.count(plotly) == 1
    return text.replace(plotly, "")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Clipped, with a change; with a penalty and without instruments; twice with spectral norm; and one like B."""
    at = tmp_path_factory.mktemp("runs")
    return {
        "A": changed(at / "clipped"),
        "B": trained(at / "penalty", PENALTY, frozenset()),
        "C": trained(at / "spectral", SPECTRAL),
        "D": trained(at / "again", dataclasses.replace(SPECTRAL, seed=5)),
        "like B": trained(at / "like-penalty", PENALTY),
    }


@pytest.fixture(scope="module")
def runs(folders: dict[str, Path]) -> dict[str, Written]:
    return {name: written(path) for name, path in folders.items()}


@pytest.fixture(scope="module")
def text(folders: dict[str, Path]) -> str:
    return report_on([folders[letter] for letter in LETTERS])


@pytest.fixture(scope="module")
def figures(text: str) -> list[Any]:
    """The critic's estimate, the distance, the weights, the gradients."""
    return figures_in(text)


def figures_in(text: str) -> list[Any]:
    return json.JSONDecoder().raw_decode(text.partition("const FIGURES = ")[2])[0]


def section(text: str, title: str) -> str:
    assert text.count(f"<h2>{title}</h2>") == 1
    return text.partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]


def table(html: str) -> dict[str, list[str]]:
    """The rows of the first table: their heads, and the words of their cells."""
    rows = re.findall(r"<tr>(.*?)(?=<tr>|</table>)", html.partition("<tbody>")[2].partition("</table>")[0] + "</table>")
    cells = [[words(cell.partition(">")[2]) for cell in re.split("<t[dh]", row)[1:]] for row in rows]
    assert len({head for head, *_ in cells}) == len(cells)
    return {head: rest for head, *rest in cells}


def words(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).replace("★", " ").split())


def number(text: str) -> float:
    """A number as people read it; NaN for a dash."""
    if text == "–":
        return math.nan
    plain = text.replace("−", "-").replace(",", "").replace("∞", "inf")
    return float(plain.removesuffix("%")) / 100 if plain.endswith("%") else float(plain)


def close(value: float, share: bool = False) -> Any:
    """To three digits, to two below a thousandth and from 100,000 on, or for a share to a tenth of a percent."""
    digits = 3 if 1e-3 <= abs(value) < 1e5 else 2
    bound = {"abs": 0.00051} if share else {"rel": 0.51 * 10 ** (1 - digits), "abs": 0}
    return pytest.approx(value, nan_ok=True, **bound)


def of(figure: dict[str, Any], name: str) -> dict[str, Any]:
    (trace,) = [trace for trace in figure["data"] if trace["name"] == name]
    return trace


def medians(values: np.ndarray) -> np.ndarray:
    return np.array([np.median(values[max(0, i - 12) : i + 13]) for i in range(len(values))])


def joined(parts: list[Any]) -> np.ndarray:
    """The parts with a gap between any two."""
    return np.concatenate([array for part in parts for array in ([math.nan], part)][1:] or [[]])


def test_the_table_of_runs(text: str, runs: dict[str, Written]) -> None:
    shown = table(section(text, "Runs"))
    assert list(shown) == list(LETTERS)
    for letter, (name, run_id, state, seed, steps, updates) in shown.items():
        run = runs[letter]
        ended = json.loads((run.path / "ended.json").read_text())
        assert (run_id, state, seed) == (run.path.name, "Finished", str(run.config["seed"]))
        assert (number(steps), number(updates)) == (ended["step"], ended["critic_step"])
        held = {"clip": "±0.1 to ±0.2", "gradient-penalty": "penalty 0.5", "spectral-norm": "spectral norm"}
        assert name == f"8 Gaussians, {held[run.config['constraint']]}{' changed' if letter == 'A' else ''}"


@pytest.mark.parametrize("along", ["step", "critic_step", "seconds"])
def test_the_curves(along: str, folders: dict[str, Path], runs: dict[str, Written]) -> None:
    estimates, distances, *_ = figures_in(report_on([folders[letter] for letter in LETTERS], along))
    for letter in LETTERS:
        run = runs[letter]
        x, y = run.metric(along), run.metric("critic_estimate")
        points = {"x": [x], "customdata": [medians(y)]}
        if letter == "A":  # 150 steps: means of two; the stretches of two ranges are apart
            halves = slice(CLIPPED), slice(CLIPPED, None)
            points = {
                "x": [twos(x[half]) for half in halves],
                "customdata": [twos(medians(y[half])) for half in halves],
            }
        for name, parts in points.items():
            drawn = unpacked(of(estimates, letter)[name])
            assert drawn == pytest.approx(joined(parts), rel=1e-5, nan_ok=True)
        looks = [(look["step"], x[run.steps.index(look["step"])], look["w1"]) for look in run.looks]
        halves = [[one for one in looks if (one[0] <= CLIPPED) is first] for first in (True, False)]
        for name, column in (("x", 1), ("y", 2)):
            drawn = unpacked(of(distances, letter)[name])
            expected = joined([[one[column] for one in half] for half in halves if half])
            assert drawn == pytest.approx(expected, rel=1e-5, nan_ok=True)
    check_axis(estimates)
    for figure, n in ((estimates, 4), (distances, 3)):
        notes = figure["layout"]["annotations"]
        assert len(notes) == n
        for note in notes:
            line = of(figure, words(note["text"]))
            end = 10 ** note["y"] if figure["layout"]["yaxis"].get("type") == "log" else note["y"]
            assert (note["x"], end) == pytest.approx((unpacked(line["x"])[-1], unpacked(line["y"])[-1]), rel=1e-4)


def twos(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, 2).mean(axis=1)


def check_axis(figure: dict[str, Any]) -> None:
    """On an asinh axis every place is that of its value, and every tick that of its number."""
    places, values = (np.concatenate([unpacked(one[name]) for one in figure["data"]]) for name in ("y", "customdata"))
    unit = np.nanmedian(values / np.sinh(places))
    assert unit * np.sinh(places) == pytest.approx(values, rel=1e-3, nan_ok=True)
    axis = figure["layout"]["yaxis"]
    ticks = [unit * math.sinh(place) for place in axis["tickvals"]]
    assert ticks == pytest.approx([number(tick) for tick in axis["ticktext"]], rel=0.01)


def test_the_weights(text: str, figures: list[Any], runs: dict[str, Written]) -> None:
    counts = table(section(text, WEIGHTS).partition("<h3>Counts</h3>")[2])
    names = set()
    for letter in LETTERS:
        run = runs[letter]
        before, after, (counted, counted_after) = map(run.pooled, ("before", "after", "counts"))
        total, clips = counted.sum(), run.config["constraint"] == "clip"
        for name, bins in {"before": before, "after": after}.items() if clips else [("weights", before)]:
            names.add(f"{letter} {name}")
            drawn = of(figures[2], f"{letter} {name}")
            assert unpacked(drawn["customdata"]) == pytest.approx(run.moment["edges"], rel=1e-6, abs=1e-12)
            assert unpacked(drawn["y"]) * total == pytest.approx([*bins, 0], rel=1e-5)
        if not clips:
            assert counts[f"{letter} not clamped"] == [f"{total:,}", *"–––––"]
            continue
        names.add(f"{letter} on a bound")
        posts = of(figures[2], f"{letter} on a bound")
        assert unpacked(posts["y"])[[1, 4]] * total == pytest.approx(counted_after[[1, 3]], rel=1e-5)
        assert np.diff(unpacked(posts["x"])[[0, 1, 3, 4]]).tolist()[::2] == [0, 0]  # upright
        assert counts[f"{letter} before"] == [f"{n:,}" for n in (total, *counted)]
        assert counts[f"{letter} after"] == [f"{n:,}" for n in (total, *counted_after)]
    assert len(counts) == 5
    assert {trace["name"] for trace in figures[2]["data"]} == names
    # On the asinh axis of widths that differ: every place is that of its weight, and every tick that of its number.
    lines = [trace for trace in figures[2]["data"] if "customdata" in trace]
    places, edges = (np.concatenate([unpacked(line[name]) for line in lines]) for name in ("x", "customdata"))
    axis = figures[2]["layout"]["xaxis"]
    unit = 1.0
    if "ticktext" in axis:
        unit = np.median(edges[edges != 0] / np.sinh(places[edges != 0]))
        ticks = [unit * math.sinh(place) for place in axis["tickvals"]]
        assert ticks == pytest.approx([number(tick) for tick in axis["ticktext"]], rel=1e-3)
        places = np.sinh(places)
    assert places * unit == pytest.approx(edges, rel=1e-3, abs=1e-6)


def test_the_weights_one_by_one(text: str, runs: dict[str, Written]) -> None:
    minis = re.findall(r"<figure><figcaption>(.*?)</figcaption>(.*?)</figure>", section(text, WEIGHTS))
    widths = {letter: runs[letter].moment["edges"][-1] for letter in LETTERS}
    clamped = [letter for letter in LETTERS if runs[letter].config["constraint"] == "clip"]
    free = [letter for letter in LETTERS if letter not in clamped]
    in_order = sorted(clamped, key=lambda letter: (widths[letter], letter)) + free
    assert [words(caption)[0] for caption, _ in minis] == in_order
    for caption, drawn in minis:
        run = runs[words(caption)[0]]
        before, (counted, counted_after) = run.pooled("before"), run.pooled("counts")
        total = counted.sum()
        if run.config["constraint"] == "clip":
            moved, at_bound = (number(share) for share in re.findall(r"([\d.]+ %)", words(caption)))
            assert moved == close((counted[0] + counted[4]) / total, share=True)
            assert at_bound == close((counted_after[1] + counted_after[3]) / total, share=True)
        else:
            assert words(caption)[2:] == f"{total:,} weights, not clamped"
        low, middle, high = words(drawn).split()
        assert (number(low), number(middle)) == (-number(high), 0)
        assert number(high) == pytest.approx(run.moment["edges"][-1] if run.about["clip_range"] is None else 0.25)
        # The outline: V for the height of a bin, h for the width of equal ones.
        steps = re.findall(r"V(\d+)h(\d+)", drawn.partition("<path id=")[2])
        heights = [34 - int(level) for level, width in steps for _ in range(int(width) // 4)]
        posts = [34 - int(level) for level in re.findall(r'34V(\d+)" class="p"', drawn)]
        top = max(*before, *counted_after[[1, 3]]) * 1.04
        assert heights == pytest.approx(before / top * 34, abs=0.5)
        assert posts == pytest.approx([n / top * 34 for n in counted_after[[1, 3]] if n], abs=0.5)


def test_the_samples(text: str, runs: dict[str, Written]) -> None:
    shown = section(text, "Samples")
    assert words(shown.rpartition("<p")[2].partition(">")[2]) == "Generated from the same latents: A, B."
    figures = re.findall(r"<figure><figcaption>(.*?)</figcaption>(.*?)</figure>", shown)
    for letter, (caption, drawn) in zip(LETTERS, figures, strict=True):
        run = runs[letter]
        with safe_open(run.path / "real.safetensors", "np") as file:
            clouds = {"generated": run.moment["samples"], "real": file.get_tensor("real")}
        outside = {name: (~(np.abs(points[:256]) <= 2).all(axis=1)).sum() for name, points in clouds.items()}
        counts = "".join(f", {n} {name} outside" for name, n in outside.items() if n)
        assert words(caption) == f"{letter} step {run.steps[-1]:.0f}{counts}"
        for name, points in clouds.items():
            (path,) = re.findall(rf"class='{name}' d='([^']*)'", drawn)
            dots = [[int(n) for n in dot.split()] for dot in re.findall(r"M(\d+ \d+)h0", path)]
            inside = points[:256][(np.abs(points[:256]) <= 2).all(axis=1)]
            assert np.array(dots).reshape(-1, 2) == pytest.approx(inside * (50, -50) + 100, abs=0.51)
            assert len(dots) or (letter, name) != ("C", "generated")


def test_the_sheets_are_of_the_newest_moment(tmp_path: Path) -> None:
    paths = [trained(tmp_path / "run", TINY_IMAGES, frozenset())]
    (sheet,) = re.findall(r"class='sheet' src='data:image/png;base64,([^']+)'", report_on(paths))
    drawn = np.asarray(Image.open(io.BytesIO(b64decode(sheet))))
    samples = written(paths[0]).moment["samples"][..., 0]
    assert drawn.shape == (4 * 18 + 2, 4 * 18 + 2)  # two black lines around each of 16
    for i in range(16):
        y, x = 18 * (i // 4) + 2, 18 * (i % 4) + 2
        assert (drawn[y : y + 16, x : x + 16] == samples[i]).all()


def test_the_figure_of_a_sweep(tmp_path: Path) -> None:
    """Any measure against the clip range: a dot for each run, the median of the seeds, and a line for the penalty."""
    configs = [dataclasses.replace(TINY, clip_range=(-c, c), seed=seed) for c in (0.25, 0.5) for seed in (0, 1, 2)]
    configs.append(dataclasses.replace(TINY, constraint="gradient-penalty", penalty=0.5))
    paths = [trained(tmp_path / "my <sweep>" / name_of(config), config) for config in configs]
    swept = [SweptRun(path, config) for path, config in zip(paths, configs, strict=True)]
    picks = picks_of([paths[1], paths[-1]])
    for pick in picks:
        pick.run.run_id = f"my <sweep>/{pick.run.path.name}"
    runs = [written(path) for path in paths]
    for name, label in against.OFFERED.items():
        chosen = against.Chosen(swept, name, "clip_range")
        text = report.page(picks, sweep=[chosen]).decode()
        figure = figures_in(text)[0]
        assert "my &lt;sweep&gt;" in section(text, "The sweep")
        values = [np.float32(measured(run)[label]) for run in runs]
        if np.isnan(values).all():
            assert figure["data"] == []
            continue
        assert (figure["title"], figure["layout"]["yaxis"]["title"]["text"]) == (f"{label} against clip range", label)
        lines = [trace for trace in figure["data"] if "ids" not in trace]
        axis = figure["layout"]["yaxis"]
        foot = axis["tickvals"][0] if "0" in axis.get("ticktext", ()) else 0  # where a logarithmic axis has a zero
        places = [np.float32(value or foot) for value in values]
        medians = [float(np.median(values[i : i + 3])) or foot for i in (0, 3)]
        assert unpacked(lines[0]["x"]).tolist() == [0.25, 0.5]
        assert unpacked(lines[0]["y"]) == pytest.approx(medians, rel=1e-6)
        if np.isnan(values[-1]):
            assert len(lines) == 1
        else:
            assert lines[1]["name"] == "Gradient penalty"
            assert unpacked(lines[1]["y"]).tolist() == [places[-1]] * 2
        drawn = {
            one: (trace["name"], x, y)
            for trace in figure["data"]
            for one, x, y in zip(trace.get("ids", ()), unpacked(trace["x"]), unpacked(trace["y"]), strict=False)
        }
        letters = dict.fromkeys(range(7), "runs") | {1: "A", 6: "B"}
        for i, (run, value) in enumerate(zip(runs, places, strict=True)):
            if np.isnan(value):
                assert run.path.name not in drawn
                continue
            letter, x, y = drawn[run.path.name]
            assert (letter, y) == (letters[i], value)
            assert x == np.float32(run.config["clip_range"][1]) or i == 6
    assert "The sweep" not in report_on(paths[:1])


def test_the_gradients(figures: list[Any], runs: dict[str, Written]) -> None:
    assert len(figures[3]["data"]) == 4
    for letter in LETTERS:
        drawn = of(figures[3], letter)
        run = runs["like B" if letter == "B" else letter]  # equal settings give equal runs
        norms = [run.found(f"gradient_{name}") for name in ("input", 1, 2, 3)]
        assert drawn["x"] == ["input", "linear1", "linear2", "linear3"]
        assert unpacked(drawn["customdata"]) == pytest.approx(norms, rel=1e-5)
        assert unpacked(drawn["y"]) == pytest.approx(norms, rel=1e-5)
    assert runs["B"].metrics[-1]["critic_estimate"] == runs["like B"].metrics[-1]["critic_estimate"]


def measured(run: Written) -> dict[str, float]:
    """Every row of the measurements, from the tables of a run."""
    seconds = json.loads((run.path / "ended.json").read_text())["seconds"]
    ratio = run.found("w1") / run.found("real_to_real")
    return {
        "Distance W1": run.found("w1"),
        "W1, times real to real": ratio,
        "Modes or classes found": run.found("modes_covered"),
        "Points within 3 sd of a mode": run.found("high_quality_share"),
        "Precision: near real samples": run.found("precision"),
        "Recall: real samples reached": run.found("recall"),
        "Density: real samples nearby": run.found("density"),
        "Coverage: real samples with one nearby": run.found("coverage"),
        "1-NN test: 50 % if they are alike": run.found("one_nn_accuracy"),
        "Spread, times the real samples’": run.found("spread"),
        "Gradient growth per layer, 1 if level": run.found("gradient_per_layer"),
        "Steepest slope of the critic": run.found("largest_gradient"),
        "Critic’s lower bound of W1": run.found("lower_bound"),
        "Critic’s estimate, last 25 steps": float(np.median(run.metric("critic_estimate")[-25:])),
        "Weights on a bound": run.metrics[-1]["at_bound_share"],
        "Training time, s": seconds,
        "Last measured at step": run.found("step"),
    }


SHARES = ("Points", "Precision", "Recall", "Coverage", "1-NN", "Weights on")
NEAREST = {"Distance": 0, "W1,": 0, "Modes": 8, "Points": 1, "Precision": 1, "Coverage": 1, "1-NN": 0.5}
RATIOS = ("Density", "Spread")  # best at 1, by their logarithm


def test_the_measurements(text: str, runs: dict[str, Written]) -> None:
    html = section(text, "Measurements")
    shown = table(html)
    heads = re.findall(r"<th scope='col'>(.*?)(?=<th|<tbody)", html)
    assert [words(head) for head in heads] == ["A", "B", "C D median of 2 seeds"]
    expected = {letter: measured(runs[letter]) for letter in LETTERS}
    assert list(shown) == list(expected["A"])
    for label, cells in shown.items():
        share = label.startswith(SHARES)
        values = [[expected[letter][label] for letter in column] for column in COLUMNS]
        for cell, column in zip(cells, values, strict=True):
            numbers = [number(part) for part in re.findall(r"[–∞]|−?[\d.,]+(?:e−?\d+)?(?: %)?", cell)]
            known = [value for value in column if not math.isnan(value)]
            triple = [float(np.median(known)), min(known), max(known)] if known else [math.nan]
            if len(numbers) == 1:  # if all seeds have it, to the digits that are shown
                numbers *= len(triple)
            assert numbers == [close(value, share) for value in triple]
        row = html.partition(f"'>{label}")[2].partition("<tr>")[0]
        marked = [i for i, attributes in enumerate(re.findall("<td([^>]*)>", row)) if "best" in attributes]
        assert marked == best_of(label, values)
        bars = re.findall(r"<svg class='seeds'.*?</svg>", row)
        of_all = [value for column in values for value in column if not math.isnan(value)]
        assert len(bars) == (3 if values[2][0] != values[2][1] and not math.isnan(values[2][0]) else 0)
        for bar, column in zip(bars, values, strict=False):
            dots = [(float(x) - 6) / 88 for x in re.findall(r"cx='([\d.]+)'", bar)]
            width = max(of_all) - min(of_all) or 1
            known = [(value - min(of_all)) / width for value in column if not math.isnan(value)]
            assert dots == pytest.approx(known, abs=0.001)


def best_of(label: str, values: list[list[float]]) -> list[int]:
    """The column with the best median, by what the measure means; none if two are equal."""
    first = label.partition(" ")[0].rstrip(":")
    found = [float(np.median(column)) for column in values]
    if label.startswith(RATIOS):
        scores = [abs(math.log(value)) if value > 0 else math.nan for value in found]
    elif label.startswith(tuple(NEAREST)) and label != "Weights on a bound":
        scores = [abs(value - NEAREST[first if first in NEAREST else "W1,"]) for value in found]
    else:
        return []
    known = sorted(score for score in scores if not math.isnan(score))
    return [scores.index(known[0])] if len(known) > 1 and known[0] < known[1] else []


SHOWN = {"cpu": "CPU", "mlp": "MLP", "rmsprop": "RMSprop", "": "Trained", "8-gaussians": "8 Gaussians"}
SHOWN |= {"clip": "Weight clipping", "gradient-penalty": "Gradient penalty", "spectral-norm": "Spectral norm"}
SHOWN |= {"derived": "Derived from the seed"}  # as the form writes them; all other words have a capital letter there
CLAMPS = ("clip_order", "clip_scope", "clip_scale")  # settings of the clipped run alone


def test_the_settings(text: str, runs: dict[str, Written]) -> None:
    labels = {name: settings.rules(TrainConfig, name).label for name in settings.fields(TrainConfig)}
    differing = table(section(text, "Differing settings"))
    assert differing == {
        "Constraint": [SHOWN[runs[letter].config["constraint"]] for letter in LETTERS],
        "Seed": [str(runs[letter].config["seed"]) for letter in LETTERS],
        "Total steps": [str(runs[letter].config["steps"]) for letter in LETTERS],
        "Clip range": ["±0.1, then ±0.2", "–", "–", "–"],
        "Penalty": ["–", str(runs["B"].config["penalty"]), "–", "–"],
        "Changed while it trained": [f"clip range ±0.2 after step {CLIPPED}", "–", "–", "–"],
    }
    shared = dict(re.findall(r"<dt>(.*?)<dd>(.*?)</div>", section(text, "Other settings")))
    shared = {words(label): value for label, value in shared.items()}
    labels |= {name: f"{labels[name]} A" for name in CLAMPS}
    unused = {"images", "pixels", "points", "image_size", "fit", "colour", "levels", "train_images", "network"}
    unused |= {"critic_norm", "noise_sd", "beta1", "beta2"}
    held = {name: value for name, value in runs["A"].config.items() if name not in unused}
    held = {labels[name]: value for name, value in held.items() if labels[name] not in differing}
    assert set(shared) == set(held)
    for label, value in held.items():
        if isinstance(value, str):
            assert shared[label] == SHOWN.get(value, value.capitalize())
        else:
            assert number(shared[label]) == value


def test_its_title_names_the_data_and_its_time_the_zone(text: str, folders: dict[str, Path], tmp_path: Path) -> None:
    def title(text: str) -> str:
        return words(text.partition("<h1>")[2].partition("</h1>")[0])

    assert title(text) == "4 runs compared: 8 Gaussians"
    images = trained(tmp_path / "digits", TINY_IMAGES, frozenset())
    assert title(report_on([folders["A"], images])) == "2 runs compared: 8 Gaussians, Digits"
    assert title(report_on([folders["B"]])) == "8 Gaussians, penalty 0.5"
    assert re.search(r" on \d{4}-\d\d-\d\d at \d\d:\d\d UTC\.", text)


def test_one_run_has_all_its_settings_in_one_list_unless_it_was_changed(folders: dict[str, Path]) -> None:
    assert "Differing settings" not in report_on([folders["B"]])
    assert table(section(report_on([folders["A"]]), "Differing settings")) == {
        "Clip range": ["±0.1, then ±0.2"],
        "Changed while it trained": [f"clip range ±0.2 after step {CLIPPED}"],
    }


def test_a_gap_is_explained_only_where_a_run_was_changed(folders: dict[str, Path]) -> None:
    for letter, gaps in (("A", True), ("B", False)):
        assert ("<p class='note'>" in section(report_on([folders[letter]]), "Over time")) == gaps


def test_the_report_needs_no_network_and_no_other_file(text: str) -> None:
    assert not re.search(r"""(src|href)=['"](?!data:|#)|@import|url\((?!\$)|<link|^import """, text, re.MULTILINE)


def test_the_csv_files_hold_all_that_is_drawn(folders: dict[str, Path], runs: dict[str, Written]) -> None:
    picks = picks_of([folders[letter] for letter in LETTERS])
    for pick in picks:
        gradients.measure(pick)
    files = {}
    for what, (head, rows, _) in downloads.FILES.items():
        files[what] = list(csv.DictReader(downloads.file(picks, head, rows).decode().splitlines()))
    for letter in LETTERS:
        run = runs[letter]
        mine = {what: [dict(row) for row in rows if row["letter"] == letter] for what, rows in files.items()}
        assert {row.pop("run") for rows in mine.values() for row in rows} == {run.path.name}
        assert {row.pop("letter") for rows in mine.values() for row in rows} == {letter}
        for what, recorded in (("curves", run.metrics), ("looks", run.looks)):
            numbers = [{column: float(cell or "nan") for column, cell in row.items()} for row in mine[what]]
            assert [list(row) for row in numbers] == [list(row) for row in recorded]
            for row, expected in zip(numbers, recorded, strict=True):
                assert list(row.values()) == pytest.approx(list(expected.values()), rel=1e-12, nan_ok=True)
        points = [[float(row["x"]), float(row["y"])] for row in mine["points"]]
        assert points == run.moment["samples"][:256].tolist()
        norms = unpacked(of(figures_in(report_on([run.path]))[3], "A")["y"])
        assert [float(row["norm"]) for row in mine["gradients"]] == pytest.approx(norms, rel=1e-6)
        check_bins(mine["weights"], run)


def test_the_csv_of_the_measurements_is_the_table_in_full_precision(
    text: str, folders: dict[str, Path], runs: dict[str, Written]
) -> None:
    picks = picks_of([folders[letter] for letter in LETTERS])
    head, *rows = csv.reader(downloads.measurements(picks).decode().splitlines())
    assert head == ["measure", "A", "B", "C, D: median", "C, D: smallest", "C, D: largest"]
    held = {name: cells for name, *cells in rows}
    assert held.pop("run") == [
        "8 Gaussians, ±0.1 to ±0.2",
        "8 Gaussians, penalty 0.5",
        *["8 Gaussians, spectral norm"] * 3,
    ]
    assert held.pop("ID") == ["clipped", "penalty", *["spectral; again"] * 3]
    assert held.pop("constraint") == ["±0.1, then ±0.2", "penalty 0.5", *["spectral norm"] * 3]
    assert held.pop("seed") == ["0", "0", *["3; 5"] * 3]
    assert held.pop("changed") == [f"clip range ±0.2 after step {CLIPPED}", *[""] * 4]
    expected = {letter: measured(runs[letter]) for letter in LETTERS}
    assert list(held) == list(table(section(text, "Measurements")))
    for label, cells in held.items():
        a, b, c, d = (expected[letter][label] for letter in LETTERS)
        numbers = [float(cell or "nan") for cell in cells]
        assert numbers == pytest.approx([a, b, (c + d) / 2, min(c, d), max(c, d)], rel=1e-12, nan_ok=True)


def test_the_csv_of_a_sweep(folders: dict[str, Path], runs: dict[str, Written], tmp_path: Path) -> None:
    planned = {"A": dataclasses.replace(POINTS, steps=LAST), "B": PENALTY, "C": SPECTRAL}
    swept = [SweptRun(folders[letter], config) for letter, config in planned.items()]
    waiting = SweptRun(tmp_path / "waiting", dataclasses.replace(POINTS, clip_range=(-0.3, 0.1)))
    *rows, last = csv.DictReader(against.csv([*swept, waiting]).decode().splitlines())
    for row, (letter, config) in zip(rows, planned.items(), strict=True):
        held = config.as_dict()
        assert (row.pop("run"), row.pop("state")) == (folders[letter].name, "finished")
        assert {name: row.pop(name) for name in ("constraint", "seed", "steps")} == {
            name: str(held[name]) for name in ("constraint", "seed", "steps")
        }
        assert row.pop("clip_range") == ("±0.1" if letter == "A" else "")
        expected = measured(runs[letter])
        assert list(row) == list(expected)
        numbers = [float(cell or "nan") for cell in row.values()]
        assert numbers == pytest.approx(list(expected.values()), rel=1e-12, nan_ok=True)
    assert (last.pop("run"), last.pop("state"), last.pop("clip_range")) == ("waiting", "waiting", "−0.3 to 0.1")
    assert {last[label] for label in expected} == {""}


def test_the_csv_of_a_sweep_has_the_medians_over_seeds(tmp_path: Path) -> None:
    configs = [dataclasses.replace(TINY, clip_range=(-c, c), seed=seed) for c in (0.25, 0.5) for seed in (0, 1, 2)]
    paths = [trained(tmp_path / "sweep" / name_of(config), config) for config in configs[:-1]]
    paths.append(tmp_path / "sweep" / name_of(configs[-1]))  # waits: it is in no median
    swept = [SweptRun(path, config) for path, config in zip(paths, configs, strict=True)]
    rows = list(csv.DictReader(against.csv(swept).decode().splitlines()))
    assert [row["run"] for row in rows] == [*(path.name for path in paths), "median of 3", "median of 2"]
    for row, each, c in ((rows[6], paths[:3], "±0.25"), (rows[7], paths[3:5], "±0.5")):
        assert (row["clip_range"], row["seed"], row["state"]) == (c, "", "")
        found = [measured(written(path)) for path in each]
        for label in found[0]:
            expected = float(np.median([run[label] for run in found]))  # NaN if it was not measured
            assert float(row[label] or "nan") == pytest.approx(expected, rel=1e-12, nan_ok=True)


def figure_of(configs: list[TrainConfig], folder: Path, field: str) -> dict[str, Any]:
    """That of a sweep of runs with these settings: the training time against a setting."""
    paths = [trained(folder / name_of(config), config) for config in configs]
    swept = [SweptRun(path, config) for path, config in zip(paths, configs, strict=True)]
    return against.drawn(against.Chosen(swept, "seconds", field), [])


def test_ranges_with_the_same_larger_bound_are_apart(tmp_path: Path) -> None:
    ranges = [(-0.25, 0.5), (-0.5, 0.5), (-0.5, 0.25)]
    figure = figure_of([dataclasses.replace(TINY, clip_range=each) for each in ranges], tmp_path, "clip_range")
    line, dots = figure["data"]
    assert unpacked(line["x"]).tolist() == unpacked(dots["x"]).tolist() == [0, 1, 2]
    assert figure["layout"]["xaxis"]["ticktext"] == ["−0.25 to 0.5", "±0.5", "−0.5 to 0.25"]


def test_of_runs_without_the_setting_only_those_that_differ_in_their_seed_have_one_median(tmp_path: Path) -> None:
    penalties = [dataclasses.replace(PENALTY, penalty=penalty, seed=seed) for penalty in (1.0, 5.0) for seed in (0, 1)]
    figure = figure_of([TINY, dataclasses.replace(TINY, clip_range=(-1, 1)), *penalties], tmp_path, "clip_range")
    lines = [trace["name"] for trace in figure["data"] if "ids" not in trace]
    assert lines == ["", "Gradient penalty, penalty 1", "Gradient penalty, penalty 5"]


def test_runs_that_are_deleted_while_they_are_compared_are_saved_as_they_were(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    copies = [shutil.copytree(folders[letter], tmp_path / letter) for letter in "AB"]
    picks = picks_of(copies)
    before = report.page(picks).decode()
    head, rows, _ = downloads.FILES["curves"]
    curves = downloads.file(picks, head, rows)
    another = picks_of([shutil.copytree(folders["C"], tmp_path / "C")])
    swept = Pick.of("A", SweptRun(copies[0], TINY))
    shutil.rmtree(tmp_path)
    assert swept.last_known().record is swept.record
    assert section(report.page(picks).decode(), "Measurements") == section(before, "Measurements")
    assert downloads.file(picks, head, rows) == curves
    assert "Not measured: A." in report.page(another).decode()  # its networks are gone


def check_bins(rows: list[dict[str, str]], run: Written) -> None:
    """Every bin and every count at a bound, of all layers together and of each."""
    layers = [name for name, _ in run.about["layers"]]
    assert list(dict.fromkeys(row["layer"] for row in rows)) == ["All layers", *layers]
    edges, clip_range = run.moment["edges"], run.about["clip_range"]
    for i, layer in enumerate(["All layers", *layers]):
        mine = [row for row in rows if row["layer"] == layer]
        before, after, counts = (
            run.pooled(n) if not i else run.moment[n][i - 1] for n in ("before", "after", "counts")
        )
        inner = [row for row in mine if row["from"] != row["to"]]
        assert [(float(row["from"]), float(row["to"])) for row in inner] == list(pairwise(edges.tolist()))
        assert [int(row["before"]) for row in inner] == before.tolist()
        bounds = {float(row["from"]): row for row in mine if row["from"] == row["to"]}
        if clip_range is None:
            assert {row["after"] for row in mine} == {""}
            assert bounds == {}
            continue
        assert [int(row["after"]) for row in inner] == after.tolist()
        assert list(bounds) == clip_range
        for bound, at in zip(clip_range, (1, 3), strict=True):
            assert [int(bounds[bound][side]) for side in ("before", "after")] == counts[:, at].tolist()
