"""What a person's call or a page's message brings along: of the right kind, or refused in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import LabelError, SpinError
from spin_nb.words import said_by, shown

MAX_PAGE_INTEGER = 2**53  # beyond, a page's numbers are not whole any more


def whole_number(value: Any, what: str, least: int = 0, error: type[SpinError] = LabelError) -> int:
    """Return ``value`` as an int from ``least`` up.

    A page's 3.0 is one; True and "3" are not.

    Raises
    ------
    error

    Examples
    --------
    >>> whole_number(3.0, "n"), whole_number(10**9, "n")
    (3, 1000000000)
    """
    is_number = isinstance(value, Integral | float) and not isinstance(value, bool)
    if not is_number or not least <= value <= MAX_PAGE_INTEGER or value % 1:
        raise error(
            f"{what}={shown(value)} is no whole number from {least} up.", f"Pass one: {what}={least}."
        )
    return int(value)


def real_number(value: object, what: str) -> float:
    """``value`` as a finite float.

    Raises
    ------
    LabelError
    """
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else np.nan
    except OverflowError:
        number = np.nan
    if not np.isfinite(number):
        raise LabelError(f"{what}={shown(value)} is no number.", "Pass a finite number.")
    return number


def text(value: object, what: str) -> str:
    """``value`` itself, where it is text.

    Raises
    ------
    LabelError
    """
    if not isinstance(value, str):
        raise LabelError(f"{what}={shown(value)} is no text.", "Pass it as text, in quotes.")
    return str(value)


def boolean(value: object, what: str, error: type[SpinError] = LabelError) -> bool:
    """``value`` itself, where it is True or False.

    Raises
    ------
    error
    """
    if not isinstance(value, bool):
        raise error(f"{what}={shown(value)} is neither True nor False.", f"Pass {what}=True or {what}=False.")
    return value


def rectangle(value: object, what: str) -> tuple[float, float, float, float]:
    """``value`` as (x, y, width, height).

    Raises
    ------
    LabelError
    """
    sides = sequence_of(value, what)
    if len(sides) != 4:
        raise LabelError(f"{what}={shown(value)} is no box.", "Pass [x, y, width, height].")
    x, y, width, height = (real_number(side, what) for side in sides)
    return x, y, width, height


def sequence_of(value: object, what: str) -> Sequence[Any]:
    """Return ``value`` itself if a list or tuple.

    Raises
    ------
    LabelError
    """
    if not isinstance(value, list | tuple):
        raise LabelError(f"{what}={shown(value)} is no list.", f"Pass a list: {what}=[...].")
    return value


def items_of(values: Iterable[Any], what: str, error: type[SpinError] = LabelError) -> list[Any]:
    """List a person's own iterable; a mapping as pairs.

    Raises
    ------
    error
        It fails while it is read.
    """
    try:
        return list(values.items()) if isinstance(values, Mapping) else list(values)
    except Exception as problem:
        raise error(
            f"{what} cannot be read: {said_by(problem)}.", "Pass a plain list or dictionary."
        ) from problem


def ids_of(items: object, what: str) -> list[str]:
    """Ids of items: one id, an iterable of them, or what has ``ids``, such as a slice; each once.

    Raises
    ------
    LabelError
        It is none of them.

    Examples
    --------
    >>> ids_of("img_7", "items"), ids_of(["a", "b", "a"], "items")
    (['img_7'], ['a', 'b'])
    """
    if isinstance(items, str):
        return [items]
    ids = getattr(items, "ids", items)
    if isinstance(ids, Mapping) or not isinstance(ids, Iterable):
        raise LabelError(
            f"{what}={shown(items)} is no list of item ids.", f"Pass an id, or {what}=[id, ...]."
        )
    return list(dict.fromkeys(text(id, f"an id of {what}") for id in items_of(ids, what)))


def is_file_name(name: str) -> bool:
    """Say whether text is the path of a file; what no path can be is none.

    Examples
    --------
    >>> is_file_name("x" * 5000)
    False
    """
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def field(message: Mapping[str, Any], name: str) -> Any:
    """Return the entry ``name`` of a page's message.

    Raises
    ------
    LabelError
        It says nothing there.
    """
    if name not in message:
        raise LabelError(f"the page sent a message without {name!r}.", "Reload the page.")
    return message[name]
