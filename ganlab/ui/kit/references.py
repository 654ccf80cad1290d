"""The papers that ganlab cites: their BibTeX, in references.bib, and how a sentence names them."""

import re
from functools import cache
from pathlib import Path

FILE = Path(__file__).parents[2] / "references.bib"


@cache
def entries() -> dict[str, str]:
    """The BibTeX of each paper, by its key."""
    every = FILE.read_text(encoding="utf-8").strip().split("\n\n")
    return {entry.partition("{")[2].partition(",")[0]: entry for entry in every}


def field(key: str, name: str) -> str:
    """A field of a paper, such as its year; "" if it has none."""
    found = re.search(rf"^  {name} = {{(.*)}},$", entries()[key], re.MULTILINE)
    return re.sub("[{}]", "", found[1]) if found else ""


def short(key: str) -> str:
    """A paper in a sentence: Arjovsky et al., 2017."""
    names = [name.partition(",")[0] for name in field(key, "author").split(" and ")]
    authors = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{authors}, {field(key, 'year')}"
