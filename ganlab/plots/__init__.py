"""Snapshots and readings as plain Plotly dicts. Pure: no screen, no state."""
