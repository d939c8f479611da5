"""Scores of keypoint networks: the gradient of a heatmap head, and how many peaks a heatmap has."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import QueryError
from spin_nb.query.scores import entropies
from spin_nb.threads import blocks
from spin_nb.types import Float


def head_gradient(maps: Float, residuals: Float) -> Float:
    """Squared gradient norm of a heatmap head.

    The head is a 1x1 convolution with bias, under mean squared error over joints and pixels.

    ``(2 / JHW)^2 sum_j [|sum_p r_j(p) x(p)|^2 + (sum_p r_j(p))^2]``: exact, no backward pass.

    Parameters
    ----------
    maps : float32 (n, D, H, W)
        ``x``, what the head is given.
    residuals : float32 (n, J, H, W)
        ``r``, answer less target; 0 for joints that are not labelled.

    Returns
    -------
    float32 (n,)
        Squared loss per squared unit of weight.

    Raises
    ------
    QueryError
        Shapes that do not fit, NaN.

    Examples
    --------
    >>> head_gradient(np.ones((1, 2, 2, 2)), np.ones((1, 1, 2, 2))).tolist()
    [12.0]
    """
    maps, residuals = check_maps(maps, residuals, name="residuals")
    n, D = maps.shape[:2]
    flat, errors = maps.reshape(n, D, -1), residuals.reshape(n, 1, residuals.shape[1], -1)
    return np.array([scaled_norms(x, r)[0] for x, r in zip(flat, errors, strict=True)], np.float32)


def multi_peak(
    heatmaps: Float, *, min_distance: int = 5, peaks: int = 5, paper_compat: bool = False
) -> Float:
    """Score heatmaps by multi-peak entropy.

    It is the entropy over each heatmap's peaks, nats, summed over joints (Liu & Ferrari 2017).

    A joint that could be in two places has two peaks.  Peaks are local maxima above the map's minimum, highest first;
    on a plateau, one for every ``min_distance`` pixels.  Their values go through a softmax.

    Parameters
    ----------
    heatmaps : float32 (n, J, H, W)
    min_distance : int
        Pixels around a peak in which there is no other, 1 or more; 5 suits maps of 64 x 64.
    peaks : int
        Peaks that count at most, 1 or more.
    paper_compat : bool
        Leave out peaks closer than ``min_distance`` to the border, as the published code does unsaid
        (``skimage.feature.peak_local_max``): on small maps that is most of the map.

    Returns
    -------
    float32 (n,)
        0 (one peak a joint, or none) to ``J log peaks``.

    Raises
    ------
    QueryError
        Not (n, J, H, W), NaN, settings below 1.

    Examples
    --------
    >>> maps = np.zeros((1, 1, 16, 16), np.float32)
    >>> maps[0, 0, 3, 3] = maps[0, 0, 12, 12] = 1
    >>> multi_peak(maps).round(3).tolist()
    [0.6930000185966492]
    """
    heatmaps = _check_images(heatmaps, "heatmaps")
    if min_distance < 1 or peaks < 1:
        raise QueryError(
            f"min_distance {min_distance} and peaks {peaks} must be 1 or more.", "Use the defaults."
        )
    n, J, H, W = heatmaps.shape
    out = np.empty(n, np.float32)
    for rows in blocks(n, J * H * W):
        some = heatmaps[rows].reshape(-1, H, W)
        values = _peak_values(some, min_distance, peaks, min_distance if paper_compat else 0)
        out[rows] = _softmax_entropy(values).reshape(-1, J).sum(axis=1)
    return out


def scaled_norms(x: Float, residuals: Float) -> Float:
    """Squared head gradient (k,) of one item's ``x`` (D, P) under ``k`` residuals (k, J, P)."""
    k, J, P = residuals.shape
    weights = residuals.reshape(k * J, P) @ x.T
    biases = residuals.sum(axis=2)
    total = np.einsum("kw,kw->k", *[weights.reshape(k, -1)] * 2) + np.einsum("kj,kj->k", biases, biases)
    return total * np.float32((2 / (J * P)) ** 2)


def average_pool(maps: Float) -> Float:
    """``maps`` (n, D, H, W) averaged over pixels, (n, D)."""
    return maps.mean(axis=(2, 3))


def check_maps(maps: ArrayLike, answers: ArrayLike, *, name: str = "heatmaps") -> tuple[Float, Float]:
    """Return maps and answers of fitting shapes, float32.

    They are maps (n, D, H, W) and answers (n, J, H, W) of the same items and pixels.

    Raises
    ------
    QueryError
        Shapes that do not fit, NaN.
    """
    maps, answers = _check_images(maps, "maps"), _check_images(answers, name)
    if len(maps) != len(answers) or maps.shape[2:] != answers.shape[2:]:
        raise QueryError(
            f"maps {maps.shape} and {name} {answers.shape} do not show the same items and pixels.",
            "Pass what the head is given (n, D, H, W) and what it answers (n, J, H, W).",
        )
    return maps, answers


def _check_images(images: ArrayLike, name: str) -> Float:
    images = np.asarray(images)
    if images.ndim != 4 or not images.size or images.dtype.kind not in "fiub":
        raise QueryError(
            f"{name} must be numbers (n, channels, H, W), not {images.shape}.", "Pass one map a joint."
        )
    images = images.astype(np.float32, copy=False)
    if not all(np.isfinite(image).all() for image in images):
        raise QueryError(f"{name} hold NaN or infinity.", "Check the network's output.")
    return images


def _peak_values(maps: Float, min_distance: int, peaks: int, border: int) -> Float:
    """Heights (m, peaks) of the highest peaks of ``m`` maps, -inf where there are fewer."""
    from scipy.ndimage import maximum_filter

    m, H, W = maps.shape
    reach = 2 * min_distance + 1
    is_peak = maps == maximum_filter(maps, size=(1, reach, reach), mode="nearest")
    is_peak &= maps > maps.min(axis=(1, 2), keepdims=True)
    if border:
        inner = np.zeros((H, W), bool)
        inner[border : H - border, border : W - border] = True
        is_peak &= inner
    which, row, column = np.nonzero(is_peak)
    height = maps[which, row, column]
    order = np.lexsort((column, row, -height, which))
    which, row, column, height = which[order], row[order], column[order], height[order]
    values = np.full((m, peaks), -np.inf, np.float32)
    for place in range(peaks):  # the highest left of every map; what is too close to it is the same plateau
        first = np.searchsorted(which, which)
        values[which[first], place] = height[first]
        far = np.maximum(np.abs(row - row[first]), np.abs(column - column[first])) >= min_distance
        which, row, column, height = which[far], row[far], column[far], height[far]
    return values


def _softmax_entropy(values: Float) -> Float:
    """Entropy (m,) of a softmax over each row's finite values; 0 where there is none."""
    top = values.max(axis=1, keepdims=True)
    e = np.exp(values - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=1, keepdims=True)
    return np.where(total[:, 0] > 0, entropies(e / np.maximum(total, 1e-30)), 0).astype(np.float32)
