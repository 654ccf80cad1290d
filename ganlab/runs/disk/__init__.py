"""A run folder: what is written while a run trains, and how it is read back.

All that is read is untrusted: a refusal is a ValueError, one sentence that names the file.
"""
