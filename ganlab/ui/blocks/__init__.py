"""The lessons of the Building Blocks page, one a file."""
