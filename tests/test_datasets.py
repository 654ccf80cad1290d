"""Every data set: its shape, its constants, its split, and the user's own images and points."""

import dataclasses
import hashlib
import math
import shutil
import zipfile
from pathlib import Path

import hostile
import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import ks_2samp
from sklearn.datasets import make_swiss_roll

from ganlab import settings
from ganlab.config import DATASETS, TrainConfig, changed
from ganlab.data import datasets, image_sets, own_images, own_points, point_sets
from ganlab.data.dataset import Dataset
from ganlab.runs.disk import contents
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun

FROZEN = Path(__file__).parent / "frozen"


def test_digits_are_real_and_split_once() -> None:
    data = image_sets.digits()
    assert data.shape == (1, 16, 16)
    assert len(data.held_out) == len(data.labels) == 512
    assert set(data.labels.tolist()) == set(range(10))
    assert data.held_out.min() >= -1
    assert data.held_out.max() <= 1
    many = data.sample(40_000, torch.Generator().manual_seed(0)).flatten(1).unique(dim=0)
    assert 1270 <= len(many) <= 1285  # with replacement; a few digits are drawn twice in the set itself
    both = torch.cat([many, data.held_out.flatten(1).unique(dim=0)])
    assert len(both.unique(dim=0)) >= len(both) - 2


def test_ring_has_the_papers_constants() -> None:
    points = point_sets.eight_gaussians().sample(40_000, torch.Generator().manual_seed(0))
    angles = torch.arange(8) * math.pi / 4
    centres = 2 * torch.stack([angles.cos(), angles.sin()], 1) / 1.414
    distances, nearest = torch.cdist(points, centres).min(1)
    assert (nearest.bincount(minlength=8) / len(points) - 1 / 8).abs().max() < 0.01
    sd = (distances.square().mean() / 2).sqrt().item()
    assert abs(sd - 0.02 / 1.414) < 2e-4


def test_grid_has_the_papers_constants() -> None:
    points = point_sets.twenty_five_gaussians().sample(40_000, torch.Generator().manual_seed(0))
    ticks = torch.tensor([-4.0, -2, 0, 2, 4])
    centres = torch.stack(torch.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(25, 2) / 2.828
    distances, nearest = torch.cdist(points, centres).min(1)
    assert (nearest.bincount(minlength=25) / len(points) - 1 / 25).abs().max() < 0.005
    assert abs((distances.square().mean() / 2).sqrt().item() - 0.05 / 2.828) < 2e-4


def test_swiss_roll_is_scikit_learns() -> None:
    """Draws from the same distribution, by its marginals and the distance from the centre."""
    ours = point_sets.swiss_roll().sample(40_000, torch.Generator().manual_seed(0)).numpy()
    theirs = make_swiss_roll(40_000, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    for axis in (0, 1):
        assert ks_2samp(ours[:, axis], theirs[:, axis]).pvalue > 0.01
    assert ks_2samp(np.hypot(*ours.T), np.hypot(*theirs.T)).pvalue > 0.01


def test_the_registry_has_every_data_set_of_the_settings() -> None:
    assert set(datasets.SOURCES) == set(DATASETS)


def test_digits_come_in_every_size() -> None:
    for size in settings.rules(TrainConfig, "image_size").choices[:-1]:
        data = datasets.load(TrainConfig(image_size=size))
        assert data.shape == (1, size, size)
        assert -1 <= data.held_out.min() <= data.held_out.max() <= 1


def test_own_images_are_kept_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    (tmp_path / "mine").mkdir()
    for i in range(30):
        Image.new("RGB", (40, 30), (8 * i, 0, 255)).save(tmp_path / f"mine/{i}.png")
    name = own_images.keep_folder(tmp_path / "mine", tmp_path / "cache/images")
    messages: list[str] = []
    data = datasets.load(TrainConfig(dataset="images", images=name, image_size=32), messages.append)
    assert messages == ["listing the images", *(f"decoding images, {i} of 30" for i in range(1, 31))]
    assert data.held_out.shape == (10, 3, 32, 32)
    drawn = data.sample(999, torch.Generator().manual_seed(0))
    assert len(drawn.unique(dim=0)) == 20
    assert drawn[:, 2].unique().tolist() == [1.0]
    grey = datasets.load(TrainConfig(dataset="images", images=name, image_size=16, colour="grey"))
    assert grey.shape == (1, 16, 16)


def test_a_run_names_its_pixels_and_takes_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    (tmp_path / "mine").mkdir()
    for i in range(20):
        Image.new("RGB", (40, 30), (8 * i, 0, 255)).save(tmp_path / f"mine/{i}.png")
    name = own_images.keep_folder(tmp_path / "mine", tmp_path / "cache/images")
    config = TrainConfig(
        dataset="images", images=name, width=4, latent_dim=4, batch_size=8, n_critic=1, steps=2, threads=1
    )
    run = TrainingRun(RunFolder(tmp_path / "r", config))
    assert run.run().status is Status.FINISHED
    assert contents.config_of(tmp_path / "r") == run.config == run.latest.config
    (kept,) = (tmp_path / "cache/data").glob("*.safetensors")
    assert kept.name == f"{run.config.pixels}.safetensors"
    messages: list[str] = []
    again = datasets.load(run.config, messages.append)
    assert messages == []  # nothing was decoded again
    assert torch.equal(again.held_out, datasets.load(config).held_out)
    kept.write_bytes(kept.read_bytes()[:-1])  # damaged: decoded again, and found to be the same
    assert torch.equal(again.held_out, datasets.load(run.config, messages.append).held_out)
    assert messages != []
    with pytest.raises(ValueError, match="no longer decode to the pixels this run was trained on"):
        datasets.load(dataclasses.replace(run.config, pixels="0" * 64))
    assert changed(run.config, {"seed": 3}).pixels == run.config.pixels
    assert changed(run.config, {"colour": "grey"}).pixels == ""


@pytest.fixture
def old_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    """A run of version 0.1.0 on own images; its archive and its pixels are in tmp_path."""
    shutil.copytree(FROZEN / "data", tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    return contents.config_of(FROZEN / "runs/20261101-090200-cccc")


def test_an_old_run_recognises_its_pixels_when_they_are_decoded_again(old_run: TrainConfig, tmp_path: Path) -> None:
    before = datasets.load(old_run)
    path = tmp_path / f"data/{old_run.pixels}.safetensors"
    content = path.read_bytes()
    path.unlink()
    again = datasets.load(old_run)
    assert torch.equal(again.held_out, before.held_out)
    assert again.pixels == old_run.pixels
    assert list((tmp_path / "data").glob("*.safetensors")) == [path]
    assert path.read_bytes() == content
    assert datasets.load(dataclasses.replace(old_run, pixels="")).images.equal(before.images)


def test_an_old_run_takes_no_other_pixels(old_run: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / f"data/{old_run.pixels}.safetensors").unlink()
    archive = tmp_path / f"images/{old_run.images}.zip"
    with zipfile.ZipFile(archive) as file:
        pictures = {name: file.read(name) for name in file.namelist()}
    first, second, *_ = pictures
    hostile.write_zip(archive, pictures | {first: pictures[second]})
    with pytest.raises(ValueError, match="no longer decode to the pixels"):
        datasets.load(old_run)
    assert list((tmp_path / "data").iterdir()) == []


FORMER = '{"__metadata__": {}, "pixels": {"dtype": "U8", "shape": [24, 3, 16, 16], "data_offsets": [0, 18432]}}'
PRESENT = '{"pixels":{"dtype":"U8","shape":[24,3,16,16],"data_offsets":[0,18432]}}'


@pytest.mark.parametrize("header", [FORMER, PRESENT])
def test_pixels_are_read_under_either_header(header: str, old_run: TrainConfig, tmp_path: Path) -> None:
    before = datasets.load(old_run)
    text = header.encode()
    text += b" " * (-len(text) % 8)
    content = len(text).to_bytes(8, "little") + text + before.images.numpy().tobytes()
    name = hashlib.sha256(content).hexdigest()
    assert (name == old_run.pixels) == (header == FORMER)
    (tmp_path / f"images/{old_run.images}.zip").unlink()
    (tmp_path / f"data/{name}.safetensors").write_bytes(content)
    again = datasets.load(dataclasses.replace(old_run, pixels=name))
    assert again.pixels == name
    assert again.images.equal(before.images)


@pytest.mark.parametrize(("images", "words"), [("", "Choose a ZIP or a folder"), ("0" * 16, "not on this computer")])
def test_missing_images_are_a_sentence(
    images: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        datasets.load(TrainConfig(dataset="images", images=images))


def test_draws_come_from_the_callers_generator() -> None:
    for data in (image_sets.digits(), point_sets.eight_gaussians(), point_sets.swiss_roll()):
        a, b = (data.sample(9, torch.Generator().manual_seed(4)) for _ in range(2))
        assert torch.equal(a, b)
        assert not torch.equal(a, data.sample(9, torch.Generator().manual_seed(5)))


def drawn_grid(n: int, folder: Path) -> tuple[torch.Tensor, Dataset]:
    """Points on a fine grid, so that each draw is nearest to the point it came from, and their dataset."""
    side = torch.linspace(-1.9, 1.9, math.ceil(n**0.5))
    points = torch.cartesian_prod(side, side)[:n]
    name = own_points.keep(points.numpy(), folder / "points")
    return points, datasets.load(TrainConfig(dataset="drawn", network="mlp", points=name))


def test_own_points_are_drawn_with_jitter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    points, data = drawn_grid(225, tmp_path)
    drawn = data.sample(40_000, torch.Generator().manual_seed(0))
    distances, source = torch.cdist(drawn, points).min(1)
    assert abs((distances.square().mean() / 2).sqrt().item() - 0.02) < 2e-4
    shares = source.bincount(minlength=225) / len(drawn)
    assert (shares > 0).sum() == 150
    assert (shares[shares > 0] - 1 / 150).abs().max() < 0.0025
    assert torch.equal(drawn, data.sample(40_000, torch.Generator().manual_seed(0)))
    assert data.centres is None


@pytest.mark.parametrize(("n", "held_out"), [(100, 33), (225, 75)])
def test_own_points_are_split_once(n: int, held_out: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    points, data = drawn_grid(n, tmp_path)
    assert data.held_out.shape == (512, 2)
    assert torch.equal(data.held_out, drawn_grid(n, tmp_path)[1].held_out)
    apart = torch.cdist(data.held_out, points).argmin(1).unique()
    trained = torch.cdist(data.sample(9_000, torch.Generator().manual_seed(0)), points).argmin(1).unique()
    assert (len(apart), len(trained)) == (held_out, n - held_out)
    assert not set(apart.tolist()) & set(trained.tolist())


def test_of_a_few_points_none_is_held_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    points, data = drawn_grid(16, tmp_path)
    for draws in (data.held_out, data.sample(512, torch.Generator().manual_seed(0))):
        assert len(torch.cdist(draws, points).argmin(1).unique()) == 16


def test_missing_points_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    drawn = TrainConfig(dataset="drawn", network="mlp")
    with pytest.raises(ValueError, match="Draw some points"):
        datasets.load(drawn)
    with pytest.raises(FileNotFoundError, match="are not on this computer"):
        datasets.load(dataclasses.replace(drawn, points="0" * 16))
    with pytest.raises(ValueError, match="These are 15 points; at least 16"):
        drawn_grid(15, tmp_path)
