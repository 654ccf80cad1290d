"""How good samples are, measured without the package: exact W1, shares of classes, shares of modes."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist


def exact_w1(a: np.ndarray, b: np.ndarray) -> float:
    """The exact Wasserstein-1 distance, Euclidean, between two sets of n points each: arrays [n, ...]."""
    cost = cdist(a.reshape(len(a), -1), b.reshape(len(b), -1))
    return float(cost[linear_sum_assignment(cost)].mean())


def mode_shares(points: np.ndarray, centres: np.ndarray, within: float = 0.2) -> np.ndarray:
    """For each centre, the share of all points that are nearest to it and at most `within` away: [modes]."""
    distances = cdist(points, centres)
    nearest = distances.argmin(1)[distances.min(1) <= within]
    return np.bincount(nearest, minlength=len(centres)) / len(points)


def class_shares_and_spread(samples: np.ndarray, real: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
    """Class shares by a 5-nearest-neighbour classifier, and the mean pixel sd within a class, relative to real's."""
    from sklearn.neighbors import KNeighborsClassifier

    flat, flat_real = samples.reshape(len(samples), -1), real.reshape(len(real), -1)
    predicted = KNeighborsClassifier(5).fit(flat_real, labels).predict(flat)
    classes = np.unique(labels)
    spread = np.mean([flat[predicted == c].std(0).mean() for c in classes if (predicted == c).any()])
    spread_real = np.mean([flat_real[labels == c].std(0).mean() for c in classes])
    return np.bincount(predicted, minlength=len(classes)) / len(predicted), float(spread / spread_real)
