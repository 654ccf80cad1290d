"""A run folder, written while it trains, and read as untrusted: what is refused is a ValueError that names the file."""
