"""A run's folder: written while it trains, and read as untrusted; a refusal is a ValueError that names the file."""
