"""The lessons of the Building Blocks page, one per file."""
