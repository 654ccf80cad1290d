import torch
from torch import nn

from ganlab import networks, sampling


def generator() -> nn.Module:
    net = networks.init_(networks.dcgan_generator(8, 1, 16, 4), torch.Generator().manual_seed(0))
    return net.eval()


def test_row_i_does_not_depend_on_n() -> None:
    most = sampling.latents(200, 8, seed=3)
    for n in (1, 7, 63, 64, 65, 130):
        assert torch.equal(sampling.latents(n, 8, seed=3), most[:n])


def test_sample_i_does_not_depend_on_n() -> None:
    net, latents = generator(), sampling.latents(130, 8, seed=3)
    most = sampling.generate(net, latents)
    assert most.shape == (130, 1, 16, 16)
    for n in (1, 7, 64, 65):
        assert torch.equal(sampling.generate(net, latents[:n]), most[:n])


def test_latents_are_standard_normal() -> None:
    latents = sampling.latents(20_000, 4, seed=0)
    assert abs(latents.mean()) < 0.02
    assert abs(latents.std() - 1) < 0.02


def test_no_gradients() -> None:
    samples = sampling.generate(generator(), sampling.latents(3, 8, seed=1))
    assert not samples.requires_grad
