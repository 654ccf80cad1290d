"""What a file is, by its first bytes, where these tell: for files that were taken for something else."""

START = 512  # bytes that are looked at
_MARKS = {b"%PDF": "a PDF", b"PK\3\4": "a ZIP archive", b"<!doctype html": "a web page", b"<html": "a web page"}
_CONTROL = {*range(32), 127} - set(b"\t\n\r\f")


def mismatch(start: bytes, wanted: str) -> str:
    """The rest of a sentence: "is empty", or "is a web page, not an image"; "" if the first bytes don't tell."""
    if not start:
        return "is empty"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = next((kind for mark, kind in _MARKS.items() if text[: len(mark)].lower() == mark.lower()), "")
    if not kind and not _CONTROL & set(start[:START]):
        kind = "a text file"
    return f"is {kind}, not {wanted}" if kind and kind != wanted else ""
