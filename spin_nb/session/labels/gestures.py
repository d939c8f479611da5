"""Which labels came many at a time, by one gesture of one class, and how much each of them counts in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from spin_nb.models.bulk_label_weights import bulk_label_weights


class Gestures:
    """Weights of labels that one gesture gave together.

    Labels of one call or gesture count less only where they are of one class, several, and nobody was asked for them:
    a call that gives labels of several classes tells how frequent they are, and what was asked was not chosen.  They
    count less than what was asked says, so only where more was asked than a person gave otherwise: whoever labels the
    rare class by hand and all the rest in one call has said how frequent the classes are.

    Parameters
    ----------
    n_classes : int
    """

    def __init__(self, n_classes: int) -> None:
        self._n_classes = n_classes
        self._of: dict[str, tuple[int, int | None]] = {}
        self._answers: set[str] = set()
        self._classes: dict[int, Counter[int]] = {}
        self._alone = np.zeros(n_classes, np.int64)
        self._together = np.zeros(n_classes, np.int64)
        self._weights = np.ones(n_classes)
        self._is_old = False
        self._version = 0
        self._signature: tuple[object, ...] = ()

    def put(self, item: str, label: int | None, gesture: int | None, *, is_answer: bool = False) -> bool:
        """Enter an item's class and gesture, or None.

        ``is_answer`` says that the label answers an ask.  Returns whether the item trains with the same class as
        before, but as part of another gesture, or as an answer and not before, or the other way round.
        """
        before, was_answer = self._of.pop(item, None), item in self._answers
        if before is not None:
            self._count(*before, -1)
        self._answers.discard(item)
        if label is not None:
            self._of[item] = label, gesture
            self._count(label, gesture, 1)
            if is_answer:
                self._answers.add(item)
        self._is_old = True
        return before is not None and before[0] == label and (before[1], was_answer) != (gesture, is_answer)

    def keep(self, items: Iterable[str]) -> None:
        """Forget all other items."""
        for item in self._of.keys() - set(items):
            self.put(item, None, None)

    def _count(self, label: int, gesture: int | None, n: int) -> None:
        if gesture is None:
            self._alone[label] += n
            return
        classes = self._classes.setdefault(gesture, Counter())
        self._enter(classes, -1)
        classes[label] += n
        if not classes[label]:
            del classes[label]
        self._enter(classes, 1)
        if not classes:
            del self._classes[gesture]

    def _enter(self, classes: Counter[int], sign: int) -> None:
        counts = self._together if _counts_less(classes) else self._alone
        for label, n in classes.items():
            counts[label] += sign * n

    @property
    def version(self) -> int:
        """Number that grows with every change of weights."""
        self._renew()
        return self._version

    def weight(self, item: str) -> float:
        """Return an item's weight, in labels."""
        self._renew()
        label, gesture = self._of[item]
        counts_less = gesture is not None and _counts_less(self._classes[gesture])
        return float(self._weights[label]) if counts_less else 1.0

    def weights(self, items: Collection[str]) -> NDArray[np.float64] | None:
        """Weights of items, float64 (n,), or None.

        It is None where each is one.
        """
        self._renew()
        if not self._signature:
            return None
        return np.fromiter(map(self.weight, items), np.float64, len(items))

    def _renew(self) -> None:
        if not self._is_old:
            return
        self._is_old = False
        weights = np.ones(self._n_classes)
        if self._together.any() and 2 * len(self._answers) > self._alone.sum():
            weights = bulk_label_weights(self._alone, self._together)
        signature: tuple[object, ...] = ()
        if (weights < 1).any():
            less = sorted(gesture for gesture, classes in self._classes.items() if _counts_less(classes))
            signature = (*less, *weights.tolist())
        if signature != self._signature:
            self._version += 1
        self._weights, self._signature = weights, signature


def _counts_less(classes: Counter[int]) -> bool:
    return len(classes) == 1 and classes.total() > 1
