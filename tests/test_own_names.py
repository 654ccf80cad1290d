"""What the user's own data is called in lists: the name of the file or folder that it came from."""

from pathlib import Path

import hostile
import numpy as np
import pytest
from photos import fill

from ganlab.cli import train
from ganlab.config import DATASETS, TrainConfig, changed
from ganlab.data import own_names, own_pixels, point_files
from ganlab.presets import PRESETS
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.saved_run import SavedRun


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


def listed(config: TrainConfig, folder: Path) -> str:
    """The name of a run on disk with these settings, without what holds its critic."""
    RunFolder(folder, config).close()
    return SavedRun(folder).name.rpartition(", ")[0]


def test_runs_on_own_data_are_listed_under_the_name_of_its_file(tmp_path: Path, cache: Path) -> None:
    hostile.write_zip(tmp_path / "my cats.zip", hostile.good_files())
    fill(tmp_path / "dogs", hostile.good_files() | {"17.png": hostile.png(17)})
    (tmp_path / "walk.csv").write_bytes(point_files.as_csv(np.linspace(-1, 1, 40).reshape(20, 2)))
    for i, name in enumerate(("my cats.zip", "dogs")):
        images = changed(PRESETS["images"], {"images": train.keep_images(tmp_path / name)})
        assert listed(images, tmp_path / f"images{i}") == name
    points = changed(PRESETS["drawn"], {"points": train.keep_points(tmp_path / "walk.csv")})
    assert listed(points, tmp_path / "points") == "walk.csv"
    own_names.keep(cache / "points", points.points, "/home/me/steps.csv")
    assert own_names.title(points) == "steps.csv"


def test_own_data_without_a_name_and_other_data_keep_their_titles(cache: Path) -> None:
    for dataset in ("images", "drawn", "digits"):
        assert own_names.title(PRESETS[dataset]) == DATASETS[dataset].title
    unknown = changed(PRESETS["drawn"], {"points": "0" * 16})
    assert own_names.title(unknown) == "my points"
    (cache / "points").mkdir(parents=True)
    (cache / f"points/{'0' * 16}.txt").write_bytes(b"x" * 2_000)
    assert own_names.title(unknown) == "my points"


def test_names_are_shown_safely(cache: Path) -> None:
    own_names.keep(cache, "0" * 16, "a/b\n\u202ec" + "x" * 70)  # of a folder that is missing: nothing happens
    assert own_names.find(cache, "0" * 16) == ""
    cache.mkdir()
    own_names.keep(cache, "0" * 16, "a/b\n\u202ec.zip")
    assert own_names.find(cache, "0" * 16) == "b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}c.zip"
    assert own_names.find(cache, "../" + "0" * 16) == ""


def test_a_kept_archive_is_called_by_its_own_name(tmp_path: Path, cache: Path) -> None:
    hostile.write_zip(tmp_path / "cats.zip", {f"{i}.jpg": b"words" for i in range(20)})
    config = changed(PRESETS["images"], {"images": train.keep_images(tmp_path / "cats.zip")})
    with pytest.raises(ValueError, match=r"^cats.zip holds no readable images"):
        own_pixels.prepare(config)
    (cache / f"images/{config.images}.txt").unlink()
    with pytest.raises(ValueError, match=r"^The ZIP holds no readable images"):
        own_pixels.prepare(config)
