"""MaxHerding: coverage that fades with distance instead of ending at a radius."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_k, check_labelled, unlabelled
from spin_nb.query.batches._coverage import cover
from spin_nb.query.mixture import make_picked
from spin_nb.threads import one_thread
from spin_nb.types import Float, Picked, Rows


@one_thread()
def max_herding(
    features: Float, k: int, *, labelled_rows: Rows | None = None, sigma: float = 1.0, seed: int = 0
) -> Picked:
    """Pick the rows that most others resemble.

    Each is the row that adds most to ``mean_j max_{i labelled or picked} s(x_i, x_j)`` (Bae, Noh & Sutherland
    2024).

    ``s = exp(-|x - y|^2 / sigma^2)`` between features scaled to length 1, as in the published code.  :func:`probcover`
    is the same with a similarity that is 1 within a radius and 0 beyond; this one has no radius to miss, and is ahead
    of it in the paper and on digits (:mod:`spin_nb.query.batches`).  Representative first, so made for the first
    labels; nothing collapses at batches of 1, 10 or 50, which are prefixes of one another.

    Exact up to 7,000 rows left; of more, a uniform sample of 7,000 is picked from and covered (the published code
    takes 35,000, which is 5 GB).

    Parameters
    ----------
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already: they cover what is near, never picked.
    sigma : float
        Length scale, of features of length 1.
    seed : int
        Of the sample.

    Returns
    -------
    Picked
        Scores are what each adds to the mean similarity, 0 to 1.

    Raises
    ------
    QueryError
        Not (n, d), NaN, ``k`` outside 1..rows left, ``sigma`` of 0 or less.

    Examples
    --------
    >>> max_herding(np.array([[1.0, -0.1], [1, 0], [1, 0.1], [-1, 0]]), 2).indices.tolist()
    [1, 3]
    """
    features = check_features(features)
    labelled_rows = check_labelled(labelled_rows, len(features))
    left = unlabelled(len(features), labelled_rows)
    k = check_k(k, n_left := int(left.sum()))
    if not (np.isfinite(sigma) and sigma > 0):
        raise QueryError(f"sigma must be above 0, not {sigma}.", "Use 1: features are scaled to length 1.")
    lengths = np.sqrt(np.einsum("nd,nd->n", features, features))
    unit = features / np.maximum(lengths, np.float32(1e-12))[:, None]
    sharpness = np.float32(-1 / sigma**2)

    def similarity(distances: Float) -> Float:
        distances *= sharpness
        return np.exp(distances, out=distances)

    rows, gains, _ = cover(unit, labelled_rows, left, k, similarity, seed)
    return make_picked(rows, gains, n_left, "typical of rows that nothing labelled resembles")
