"""What was measured of the compared runs, as a sentence for a paper."""

import numpy as np

from ganlab.data.dataset import HELD_OUT
from ganlab.formatting import fixed_percent
from ganlab.measure import coverage, fidelity
from ganlab.measure.coverage import COUNTED, HIGH_QUALITY, MISSING
from ganlab.measure.distances import DRAWS, LARGEST_EXACT, PROJECTIONS
from ganlab.measure.lipschitz import SLOPES_AT
from ganlab.measure.reading import READINGS
from ganlab.ui.compare import gradients
from ganlab.ui.compare.picks import Pick

ENDLESS = ("8-gaussians", "25-gaussians", "swiss-roll")


def sentence(picks: list[Pick]) -> str:
    """What the newest looks of the instruments hold, and the gradients; the key of each paper in brackets."""
    looked = [pick for pick in picks if len(pick.record.readings)]
    newest = np.array([pick.record.readings[-1] for pick in looked]).reshape(-1, len(READINGS))

    def measured(column: str) -> np.ndarray:
        return np.isfinite(newest[:, READINGS.index(column)])

    def of_data(*names: str) -> np.ndarray:
        return np.array([pick.config.dataset in names for pick in looked], bool)

    def samples(where: np.ndarray) -> str:
        """What is compared in these runs."""
        most = "up to " if (where & of_data("images")).any() else ""  # of few images, less are held out
        none_apart = of_data("drawn") & ~measured("train_estimate")  # too few points
        return f"{most}{HELD_OUT} generated and as many {'real' if (where & none_apart).any() else 'held-out'} samples"

    w1, sliced = measured("w1"), newest[:, READINGS.index("w1_sliced")] > 0
    fresh, once, scored = w1 & ~sliced & of_data(*ENDLESS), w1 & ~sliced & ~of_data(*ENDLESS), measured("precision")
    in_modes = measured("high_quality_share")
    large = np.array([pick.config.kind == "image" and pick.config.shape[-1] > LARGEST_EXACT for pick in looked], bool)
    small = f", of images averaged to {LARGEST_EXACT} × {LARGEST_EXACT} pixels" if (scored & large).any() else ""
    found = {
        f"the Wasserstein-1 distance W1 by optimal assignment, as the mean of {DRAWS} distances between {HELD_OUT} "
        f"generated and {HELD_OUT} fresh real points": fresh,
        f"the Wasserstein-1 distance W1 between {samples(once)}, by optimal assignment": once,
        f"the sliced Wasserstein-1 distance W1 between {samples(w1 & sliced)}, over {PROJECTIONS} random projections "
        "[bonneel2015]": w1 & sliced,
        f"among {COUNTED:,} generated points, the share within {HIGH_QUALITY:.0f} standard deviations of a mode, and "
        "how many modes have such a point [lin2018]": in_modes,
        f"how many classes have at least {fixed_percent(MISSING, 0)} of their expected images, by a vote of each "
        f"image's {coverage.NEIGHBOURS} nearest held-out images": measured("modes_missing") & ~in_modes,
        "precision and recall [kynkaanniemi2019], density and coverage [naeem2020], with "
        f"k = {fidelity.NEIGHBOURS} nearest neighbours, and a 1-nearest-neighbour two-sample test [lopezpaz2017], "
        f"between {samples(scored)}{small}": scored,
        f"the critic's steepest slope at {SLOPES_AT} real and {SLOPES_AT} generated samples and one random point "
        "between each pair": measured("largest_gradient"),
        "a lower bound of W1, the critic's estimate divided by the product of the norms of its layers [miyato2018]": (
            measured("lower_bound")
        ),
        "the norm of the critic loss's gradient at each layer [gulrajani2017]": np.array([gradients.known(picks)]),
    }
    words = [text for text, where in found.items() if where.any()]
    if len(words) > 1:
        words[-1] = f"and {words[-1]}"
    return f"We measured {'; '.join(words)}." if words else ""
