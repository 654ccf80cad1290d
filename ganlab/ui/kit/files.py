"""The files that a browser loads, in folders named after what is in them: it may keep each for good."""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple


class Folder(NamedTuple):
    """A folder that is served; `name` changes with its files."""

    path: Path
    name: str

    @property
    def address(self) -> str:
        """Relative to the document, without a slash at the end; ui/kit/components.py declares it there."""
        return f"component/ganlab.ui.kit.components.{self.name}"


def _folder(name: str) -> Folder:
    path = Path(__file__).parents[1] / name
    contents = b"".join(file.read_bytes() for file in sorted(path.iterdir()))
    return Folder(path, f"{name}_{sha256(contents).hexdigest()[:12]}")


FRONT = _folder("front")
PLOTLY = _folder("plotly")  # plotly.js as published, without the kinds of plots that ganlab does not draw
STYLES = (
    "page",
    "lab",
    "clamp",
    "strip",
    "clipping",
    "blocks",
    "lessons",
    "instruments",
    "draw",
    "figure",
    "constraints",
    "compare",
)
