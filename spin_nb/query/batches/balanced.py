"""Class-balanced batches: as many labels of every class as can be had."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_k, check_labelled, check_labels, check_probs, unlabelled
from spin_nb.query.mixture import make_picked
from spin_nb.query.scores import margin
from spin_nb.types import Float, Picked, Rows


def class_balanced(
    probs: Float,
    k: int,
    *,
    labelled_rows: Rows | None = None,
    labels: Rows | None = None,
    weight: float = 0.1,
    seed: int = 0,
) -> Picked:
    """Pick uncertain rows that even out the classes.

    It goes by what the model expects of them (Bengar et al. 2022).

    Every class should have ``(m + k) / C`` labels; ``r`` is what each still lacks.  The batch minimises
    ``-sum margin + weight |r - sum p|_1``, greedily: each pick subtracts its probabilities from ``r``.  The published
    program is solved over the whole pool at once; the greedy one is ``n C`` a pick and needs no solver.

    Wants probabilities worth trusting: while the model has not seen a class, it cannot look for it.  Margins seek rare
    classes by themselves: on digits, which are balanced, and on digits with five classes thinned to a tenth this is no
    better than margins alone.  Batches of 1 do not collapse; 10 and 50 are near-duplicates, as the highest margins are
    (:mod:`spin_nb.query.batches`).

    Parameters
    ----------
    probs : float32 (n, C)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    labels : int (m,), optional
        Their classes.
    weight : float
        Of balance against uncertainty, both per label; 0 is margin sampling.
    seed : int
        Nothing is drawn: every seed gives the same batch.

    Returns
    -------
    Picked
        Scores are margin uncertainty + ``weight`` x the imbalance that each removes.

    Raises
    ------
    QueryError
        Arrays that do not fit, labels without rows, ``k`` outside 1..rows left, a negative ``weight``.

    Examples
    --------
    >>> probs = np.array([[1.0, 0], [0.9, 0.1], [0.1, 0.9]])
    >>> class_balanced(probs, 1, labelled_rows=[0], labels=[0]).indices.tolist()
    [2]
    """
    probs = check_probs(probs)
    n, C = probs.shape
    labelled_rows = check_labelled(labelled_rows, n)
    y = check_labels(np.zeros(0, np.int64) if labels is None else labels, labelled_rows, C)
    left = unlabelled(n, labelled_rows)
    k = check_k(k, n_left := int(left.sum()))
    if not (np.isfinite(weight) and weight >= 0):
        raise QueryError(f"weight must be 0 or more, not {weight}.", "Use 0.1.")
    lacking = np.maximum((len(labelled_rows) + k) / C - np.bincount(y, minlength=C), 0).astype(np.float32)
    uncertain, ones = margin(probs), np.ones(C, np.float32)
    rows: list[int] = []
    scores: list[float] = []
    for _ in range(k):
        reduction = np.abs(lacking).sum() - np.abs(lacking - probs) @ ones
        value = uncertain + np.float32(weight) * reduction
        rows.append(row := int(np.argmax(np.where(left, value, -np.inf))))
        scores.append(float(value[row]))
        left[row] = False
        lacking -= probs[row]
    return make_picked(rows, scores, n_left, "uncertain, of the classes that lack labels")
