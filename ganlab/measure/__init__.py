"""The instruments: each file holds one instrument's result, its columns in instruments.csv, and its measurement."""
