"""Instruments: each file holds one result, its columns in instruments.csv, and its measurement."""
