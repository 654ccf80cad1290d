"""The parts of the Weight Clipping page, one a file."""
