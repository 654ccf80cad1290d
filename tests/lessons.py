"""A page as Streamlit's own test runner shows it, entered through app.py."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parent.parent


def building_blocks() -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    at.switch_page("pages/6_Building_Blocks.py").run()
    assert not at.exception, at.exception[0].message
    return at


def all_code(at: AppTest) -> str:
    """Everything shown as code: lines and what they print."""
    return "".join(f"{element.value}\n" for element in at.code)
