"""What is declared of every name in the app holds."""

import os
import subprocess
import sys

import pytest
from visits import ROOT


@pytest.mark.timeout(600)  # seconds, without a cache on a busy machine
def test_mypy_finds_no_error() -> None:
    """Here, and not before the tests, because it works on one core."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "mypy"]
    mypy = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert mypy.returncode == 0, mypy.stdout + mypy.stderr
