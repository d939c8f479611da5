"""One class per item, out of a fixed list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from spin_nb.tasks._choice import OneOf
from spin_nb.tasks._names import checked_names


class Classes(OneOf):
    """One class per item.

    It is immutable and hashable, and equal when the names are, in the same order.  Their order is the order
    of the columns of every ``probs`` array.

    Parameters
    ----------
    names : iterable of str
        At least two, no two alike.  Kept NFC-normalised, without surrounding white space; a whole number is kept as
        its text, and means that class as a label, too.

    Attributes
    ----------
    names : tuple of str
        In column order.
    metric : str
        "accuracy": the score of an item is 1 where the class is the true one, else 0.
    editor : str
        Which editor the labeller shows.

    Raises
    ------
    LabelError
        Fewer than two names; a name that is empty, not text or there twice.

    Examples
    --------
    >>> task = Classes(["ok", "crack", "dent"])
    >>> task.index("crack")
    1
    >>> task.validate("dnet")
    Traceback (most recent call last):
    ...
    spin_nb.errors.LabelError: 'dnet' is not a class of this project; did you mean 'dent'?
      -> Use one of: ok, crack, dent.
    >>> task.to_json()
    '{"kind": "classes", "names": ["ok", "crack", "dent"]}'
    >>> Classes.from_json('{"kind": "classes", "names": ["ok", "crack"]}')
    Classes(['ok', 'crack'])
    """

    kind: ClassVar[str] = "classes"
    editor: ClassVar[str] = "classes"
    metric: ClassVar[str] = "accuracy"
    about: ClassVar[str] = "a list of classes"
    one: ClassVar[str] = "class"
    numbers: ClassVar[bool] = True

    __slots__ = ()

    def __init__(self, names: Iterable[str]) -> None:
        unique_names = checked_names(names, "class", "classes", least=2, numbers=True)
        super().__init__(unique_names, names=unique_names)

    def with_names(self, names: Iterable[str]) -> Classes:
        """Return the task with other classes."""
        return type(self)(names)

    def translate(self, value: str, name_now: Callable[[str], str | None]) -> str | None:
        """Return what a label says when classes are called otherwise; None where its class is gone.

        Examples
        --------
        >>> Classes(["ok", "scratch"]).translate("crack", {"crack": "scratch"}.get)
        'scratch'
        """
        return name_now(value)
