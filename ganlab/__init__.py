"""ganlab: train a small WGAN and watch what weight clipping does to its critic."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganlab.runs.watch import watch

__all__ = ["watch"]
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name == "watch":  # only then: it loads torch, which takes seconds
        from ganlab.runs.watch import watch

        return watch
    raise AttributeError(f"module ganlab has no attribute {name}")
