"""Learning loss: a small head learns which items the model gets wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_labelled, check_labels, check_probs, check_values
from spin_nb.threads import blocks
from spin_nb.types import Float, Ints, Rows

N_HIDDEN = 128  # as published
MARGIN = 1.0
N_STEPS = 500
BATCH_SIZE = 128


def learning_loss(
    probs: Float, features: Float, labelled_rows: Rows, labels: Rows, *, seed: int = 0
) -> Float:
    """Predicted loss of each item.

    A head is trained on the losses of the labelled ones (Yoo & Kweon 2019).

    The loss of a labelled item is ``-log p_y``.  What the model was trained on it gets right: pass probabilities from
    held-out folds for the labelled rows where you have them.

    Parameters
    ----------
    probs : float32 (n, C)
    features : float32 (n, d)
    labelled_rows : int (m,)
        Labelled rows, two or more.
    labels : int (m,)
        Class index of each.
    seed : int

    Returns
    -------
    float32 (n,)
        No unit: only the order means something.

    Raises
    ------
    QueryError
        Shapes that do not fit, fewer than two labelled rows.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
    >>> probs = np.hstack([0.5 + 0.4 * x, 0.5 - 0.4 * x])  # always class 0: surest for large x
    >>> score = learning_loss(probs, x, np.arange(0, 50, 5), np.zeros(10, int))
    >>> bool(score[1] > score[48])
    True
    """
    probs = check_probs(probs)
    labelled_rows = check_labelled(labelled_rows, len(probs))
    labels = check_labels(labels, labelled_rows, probs.shape[1])
    losses = -np.log(np.maximum(probs[labelled_rows, labels], np.float32(1e-30)))
    return predicted_loss(check_features(features, n=len(probs)), labelled_rows, losses, seed=seed)


def predicted_loss(features: Float, labelled_rows: Rows, losses: ArrayLike, *, seed: int = 0) -> Float:
    """Predicted loss of each item, from any losses.

    The losses are those of the labelled ones: of keypoints, boxes, regression.

    One hidden layer of 128, trained on pairs with ``max(0, 1 - sign(l_i - l_j)(s_i - s_j))``: it learns which of two
    items is harder, so the losses' own scale, which falls as the model trains, does not matter.  The features get no
    gradient from it.

    Parameters
    ----------
    features : float32 (n, d)
    labelled_rows : int (m,)
        Rows whose loss is known, two or more.
    losses : float32 (m,)
        Loss of each, any unit.
    seed : int

    Returns
    -------
    float32 (n,)
        No unit: only the order means something.

    Raises
    ------
    QueryError
        Shapes that do not fit, NaN, fewer than two labelled rows.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
    >>> score = predicted_loss(x, np.arange(0, 50, 5), np.linspace(0, 1, 10))
    >>> bool(score[49] > score[0])
    True
    """
    features = check_features(features)
    labelled_rows = check_labelled(labelled_rows, len(features))
    if len(labelled_rows) < 2:
        raise QueryError(
            f"learning loss compares labelled items: {len(labelled_rows)} is too few.", "Label two or more."
        )
    losses = check_values(losses, "losses", n=len(labelled_rows))
    labelled_features = features[labelled_rows]
    middle, scale = labelled_features.mean(axis=0), labelled_features.std(axis=0)
    scale = np.maximum(scale, np.float32(1e-6) * max(float(scale.max()), 1e-6))
    w1, b1, w2 = _train((labelled_features - middle) / scale, losses, seed)
    out = np.empty(len(features), np.float32)
    for rows in blocks(len(features), max(N_HIDDEN, features.shape[1])):
        out[rows] = np.maximum((features[rows] - middle) / scale @ w1 + b1, 0) @ w2
    return out


def _train(x: Float, losses: Float, seed: int) -> tuple[Float, Float, Float]:
    """Weights (d, 128), biases (128,) and output weights (128,).

    An output bias would change no order.
    """
    import torch

    rng = np.random.default_rng(seed)
    w1, b1, w2 = (
        torch.tensor(values.astype(np.float32), requires_grad=True)
        for values in (
            rng.normal(0, np.sqrt(2 / x.shape[1]), (x.shape[1], N_HIDDEN)),
            np.zeros(N_HIDDEN),
            rng.normal(0, np.sqrt(1 / N_HIDDEN), N_HIDDEN),
        )
    )
    inputs, truth = torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(losses)
    optimiser = torch.optim.Adam([w1, b1, w2], lr=1e-3, weight_decay=5e-4)
    for batch in _batches(len(x), rng):
        at = torch.from_numpy(batch)
        score = torch.relu(inputs[at] @ w1 + b1) @ w2
        half = len(at) // 2
        order = torch.sign(truth[at[:half]] - truth[at[half:]])
        loss = torch.relu(MARGIN - order * (score[:half] - score[half:])).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return tuple(t.detach().numpy() for t in (w1, b1, w2))  # type: ignore[return-value]


def _batches(m: int, rng: np.random.Generator) -> list[Ints]:
    """:data:`N_STEPS` batches of pairs (i, i + half), every item once an epoch but for an odd one."""
    size = min(BATCH_SIZE, m - m % 2)
    batches: list[Ints] = []
    while len(batches) < N_STEPS:
        order = rng.permutation(m)
        batches += [order[at : at + size] for at in range(0, m - size + 1, size)]
    return batches[:N_STEPS]
