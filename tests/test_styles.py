"""The style sheets: each rule belongs to one part of a page, and nothing is styled that no page has."""

import re
import tomllib

import pytest

from ganlab.ui.kit.files import FRONT as SERVED
from ganlab.ui.kit.files import STYLES

FRONT = SERVED.path
ROOT = FRONT.parent.parent.parent
CODE = [*ROOT.glob("ganlab/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py", *FRONT.glob("*.js")]
WORDS = set(re.findall(r"[A-Za-z][\w-]*", "\n".join(path.read_text() for path in CODE)))
SHARED = {"ch", "small"}  # heads of figures, notes: these may stand in every part
COMPUTED = {"s2", "s3"}  # class names that are put together
OTHERS = {"token", "keyword", "boolean", "builtin", "hovertext"}  # of Streamlit's code, and Plotly's


def css(name: str) -> str:
    return re.sub(r"/\*.*?\*/", "", (FRONT / f"{name}.css").read_text(), flags=re.DOTALL)


def selectors(name: str) -> list[str]:
    """The selectors of a sheet's outer rules, also inside @media."""
    text, found, depth, start = css(name), [], 0, 0
    for place, sign in enumerate(text):
        if sign == "{":
            head = text[start:place].strip()
            if not head.startswith("@media"):
                found += [] if depth or head.startswith("@") else re.split(r",(?![^(]*\))", head)
                depth += 1
            start = place + 1
        elif sign == "}":
            depth, start = max(0, depth - 1), place + 1
        elif sign == ";":
            start = place + 1
    return [selector.strip() for selector in found]


def test_every_sheet_is_loaded() -> None:
    assert sorted(("first", "report", *STYLES)) == sorted(path.stem for path in FRONT.glob("*.css"))


@pytest.mark.parametrize("name", ["report", *STYLES])
def test_every_class_is_used(name: str) -> None:
    classes = set(re.findall(r"\.(-?[A-Za-z][\w-]*)", css(name))) - COMPUTED - OTHERS
    classes = {one.removeprefix("st-key-") for one in classes if not one.startswith("js-plotly")}
    assert {one for one in classes if one not in WORDS} == set()


def test_no_part_is_styled_by_the_rules_of_another() -> None:
    """The first class of a selector names a part; no part has the name of something inside another."""
    parts, inside = set(), set()
    for selector in (one for name in STYLES for one in selectors(name) if one.startswith(".gl ")):
        first, *others = re.findall(r"\.([\w-]+)", selector.removeprefix(".gl ")) or [""]
        parts.add(first)
        inside |= set(others) if ":is(" not in selector else set()
    assert parts & inside == SHARED


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_real_samples_stand_out_from_their_tile(theme: str) -> None:
    """By a contrast of 3, as WCAG has it for what is drawn."""
    colours = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"][theme]
    gray, page, tile = (colours[f"{name}Color"] for name in ("gray", "background", "secondaryBackground"))
    rule = re.search(r"\.real \{ stroke: var\(--real\);(?: opacity: ([\d.]+);)? \}", css("compare"))
    assert rule
    below = mixed(tile, page, 0.7)
    opacity = float(rule[1] or 1)
    drawn = [opacity * a + (1 - opacity) * b for a, b in zip(mixed(gray, page, 0.85), below, strict=True)]
    dark, light = sorted((luminance(drawn), luminance(below)))
    assert (light + 0.05) / (dark + 0.05) >= 3


def mixed(colour: str, other: str, share: float) -> list[float]:
    """Two colours such as #2A6FBB as color-mix() has them, from 0 to 1."""
    one, two = ([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)] for text in (colour, other))
    return [share * a + (1 - share) * b for a, b in zip(one, two, strict=True)]


def luminance(colour: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
