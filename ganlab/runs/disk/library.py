"""The runs on disk: their names, what lies in their folders, deleted or exported. Knows no thread and no screen."""

import os
import re
import secrets
import shutil
import zipfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from ganlab.formatting import in_words
from ganlab.runs.disk.damage import files_in, is_file
from ganlab.runs.disk.folder import FILES, SUBFOLDERS
from ganlab.runs.disk.lock import LOCK, locked
from ganlab.runs.disk.root import runs_root

RUN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")  # the name of a run's folder, which is its ID
_TIME = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{4}")


def made_at(run_id: str) -> datetime | None:
    """When a run was made, if its name says so, or else when it was last started; None if there is no such run."""
    with suppress(ValueError):
        if match := _TIME.fullmatch(run_id):
            return datetime.strptime(match[1], "%Y%m%d-%H%M%S")
    with suppress(OSError):  # config.json is written at every start
        return datetime.fromtimestamp((runs_root() / run_id / "config.json").stat().st_mtime)
    return None


def new_run_id() -> str:
    """Such as 20261121-204501-3f2a: when the run was made, and four random digits."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def short_name(run_id: str) -> str:
    """The last four digits of an ID that `new_run_id` made, or the whole name that a user chose."""
    return run_id[-4:] if _TIME.fullmatch(run_id) else run_id


def run_paths() -> list[Path]:
    """The folders of all runs on disk, newest first: the folders in `runs/`, no links, that hold a config.json.

    Also those that may not be looked into: whoever reads them says so.
    """
    dated = []
    with suppress(OSError), os.scandir(runs_root()) as entries:
        for entry in entries:
            if RUN_ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False) and _may_be_run(Path(entry.path)):
                dated.append((made_at(entry.name) or datetime.min, Path(entry.path)))
    return [path for _, path in sorted(dated, reverse=True)]


def _may_be_run(path: Path) -> bool:
    try:
        (path / "config.json").lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def problem() -> str:
    """Why the runs on disk can't be listed, in one sentence; "" if they can, or if there is no folder yet."""
    try:
        os.scandir(runs_root()).close()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"The runs can't be listed. {in_words(error)}"
    return ""


def size(path: Path) -> int:
    """Bytes of the files in a run's folder and its subfolders; of links and what can't be read, none."""
    return sum(_bytes_in(folder) for folder in (path, *(path / name for name in SUBFOLDERS)))


def _bytes_in(folder: Path) -> int:
    total = 0
    for entry in files_in(folder):
        with suppress(OSError):  # the process that trains deletes files
            total += entry.stat(follow_symlinks=False).st_size
    return total


def _ours(*names: str) -> re.Pattern[str]:
    """Matches files with these names, patterns each, that were set aside, and parts of them that a kill left."""
    name = "|".join(names)
    return re.compile(rf"(?:{name})(?:\.refused)?|\.(?:{name}|tensors)\.[0-9a-f]{{8}}\.part")


_IN_FOLDER = _ours(*map(re.escape, (*FILES, "scheduled.csv", LOCK)))


def delete(path: Path) -> str:
    """Delete the files that ganlab wrote into a run's folder, and the folder once it is empty.

    Returns a sentence about the files that stay, because ganlab did not write them; empty if there are none. Raises
    Busy if a process trains in the folder, and OSError if it is a link or a file can't be deleted.
    """
    if path.is_symlink():
        raise OSError("it is a link to another folder.")
    lock = locked(path)
    try:
        (path / "config.json").unlink(missing_ok=True)  # from here on nobody can resume it
    finally:
        lock.release()
    left = [file for name, names in SUBFOLDERS.items() for file in _delete_files(path / name, _ours(names))]
    left += [file for file in _delete_files(path, _IN_FOLDER) if file.name not in SUBFOLDERS]
    if not left:
        return ""
    names = ", ".join(str(file.relative_to(path)) for file in left[:3]) + (", …" if len(left) > 3 else "")
    return f"The folder {path} stays, because it holds files that ganlab did not write: {names}."


def _delete_files(folder: Path, ours: re.Pattern[str]) -> list[Path]:
    """Delete the files with these names in a folder, and the folder if it is then empty; returns what else is in it."""
    left = []
    for file in sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []:
        is_folder = file.is_dir() and not file.is_symlink()
        if ours.fullmatch(file.name) and not is_folder:
            file.unlink(missing_ok=True)
        elif ours.fullmatch(file.name) and file.name.endswith(".part"):
            shutil.rmtree(file)
        else:
            left.append(file)
    if not left and folder.is_dir() and not folder.is_symlink():
        folder.rmdir()
    return left


def export(path: Path, to: Path | BinaryIO) -> None:
    """Write everything in a run's folder, but locks and unfinished files, into a ZIP."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.rglob("*")):
            inside = file.relative_to(path)
            if is_file(file) and file.name != LOCK and not any(part.endswith(".part") for part in inside.parts):
                archive.write(file, Path(path.name, inside))
