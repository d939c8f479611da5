"""One class per item, out of a fixed list."""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable
from typing import Any, ClassVar

from spin_nb.errors import LabelError


def _canonical(name: str) -> str:
    # Two spellings that look the same on screen must be one class: macOS hands out decomposed file names.
    return unicodedata.normalize("NFC", name).strip()


def _checked_name(name: Any) -> str:
    if not isinstance(name, str):
        raise LabelError(
            f"class names are text; {name!r} is {type(name).__name__}.",
            'Write it as text, for example classes=["0", "1"].',
        )
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise LabelError(f"class name {name!r} is not valid Unicode text.", "Rename the class.") from None
    canonical = _canonical(name)
    if not canonical:
        raise LabelError(f"class name {name!r} is empty.", "Give every class a name a person can read.")
    return canonical


class Classes:
    """One class per item.

    Immutable, hashable; equal when the names are, in the same order.  Their order is the order of the columns
    of every ``probs`` array.

    Parameters
    ----------
    names : iterable of str
        At least two, no two alike.  Kept NFC-normalised, without surrounding white space.

    Attributes
    ----------
    names : tuple of str
        In column order.
    metric : str
        The word of the score shown for this task.
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
    """

    kind: ClassVar[str] = "classes"
    metric: ClassVar[str] = "accuracy"
    editor: ClassVar[str] = "classes"

    __slots__ = ("_index", "_names")

    def __init__(self, names: Iterable[str]) -> None:
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise LabelError(
                f"classes={names!r} is not a list of names.",
                'Pass a list, for example classes=["ok", "crack"].',
            )
        checked = tuple(_checked_name(name) for name in names)
        twice = sorted({name for name in checked if checked.count(name) > 1})
        if twice:
            raise LabelError(f"class {twice[0]!r} is listed twice.", "List every class once.")
        if len(checked) < 2:
            raise LabelError(
                f"{len(checked)} class leaves nothing to tell apart: {list(checked)}.",
                "List at least two classes.",
            )
        self._names = checked
        self._index = {name: i for i, name in enumerate(checked)}

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in column order."""
        return self._names

    def validate(self, value: Any) -> str:
        """Return the class that ``value`` names, as it is stored.

        Raises
        ------
        LabelError
            With the closest class.

        Examples
        --------
        >>> Classes(["ok", "crack"]).validate(" ok ")
        'ok'
        """
        if isinstance(value, str) and _canonical(value) in self._index:
            return _canonical(value)
        close = difflib.get_close_matches(str(value), self._names, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise LabelError(
            f"{value!r} is not a class of this project{hint}", f"Use one of: {', '.join(self._names)}."
        )

    def index(self, value: Any) -> int:
        """Column of ``value`` in every ``probs`` array.

        Raises
        ------
        LabelError
            ``value`` is not a class.

        Examples
        --------
        >>> Classes(["ok", "crack"]).index("ok")
        0
        """
        return self._index[self.validate(value)]

    def to_json(self) -> str:
        """Text that :meth:`from_json` reads back.

        Examples
        --------
        >>> Classes(["ok", "crack"]).to_json()
        '{"kind": "classes", "names": ["ok", "crack"]}'
        """
        return json.dumps({"kind": self.kind, "names": list(self._names)})

    @classmethod
    def from_json(cls, text: str) -> Classes:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        LabelError
            ``text`` is something else.

        Examples
        --------
        >>> Classes.from_json('{"kind": "classes", "names": ["ok", "crack"]}')
        Classes(['ok', 'crack'])
        """
        try:
            stored = json.loads(text)
        except ValueError:
            stored = None
        if not isinstance(stored, dict) or stored.get("kind") != cls.kind or "names" not in stored:
            raise LabelError(
                f"{text[:80]!r} does not describe a list of classes.", "Pass what Classes.to_json() returned."
            )
        return cls(stored["names"])

    def __len__(self) -> int:
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Classes) and other._names == self._names

    def __hash__(self) -> int:
        return hash(self._names)

    def __repr__(self) -> str:
        return f"Classes({list(self._names)})"
