"""Numbers, ranges, durations and sizes as text: the one place that formats them."""

import errno
import math
from collections.abc import Iterable

import numpy as np

NOTHING = "–"  # stands for what was not measured


def round_up(value: float) -> float:
    """The first round number at or above a positive value."""
    power = 10.0 ** np.floor(np.log10(value))
    ladder = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    # 1e-9 is the tolerance for float error: 1.2 * 0.01 is a little more than 0.012.
    return float(f"{next(m for m in ladder if m * power >= value * (1 - 1e-9)) * power:.6g}")


def number(value: float) -> str:
    """A weight or bound in full, without trailing zeros and with a true minus sign."""
    value += 0.0  # -0.0 becomes 0.0
    text = f"{value:.7f}".rstrip("0").rstrip(".") if value == 0 or 1e-6 <= abs(value) < 1e15 else f"{value:.3g}"
    return text.replace("-", "−")


def short(value: float) -> str:
    """A measurement to three digits: 6.24, 1,310 or 2.1e−9; a dash for NaN."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = float(f"{value:.3g}")
    if 1000 <= abs(rounded) < 1e5:
        return f"{rounded:,.0f}".replace("-", "−")
    if value == 0 or 1e-3 <= abs(rounded) < 1000:
        return number(rounded)
    digits, power = f"{value:.1e}".replace("-", "−").split("e")
    return f"{digits}e{power[0].strip('+')}{power[1:].lstrip('0')}"


def significant(value: float, digits: int) -> str:
    """A number to this many significant digits, without trailing zeros: 0.0123; a dash for NaN."""
    return NOTHING if math.isnan(value) else number(float(f"{value:.{digits}g}"))


def fixed(value: float, places: int) -> str:
    """A number with this many decimals, including trailing zeros: −0.1000; a dash for NaN."""
    return NOTHING if math.isnan(value) else f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def percent(share: float) -> str:
    """A share of 1 as 8 %, or 0.3 %; a dash for NaN."""
    if math.isnan(share):
        return NOTHING
    return f"{100 * share:.3g} %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def fixed_percent(share: float, places: int) -> str:
    """A share of 1 with this many decimals: 61.7 %."""
    return f"{fixed(100 * share, places)} %"


def range_in_words(clip_range: tuple[float, float]) -> str:
    """A clip range as ±0.01, or −0.01 to 0.03."""
    low, high = clip_range
    return f"±{number(high)}" if low == -high else f"{number(low)} to {number(high)}"


def ranges_in_words(first: tuple[float, float], now: tuple[float, float]) -> str:
    """The clip range, or how it changed: ±0.1 to ±0.01."""
    if first == now:
        return range_in_words(now)
    both_symmetric = sum(first) == sum(now) == 0  # else a range has a "to" too
    return f"{range_in_words(first)}{' to ' if both_symmetric else ', then '}{range_in_words(now)}"


def count_of(n: int, noun: str) -> str:
    """A count with its noun: 1 channel, or 1,024 channels."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(words: Iterable[str]) -> str:
    """A, B and C."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def duration(seconds: float) -> str:
    """A duration as 51 s, 1 min 28 s or 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def rough_duration(seconds: float) -> str:
    """A duration that is only estimated: about 8 s, 12 min, 3.6 h or 4 days."""
    for unit, name in ((1, "s"), (60, "min"), (3600, "h")):
        count = max(1.0, float(f"{seconds / unit:.2g}"))
        if count < 60 - 12 * (name == "h"):
            return f"about {count:g} {name}"
    return f"about {seconds / 86_400:.0f} days"


_UNITS = ((1, "s"), (60, "min"), (3600, "h"), (86_400, "days"))  # in seconds


def rough_range(low: float, high: float) -> str:
    """A duration that is only known to be between two: about 4 to 6 min, or about 2 h if both round to that."""
    unit, name = next((one for one in _UNITS if high < 100 * one[0]), _UNITS[-1])
    first, last = max(1, math.floor(low / unit)), max(1, math.ceil(high / unit))
    return f"about {first} to {last} {name}" if first < last else f"about {last} {name}"


def file_size(n: int) -> str:
    """A number of bytes as 3.2 kB, 0.4 MB or 12 MB."""
    if n < 1e5:
        return f"{n / 1e3:,.1f} kB"
    return f"{n / 1e6:.1f} MB" if n < 1e7 else f"{n / 1e6:,.0f} MB"


def times(factor: float) -> str:
    """A factor to two digits: 1.4×, 13× or 13,000×."""
    return f"{float(f'{factor:.2g}'):,.0f}×" if factor >= 9.5 else f"{factor:.1f}×"


def compared(now: float, was: float) -> str:
    """How a size has changed: 13,000× less, or about the same (within 15 %); empty if either is NaN or `was` is 0."""
    if math.isnan(now) or math.isnan(was) or was == 0:
        return ""
    if now == 0:
        return "gone"
    if now / was < 0:
        return "changed sign"
    fold = max(now / was, was / now)
    return "about the same" if fold < 1.15 else f"{times(fold)} {'more' if now / was > 1 else 'less'}"


def width_in_words(clip_range: tuple[float, float], former: tuple[float, float]) -> str:
    """How a clip range differs in width from the former one: 10× tighter, 3.0× wider; else the range itself."""
    widest, was = max(map(abs, clip_range)), max(map(abs, former))
    if widest == was:
        return range_in_words(clip_range)
    return f"{times(was / widest)} tighter" if widest < was else f"{times(widest / was)} wider"


_REASONS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "your disk quota is used up; free some space",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.EACCES: "permission denied; change the permissions or the owner",
    errno.EPERM: "permission denied; change the permissions or the owner",
    errno.ENOENT: "it is missing",
    errno.EISDIR: "it is a folder; remove it, or choose another name",
    errno.EEXIST: "there is a file of that name; choose another name",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.ELOOP: "its links form a loop",
    errno.ENAMETOOLONG: "its name is too long",
}


def os_reason(error: OSError) -> str:
    """Why the system refused something, and where it helps what to do, without a full stop."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


def in_words(error: Exception) -> str:
    """An error as one sentence: its message, or for what the system refused, which file and why."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    reason = f"{error.filename}: {os_reason(error)}" if error.filename else os_reason(error)
    return f"{reason[0].upper()}{reason[1:].rstrip('.')}."


def printable(name: str) -> str:
    """A name fit for a sentence: its last 60 characters, with a mark for each that does not print."""
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    return name if len(name) <= 60 else "…" + name[-59:]
