import threading
from collections.abc import Iterator

import pytest
import torch

ORDER = ("test_layers", "test_config", "test_clipping", "test_sampling", "test_images", "test_figures", "test_words",
         "test_datasets", "test_networks", "test_training", "test_store", "test_runs", "test_cli", "test_pages",
         "test_browser", "test_learning")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast ones first."""
    items.sort(key=lambda item: ORDER.index(item.module.__name__))


@pytest.fixture(autouse=True)
def _own_runs_folder(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(tmp_path / "runs"))


@pytest.fixture(autouse=True)
def _no_run_is_left() -> Iterator[None]:
    torch.set_num_threads(1)
    yield
    assert [t.name for t in threading.enumerate() if t.name.startswith("ganlab-run-")] == []
