"""TODO."""

import math

import torch

from ganlab.gan import sampling

RNG = torch.Generator().manual_seed(0)
A, B, C = torch.randn(3, 64, generator=RNG)


def angles(path: torch.Tensor) -> torch.Tensor:
    unit = path.double() / path.double().norm(dim=1, keepdim=True)
    return torch.arccos((unit[:-1] * unit[1:]).sum(1).clamp(-1, 1))


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


def test_neighbours_are_as_near_as_asked_and_as_long_as_latents() -> None:
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
