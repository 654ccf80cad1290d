"""Training that leaves most of a core to the rest of a test: after each step a run rests.

As a script: the app, started as by `python -m ganlab`, with such runs, and pages that are drawn half as often.
"""

import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import streamlit as st

from ganlab.cli.main import main
from ganlab.gan.training import Trainer

REST = 4  # times the CPU time of the step


def rested(step: Callable[..., Any]) -> Callable[..., Any]:
    """The same step, and then a rest."""
    nothing = threading.Event()

    @wraps(step)
    def step_and_rest(*args: Any, **options: Any) -> Any:
        began = time.thread_time()
        result = step(*args, **options)
        nothing.wait(REST * (time.thread_time() - began))
        return result

    return step_and_rest


def seldom(fragment: Callable[..., Any]) -> Callable[..., Any]:
    """The same decorator of a part of a page, which then is drawn half as often by itself."""

    @wraps(fragment)
    def drawn_seldom(function: Callable[..., Any] | None = None, *, run_every: float | None = None) -> Any:
        return fragment(function, run_every=run_every and 2 * run_every)

    return drawn_seldom


if __name__ == "__main__":
    Trainer.step = rested(Trainer.step)
    st.fragment = seldom(st.fragment)
    sys.exit(main())
