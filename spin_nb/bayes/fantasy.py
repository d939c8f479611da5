"""Effects of a label before anybody has given it.

Suppose item ``j`` were labelled ``c``.  Every posterior sample ``s`` had said how likely that is, ``p_s(j, c)``, so
Bayes' rule weighs the samples by it, and what they say of another item ``x`` becomes

    p(y_x | y_j = c) = sum_s p_s(x) p_s(j, c) / sum_s p_s(j, c).

That holds for any posterior whose draws are joint: one sample applied to all items.  The graph posterior regresses on
its labels instead of drawing them from its probabilities, so its answer has a closed form of its own, the one that
:meth:`LiveGraph.update <spin_nb.bayes.graph.LiveGraph.update>` would give.

References
----------
Houlsby et al. (2011), *Bayesian active learning for classification and preference learning*.
Bickford Smith et al. (2023), *Prediction-oriented Bayesian active learning*: the gain below is its EPIG.
Rasmussen & Williams (2006), *Gaussian Processes for Machine Learning*, eq. 2.25-2.26.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.bayes._regression import score_variance
from spin_nb.bayes.predictive import entropy, probit_softmax
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints

MIN_PROBABILITY = np.float32(1e-12)


def given_labels(draws: Float, labels: Ints, of: Float) -> Float:
    """Class probabilities if one other item had a label, by draws.

    Parameters
    ----------
    draws : float32 (S, J, C)
        Draws of the items whose label is supposed, one at a time.
    labels : int (J, K)
        Class indices each of them is supposed to have, one at a time.
    of : float32 (S, M, C)
        The same draws of the items looked at.

    Returns
    -------
    float32 (J, K, M, C)
        Rows sum to 1.  Where no draw allows the label, the answer stays as it is.

    Raises
    ------
    ModelError
        Draws that are not of the same functions, labels that do not fit.

    Examples
    --------
    >>> two_minds = np.array([[[0.9, 0.1]], [[0.1, 0.9]]], np.float32)   # two functions, one item
    >>> given_labels(two_minds, np.array([[0]]), two_minds)[0, 0, 0].round(2).tolist()
    [0.8199999928474426, 0.18000000715255737]
    """
    weight = _weights(draws, labels)
    of = np.asarray(of, np.float32)
    S, M, C = _check_draws(of)
    if len(weight) != S:
        raise ModelError(
            f"{len(weight)} draws of one and {S} of the other cannot be the same functions.",
            "Draw both in one call: predictive.draws(rows, S, seed).",
        )
    after = weight.reshape(S, -1).T @ of.reshape(S, M * C)
    return np.asarray(after.reshape(*weight.shape[1:], M, C))


def support(draws: Float, labels: Ints) -> Float:
    """Effective number of draws behind each supposed label.

    It is Kish's, float32 (J, K), 1 to S.

    Parameters
    ----------
    draws, labels
        As for :func:`given_labels`.

    Examples
    --------
    >>> sure = np.tile(np.float32([1, 0]), (20, 1, 1))
    >>> support(sure, np.array([[0]])).round(2).tolist()
    [[20.0]]
    """
    return np.asarray(1 / np.sum(_weights(draws, labels) ** 2, axis=0))


def standard_error(draws: Float, labels: Ints, values: Float) -> Float:
    """Monte Carlo standard error of a weighted mean under each label.

    Parameters
    ----------
    draws, labels
        As for :func:`given_labels`.
    values : float32 (S, J, K)
        One number per draw and supposed label.

    Returns
    -------
    float32 (J, K)
    """
    weight = _weights(draws, labels)
    off = values - np.sum(weight * values, axis=0)
    return np.asarray(np.sqrt(np.sum((weight * off) ** 2, axis=0)))


def given_labels_on_graph(
    phi: Float,
    labels: Ints,
    of: Float,
    *,
    weights: NDArray[np.float64],
    covariance: NDArray[np.float64],
    noise: float,
    sharpness: float,
) -> Float:
    """:func:`given_labels` for the graph posterior, in closed form; its sharpness is kept as it is.

    Parameters
    ----------
    phi, of : float32 (J, D), (M, D)
        Graph features (rows of ``GraphBasis.phi``) of the items supposed to be labelled, and of those looked at.
    labels : int (J, K)
    weights, covariance : float64 (D, C), (D, D)
        Of :class:`~spin_nb.bayes.graph.LiveGraph`.
    noise, sharpness : float
        Likewise.

    Returns
    -------
    float32 (J, K, M, C)

    Examples
    --------
    >>> phi, flat = np.eye(2, dtype=np.float32), np.zeros((2, 3))
    >>> known = dict(weights=flat, covariance=np.eye(2), noise=0.2, sharpness=6.0)
    >>> after = given_labels_on_graph(phi[:1], np.array([[2]]), phi, **known)
    >>> after[0, 0].argmax(axis=-1).tolist(), after[0, 0, 1].round(2).tolist()   # the second item knows nothing of it
    ([2, 0], [0.33000001311302185, 0.33000001311302185, 0.33000001311302185])
    """
    phi, of = np.asarray(phi, np.float32), np.asarray(of, np.float32)
    C = weights.shape[1]
    labels = _check_labels(labels, len(phi), C)
    gain = phi @ covariance.astype(np.float32)
    covariances = gain @ of.T  # (J, M)
    spread = np.float32(noise**2) + np.einsum("jd,jd->j", gain, phi)
    targets = np.eye(C, dtype=np.float32)[labels] - np.float32(1 / C)
    residual = targets - (phi @ weights.astype(np.float32))[:, None]  # (J, K, C)
    pull = covariances / spread[:, None]
    scores = of @ weights.astype(np.float32) + pull[:, None, :, None] * residual[:, :, None]
    variance = np.maximum(score_variance(of, covariance) - pull * covariances, 0)
    return probit_softmax(sharpness * scores, sharpness**2 * variance[:, None, :, None])


def expected_gain(now: Float, chance: Float, after: Float) -> Float:
    """Entropy each item is expected to lose when a label is given, nats.

    Parameters
    ----------
    now : float32 (M, C)
        Class probabilities of the items looked at.
    chance : float32 (J, K)
        Probability of each supposed label.
    after : float32 (J, K, M, C)
        :func:`given_labels`.

    Returns
    -------
    float32 (J, M)
        Labels that were not supposed count as teaching nothing.  With all labels supposed, on draws, it is the mutual
        information of the two labels.

    Examples
    --------
    >>> now, told = np.float32([[0.5, 0.5]]), np.float32([[[[1, 0]], [[0, 1]]]])
    >>> expected_gain(now, np.float32([[0.5, 0.5]]), told).round(3).tolist()
    [[0.6930000185966492]]
    """
    return np.asarray(np.sum(chance[:, :, None] * (entropy(now) - entropy(after)), axis=1))


def _weights(draws: Float, labels: Ints) -> Float:
    """Bayes' weights of the draws (S, J, K); they sum to 1 over the draws."""
    draws = np.asarray(draws, np.float32)
    _, J, C = _check_draws(draws)
    likelihood = np.take_along_axis(draws, _check_labels(labels, J, C)[None], axis=2) + MIN_PROBABILITY
    return np.asarray(likelihood / likelihood.sum(axis=0))


def _check_draws(draws: Float) -> tuple[int, int, int]:
    if draws.ndim != 3 or not len(draws):
        raise ModelError(f"draws must be (S, n, C) with S >= 1, not {draws.shape}.", "Draw at least once.")
    S, n, C = draws.shape
    return S, n, C


def _check_labels(labels: ArrayLike, J: int, C: int) -> Ints:
    array = np.asarray(labels)
    if array.ndim != 2 or len(array) != J or array.dtype.kind not in "iu":
        raise ModelError(
            f"supposed labels of shape {array.shape} ({array.dtype}) do not fit {J} items.",
            "Pass class indices (J, K): K supposed labels for each item.",
        )
    if array.size and (array.min() < 0 or array.max() >= C):
        raise ModelError(f"a supposed label is not in 0..{C - 1}.", "Check the class indices.")
    return array
