"""A box imports only from those before it; only runs/ knows threads, only ui/ and the pages know Streamlit."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
BOXES = ("data", "gan", "measure", "lessons", "runs", "plots", "cli", "ui")
"""From the bottom up. Below all of them are the files beside them, and on top are app.py and pages/."""
STRANGERS = ({"lessons", "runs"}, {"cli", "ui"}, {"cli", "plots"})  # pairs that import nothing from each other
MOST_FILES = 8
"""Python files beside the boxes."""
SOURCES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "ganlab").rglob("*.py"))]


def box(path: Path) -> str:
    """The box of a file; `root` for the files beside the boxes, `app` for app.py and the pages."""
    parts = path.relative_to(ROOT).parts
    if parts[0] != "ganlab":
        return "app"
    return parts[1] if len(parts) > 2 else "root"


def imports(path: Path) -> set[str]:
    """The full names of all modules that a file imports, or imports something from."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def imported_boxes(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("ganlab.")} & set(BOXES)


def test_the_boxes_are_the_folders() -> None:
    folders = {path.parent.name for path in (ROOT / "ganlab").glob("*/__init__.py")}
    assert folders == set(BOXES)
    assert len(list((ROOT / "ganlab").glob("*.py"))) <= MOST_FILES


def test_imports_only_go_down() -> None:
    order = ("root", *BOXES, "app")
    # `python -m ganlab` is the command line, and `ganlab.watch` is loaded when it is used.
    entries = [ROOT / "ganlab" / name for name in ("__main__.py", "__init__.py")]
    for path in SOURCES:
        mine = box(path)
        for theirs in imported_boxes(path) if path not in entries else ():
            assert order.index(theirs) <= order.index(mine), f"{path} imports from {theirs}"
            assert {mine, theirs} not in STRANGERS, f"{path} imports from {theirs}"


def test_only_runs_know_threads() -> None:
    for path in SOURCES:
        if imports(path) & {"threading", "queue"}:
            assert box(path) == "runs", path


def test_only_pages_know_streamlit() -> None:
    for path in SOURCES:
        used = {name.split(".")[0] for name in imports(path)}
        if "streamlit" in used:
            assert box(path) in ("ui", "app") or path.name == "serve.py", path
        if box(path) == "app":
            assert "torch" not in used, path


def test_the_settings_load_no_torch() -> None:
    """`import ganlab.config` is quick: the files beside the boxes know no torch, but for tensorfile."""
    for path in SOURCES:
        if box(path) == "root" and path.name not in ("tensorfile.py", "__main__.py"):
            assert not {name.split(".")[0] for name in imports(path)} & {"torch", "streamlit"}, path
