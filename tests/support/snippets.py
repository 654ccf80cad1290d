"""Runs the lines that a page shows, as a reader would who copies them."""

import contextlib
import io

import torch


def printed_by(code: str) -> str:
    """What the code prints, in a namespace of its own; what it seeds is put back."""
    with torch.random.fork_rng(), contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "<shown on the page>", "exec"), {"__name__": "__main__"})
    return out.getvalue()
