"""Sets and intervals that hold the truth with a chosen probability, whatever the model: split conformal prediction.

The promise rests on exchangeability: calibration labels and new items must come from one and the same draw.
Labels that a strategy chose are the hard ones, so they are refused; the hidden audit labels are what this is for.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError
from spin_nb.monitor._checks import Real, check_judged, check_numbers, check_rows
from spin_nb.words import shown

SCORES = ("lac", "aps")


def audits_needed(alpha: float) -> int:
    """Fewest calibration labels that can promise anything at miscoverage ``alpha``: ``ceil(1/alpha) - 1``.

    With fewer, the quantile lies beyond the largest score and only "everything" would keep the promise.

    Raises
    ------
    ModelError
        If ``alpha`` is not between 0 and 1.

    Examples
    --------
    >>> audits_needed(0.1), audits_needed(0.05)
    (9, 19)
    """
    number = isinstance(alpha, (int, float, np.number)) and not isinstance(alpha, bool)
    if not (number and 0 < alpha < 1):
        raise ModelError(
            f"alpha {shown(alpha)} is not between 0 and 1.",
            "Pass the share of misses you accept, such as 0.1.",
        )
    return ceil(1 / alpha - 1e-9) - 1


def conformal_threshold(scores: ArrayLike, alpha: float, *, actively_chosen: bool = False) -> float:
    """The ``ceil((n + 1)(1 - alpha))``-th smallest of ``n`` calibration scores (Vovk et al. 2005; Lei et al. 2018).

    Parameters
    ----------
    scores : float (n,)
        Nonconformity of the audit labels, higher = stranger.
    alpha : float
        Miscoverage accepted, in (0, 1).
    actively_chosen : bool
        Say so if a strategy chose which items were labelled.

    Returns
    -------
    float
        A new exchangeable score is at most this with probability between ``1 - alpha`` and
        ``1 - alpha + 1/(n + 1)`` (the latter without ties), over the draw of both.

    Raises
    ------
    ModelError
        If the labels were actively chosen, or there are fewer than :func:`audits_needed`.

    Examples
    --------
    >>> conformal_threshold(range(1, 10), 0.1)
    9.0
    """
    n = np.size(np.asarray(scores))
    _refuse(n, alpha, actively_chosen)
    sorted_scores = np.sort(check_numbers(scores=scores)[0])
    return float(sorted_scores[ceil((n + 1) * (1 - alpha) - 1e-9) - 1])


def class_scores(probs: ArrayLike, score: str = "lac") -> Real:
    """Nonconformity of every class for every item.

    Parameters
    ----------
    probs : float (n, C)
        Predicted probabilities, rows sum to 1.
    score : str
        "lac": ``1 - p`` (Sadinle et al. 2019), the smallest sets on average.  "aps": the probability of this class
        and of all likelier ones (Romano et al. 2020, without randomisation), larger sets where it is harder.

    Returns
    -------
    float64 (n, C)
        0..1, higher = stranger.

    Raises
    ------
    ModelError
        If rows are no probabilities or ``score`` is another word.

    Examples
    --------
    >>> class_scores([[0.5, 0.2, 0.3]], "aps").round(2).tolist()
    [[0.5, 1.0, 0.8]]
    """
    p = check_rows(probs)
    if score not in SCORES:
        raise ModelError(f"no conformal score is called {shown(score)}.", f"Use one of: {', '.join(SCORES)}.")
    if score == "lac":
        return 1 - p
    order = np.argsort(-p, axis=1, kind="stable")
    scores_of_classes = np.empty_like(p)
    np.put_along_axis(
        scores_of_classes, order, np.cumsum(np.take_along_axis(p, order, axis=1), axis=1), axis=1
    )
    return scores_of_classes


def conformal_sets(
    probs: ArrayLike,
    audit_probs: ArrayLike,
    audit_y: ArrayLike,
    *,
    alpha: float = 0.1,
    score: str = "lac",
    actively_chosen: bool = False,
) -> NDArray[np.bool_]:
    """Sets of classes that hold the truth mostly.

    They do for a share ``1 - alpha`` of exchangeable items.

    Parameters
    ----------
    probs : float (n, C)
        Predicted probabilities of the items to answer for.
    audit_probs, audit_y : float (m, C), int (m,)
        Predicted probabilities and true classes of the audit labels, by the same model.
    alpha, actively_chosen
        As :func:`conformal_threshold`.
    score : str
        As :func:`class_scores`.

    Returns
    -------
    bool (n, C)
        Every set holds the likeliest class: an empty one would keep the promise too, and help nobody.

    Raises
    ------
    ModelError
        As :func:`conformal_threshold` and :func:`class_scores`; if the widths differ.

    Notes
    -----
    The promise is on average over items and audits, not for each class or each item by itself.

    Examples
    --------
    >>> audits = [[0.9, 0.1]] * 8 + [[0.4, 0.6]]
    >>> conformal_sets([[0.7, 0.3], [0.5, 0.5]], audits, [0] * 9).tolist()
    [[True, False], [True, True]]
    """
    p = check_rows(probs)
    _refuse(np.size(np.asarray(audit_y)), alpha, actively_chosen)
    judged_probs, y = check_judged(audit_probs, audit_y)
    if judged_probs.shape[1] != p.shape[1]:
        raise ModelError(
            f"audits have {judged_probs.shape[1]} classes, the items {p.shape[1]}.",
            "Pass one model's probabilities.",
        )
    true = class_scores(judged_probs, score)[np.arange(len(y)), y]
    threshold = conformal_threshold(true, alpha)
    # Rounding in 1 - p and in the running sums must not drop a class that ties with the threshold.
    sets: NDArray[np.bool_] = class_scores(p, score) <= threshold + 1e-9
    sets[np.arange(len(p)), p.argmax(axis=1)] = True
    return sets


def conformal_intervals(
    mean: ArrayLike,
    audit_mean: ArrayLike,
    audit_y: ArrayLike,
    *,
    alpha: float = 0.1,
    sd: ArrayLike | None = None,
    audit_sd: ArrayLike | None = None,
    actively_chosen: bool = False,
) -> tuple[Real, Real]:
    """Intervals that hold the true number mostly.

    They do for a share ``1 - alpha`` of exchangeable items (Lei et al. 2018).

    Parameters
    ----------
    mean : float (n,)
        Predicted numbers of the items to answer for.
    audit_mean, audit_y : float (m,)
        Predicted and true numbers of the audit labels, by the same model.
    alpha, actively_chosen
        As :func:`conformal_threshold`.
    sd, audit_sd : float (n,), (m,), optional
        Predictive standard deviations: intervals are then wide where the model is unsure (Lei et al. 2018,
        section 5.2), else all of one width.

    Returns
    -------
    low, high : float64 (n,)
        ``mean -+ q sd``, in the unit of ``mean``.

    Raises
    ------
    ModelError
        As :func:`conformal_threshold`; if shapes differ, a number is not finite, an sd is not positive, or only
        one of ``sd`` and ``audit_sd`` is given.

    Examples
    --------
    >>> low, high = conformal_intervals([5.0], [0.0] * 9, [1, -1, 2, -2, 3, -3, 4, -4, 0])
    >>> low.tolist(), high.tolist()
    ([1.0], [9.0])
    """
    if (sd is None) != (audit_sd is None):
        raise ModelError("only one of sd and audit_sd is given.", "Pass both or neither.")
    _refuse(np.size(np.asarray(audit_y)), alpha, actively_chosen)
    centre, spread = check_numbers(mean=mean, sd=np.ones(np.shape(mean)) if sd is None else sd)
    scale = np.ones(np.shape(audit_mean)) if audit_sd is None else audit_sd
    means, truth, scale = check_numbers(audit_mean=audit_mean, audit_y=audit_y, audit_sd=scale)
    if not (spread > 0).all() or not (scale > 0).all():
        raise ModelError("a standard deviation is not positive.", "Pass sd > 0.")
    q = conformal_threshold(np.abs(truth - means) / scale, alpha)
    return centre - q * spread, centre + q * spread


def _refuse(n: int, alpha: float, actively_chosen: bool) -> None:
    n_needed = audits_needed(alpha)
    if actively_chosen:
        raise ModelError(
            "these labels were chosen by a strategy, so they are not exchangeable with the items to come "
            "and a conformal set from them would promise what it does not keep.",
            "Pass labels of uniformly drawn items only: the audit labels.",
        )
    if n < n_needed:
        raise ModelError(
            f"alpha {alpha:g} needs at least {n_needed} audit labels; there {'is' if n == 1 else 'are'} {n}.",
            f"Label on until there are {n_needed} audits (a larger s.audit.share gets there sooner), "
            "or accept a larger alpha.",
        )
