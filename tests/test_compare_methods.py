"""The methods paragraph of a comparison, and the papers that it cites."""

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from stubs import TINY, TINY_IMAGES

import ganlab
from ganlab.config import TrainConfig
from ganlab.gan.watched import WatchedConfig
from ganlab.measure.reading import READINGS
from ganlab.presets import PRESETS
from ganlab.runs.history import NO_HISTORY, Change
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.compare import methods
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import references

BASE = {"ganlab", "paszke2019"}
OF_POINTS = BASE | {"gulrajani2017", "arjovsky2017", "tieleman2012"}


def pick(letter: str, config: TrainConfig, changes: tuple[Change, ...] = (), **look: float) -> Pick:
    """A finished run with these changes, and one look at its end if it found anything."""
    readings = np.array([[look.get(column, np.nan) for column in READINGS]] if look else []).reshape(-1, len(READINGS))
    record = Snapshot(
        run_id=letter,
        status=Status.FINISHED,
        message="",
        config=config,
        history=NO_HISTORY,
        step=config.steps,
        changes=changes,
        readings=readings,
    )
    return Pick(letter, SimpleNamespace(run_id=letter), letter, config, record)


def cited(*picks: Pick) -> set[str]:
    return set(re.findall(r"^@\w+{(\w+),$", methods.bibtex(list(picks)), re.MULTILINE))


def test_what_all_runs_share_is_said_once_and_what_differs_by_run() -> None:
    penalty = dataclasses.replace(TINY, constraint="gradient-penalty", penalty=0.5, seed=3)
    text = methods.paragraph([pick("A", TINY), pick("B", penalty), pick("C", penalty)])
    assert text.count("eight Gaussians") == 1
    assert "1 hidden layer of 8 ReLU units" in text
    assert "A: all parameters of the critic are clamped to ±0.1 after each of its updates" in text
    assert "B, C: the critic has a gradient penalty of weight 0.5" in text
    assert "The seed is 0 (A) and 3 (B, C)." in text
    assert "RMSprop (Tieleman and Hinton, 2012), a learning rate of 0.01 for the critic and 0.01" in text
    assert "batches of 8 and 2 critic updates per step" in text
    assert "6 steps were made" in text
    assert f"ganlab {ganlab.__version__}" in text
    assert torch.__version__.partition("+")[0] in text
    assert not re.search(r"\[[a-z]+\d", text)


@pytest.mark.parametrize("name", PRESETS)
def test_every_paper_in_the_paragraph_is_in_the_bibtex_and_no_other(name: str) -> None:
    one = pick("A", PRESETS[name], w1=1.0, w1_sliced=0.0, precision=1.0, lower_bound=1.0)
    named = {
        paper for group in re.findall(r"\(([^()]*\d{4})\)", methods.paragraph([one])) for paper in group.split("; ")
    }
    assert named == {references.short(key) for key in cited(one)}


def test_the_papers_are_those_of_the_settings() -> None:
    adam = dataclasses.replace(TINY, optimizer="adam", beta1=0.0, beta2=0.9, objective="hinge", clip_scale="fan-in")
    layer = dataclasses.replace(TINY_IMAGES, critic_norm="layer", constraint="gradient-penalty", dataset="mnist")
    assert cited(pick("A", TINY)) == OF_POINTS
    assert cited(pick("A", adam)) == OF_POINTS - {"tieleman2012"} | {
        "kingma2015",
        "lim2017",
        "miyato2018",
        "elsayed2024",
    }
    assert cited(pick("A", layer)) == OF_POINTS | {"radford2015", "ba2016", "ioffe2015", "lecun1998"}
    assert "β₁ = 0 and β₂ = 0.9" in methods.paragraph([pick("A", adam)])


def test_runs_that_differ_in_one_number_share_a_clause() -> None:
    ranges = [dataclasses.replace(TINY, clip_range=(-c, c)) for c in (0.01, 0.1, 1.0, 0.1)]
    penalty = dataclasses.replace(TINY, constraint="gradient-penalty")
    text = methods.paragraph([pick(*each) for each in zip("ABCDE", [*ranges, penalty], strict=True)])
    clause = "All parameters of the critic are clamped to ±0.01 (A), ±0.1 (B, D) and ±1 (C) after each of its updates"
    assert f"{clause} (Arjovsky et al., 2017); E: the critic has a gradient penalty" in text
    adam = [dataclasses.replace(TINY, optimizer="adam", beta2=beta2) for beta2 in (0.9, 0.99)]
    text = methods.paragraph([pick(*each) for each in zip("AB", adam, strict=True)])
    assert "β₂ = 0.9 (A) and 0.99 (B), a learning rate of" in text
    tiny = [dataclasses.replace(TINY, clip_range=(-c, c)) for c in (1e-7, 2.5e-8, 0.01)]
    text = methods.paragraph([pick(*each) for each in zip("ABC", tiny, strict=True)])
    assert "clamped to ±1e−07 (A), ±2.5e−08 (B) and ±0.01 (C) after" in text
    both = dataclasses.replace(TINY, critic_lr=0.1, n_critic=7)  # two numbers: each run's clause is written out
    assert "A: training uses" in (text := methods.paragraph([pick("A", TINY), pick("B", both)]))
    assert "B: training uses" in text


@pytest.mark.parametrize(
    ("look", "papers"),
    [
        ({"w1": 1.0, "w1_sliced": 0.0}, set()),
        ({"w1": 1.0, "w1_sliced": 1.0}, {"bonneel2015"}),
        ({"high_quality_share": 0.5, "modes_missing": 0.0}, {"lin2018"}),
        ({"modes_missing": 0.0}, set()),
        ({"precision": 0.5}, {"kynkaanniemi2019", "naeem2020", "lopezpaz2017"}),
        ({"lower_bound": 0.5}, {"miyato2018"}),
    ],
)
def test_the_papers_are_those_of_what_was_measured(look: dict[str, float], papers: set[str]) -> None:
    one, other = pick("A", TINY, **look), pick("B", TINY)
    assert cited(one, other) == OF_POINTS | papers
    assert ("Measured are" in methods.paragraph([one])) == ("Measured are" in methods.paragraph([one, other])) is True
    assert "Measured are" not in methods.paragraph([other])


def test_live_changes_are_told() -> None:
    changes = (Change(4, 2, "clip_range", (-0.2, 0.2)), Change(6, 3, "n_critic", 5))
    text = methods.paragraph([pick("A", TINY, changes)])
    assert "clip range to ±0.2 after step 2, critic updates per step to 5 after step 3." in text
    many = tuple(Change(i, i, "clip_range", (-0.1 * i, 0.1 * i)) for i in range(2, 12))
    assert "10 changes were made, of clip range." in methods.paragraph([pick("A", TINY, many)])


def test_of_a_loop_outside_ganlab_only_the_clip_range_is_told() -> None:
    layers = (("0.weight", (1, 2)),)
    config = WatchedConfig(dataset="drawn", network="mlp", clip_range=(-0.3, 0.3), layers=layers)
    text = methods.paragraph([pick("A", config)])
    assert "clamped to ±0.3" in text
    assert not re.search("seed|learning|data are|latents", text)
