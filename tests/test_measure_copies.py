"""The nearest training images, and whether generated images are copies of them."""

import torch

from ganlab.data.image_sets import digits
from ganlab.measure import copies

RNG = torch.Generator().manual_seed(0)


def test_nearest_is_what_brute_force_finds() -> None:
    samples, real = torch.randn(5, 1, 4, 4, generator=RNG), torch.randn(23, 1, 4, 4, generator=RNG)
    distances, indices = copies.nearest(samples, real.split(7), k=4)
    every = (samples.unsqueeze(1) - real.unsqueeze(0)).square().mean(dim=(2, 3, 4)).sqrt()  # [5, 23]
    expected, order = every.sort(dim=1)
    assert torch.allclose(distances, expected[:, :4])
    assert torch.equal(indices, order[:, :4])


def test_a_copy_is_at_distance_zero() -> None:
    data = digits()
    copy = data.training_image(700).unsqueeze(0)
    distances, indices = copies.nearest(copy, data.training_images(), k=5)
    assert indices[0, 0] == 700
    assert distances[0, 0] == 0
    assert (distances[0, 1:] > 0).all()


def test_the_training_part_is_what_a_run_draws_from_and_holds_nothing_held_out() -> None:
    data = digits()
    train = torch.cat(list(data.training_images(100)))
    assert len(train) == 1285
    drawn = data.sample(50, torch.Generator().manual_seed(1))
    assert (copies.nearest(drawn, [train], 1)[0] == 0).all()
    assert (copies.nearest(data.held_out, [train], 1)[0] > 0).all()
