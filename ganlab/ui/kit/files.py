"""The files that a browser loads, in folders named after what is in them: it may keep each for good."""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import plotly


class Folder(NamedTuple):
    """A folder that is served; `name` changes with its files."""

    path: Path
    name: str

    @property
    def address(self) -> str:
        """Relative to the document, without a slash at the end; ui/kit/components.py declares it there."""
        return f"component/ganlab.ui.kit.components.{self.name}"


def _version(*contents: bytes) -> str:
    return sha256(b"".join(contents)).hexdigest()[:12]


_front, _plotly = Path(__file__).parents[1] / "front", Path(plotly.__file__).parent / "package_data"
FRONT = Folder(_front, "front_" + _version(*(file.read_bytes() for file in sorted(_front.iterdir()))))
PLOTLY = Folder(_plotly, "plotly_" + _version(plotly.__version__.encode()))
