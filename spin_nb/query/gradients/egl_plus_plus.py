"""EGL++: expected gradient length with the labels of similar labelled items instead of the model's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_labelled, check_labels, check_probs
from spin_nb.query.gradients.egl import head_norms
from spin_nb.query.gradients.heatmaps import average_pool, check_maps, scaled_norms
from spin_nb.query.gradients.neighbours import soft_neighbours
from spin_nb.types import Float, Rows

PERPLEXITY = 20.0
NEIGHBOURS = 30


def egl_plus_plus(
    probs: Float,
    features: Float,
    labelled_rows: Rows,
    labels: Rows,
    *,
    perplexity: float = PERPLEXITY,
    neighbours: int = NEIGHBOURS,
    paper_compat: bool = False,
) -> Float:
    """Expected squared gradient, labels taken from neighbours.

    It is the gradient of a softmax layer; the neighbours are labelled (Shukla 2022, EGL++).

    ``sum_j q(j|i) |p_i - e_yj|^2 (|x_i|^2 + 1)``: long where the prediction contradicts similar labelled items, also
    where the model is sure and wrong, which :func:`egl` cannot see.  ``q`` are t-SNE's input weights on ``features``.

    Parameters
    ----------
    probs : float32 (n, C)
    features : float32 (n, d)
        What the layer is given, and where neighbours are looked for.
    labelled_rows : int (m,)
        Labelled rows, one or more.
    labels : int (m,)
        Class index of each.
    perplexity : float
        Effective number of labelled neighbours, above 1.
    neighbours : int
        Nearest labelled rows that count at most.
    paper_compat : bool
        As the published code: perplexity as 2 to an entropy in nats (20 is really 75.3), kept weights not scaled up.

    Returns
    -------
    float32 (n,)
        Squared nats per squared unit of weight; 0 for labelled rows.

    Raises
    ------
    QueryError
        Shapes that do not fit, no labelled rows, classes outside ``probs``.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]], np.float32)
    >>> x = np.array([[0.0], [0.1], [5.1], [5.0]], np.float32)
    >>> score = egl_plus_plus(probs, x, [0, 3], [0, 1], perplexity=1.1)
    >>> score.argmax().item()  # said to be class 0, beside a labelled_rows item of class 1
    2
    """
    probs = check_probs(probs)
    features = check_features(features, n=len(probs))
    labelled_rows = check_labelled(labelled_rows, len(probs))
    labels = check_labels(labels, labelled_rows, probs.shape[1])
    one_hot = np.eye(probs.shape[1], dtype=np.float32)[labels]
    out = np.zeros(len(probs), np.float32)
    neighbourhoods = soft_neighbours(
        features, labelled_rows, perplexity=perplexity, neighbours=neighbours, paper_compat=paper_compat
    )
    for rows, nearest, weights in neighbourhoods:
        p = probs[rows]
        by_class = np.einsum("rk,rkc->rc", weights, one_hot[nearest])
        length = (np.einsum("rc,rc->r", p, p) + 1) * weights.sum(axis=1) - 2 * np.einsum(
            "rc,rc->r", by_class, p
        )
        out[rows] = np.maximum(length, 0) * head_norms(features[rows])
    return out


def egl_plus_plus_heatmaps(
    maps: Float,
    heatmaps: Float,
    labelled_rows: Rows,
    *,
    targets: ArrayLike | None = None,
    visible: ArrayLike | None = None,
    features: Float | None = None,
    perplexity: float = PERPLEXITY,
    neighbours: int = NEIGHBOURS,
    paper_compat: bool = False,
) -> Float:
    """EGL++ of a heatmap head, in closed form.

    The head is a 1x1 convolution under mean squared error (Shukla 2022).

    ``sum_j q(j|i) |grad loss(heatmaps_i, targets_j)|^2`` over the head's weights and biases
    (:func:`~spin_nb.query.head_gradient`).  The published code back-propagates through the whole network,
    30 times an image; the head alone took a 1,000th of that time.

    Parameters
    ----------
    maps : float32 (n, D, H, W)
        What the head is given.
    heatmaps : float32 (n, J, H, W)
        What the head answers.
    labelled_rows : int (m,)
        Labelled rows, one or more.
    targets : float32 (m, J, H, W), optional
        Heatmaps of the labelled rows; the network's own answers on them by default, as published.
    visible : bool (m, J), optional
        Joints that were labelled; the others add nothing to the loss.
    features : float32 (n, d), optional
        Where neighbours are looked for; ``maps`` averaged over pixels by default, as published.
    perplexity, neighbours, paper_compat
        As :func:`egl_plus_plus`.

    Returns
    -------
    float32 (n,)
        Squared loss per squared unit of weight; 0 for labelled rows.

    Raises
    ------
    QueryError
        Shapes that do not fit, no labelled rows, NaN.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> maps, heatmaps = rng.random((5, 4, 8, 8)), rng.random((5, 3, 8, 8))
    >>> egl_plus_plus_heatmaps(maps, heatmaps, [0, 1]).shape
    (5,)
    """
    maps, heatmaps = check_maps(maps, heatmaps)
    n, J = heatmaps.shape[:2]
    labelled_rows = check_labelled(labelled_rows, n)
    references = (
        heatmaps[labelled_rows]
        if targets is None
        else _fitting("targets", targets, (len(labelled_rows), *heatmaps.shape[1:]))
    )
    is_visible = None if visible is None else _fitting("visible", visible, (len(labelled_rows), J))
    features = average_pool(maps) if features is None else check_features(features, n=n)
    flat, answers = maps.reshape(n, maps.shape[1], -1), heatmaps.reshape(n, J, -1)
    references = references.reshape(len(labelled_rows), J, -1)
    out = np.zeros(n, np.float32)
    neighbourhoods = soft_neighbours(
        features, labelled_rows, perplexity=perplexity, neighbours=neighbours, paper_compat=paper_compat
    )
    for rows, nearest, weights in neighbourhoods:
        for row, near, weight in zip(rows, nearest, weights, strict=True):
            residual = answers[row] - references[near]
            if is_visible is not None:
                residual *= is_visible[near][:, :, None]
            out[row] = weight @ scaled_norms(flat[row], residual)
    return out


def _fitting(name: str, array: ArrayLike, shape: tuple[int, ...]) -> Float:
    array = np.asarray(array)
    if array.shape != shape or not np.isfinite(array).all():
        raise QueryError(
            f"{name} must be finite numbers of shape {shape}, not {array.shape}.",
            "Pass one for each labelled row.",
        )
    return array.astype(np.float32)
