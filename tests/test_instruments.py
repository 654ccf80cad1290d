"""The instruments: what they measure, and that they change nothing."""

import copy
import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quality
import torch
from stubs import TINY, TINY_IMAGES
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.data import datasets, own_points, point_sets
from ganlab.data.dataset import Dataset, split
from ganlab.gan.streams import rng_of
from ganlab.gan.training import Trainer
from ganlab.measure import copies, coverage, distances, gradients, plane, subject
from ganlab.measure.reading import COLUMNS, INSTRUMENTS, MODULES, READINGS, Reading, agreement, available, look, row
from ganlab.presets import PRESETS
from ganlab.settings import rules

BOTH = pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
RING = PRESETS["8-gaussians"]
JUST_DISTANCES = frozenset({"distances"})


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(config: TrainConfig) -> Trainer:
    """A trainer with 64 held-out samples: an assignment of 512 takes a while for an untrained generator."""
    data = datasets.load(config)
    labels = None if data.labels is None else data.labels[:64]
    return Trainer(config, dataclasses.replace(data, held_out=data.held_out[:64], labels=labels))


def reading_of(trainer: Trainer, **options: Any) -> Reading:
    return look(trainer.critic, trainer.generator, trainer.dataset, trainer.config, **options)


def state(trainer: Trainer) -> list[object]:
    """Everything that decides how training continues, and all else that a look might change."""
    nets = (trainer.generator, trainer.critic)
    tensors = [tensor for net in nets for tensor in net.state_dict().values()]
    gradients = [p.grad for net in nets for p in net.parameters() if p.grad is not None]
    flags = [(layer.training, getattr(layer, "inplace", None)) for net in nets for layer in net.modules()]
    flags += [p.requires_grad for net in nets for p in net.parameters()]
    return [*(t.tolist() for t in (*tensors, *gradients)), flags, trainer.rng.get_state().tolist()]


@BOTH
def test_on_and_off_give_the_same_run_bit_for_bit(config: TrainConfig) -> None:
    watched, alone = small(config), small(config)
    shared = torch.get_rng_state()
    for _ in range(4):
        assert reading_of(watched).cost.keys() == {"baselines", "drawing", *available(config.kind)}
        assert state(watched) == state(alone)
        assert watched.step()[0] == alone.step()[0]
    assert state(watched) == state(alone)
    assert torch.equal(torch.get_rng_state(), shared)


@BOTH
def test_equal_looks_have_equal_results(config: TrainConfig) -> None:
    trainer = small(config)
    a, b, c = (numbers(reading_of(trainer, step=step)) for step in (3, 3, 4))
    assert a == pytest.approx(b, nan_ok=True, abs=0, rel=0)
    assert a != pytest.approx(c, nan_ok=True)


def numbers(reading: Reading) -> list[float]:
    return [value for column, value in row(reading).items() if column not in ("cpu_seconds", "step")]


@BOTH
def test_the_result_of_an_instrument_does_not_depend_on_the_others(config: TrainConfig) -> None:
    trainer = small(config)
    every = reading_of(trainer)
    for name in available(config.kind):
        mine, among_all = (getattr(reading, name) for reading in (reading_of(trainer, which=frozenset({name})), every))
        if name == "distances":  # its bounds need the norms
            mine, among_all = (d._replace(lower_bound=0.0, scaled_estimate=0.0) for d in (mine, among_all))
        assert mine
        assert repr(mine) == repr(among_all)


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_each_instrument_can_be_alone_or_be_the_only_one_missing(name: str) -> None:
    trainer = small(TINY)
    possible = available(TINY.kind)
    assert reading_of(trainer, which=frozenset({name})).results.keys() == {name} & possible
    assert reading_of(trainer, which=INSTRUMENTS - {name}).results.keys() == possible - {name}


def test_every_instrument_measures_some_kind_of_data_and_has_its_own_columns_and_random_stream() -> None:
    assert available("image") | available("point") == INSTRUMENTS
    assert len(set(READINGS)) == len(READINGS)
    streams = [subject.STREAM, *(module.STREAM for module in MODULES.values() if hasattr(module, "STREAM"))]
    assert len(set(streams)) == len(streams)


def test_images_have_copies_and_classes_and_no_plane() -> None:
    reading = reading_of(small(TINY_IMAGES))
    assert reading.plane is None
    assert len(reading.copies.generated) == len(reading.copies.held_out) == 64 < copies.COPIES_OF
    assert reading.coverage.counts.sum() == 64 == reading.coverage.expected.sum()
    assert len(reading.coverage.counts) == 10
    assert len(reading.coverage.high_quality) == 0


class Copier(nn.Module):
    """A generator of given images, one after the other."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.images = images

    def forward(self, latents: Tensor) -> Tensor:
        return self.images.repeat(len(latents) // len(self.images) + 1, 1, 1, 1)[: len(latents)]


def test_modes_are_counted_among_2500_samples_of_their_own_latents() -> None:
    trainer = small(TINY)
    result = reading_of(trainer, step=7).coverage
    own = rng_of(TINY.seed, 7, coverage.STREAM)
    with torch.no_grad():
        points = trainer.generator(torch.randn(2500, 2, generator=own)).numpy()
    centres, sd = trainer.dataset.centres.numpy(), trainer.dataset.sd
    apart = np.linalg.norm(points[:, None] - centres, axis=2)
    assert result.counts.tolist() == np.bincount(apart.argmin(axis=1), minlength=8).tolist()
    assert result.expected.tolist() == [2500 / 8] * 8
    assert result.high_quality.sum() == (apart.min(axis=1) <= 3 * sd).sum()


def test_copies_have_distance_zero_and_held_out_images_that_to_the_nearest() -> None:
    trainer = small(TINY_IMAGES)
    training = torch.cat(list(trainer.dataset.training_images()))
    assert len(training) == 1285
    result = look(trainer.critic, Copier(training[[5, 1200]]), trainer.dataset, TINY_IMAGES).copies
    assert (result.generated == 0).all()
    assert result.ratio == 0
    new = trainer.dataset.held_out[:3]
    brute = (new[:, None] - training[None]).flatten(2).square().mean(dim=2).sqrt().min(dim=1).values / 2
    assert result.held_out[:3] == pytest.approx(brute.numpy(), rel=1e-5)


def test_what_training_does_not_change_is_measured_once() -> None:
    trainer = small(TINY_IMAGES)
    first = reading_of(trainer)
    trainer.step()
    second = reading_of(trainer)
    assert second.distances.perfect is first.distances.perfect
    assert second.copies.held_out is first.copies.held_out
    assert second.distances.w1 != first.distances.w1
    assert second.copies.generated.tolist() != first.copies.generated.tolist()


def test_large_images_are_compared_by_sliced_w1() -> None:
    images = torch.rand(30, 1, 64, 64, generator=rng()) * 2 - 1
    data = Dataset(
        lambda n, rng: images[torch.randint(30, (n,), generator=rng)],
        images[:8],
        images=images,
        train=torch.arange(8, 30),
    )
    config = dataclasses.replace(TINY_IMAGES, image_size=64)
    result = reading_of(Trainer(config, data), which=frozenset({"distances", "lipschitz"})).distances
    exact = quality.exact_w1(images[:8].numpy(), images[8:16].numpy())
    assert result.w1_sliced
    assert 0 < result.perfect.mean < exact
    assert math.isnan(result.perfect.low)
    assert math.isnan(result.lower_bound)  # it bounds the distance between images, not between their projections
    assert math.isnan(result.scaled_estimate)


class Shift(nn.Module):
    """A generator of the data's own held-out points, moved by (3, 4)."""

    def __init__(self, points: Tensor) -> None:
        super().__init__()
        self.points = points

    def forward(self, latents: Tensor) -> Tensor:
        return (self.points + torch.tensor([3.0, 4.0])).repeat(len(latents) // len(self.points) + 1, 1)[: len(latents)]


def test_the_lower_bound_is_the_distance_itself_for_an_optimal_critic() -> None:
    data = point_sets.eight_gaussians()
    # As many as a batch of generated ones, and no fresh ones.
    data = dataclasses.replace(data, held_out=data.held_out[:64], points=(64, 64))
    critic = nn.Sequential(nn.Linear(2, 1))
    critic[0].weight.data = torch.tensor([[-30.0, -40.0]])
    result = look(critic, Shift(data.held_out), data, TINY).distances
    assert result.w1 == pytest.approx(5, rel=1e-5)
    assert result.lower_bound == pytest.approx(5, rel=1e-5)
    assert result.scaled_estimate == pytest.approx(5, rel=1e-5)
    assert result.held_out_estimate == pytest.approx(250, rel=1e-5)


@pytest.mark.parametrize("clip", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("config", [RING, TINY, TINY_IMAGES, dataclasses.replace(TINY_IMAGES, network="mlp")])
def test_the_lower_bound_never_exceeds_the_exact_distance(config: TrainConfig, clip: float) -> None:
    config = dataclasses.replace(config, width=16, batch_size=32, clip_range=(-clip, clip), critic_lr=1e-2, threads=1)
    trainer = small(config)
    for _ in range(3):
        for _ in range(8):
            trainer.critic_update()  # with the generator fixed the estimate grows
        reading = reading_of(trainer, which=frozenset({"distances", "lipschitz"}))
        result = reading.distances
        assert -result.w1 <= result.lower_bound <= result.w1
        assert reading.lipschitz.largest <= reading.lipschitz.product
        assert abs(result.lower_bound) <= abs(result.scaled_estimate)


def test_estimates_and_distance_are_of_fresh_points_on_both_sides() -> None:
    trainer = small(TINY)
    result = reading_of(trainer, step=5).distances
    draws, own = rng_of(TINY.seed, 5, subject.STREAM), rng_of(TINY.seed, 5, distances.STREAM)
    with torch.no_grad():
        torch.randn(64, 2, generator=draws)  # for the other instruments
        train = trainer.dataset.sample(64, draws)
        pairs = [
            (trainer.generator(torch.randn(64, 2, generator=own)), trainer.dataset.sample(64, own)) for _ in range(4)
        ]
        fakes, reals = (torch.cat(half) for half in zip(*pairs, strict=True))
        scores = [trainer.critic(x).double().numpy() for x in (train, reals, fakes)]
    assert result.train_estimate == pytest.approx(scores[0].mean() - scores[2].mean(), abs=1e-7)
    assert result.held_out_estimate == pytest.approx(scores[1].mean() - scores[2].mean(), abs=1e-7)
    error = math.sqrt(scores[0].var(ddof=1) / 64 + scores[1].var(ddof=1) / 256)
    assert result.gap_error == pytest.approx(error, rel=1e-5)
    theirs = [quality.exact_w1(fake.numpy(), real.numpy()) for fake, real in pairs]
    assert result.w1 == pytest.approx(np.mean(theirs), rel=1e-6)
    assert result.perfect == reading_of(trainer, step=9, which=JUST_DISTANCES).distances.perfect


def test_the_row_has_the_same_columns_whatever_was_measured() -> None:
    full, empty = row(reading_of(small(TINY), step=7)), row(Reading(step=7))
    assert tuple(full) == tuple(empty) == READINGS
    assert full["step"] == empty["step"] == 7
    assert all(type(value) is float for value in (*full.values(), *empty.values()))
    assert math.isnan(empty["w1"])
    with_depth = {"gradient_per_layer", "gain_law_per_layer"} | further_layers(2)
    assert {c for c in full if math.isnan(full[c])} == other_kinds("point") | with_depth
    images = row(reading_of(small(TINY_IMAGES)))
    only_points = {"modes_covered", "high_quality_share", "real_to_real_low", "real_to_real_high"}
    without_norm = {"gain_law_per_layer"} | further_layers(3)
    assert {c for c in images if math.isnan(images[c])} == other_kinds("image") | only_points | without_norm


def further_layers(n: int) -> set[str]:
    """The columns of layers that a critic with n of them lacks."""
    return {f"gradient_{i}" for i in range(n + 1, gradients.MOST_LAYERS + 1)}


def test_every_layer_of_the_deepest_critic_has_a_column() -> None:
    assert rules(TrainConfig, "depth").bounds == (1, gradients.MOST_LAYERS - 1)
    config = dataclasses.replace(TINY, depth=4)
    reading = reading_of(small(config), which=frozenset({"gradients"}))
    norms = [row(reading)[f"gradient_{i}"] for i in range(1, 6)]
    assert norms == reading.gradients.norms[1:].tolist()
    assert [row(reading)[f"gradient_{name}"] for name in ("first", "last")] == [norms[0], norms[3]]


def other_kinds(kind: str) -> set[str]:
    """The columns of the instruments that do not apply to this kind of data."""
    return {column for name in INSTRUMENTS - available(kind) for column in COLUMNS[name]}


def test_agreement_of_estimate_and_distance() -> None:
    rows = [row(Reading()) | {"held_out_estimate": e, "w1": w} for e, w in ((1, 10), (2, 30), (3, 20), (4, 40))]
    table = np.array([list(r.values()) for r in [*rows, row(Reading())]])
    assert agreement(table) == (pytest.approx(0.8), 4)
    assert math.isnan(agreement(table[:2])[0])
    assert agreement(table[:0])[1] == 0


def test_the_plane_holds_the_outputs_of_the_networks() -> None:
    trainer = small(TINY)
    result = reading_of(trainer).plane
    ticks = np.linspace(-plane.REACH, plane.REACH, plane.TICKS, dtype=np.float32)
    with torch.no_grad():
        corner = trainer.critic(torch.tensor([[ticks[30], ticks[4]]])).item()
        middle = trainer.generator(torch.zeros(1, 2))[0].numpy()
        points = torch.from_numpy(result.generated[: plane.ARROWS])
        ups = [trainer.critic(points + 1e-2 * axis) for axis in torch.eye(2)]
        downs = [trainer.critic(points - 1e-2 * axis) for axis in torch.eye(2)]
    assert result.values[4, 30] == pytest.approx(corner, rel=1e-5)
    assert result.latent_map[10, 10] == pytest.approx(middle, rel=1e-5)
    slopes = np.hstack([(up - down).numpy() / 2e-2 for up, down in zip(ups, downs, strict=True)])
    assert np.median(np.abs(slopes - result.gradients)) < 1e-4


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_the_latent_grid_is_even_in_probability(latent_dim: int) -> None:
    grid = plane.latent_grid(latent_dim)
    assert grid.shape == (plane.LATENT_TICKS**2, latent_dim)
    shares = torch.special.ndtr(grid[:, : min(latent_dim, 2)]).unique()
    assert shares.numpy() == pytest.approx((np.arange(21) + 0.5) / 21, abs=1e-5)
    assert (grid[:, 2:] == 0).all()


def test_a_look_needs_no_trainer_and_leaves_networks_in_eval_mode() -> None:
    trainer = small(TINY_IMAGES)
    generator, critic = trainer.copies()
    before = copy.deepcopy(critic.state_dict())
    look(critic, generator, trainer.dataset, TINY_IMAGES)
    assert not critic.training
    assert all(torch.equal(before[name], tensor) for name, tensor in critic.state_dict().items())


@pytest.mark.parametrize(("n", "apart"), [(20, False), (100, True), (300, True)])
def test_the_standard_error_of_the_gap_is_right_for_own_points(
    n: int, apart: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a critic that has learned nothing, gap / standard error has sd 1 over many sets of points."""
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    monkeypatch.setattr(distances, "exact_w1", lambda *_: 0.0)  # slow, and not needed here
    critic = nn.Sequential(nn.Linear(2, 1))
    critic[0].weight.data = torch.tensor([[1.0, 2.0]])
    trainer, ratios = small(TINY), []
    for seed in range(300 if apart else 3):
        points = np.random.default_rng(seed).uniform(-1.5, 1.5, (n, 2)).astype(np.float32)
        config = dataclasses.replace(TINY, dataset="drawn", points=own_points.keep(points, tmp_path / "points"))
        result = look(critic, trainer.generator, datasets.load(config), config, which=JUST_DISTANCES).distances
        ratios.append((result.train_estimate - result.held_out_estimate) / result.gap_error)
    assert (0.9 < np.std(ratios) < 1.1) if apart else np.isnan(ratios).all()


@pytest.mark.parametrize("images", [torch.full((20, 1, 16, 16), 0.25), torch.eye(16).repeat(20, 1, 1, 1)])
def test_images_that_are_all_the_same_have_no_ratios(images: Tensor) -> None:
    data = split(images)
    values = row(reading_of(Trainer(TINY_IMAGES, data)))
    assert math.isnan(values["spread"])
    assert math.isnan(values["real_to_real"])  # it would be a rounding error
    assert math.isnan(copies.Copies(np.ones(3), np.zeros(3)).ratio)
