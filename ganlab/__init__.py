"""ganlab: train a small WGAN and watch what weight clipping does to its critic."""
