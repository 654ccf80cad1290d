"""Plots keep to the rules of Plotly's own Python package; the browser would ignore what it does not know."""

import json
import re
from typing import Any

import plotly.graph_objects as go
from stubs import TINY
from visits import Finished, page

from ganlab.runs.hub import RunHub


def filled(text: str) -> dict[str, Any]:
    """The data of a component, without what front/plot.js fills in: colours of the theme, numbers packed as counts."""
    text = re.sub(r'"\$[\w-]+( [\d.]+)?"', '"#123456"', text)
    return json.loads(text, object_hook=lambda part: [] if "counts" in part else part)


def test_the_plots_of_a_run_are_valid(the_hub: RunHub, finished: Finished) -> None:
    at = page("1_Train.py", run=finished(TINY).run_id)
    drawn = [filled(one.proto.json) for one in at.get("bidi_component")]
    plots = [one for one in drawn if "layout" in one]
    assert len(plots) > 5
    for plot in plots:
        go.Figure(plot["data"], plot["layout"])
