"""Labels that are probably wrong: from probabilities by models that did not learn from them.

:func:`confident_errors` is the rule of confident learning: the label is one class, while another is as probable as on
average where people gave it.  :func:`wrong_label_probabilities` says how probable it is of each label that it is wrong,
and how many are; :func:`wrong_number_probabilities` the same of labels that are numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_probs
from spin_nb.types import Float, Ints
from spin_nb.words import shown

Float64 = NDArray[np.float64]
EXPECTED_NOISE_RATE = 0.05  # before any label has been looked at
LABELS_OF_PRIOR = 20  # that the expectation counts as
MAX_NOISE_RATE = 0.5  # beyond, labels say less than the model
N_ROUNDS = 100
MIN_CHANGE = 1e-6
SD_PER_MAD = 1.4826  # standard deviation of a normal distribution by its median absolute deviation


def confident_errors(probs: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
    """Labels off the diagonal of the confident joint.

    A class is confident of an item where its probability reaches the mean probability that it has over items labelled
    so; the likeliest of the confident classes is what the item counts as.  A label that is the likeliest class of all
    is right.

    Parameters
    ----------
    probs : float (n, C)
        Class probabilities of items by a model that did not learn from their labels; rows sum to 1.
    y : int (n,)
        Class index of each label.

    Returns
    -------
    bool (n,)

    Raises
    ------
    QueryError
        No probabilities; class indices out of range.

    Examples
    --------
    >>> confident_errors([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]], [0, 0, 1, 1]).tolist()
    [False, False, False, True]

    References
    ----------
    Northcutt, Jiang & Chuang 2021, Confident Learning, JAIR 70, equations 1 and 2.
    """
    probs, y = _checked(probs, y)
    n_classes = probs.shape[1]
    sums = np.bincount(y, weights=probs[np.arange(len(y)), y], minlength=n_classes)
    counts = np.bincount(y, minlength=n_classes)
    thresholds = np.where(counts, sums / np.maximum(counts, 1), np.inf)
    confident_probs = np.where(probs >= thresholds - 1e-9, probs, -1.0)
    class_of_item = confident_probs.argmax(axis=1)
    return (confident_probs.max(axis=1) >= 0) & (class_of_item != y) & (probs.argmax(axis=1) != y)


def wrong_label_probabilities(probs: ArrayLike, y: ArrayLike) -> tuple[Float, float]:
    """Probability of each label that it is wrong, and the share of labels that are.

    A label is right with probability ``1 - e``, else it is any other class.  ``e`` is what makes the labels likeliest,
    found by expectation maximisation; that of a label is then ``(1 - p) e / (C - 1)`` against ``p (1 - e)``, ``p`` its
    probability by the model.

    Parameters
    ----------
    probs : float (n, C)
        Class probabilities of items by a model that did not learn from their labels, nor from many wrong ones: those
        who learn from wrong labels expect them, and find fewer.
    y : int (n,)
        Class index of each label.

    Returns
    -------
    float32 (n,)
        Probability that the label is wrong.
    float
        The share ``e``.

    Raises
    ------
    QueryError
        No probabilities; class indices out of range.

    Examples
    --------
    >>> wrong, share = wrong_label_probabilities([[0.99, 0.01]] * 9 + [[0.01, 0.99]], [0] * 10)
    >>> (wrong > 0.5).tolist() == [False] * 9 + [True], 0 < share < 0.2
    (True, True)
    """
    probs, y = _checked(probs, y)
    p = np.asarray(probs[np.arange(len(y)), y], np.float64)
    return _expectation_maximisation(p, (1 - p) / (probs.shape[1] - 1))


def wrong_number_probabilities(y: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> tuple[Float, float]:
    """Probability of each number that it is wrong, and the share of numbers that are.

    A number is right with probability ``1 - e``: normal about the prediction.  Else it is any, all from 0 to 1 alike.
    ``e`` is found as in :func:`wrong_label_probabilities`.  Predictions that are less sure than they say, by the median
    of what they miss in units of their ``sd``, are taken to be as unsure as they are.

    Parameters
    ----------
    y : float (n,)
        Labels, 0 to 1 as shares of the range.
    mean, sd : float (n,)
        Predictions by a model that did not learn from these labels; ``sd`` above 0.

    Returns
    -------
    float32 (n,)
        Probability that the number is wrong.
    float
        The share ``e``.

    Raises
    ------
    QueryError
        Not as many of each, or not finite; no positive ``sd``.

    Examples
    --------
    >>> wrong, share = wrong_number_probabilities([0.5] * 9 + [0.9], [0.5] * 10, [0.05] * 10)
    >>> (wrong > 0.5).tolist() == [False] * 9 + [True], 0 < share < 0.2
    (True, True)
    """
    arrays = [np.asarray(each, np.float64) for each in (y, mean, sd)]
    y, mean, sd = arrays
    if (
        y.ndim != 1
        or not (y.shape == mean.shape == sd.shape)
        or not np.isfinite(arrays).all()
        or (sd <= 0).any()
    ):
        raise QueryError(
            f"y, mean, sd of shapes {', '.join(shown(each.shape) for each in arrays)} are no predictions of numbers.",
            "Pass as many finite numbers of each; sd is above 0.",
        )
    miss = (y - mean) / sd
    sd = sd * max(1.0, SD_PER_MAD * float(np.median(np.abs(miss))) if len(y) else 1.0)
    density = np.exp(-0.5 * ((y - mean) / sd) ** 2) / (np.sqrt(2 * np.pi) * sd)
    return _expectation_maximisation(density, np.ones(len(y)))


def _expectation_maximisation(if_right: Float64, if_wrong: Float64) -> tuple[Float, float]:
    """Probability (n,) that each is wrong, and their share, by how likely each is if right and if wrong."""
    share, wrong = EXPECTED_NOISE_RATE, np.zeros(len(if_right))
    for _ in range(N_ROUNDS):
        numerator = if_wrong * share
        wrong = numerator / np.maximum(numerator + if_right * (1 - share), np.finfo(float).tiny)
        before = share
        n_wrong = wrong.sum() + LABELS_OF_PRIOR * EXPECTED_NOISE_RATE
        share = min(n_wrong / (len(wrong) + LABELS_OF_PRIOR), MAX_NOISE_RATE)
        if abs(share - before) < MIN_CHANGE:
            break
    return wrong.astype(np.float32), float(share)


def _checked(probs: ArrayLike, y: ArrayLike) -> tuple[Float, Ints]:
    probs = check_probs(probs)
    labels = np.asarray(y)
    is_class = labels.shape == (len(probs),) and labels.dtype.kind in "iu"
    if not is_class or not 0 <= labels.min() <= labels.max() < probs.shape[1]:
        raise QueryError(
            f"y is no class index of each of {len(probs)} items.",
            f"Pass whole numbers from 0 to {probs.shape[1] - 1}.",
        )
    return probs, labels.astype(np.int64)
