"""A head in one file: the nearest class mean, as a committee of means of bootstrap samples."""

from __future__ import annotations

import numpy as np

from spin_nb.bayes.functions import FunctionsPredictive, member_order
from spin_nb.errors import ModelError

N_MEMBERS = 24


class NearestMean:
    """Each member has a mean per class, of its own sample of the labels; the nearer, the likelier."""

    validation = "folds"
    asks_by = "margin"

    def __init__(self, means=None):
        self.means = means  # (N_MEMBERS, C, d)

    def fit(self, features, y, *, n_classes):
        check_finite(features)
        if len(y) and y.max() >= n_classes:
            raise ModelError(f"class index {y.max()} is not below {n_classes}.", "Check the labels.")
        rng = np.random.default_rng(0)
        means = np.tile(features.mean(axis=0), (N_MEMBERS, n_classes, 1))
        # One pseudo-label an item further off the fewer labels a class has: members differ where little is known.
        means += rng.standard_normal(means.shape) / (1 + np.bincount(y, minlength=n_classes)[:, None])
        for member in means:
            for label in np.unique(y):
                rows = np.flatnonzero(y == label)
                member[label] = features[rng.choice(rows, len(rows))].mean(axis=0)
                member[label] += rng.standard_normal(features.shape[1]) / (1 + len(rows))
        self.means = means.astype(np.float32)
        return self

    def predict(self, features):
        def logits(x, members):
            return -((x[None, :, None] - members[:, None]) ** 2).sum(axis=-1) / x.shape[1]

        def draw(S, seed):
            order = member_order(N_MEMBERS, S, seed)
            return lambda x: logits(x, self.means[order])

        check_finite(features)
        if features.shape[1] != self.means.shape[2]:
            raise ModelError(f"features have {features.shape[1]} columns.", "Encode them alike.")
        return FunctionsPredictive(features, lambda x: logits(x, self.means), draw)

    def to_arrays(self):
        return {"means": self.means}

    @classmethod
    def from_arrays(cls, arrays):
        return cls(arrays["means"])


def check_finite(features):
    if not np.isfinite(features).all():
        raise ModelError("features hold NaN or infinity.", "Leave those items out.")
