"""Modules import only from lower floors; only those of THREADS know threads, only the UI Streamlit."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
THREADS = ("ganlab.mailbox", "ganlab.runs", "ganlab.hub", "ganlab.runfiles")  # of the last, a lock alone
FLOORS = (
    ("ganlab.config", "ganlab.recipe"),
    ("ganlab.snapshot",),
    (
        "ganlab.stopwatch",
        "ganlab.lookout",
        "ganlab.tensorfile",
        "ganlab.fetching",
        "ganlab.pictures",
        "ganlab.pointshapes",
        "ganlab.failure",
        "ganlab.networks",
        "ganlab.clipping",
        "ganlab.sampling",
        "ganlab.latents",
        "ganlab.memory",
        "ganlab.neighbours",
        "ganlab.images",
        "ganlab.article",
        "ganlab.probes.gradients",
        "ganlab.probes.lipschitz",
        "ganlab.probes.distances",
    ),
    ("ganlab.probes.modes", "ganlab.probes.plane"),
    ("ganlab.probes",),
    ("ganlab.readings",),
    (
        "ganlab.archives",
        "ganlab.prepared",
        "ganlab.pointfiles",
        "ganlab.checkpoints",
        "ganlab.moments",
        "ganlab.tables",
        "ganlab.figures",
        "ganlab.shown_code",
        "ganlab.standalone",
    ),
    ("ganlab.datasets", "ganlab.curves", "ganlab.profiles", "ganlab.diagnosis"),
    ("ganlab.lookback", "ganlab.instrument_figures", "ganlab.plane_figures"),
    ("ganlab.blocks.fitting", "ganlab.trend_figures"),
    ("ganlab.blocks",),
    ("ganlab.training",),
    ("ganlab.clip_shares", "ganlab.instruments"),
    ("ganlab.networkfiles", "ganlab.runfiles"),
    ("ganlab.store",),
    ("ganlab.runfolder", "ganlab.stored"),
    ("ganlab.recorder",),
    ("ganlab.mailbox",),
    ("ganlab.loop",),
    ("ganlab.runs", "ganlab.catalogue"),
    ("ganlab.hub",),
    ("ganlab.__main__", "ganlab.ui"),
    ("app", "pages"),
)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floor(name: str) -> int | None:
    for number, rooms in enumerate(FLOORS):
        if any(name == room or name.startswith(f"{room}.") for room in rooms):
            return number
    return None


SOURCES = [ROOT / "app.py", *sorted((ROOT / "ganlab").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py"))]


def test_every_module_has_a_floor() -> None:
    assert [p.name for p in SOURCES if floor(module_name(p)) is None and p.name != "__init__.py"] == []


def test_imports_only_go_down() -> None:
    wrong = []
    for path in SOURCES:
        mine = module_name(path)
        for other in imports(path):
            theirs = floor(other)
            same_room = mine.startswith("ganlab.ui") and other.startswith("ganlab.ui")
            if theirs is not None and theirs >= (floor(mine) or 0) and not same_room and mine != other:
                wrong.append((mine, other))
    assert set(wrong) == set()


def test_who_may_import_what() -> None:
    for path in SOURCES:
        name, used = module_name(path), {found.split(".")[0] for found in imports(path)}
        if not name.startswith(("ganlab.ui", "app", "pages")):
            assert "streamlit" not in used, name
        if name not in THREADS:
            assert "threading" not in used, name
        if name.startswith(("app", "pages")):
            assert "torch" not in used, name
