"""F1 of two sets of things, by how many of them can be paired one to one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Pairing = tuple[NDArray[np.intp], NDArray[np.intp]]

ROWS_PER_CHUNK = 128  # rows of the overlap matrix at once: 10,000 x 10,000 shapes would not fit in memory


def f1(n_matches: int, answer: int, truth: int) -> float:
    """Harmonic mean of precision and recall.

    It is 1.0 where both are empty (van Rijsbergen 1979).

    Examples
    --------
    >>> f1(2, 2, 3)
    0.8
    """
    return 2 * n_matches / (answer + truth) if answer + truth else 1.0


def f1_paired(pairs: Pairing, answer: int, truth: int) -> float:
    """F1 under the best one-to-one pairing.

    Parameters
    ----------
    pairs : (int (P,), int (P,))
        Rows of said and truth that may be paired.
    answer, truth : int
        How many there are.

    Notes
    -----
    The largest one-to-one matching of the graph of allowed pairs (Hopcroft & Karp 1973): the number that an
    optimal assignment of 0/1 gains finds, at ``O(P sqrt(n))`` instead of ``O(n^3)``.
    """
    if not len(pairs[0]):
        return f1(0, answer, truth)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    graph = csr_array((np.ones(len(pairs[0]), np.int8), pairs), shape=(answer, truth))
    return f1(int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum()), answer, truth)


def touching(
    answer: Sequence[dict[str, Any]], truth: Sequence[dict[str, Any]], a: Rows, b: Rows
) -> Iterator[tuple[Pairing, NDArray[np.float64]]]:
    """Pairs of the same label whose boxes overlap, and the area they share, some hundred rows of ``a`` at a time.

    Parameters
    ----------
    answer, truth : shapes with "label"
    a, b : float64 (n, 4) and (m, 4)
        Left, top, right, bottom of each.
    """
    words = {shape["label"]: i for i, shape in enumerate([*answer, *truth])}
    label_a, label_b = (np.array([words[s["label"]] for s in shapes]) for shapes in (answer, truth))
    for start in range(0, len(a), ROWS_PER_CHUNK):
        part, labels = (
            a[start : start + ROWS_PER_CHUNK, :, None],
            label_a[start : start + ROWS_PER_CHUNK, None],
        )
        wide = np.minimum(part[:, 2], b[:, 2]) - np.maximum(part[:, 0], b[:, 0])
        i, j = np.nonzero((wide > 0) & (labels == label_b))
        high = np.minimum(part[i, 3, 0], b[j, 3]) - np.maximum(part[i, 1, 0], b[j, 1])
        both = high > 0
        i, j = i[both], j[both]
        yield (i + start, j), wide[i, j] * high[both]
