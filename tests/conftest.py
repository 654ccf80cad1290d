"""The order of the tests, and which process runs them."""

import logging
import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

SLOW = (
    "test_generate_page",
    "test_frozen",
    "test_cli",
    "test_wheel",
    "test_learning",
    "test_damage",
    "test_pages",
    "test_strangers",
    "test_resume",
    "test_train_page",
    "test_types",
)
"""From 10 CPU seconds on, the slowest last."""


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, and torch with them, but not in the process that only gives tests to others."""
    if config.getoption("dist", "no") == "no":
        # Tests call what draws a page where there is no page.
        logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").disabled = True
        config.pluginmanager.import_plugin("hub_and_browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the fast tests first; with workers, which are to end together, the browser tests and other slow ones."""
    together = "PYTEST_XDIST_WORKER" in os.environ

    def place(item: pytest.Item) -> int:
        name = item.path.stem
        slow = len(SLOW) if name.startswith("test_browser") else SLOW.index(name) if name in SLOW else -1
        return -slow if together else slow

    items.sort(key=place)
    for item in items:
        if item.path.stem.startswith("test_browser"):
            item.add_marker(pytest.mark.timeout(300))  # seconds, on a busy machine


class TwoBrowsers(LoadFileScheduling):
    """Like --dist loadfile, but one worker runs the browser tests of Train, half of them all, and one the others."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "browser" if "test_browser" in file and "test_browser_train" not in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TwoBrowsers:
    return TwoBrowsers(config, log)
