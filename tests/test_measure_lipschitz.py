"""Operator norms and singular values of layers, and the slopes of a critic, against independent computations."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import LinearOperator, svds
from torch import Tensor, nn
from torch.nn import functional

from ganlab.gan import networks
from ganlab.gan.building import initial
from ganlab.measure import lipschitz, spectra
from ganlab.presets import PRESETS

CONVS = {
    "as the DCGAN's": (nn.Conv2d(3, 8, 4, stride=2, padding=1), (3, 16, 16)),
    "rectangular": (nn.Conv2d(2, 6, (3, 2), stride=(1, 2), padding=(0, 1)), (2, 9, 7)),
    "dilated groups": (nn.Conv2d(4, 8, 3, padding=2, dilation=2, groups=2), (4, 8, 8)),
    "one output": (nn.Conv2d(16, 1, 4), (16, 4, 4)),
    "rows left over": (nn.Conv2d(1, 2, 2, stride=3), (1, 9, 9)),
}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def filled(layer: nn.Module, seed: int, clip: float = 9.0) -> nn.Module:
    layer = copy.deepcopy(layer)
    for i, parameter in enumerate(layer.parameters()):
        parameter.data = torch.randn(parameter.shape, generator=rng(seed + i)).clamp(-clip, clip)
    return layer


def operator(conv: nn.Conv2d, shape: tuple[int, ...]) -> Tensor:
    """The matrix [outputs, inputs], one basis image after the other."""
    columns = []
    with torch.no_grad():
        for i in range(math.prod(shape)):
            image = torch.zeros(shape)
            image.view(-1)[i] = 1
            convolved = functional.conv2d(
                image[None], conv.weight, None, conv.stride, conv.padding, conv.dilation, conv.groups
            )
            columns.append(convolved.flatten())
    return torch.stack(columns, dim=1).double()


def test_singular_values_close_together_don_t_end_the_iteration_too_soon() -> None:
    kernel, many, shape = torch.tensor([1.0, 3.0, 3.0, 1.0]), 16, (2, 512)
    conv = nn.Conv2d(many, many, 4, stride=2, padding=1, bias=False)
    conv.weight.data = torch.eye(many)[:, :, None, None] * kernel[:, None] * kernel
    along = nn.Conv1d(1, 1, 4, stride=2, padding=1, bias=False)  # the operator is a product of two of these
    along.weight.data = kernel[None, None]
    with torch.no_grad():
        true = math.prod(torch.linalg.svdvals(along(torch.eye(n)[:, None])[:, 0].double())[0].item() for n in shape)
    norm = lipschitz.operator_norm(conv, (many, *shape), rng())
    assert true * (1 - 0.6 * lipschitz.TOLERANCE) <= norm <= true * (1 + 1e-5)


@pytest.mark.parametrize("clip", [9.0, 0.05])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", CONVS)
def test_a_convolutions_norm_against_svdvals_of_its_operator(name: str, seed: int, clip: float) -> None:
    conv, shape = CONVS[name]
    conv = filled(conv, seed, clip)
    true = torch.linalg.svdvals(operator(conv, shape))[0].item()
    factor = lipschitz.lipschitz_factors(nn.Sequential(conv), shape, rng(seed))["0"]
    assert true * (1 - 1e-5) <= factor <= true * (1 + lipschitz.TOLERANCE) * (1 + 1e-5)  # float32


@pytest.mark.parametrize(("size", "layer"), [(64, 1), (64, 2), (28, 2), (32, 2)])
def test_the_norm_of_large_convolutions_against_arpack(size: int, layer: int) -> None:
    """Clipped weights of almost equal size, for which power iteration converges slowly."""
    shape = (3, size, size) if layer == 1 else (16, size // 2, size // 2)
    conv = filled(nn.Conv2d(shape[0], 16 * layer, 4, stride=2, padding=1), 0, clip=0.3).double()

    def forth(x: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(x.reshape(1, *shape))
        return functional.conv2d(image, conv.weight, None, 2, 1).detach().numpy().ravel()

    def back(y: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(y.reshape(1, 16 * layer, size // 2 // layer, -1))
        return functional.conv_transpose2d(image, conv.weight, None, 2, 1).detach().numpy().ravel()

    rows, columns = 16 * layer * (size // 2 // layer) ** 2, math.prod(shape)
    matrix = LinearOperator((rows, columns), matvec=forth, rmatvec=back, dtype=np.float64)
    true = svds(matrix, 1, return_singular_vectors=False, random_state=0)[0]
    factor = lipschitz.lipschitz_factors(nn.Sequential(conv.float()), shape, rng())["0"]
    assert true * (1 - 1e-5) <= factor <= true * (1 + lipschitz.TOLERANCE) * (1 + 1e-5)


def test_the_callers_generator_draws_the_start_vectors() -> None:
    conv, shape = CONVS["as the DCGAN's"]
    state = torch.get_rng_state()
    drawn = [lipschitz.operator_norm(conv, shape, rng(seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1]
    assert drawn[2] == pytest.approx(drawn[0], rel=lipschitz.TOLERANCE)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_convolution_without_a_generator_is_refused() -> None:
    with pytest.raises(ValueError, match="rng"):
        lipschitz.lipschitz_factors(nn.Sequential(nn.Conv2d(1, 1, 3)), (1, 8, 8))


def test_a_convolution_of_zeros_stretches_nothing() -> None:
    conv, shape = CONVS["as the DCGAN's"]
    conv = copy.deepcopy(conv)
    conv.weight.data.zero_()
    assert lipschitz.operator_norm(conv, shape, rng()) == 0


def test_padding_other_than_zeros_is_refused() -> None:
    with pytest.raises(ValueError, match="circular"):
        lipschitz.operator_norm(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), (1, 8, 8), rng())


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(7), nn.BatchNorm2d(7)])
def test_batch_norm_is_a_matrix_in_eval_mode(norm: nn.Module) -> None:
    norm = filled(norm, 3)
    norm.running_mean = torch.randn(7, generator=rng(1))
    norm.running_var = torch.rand(7, generator=rng(2)) + 0.1
    norm = norm.eval().double()
    zero = torch.zeros(1, 7, *[1] * (isinstance(norm, nn.BatchNorm2d) * 2), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(norm, zero).reshape(7, 7)
    factor = lipschitz.lipschitz_factors(nn.Sequential(norm))["0"]
    assert factor == pytest.approx(torch.linalg.svdvals(jacobian)[0].item(), rel=1e-9)


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.LeakyReLU(0.2), nn.LeakyReLU(3.0), nn.Tanh(), nn.Sigmoid()])
def test_the_steepest_slope_of_an_activation(layer: nn.Module) -> None:
    at = torch.linspace(-3, 3, 6001, dtype=torch.float64)
    steepest = (layer(at).diff() / at.diff()).max().item()
    assert lipschitz.lipschitz_factors(nn.Sequential(layer))["0"] == pytest.approx(steepest, rel=1e-6)


@pytest.mark.parametrize("preset", ["digits", "8-gaussians"])
def test_no_gradient_is_above_the_product(preset: str) -> None:
    _, critic = initial(PRESETS[preset])
    critic.eval()
    shape = (1, 16, 16) if preset == "digits" else (2,)
    product = math.prod(lipschitz.lipschitz_factors(critic, shape, rng()).values())
    real, fake = (torch.randn(100, *shape, generator=rng(i)) for i in (1, 2))
    measured = lipschitz.steepness(critic, real, fake, rng())
    assert 0 < max(measured) <= product
    far = (critic(real) - critic(fake)).abs().squeeze(1) / (real - fake).flatten(1).norm(dim=1)
    assert far.max() <= product


def test_input_gradients_against_finite_differences() -> None:
    critic = networks.init_(networks.mlp_critic((2,), 6, 2), rng()).double().eval()
    real, fake = (torch.randn(20, 2, generator=rng(i), dtype=torch.float64) for i in (1, 2))
    where = torch.rand(20, 1, generator=rng(7)).double()
    for points, norm in zip(
        (real, fake, real + where * (fake - real)), lipschitz.steepness(critic, real, fake, rng(7)), strict=True
    ):
        with torch.no_grad():
            differences = [
                (critic(points + 1e-6 * axis) - critic(points - 1e-6 * axis)) / 2e-6 for axis in torch.eye(2).double()
            ]
        assert norm == pytest.approx(torch.cat(differences, dim=1).norm(dim=1).max().item(), rel=1e-5)


def test_the_exact_spectra_against_svdvals() -> None:
    shape = (1, 16, 16)
    critic = filled(networks.dcgan_critic(1, 16, 4), 5)
    by_layer = {spectrum.layer: spectrum for spectrum in spectra.spectra(critic, shape)}
    assert by_layer.keys() == {"conv1", "conv2", "conv3"}
    assert all(spectrum.exact for spectrum in by_layer.values())
    for name, size in (("conv1", shape), ("conv2", (4, 8, 8)), ("conv3", (8, 4, 4))):
        expected = torch.linalg.svdvals(operator(getattr(critic, name), size)).numpy()
        assert by_layer[name].values == pytest.approx(expected, abs=1e-6 * expected[0])


def test_a_large_convolution_has_the_spectrum_of_its_kernel() -> None:
    _, critic = initial(PRESETS["digits"])
    spectrum = spectra.spectra(critic, (1, 16, 16))[1]
    expected = torch.linalg.svdvals(critic.conv2.weight.detach().double().flatten(1)).numpy()
    assert (spectrum.layer, spectrum.exact) == ("conv2", False)
    assert spectrum.values == pytest.approx(expected, abs=1e-6 * expected[0])


def test_a_linear_layers_spectrum() -> None:
    layer = filled(nn.Linear(5, 3), 0)
    (spectrum,) = spectra.spectra(nn.Sequential(layer), (5,))
    assert spectrum.exact
    assert spectrum.values == pytest.approx(torch.linalg.svdvals(layer.weight.detach()).numpy(), rel=1e-5)
