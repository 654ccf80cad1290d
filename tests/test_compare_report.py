"""The HTML report of a comparison: every number in it against the files of the runs."""

import base64
import csv
import dataclasses
import io
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from stubs import TINY, TINY_IMAGES
from visits import Finished

from ganlab.config import TrainConfig
from ganlab.data import images
from ganlab.formatting import fixed_percent, range_in_words, short
from ganlab.gan.histograms import pooled
from ganlab.runs.disk import moments
from ganlab.ui.compare import downloads, gradients, report
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.files import PLOTLY


def made(finished: Finished, *configs: TrainConfig) -> tuple[list[Path], str]:
    """The folders of runs with these settings, read from disk, and the report on them, without Plotly's own script."""
    runs = [finished(config) for config in configs]
    page = report.page([Pick.of(letter, run) for letter, run in zip("ABC", runs, strict=False)], "step")
    plotly = (PLOTLY.path / "plotly.min.js").read_text()
    text = page.decode()
    assert text.count(plotly) == 1
    return [run.path for run in runs], text.replace(plotly, "")


def rows_of(path: Path) -> list[dict[str, float]]:
    rows = csv.DictReader(path.read_text().splitlines())
    return [{name: float(cell or "nan") for name, cell in row.items()} for row in rows]


def figures(text: str) -> dict[str, Any]:
    return json.JSONDecoder().raw_decode(text.partition("const FIGURES = ")[2])[0]


def numbers(array: Any) -> np.ndarray:
    if isinstance(array, dict):
        return np.frombuffer(base64.b64decode(array["bdata"]), "<f4")
    return np.array(array)


def section(text: str, title: str) -> str:
    return text.partition(f"<h2>{title}")[2].partition("<h2>")[0]


def table(text: str, title: str) -> dict[str, list[str]]:
    """The rows of the table in a section: their heads, and the words of their cells."""
    rows = re.findall(r"<tr>(.*?)(?=<tr>|</table>)", section(text, title).partition("<tbody>")[2])
    cells = [[_words(cell) for cell in re.split("<t[dh]", row)[1:]] for row in rows]
    return {head: rest for head, *rest in cells}


def _words(cell: str) -> str:
    """A cell's text, without its tags, of which the first has lost its beginning."""
    return unescape(re.sub("<[^>]*>", " ", cell.partition(">")[2])).strip()


@pytest.fixture
def points(finished: Finished) -> tuple[list[Path], str]:
    wider = dataclasses.replace(TINY, clip_range=(-0.2, 0.2), seed=3)
    penalty = dataclasses.replace(TINY, constraint="gradient-penalty", penalty=0.5)
    return made(finished, TINY, wider, penalty)


def test_every_number_of_the_report_is_in_the_files_of_the_runs(points: tuple[list[Path], str]) -> None:
    folders, text = points
    curves, distances, weights, gradients = figures(text).values()
    measured = table(text, "Measurements")
    counts = table(text, "Counts")
    runs = list(table(text, "Runs").items())
    for i, (letter, folder) in enumerate(zip("ABC", folders, strict=True)):
        metrics, looks = rows_of(folder / "metrics.csv"), rows_of(folder / "instruments.csv")
        config = json.loads((folder / "config.json").read_text())
        ended = json.loads((folder / "ended.json").read_text())
        # Curves: there are fewer steps than points, so each point is one step.
        estimate = np.array([row["critic_estimate"] for row in metrics])
        padded = np.concatenate([np.repeat(estimate[0], 12), estimate, np.repeat(estimate[-1], 12)])
        medians = [np.median(padded[j : j + 25]) for j in range(len(estimate))]
        assert numbers(curves["data"][i]["customdata"]) == pytest.approx(medians, rel=1e-5)
        assert numbers(curves["data"][i]["x"]).tolist() == [row["step"] for row in metrics]
        assert numbers(distances["data"][i]["y"]) == pytest.approx([row["w1"] for row in looks], rel=1e-5)
        assert numbers(distances["data"][i]["x"]).tolist() == [row["step"] for row in looks]
        # Weights: the counts of the newest saved moment.
        histogram = pooled(moments.read(folder, moments.steps(folder)[-1]).weights)
        drawn = {trace["name"]: numbers(trace["y"]) for trace in weights["data"] if trace["name"].startswith(letter)}
        total = histogram.before_counts.total
        if config["constraint"] == "clip":
            assert drawn[f"{letter} before"][:-1] * total == pytest.approx(histogram.before)
            assert drawn[f"{letter} after"][:-1] * total == pytest.approx(histogram.after)
            at = histogram.after_counts
            assert drawn[f"{letter} on a bound"][[1, 4]] * total == pytest.approx([at.at_low, at.at_high], rel=1e-5)
            assert counts[f"{letter}  before"] == [f"{n:,}" for n in histogram.before_counts]
            assert counts[f"{letter}  after"] == [f"{n:,}" for n in at]
        else:
            assert drawn[f"{letter} weights"][:-1] * total == pytest.approx(histogram.before)
            assert counts[f"{letter}  weights"] == [f"{n:,}" for n in histogram.before_counts]
        norms = numbers(gradients["data"][i]["customdata"])
        by_step = looks[-1]
        assert [norms[0], norms[-2]] == pytest.approx([by_step["gradient_input"], by_step["gradient_last"]], rel=1e-4)
        # Tables.
        expected = {
            "Distance W1": short(by_step["w1"]),
            "W1, times real to real": short(by_step["w1"] / by_step["real_to_real"]),
            "Modes or classes missing": short(by_step["modes_missing"]),
            "Spread, times the real samples’": short(by_step["spread"]),
            "Steepest slope of the critic": short(by_step["largest_gradient"]),
            "Critic’s lower bound of W1": short(by_step["lower_bound"]),
            "Critic’s estimate, last 25 steps": short(float(np.median(estimate[-25:]))),
            "Points within 3 sd of a mode": fixed_percent(by_step["high_quality_share"], 1),
            "Precision: near real samples": fixed_percent(by_step["precision"], 1),
            "Recall: real samples reached": fixed_percent(by_step["recall"], 1),
            "Training time, s": short(ended["seconds"]),
            "Step of the newest look": f"{by_step['step']:.0f}",
        }
        assert {label: measured[label][i].removeprefix("★").strip() for label in expected} == expected
        at_bound = metrics[-1]["at_bound_share"]
        assert measured["Weights on a bound"][i] == ("–" if np.isnan(at_bound) else fixed_percent(at_bound, 1))
        shown = table(text, "Differing settings")
        clip = range_in_words(tuple(config["clip_range"])) if config["constraint"] == "clip" else "–"
        assert [shown["Clip range"][i], shown["Seed"][i]] == [clip, str(config["seed"])]
        head, cells = runs[i]
        assert [head, *cells[1:]] == [
            letter,
            folder.name,
            "Finished",
            str(config["seed"]),
            f"{ended['step']:,}",
            f"{ended['critic_step']:,}",
        ]


def test_the_report_needs_no_network_and_no_other_file(points: tuple[list[Path], str]) -> None:
    _, text = points
    assert not re.search(r"""(src|href)=['"](?!data:|#)|@import|url\(|<link""", text)
    assert "$" not in json.dumps(figures(text))


def test_the_samples_of_the_report_are_those_of_the_newest_moment(finished: Finished) -> None:
    folders, text = made(finished, TINY_IMAGES, dataclasses.replace(TINY_IMAGES, clip_range=(-0.1, 0.1)))
    sheets = re.findall(r"class='sheet' src='data:image/png;base64,([^']+)'", text)
    for folder, sheet in zip(folders, sheets, strict=True):
        samples = moments.read(folder, moments.steps(folder)[-1]).samples[:16]
        drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet))))
        assert (drawn == np.asarray(images.sheet(samples, 4))).all()


def test_the_csv_files_hold_what_the_runs_wrote(finished: Finished) -> None:
    runs = [finished(config) for config in (TINY, dataclasses.replace(TINY, constraint="none"))]
    picks = [Pick.of(letter, run) for letter, run in zip("AB", runs, strict=True)]
    gradients.measure(picks[0])
    written = {}
    for what, (head, rows, _) in downloads.FILES.items():
        lines = downloads.file(picks, head, rows).decode().splitlines()
        written[what] = list(csv.DictReader(lines))
    for pick in picks:
        of_run = {what: [dict(row) for row in rows if row["letter"] == pick.letter] for what, rows in written.items()}
        named = {(row.pop("letter"), row.pop("run")) for rows in of_run.values() for row in rows}
        assert named == {(pick.letter, pick.run.run_id)}
        for what, name in (("curves", "metrics.csv"), ("looks", "instruments.csv")):
            rows = [{column: float(cell or "nan") for column, cell in row.items()} for row in of_run[what]]
            recorded = rows_of(pick.run.path / name)
            assert [list(row) for row in rows] == [list(row) for row in recorded]
            for row, expected in zip(rows, recorded, strict=True):
                assert list(row.values()) == pytest.approx(list(expected.values()), rel=1e-12, nan_ok=True)
        together = [row for row in of_run["weights"] if row["layer"] == "All layers"]
        total = pooled(pick.record.weights).before_counts.total
        assert sum(int(row["before"]) for row in together) == total
        assert {row["layer"] for row in of_run["weights"]} == {"All layers", *(h.name for h in pick.record.weights)}
        assert len(of_run["gradients"]) == (3 if pick.letter == "A" else 0)
