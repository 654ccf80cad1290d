"""Latents, samples and the paths between latents: repeatable, independent of how many are drawn, and exact."""

import math

import pytest
import torch
from torch import nn

from ganlab.gan import networks, sampling

A, B, C = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))


def generator() -> nn.Module:
    network = networks.init_(networks.dcgan_generator(8, 1, 16, 4), torch.Generator().manual_seed(0))
    return network.eval()


def angles(path: torch.Tensor) -> torch.Tensor:
    """The angle between each latent of a path and the next."""
    unit = path.double() / path.double().norm(dim=1, keepdim=True)
    return torch.arccos((unit[:-1] * unit[1:]).sum(1).clamp(-1, 1))


def test_latent_i_does_not_depend_on_n() -> None:
    all_latents = sampling.latents(200, 8, seed=3)
    for n in (1, 7, 63, 64, 65, 130):
        assert torch.equal(sampling.latents(n, 8, seed=3), all_latents[:n])


def test_sample_i_does_not_depend_on_n() -> None:
    network, latents = generator(), sampling.latents(130, 8, seed=3)
    samples = sampling.generate(network, latents)
    assert samples.shape == (130, 1, 16, 16)
    for n in (1, 7, 64, 65):
        assert torch.equal(sampling.generate(network, latents[:n]), samples[:n])


def test_latents_are_standard_normal() -> None:
    latents = sampling.latents(20_000, 4, seed=0)
    assert abs(latents.mean()) < 0.02
    assert abs(latents.std() - 1) < 0.02


def test_samples_carry_no_gradient() -> None:
    samples = sampling.generate(generator(), sampling.latents(3, 8, seed=1))
    assert not samples.requires_grad


@pytest.mark.parametrize("truncation", [0.2, 0.7, 2.0])
def test_truncated_latents_stay_inside_and_keep_their_distribution_there(truncation: float) -> None:
    truncated = sampling.latents(2000, 16, seed=1, truncation=truncation)
    assert truncated.abs().max() <= truncation
    assert abs(truncated.mean()) < 0.02
    normal = sampling.latents(40_000, 16, seed=2).flatten()
    inside = normal[normal.abs() <= truncation]
    assert abs(truncated.std() / inside.std() - 1) < 0.02


def test_truncated_latent_i_does_not_depend_on_n() -> None:
    all_latents = sampling.latents(200, 8, seed=3, truncation=0.5)
    for n in (1, 63, 64, 65):
        assert torch.equal(sampling.latents(n, 8, seed=3, truncation=0.5), all_latents[:n])


def test_a_truncation_beyond_all_latents_changes_nothing() -> None:
    assert torch.equal(sampling.latents(200, 8, seed=3, truncation=100.0), sampling.latents(200, 8, seed=3))


def test_train_mode_uses_each_batch_and_leaves_the_original_alone() -> None:
    network = generator()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    latents = sampling.latents(64, 8, seed=0)
    samples = sampling.generate(sampling.in_train_mode(network), latents)
    assert not torch.allclose(samples, sampling.generate(network, latents))
    assert not network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert torch.equal(samples, generator().train()(latents).detach())


def test_spherical_turns_and_grows_evenly() -> None:
    path = sampling.spherical(A, 2 * B, 9)
    assert torch.allclose(path[0], A, atol=1e-6)
    assert torch.allclose(path[-1], 2 * B, atol=1e-5)
    steps = angles(path)
    assert torch.allclose(steps, steps.mean().expand(8), atol=1e-5)
    lengths = path.norm(dim=1)
    assert torch.allclose(lengths, torch.linspace(A.norm(), 2 * B.norm(), 9), rtol=1e-5)


def test_spherical_is_whites_formula_for_equal_lengths() -> None:
    b = B * A.norm() / B.norm()
    omega = math.acos(float(A @ b / (A.norm() * b.norm())))
    for t, point in zip(torch.linspace(0, 1, 5), sampling.spherical(A, b, 5), strict=True):
        expected = (torch.sin((1 - t) * omega) * A + torch.sin(t * omega) * b) / math.sin(omega)
        assert torch.allclose(point, expected, atol=1e-5)


def test_spherical_between_parallel_latents_is_linear() -> None:
    for end in (A, 3 * A, -A):
        assert torch.equal(sampling.spherical(A, end, 5), sampling.linear(A, end, 5))
    assert sampling.spherical(torch.zeros(3), torch.ones(3), 4).isfinite().all()


def test_linear_takes_equal_steps_from_end_to_end() -> None:
    path = sampling.linear(A, B, 5)
    assert torch.equal(path[0], A)
    assert torch.equal(path[-1], B)
    assert torch.allclose(path.diff(dim=0), ((B - A) / 4).expand(4, -1), atol=1e-6)


def test_the_plane_holds_its_three_latents_exactly_and_is_flat() -> None:
    points = sampling.plane(A, B, C, 5).reshape(5, 5, -1)
    assert torch.equal(points[0, 0], A)
    assert torch.equal(points[0, -1], B)
    assert torch.equal(points[-1, 0], C)
    assert torch.allclose(points[-1, -1], B + C - A, atol=1e-5)
    assert torch.linalg.matrix_rank((points.reshape(25, -1) - A).double(), rtol=1e-5) == 2


def test_neighbours_are_as_near_as_the_stride_and_as_long_as_latents() -> None:
    assert torch.equal(sampling.around(A, 3, 0.0, seed=5), A.expand(3, -1))
    fresh = sampling.around(A, 4000, 1.0, seed=5)
    assert abs(fresh.mean()) < 0.01
    assert abs(fresh.std() - 1) < 0.01
    near = sampling.around(A, 4000, 0.3, seed=5)
    assert abs((near - near.mean(0)).std() - 0.3) < 0.01
    assert torch.equal(sampling.around(A, 7, 0.3, seed=5), sampling.around(A, 7, 0.3, seed=5))


def test_a_walk_begins_at_its_latent_and_keeps_its_stride() -> None:
    path = sampling.walk(A, 500, 0.2, seed=1)
    assert path.shape == (500, 64)
    assert torch.equal(path[0], A)
    noise = (path[1:] - 0.96**0.5 * path[:-1]) / 0.2
    assert abs(noise.std() - 1) < 0.02
    assert abs(path[100:].std() - 1) < 0.05
    assert torch.equal(path, sampling.walk(A, 500, 0.2, seed=1))


def test_arithmetic_is_exact() -> None:
    assert torch.equal(sampling.arithmetic(A, B, C), torch.stack([A, B, C, A - B + C]))
