"""Numbers and places of points that are probably wrong: by regressions that did not learn from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.models.graph_regression import MIN_LABELS_FOR_REGRESSION, GraphRegression
from spin_nb.query.label_errors import wrong_number_probabilities
from spin_nb.types import Float

MIN_LABELS = 2 * MIN_LABELS_FOR_REGRESSION  # so that a regression on four fifths of them has enough
N_FOLDS = 5
MIN_DOUBT = 0.5  # probability from which a label is rather wrong than right


@dataclass(frozen=True, eq=False)
class NumberErrors:
    """Doubts about labels on a scale.

    Attributes
    ----------
    wrong : float32 (m,)
        Probability that each label is wrong in one of its numbers.
    mean, sd : float32 (m, k)
        Predictions by regressions that did not learn from the label; NaN where no label says.
    worst : int64 (m,)
        Which of its numbers is doubted most.
    """

    wrong: Float
    mean: Float
    sd: Float
    worst: NDArray[np.int64]


def find_number_errors(phi: Float, targets: Float) -> NumberErrors:
    """Doubt every label by regressions on the others, in five folds; then again without those that are doubted.

    Parameters
    ----------
    phi : float32 (m, D)
        Graph features of the labelled items.
    targets : float32 (m, k)
        As shares of their range, 0 to 1; NaN where a part of a label is not known.

    Returns
    -------
    NumberErrors

    Raises
    ------
    ModelError
        Fewer than ten labels.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    >>> y = 0.5 + 0.2 * x
    >>> y[7] = 0.95
    >>> np.flatnonzero(find_number_errors(x, y).wrong > 0.5).tolist()
    [7]
    """
    if len(phi) < MIN_LABELS:
        raise ModelError(
            f"{len(phi)} labels are too few to doubt one by the others.", f"Label {MIN_LABELS} items or more."
        )
    fold = np.random.default_rng(0).permutation(len(phi)) % N_FOLDS
    errors = _doubt_by_others(phi, targets, fold, np.ones(len(phi), bool))
    is_trusted = errors.wrong <= MIN_DOUBT
    return errors if is_trusted.all() else _doubt_by_others(phi, targets, fold, is_trusted)


def _doubt_by_others(
    phi: Float, targets: Float, fold: NDArray[np.int64], is_trusted: NDArray[np.bool_]
) -> NumberErrors:
    """Doubts by regressions on the trusted labels of the other folds."""
    mean, sd = np.full_like(targets, np.nan), np.full_like(targets, np.nan)
    for at in range(N_FOLDS):
        others = is_trusted & (fold != at)
        if others.sum() >= MIN_LABELS_FOR_REGRESSION:
            mean[fold == at], sd[fold == at] = GraphRegression(phi[others], targets[others]).predict(
                phi[fold == at]
            )
    wrong = np.zeros(targets.shape, np.float32)
    for column in range(targets.shape[1]):
        is_known = np.isfinite(targets[:, column]) & np.isfinite(mean[:, column]) & (sd[:, column] > 0)
        wrong[is_known, column] = wrong_number_probabilities(
            targets[is_known, column], mean[is_known, column], sd[is_known, column]
        )[0]
    return NumberErrors(wrong.max(axis=1), mean, sd, wrong.argmax(axis=1))
