"""The Compare page: the table of runs, the choice in the address, and what stands side by side."""

import dataclasses
import re
import shutil

import pytest
from stubs import TINY, TINY_IMAGES
from visits import address, page, panels, run_in

from ganlab.runs.disk import contents, library
from ganlab.runs.hub import RunHub

pytestmark = pytest.mark.usefixtures("the_hub")


def listed(text: str) -> list[str]:
    """The runs of the table that can be chosen, in its order."""
    return re.findall(r"data-pick='[+-]([^']+)' aria-label='(?!Remove)", text)


def test_runs_are_chosen_up_to_eight_and_the_choice_is_in_the_address(the_hub: RunHub) -> None:
    first = run_in("finished", the_hub, TINY)
    for i in range(9):
        shutil.copytree(first.path, library.runs_root() / f"run-{i}")
    at = page("4_Compare.py")
    assert address(at) == {}
    at.session_state["compared"] = [first.run_id, "run-3"]
    at.run()
    assert address(at) == {"runs": f"{first.run_id},run-3"}
    assert re.findall(r"aria-label='Remove (\w)", panels(at)) == ["A", "B"]
    runs = ",".join(f"run-{i}" for i in range(9))
    at = page("4_Compare.py", runs=f"run-0,run-0,nowhere,{runs}")
    assert len(at.warning) == 2  # there is no such run, and the ninth is too many
    assert address(at) == {"runs": ",".join(f"run-{i}" for i in range(8))}
    assert re.findall(r"aria-label='Remove (\w)", panels(at)) == list("ABCDEFGH")


def test_the_table_is_filtered_and_sorted_and_names_what_differs(the_hub: RunHub) -> None:
    runs = [run_in("finished", the_hub, dataclasses.replace(TINY, steps=steps, seed=9 - steps)) for steps in (3, 5, 4)]
    digits = run_in("finished", the_hub, TINY_IMAGES)
    by_name = {run.run_id: run for run in [*runs, digits]}
    at = page("4_Compare.py")
    assert listed(panels(at)) == [run.run_id for run in the_hub.runs]
    assert "total steps 5 · seed 4" in panels(at)
    at.session_state["compare_sort"] = ("Steps", False)
    at.run()
    steps = [by_name[run_id].latest.step for run_id in listed(panels(at))]
    assert steps == sorted(steps)
    at.text_input(key="compare_filter").set_value("seed 4 gaussians").run()
    assert listed(panels(at)) == [runs[1].run_id]
    at.text_input(key="compare_filter").set_value("cifar").run()
    assert listed(panels(at)) == []


def test_a_run_that_cannot_be_read_is_a_row_with_its_sentence(the_hub: RunHub) -> None:
    run = run_in("interrupted", the_hub, TINY)
    bad = library.runs_root() / "bad"
    shutil.copytree(run.path, bad)
    (bad / "config.json").write_text("{")
    half = library.runs_root() / "half"
    shutil.copytree(run.path, half)
    (half / "metrics.csv").write_text("step\nx\n")
    contents.rename(half, "the <i>half</i>")
    at = page("4_Compare.py", runs=f"bad,half,{run.run_id}")
    assert "bad/config.json" in panels(at)
    assert "bad" not in listed(panels(at))
    assert len(at.warning) == 1
    assert address(at) == {"runs": f"half,{run.run_id}"}
    assert "the &lt;i&gt;half" in panels(at)
    assert not at.exception
