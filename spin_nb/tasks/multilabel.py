"""Any number of classes per item, out of a fixed list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.tasks._likely import prediction, probability
from spin_nb.tasks._matching import f1
from spin_nb.tasks._names import checked_names, known_name
from spin_nb.tasks._values import entries
from spin_nb.tasks.base import TaskBase
from spin_nb.types import Extent, Float
from spin_nb.words import short

SPREAD = (
    0.2  # how far from its 0 or 1 a target is read: a mean of .5 + .2 with no doubt is right in 84 % of cases
)


class MultiLabel(TaskBase):
    """Several classes per item, or none.

    A value is a list of names in the task's order, each once; [] says that none of them applies.

    Parameters
    ----------
    names : iterable of str
        At least one, no two alike.

    Attributes
    ----------
    metric : str
        "F1" of the two sets; 1 where both are empty.

    Raises
    ------
    LabelError
        No names; a name that is empty, not text or there twice.

    Examples
    --------
    >>> task = MultiLabel(["car", "rain", "night"])
    >>> task.validate({"night", "car"})
    ['car', 'night']
    >>> task.describe([])
    'none of them'
    """

    kind: ClassVar[str] = "multilabel"
    editor: ClassVar[str] = "multilabel"
    metric: ClassVar[str] = "F1"
    about: ClassVar[str] = "several classes"

    __slots__ = ("_index",)

    def __init__(self, names: Iterable[str]) -> None:
        unique_names = checked_names(names, "class", "classes")
        self._index = {name: i for i, name in enumerate(unique_names)}
        super().__init__(names=unique_names)

    def with_names(self, names: Iterable[str]) -> MultiLabel:
        """Return the task with other classes."""
        return type(self)(names)

    def translate(self, value: list[str], name_now: Callable[[str], str | None]) -> list[str]:
        """Return what a label says when classes are called otherwise; those that are gone are left out.

        Examples
        --------
        >>> MultiLabel(["car", "dark"]).translate(["night", "car"], {"night": "dark", "car": "car"}.get)
        ['car', 'dark']
        """
        names_now = {name_now(name) for name in value}
        return [name for name in self.names if name in names_now]

    @property
    def outputs(self) -> int:
        """Width of the target: one number a class."""
        return len(self.names)

    def validate(self, value: object, extent: Extent | None = None) -> list[str]:
        """Return the names in ``value``, a list, tuple, set or array of them, as they are stored.

        Raises
        ------
        LabelError
            Not a list, or a name that is not a class, with the closest one.

        Examples
        --------
        >>> MultiLabel(["car", "rain"]).validate(("rain", "rain"))
        ['rain']
        """
        values = list(value) if isinstance(value, set | frozenset) else value
        answer = {
            known_name(v, self._index, "class") for v in entries(values, "the label", f"[{self.names[0]!r}]")
        }
        return [name for name in self.names if name in answer]

    def describe(self, value: list[str]) -> str:
        """Return the names with commas between, or "none of them"."""
        return short(", ".join(value)) if value else "none of them"

    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float:
        """F1 of the two sets of names.

        It is 1.0 where both are empty.

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> MultiLabel(["a", "b", "c"]).score(["a", "b"], ["a"])
        0.6666666666666666
        """
        answer, truth = set(self.validate(answer)), set(self.validate(truth))
        return f1(len(answer & truth), len(answer), len(truth))

    def target(self, value: object, extent: Extent | None = None) -> Float:
        """1 for every class that applies, else 0.

        It is float32 (outputs,).

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> MultiLabel(["a", "b", "c"]).target(["a", "c"])
        array([1., 0., 1.], dtype=float32)
        """
        answer = self.validate(value)
        return np.array([name in answer for name in self.names], np.float32)

    def suggestion(
        self, mean: ArrayLike, sd: ArrayLike, extent: Extent | None = None
    ) -> tuple[list[str], float]:
        """Suggest the classes that are likelier than not.

        Class c applies with ``P_c = Phi((mean_c - .5) / sqrt(sd_c^2 + .2^2))``.

        Parameters
        ----------
        mean, sd : (outputs,)
            Of the predicted target, each class a normal.

        Returns
        -------
        value : list of str
            Those with ``P_c > .5``.
        p : float
            Probability that the whole set is right, classes taken to be independent: the product of
            ``max(P_c, 1 - P_c)``.

        Raises
        ------
        ModelError
            Other shapes, numbers that are not finite.

        Examples
        --------
        >>> value, p = MultiLabel(["a", "b"]).suggestion([0.9, 0.1], [0.1, 0.1])
        >>> value, round(p, 2)
        (['a'], 0.93)
        """
        from scipy.special import ndtr

        mean, sd = prediction(mean, sd, self.outputs)
        applies = ndtr((mean - 0.5) / np.hypot(sd, SPREAD))
        value = [name for name, p in zip(self.names, applies, strict=True) if p > 0.5]
        return value, probability(float(np.prod(np.maximum(applies, 1 - applies))))
