"""The two updates, against an independent computation, and what must not disturb them."""

import copy
import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from stubs import TINY, TINY_IMAGES

from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.gan import building, sampling
from ganlab.gan.training import Trainer
from ganlab.measure.coverage import count_by_mode, count_high_quality

BOTH = pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])


def fingerprint(config: TrainConfig) -> list:
    """Everything a run comes to: rows, weights and samples."""
    torch.set_num_threads(1)
    trainer = Trainer(config)
    rows = [trainer.step()[0] for _ in range(config.steps)]
    tensors = [*trainer.generator.state_dict().values(), *trainer.critic.state_dict().values()]
    samples = sampling.generate(trainer.copies()[0], trainer.fixed_latents)
    return [rows, *(tensor.tolist() for tensor in tensors), samples.tolist()]


@BOTH
def test_equal_seeds_give_equal_runs(config: TrainConfig) -> None:
    first = fingerprint(config)
    torch.manual_seed(99)  # the global generator must not matter
    assert fingerprint(config) == first
    assert fingerprint(dataclasses.replace(config, seed=1)) != first


@BOTH
def test_two_at_once_beside_a_drawing_page_equal_each_alone(config: TrainConfig) -> None:
    others = [config, dataclasses.replace(config, seed=1)]
    alone = [fingerprint(c) for c in others]
    done = threading.Event()

    def page() -> None:
        while not done.is_set():
            torch.randn(100)
            torch.nn.Linear(20, 20)

    with ThreadPoolExecutor(3) as pool:
        pool.submit(page)
        try:
            together = list(pool.map(fingerprint, others))
        finally:
            done.set()
    assert together == alone


@BOTH
def test_a_step_is_n_critic_updates_and_one_of_the_generator(config: TrainConfig) -> None:
    trainer = Trainer(config)
    calls = []
    for verb in ("critic_update", "generator_update"):
        method = getattr(trainer, verb)
        setattr(trainer, verb, lambda verb=verb, method=method: (calls.append(verb), method())[1])
    row, _ = trainer.step()
    assert calls == ["critic_update"] * config.n_critic + ["generator_update"]
    assert (row["step"], trainer.critic_step) == (1, config.n_critic)


@BOTH
def test_every_weight_is_in_range_after_every_update_while_the_range_moves(config: TrainConfig) -> None:
    trainer = Trainer(config)
    rng = torch.Generator().manual_seed(0)
    for _ in range(40):
        low, high = (torch.rand(2, generator=rng) * torch.tensor([-0.2, 0.2])).tolist()
        trainer.config = dataclasses.replace(trainer.config, clip_range=(low, high))
        _, _, report = trainer.critic_update()
        for parameter in trainer.critic.parameters():
            assert (parameter >= torch.tensor(low)).all()
            assert (parameter <= torch.tensor(high)).all()
        now = torch.cat([p.detach().reshape(-1) for p in trainer.critic.parameters()])
        assert torch.equal(report.after, now)


def test_the_updates_against_an_independent_computation() -> None:
    """Algorithm 1 written out again with plain tensors and RMSprop by hand."""
    config = dataclasses.replace(TINY, n_critic=1)
    trainer = Trainer(config)
    rng = copy.deepcopy(trainer.rng.get_state())
    generator, critic = copy.deepcopy(trainer.generator), copy.deepcopy(trainer.critic)
    row, _ = trainer.step()

    draws = torch.Generator()
    draws.set_state(rng)
    real = trainer.dataset.sample(config.batch_size, draws)
    fake = generator(torch.randn(config.batch_size, 2, generator=draws)).detach()
    loss = critic(fake).mean() - critic(real).mean()
    gradients = torch.autograd.grad(loss, critic.parameters())
    for parameter, gradient in zip(critic.parameters(), gradients, strict=True):
        mean_square = 0.01 * gradient.square()
        parameter.data -= config.critic_lr * gradient / (mean_square.sqrt() + 1e-8)
        parameter.data = parameter.data.clip(-0.1, 0.1)
    generator_loss = -critic(generator(torch.randn(config.batch_size, 2, generator=draws))).mean()
    gradients = torch.autograd.grad(generator_loss, generator.parameters())
    for parameter, gradient in zip(generator.parameters(), gradients, strict=True):
        mean_square = 0.01 * gradient.square()
        parameter.data -= config.generator_lr * gradient / (mean_square.sqrt() + 1e-8)

    assert row["critic_loss"] == pytest.approx(loss.item(), rel=1e-5)
    assert row["critic_estimate"] == -row["critic_loss"]
    assert row["generator_loss"] == pytest.approx(generator_loss.item(), rel=1e-5)
    for mine, theirs in ((critic, trainer.critic), (generator, trainer.generator)):
        for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
            assert torch.allclose(a, b, atol=1e-6)


@BOTH
def test_the_generators_update_leaves_the_critic_alone(config: TrainConfig) -> None:
    trainer = Trainer(config)
    before = copy.deepcopy(list(trainer.critic.parameters()))
    trainer.generator_update()
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.critic.parameters(), strict=True))
    assert all(p.requires_grad for p in trainer.critic.parameters())


@BOTH
def test_looking_does_not_change_a_run(config: TrainConfig) -> None:
    watched, alone = Trainer(config), Trainer(config)
    for _ in range(3):
        generator, _ = watched.copies()
        sampling.generate(generator, watched.fixed_latents)
        _, report = watched.step()
        report.histograms()
        alone.step()
    for a, b in zip(watched.generator.state_dict().values(), alone.generator.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@BOTH
def test_copies_do_not_change_when_training_goes_on(config: TrainConfig) -> None:
    trainer = Trainer(config)
    nets = trainer.copies()
    before = [copy.deepcopy(net.state_dict()) for net in nets]
    trainer.step()
    for net, was in zip(nets, before, strict=True):
        assert all(torch.equal(net.state_dict()[name], tensor) for name, tensor in was.items())
        assert not any(p.requires_grad for p in net.parameters())
        assert not net.training


def test_a_change_counts_from_the_next_critic_update() -> None:
    trainer = Trainer(TINY)
    ranges = [(-0.05, 0.05), (-0.02, 0.03)]
    seen = []
    update = trainer.critic_update
    trainer.critic_update = lambda: (seen.append(trainer.config.clip_range), update())[1]
    upcoming = iter(ranges)

    def before_update() -> None:
        trainer.config = dataclasses.replace(trainer.config, clip_range=next(upcoming))

    row, _ = trainer.step(before_update)
    assert seen == ranges
    assert (row["clip_low"], row["clip_high"]) == ranges[-1]


def test_a_loss_that_is_not_a_number_names_the_step() -> None:
    trainer = Trainer(dataclasses.replace(TINY, generator_lr=1e30))
    trainer.step()
    with pytest.raises(FloatingPointError, match=r"Stopped at step 2: the critic's loss is not finite"):
        trainer.step()


def test_learning_rates_in_force_are_those_of_the_config() -> None:
    """RMSprop's first step is 10 times the rate for any gradient far from 0: ten times the rate, ten times the step."""
    moved = []
    for rate in (1e-4, 1e-3):
        trainer = Trainer(dataclasses.replace(TINY, clip_range=(-9, 9)))
        trainer.config = dataclasses.replace(trainer.config, critic_lr=rate, generator_lr=rate)
        before = [p.clone() for p in (*trainer.critic.parameters(), *trainer.generator.parameters())]
        trainer.critic_update()
        trainer.generator_update()
        after = (*trainer.critic.parameters(), *trainer.generator.parameters())
        moved.append([(a - b).abs().max().item() for a, b in zip(after, before, strict=True)])
    assert moved[1] == pytest.approx([10 * far for far in moved[0]], rel=0.05)


def test_warm_up_and_live_n_critic() -> None:
    trainer = Trainer(dataclasses.replace(TINY, warm_up=2))
    counts = [trainer.step()[0]["critic_step"] for _ in range(3)]
    assert counts == [100, 200, 202]

    def third_update_of_the_step() -> None:
        if trainer.critic_step == 203:
            trainer.config = dataclasses.replace(trainer.config, n_critic=5)

    assert trainer.step(third_update_of_the_step)[0]["critic_step"] == 204  # counts from the next step on
    assert trainer.step()[0]["critic_step"] == 209

    def first_update_of_the_step() -> None:
        trainer.config = dataclasses.replace(trainer.config, n_critic=3)

    assert trainer.step(first_update_of_the_step)[0]["critic_step"] == 212


def test_the_optimizer_is_the_one_asked_for() -> None:
    assert isinstance(Trainer(TINY).critic_optimizer, torch.optim.RMSprop)
    adam = Trainer(dataclasses.replace(TINY, optimizer="adam"))
    for made in (adam.critic_optimizer, adam.generator_optimizer):
        assert isinstance(made, torch.optim.Adam)
        assert made.defaults["betas"] == (0.5, 0.999)
    adam.step()


@pytest.mark.parametrize(
    ("config", "there", "used"),
    [
        (TINY, "mps", "cpu"),
        (TINY_IMAGES, "mps", "mps"),
        (TINY_IMAGES, None, "cpu"),
        (dataclasses.replace(TINY_IMAGES, device="cpu"), "mps", "cpu"),
        (dataclasses.replace(TINY, device="accelerator"), "mps", "mps"),
    ],
)
def test_auto_takes_the_accelerator_for_images(
    config: TrainConfig, there: str | None, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accelerator = there and torch.device(there)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: accelerator)
    assert building.device_of(config).type == used


def test_an_accelerator_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    with pytest.raises(ValueError, match="no accelerator that torch can use; set device to auto or cpu"):
        Trainer(dataclasses.replace(TINY, device="accelerator"))


def test_the_fixed_generator_is_real_points_plus_noise_and_learns_nothing() -> None:
    trainer = Trainer(dataclasses.replace(TINY, generator="real-plus-noise", noise_sd=0.5))
    before = copy.deepcopy(trainer.generator.state_dict())
    row, _ = trainer.step()
    assert all(torch.equal(before[name], tensor) for name, tensor in trainer.generator.state_dict().items())
    assert row["generator_loss"] != 0
    latents = sampling.latents(4000, 3, seed=0)
    samples = sampling.generate(trainer.generator, latents)
    exact = sampling.generate(trainer.generator, latents * torch.tensor([1.0, 0, 0]))
    assert torch.allclose(samples - exact, 0.5 * latents[:, 1:], atol=1e-6)
    counts = count_by_mode(exact, trainer.dataset.centres)
    assert counts.sum() == 4000
    assert counts.min() > 400  # of 500
    assert count_high_quality(exact, trainer.dataset.centres, trainer.dataset.sd).sum() > 3900


def test_the_norm_of_a_critic() -> None:
    norms = {"batch": torch.nn.BatchNorm2d, "layer": torch.nn.GroupNorm}
    for norm in ("batch", "layer", "none"):
        critic = Trainer(dataclasses.replace(TINY_IMAGES, critic_norm=norm)).critic
        assert [type(layer) for layer in critic if isinstance(layer, tuple(norms.values()))] == (
            [norms[norm]] if norm in norms else []
        )
        assert (critic.conv2.bias is None) == (norm != "none")
        assert len(building.critic_layers(dataclasses.replace(TINY_IMAGES, critic_norm=norm))) == len(
            list(critic.parameters())
        )


def test_training_images_are_the_first_of_the_training_part() -> None:
    config = dataclasses.replace(TINY_IMAGES, train_images=3)
    some, whole = datasets.load(config), datasets.load(TINY_IMAGES)
    drawn = some.sample(200, torch.Generator().manual_seed(0)).flatten(1).unique(dim=0)
    assert torch.equal(drawn, whole.images[whole.train[:3]].flatten(1).unique(dim=0))
    assert torch.equal(some.held_out, whole.held_out)
    assert some.independent == (3, 512)
