"""The user's own images are decoded once; what became of them is kept beside their pixels."""

import dataclasses
import errno
import io
import os
import tempfile
from pathlib import Path

import hostile
import numpy as np
import pytest
import torch
from photos import encoded, fill
from PIL import Image

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.data import datasets, own_images, own_pixels
from ganlab.presets import PRESETS

GOOD = {f"{i:02}.png": hostile.png(10 * i) for i in range(24)}
BAD = {"page.jpg": b"<!DOCTYPE html>", "notes.txt": b"words"}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    """The settings of a run on 24 good pictures and a bad one, in a folder."""
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    name = own_images.keep_folder(fill(tmp_path / "album", GOOD | BAD), tmp_path / "images")
    return dataclasses.replace(PRESETS["images"], images=name, image_size=16, colour="grey")


def test_what_was_decoded_is_what_is_trained_on(config: TrainConfig) -> None:
    messages: list[str] = []
    prepared = own_pixels.prepare(config, messages.append)
    assert len(messages) == 26
    data = datasets.load(config, messages.append)
    assert len(messages) == 26  # nothing was decoded again
    assert data.pixels == prepared.pixels
    assert data.images[:, 0, 0, 0].tolist() == [10 * i for i in range(24)]
    assert prepared.decoded.n == 24


def test_what_was_left_out_is_still_known_later(config: TrainConfig) -> None:
    prepared = own_pixels.prepare(config)
    assert prepared.decoded.left_out == [("page.jpg", "page.jpg is a web page, not an image.")]
    assert prepared.decoded.others == {".txt": 1}
    assert own_pixels.prepared(config) == prepared
    assert own_pixels.prepared(config) is own_pixels.prepared(config)  # a record of every image left out is long
    assert own_pixels.prepared(dataclasses.replace(config, pixels=prepared.pixels)) == prepared
    for other in ({"image_size": 28}, {"fit": "crop"}, {"levels": "stretched"}, {"pixels": "0" * 64}):
        assert own_pixels.prepared(dataclasses.replace(config, **other)) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"pixels": 1, "decoded": {}}', b"\xff"])
def test_a_damaged_record_is_written_again(content: bytes, config: TrainConfig) -> None:
    prepared = own_pixels.prepare(config)
    own_pixels.record(config).write_bytes(content)
    assert own_pixels.prepared(config) is None
    assert own_pixels.prepare(config) == prepared == own_pixels.prepared(config)


def test_pixels_that_are_gone_or_damaged_are_decoded_again(config: TrainConfig, tmp_path: Path) -> None:
    prepared = own_pixels.prepare(config)
    file = tmp_path / f"data/{prepared.pixels}.safetensors"
    content = file.read_bytes()
    file.unlink()
    assert own_pixels.prepared(config) is None
    assert own_pixels.prepare(config) == prepared
    file.write_bytes(content[:-1])
    assert len(datasets.load(config).images) == 24
    assert file.read_bytes() == content


def test_their_file_is_one_of_the_safetensors_library(config: TrainConfig, tmp_path: Path) -> None:
    name = own_pixels.prepare(config).pixels
    pixels = own_pixels.read(name, 16)
    assert (tmp_path / f"data/{name}.safetensors").read_bytes() == tensorfile.packed({"pixels": pixels}, {})


def test_many_pixels_stay_on_disk(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    name = own_pixels.prepare(config).pixels
    in_memory = own_pixels.read(name, 16)
    monkeypatch.setattr(own_pixels, "MAPPED", 0)
    mapped = own_pixels.read(name, 16)
    assert torch.equal(mapped, in_memory)
    maps = Path("/proc/self/maps")
    assert not maps.exists() or name in maps.read_text()
    drawn = [datasets.load(config).sample(8, torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(*drawn)


def test_a_folder_may_hold_more_than_an_archive(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_images, "LIMIT_FILES", 20)
    monkeypatch.setattr(own_images, "LIMIT_BYTES", 0)
    assert own_pixels.prepare(config).decoded.n == 24


def test_decoding_that_is_cancelled_leaves_nothing(config: TrainConfig, tmp_path: Path) -> None:
    def cancel(message: str) -> None:
        if " 20 of " in message:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        own_pixels.prepare(config, cancel)
    assert list((tmp_path / "data").iterdir()) == []


def test_too_few_readable_images_are_a_sentence(tmp_path: Path, config: TrainConfig) -> None:
    bad = fill(tmp_path / "bad", {f"{i}.png": b"words" for i in range(20)} | dict(list(GOOD.items())[:3]))
    name = own_images.keep_folder(bad, tmp_path / "images")
    with pytest.raises(ValueError, match=r"holds 3 readable images; at least 16 .* 0.png, 1.png, 10.png and 17 more"):
        own_pixels.prepare(dataclasses.replace(config, images=name))
    assert list((tmp_path / "data").iterdir()) == []


def test_a_full_disk_leaves_nothing(config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir: Full())
    with pytest.raises(OSError, match="No space left on device"):
        own_pixels.prepare(config)
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int32])
def test_what_deep_images_use_is_kept_too(dtype: type, config: TrainConfig, tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((4, 4), 300, dtype))
    album = fill(tmp_path / "deep", GOOD | {"deep.tif": encoded(deep, "TIFF")})
    config = dataclasses.replace(config, images=own_images.keep_folder(album, tmp_path / "images"))
    prepared = own_pixels.prepare(config)
    assert prepared.decoded.unlimited == (None if dtype is np.uint16 else (300, 300))
    assert own_pixels.prepared(config) == prepared


def test_levels_are_a_setting(config: TrainConfig) -> None:
    shades = [datasets.load(dataclasses.replace(config, levels=levels)).images for levels in ("stored", "stretched")]
    assert [int(shade.max()) for shade in shades] == [230, 255]
    assert np.abs(shades[1].numpy().astype(float) - shades[0].numpy() / 230 * 255).max() <= 0.5
