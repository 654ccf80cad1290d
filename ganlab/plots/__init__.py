"""Plots: a snapshot or a reading in, a plain dict {data, layout, alt, scale} for Plotly out. Pure.

Colours are roles such as "$after 0.4", painted by the browser with the current theme. `scale` names what the axes
depend on: while it stays the same, a zoom is kept. A `None` in a layout breaks Plotly.react, so keys that do not apply
are left out.
"""
