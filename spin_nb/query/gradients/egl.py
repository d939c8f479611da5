"""Expected gradient length of a linear last layer, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_probs
from spin_nb.threads import blocks
from spin_nb.types import Float


def egl(probs: Float, features: Float) -> Float:
    """Expected gradient length ``sum_y p_y |grad loss(y)|`` of a softmax layer (Settles & Craven 2008).

    The gradient of the cross-entropy in weights and bias is ``(p - e_y) (x, 1)'``, of norm
    ``|p - e_y| sqrt(|x|^2 + 1)``.

    Parameters
    ----------
    probs : float32 (n, C)
        What the layer predicts.
    features : float32 (n, d)
        What the layer is given.

    Returns
    -------
    float32 (n,)
        Nats per unit of weight; 0 for a sure prediction.

    Raises
    ------
    QueryError
        Rows that are not probabilities, features of other items, NaN.

    Examples
    --------
    >>> egl(np.array([[0.5, 0.5], [1.0, 0.0]]), np.zeros((2, 3))).round(4).tolist()
    [0.707099974155426, 0.0]
    """
    probs = check_probs(probs)
    norms = head_norms(check_features(features, n=len(probs)))
    out = np.empty(len(probs), np.float32)
    for rows in blocks(len(probs), 4 * probs.shape[1]):
        p = probs[rows].astype(np.float64)  # |p|^2 - 2 p_y + 1 cancels where the model is sure
        squared_norms = (p**2).sum(axis=1, keepdims=True) - 2 * p + 1
        out[rows] = np.einsum("nc,nc->n", p, np.sqrt(np.maximum(squared_norms, 0)))
    return out * np.sqrt(norms)


def egl_regression(features: Float, mean: Float, means: Float, variances: Float) -> Float:
    """Expected gradient length of a linear regression layer.

    It is squared, with labels drawn from a committee.

    ``(|x|^2 + 1) mean_k[sigma_k^2 + (mu_k - f)^2]``: the squared norm of the output's gradient times aleatoric plus
    epistemic variance; the squared error's constant 4 is dropped.  The members are the posterior draws, or an ensemble;
    several outputs are summed.  Where every row of ``features`` has the same length (layer norm) this ranks exactly as
    the total variance.

    Parameters
    ----------
    features : float32 (n, d)
        What the layer is given.
    mean : float32 (n,) or (n, t)
        ``f``, what the model at hand predicts.
    means, variances : float32 (K, n) or (K, n, t)
        Mean and variance each of ``K`` members predicts.

    Returns
    -------
    float32 (n,)
        Squared unit of the label, times the squared unit of the features.

    Raises
    ------
    QueryError
        Shapes that do not fit, NaN, negative variances.

    Examples
    --------
    >>> egl_regression(np.ones((1, 3)), np.array([2.0]), np.array([[1.0], [3.0]]), np.full((2, 1), 0.5)).tolist()
    [6.0]
    """
    features = check_features(features)
    mean, means, variances = _check_predictions(len(features), mean, means, variances)
    spread = np.zeros(len(features))
    for mu, sigma2 in zip(means, variances, strict=True):
        spread += ((mu - mean) ** 2 + sigma2).sum(axis=1)
    return head_norms(features) * (spread / len(means)).astype(np.float32)


def head_norms(features: Float) -> Float:
    """Squared norm of a linear output's gradient, ``|x|^2 + 1``.

    It is the gradient in weights and bias; the norms are float32 (n,).
    """
    return np.einsum("nd,nd->n", features, features) + 1


def _check_predictions(
    n: int, mean: ArrayLike, means: ArrayLike, variances: ArrayLike
) -> tuple[Float, Float, Float]:
    mean, means, variances = (np.asarray(a, np.float32) for a in (mean, means, variances))
    if mean.ndim not in (1, 2) or len(mean) != n:
        raise QueryError(f"mean must be ({n},) or ({n}, t), not {mean.shape}.", "Predict the same items.")
    for name, array in (("means", means), ("variances", variances)):
        if array.shape[1:] != mean.shape or not len(array) or len(array) != len(means):
            expected_shape = f"({len(means) or 'K'}, {', '.join(map(str, mean.shape))})"
            raise QueryError(
                f"{name} of shape {array.shape} must be {expected_shape}.", "One row a member, members first."
            )
    if not all(np.isfinite(a).all() for a in (mean, means, variances)):
        raise QueryError("mean, means or variances hold NaN or infinity.", "Check the model's predictions.")
    if variances.min() < 0:
        raise QueryError(f"variances must be 0 or more, not {variances.min():g}.", "Pass squared deviations.")
    return mean.reshape(n, -1), means.reshape(len(means), n, -1), variances.reshape(len(means), n, -1)
