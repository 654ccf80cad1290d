"""The report of bench/pages.py: what its figures are called, and the table of them."""

from typing import Any

FIGURES = {
    "cold_start_s": "cold start, s",
    "open_steps_per_s": "steps/s, page open",
    "closed_steps_per_s": "steps/s, page closed",
    "open_to_closed": "open / closed",
    "trainer_cpu_per_s": "trainer CPU, s/s",
    "server_cpu_per_s": "server CPU, s/s",
    "ticks_per_s": "ticks/s",
    "server_ms_per_tick": "server CPU, ms/tick",
    "browser_ms_per_tick": "browser, ms/tick",
    "browser_cpu_ms_per_tick": "  of which CPU",
    "bytes_per_tick": "bytes/tick",
    "bytes_without_images_per_tick": "  without images",
    "bytes_sent_per_tick": "bytes sent/tick",
    "slider_ms": "slider to effect, ms",
}
NOTES = """
Steps per second: median (quartiles) of the windows. Everything else per second or per tick: sums over the windows with
the page open. Trainer: the threads that are busy while no page is open; server: the rest of its process. Browser: the
page's main thread, from the start to the end of its tasks. Slider: p50 / p95 from the key press to the row in
changes.csv."""


def cell(value: dict[str, float] | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    first, *others = map(cell, value.values())
    return f"{first} / {others[0]}" if len(others) == 1 else f"{first} ({' – '.join(others)})"


def table(results: list[dict[str, Any]]) -> str:
    """A column for each result, a row for each figure."""
    columns = [["", *FIGURES.values()]]
    for result in results:
        cells = [cell(result["figures"].get(figure)) for figure in FIGURES]
        columns.append([f"{result['preset']}, {result['layout']}", *cells])
    padded = [[text.ljust(max(map(len, column))) for text in column] for column in columns]
    return "\n".join("  ".join(row).rstrip() for row in zip(*padded, strict=True))
