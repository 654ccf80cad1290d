"""What the Weight Clipping and Building Blocks pages compute, one topic per file.

A topic's `code...` functions return the lines that its page shows; `printed...` returns what those lines print.
What a reader enters is checked here: every ValueError is a sentence for the reader.
"""
