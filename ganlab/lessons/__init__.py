"""What the two lesson pages compute, one topic per file."""
