"""The same work without a browser."""
