"""Runs the code that a page shows, as a reader who copies it would."""

import contextlib
import io

import torch


def printed_by(code: str) -> str:
    """What the code prints, in an empty namespace; torch's global generator is restored afterwards."""
    with torch.random.fork_rng(), contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "<shown on the page>", "exec"), {"__name__": "__main__"})
    return out.getvalue()
