"""What a file is, by its first bytes, where these tell: for files that were taken for something else."""

import re

START = 512  # bytes that are looked at
CONTROL = {*range(32), 127} - set(b"\t\n\r\f")  # bytes that no text has
_HEIC = "a HEIC picture"
_KINDS = {
    rb"%PDF": "a PDF",
    rb"\xd0\xcf\x11\xe0|PK\x03\x04.{26}(\[Content_Types\]|_rels/|docProps/|xl/|mimetypeapp)": "an Office document",
    rb"PK\x03\x04": "a ZIP archive",
    rb"Rar!\x1a\x07": "a RAR archive",
    rb"7z\xbc\xaf\x27\x1c": "a 7z archive",
    rb"\x1f\x8b": "a gzip file",
    rb"\x93NUMPY": "a NumPy file",
    rb".{4}ftyp.{0,48}hei[cfmsx]": _HEIC,
    rb"<!doctype html|<html": "a web page",
}
_MARKS = [(re.compile(mark, re.IGNORECASE | re.DOTALL), kind) for mark, kind in _KINDS.items()]


def mismatch(start: bytes, wanted: str) -> str:
    """The rest of a sentence: "is empty", or "is a web page, not an image"; "" if the first bytes don't tell."""
    if not start:
        return "is empty"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = next((kind for mark, kind in _MARKS if mark.match(text)), "")
    if not kind and not CONTROL & set(start[:START]):
        kind = "a text file"
    if (kind, wanted) == (_HEIC, "an image"):  # what phones save, often under the name of a JPEG
        return f"is {kind}; export it as JPEG"
    return f"is {kind}, not {wanted}" if kind and kind != wanted else ""
