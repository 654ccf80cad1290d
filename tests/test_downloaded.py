"""MNIST, Fashion-MNIST and CIFAR-10, as small files of the same format from a local server."""

import dataclasses
import gzip
import hashlib
import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import served_files
import torch
from torchvision.datasets import MNIST, FashionMNIST

from ganlab.data import datasets, image_sets
from ganlab.presets import PRESETS

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 28, 28), np.uint8)
CLASSES = RNG.integers(0, 10, 60, np.uint8)


def idx(array: np.ndarray) -> bytes:
    """The format of MNIST: two zeros, a type, the number of dimensions, their sizes, the bytes."""
    return gzip.compress(struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))


@pytest.fixture
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The served folder."""
    folder, resources = tmp_path / "served", []
    folder.mkdir()
    for name, _ in MNIST.resources:
        (folder / name).write_bytes(idx(IMAGES if "images" in name else CLASSES))
        resources.append((name, hashlib.md5((folder / name).read_bytes()).hexdigest()))
    with served_files.served(folder) as address:
        for kind in (MNIST, FashionMNIST):
            monkeypatch.setattr(kind, "mirrors", [f"{address}/"])
            monkeypatch.setattr(kind, "resources", resources)
        yield folder


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_mnist_is_fetched_unpacked_and_split(name: str, mnist: Path) -> None:
    messages: list[str] = []
    data = datasets.load(PRESETS[name], messages.append)
    assert data.shape == (1, 28, 28)
    assert len(data.held_out) == len(data.labels) == 20  # a third of a small set
    whole = torch.from_numpy(IMAGES).unsqueeze(1) / 127.5 - 1
    drawn = data.sample(2000, torch.Generator().manual_seed(0)).unique(dim=0)
    both = torch.cat([drawn, data.held_out])
    assert torch.equal(both.unique(dim=0), whole.unique(dim=0))
    for image, label in zip(data.held_out, data.labels, strict=True):
        (which,) = (whole == image).flatten(1).all(1).nonzero()
        assert label == CLASSES[which.item()]
    assert messages[0] == "downloading train-images-idx3-ubyte"
    messages.clear()
    smaller = datasets.load(dataclasses.replace(PRESETS[name], image_size=16), messages.append)
    assert smaller.shape == (1, 16, 16)
    assert messages == ["resizing images, 0 of 60"]  # the files are in the cache


def test_a_corrupted_download_is_a_sentence(mnist: Path) -> None:
    (mnist / "train-images-idx3-ubyte.gz").write_bytes(idx(IMAGES[:9]))
    with pytest.raises(
        ConnectionError, match=r"^train-images-idx3-ubyte.gz can't be downloaded: .* checksum is wrong\. "
    ) as caught:
        datasets.load(PRESETS["mnist"])
    (file, _) = image_sets.mnist_files(PRESETS["mnist"])
    assert str(caught.value).endswith(f"put it into {file.parent}.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(idx(IMAGES))
    assert len(datasets.load(PRESETS["mnist"]).images) == len(IMAGES)


def test_cifar10_is_read_from_its_binary_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "served"
    folder.mkdir()
    records = RNG.integers(0, 256, (5, 12, 3073), np.uint8)
    records[..., 0] %= 10
    with tarfile.open(folder / "cifar.tar.gz", "w:gz") as archive:
        for i, batch in enumerate(records, start=1):
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/data_batch_{i}.bin")
            entry.size = batch.nbytes
            archive.addfile(entry, io.BytesIO(batch.tobytes()))
    md5 = hashlib.md5((folder / "cifar.tar.gz").read_bytes()).hexdigest()
    with served_files.served(folder) as address:
        monkeypatch.setattr(image_sets, "CIFAR10", (f"{address}/cifar.tar.gz", md5))
        data = datasets.load(PRESETS["cifar10"])
    assert data.shape == (3, 32, 32)
    whole = torch.from_numpy(records.reshape(60, 3073))
    for image, label in zip(data.held_out, data.labels, strict=True):
        (which,) = (whole[:, 1:].reshape(60, 3, 32, 32) / 127.5 - 1 == image).flatten(1).all(1).nonzero()
        assert label == whole[which.item(), 0]
