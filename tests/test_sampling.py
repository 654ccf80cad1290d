"""TODO."""

import pytest
import torch
from torch import nn

from ganlab.gan import networks, sampling


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


@pytest.mark.parametrize("truncation", [0.2, 0.7, 2.0])
def test_truncation_leaves_nothing_beyond_and_keeps_the_shape_inside(truncation: float) -> None:
    kept = sampling.latents(2000, 16, seed=1, truncation=truncation)
    assert kept.abs().max() <= truncation
    assert abs(kept.mean()) < 0.02
    expected = sampling.latents(40_000, 16, seed=2).flatten()
    expected = expected[expected.abs() <= truncation].std()
    assert abs(kept.std() / expected - 1) < 0.02


def test_truncated_rows_do_not_depend_on_n_either() -> None:
    most = sampling.latents(200, 8, seed=3, truncation=0.5)
    for n in (1, 63, 64, 65):
        assert torch.equal(sampling.latents(n, 8, seed=3, truncation=0.5), most[:n])
    wide = sampling.latents(200, 8, seed=3)
    assert torch.equal(sampling.latents(200, 8, seed=3, truncation=100.0), wide)


def test_train_mode_uses_each_batch_and_leaves_the_original_alone() -> None:
    net = generator()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    latents = sampling.latents(64, 8, seed=0)
    trained = sampling.generate(sampling.in_train_mode(net), latents)
    assert not torch.allclose(trained, sampling.generate(net, latents))
    assert not net.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    by_hand = generator().train()
    assert torch.equal(trained, by_hand(latents).detach())
