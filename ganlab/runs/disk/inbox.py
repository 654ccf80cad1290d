"""How other processes reach a run that trains: commands to it, one file each, and a number that counts their looks.

A file that was never whole, isn't a command, or was there before the run began is removed without effect. Other files
in the folder stay.
"""

import json
import os
import re
import secrets
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ganlab import tensorfile
from ganlab.runs.disk.damage import check_file, refusing

FOLDER, VIEWER = "inbox", "viewer"
NAME = re.compile(r"[0-9]{19}-[0-9a-f]{8}\.json")  # nanoseconds since 1970 where it was sent, and 8 random digits
VERBS = ("pause", "resume", "step", "stop")
_LIMIT_BYTES = 2**12  # of one command
_MOST = 1000  # entries looked at


class Command(NamedTuple):
    """One of VERBS, or "change" with the new values of settings, or "switch" with the instruments that are to be on."""

    verb: str
    values: dict[str, Any]
    instruments: tuple[str, ...]


def send(path: Path, command: Command) -> str:
    """Put a command into a run's inbox; returns its file's name. Raises OSError."""
    name = f"{time.time_ns():019}-{secrets.token_hex(4)}.json"
    (path / FOLDER).mkdir(exist_ok=True)
    tensorfile.write(path / FOLDER / name, json.dumps(command._asdict()).encode())
    return name


def withdraw(path: Path, name: str) -> bool:
    """Take a command back; False if the run has taken it."""
    try:
        (path / FOLDER / name).unlink()
    except OSError:
        return False
    return True


def waiting(path: Path) -> tuple[list[str], list[str]]:
    """The names of the commands in a run's inbox, oldest first, and of files that aren't commands, unless hidden."""
    names: list[str] = []
    with suppress(OSError):
        if not (path / FOLDER).is_symlink():
            with os.scandir(path / FOLDER) as entries:
                names = sorted(entry.name for entry in islice(entries, _MOST) if not entry.name.startswith("."))
    return [name for name in names if NAME.fullmatch(name)], [name for name in names if not NAME.fullmatch(name)]


def take(path: Path, name: str) -> Command | None:
    """The command in this file, which is then gone; None if it was withdrawn. Raises Damaged for anything but one."""
    file = path / FOLDER / name
    with refusing(f"{FOLDER}/{name} is ignored"):
        try:
            check_file(file, _LIMIT_BYTES)
            content = file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except (ValueError, OSError):
            withdraw(path, name)
            raise
        # What can't be removed is no command: it would act again and again.
        return _command(tensorfile.parsed(content)) if withdraw(path, name) else None


def _command(about: Any) -> Command:
    try:
        command = Command(about["verb"], about["values"], tuple(about["instruments"]))
        known = len(about) == 3 and command.verb in (*VERBS, "change", "switch")
    except (KeyError, TypeError):
        known = False
    if not known or not isinstance(command.values, dict) or not all(type(one) is str for one in command.instruments):
        raise ValueError("it is not a command")
    return command


def look(path: Path) -> None:
    """Say that somebody looks, by counting up the run's `viewer`. Raises OSError."""
    known = viewer(path)
    number = int(known) if known.isdigit() else 0
    tensorfile.write(path / VIEWER, str((number + 1) % 10**15).encode())


def viewer(path: Path) -> bytes:
    """The content of `viewer`, whose every change is somebody's look; empty if it can't be read."""
    with suppress(OSError, ValueError):
        check_file(path / VIEWER, 2**5)
        return (path / VIEWER).read_bytes()
    return b""


def clear(path: Path) -> None:
    """Remove what is only of use while the run trains; other files in the inbox stay, and with them the inbox."""
    for name in waiting(path)[0]:
        withdraw(path, name)
    with suppress(OSError):
        (path / FOLDER).rmdir()
    for file in (VIEWER, "live.safetensors"):
        with suppress(OSError):
            (path / file).unlink(missing_ok=True)
