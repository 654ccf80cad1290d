"""What the README and docs/ promise is there: the code runs, the files and folders exist, every record is explained."""

import re
from pathlib import Path

import pytest

from ganlab.runs.disk.root import runs_root
from ganlab.runs.history import METRICS
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Status

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_readmes_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    code, loop = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(loop.replace("10_000", "20"), "README.md", "exec"), {})
    run = SavedRun(runs_root() / "my-run")
    assert (run.latest.status, run.latest.step, run.latest.critic_step) == (Status.FINISHED, 20, 100)
    exec(compile(code, "README.md", "exec"), {})
    assert re.match(r"\d+\.\d% of the weights were outside \[\[", capsys.readouterr().out)


def test_the_readmes_tree_is_the_tree() -> None:
    tree = README.split("ganlab/\n", 1)[1].split("```")[0]
    for name in re.findall(r"\b[\w/]+(?:\.py|/)(?=\s)", tree):
        places = [ROOT, ROOT / "ganlab", ROOT / "ganlab/runs", ROOT / "ganlab/ui", ROOT / "ganlab/measure"]
        assert any((place / name).exists() for place in places), name
    boxes = {path.parent.name for path in (ROOT / "ganlab").glob("*/__init__.py")}
    assert {box for box in boxes if f"  {box}/ " in tree} == boxes


def test_links_lead_to_files() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_column_of_metrics_is_named() -> None:
    assert ", ".join(METRICS) in (ROOT / "docs/files.md").read_text()
