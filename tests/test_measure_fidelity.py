"""Precision, recall, density, coverage and the 1-NN test, against other code and where the answer is known."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from sklearn.neighbors import NearestNeighbors
from stubs import TINY, TINY_IMAGES
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.data import datasets, image_sets, point_sets
from ganlab.data.dataset import split
from ganlab.gan.training import Trainer
from ganlab.measure import fidelity
from ganlab.measure.fidelity import Fidelity, Scores, scores
from ganlab.measure.reading import Reading, look, row

RING = point_sets.eight_gaussians()
JUST_FIDELITY = frozenset({"fidelity"})
DATA = {"digits": image_sets.digits(), "ring": RING, "roll": point_sets.swiss_roll()}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blurred(samples: Tensor, sd: float) -> Tensor:
    return samples + sd * torch.randn(samples.shape, generator=rng(5))


def of(samples: Tensor, real: Tensor = RING.held_out) -> Scores:
    return scores(samples, real)


@pytest.mark.parametrize("sd", [0.0, 0.03, 0.3])
@pytest.mark.parametrize("name", DATA)
def test_the_scores_against_the_authors_code(name: str, sd: float) -> None:
    real, samples = DATA[name].held_out, blurred(DATA[name].sample(300, rng()), sd)
    theirs = compute_prdc(real.flatten(1).numpy(), samples.flatten(1).numpy(), 5)
    ours = scores(samples, real)._asdict()
    assert theirs.keys() == ours.keys() - {"one_nn_accuracy"}
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("name", DATA)
def test_the_two_sample_test_against_scikit_learn(name: str) -> None:
    real, samples = DATA[name].held_out, blurred(DATA[name].sample(512, rng()), 0.02)
    both = torch.cat([real, samples]).flatten(1).double().numpy()
    nearest = NearestNeighbors(n_neighbors=1).fit(both).kneighbors(return_distance=False)[:, 0]  # not oneself
    is_real = np.arange(1024) < 512
    assert scores(samples, real).one_nn_accuracy == pytest.approx((is_real == is_real[nearest]).mean(), abs=1e-9)


def test_missing_modes_lower_recall_and_coverage_but_not_precision_and_blur_the_reverse() -> None:
    samples = RING.sample(4096, rng())
    perfect = of(samples[:512])
    half = of(samples[samples[:, 0] + 1e-3 * samples[:, 1] > 0][:512])
    blur = of(blurred(samples[:512], 0.02))
    assert half.precision >= perfect.precision - 0.02
    assert half.recall <= 0.6 * perfect.recall
    assert half.coverage <= 0.6 * perfect.coverage
    assert blur.precision <= 0.9 * perfect.precision
    assert blur.density <= 0.7 * perfect.density
    assert blur.recall >= perfect.recall
    assert blur.coverage >= 0.9 * perfect.coverage


def test_slightly_blurred_images_have_more_precision_and_density_but_less_recall() -> None:
    images = DATA["digits"].sample(512, rng())
    smooth = nn.functional.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    real = DATA["digits"].held_out
    perfect, blur = of(images, real), of(smooth, real)
    assert blur.precision > perfect.precision
    assert blur.density > 1.2 * perfect.density
    assert blur.recall < 0.8 * perfect.recall


def test_a_copy_lies_in_the_ball_of_its_original_and_is_its_nearest_neighbour() -> None:
    copied = of(RING.held_out.clone())
    assert copied == Scores(1.0, 1.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize("shape", [(2,), (1, 16, 16)])
def test_samples_that_are_all_the_same_are_neither_told_apart_nor_outside(shape: tuple[int, ...]) -> None:
    same = torch.full((20, *shape), 0.1)
    result = scores(same, same)
    assert (result.precision, result.recall, result.coverage) == (1, 1, 1)
    assert result.one_nn_accuracy == pytest.approx(19 / 39)  # of 39 nearest neighbours 19 are of the same set
    assert scores(-0.0 * same, 0.0 * same) == result
    apart = scores(same, same + 1)
    assert apart == Scores(0.0, 0.0, 0.0, 0.0, 1.0)


def test_equal_images_are_equally_far_from_a_third_whatever_the_rounding() -> None:
    """A generated image with a copy among the real ones, both nearest to many others."""
    centre = torch.randn(1, 1, 16, 16, generator=rng(1))
    around = centre + 1e-2 * nn.functional.normalize(torch.randn(40, 256, generator=rng(2))).reshape(40, 1, 16, 16)
    real, samples = torch.cat([around[:20], centre]), torch.cat([centre, around[20:]])
    assert scores(samples, real).one_nn_accuracy == pytest.approx(20 / 42)  # the two are each other's


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_a_look_measures_the_generator_and_a_training_draw(config: TrainConfig) -> None:
    trainer = Trainer(config)
    result = looked(trainer)
    assert result.generated.one_nn_accuracy > 0.9
    assert result.real.one_nn_accuracy == pytest.approx(0.5, abs=0.06)  # of 1,024: three standard errors
    assert min(result.real[:4]) > 0.9
    trainer.step()
    assert looked(trainer, step=1).real is result.real
    values = row(Reading(fidelity=result))
    assert [values[name] for name in Scores._fields] == list(result.generated)
    assert [values[f"{name}_real"] for name in Scores._fields] == list(result.real)


def looked(trainer: Trainer, **options: int) -> Fidelity:
    reading = look(trainer.critic, trainer.generator, trainer.dataset, trainer.config, which=JUST_FIDELITY, **options)
    assert reading.fidelity
    return reading.fidelity


def test_no_training_image_is_drawn_twice_unless_there_are_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Tensor] = []
    monkeypatch.setattr(fidelity, "scores", lambda samples, real: drawn.append(samples) or Scores(*[0.5] * 5))
    for few in (0, 100):
        config = dataclasses.replace(TINY_IMAGES, train_images=few)
        looked(Trainer(config, dataclasses.replace(datasets.load(config))))  # which knows nothing yet
    training, _, repeated, _ = drawn
    assert len(training.flatten(1).unique(dim=0)) > 500  # the digits hold some twice
    assert len(repeated) == 512
    assert len(repeated.flatten(1).unique(dim=0)) <= 100


def test_large_images_are_averaged_first() -> None:
    images = torch.rand(60, 1, 64, 64, generator=rng()) * 2 - 1
    halved = images.unfold(2, 2, 2).unfold(3, 2, 2).mean(dim=(4, 5))
    results = []
    for data, size in ((split(images), 64), (split(halved), 32)):
        trainer = Trainer(dataclasses.replace(TINY_IMAGES, image_size=size), data)
        results.append(looked(trainer).real)
    assert results[0] == results[1]


def test_five_held_out_samples_are_too_few_and_the_reading_says_so() -> None:
    images = torch.rand(16, 1, 16, 16, generator=rng()) * 2 - 1
    trainer = Trainer(TINY_IMAGES, split(images))
    reading = look(trainer.critic, trainer.generator, trainer.dataset, TINY_IMAGES)
    assert len(trainer.dataset.held_out) == 5
    assert reading.fidelity is None
    assert reading.refused == {"fidelity": "Fidelity needs more than 5 held-out samples."}
    assert math.isnan(row(reading)["precision"])


def test_samples_that_are_not_finite_are_refused() -> None:
    class Broken(nn.Module):
        def forward(self, latents: Tensor) -> Tensor:
            return latents[:, :2] * math.nan

    trainer = Trainer(TINY)
    with pytest.raises(FloatingPointError):
        look(trainer.critic, Broken(), datasets.load(TINY), TINY, which=JUST_FIDELITY)
