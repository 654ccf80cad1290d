"""One run and many: the loop, its thread, what crosses between threads, and what a run shows of itself."""
