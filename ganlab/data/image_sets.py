"""Sets of images: digits, which come with scikit-learn, and three that are downloaded."""

import gzip
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganlab.config import TrainConfig
from ganlab.data.dataset import Announce, Dataset, split
from ganlab.data.download import data_root, fetch

_RESIZED_AT_ONCE = 2000  # images
_MNIST_FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
_MNIST_IMAGES, _MNIST_LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
CIFAR10 = ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")
"""Address and MD5 of the binary archive: torchvision reads the one for Python, which holds pickles."""


@cache
def digits(size: int = 16) -> Dataset:
    """The 1,797 real handwritten digits, resized; 1,285 for training."""
    return split(*labelled_digits(size))


@cache
def labelled_digits(size: int) -> tuple[Tensor, Tensor]:
    """All digits of scikit-learn (8 x 8), resized: [1797, 1, size, size] in [-1, 1], and their classes int64 [1797].

    Source: Alpaydin & Kaynak 1998, UCI Optical Recognition of Handwritten Digits, as shipped by scikit-learn.
    """
    from sklearn.datasets import load_digits  # takes a second or two: only when digits are wanted

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16  # [1797, 1, 8, 8] in [0, 1]
    return _resized(images, size).clamp_(0, 1) * 2 - 1, torch.from_numpy(bunch.target)


def mnist_files(config: TrainConfig) -> list[Path]:
    folder = data_root() / _MNIST_FOLDERS[config.dataset]
    return [folder / _MNIST_IMAGES, folder / _MNIST_LABELS]


def mnist(config: TrainConfig, announce: Announce) -> Dataset:
    """The 60,000 training images of MNIST or Fashion-MNIST, 28 x 28, resized if the settings want another size.

    Sources: LeCun et al. 1998; Xiao et al. 2017 (arXiv 1708.07747). Addresses and checksums are torchvision's. Its own
    download shows no progress, may wait forever, and does not check files that are already there.
    """
    from torchvision import datasets

    published = getattr(datasets, _MNIST_FOLDERS[config.dataset])
    checksums = dict(published.resources)

    def content(file: Path, header: int) -> np.ndarray:
        urls = [mirror + file.name for mirror in published.mirrors]
        packed = fetch(urls, checksums[file.name], file, announce).read_bytes()
        return np.frombuffer(bytearray(gzip.decompress(packed)), np.uint8, offset=header)

    images_file, labels_file = mnist_files(config)
    images = torch.from_numpy(content(images_file, header=16).reshape(-1, 1, 28, 28))
    labels = torch.from_numpy(content(labels_file, header=8)).long()
    return split(_resized(images, config.image_size, announce), labels)


def cifar10_files(_: TrainConfig) -> list[Path]:
    return [data_root() / "cifar-10-binary.tar.gz"]


def cifar10(config: TrainConfig, announce: Announce) -> Dataset:
    """The 50,000 training images of CIFAR-10, 32 x 32 in colour, resized if the settings want another size.

    Source: Krizhevsky 2009.
    """
    url, md5 = CIFAR10
    (file,) = cifar10_files(config)
    records = []
    with tarfile.open(fetch([url], md5, file, announce)) as archive:
        for i in range(1, 6):
            announce(f"decoding CIFAR-10, file {i} of 5")
            batch = archive.extractfile(f"cifar-10-batches-bin/data_batch_{i}.bin")
            assert batch is not None  # a plain file: the archive has the expected checksum
            records.append(np.frombuffer(batch.read(), np.uint8).reshape(-1, 1 + 3 * 32 * 32))
    both = torch.from_numpy(np.concatenate(records))  # a class and an image each
    images, labels = both[:, 1:].reshape(-1, 3, 32, 32), both[:, 0].long()
    return split(_resized(images, config.image_size, announce), labels)


def _resized(images: Tensor, size: int, announce: Announce = lambda _: None) -> Tensor:
    """Images [n, c, size, size], in their own data type; the same ones if they have that size."""
    from torchvision.transforms.v2 import functional as transforms

    if images.shape[-1] == size:
        return images
    resized = torch.empty(*images.shape[:2], size, size, dtype=images.dtype)
    for i in range(0, len(images), _RESIZED_AT_ONCE):
        announce(f"resizing images, {i:,} of {len(images):,}")
        part = slice(i, i + _RESIZED_AT_ONCE)
        resized[part] = transforms.resize(images[part], [size, size], antialias=True)
    return resized
