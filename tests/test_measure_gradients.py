"""The gradients at every layer of a critic, against finite differences and the gain law."""

import copy
import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.gan import networks
from ganlab.gan.building import build, initial
from ganlab.gan.objectives import OBJECTIVES
from ganlab.measure import gradients, lipschitz
from ganlab.presets import PRESETS


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_mlp() -> nn.Sequential:
    return networks.init_(networks.mlp_critic((2,), 5, 3), rng()).double()


def small_dcgan() -> nn.Sequential:
    critic = networks.init_(networks.dcgan_critic(1, 16, 2), rng()).double()
    critic.conv1.weight.data *= 10  # else differences drown in rounding
    critic.conv2.weight.data *= 10
    return critic


def random_signs(depth: int, width: int, c: float, seed: int) -> nn.Sequential:
    """Linear layers whose weights are ±c, with ReLU, and biases of 0."""
    critic = networks.mlp_critic((width,), width, depth)
    for parameter in critic.parameters():
        drawn = torch.randint(2, parameter.shape, generator=rng(seed + 100 * parameter.dim() + len(parameter)))
        parameter.data = (2.0 * drawn - 1) * c if parameter.dim() == 2 else parameter.data * 0
        seed += 1
    return critic


def by_differences(after: nn.Sequential, activation: Tensor, step: float = 1e-5) -> float:
    """The norm of d mean(after(activation)) / d activation, by moving each number up and down."""
    squares, after = 0.0, copy.deepcopy(after)
    for i in range(activation.numel()):
        moved = [activation.clone(), activation.clone()]
        moved[0].view(-1)[i] += step
        moved[1].view(-1)[i] -= step
        up, down = (after(m).mean().item() for m in moved)
        squares += ((up - down) / (2 * step)) ** 2
    return math.sqrt(squares)


@pytest.mark.parametrize(
    ("critic", "shape", "places"),
    [(small_mlp(), (2,), [0, 2, 4, 6, 7]), (small_dcgan(), (1, 16, 16), [0, 2, 5, 7])],
    ids=["mlp", "dcgan"],
)
def test_the_norm_at_every_layer_against_finite_differences(
    critic: nn.Sequential, shape: tuple[int, ...], places: list[int]
) -> None:
    real, fake = (torch.randn(2, *shape, generator=rng(seed), dtype=torch.float64) for seed in (1, 2))
    result = gradients.loss_gradients(critic, real, fake)
    train = copy.deepcopy(critic).train()
    for layer in train:
        if hasattr(layer, "inplace"):
            layer.inplace = False
    with torch.no_grad():
        for norm, place in zip(result.norms, places, strict=True):
            before, after = train[:place], train[place:]
            expected = [by_differences(after, copy.deepcopy(before)(batch)) for batch in (real, fake)]
            assert norm == pytest.approx(math.hypot(*expected), rel=1e-4)


def test_weight_gradients_are_those_of_training() -> None:
    critic = small_dcgan()
    real, fake = (torch.randn(4, 1, 16, 16, generator=rng(seed), dtype=torch.float64) for seed in (1, 2))
    result = gradients.loss_gradients(critic, real, fake)
    mine = copy.deepcopy(critic)
    (-(mine(real).mean() - mine(fake).mean())).backward()
    assert result.weights == ("conv1.weight", "conv2.weight", "conv3.weight")
    for name, rms in zip(result.weights, result.weight_rms, strict=True):
        assert rms == pytest.approx(mine.get_parameter(name).grad.square().mean().sqrt().item(), rel=1e-9)


def test_measuring_leaves_the_critic_as_it_was() -> None:
    critic = small_dcgan().eval().requires_grad_(False)
    before = copy.deepcopy(critic.state_dict())
    state = torch.get_rng_state()
    real = torch.randn(4, 1, 16, 16, generator=rng(), dtype=torch.float64)
    gradients.loss_gradients(critic, real, real + 1)
    assert all(torch.equal(before[name], tensor) for name, tensor in critic.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in critic.parameters())
    assert not any(layer.training for layer in critic)
    assert critic.relu1.inplace
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("width", [128, 512])
@pytest.mark.parametrize("seed", range(10))
def test_twelve_random_sign_layers_follow_the_gain_law(width: int, seed: int) -> None:
    c = 0.1
    critic = random_signs(12, width, c, 1000 * seed)
    real, fake = (torch.randn(16, width, generator=rng(seed + i)) for i in (1, 2))
    result = gradients.loss_gradients(critic, real, fake)
    law = c * math.sqrt(width / 2)
    assert result.law_per_layer == pytest.approx(law, rel=1e-5)
    assert result.per_layer == pytest.approx(law, rel=0.1)


def test_a_convolution_follows_the_gain_law() -> None:
    """Away from the border, which padding thins, and with LeakyReLU."""
    layers = [layer for _ in range(4) for layer in (nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.LeakyReLU(0.2))]
    critic = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 256, 1))
    for i, parameter in enumerate(critic.parameters()):
        nn.init.normal_(parameter, 0, 0.1, generator=rng(i))
    real, fake = (torch.randn(2, 32, 16, 16, generator=rng(i)) for i in (1, 2))
    result = gradients.loss_gradients(critic, real, fake)
    assert result.law_per_layer == pytest.approx(0.1 * math.sqrt(32 * 9 * 1.04 / 2), rel=0.02)
    assert result.per_layer == pytest.approx(result.law_per_layer, rel=0.1)


def test_the_law_stops_at_batch_norm() -> None:
    _, critic = initial(PRESETS["digits"])
    real, fake = (torch.randn(8, 1, 16, 16, generator=rng(i)) for i in (1, 2))
    result = gradients.loss_gradients(critic, real, fake)
    assert result.layers == ("input", "conv1", "conv2", "conv3")
    assert np.isnan(result.gains).tolist() == [False, True, False]
    assert math.isnan(result.law_per_layer)
    (first, expected), (last, exact) = gradients.gain_law_lines(result)
    assert (first, last) == (["input", "conv1"], ["conv2", "conv3"])
    assert expected[1] == result.norms[1]
    assert exact == pytest.approx(result.norms[2:], rel=1e-5)  # exact, as the last layer has one output


def test_a_network_without_batch_norm_has_one_gain_law_line() -> None:
    config = TrainConfig(dataset="8-gaussians", network="mlp", width=32, depth=4)
    critic = networks.init_(build(config, (2,))[1], rng())
    real, fake = (torch.randn(64, 2, generator=rng(i)) for i in (1, 2))
    result = gradients.loss_gradients(critic, real, fake)
    ((layers, line),) = gradients.gain_law_lines(result)
    assert layers == list(result.layers)
    assert line[-1] == result.norms[-1] == pytest.approx(math.sqrt(2 / 64))
    assert line[:-1] / line[1:] == pytest.approx(result.gains)


class OnCpu(Tensor):
    """What `Tensor.cpu` returned."""


def test_float64_is_made_on_the_cpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """MPS has none."""
    double = Tensor.double

    def on_cpu_only(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, OnCpu):
            raise TypeError("no float64 here")
        return double(tensor)

    critic = networks.init_(networks.dcgan_critic(1, 16, 2), rng())
    batches = [torch.randn(8, 1, 16, 16, generator=rng(seed)) for seed in range(2)]
    usual = gradients.loss_gradients(critic, *batches)
    monkeypatch.setattr(Tensor, "cpu", lambda tensor: tensor.as_subclass(OnCpu))
    monkeypatch.setattr(Tensor, "double", on_cpu_only)
    assert np.array_equal(gradients.loss_gradients(critic, *batches).norms, usual.norms)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_gradients_are_those_of_the_runs_objective_and_penalty(objective: str) -> None:
    critic = networks.init_(networks.mlp_critic((2,), 5, 3), rng()).double()
    real, fake = (torch.randn(4, 2, generator=rng(seed), dtype=torch.float64) for seed in (1, 2))
    between = (real + fake) / 2

    def term(model: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        points = between.clone().requires_grad_()
        return torch.autograd.grad(model(points).sum(), points, create_graph=True)[0].square().sum()

    result = gradients.loss_gradients(critic, real, fake, OBJECTIVES[objective], term)
    mine = copy.deepcopy(critic)
    a, b = (x.clone().requires_grad_() for x in (real, fake))
    loss = OBJECTIVES[objective].critic_loss(mine(a), mine(b)) + term(mine, real, fake)
    loss.backward()
    assert result.norms[0] == pytest.approx(math.hypot(a.grad.norm().item(), b.grad.norm().item()), rel=1e-9)
    for name, rms in zip(result.weights, result.weight_rms, strict=True):
        assert rms == pytest.approx(mine.get_parameter(name).grad.square().mean().sqrt().item(), rel=1e-9)


def test_spectral_norm_is_measured_by_its_effective_weights_and_not_moved() -> None:
    config = TrainConfig(dataset="8-gaussians", network="mlp", width=32, depth=4, constraint="spectral-norm")
    _, critic = initial(config)
    before = copy.deepcopy(critic.state_dict())
    real, fake = (torch.randn(64, 2, generator=rng(i)) for i in (1, 2))
    result = gradients.loss_gradients(critic, real, fake)
    assert all(torch.equal(before[name], tensor) for name, tensor in critic.state_dict().items())
    assert result.weights == tuple(f"linear{i}.weight" for i in range(1, 6))
    factors = lipschitz.lipschitz_factors(critic.eval())
    norms = {
        name: torch.linalg.matrix_norm(w, ord=2).item() for name, w in networks.named_weights(critic) if w.dim() > 1
    }
    assert [factors[f"linear{i}"] for i in range(1, 6)] == pytest.approx(list(norms.values()), rel=1e-5)
    assert 0.9 < min(norms.values()) < max(norms.values()) < 1.2
    last = dict(networks.named_weights(critic))["linear5.weight"].norm().item()
    assert result.gains[-1] == pytest.approx(last, rel=0.05)  # of one output: rms * sqrt(fan_in)


def test_layer_norm_has_no_gain_law_and_no_global_bound() -> None:
    _, critic = initial(dataclasses.replace(PRESETS["digits-gradient-penalty"], width=4))
    real, fake = (torch.randn(8, 1, 16, 16, generator=rng(i)) for i in (1, 2))
    assert np.isnan(gradients.loss_gradients(critic, real, fake).gains).tolist() == [False, True, False]
    factors = lipschitz.lipschitz_factors(critic.eval(), (1, 16, 16), rng())
    assert [name for name, factor in factors.items() if math.isnan(factor)] == ["norm2"]
    assert math.isnan(lipschitz.Lipschitz(factors, 1.0, 1.0, 1.0).product)
