"""The panel of instruments on Train: one file per instrument, and what they share."""
