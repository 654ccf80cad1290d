"""Real samples: built-in sets, the user's own images and points, and samples as image files."""
