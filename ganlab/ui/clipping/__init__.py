"""The sections of the Weight Clipping page, one per file."""
