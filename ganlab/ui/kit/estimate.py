"""How long the runs of a sweep will take, in words."""

import joblib

from ganlab.formatting import count_of, rough_range
from ganlab.runs.sweep_progress import Progress


def in_words(known: Progress) -> str:
    """As the end of a sentence, ": about 4 to 6 min on 2 cores"; empty if that is not known."""
    if not (known.left and known.left[1]):
        return ""
    return f": {rough_range(*known.left)} on {count_of(joblib.cpu_count(), 'core')}"
