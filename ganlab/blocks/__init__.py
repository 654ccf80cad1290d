"""The pieces of PyTorch that a GAN is made of, one noun a file: what they compute, and the lines that do it."""
