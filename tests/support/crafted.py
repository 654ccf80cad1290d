"""Run folders that were crafted or damaged must not take a page with them. `make hold`.

Each is a copy of a real run with one or two of its files changed. A visitor opens every page that reads it.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import torch
from safetensors.torch import load, save
from served import ROOT, Server, interrupt, serve
from visitor import VisitError, Visitor, visit

from ganlab.tensorfile import file_sha256

FROZEN = ROOT / "tests/frozen"
SEED = 1417
BEYOND = 2.0  # seconds that a page may take longer than with sound runs
TOGETHER = 10  # folders that one server holds at the same time: as many as Home lists
Damage = Callable[[Path, random.Random], None]


def truncated(file: Path, draws: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: draws.randrange(len(content) + 1)])


def flipped(file: Path, draws: random.Random) -> None:
    content = bytearray(file.read_bytes())
    for _ in range(draws.randint(1, 20) if content else 0):
        content[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
    file.write_bytes(content)


def emptied(file: Path, draws: random.Random) -> None:
    file.write_bytes(b"")


def sparse(file: Path, draws: random.Random) -> None:
    os.truncate(file, 2**30)


def noise(file: Path, draws: random.Random) -> None:
    file.write_bytes(draws.randbytes(draws.randint(1, 5000)))


def swapped(file: Path, draws: random.Random) -> None:
    """The content of another file of the run."""
    others = [other for other in file.parent.rglob("*") if other.is_file() and other != file]
    if others:
        shutil.copy(draws.choice(sorted(others)), file)


def deleted(file: Path, draws: random.Random) -> None:
    file.unlink()


def folder(file: Path, draws: random.Random) -> None:
    file.unlink()
    file.mkdir()
    (file / "inside").write_text("x")


def fifo(file: Path, draws: random.Random) -> None:
    file.unlink()
    os.mkfifo(file)


def circle(file: Path, draws: random.Random) -> None:
    file.unlink()
    file.symlink_to(file.name)


def link_out(file: Path, draws: random.Random) -> None:
    file.unlink()
    file.symlink_to(draws.choice(["/dev/zero", "/etc/passwd", "/proc/self/mem", "missing", "/dev/stdin"]))


def forbidden(file: Path, draws: random.Random) -> None:
    file.chmod(0)


def cells(file: Path, draws: random.Random) -> None:
    """Cells of a table replaced, or a row made longer or shorter, or its header changed."""
    rows = [line.split(",") for line in file.read_text().splitlines()]
    values = ["nan", "inf", "-inf", "1e308", "-1", "", "x", "1e400", "99999999999999999999", "0.5", '"', "\0"]
    for _ in range(draws.randint(1, 6)):
        row = draws.choice(rows)
        match draws.randrange(5):
            case 0:
                row.append("1")
            case 1 if len(row) > 1:
                row.pop()
            case _:
                row[draws.randrange(len(row))] = draws.choice(values)
    file.write_text("".join(",".join(row) + "\n" for row in rows))


def fields(file: Path, draws: random.Random) -> None:
    """Values of a JSON file replaced."""
    content = json.loads(file.read_text())
    values = [
        None,
        -1,
        0,
        1e308,
        2**70,
        "",
        "x" * 5000,
        [],
        {},
        True,
        float("nan"),
        float("inf"),
        [1e308, -1e308],
        "../../x",
    ]
    for _ in range(draws.randint(1, 3)):
        content[draws.choice(sorted(content))] = draws.choice(values)
    file.write_text(json.dumps(content))


def arrays(file: Path, draws: random.Random) -> None:
    """Tensors of another shape, type, name or with values that no run can have."""
    content = file.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    tensors, metadata = load(content), header.get("__metadata__")
    name = draws.choice(sorted(tensors))
    tensor = tensors[name]
    match draws.randrange(7):
        case 0:
            tensors[name] = tensor.flatten()[: max(1, tensor.numel() // 2)].clone()
        case 1:
            tensors[name] = tensor.to(draws.choice([torch.float64, torch.uint8, torch.int32, torch.float16]))
        case 2:
            tensors[name] = torch.full_like(tensor, float("nan")) if tensor.is_floating_point() else tensor - 2**30
        case 3:
            tensors["x" * draws.choice([1, 300])] = tensors.pop(name)
        case 4:
            tensors[name] = tensor[None].clone()
        case 5:
            tensors[name] = torch.zeros(1, 1, 4096, 4096 if tensor.dtype == torch.uint8 else 64, dtype=tensor.dtype)
        case _:
            tensors[name] = torch.zeros_like(tensor)
    if metadata and draws.random() < 0.3:
        key = next(iter(metadata))
        about = json.loads(metadata[key])
        about[draws.choice(sorted(about))] = draws.choice([None, -1, 1e308, [], {}, "x" * 300, [[["y", [3]]]]])
        metadata = {key: json.dumps(about)}
    file.write_bytes(save(tensors, metadata))


CHANGED = (truncated, flipped, emptied, sparse, noise, swapped, deleted)
REPLACED = (folder, fifo, circle, link_out, forbidden)
OF_KIND: dict[str, Damage] = {".csv": cells, ".json": fields, ".safetensors": arrays}


def damage(run: Path, draws: random.Random) -> list[str]:
    """Change one or two files of a run folder; returns what was done."""
    done = []
    for file in draws.sample(sorted(file for file in run.rglob("*") if file.is_file()), draws.randint(1, 2)):
        special = OF_KIND.get(file.suffix)
        how = special if special and draws.random() < 0.5 else draws.choice(CHANGED + REPLACED)
        try:
            how(file, draws)
        except (ValueError, OSError) as error:  # a file that was already changed
            done.append(f"{how.__name__} failed: {error}")
            continue
        done.append(f"{how.__name__} {file.relative_to(run)}")
        if how is arrays and file.parent.name == "checkpoints":  # named as an attacker would
            file.rename(file.with_name(f"step-000026-{file_sha256(file)[:16]}.safetensors"))
    return done


def whole_folders(runs: Path) -> None:
    """Folders that are wrong as a whole."""
    (runs / "loop").symlink_to("loop")
    (runs / "a-file").write_text("x")
    (runs / "empty").mkdir()
    many = runs / "many-moments"
    shutil.copytree(FROZEN / "runs/20261101-090100-bbbb", many)
    moment = (many / "moments/00000001.safetensors").read_bytes()
    for step in range(2, 20_000):
        file = many / f"moments/{step:08}.safetensors"
        if not file.exists():
            os.link(many / "moments/00000001.safetensors", file) if moment else None
    no_entry = runs / "no-entry"
    shutil.copytree(FROZEN / "runs/20261101-090000-aaaa", no_entry)
    no_entry.chmod(0)


def timed(visitor: Visitor, page: str, query: str = "") -> float:
    """Seconds until a page is drawn. Raises VisitError if it shows an exception."""
    began = time.monotonic()
    visitor.open(page, query)
    return time.monotonic() - began


def main(number: int, seed: int) -> int:
    draws, failures, slowest = random.Random(seed), [], {}
    with tempfile.TemporaryDirectory(prefix="ganlab-crafted-") as scratch, ExitStack() as stack:
        shutil.copytree(FROZEN / "data", Path(scratch, "data"))
        server: Server = serve(Path(scratch))
        stack.callback(interrupt, server)
        shutil.copytree(FROZEN / "runs", server.runs)
        sound = sorted(path.name for path in server.runs.iterdir())
        normal: dict[str, float] = {}
        with visit(server.url) as visitor:
            for _ in range(2):  # the first time, the server imports what the page needs
                for page in ("", "Train", "Generate", "Weight_Clipping"):
                    normal[page] = max(timed(visitor, page, f"run={run}" if page else "") for run in sound)

            def check(run: str, done: list[str], pages: tuple[str, ...] = ("Train", "Generate")) -> None:
                for page in pages:
                    try:
                        seconds = timed(visitor, page, f"run={run}" if run else "")
                        slowest[page] = max(slowest.get(page, (0.0, "")), (seconds, f"{run}: {done}"))
                        if seconds > normal[page] + BEYOND:
                            failures.append(f"{page or 'Home'} took {seconds:.1f} s: {run}: {done}")
                    except VisitError as error:
                        failures.append(f"{page or 'Home'}: {error}: {run}: {done}")

            for first in range(0, number, TOGETHER):
                crafted = {}
                for i in range(first, min(first + TOGETHER, number)):
                    run = server.runs / f"crafted-{i:04}"
                    shutil.copytree(FROZEN / "runs" / draws.choice(sound), run)
                    crafted[run.name] = damage(run, draws)
                check("", list(crafted.values()), ("", "Weight_Clipping"))
                for run, done in crafted.items():
                    check(run, done)
                for run in crafted:
                    shutil.rmtree(server.runs / run)
            whole_folders(server.runs)
            check("", ["whole folders"], ("", "Weight_Clipping", "Generate"))
            for run in ("loop", "a-file", "empty", "many-moments", "no-entry"):
                check(run, [run])
            (server.runs / "no-entry").chmod(0o700)
        log = server.log.read_text()
        if "Traceback" in log:
            failures.append(
                f"the log holds {log.count('Traceback')} tracebacks:\n{log[log.index('Traceback') :][:3000]}"
            )
    for page, (seconds, what) in slowest.items():
        print(f"{page or 'Home'}: {normal[page]:.2f} s with sound runs; slowest {seconds:.2f} s, {what}")
    print(f"{number} crafted folders, {len(failures)} failures")
    print("\n".join(failures[:40]))
    return bool(failures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=500)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    sys.exit(main(options.number, options.seed))
