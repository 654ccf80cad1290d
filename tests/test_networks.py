"""The four networks: shapes, sizes, first weights and outlines."""

import math

import pytest
import torch
from torch import nn

from ganlab.gan import networks


def parameters(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_shapes() -> None:
    for size in (8, 16, 28, 32, 64, 128):
        generator, critic = networks.dcgan_generator(6, 3, size, 4), networks.dcgan_critic(3, size, 4)
        images = generator(torch.zeros(2, 6))
        assert images.shape == (2, 3, size, size)
        assert critic(images).shape == (2, 1)
    for shape in ((2,), (3, 8, 8)):
        samples = networks.mlp_generator(6, shape, 8, 3)(torch.zeros(4, 6))
        assert samples.shape == (4, *shape)
        assert networks.mlp_critic(shape, 8, 3)(samples).shape == (4, 1)


def test_sizes_of_the_default_networks() -> None:
    assert parameters(networks.dcgan_generator(64, 1, 16, 32)) == 99_009
    assert parameters(networks.dcgan_critic(1, 16, 32)) == 34_465
    assert parameters(networks.mlp_critic((2,), 128, 3)) == 33_537


def test_impossible_image_size_is_named() -> None:
    with pytest.raises(ValueError, match="not 18"):
        networks.dcgan_critic(1, 18, 4)


@pytest.mark.parametrize(
    "build",
    [
        lambda: networks.dcgan_generator(16, 3, 32, 8),
        lambda: networks.dcgan_critic(3, 32, 8),
        lambda: networks.mlp_critic((2,), 16, 3),
    ],
)
def test_init_overwrites_everything_from_its_own_generator(build: object) -> None:
    nets = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        nets.append(networks.init_(build(), torch.Generator().manual_seed(7)))
    assert all(torch.equal(a, b) for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True))


def test_init_distributions() -> None:
    rng = torch.Generator().manual_seed(0)
    critic = networks.init_(networks.dcgan_critic(1, 16, 64), rng)
    assert abs(critic.conv2.weight.std().item() - 0.02) < 2e-4
    assert abs(critic.norm2.weight.mean().item() - 1) < 0.01
    assert abs(critic.norm2.weight.std().item() - 0.02) < 0.005
    assert not critic.norm2.bias.any()
    layer = networks.init_(nn.Sequential(nn.Linear(300, 400)), rng)[0]
    # PyTorch's own default: uniform in +-1 / sqrt(fan_in), so its sd is that over sqrt(3).
    for values in (layer.weight, layer.bias):
        assert values.abs().max() <= 1 / math.sqrt(300)
    assert abs(layer.weight.std().item() * math.sqrt(3 * 300) - 1) < 0.01


def test_init_refuses_layers_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="PReLU"):
        networks.init_(nn.Sequential(nn.PReLU()), torch.Generator())


def test_an_outline_names_every_block_what_comes_out_and_its_parameters() -> None:
    critic = networks.dcgan_critic(1, 16, 32)
    found = networks.outline(critic.eval(), (1, 16, 16))
    assert [(block.name, block.shape) for block in found] == [
        ("conv1", (32, 8, 8)), ("conv2", (64, 4, 4)), ("conv3", (1,)),
    ]  # fmt: skip
    assert sum(block.parameters for block in found) == sum(p.numel() for p in critic.parameters())
    generator = networks.mlp_generator(3, (1, 4, 4), 5, 2).eval()
    assert [block.shape for block in networks.outline(generator, (3,))] == [(5,), (5,), (1, 4, 4)]
