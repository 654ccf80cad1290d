"""How the presets are presented: a title and a sentence each."""

CARDS = {
    "digits": ("Digits", "1,797 handwritten digits. The generated ones become readable within fifteen seconds."),
    "8-gaussians": ("8 Gaussians", "A ring of eight small clouds. Count how many the generator finds."),
    "25-gaussians": ("25 Gaussians", "A grid of 25 clouds, where clipped critics miss the detail."),
    "swiss-roll": ("Swiss roll", "One thin spiral. Watch the gaps between its arms fill and empty."),
}
MORE = {
    "mnist": ("MNIST", "60,000 handwritten digits of 28×28. The first start downloads 10 MB."),
    "fashion-mnist": ("Fashion-MNIST", "60,000 pictures of clothes, 28×28. The first start downloads 26 MB."),
    "cifar10": ("CIFAR-10", "50,000 colour photographs of 32×32. The first start downloads 170 MB."),
    "images": ("My own images", "At least 16 images of any size, from a ZIP or a folder."),
    "drawn": ("My own points", "Draw a distribution of points on the plane, or upload a CSV: at least 16 points."),
    "8-gaussians-paper": (
        "8 Gaussians, as in the paper",
        "Wide layers, a narrow clip range, small steps: the critic stays almost flat, its estimate near zero.",
    ),
}


def title(name: str) -> str:
    return (CARDS | MORE)[name][0]
