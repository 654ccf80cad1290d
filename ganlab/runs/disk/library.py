"""The runs on disk: their names, what lies in their folders, deleted or exported. Knows no thread and no screen."""

import os
import re
import secrets
import shutil
import zipfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ganlab.runs.disk.lock import LOCK, locked
from ganlab.runs.disk.root import runs_root

RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


def made_at(run_id: str) -> datetime | None:
    """When a run was made, as its name says; None for a name that says no such time."""
    with suppress(ValueError):
        return datetime.strptime(run_id[:15], "%Y%m%d-%H%M%S")
    return None


def new_run_id() -> str:
    """Such as 20261121-204501-3f2a: when the run was made, and four random digits."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def run_paths() -> list[Path]:
    """The folders of all runs on disk, newest first; anything else in `runs/` is passed over."""
    root = runs_root()
    names = sorted(os.listdir(root), reverse=True) if root.is_dir() else []
    return [root / name for name in names if RUN_ID.fullmatch(name) and (root / name / "config.json").exists()]


def size(path: Path) -> int:
    """Bytes of all files in a folder."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(path) as entries:  # whoever trains deletes files
        for entry in entries:
            with suppress(FileNotFoundError):
                total += size(Path(entry.path)) if entry.is_dir() else entry.stat().st_size
    return total


def delete(path: Path) -> None:
    """Delete a run's folder. Raises Busy if a process trains in it."""
    lock = locked(path)
    try:
        (path / "config.json").unlink(missing_ok=True)  # from here on nobody can resume it
    finally:
        lock.release()
    shutil.rmtree(path)


def export(path: Path, to: Path) -> None:
    """Write everything in a run's folder, but locks and unfinished files, into a ZIP."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.name != LOCK and not file.name.endswith(".part"):
                archive.write(file, Path(path.name, file.relative_to(path)))
