"""Does uncertainty find what goes wrong?  Errors, and items from elsewhere, should be the uncertain ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import ModelError
from spin_nb.monitor._checks import Real, check_numbers
from spin_nb.monitor.calibration import confidences


def risk_coverage(probs: ArrayLike, y: ArrayLike) -> tuple[Real, Real]:
    """Error rate among the surest items, for every share of them (El-Yaniv and Wiener 2010).

    Parameters
    ----------
    probs : float (n, C)
        Predicted probabilities, rows sum to 1; the largest is the confidence.
    y : int (n,)
        True class indices.

    Returns
    -------
    coverage : float64 (n,)
        ``k / n``, rising.
    risk : float64 (n,)
        Errors among the ``k`` surest, divided by ``k``; items of equal confidence share their errors evenly.

    Raises
    ------
    ModelError
        As :func:`~spin_nb.monitor.nll`.

    Examples
    --------
    >>> coverage, risk = risk_coverage([[0.9, 0.1], [0.6, 0.4]], [0, 1])
    >>> coverage.tolist(), risk.tolist()
    ([0.5, 1.0], [0.0, 0.5])
    """
    confidence, right = confidences(probs, y)
    _, group, size = np.unique(-confidence, return_inverse=True, return_counts=True)
    wrong = np.bincount(group, weights=1 - right) / size
    k = np.arange(1, len(right) + 1)
    return k / len(right), np.cumsum(np.repeat(wrong, size)) / k


def aurc(probs: ArrayLike, y: ArrayLike) -> float:
    """Area under the risk-coverage curve.

    It is the mean of :func:`risk_coverage` (Geifman et al. 2019).

    Parameters, Raises
        As :func:`risk_coverage`.

    Returns
    -------
    float
        0 (no error) to 1; lower = the sure ones are the right ones.

    Examples
    --------
    >>> aurc([[0.9, 0.1], [0.6, 0.4]], [0, 1])
    0.25
    """
    return float(risk_coverage(probs, y)[1].mean())


@dataclass(frozen=True)
class Separation:
    """Separation of two groups by a score.

    Attributes
    ----------
    auroc : float
        Chance that one to be found scores above an ordinary one, ties count half; 0.5 = not at all.
    fpr95 : float
        Share of ordinary ones above the highest threshold that finds 95 % of those to be found.
    n_ordinary, n_found : int
        Sizes of the groups.
    """

    auroc: float
    fpr95: float
    n_ordinary: int
    n_found: int


def separation(ordinary: ArrayLike, unusual: ArrayLike) -> Separation:
    """AUROC and FPR95 of uncertainty as an alarm.

    Items from elsewhere (out of distribution) raise it: scores of the pool are set against scores of those.
    The positive class is what is to be found, as in OpenOOD (Zhang et al. 2023).

    Parameters
    ----------
    ordinary, unusual : float (n,), (m,)
        Scores, higher = more uncertain.

    Raises
    ------
    ModelError
        If a group is empty or holds a number that is not finite.

    Notes
    -----
    AUROC is Mann and Whitney's U over n m (Hanley and McNeil 1982).

    Examples
    --------
    >>> separation([0.1, 0.2, 0.3], [0.25, 0.9])
    Separation(auroc=0.8333333333333334, fpr95=0.3333333333333333, n_ordinary=3, n_found=2)
    """
    low = np.sort(check_numbers(ordinary=ordinary)[0])
    high = np.sort(check_numbers(found=unusual)[0])
    below, upto = (np.searchsorted(low, high, side=side) for side in ("left", "right"))
    at_least = high[len(high) - int(np.ceil(0.95 * len(high)))]
    alarms = len(low) - np.searchsorted(low, at_least, side="left")
    return Separation(
        float((below + upto).sum() / (2 * len(low) * len(high))),
        float(alarms / len(low)),
        len(low),
        len(high),
    )


def misclassification(probs: ArrayLike, y: ArrayLike, uncertainty: ArrayLike | None = None) -> Separation:
    """Separation of errors by uncertainty.

    Hendrycks and Gimpel 2017.

    Parameters
    ----------
    probs, y
        As :func:`risk_coverage`.
    uncertainty : float (n,), optional
        Higher = more uncertain; one minus the largest probability unless given.

    Raises
    ------
    ModelError
        As :func:`risk_coverage`; if every prediction is right, or every one is wrong.

    Examples
    --------
    >>> misclassification([[0.9, 0.1], [0.6, 0.4]], [0, 1]).auroc
    1.0
    """
    confidence, right = confidences(probs, y)
    score = 1 - confidence if uncertainty is None else check_numbers(uncertainty=uncertainty)[0]
    if score.shape != right.shape:
        raise ModelError(
            f"{len(score)} uncertainties do not match {len(right)} items.", "Pass one number per item."
        )
    if right.all() or not right.any():
        outcome = "right" if right.all() else "wrong"
        raise ModelError(
            f"all {len(right)} predictions are {outcome}: there is nothing to tell apart.",
            "Wait for more audits, until there are both.",
        )
    return separation(score[right == 1], score[right == 0])
