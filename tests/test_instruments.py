"""TODO."""

import copy
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import quality
import torch
from stubs import TINY, TINY_IMAGES
from torch import Tensor, nn

from ganlab.config import PRESETS, TrainConfig
from ganlab.data import datasets, own_points, point_sets
from ganlab.data.dataset import Dataset, split
from ganlab.gan.training import Trainer
from ganlab.measure import copies, distances, instruments, plane, subject
from ganlab.measure.instruments import INSTRUMENTS, look
from ganlab.measure.reading import READINGS, Reading, agreement, row

BOTH = pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
RING = PRESETS["8-gaussians"]
JUST_ESTIMATES = frozenset({"distances"})


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(config: TrainConfig) -> Trainer:
    """A trainer with 64 held-out samples: an assignment of 512 takes a while for an untrained generator."""
    data = datasets.load(config)
    labels = None if data.labels is None else data.labels[:64]
    return Trainer(config, dataclasses.replace(data, held_out=data.held_out[:64], labels=labels))


def reading_of(trainer: Trainer, **how: object) -> Reading:
    return look(trainer.critic, trainer.generator, trainer.dataset, trainer.config, **how)


def state(trainer: Trainer) -> list:
    """Everything of a trainer that decides how it goes on, and what else a look might touch."""
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
        assert reading_of(watched).cost.keys() >= {"gradients", "lipschitz", "distances"}
        assert state(watched) == state(alone)
        assert watched.step()[0] == alone.step()[0]
    assert state(watched) == state(alone)
    assert torch.equal(torch.get_rng_state(), shared)


@BOTH
def test_equal_looks_see_the_same(config: TrainConfig) -> None:
    trainer = small(config)
    a, b, c = (numbers(reading_of(trainer, step=step)) for step in (3, 3, 4))
    assert a == pytest.approx(b, nan_ok=True, abs=0, rel=0)
    assert a != pytest.approx(c, nan_ok=True)


def numbers(reading: Reading) -> list[float]:
    return [value for column, value in row(reading).items() if column not in ("cpu_seconds", "step")]


@BOTH
def test_what_an_instrument_finds_does_not_depend_on_the_others(config: TrainConfig) -> None:
    trainer = small(config)
    every = reading_of(trainer)
    for name in instruments.available(config.kind):
        mine, among_all = (getattr(reading, name) for reading in (reading_of(trainer, which=frozenset({name})), every))
        if name == "distances":  # its bounds need the norms
            mine, among_all = (d._replace(lower_bound=0.0, scaled=0.0) for d in (mine, among_all))
        assert mine
        assert repr(mine) == repr(among_all)


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_each_instrument_can_be_alone_or_be_the_only_one_missing(name: str) -> None:
    trainer = small(TINY)
    parts = {field.name for field in dataclasses.fields(Reading)} - {"step", "cost"}
    there = {part for part in parts if getattr(reading_of(trainer, which=frozenset({name})), part)}
    assert there == {name} - {"copies"}  # points have no training images
    missing = {part for part in parts if not getattr(reading_of(trainer, which=INSTRUMENTS - {name}), part)}
    assert missing == {name, "copies"}


def test_images_have_copies_and_classes_and_no_plane() -> None:
    found = reading_of(small(TINY_IMAGES))
    assert found.plane is None
    assert len(found.copies.generated) == len(found.copies.held_out) == 64 < copies.COPIES_OF
    assert found.coverage.found.sum() == 64 == found.coverage.due.sum()
    assert len(found.coverage.found) == 10
    assert len(found.coverage.good) == 0


class Copier(nn.Module):
    """A generator of given images, one after the other."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.images = images

    def forward(self, latents: Tensor) -> Tensor:
        return self.images.repeat(len(latents) // len(self.images) + 1, 1, 1, 1)[: len(latents)]


def test_copies_are_at_no_distance_and_new_images_at_that_of_the_nearest() -> None:
    trainer = small(TINY_IMAGES)
    training = torch.cat(list(trainer.dataset.training_images()))
    assert len(training) == 1285
    found = look(trainer.critic, Copier(training[[5, 1200]]), trainer.dataset, TINY_IMAGES).copies
    assert (found.generated == 0).all()
    assert found.ratio == 0
    new = trainer.dataset.held_out[:3]
    brute = (new[:, None] - training[None]).flatten(2).square().mean(dim=2).sqrt().min(dim=1).values / 2
    assert found.held_out[:3] == pytest.approx(brute.numpy(), rel=1e-5)


def test_what_no_training_changes_is_taken_over() -> None:
    trainer = small(TINY_IMAGES)
    first = reading_of(trainer)
    trainer.step()
    second = reading_of(trainer, before=first)
    assert second.distances.real_to_real == first.distances.real_to_real
    assert second.copies.held_out is first.copies.held_out
    assert second.distances.w1 != first.distances.w1
    assert second.copies.generated.tolist() != first.copies.generated.tolist()


def test_large_images_are_compared_along_lines_and_it_says_so() -> None:
    images = torch.rand(30, 1, 64, 64, generator=rng()) * 2 - 1
    data = Dataset("big", lambda n, rng: images[torch.randint(30, (n,), generator=rng)], images[:8])
    config = dataclasses.replace(TINY_IMAGES, image_size=64)
    found = reading_of(Trainer(config, data), which=frozenset({"distances", "lipschitz"})).distances
    exact = quality.exact_w1(images[:8].numpy(), images[8:16].numpy())
    assert found.sliced
    assert 0 < found.real_to_real < exact
    assert math.isnan(found.lower_bound)  # it bounds the distance of images, not that along lines
    assert math.isnan(found.scaled)


class Shift(nn.Module):
    """A generator of the data's own held-out points, moved by (3, 4)."""

    def __init__(self, points: Tensor) -> None:
        super().__init__()
        self.points = points

    def forward(self, latents: Tensor) -> Tensor:
        return (self.points + torch.tensor([3.0, 4.0])).repeat(len(latents) // len(self.points) + 1, 1)[: len(latents)]


def test_the_lower_bound_is_the_distance_itself_for_an_optimal_critic() -> None:
    data = point_sets.eight_gaussians()
    data = dataclasses.replace(data, held_out=data.held_out[:64])  # as many as a batch of generated ones
    critic = nn.Sequential(nn.Linear(2, 1))
    critic[0].weight.data = torch.tensor([[-30.0, -40.0]])
    found = look(critic, Shift(data.held_out), data, TINY).distances
    assert found.w1 == pytest.approx(5, rel=1e-5)
    assert found.lower_bound == pytest.approx(5, rel=1e-5)
    assert found.scaled == pytest.approx(5, rel=1e-5)
    assert found.held_out_estimate == pytest.approx(250, rel=1e-5)


@pytest.mark.parametrize("clip", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("config", [RING, TINY, TINY_IMAGES, dataclasses.replace(TINY_IMAGES, network="mlp")])
def test_the_lower_bound_never_exceeds_the_exact_distance(config: TrainConfig, clip: float) -> None:
    config = dataclasses.replace(config, width=16, batch_size=32, clip_range=(-clip, clip), critic_lr=1e-2, threads=1)
    trainer = small(config)
    for _ in range(3):
        for _ in range(8):
            trainer.critic_update(observe=False)  # the generator does not flee: the estimate grows
        found = reading_of(trainer, which=frozenset({"distances", "lipschitz"}))
        samples = found.distances
        assert -samples.w1 <= samples.lower_bound <= samples.w1
        assert found.lipschitz.met.largest <= found.lipschitz.product
        assert abs(samples.lower_bound) <= abs(samples.scaled)


def test_train_and_held_out_estimates_are_the_critics() -> None:
    trainer = small(TINY)
    found = reading_of(trainer, step=5).distances
    draws = subject.rng_of(TINY.seed, 5, 0)
    with torch.no_grad():
        fake = trainer.generator(torch.randn(64, 2, generator=draws))
        train = trainer.dataset.sample(64, draws)
        scores = [trainer.critic(x).double().numpy() for x in (train, trainer.dataset.held_out, fake)]
    assert found.train_estimate == pytest.approx(scores[0].mean() - scores[2].mean(), abs=1e-7)
    assert found.held_out_estimate == pytest.approx(scores[1].mean() - scores[2].mean(), abs=1e-7)
    assert found.gap_error == pytest.approx(math.sqrt((scores[0].var(ddof=1) + scores[1].var(ddof=1)) / 64), rel=1e-5)


def test_the_row_has_the_same_columns_whatever_was_measured() -> None:
    full, empty = row(reading_of(small(TINY), step=7)), row(Reading(step=7))
    assert tuple(full) == tuple(empty) == READINGS
    assert full["step"] == empty["step"] == 7
    assert all(type(value) is float for value in (*full.values(), *empty.values()))
    assert math.isnan(empty["w1"])
    assert {c for c in full if math.isnan(full[c])} == {
        "nearest_training", "nearest_training_real", "gradient_per_layer", "gain_law_per_layer",
    }  # fmt: skip
    images = row(reading_of(small(TINY_IMAGES)))
    assert {c for c in images if math.isnan(images[c])} == {"gain_law_per_layer", "modes_covered", "high_quality_share"}


def test_agreement_of_estimate_and_distance() -> None:
    rows = [row(Reading()) | {"held_out_estimate": e, "w1": w} for e, w in ((1, 10), (2, 30), (3, 20), (4, 40))]
    table = np.array([list(r.values()) for r in [*rows, row(Reading())]])
    assert agreement(table) == (pytest.approx(0.8), 4)
    assert math.isnan(agreement(table[:2])[0])
    assert agreement(table[:0])[1] == 0


def test_the_plane_holds_what_the_networks_say() -> None:
    trainer = small(TINY)
    seen = reading_of(trainer).plane
    ticks = np.linspace(-plane.REACH, plane.REACH, plane.TICKS, dtype=np.float32)
    with torch.no_grad():
        corner = trainer.critic(torch.tensor([[ticks[30], ticks[4]]])).item()
        middle = trainer.generator(torch.zeros(1, 2))[0].numpy()
        points = torch.from_numpy(seen.generated[: plane.ARROWS])
        ups = [trainer.critic(points + 1e-2 * axis) for axis in torch.eye(2)]
        downs = [trainer.critic(points - 1e-2 * axis) for axis in torch.eye(2)]
    assert seen.values[4, 30] == pytest.approx(corner, rel=1e-5)
    assert seen.latent_map[10, 10] == pytest.approx(middle, rel=1e-5)
    slopes = np.hstack([(up - down).numpy() / 2e-2 for up, down in zip(ups, downs, strict=True)])
    assert np.median(np.abs(slopes - seen.gradients)) < 1e-4


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_the_latent_grid_is_even_in_probability(latent_dim: int) -> None:
    grid = plane.latent_grid(latent_dim)
    assert grid.shape == (plane.LATENT_TICKS**2, latent_dim)
    shares = torch.special.ndtr(grid[:, : min(latent_dim, 2)]).unique()
    assert shares.numpy() == pytest.approx((np.arange(21) + 0.5) / 21, abs=1e-5)
    assert (grid[:, 2:] == 0).all()


def test_a_look_needs_no_trainer_and_leaves_networks_in_eval_mode_so() -> None:
    trainer = small(TINY_IMAGES)
    generator, critic = trainer.copies()
    before = copy.deepcopy(critic.state_dict())
    look(critic, generator, trainer.dataset, TINY_IMAGES)
    assert not critic.training
    assert all(torch.equal(before[name], tensor) for name, tensor in critic.state_dict().items())


@pytest.mark.parametrize(("n", "apart"), [(20, False), (100, True), (300, True)])
def test_a_gap_over_own_points_is_as_uncertain_as_so_many_points(
    n: int, apart: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A critic that has learned nothing: over many sets of points its gap / standard error has sd 1."""
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    monkeypatch.setattr(distances, "exact_w1", lambda *_: 0.0)  # takes its time, and is not asked for
    critic = nn.Sequential(nn.Linear(2, 1))
    critic[0].weight.data = torch.tensor([[1.0, 2.0]])
    trainer, ratios = small(TINY), []
    for seed in range(300):
        points = np.random.default_rng(seed).uniform(-1.5, 1.5, (n, 2)).astype(np.float32)
        config = dataclasses.replace(TINY, dataset="drawn", points=own_points.keep(points, tmp_path / "points"))
        found = look(critic, trainer.generator, datasets.load(config), config, which=JUST_ESTIMATES).distances
        ratios.append((found.train_estimate - found.held_out_estimate) / found.gap_error)
    assert (0.9 < np.std(ratios) < 1.1) if apart else np.isnan(ratios).all()


@pytest.mark.parametrize("images", [torch.full((20, 1, 16, 16), 0.25), torch.eye(16).repeat(20, 1, 1, 1)])
def test_images_that_are_all_the_same_have_no_ratios(images: Tensor) -> None:
    data = split("same", images, None)
    found = row(reading_of(Trainer(TINY_IMAGES, data)))
    assert math.isnan(found["spread"])
    assert found["real_to_real"] == pytest.approx(0, abs=1e-5)
    assert math.isnan(copies.Copies(np.ones(3), np.zeros(3)).ratio)
