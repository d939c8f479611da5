"""Any score as a batch that does not repeat itself."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from spin_nb.query._checks import check_features, check_k, check_labelled, check_scores, unlabelled
from spin_nb.query.batches._coverage import MAX_SAMPLE_ROWS, Coverage, greedily
from spin_nb.query.batches._distances import Points
from spin_nb.query.mixture import make_picked
from spin_nb.threads import one_thread
from spin_nb.types import Float, Picked, Rows

SHORTLIST_PER_PICK = 20  # the shortlist holds so many rows for every pick after the first
SHARPNESS = 3.0  # similarity at the median distance is exp(-3)


@one_thread()
def diversify(
    scores: Float, features: Float, k: int, *, labelled_rows: Rows | None = None, seed: int = 0
) -> Picked:
    """Pick rows that together resemble what scores high.

    Each covers what those before it left open.

    The ``20 (k - 1) + 1`` highest scores are the shortlist; the batch maximises ``sum_j score_j max_i s(x_i, x_j)``
    over it greedily, within ``1 - 1/e`` of the best, with ``s = exp(-3 d^2 / median d^2)``: uncertainty coverage (Bae,
    Sutherland & Noh 2025) of a shortlist (Zhdanov 2019) instead of the whole pool.

    A batch of 1 is the highest score.  On digits (:mod:`spin_nb.query.batches`) margins asked so are 3 points of
    accuracy ahead of the highest margins as they come in batches of 10, 2 in batches of 50; BALD 4 and 4.

    Parameters
    ----------
    scores : float (n,)
        Higher = ask first; where some are negative they count from the lowest of the shortlist.
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    seed : int
        Nothing is drawn: every seed gives the same batch.

    Returns
    -------
    Picked
        Scores as given.

    Raises
    ------
    QueryError
        NaN scores, arrays that do not fit, ``k`` outside 1..rows left.

    Examples
    --------
    >>> diversify(np.array([0.9, 0.9, 0.5, 0.1]), np.array([[0.0], [0], [5], [9]]), 2).indices.tolist()
    [0, 2]
    """
    scores = check_scores(scores)
    features = check_features(features, n=len(scores))
    left = np.flatnonzero(unlabelled(len(scores), check_labelled(labelled_rows, len(scores))))
    k = check_k(k, len(left))
    many = max(k, min(SHORTLIST_PER_PICK * (k - 1) + 1, MAX_SAMPLE_ROWS))
    shortlist = left[np.argsort(-scores[left], kind="stable")[:many]]
    every = Points.about_mean(features[shortlist])
    places, _ = greedily(Coverage(every, _similarity(every), _weights(scores[shortlist])), every, k)
    rest = np.setdiff1d(np.arange(len(shortlist)), places)[: k - len(places)]
    rows = shortlist[np.concatenate([np.array(places, np.int64), rest])]
    return make_picked(rows, scores[rows], len(left), "score high, in different places")


def diverse(score: Callable[..., Float]) -> Callable[..., Picked]:
    """Make a score into a strategy for batches.

    It is :func:`diversify` of what ``score`` returns.

    Parameters
    ----------
    score : callable
        ``f(arrays) -> (n,)``, higher = ask first.

    Returns
    -------
    callable
        With the parameters of ``score`` by the same names, ``features``, ``k``, ``labelled_rows`` and ``seed``: the
        session gives a strategy what it names.

    Examples
    --------
    >>> from spin_nb.query import margin
    >>> ask = diverse(margin)
    >>> ask.__name__, str(signature(ask))
    ('diverse_margin', '(probs, features, k, *, labelled_rows=None, seed=0)')
    >>> ask(np.array([[0.5, 0.5], [0.5, 0.5], [0.6, 0.4]]), np.array([[0.0], [0], [9]]), 2).indices.tolist()
    [0, 2]
    """
    score_parameters = signature(score).parameters
    parameters = _joint_signature(score_parameters)

    def strategy(*args: object, **kwargs: object) -> Picked:
        bound = parameters.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = bound.arguments
        scores = score(**{name: arguments[name] for name in score_parameters})
        batch = {name: arguments[name] for name in ("features", "k", "labelled_rows", "seed")}
        return diversify(scores, **batch)

    name = getattr(score, "__name__", type(score).__name__)
    strategy.__name__ = strategy.__qualname__ = f"diverse_{name}"
    strategy.__doc__ = f"Rows with a high :func:`{name}` in different places (:func:`diversify`)."
    strategy.__signature__ = parameters  # type: ignore[attr-defined]
    return strategy


def _joint_signature(score_parameters: Any) -> Signature:
    """Signature of a score that is diversified.

    It has the score's parameters and those of :func:`diversify`, first those that must be given.
    """
    required = [
        Parameter(name, Parameter.POSITIONAL_OR_KEYWORD)
        for name, p in score_parameters.items()
        if p.default is p.empty
    ]
    settings = {name: p.default for name, p in score_parameters.items() if p.default is not p.empty}
    settings = {**settings, "labelled_rows": settings.get("labelled_rows"), "seed": settings.get("seed", 0)}
    names = [p.name for p in required]
    required += [
        Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in ("features", "k") if name not in names
    ]
    keywords = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default)
        for name, default in settings.items()
        if name not in (*names, "features", "k")
    ]
    return Signature([*required, *keywords])


def _weights(scores: Float) -> Float:
    """Scores as weights of 0 or more, not all 0."""
    finite = np.isfinite(scores)
    low, high = (
        (scores[finite].min(), scores[finite].max()) if finite.any() else (np.float32(0), np.float32(1))
    )
    weights = np.clip(scores, low, high) - min(low, np.float32(0))
    return weights if weights.any() else np.ones(len(scores), np.float32)


def _similarity(every: Points) -> Callable[[Float], Float]:
    some = every.take(slice(0, 500))
    apart = some.squared_distances(some.targets())
    median = np.median(apart[np.triu_indices(len(some), 1)]) if len(some) > 1 else 0
    sharpness = np.float32(-SHARPNESS / max(float(median), 1e-30))

    def similarity(distances: Float) -> Float:
        distances *= sharpness
        return np.exp(distances, out=distances)

    return similarity
