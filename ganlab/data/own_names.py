"""What the user calls their own data: the name of the file or folder that it came from, kept beside it.

Only for showing: nothing is looked up by it. The same data under another name goes by the newer one.
"""

from contextlib import suppress
from pathlib import Path, PurePath

from ganlab import tensorfile
from ganlab.config import DATASETS, TrainConfig
from ganlab.data import kept
from ganlab.data.download import data_root
from ganlab.formatting import printable

_LIMIT_BYTES = 2**10


def keep(folder: Path, name: str, source: str) -> None:
    """Note, beside the data kept as `name` in a folder, the name of the file or folder `source` that it came from."""
    with suppress(OSError):  # it is shown under another name then
        tensorfile.write(folder / f"{name}.txt", printable(PurePath(source).name).encode())


def find(folder: Path, name: str) -> str:
    """What was kept; "" if nothing was, or if it can't be read."""
    with suppress(OSError, ValueError):
        if file := kept.find(folder, name, ".txt"):
            tensorfile.check_size(file, _LIMIT_BYTES)
            return printable(file.read_text(encoding="utf-8", errors="replace"))
    return ""


def title(config: TrainConfig) -> str:
    """What a run's data is called: the user's own after its file or folder, if this computer knows that."""
    own = {"images": (data_root() / "images", config.images), "drawn": (data_root() / "points", config.points)}
    return (config.dataset in own and find(*own[config.dataset])) or DATASETS[config.dataset].title
