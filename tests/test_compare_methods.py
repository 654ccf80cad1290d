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
from ganlab.data import datasets
from ganlab.gan.building import initial
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
    assert text.startswith("We compare 3 runs: A (clipped to ±0.1, seed 0); B and C (gradient penalty 0.5, seed 3).")
    assert text.count("8 Gaussians") == 1
    assert "Generator and critic each have 1 hidden layer of 8 ReLU units, and the generator takes" in text
    assert "In run A, all parameters of the critic are clamped to ±0.1 after each of its updates" in text
    assert "in runs B and C, the critic has a gradient penalty of weight 0.5" in text
    assert "with RMSprop (Tieleman and Hinton, 2012) with decay 0.99, and a learning rate of 0.01." in text
    assert "Each step makes 2 critic updates and one generator update, with batches of 8." in text
    assert "Training took 6 steps." in text
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
    assert f"{clause} (Arjovsky et al., 2017); in run E, the critic has a gradient penalty" in text
    adam = [dataclasses.replace(TINY, optimizer="adam", beta2=beta2) for beta2 in (0.9, 0.99)]
    text = methods.paragraph([pick(*each) for each in zip("AB", adam, strict=True)])
    assert "β₂ = 0.9 (A) and 0.99 (B), and a learning rate of" in text
    tiny = [dataclasses.replace(TINY, clip_range=(-c, c)) for c in (1e-7, 2.5e-8, 0.01)]
    text = methods.paragraph([pick(*each) for each in zip("ABC", tiny, strict=True)])
    assert "clamped to ±1e−07 (A), ±2.5e−08 (B) and ±0.01 (C) after" in text
    both = dataclasses.replace(TINY, batch_size=9, n_critic=7)  # two numbers: each run's clause is written out
    text = methods.paragraph([pick("A", TINY), pick("B", both)])
    assert "In run A, each step makes 2" in text
    assert "in run B, each step makes 7" in text


def test_each_letter_is_said_to_be_what_tells_its_runs_from_the_others() -> None:
    seeds = [dataclasses.replace(TINY, seed=seed) for seed in (0, 1, 2)]
    rates = [dataclasses.replace(TINY, critic_lr=rate, optimizer="adam") for rate in (0.1, 0.2)]
    layer = dataclasses.replace(TINY, clip_scale="fan-in")
    for configs, said in (
        (seeds[:1], ""),
        ([TINY, TINY], "We compare 2 runs: A and B."),
        (seeds, "We compare 3 runs: A, B and C (seeds 0, 1 and 2)."),
        ([*seeds[:2], layer], "We compare 3 runs: A and B (clipped to ±0.1, seeds 0 and 1); C (clipped to ±0.1 / √fan"),
        (rates, "We compare 2 runs: A (critic learning rate 0.1); B (critic learning rate 0.2). The data"),
        ([TINY, rates[0]], "We compare 2 runs: A (optimiser RMSprop, critic learning rate 0.01); B (optimiser Adam, "),
    ):
        text = methods.paragraph([pick(letter, config) for letter, config in zip("ABC", configs, strict=False)])
        assert text.startswith(said or "The data are")
        assert ("The random seed is 0." in text) == (len({config.seed for config in configs}) == 1)


def test_medians_are_told_where_seeds_repeat() -> None:
    seeds = [dataclasses.replace(TINY, seed=seed) for seed in (0, 1, 2)]
    other = [dataclasses.replace(one, clip_range=(-1, 1)) for one in seeds[:2]]
    for configs, over in ((seeds[:1], ""), ([TINY, TINY], ""), (seeds, "3"), ([*seeds, *other], "2 or 3")):
        text = methods.paragraph([pick(letter, config) for letter, config in zip("ABCDE", configs, strict=False)])
        assert re.findall("medians over (.*) seeds", text) == ([over] if over else [])


@pytest.mark.parametrize("dataset", ["8-gaussians", "25-gaussians", "swiss-roll"])
def test_points_are_described_by_the_numbers_that_draw_them(dataset: str) -> None:
    config = dataclasses.replace(TINY, dataset=dataset)
    words = methods.paragraph([pick("A", config)]).partition("The data are ")[2].partition(" (Gul")[0]
    sd, *size = (float(n) for n in re.findall(r"0\.\d+|1\.\d+", words))
    if dataset == "swiss-roll":
        assert sd == pytest.approx(0.25 / 7.5, rel=0.01)
        return
    data = datasets.load(config)
    assert f"{len(data.centres)} Gaussians" in words
    nearest = (data.centres[0] - data.centres[1:]).norm(dim=1).min()
    assert sd == pytest.approx(data.sd, rel=0.01)
    expected = data.centres[0].norm() if dataset == "8-gaussians" else nearest
    assert size == pytest.approx([expected.item()], rel=0.01)


def test_what_two_networks_share_is_said_once() -> None:
    apart = dataclasses.replace(TINY, generator_lr=0.002, warm_up=25)
    fixed = dataclasses.replace(TINY, generator="real-plus-noise")
    text = methods.paragraph([pick("A", apart)])
    assert "learning rates of 0.01 for the critic and 0.002 for the generator." in text
    assert "2 critic updates (100 in each of the first 25 steps) and one generator update" in text
    text = methods.paragraph([pick("A", fixed)])
    assert "The critic is trained with" in text
    assert "Each step makes 2 critic updates, with" in text


def test_weights_start_as_the_code_starts_them() -> None:
    assert "uniformly distributed within ±1 / √fan-in" in methods.paragraph([pick("A", TINY)])
    images = dataclasses.replace(TINY_IMAGES, image_size=64, width=64)
    generator, _ = initial(images, torch.Generator().manual_seed(0))
    assert "standard deviation 0.02," in methods.paragraph([pick("A", images)])
    assert generator.conv2.weight.std().item() == pytest.approx(0.02, rel=0.02)


def test_the_samples_that_measurements_compare_are_told() -> None:
    found = {"w1": 1.0, "w1_sliced": 0.0, "precision": 0.5, "largest_gradient": 1.0, "high_quality_share": 0.5}
    text = methods.paragraph([pick("A", TINY, **found)])
    assert "as the mean of 4 distances between 512 generated and 512 fresh real points;" in text
    assert "with k = 5 nearest neighbours, and a 1-nearest-neighbour two-sample test" in text
    assert "between 512 generated and as many held-out samples" in text
    near = "among 2,500 generated points, the share within 3 standard deviations of a mode"
    assert f"{near}, and how many modes have such a point" in text
    assert "at 128 real and 128 generated samples" in text
    drawn = dataclasses.replace(TINY, dataset="drawn")
    for config, look, samples in (
        (TINY_IMAGES, {}, "W1 between 512 generated and as many held-out samples, by optimal"),
        (dataclasses.replace(TINY_IMAGES, dataset="images"), {}, "W1 between up to 512 generated and as many held-out"),
        (drawn, {"train_estimate": 1.0}, "W1 between 512 generated and as many held-out samples"),
        (drawn, {}, "W1 between 512 generated and as many real samples"),
        (TINY_IMAGES, {"w1_sliced": 1.0}, "and as many held-out samples, over 128 random projections"),
    ):
        assert samples in methods.paragraph([pick("A", config, **(found | look))])
    large = dataclasses.replace(TINY_IMAGES, image_size=64)
    for config, averaged in ((large, True), (TINY_IMAGES, False)):
        assert ("of images averaged to 32 × 32 pixels" in methods.paragraph([pick("A", config, **found)])) == averaged


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
    for picks, some in (([one], True), ([one, other], True), ([other], False)):
        assert ("We measured" in methods.paragraph(picks)) == some


def test_live_changes_are_told() -> None:
    changes = (Change(4, 2, "clip_range", (-0.2, 0.2)), Change(6, 3, "n_critic", 5))
    text = methods.paragraph([pick("A", TINY, changes)])
    changed = "the clip range to ±0.2 after step 2 and the critic updates per step to 5 after step 3"
    assert f"While A trained, we changed {changed}." in text
    many = tuple(Change(i, i, "clip_range", (-0.1 * i, 0.1 * i)) for i in range(2, 12))
    assert "While A trained, we made 10 changes, to the clip range." in methods.paragraph([pick("A", TINY, many)])


def test_of_a_loop_outside_ganlab_only_the_clip_range_is_told() -> None:
    layers = (("0.weight", (1, 2)),)
    config = WatchedConfig(dataset="drawn", network="mlp", clip_range=(-0.3, 0.3), layers=layers)
    text = methods.paragraph([pick("A", config)])
    assert "clamped to ±0.3" in text
    assert not re.search("seed|learning|data are|latents", text)
    # Beside a run of ganlab, what is known of that alone is not told of both.
    mixed = methods.paragraph([pick("A", config), pick("B", TINY), pick("C", TINY)])
    for told in (
        "the data are",
        "generator and critic",
        "weights and biases",
        "both networks",
        "the random seed is 0.",
    ):
        assert f"In runs B and C, {told}" in mixed
    assert "In run A, the training loop is our own" in mixed
