"""Run folders that were crafted or damaged must not take a page with them. `make hold`.

Each is a copy of a real run with something changed: first every file in every way, then two at random. A visitor opens
every page that reads them.
"""

import argparse
import ctypes
import itertools
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

from ganlab.runs.disk import networks
from ganlab.tensorfile import file_sha256

FROZEN = ROOT / "tests/frozen"
SEED = 1417
BEYOND = 2.0  # seconds that a page may take longer than with sound runs
TOGETHER = 10  # folders that one server holds at the same time: as many as Home lists
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
PAGES = {
    "": "",
    "Weight_Clipping": "run={}",
    "Generate": "run={}",
    "Compare": "runs={}",
    "Train": "run={}&plot=quantiles&step=20&pin=10",
}
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


def huge(file: Path, draws: random.Random) -> None:
    """The same rows or bytes again and again."""
    first, *rest = file.read_bytes().splitlines(keepends=True)
    body = b"".join(rest) or first
    file.write_bytes(first + body * (2**22 // len(body)))


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


VALUES = (None, -1, 0, 1e308, 2**70, "", "x" * 5000, [], {}, True, float("nan"), [1e308, -1e308], "../../x")
POSSIBLE = {
    "dataset": ["mnist", "drawn", "swiss-roll", "images"],
    "network": ["mlp", "dcgan"],
    "width": [1, 1024],
    "depth": [1, 32],
    "image_size": [28, 64],
    "latent_dim": [1, 1024],
    "clip_range": [[-3e38, 3e38], [0.001, 0.002]],
    "constraint": ["none", "gradient-penalty", "spectral-norm"],
    "critic_norm": ["layer", "none"],
    "clip_scale": ["gain"],
    "generator": ["real-plus-noise"],
    "generator_lr": [1e30],
    "batch_size": [4096],
    "steps": [1, 10_000_000],
    "device": ["accelerator"],
    "status": ["failed", "running"],
    "step": [10_000_000],
}
"""Values that some run has, but not this one."""


def fields(file: Path, draws: random.Random) -> None:
    """Values of a JSON file replaced."""
    content = json.loads(file.read_text())
    for _ in range(draws.randint(1, 3)):
        name = draws.choice(sorted(content))
        content[name] = draws.choice(VALUES)
    file.write_text(json.dumps(content))


def settings(file: Path, draws: random.Random) -> None:
    """One value of a JSON file replaced by one that another run has."""
    content = json.loads(file.read_text())
    known = POSSIBLE.keys() if "dataset" in content else content.keys() & POSSIBLE.keys()  # or newer than the run
    name = draws.choice(sorted(known))
    file.write_text(json.dumps(content | {name: draws.choice(POSSIBLE[name])}))


def parts(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors and the metadata of a file."""
    content = file.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return load(content), header.get("__metadata__", {})


def joined(file: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write them back, with the checksums that make a reader look further."""
    if "network" in metadata or "sha256" in metadata:
        sha256 = networks._sha256(tensors)
        about = json.loads(metadata["network"]) | {"sha256": sha256} if "network" in metadata else {}
        metadata |= {"network": json.dumps(about)} if about else {"sha256": sha256}
    file.write_bytes(save(tensors, metadata))
    if file.parent.name == "checkpoints":
        file.rename(file.with_name(f"step-000026-{file_sha256(file)[:16]}.safetensors"))


def shapes(file: Path, draws: random.Random) -> None:
    """One tensor of another shape."""
    tensors, metadata = parts(file)
    name = draws.choice(sorted(tensors))
    tensor = tensors[name]
    match draws.randrange(4):
        case 0:
            tensors[name] = tensor.flatten()[: max(1, tensor.numel() // 2)].clone()
        case 1:
            tensors[name] = tensor[None].clone()
        case 2:
            tensors[name] = torch.zeros(1, 1, 4096, 4096 if tensor.dtype == torch.uint8 else 64, dtype=tensor.dtype)
        case _:
            tensors[name] = tensor.repeat(3, *[1] * max(0, tensor.dim() - 1)).clone()
    joined(file, tensors, metadata)


def types(file: Path, draws: random.Random) -> None:
    """One tensor of another type or name."""
    tensors, metadata = parts(file)
    name = draws.choice(sorted(tensors))
    if draws.random() < 0.3:
        tensors["x" * draws.choice([1, 300])] = tensors.pop(name)
    else:
        tensors[name] = tensors[name].to(draws.choice([torch.float64, torch.uint8, torch.int32, torch.float16]))
    joined(file, tensors, metadata)


def numbers(file: Path, draws: random.Random) -> None:
    """One tensor, or all, with values that no run can have."""
    tensors, metadata = parts(file)
    for name in draws.choice([[draws.choice(sorted(tensors))], sorted(tensors)]):
        tensor, value = tensors[name], draws.choice([float("nan"), float("inf"), 1e30, 0.0, -1.0])
        tensors[name] = torch.full_like(tensor, value if tensor.is_floating_point() else draws.randrange(256))
    joined(file, tensors, metadata)


def metadata(file: Path, draws: random.Random) -> None:
    """One value of the metadata replaced."""
    tensors, known = parts(file)
    if known:
        key = draws.choice(sorted(known))
        about = json.loads(known[key]) if known[key].startswith("{") else {}
        wrong = draws.choice([None, -1, 1e308, [], {}, "x" * 300, [[["y", [3]]]]])
        about |= {draws.choice(sorted(about) or ["x"]): wrong}
        known[key] = json.dumps(about)
    joined(file, tensors, known)


OF_ANY: tuple[Damage, ...] = (
    truncated,
    flipped,
    emptied,
    huge,
    sparse,
    noise,
    swapped,
    deleted,
    folder,
    fifo,
    circle,
    link_out,
    forbidden,
)
OF_KIND: dict[str, tuple[Damage, ...]] = {
    ".csv": (cells, cells, cells),
    ".json": (fields, fields, *[settings] * 12),
    ".safetensors": (shapes, shapes, types, numbers, numbers, metadata),
}


def of_subfolder(run: Path, draws: random.Random) -> str:
    """One of the subfolders replaced, or filled with what no run writes."""
    path = run / draws.choice(["checkpoints", "moments"])
    match draws.randrange(7):
        case 0:
            path.chmod(0)
        case 1:
            shutil.move(path, run / "elsewhere")
            path.symlink_to("elsewhere")
        case 2:
            shutil.rmtree(path)
            os.mkfifo(path)
        case 3:
            shutil.rmtree(path)
            path.symlink_to(path.name)
        case 4:
            (path / ("9" * 243 + ".safetensors")).write_bytes(b"x" * 100)
        case 5:
            (path / "99999999.safetensors").write_bytes(b"x" * 100)
            (path / f"step-99999999-{'0' * 16}.safetensors").write_bytes(b"x" * 100)
        case _:
            (path / "00000003.safetensors").mkdir(exist_ok=True)
            (path / f"step-000027-{'0' * 16}.safetensors").mkdir()
    return f"of_subfolder {path.name}"


def ways(run: Path) -> list[tuple[str, Damage]]:
    """Every file of a run with every way to change it; of the moments, which are many, the first two."""
    files = sorted(file for file in run.rglob("*") if file.is_file())
    moments = [file for file in files if file.parent.name == "moments"]
    files = [file for file in files if file not in moments[2:]]
    return [(str(f.relative_to(run)), how) for f in files for how in OF_ANY + OF_KIND.get(f.suffix, ())]


def changed(run: Path, name: str, how: Damage, draws: random.Random) -> str:
    """Change one file of a run; returns what was done."""
    try:
        how(run / name, draws)
    except (ValueError, OSError, IndexError, KeyError) as error:  # a file that was already changed
        return f"{how.__name__} {name} failed: {error}"
    return f"{how.__name__} {name}"


def whole_folders(runs: Path) -> list[str]:
    """Folders that are wrong as a whole; returns their names."""
    (runs / "loop").symlink_to("loop")
    (runs / "a-file").write_text("x")
    (runs / "empty").mkdir()
    for many in (runs / "many-moments", runs / "many-bad-moments"):
        shutil.copytree(FROZEN / "runs/20261101-090100-bbbb", many)
        config = json.loads((many / "config.json").read_text()) | {"steps": 20_000}
        (many / "config.json").write_text(json.dumps(config))
        first = many / "moments/00000001.safetensors"
        if "bad" in many.name:
            os.truncate(first, 1000)
        for step in range(2, 20_000):
            if not (file := first.with_name(f"{step:08}.safetensors")).exists():
                os.link(first, file)
    for name, mode in (("no-entry", 0), ("read-only", 0o500)):
        shutil.copytree(FROZEN / "runs/20261101-090000-aaaa", runs / name)
        (runs / name).chmod(mode)
    return ["loop", "a-file", "empty", "many-moments", "many-bad-moments", "no-entry", "read-only"]


class Watch:
    """Opens pages, and keeps how long each took and what went wrong."""

    def __init__(self, server: Server, visitor: Visitor) -> None:
        self.server, self.visitor = server, visitor
        self.normal = dict.fromkeys(PAGES, 0.0)  # seconds, of the slowest visit to a sound run
        self.visits: list[tuple[float, str, str]] = []  # to other runs: seconds, page, and what was visited
        self.failures: list[str] = []

    def open(self, page: str, run: str, done: list[str]) -> None:
        """Open a page; `done` is what was done to the run, nothing if it is sound."""
        seconds, what = self._timed(page, run, done), f"{page or 'Home'}: {run} {done}"
        if done and run and seconds > self.normal[page] + BEYOND:  # twice, as the machine may have been busy
            new = self.server.runs / run
            new = new.rename(f"{new}-again")  # not yet known to the server
            seconds = min(seconds, self._timed(page, new.name, done))
            new.rename(self.server.runs / run)
        if done:
            self.visits.append((seconds, page, what))
        else:
            self.normal[page] = max(self.normal[page], seconds)

    def report(self) -> None:
        """Print the slowest visits, and count those that took too long as failures."""
        for page, normal in self.normal.items():
            seconds, _, what = max(visit for visit in self.visits if visit[1] == page)
            print(f"{normal:.2f} s at most with sound runs, {seconds:.2f} s with others: {what[:200]}")
        late = [(seconds, what) for seconds, page, what in self.visits if seconds > self.normal[page] + BEYOND]
        self.failures += [f"{seconds:.1f} s for {what}" for seconds, what in late]

    def _timed(self, page: str, run: str, done: list[str]) -> float:
        began = time.monotonic()
        try:
            self.visitor.open(page, PAGES[page].format(run))
        except VisitError as error:
            self.failures.append(f"{error} {page or 'Home'}: {run} {done}")
        return time.monotonic() - began


def visit_all(number: int, draws: random.Random, server: Server, watch: Watch) -> None:
    """Open all pages with so many damaged copies of sound runs, a few at a time, each time with a sound one."""
    sound = sorted(path.name for path in (FROZEN / "runs").iterdir())
    each = [(run, *way) for run in sound for way in ways(FROZEN / "runs" / run)]
    draws.shuffle(each)
    every = itertools.chain(each, itertools.repeat(None))
    for page in PAGES:  # the first time, the server imports what the page needs
        watch.visitor.open(page)
    for first in range(0, number, TOGETHER):
        done: dict[str, list[str]] = {f"sound-{first}": []}
        shutil.copytree(FROZEN / "runs" / draws.choice(sound), server.runs / f"sound-{first}")
        watch.open("", "", [])
        for i in range(first, min(first + TOGETHER, number)):
            run, way = server.runs / f"crafted-{i:04}", next(every)
            of = way[0] if way else draws.choice(sound)
            shutil.copytree(FROZEN / "runs" / of, run)
            two = draws.sample(ways(FROZEN / "runs" / of), 2)
            done[run.name] = [changed(run, name, how, draws) for name, how in ([way[1:]] if way else two)]
            if draws.random() < 0.1:
                done[run.name].append(of_subfolder(run, draws))
        watch.open("", "", [str(done)])
        for run_id, changes in done.items():
            for page in ("Train", "Generate", "Weight_Clipping"):
                watch.open(page, run_id, changes)
            for path in (server.runs / run_id).iterdir():
                if path.is_dir() and not path.is_symlink():
                    path.chmod(0o700)
            shutil.rmtree(server.runs / run_id)


def stop_root() -> None:
    """Let permissions stop the programs that this one starts, even if root runs it. On Linux."""
    if sys.platform == "linux":
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def main(number: int, seed: int) -> int:
    stop_root()
    with tempfile.TemporaryDirectory(prefix="ganlab-crafted-") as scratch, ExitStack() as stack:
        shutil.copytree(FROZEN / "data", Path(scratch, "data"))
        server = serve(Path(scratch))
        stack.callback(interrupt, server)
        server.runs.mkdir(exist_ok=True)
        watch = Watch(server, stack.enter_context(visit(server.url)))
        visit_all(number, random.Random(seed), server, watch)
        wrong = whole_folders(server.runs)
        watch.open("", "", wrong)
        for page, run in itertools.product(("Train", "Generate", "Weight_Clipping"), wrong):
            watch.open(page, run, [run])
        for name in ("no-entry", "read-only"):
            (server.runs / name).chmod(0o700)
        watch.report()
        log = server.log.read_text()
        if "Traceback" in log:
            first = log[log.index("Traceback") :][:3000]
            watch.failures.append(f"the log holds {log.count('Traceback')} tracebacks:\n{first}")
    print(f"{number} crafted folders, {len(watch.failures)} failures")
    print("\n".join(watch.failures[:40]))
    return bool(watch.failures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=500)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    sys.exit(main(options.number, options.seed))
