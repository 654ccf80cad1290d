"""The lessons of the Building blocks page, one per file."""
