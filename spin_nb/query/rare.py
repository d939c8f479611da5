"""The long tail: a class that has got far too few labels is looked for in every fourth ask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.types import Float, Ints

ASKS_PER_TURN = 4  # asks, of which one looks for the rarest class
MAX_RARE_SHARE = 2 / 3  # of an equal share of the labels: a class with more is not rare
SIGNIFICANCE = 0.01  # that a class as frequent as the others has so few labels, for all classes together


class Rare:
    """The class that is looked for, and its turns.

    Every few asks comes the turn of the row that is likeliest to belong to it.

    Parameters
    ----------
    probability : float32 (n,)
        Of every pool item, that it belongs to the class.
    number : int
        Of the first ask: with it the turns go on from one call to the next, whatever people answer.

    Examples
    --------
    >>> rare = Rare(np.array([0.1, 0.7, 0.2], np.float32), number=4)
    >>> rare.turn(), rare.turn(), rare.likeliest(np.array([True, False, True]))
    (True, False, 2)
    """

    reason = f"one ask in {ASKS_PER_TURN} looks for the rarest class"

    def __init__(self, probability: Float, number: int) -> None:
        self._probability, self._next = probability, number

    def turn(self) -> bool:
        """Count an ask; say whether it looks for the class."""
        self._next += 1
        return self._next % ASKS_PER_TURN == 1

    def likeliest(self, left: NDArray[np.bool_]) -> int:
        """The row left that likeliest belongs to it.

        It is the lowest where several are.
        """
        rows = np.flatnonzero(left)
        return int(rows[np.argmax(self._probability[rows])])


def rarest(labels: Ints, n_classes: int) -> int | None:
    """The class with fewest labels where that is no chance, None where there is none.

    It has a label, less than two thirds of an equal share of them, and so few as would come about in less than one case
    in a hundred if all classes were asked equally often.

    Examples
    --------
    >>> rarest(np.array([0] * 19 + [1]), 2), rarest(np.array([0, 0, 0, 1]), 2), rarest(np.zeros(20, int), 2)
    (1, None, None)
    """
    from scipy.special import bdtr  # the same as scipy.stats.binom.cdf, which takes a second to import

    counts = np.bincount(labels, minlength=n_classes)
    known_classes = np.flatnonzero(counts)
    if len(known_classes) < 2:
        return None
    fewest = int(known_classes[np.argmin(counts[known_classes])])
    few = counts[fewest] < MAX_RARE_SHARE * len(labels) / n_classes
    no_chance = bdtr(counts[fewest], len(labels), 1 / n_classes) < SIGNIFICANCE / n_classes
    return fewest if few and no_chance else None
