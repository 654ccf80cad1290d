"""Where run folders are kept, and the app. Loads no torch, so that the command line can name the folder at once."""

import os
from pathlib import Path

import platformdirs


def runs_root() -> Path:
    """Where run folders go: $GANLAB_RUNS, else `runs` in the checkout, or in the user's data folder if installed."""
    if chosen := os.environ.get("GANLAB_RUNS"):
        return Path(chosen)
    return (checkout() or platformdirs.user_data_path("ganlab", appauthor=False)) / "runs"


def checkout() -> Path | None:
    """The folder of the checkout that this code runs from; None if the package is installed."""
    folder = Path(__file__).parents[3]
    return folder if all((folder / name).is_file() for name in ("pyproject.toml", "app.py")) else None


def app() -> Path:
    """The folder of app.py, with its pages and .streamlit: the checkout, or `ganlab/app` in an installed package."""
    return checkout() or Path(__file__).parents[2] / "app"
