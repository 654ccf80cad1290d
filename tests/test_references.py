"""The papers that ganlab cites: each is in references.bib, under the name that the code gives it."""

import re
from pathlib import Path

import pytest

from ganlab.ui.kit import references

ROOT = Path(__file__).parent.parent
SOURCES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "ganlab").rglob("*.py")]
ARXIV = r"arXiv (?:# ?)?(\d{4}\.\d{4,5})"
NAMED = rf"([^\W\d_][\w-]+)(?: et al\.| & \w+| and \w+)? (\d{{4}}) \(?\[?(?:PacGAN, )?{ARXIV}"


def text_of(source: Path) -> str:
    """Its text in one line, without the marks of comments."""
    return re.sub(r"\s+(# )?", " ", source.read_text(encoding="utf-8"))


def test_every_paper_with_a_number_is_listed_under_its_first_author_and_year() -> None:
    listed = {references.field(key, "eprint"): key for key in references.entries()}
    found = set()
    for source in SOURCES:
        text = text_of(source)
        found |= set(re.findall(ARXIV, text))
        for author, year, number in re.findall(NAMED, text):
            named = references.short(listed[number])
            assert re.split(r",| et al| and ", named)[0] == author, source
            assert named.endswith(year), source
    assert len(found) > 10
    assert found <= listed.keys()


@pytest.mark.parametrize("key", references.entries())
def test_every_entry_is_whole(key: str) -> None:
    entry = references.entries()[key]
    assert re.fullmatch(rf"@\w+{{{key},\n(  \w+ = {{[^\n]+}},\n)+}}", entry)
    assert entry.count("{") == entry.count("}")
    assert all(references.field(key, name) for name in ("author", "title", "year"))
    assert references.field(key, "eprint") in ("", *re.findall(r"\d{4}\.\d{4,5}", entry))


def test_a_sentence_names_up_to_two_authors() -> None:
    assert references.short("krizhevsky2009") == "Krizhevsky, 2009"
    assert references.short("lopezpaz2017") == "Lopez-Paz and Oquab, 2017"
    assert references.short("arjovsky2017") == "Arjovsky et al., 2017"
