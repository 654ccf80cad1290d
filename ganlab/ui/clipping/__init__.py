"""The parts of the Weight clipping page."""
