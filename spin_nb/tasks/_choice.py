"""One out of a fixed list: what :class:`Classes` and :class:`Pairs` share."""

from __future__ import annotations

from typing import ClassVar

from spin_nb.tasks._names import known_name
from spin_nb.tasks.base import TaskBase
from spin_nb.types import Extent
from spin_nb.words import short


class OneOf(TaskBase):
    """A value is one of ``names``.

    Their order is that of the columns of every ``probs`` array.
    """

    one: ClassVar[str]  # what a name is called in messages
    numbers: ClassVar[bool] = False  # whether a whole number means the name of its text

    __slots__ = ("_index", "_names")

    def __init__(self, names: tuple[str, ...], /, **settings: object) -> None:
        self._names = names
        self._index = {name: i for i, name in enumerate(names)}
        super().__init__(**settings)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in column order."""
        return self._names

    @property
    def learns(self) -> str | None:
        """Kind of learning: "classes"."""
        return "classes"

    def validate(self, value: object, extent: Extent | None = None) -> str:
        """Return the name that ``value`` means, as it is stored.

        Raises
        ------
        LabelError
            With the closest name.

        Examples
        --------
        >>> from spin_nb.tasks import Classes
        >>> Classes(["ok", "crack"]).validate(" ok ")
        'ok'
        """
        return known_name(value, self._index, self.one, numbers=self.numbers)

    def index(self, value: object) -> int:
        """Column of ``value`` in every ``probs`` array.

        Raises
        ------
        LabelError
            ``value`` is not one of the names.

        Examples
        --------
        >>> from spin_nb.tasks import Classes
        >>> Classes(["ok", "crack"]).index("ok")
        0
        """
        return self._index[self.validate(value)]

    def describe(self, value: str) -> str:
        """Return the name itself, cut at 60 characters."""
        return short(value)

    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float:
        """1.0 where both are the same, else 0.0.

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> from spin_nb.tasks import Classes
        >>> Classes(["ok", "crack"]).score("ok", "crack")
        0.0
        """
        return float(self.validate(answer) == self.validate(truth))

    def __len__(self) -> int:
        return len(self._names)
