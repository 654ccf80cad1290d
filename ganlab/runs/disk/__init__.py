"""A run folder: what is written while a run trains, and how it is read back."""
