"""scikit-learn's logistic regression as somebody careful uses it: features scaled, C chosen by cross-validation.

Features are centred and divided by the root mean square norm of the pool's rows, as the project's own heads see them
(:func:`scale`), so one grid of C suits every set.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from spin_nb.types import Float, Ints

GRID = np.logspace(-2, 4, 13)
FALLBACK_C = 10.0  # the middle of the grid, where nothing can be held out
N_FOLDS = 5
MAX_ITER = 300
MIN_PROBABILITY = 1e-12  # whose logarithm is still taken


def scale(pool: Float, *others: Float) -> tuple[Float, ...]:
    """Centre, and divide by the root mean square norm of the pool's rows.

    Examples
    --------
    >>> scale(np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([[2.0, 1.0]]))
    (array([[-1.,  0.],
           [ 1.,  0.]]), array([[0., 1.]]))
    """
    mean = pool.mean(axis=0)
    norm = np.sqrt(np.mean(np.sum((pool - mean) ** 2, axis=1))) or 1.0
    return tuple((part - mean) / norm for part in (pool, *others))


def choose_c(x: Float, y: Ints, start: float | None = None, seed: int = 0) -> float:
    """C of the highest mean log-probability of labels held out.

    Five folds, every class spread over them.  A class of one label stays in what is fitted and is not held out; where
    fewer than two classes have two labels, C is :data:`FALLBACK_C`.

    Parameters
    ----------
    x : float (m, d)
        Scaled features of the labelled rows.
    y : int (m,)
    start : float, optional
        The choice for fewer of these labels: uphill from there, a step of the grid at a time.  Without it the whole
        grid is looked at.
    """
    folds = folds_of(y, seed)
    if len(np.unique(y[folds >= 0])) < 2:
        return FALLBACK_C
    x, models = _short(x), [LogisticRegression(warm_start=True, max_iter=MAX_ITER) for _ in range(N_FOLDS)]

    @cache
    def held_out(at: int) -> float:
        if not 0 <= at < len(GRID):
            return -np.inf
        total = 0.0
        for fold, model in enumerate(models):
            out = folds == fold
            if out.any():
                _fit(model.set_params(C=GRID[at]), x[~out], y[~out])
                probs = model.predict_proba(x[out])
                truth = probs[np.arange(len(probs)), np.searchsorted(model.classes_, y[out])]
                total += float(np.log(np.maximum(truth, MIN_PROBABILITY)).sum())
        return total

    if start is None:
        return float(GRID[max(range(len(GRID)), key=held_out)])
    at = int(np.argmin(np.abs(np.log(GRID / start))))
    while (best := max((at, at - 1, at + 1), key=held_out)) != at:
        at = best
    return float(GRID[at])


def folds_of(y: Ints, seed: int) -> Ints:
    """Fold of each label, -1 for the only label of its class.

    Examples
    --------
    >>> folds_of(np.array([0, 1, 1, 2, 2]), seed=0).tolist()[0]
    -1
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]  # class after class, by chance within
    counts = np.bincount(y)
    order = order[counts[y[order]] > 1]
    folds = np.full(len(y), -1)
    folds[order] = np.arange(len(order)) % N_FOLDS
    return folds


def fit(x: Float, y: Ints, c: float, start: LogisticRegression | None = None) -> LogisticRegression | None:
    """Fit to scaled features, or None where there is one class only.

    ``start`` was fitted to fewer labels: the search begins there if it knew the same classes.
    """
    classes = np.unique(y)
    if len(classes) < 2:
        return None
    model = LogisticRegression(C=c, warm_start=True, max_iter=MAX_ITER)
    if start is not None and np.array_equal(start.classes_, classes):
        model.coef_, model.intercept_, model.classes_ = start.coef_, start.intercept_, start.classes_
    return _fit(model, x, y)


def predict(model: LogisticRegression | None, x: Float, n_classes: int) -> Float:
    """Class probabilities (n, C); a class without a label has none, and all are alike without a model."""
    if model is None:
        return np.full((len(x), n_classes), 1 / n_classes, np.float32)
    probs = np.zeros((len(x), n_classes), np.float32)
    probs[:, model.classes_] = model.predict_proba(x)
    return probs


def _fit(model: LogisticRegression, x: Float, y: Ints) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        return model.fit(x, y)


def _short(x: Float) -> Float:
    """The same rows in as few columns as tell them apart: inner products, and so predictions, are the same."""
    if len(x) >= x.shape[1]:
        return x
    return np.linalg.qr(x.T, mode="r").T
