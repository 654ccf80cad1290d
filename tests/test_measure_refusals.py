"""What the instruments say of critics that are no plain Sequential of known layers."""

import math

import numpy as np
import pytest
import torch
from stubs import TINY, is_plain
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from ganlab.data import datasets
from ganlab.gan.training import Trainer
from ganlab.measure import lipschitz, spectra
from ganlab.measure.gradients import loss_gradients
from ganlab.measure.layers import named_layers
from ganlab.measure.reading import Reading, look, row
from ganlab.measure.subject import Unmeasurable
from ganlab.runs.diagnosis import diagnose, health
from ganlab.runs.history import METRICS, History, HistoryWriter
from ganlab.ui.train.instruments import panel
from ganlab.ui.train.instruments.card import CardData, rows_of, sentence_of
from ganlab.ui.train.instruments.gradients import norms_figure, norms_sentence


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def filled(model: nn.Module, scale: float = 0.1) -> nn.Module:
    for i, parameter in enumerate(model.parameters()):
        parameter.data = scale * torch.randn(parameter.shape, generator=rng(i))
    return model


class Residual(nn.Sequential):
    """Known layers in a known order, and their input added to what they give."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(dim=1, keepdim=True) + super().forward(x)


def residual() -> nn.Module:
    return filled(Residual(nn.Linear(2, 8), nn.ReLU(inplace=True), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)))


class Block(nn.Module):
    """A residual block that overwrites its first activation, and calls its second layer twice or not at all."""

    def __init__(self, calls: int = 1) -> None:
        super().__init__()
        self.first, self.second, self.calls = nn.Linear(4, 4), nn.Linear(4, 4), calls

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu_(self.first(x))
        for _ in range(self.calls):
            y = self.second(y)
        return x + y


def with_a_block(calls: int = 1) -> nn.Sequential:
    return filled(nn.Sequential(nn.Linear(2, 4), nn.ReLU(inplace=True), Block(calls), nn.Linear(4, 1)), 0.5)


def batches(width: int = 2) -> list[Tensor]:
    return [torch.randn(6, width, generator=rng(seed)) for seed in (1, 2)]


def looked(critic: nn.Module) -> Reading:
    return look(critic, Trainer(TINY).generator, datasets.load(TINY), TINY, step=200)


def test_a_residual_critic_has_no_product_but_a_largest_gradient() -> None:
    critic = residual()
    result = looked(critic).lipschitz
    assert result.largest > 1.3  # of the sum alone: sqrt(2)
    assert math.isnan(result.product)  # 0.1: that of its layers without the sum
    assert result.refusal == "No bound is known. The critic is a Residual, not a plain Sequential."
    with pytest.raises(Unmeasurable, match="Residual"):
        lipschitz.lipschitz_factors(critic)
    with pytest.raises(Unmeasurable, match="Residual"):
        spectra.spectra(critic, (2,))


class Doubled(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


TWICE = nn.Linear(2, 2)
OF_A_BATCH = nn.BatchNorm1d(2, track_running_stats=False)


@pytest.mark.parametrize(
    ("critic", "why"),
    [
        (nn.Linear(2, 1), "The critic is a Linear, not a plain Sequential."),
        (nn.Sequential(Doubled(2, 1)), "The critic's layer 0, a Doubled, is not one of the known ones."),
        (nn.Sequential(nn.Sequential(nn.Linear(2, 1))), "The critic's layer 0, a Sequential, is not one"),
        (nn.Sequential(nn.Linear(2, 1), nn.Softplus()), "The critic's layer 1, a Softplus, is not one"),
        (nn.Sequential(TWICE, TWICE), "The critic uses a layer twice."),
        (nn.Sequential(OF_A_BATCH, nn.Linear(2, 1)), "The critic's layer 0, a BatchNorm1d, is not one"),
        (nn.Sequential(nn.BatchNorm1d(2, affine=False)), "The critic's layer 0, a BatchNorm1d, is not one"),
        (nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular")), "The critic's layer 0, a Conv2d"),
        (nn.Sequential(nn.Conv2d(1, 1, 3, padding="same")), "The critic's layer 0, a Conv2d"),
    ],
)
def test_what_is_no_plain_sequential_of_known_layers(critic: nn.Module, why: str) -> None:
    with pytest.raises(Unmeasurable, match=why):
        named_layers(critic)


@pytest.mark.parametrize("parametrisation", [spectral_norm, weight_norm])
def test_the_norm_of_a_parametrised_layer_is_that_of_its_effective_weight(parametrisation: object) -> None:
    critic = filled(nn.Sequential(parametrisation(nn.Linear(2, 5)), nn.ReLU(), nn.Linear(5, 1))).eval()
    effective = critic[0].weight
    assert lipschitz.lipschitz_factors(critic)["0"] == pytest.approx(
        torch.linalg.svdvals(effective)[0].item(), rel=1e-5
    )
    result = loss_gradients(critic, *batches())
    assert (result.refusal, result.layers) == ("", ("input", "0", "2"))


def test_a_critic_one_unit_wide_is_not_called_dead_under_spectral_norm() -> None:
    critic = nn.Sequential(spectral_norm(nn.Linear(2, 1)), nn.ReLU(), spectral_norm(nn.Linear(1, 1)))
    nn.init.constant_(critic[0].bias, 9.0)  # its unit is on for all samples
    result = loss_gradients(critic, *batches())
    assert result.norms.all()  # also at the input, from where the generator gets its gradient
    assert result.weights == ("0.weight",)  # the other is ±1 whatever it was
    assert diagnose(Reading(gradients=result), history(60), TINY) == []
    nn.init.constant_(critic[0].bias, -9.0)
    (finding,) = diagnose(Reading(gradients=loss_gradients(critic, *batches())), history(60), TINY)
    assert finding.dead


def by_hand(critic: nn.Sequential) -> list[float]:
    """At the input, and after each linear layer: none in place, each activation kept."""
    first, _, block, last = critic
    batch, squares = torch.cat(batches()).requires_grad_(), []
    a = first(batch)
    hidden = functional.relu(a)
    b = block.first(hidden)
    c = block.second(functional.relu(b))
    scores = last(hidden + c)
    loss = -(scores[:6].mean() - scores[6:].mean())
    for gradient in torch.autograd.grad(loss, [batch, a, b, c, scores]):
        squares.append(gradient.norm().item())
    return squares


def test_gradients_are_measured_at_the_output_of_each_module_with_weights() -> None:
    critic = with_a_block()
    result = loss_gradients(critic, *batches())
    assert result.layers == ("input", "0", "2.first", "2.second", "3")
    assert result.weights == ("0.weight", "2.first.weight", "2.second.weight", "3.weight")
    assert result.norms == pytest.approx(by_hand(critic), rel=1e-5)
    assert critic[1].inplace
    assert np.isnan(result.gains).all()
    assert math.isnan(result.per_layer)
    assert math.isnan(result.law_per_layer)


@pytest.mark.parametrize(("calls", "layers"), [(2, ("2.first", "2.second", "3")), (0, ("2.first", "3", "2.second"))])
def test_a_module_that_is_called_twice_or_never_is_not_measured(calls: int, layers: tuple[str, ...]) -> None:
    result = loss_gradients(with_a_block(calls), *batches())
    assert result.layers == ("input", "0", *layers)
    assert [name for name, norm in zip(result.layers, result.norms, strict=True) if math.isnan(norm)] == ["2.second"]
    assert ("2.second.weight" in result.weights) == bool(calls)
    assert np.isfinite(result.weight_rms).all()
    assert "Not measured: 2.second, called twice or without gradient." in norms_sentence(result)
    figure = norms_figure(result)
    assert is_plain(figure)
    assert "nan" not in figure["alt"]


class Blind(nn.Module):
    """Its last layer gets no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.unseen = nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.seen(x) + self.unseen(x).detach()


def test_a_module_without_gradient_is_not_measured() -> None:
    result = loss_gradients(filled(Blind()), *batches())
    assert result.layers == ("input", "seen", "unseen")
    assert np.isnan(result.norms).tolist() == [False, False, True]
    assert result.weights == ("seen.weight",)


class Deaf(Blind):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum(dim=1, keepdim=True)


def test_a_critic_whose_weights_get_no_gradient_has_no_gradients() -> None:
    assert looked(Deaf()).refused["gradients"] == "No gradient reaches any weight of the critic."


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.Sigmoid()])
def test_the_gain_law_knows_no_tanh_and_no_sigmoid(activation: nn.Module) -> None:
    result = loss_gradients(filled(nn.Sequential(nn.Linear(2, 4), activation, nn.Linear(4, 1))), *batches())
    assert np.isnan(result.gains).tolist() == [True, False]


def test_what_does_not_apply_is_empty_says_so_in_its_card_and_silences_the_diagnosis() -> None:
    reading = looked(residual())
    values = row(reading)
    unmeasured = ("gradient_first", "gradient_last", "gradient_per_layer", "gain_law_per_layer", "lipschitz_product")
    assert all(math.isnan(values[column]) for column in (*unmeasured, "lower_bound"))
    measured = ("gradient_input", "smallest_weight_gradient", "largest_gradient", "scaled_estimate", "precision", "w1")
    assert all(math.isfinite(values[column]) for column in measured)
    assert reading.spectra is None
    data = CardData(reading, rows_of(np.empty((0, len(values))), reading), (math.nan, 0), HistoryWriter().view(), TINY)
    for card in ("Gradient norms", "Steepness", "Singular values"):
        assert "The critic is a Residual" in sentence_of(panel.CARDS[card], data)
    assert health(reading.gradients) == {}
    steep = reading.gradients._replace(norms=np.array([1.0, 9e9, 1e3, 1.0]))
    assert diagnose(Reading(gradients=steep), history(60), TINY) == []
    assert len(diagnose(Reading(gradients=steep._replace(refusal="")), history(60), TINY)) == 1


def history(steps: int) -> History:
    writer = HistoryWriter()
    for step in range(1, steps + 1):
        row = dict.fromkeys(METRICS, 0.0) | {"step": step, "clip_low": -0.1, "clip_high": 0.1}
        writer.append(row, (("a", (2,)),), np.zeros((1, 2)))
    return writer.view()
