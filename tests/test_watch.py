"""ganlab.watch: a loop of one's own, watched and steered through its folder."""

import dataclasses
import json
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from stubs import wait_until
from torch import nn
from visits import clamp, click, page, panels

import ganlab
from ganlab.cli.main import main
from ganlab.gan import watched
from ganlab.gan.clipping import UNCOUNTED, flat
from ganlab.gan.watched import WatchedConfig
from ganlab.runs import elsewhere, wire
from ganlab.runs.disk import inbox, live, moments
from ganlab.runs.disk.root import runs_root
from ganlab.runs.history import METRICS, Change
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.mailbox import Command
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Status
from ganlab.runs.watch import Watch


class Loop:
    """A small loop; a test lets it make its steps by hand, or lets it run in a thread."""

    def __init__(self, name: str = "mine", generator: nn.Module | None = None) -> None:
        torch.manual_seed(0)
        self.generator = generator or nn.Sequential(
            nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2)
        )
        self.critic = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        self.watch = ganlab.watch(
            name, critic=self.critic, generator=self.generator, fixed_latents=torch.ones(20, 2), clip_range=(-0.1, 0.1)
        )
        self.path = runs_root() / name
        self.steps = 0
        self.thread = threading.Thread(target=self.forever, name="ganlab-loop")

    def update(self, watch: Watch) -> torch.Tensor:
        """One update of the critic; returns its weights just before the clamp."""
        with torch.no_grad():
            for parameter in self.critic.parameters():
                parameter += 0.05 * torch.randn(parameter.shape)
        before = flat(self.critic.named_parameters())
        watch.clip_(self.critic)
        return before

    def step(self, watch: Watch, clamps: int = 1) -> torch.Tensor:
        """Returns the weights just before the last of so many clamps."""
        for _ in range(clamps):
            before = self.update(watch)
        watch.step(critic_estimate=0.5, generator_loss=-0.25)
        self.steps += 1
        return before

    def forever(self) -> None:
        with self.watch as watch:
            while True:
                self.step(watch)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with torch.random.fork_rng():
        monkeypatch.setattr(wire, "LOOK_EVERY", 0.01)
        yield
    for thread in threading.enumerate():
        if thread.name == "ganlab-loop":  # of a test that failed
            inbox.send(runs_root() / "mine", inbox.Command("stop", {}, ()))
            thread.join(10)


def test_a_loop_leaves_its_record(quick: None) -> None:
    loop = Loop()
    with loop.watch as watch:
        for _ in range(6):
            loop.step(watch)
    assert json.loads((loop.path / "config.json").read_text())["kind"] == "watched"
    last = SavedRun(loop.path).latest
    assert (last.status, last.step, last.critic_step, last.warning) == (Status.FINISHED, 6, 6, "")
    assert last.history["critic_estimate"].tolist() == [0.5] * 6
    assert np.isnan(last.history["critic_loss"]).all()  # nobody told it
    assert moments.steps(loop.path) == [1, 2, 3, 5, 6]
    assert last.samples.shape == (20, 2)
    assert last.weights[0].after_counts.outside == 0
    assert {file.name for file in loop.path.iterdir()} & {live.FILE, inbox.VIEWER, inbox.FOLDER} == set()


def test_the_record_is_of_the_last_clamp_of_each_step_or_empty(quick: None) -> None:
    loop, counts = Loop(), []
    with loop.watch as watch:
        for clamps in (4, 3, 3, 5, 2, 3):
            before = loop.step(watch, clamps)
            after = flat(loop.critic.named_parameters())
            assert torch.equal(after, before.clamp(-0.1, 0.1))
            ends = [6, 9, 12, 13]  # of the critic's parameters
            masks = [(before.abs() > torch.tensor(0.1)), after.abs() == torch.tensor(0.1)]
            counts.append([[int(mask[a:b].sum()) for mask in masks] for a, b in zip([0, *ends], ends, strict=False)])
    last = SavedRun(loop.path).latest
    assert (last.warning, last.history["critic_step"].tolist()) == ("", [4, 7, 10, 15, 17, 20])
    for i in (1, 4):  # each has fewer clamps than any step before: which one would be its last, nobody knew
        counts[i] = [[UNCOUNTED] * 2] * 4
    assert last.history.layer_counts.tolist() == counts
    shares = np.array(counts).sum(axis=1) / 13
    shares[[1, 4]] = np.nan
    recorded = np.stack([last.history["clamped_share"], last.history["at_bound_share"]], axis=1)
    assert np.array_equal(recorded, shares, equal_nan=True)
    assert moments.steps(loop.path) == [1, 3, 6]  # of the others that are due, 2 and 5 are not known


def test_the_first_clamp_under_a_new_range_is_noted(quick: None) -> None:
    loop = Loop()
    with loop.watch as watch:
        loop.step(watch, 3)
        watch._run.change(clip_range=(-0.02, 0.02))
        before = loop.update(watch)
        change = watch._range_changes.newest
        assert change.critic_step == 3
        outside = (before.abs() > torch.tensor(0.02)).sum()
        assert sum(layer.before_counts.outside for layer in change.fold) == outside > 0
        loop.step(watch, 2)
    assert SavedRun(loop.path).latest.changes == (Change(3, 1, "clip_range", (-0.02, 0.02)),)


def test_the_clock_stands_still_while_a_loop_waits(quick: None) -> None:
    loop = Loop()
    with loop.watch as watch:
        watch._mailbox.commands.put(Command.PAUSE)
        watch._mailbox.commands.put(Command.STEP)
        loop.step(watch)
        obey, clocks = watch._obey, []

        def waits() -> None:
            clocks.append(watch._clock._since)
            watch._mailbox.commands.put(Command.RESUME)
            obey()

        watch._obey = waits
        loop.step(watch)
    assert clocks == [None]


def test_watching_changes_nothing_in_the_loop(quick: None) -> None:
    ends = []
    for name in ("alone", "watched"):
        loop = Loop(name)
        loop.watch._wire._looked = math.inf if name == "watched" else -math.inf
        with loop.watch as watch:
            for _ in range(5):
                loop.generator(torch.randn(8, 2))
                loop.watch._published = -1.0  # a snapshot is due
                loop.step(watch)
        ends.append([*loop.generator.state_dict().values(), *loop.critic.parameters(), torch.rand(3)])
    assert all(map(torch.equal, *ends))


def test_weights_that_are_nan_leave_those_from_before(quick: None) -> None:
    loop = Loop()
    there = SavedRun(loop.path)
    loop.watch._wire._looked = math.inf  # somebody looks
    with loop.watch as watch:
        loop.step(watch)
        nn.init.constant_(loop.critic[2].weight, math.nan)
        watch._run.change(clip_range=(-0.02, 0.02))
        watch._published = -1.0  # a snapshot is due
        loop.step(watch)
        newest = watch._mailbox.latest
        assert (newest.step, [layer.before_counts.total for layer in newest.weights]) == (2, [6, 3, 3, 1])
        assert newest.change.fold == newest.held == ()
        assert "At step 2 the critic has weights that are NaN" in newest.warning
        with torch.no_grad():
            loop.critic[2].weight.zero_()
        watch._published = -1.0
        loop.step(watch)
        assert watch._mailbox.latest.warning == ""
        nn.init.constant_(loop.critic[2].weight, math.nan)
        loop.step(watch)
    assert moments.steps(loop.path) == [1, 3]
    assert (there.latest.status, there.latest.step) == (Status.FINISHED, 4)
    assert there.latest.warning == "Its weights and samples are those of step 3, the last that were saved."


def test_weights_that_are_nan_from_the_start_are_not_published_after_every_step(quick: None) -> None:
    loop = Loop()
    loop.watch._wire._looked = math.inf  # somebody looks
    nn.init.constant_(loop.critic[2].weight, math.nan)
    with loop.watch as watch:
        for _ in range(3):
            watch._published = math.inf  # nothing is due, and only the first step is news
            loop.step(watch)
        newest = watch._mailbox.latest
        assert (newest.step, newest.weights) == (1, ())
        assert newest.warning == "At step 1 the critic has weights that are NaN: none are drawn."


@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.spectral_norm])
@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
def test_a_generator_with_an_older_norm_is_watched(norm: Callable[[nn.Module], nn.Module], quick: None) -> None:
    generator = nn.Sequential(norm(nn.Linear(2, 3)), nn.Linear(3, 2))
    generator(torch.randn(4, 2))  # what the norm computes has a gradient now
    loop = Loop(generator=generator)
    with loop.watch as watch:
        loop.step(watch)
    generator.eval()
    assert np.allclose(SavedRun(loop.path).latest.samples, generator(torch.ones(20, 2)).detach().numpy(), atol=1e-6)


def test_a_step_without_a_clamp_is_refused(quick: None) -> None:
    loop = Loop()
    with loop.watch as watch:
        loop.step(watch)
        with pytest.raises(ValueError, match="Nothing was clipped in this step"):
            watch.step(critic_estimate=0.0, generator_loss=0.0)
        with pytest.raises(ValueError, match="isn't the one"):
            watch.clip_(nn.Linear(2, 1))
    assert SavedRun(loop.path).latest.step == 1


def test_a_loop_is_steered(quick: None) -> None:
    loop = Loop()
    there = SavedRun(loop.path)
    loop.thread.start()
    wait_until(lambda: there.latest.status is Status.RUNNING and there.latest.step > 2)
    there.change(clip_range=(-0.02, 0.02))
    assert there.uses_range(60)
    assert there.latest.change.former.clip_range == (-0.1, 0.1)
    with pytest.raises(ValueError, match="critic_lr can't change"):
        there.change(critic_lr=0.1)
    inbox.send(loop.path, inbox.Command("change", {"n_critic": 2}, ()))
    wait_until(lambda: "n_critic can't change" in there.latest.warning)
    there.pause()
    wait_until(lambda: there.latest.status is Status.PAUSED)
    step = loop.steps
    there.step()
    wait_until(lambda: there.latest.step == step + 2)  # the step it waited in, and one more
    assert loop.steps == step + 1
    there.resume()
    wait_until(lambda: loop.steps > step + 5)
    there.stop()
    loop.thread.join(60)
    assert there.latest.status is Status.STOPPED
    assert [(change.field, change.value) for change in there.latest.changes] == [("clip_range", (-0.02, 0.02))]


def test_the_first_look_shows_the_weights_and_samples(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "MEETING", 60.0)
    loop = Loop()
    loop.thread.start()
    wait_until(lambda: loop.watch._mailbox.latest.step > 2)
    assert not loop.watch._mailbox.latest.weights  # while nobody looks
    there = SavedRun(loop.path)
    first = there.latest
    assert (first.status, len(first.weights), first.samples.shape) == (Status.RUNNING, 4, (20, 2))
    there.stop()
    loop.thread.join(60)


def test_an_error_of_the_loop_is_recorded_and_passed_on(quick: None) -> None:
    loop = Loop()

    def fail() -> None:
        with loop.watch as watch:
            loop.step(watch)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    last = SavedRun(loop.path).latest
    assert (last.status, last.error, last.step) == (Status.FAILED, "division by zero", 1)


@pytest.mark.parametrize(
    ("generator", "clip_range", "words"),
    [
        (nn.Linear(2, 3), (-0.1, 0.1), r"shape \[3\]"),
        (nn.Sequential(nn.Linear(2, 400), nn.Unflatten(1, (1, 20, 20))), (-0.1, 0.1), "image_size must be one of"),
        (nn.Linear(2, 2), (0.1, -0.1), "Low must be below high"),
        (nn.RNN(2, 2), (-0.1, 0.1), "return a tensor of samples, not a tuple"),
    ],
)
def test_what_cannot_be_watched_is_refused_before_there_is_a_folder(
    generator: nn.Module, clip_range: tuple[float, float], words: str
) -> None:
    z = torch.ones(20, 2)
    with pytest.raises(ValueError, match=words):
        ganlab.watch("mine", critic=nn.Linear(2, 1), generator=generator, fixed_latents=z, clip_range=clip_range)
    assert not runs_root().exists()


def test_a_watched_config_comes_back_and_bad_ones_are_refused() -> None:
    config = WatchedConfig(dataset="drawn", network="mlp", layers=(("0.weight", (3, 2)),))
    again = watched.config_of(json.loads(json.dumps(config.as_dict())))
    assert again == dataclasses.replace(config, steps=again.steps)
    with pytest.raises(ValueError, match=r"letters, digits, dots and _, not 'a b'"):
        watched.config_of(config.as_dict() | {"layers": [["w", [1]], ["a b", [1]]]})
    for layers in ([], [["a", [0]]], [["<b>", [1]]], [["a", [1]], ["a", [1]]], 5, [["a", 1]]):
        with pytest.raises(ValueError, match=r"layers|incomplete"):
            watched.config_of(config.as_dict() | {"layers": layers})


@pytest.mark.parametrize("kind", ["points", "images"])
def test_the_page_of_a_loop_shows_what_applies(
    kind: str, the_hub: RunHub, quick: None, capsys: pytest.CaptureFixture
) -> None:
    pictures = nn.Sequential(nn.Linear(2, 256), nn.Tanh(), nn.Unflatten(1, (1, 16, 16)))
    loop = Loop(generator=pictures if kind == "images" else None)
    loop.thread.start()
    there = the_hub.find("mine")
    wait_until(lambda: there.latest.status is Status.RUNNING and there.latest.step > 2)
    at = page("1_Train.py", run="mine")
    assert "in a loop of your own" in panels(at)
    assert clamp(at)["clamp"]["total"] == 13
    for wrong in ("MLP", "RMSprop", "seed", "10,000,000", "512 ", "72 fixed", "0 real", "Nothing was measured"):
        assert wrong not in panels(at), wrong
    assert "Generator" not in [button.proto.label for button in at.get("download_button")]
    assert at.button_group(key="compare").options == ["Before"]
    assert ("20 generated" if kind == "points" else "20 fixed latents") in panels(at)
    assert {button.label for button in at.button} >= {"Pause", "Step", "Stop"}
    at.number_input(key="low").set_value(-0.05).run()
    wait_until(lambda: there.latest.config.clip_range == (-0.05, 0.05))
    click(at, "Stop")
    loop.thread.join(60)
    at.run()
    assert not at.exception
    assert not {"Resume", "Run again", "Try all ranges"} & {button.label for button in at.button}
    assert any("can't be resumed" in caption.value for caption in at.caption)
    with pytest.raises(Refused, match="loop of its own"):
        the_hub.resume(there)
    assert main(["train", "--resume", "mine"]) == 2
    assert "loop of its own" in capsys.readouterr().err
    assert "mine" not in page("3_Generate.py").selectbox[0].options
    assert "a loop of its own" in page("3_Generate.py", run="mine").warning[0].value
    assert not page("app.py").exception
    assert len(there.latest.history.rows[0]) == len(METRICS)


def test_the_folder_of_a_name_is_in_the_runs_folder(tmp_path: Path) -> None:
    parts = {"critic": nn.Linear(2, 1), "generator": nn.Linear(2, 2), "fixed_latents": torch.ones(3, 2)}
    for folder, path in (("a", runs_root() / "a"), (tmp_path / "b", tmp_path / "b")):
        with ganlab.watch(folder, clip_range=(-1, 1), **parts):
            assert (path / "config.json").exists()
    with pytest.raises(FileExistsError, match="choose another folder"):
        ganlab.watch("a", clip_range=(-1, 1), **parts)
