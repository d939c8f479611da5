"""CAL: rows that the model sees differently from their labelled neighbours."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_k, check_labelled, check_probs, unlabelled
from spin_nb.query.batches._distances import Points
from spin_nb.query.mixture import make_picked
from spin_nb.threads import blocks, each_block, one_thread
from spin_nb.types import Float, Ints, Picked, Rows

MIN_PROBABILITY = np.float32(1e-7)


@one_thread()
def contrastive(
    probs: Float,
    features: Float,
    k: int,
    *,
    labelled_rows: Rows | None = None,
    neighbours: int = 10,
    seed: int = 0,
) -> Picked:
    """Pick the largest ``mean_j KL(p_j || p)`` over the nearest labelled rows ``j`` (CAL; Margatina et al. 2021).

    Similar in features, different in prediction: such rows lie near a boundary.  Published for language models that
    are trained on; with few labels and fixed features it is worse than random on digits at every batch size
    (:mod:`spin_nb.query.batches`), most at 50: the best ``k`` are picked as they come, near-duplicates of one another.

    Parameters
    ----------
    probs : float32 (n, C)
        Of the labelled rows too.
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,)
        Rows that are labelled already: at least one, never picked.
    neighbours : int
        Labelled rows compared with.
    seed : int
        Nothing is drawn: every seed gives the same batch.

    Returns
    -------
    Picked
        Scores are mean divergences, nats.

    Raises
    ------
    QueryError
        Nothing labelled, arrays that do not fit, ``k`` outside 1..rows left, no neighbours.

    Examples
    --------
    >>> probs = np.array([[1.0, 0], [0.9, 0.1], [0.2, 0.8]])
    >>> contrastive(probs, np.array([[0.0], [1], [1]]), 1, labelled_rows=[0]).indices.tolist()
    [2]
    """
    probs = check_probs(probs)
    features = check_features(features, n=len(probs))
    labelled_rows = check_labelled(labelled_rows, len(probs))
    left = np.flatnonzero(unlabelled(len(probs), labelled_rows))
    k = check_k(k, len(left))
    if not len(labelled_rows) or neighbours < 1:
        raise QueryError(
            f"contrastive compares with {neighbours} of {len(labelled_rows)} labelled rows: there are none.",
            "Label a few items first, chosen by 'typiclust' or at random.",
        )
    scores = _divergence(probs, features, left, labelled_rows, min(neighbours, len(labelled_rows)))
    order = np.argsort(-scores, kind="stable")[:k]
    return make_picked(left[order], scores[order], len(left), "seen differently from labelled neighbours")


def _divergence(probs: Float, features: Float, left: Ints, labelled_rows: Ints, neighbours: int) -> Float:
    """Mean KL from the nearest labelled rows, nats."""
    every = Points.about_mean(features)
    labelled_probs = np.maximum(probs[labelled_rows], MIN_PROBABILITY)
    labelled_probs /= labelled_probs.sum(axis=1, keepdims=True)
    certain = np.einsum("mc,mc->m", labelled_probs, np.log(labelled_probs))
    targets, out = every.take(labelled_rows).targets(), np.empty(len(left), np.float32)

    def work(block: slice) -> None:
        apart = every.take(left[block]).squared_distances(targets)
        near = np.argpartition(apart, neighbours - 1, axis=1)[:, :neighbours]
        p = np.maximum(probs[left[block]], MIN_PROBABILITY)
        p /= p.sum(axis=1, keepdims=True)
        out[block] = certain[near].mean(axis=1) - np.einsum(
            "rc,rc->r", labelled_probs[near].mean(axis=1), np.log(p)
        )

    each_block(work, blocks(len(left), max(len(labelled_rows), probs.shape[1] * neighbours)))
    return np.maximum(out, 0)
