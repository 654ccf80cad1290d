"""Visits to a page by Streamlit's own test runner, entering through app.py."""

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def page(name: str, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    at.query_params.update(query)
    at.run()
    if name != "app.py":
        at.switch_page(f"pages/{name}")
        at.run()
    assert not at.exception, at.exception[0].message
    return at


def panels(at: AppTest) -> str:
    """What all components were given, as JSON that can be read."""
    found = (json.loads(element.proto.json) for element in at.get("bidi_component"))
    return "".join(json.dumps(data, ensure_ascii=False) for data in found)


def code(at: AppTest) -> str:
    """Everything shown as code: lines and what they print."""
    return "".join(f"{block.value}\n" for block in at.code)
