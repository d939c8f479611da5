"""Lists of names (classes, labels, points, grades), and the one that a value means."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

from spin_nb.errors import LabelError
from spin_nb.tasks._unseen import codes, is_blank, looks, unseen, visible_text
from spin_nb.words import listing, said_by, shown

MAX_NUMBER_AS_NAME = 10**100  # as a whole number
MAX_CANONICAL_CHARACTERS = (
    100_000  # characters that are brought to canonical form; a longer one stands as it is
)


def canonical(name: str) -> str:
    """NFC, without surrounding white space."""
    # Two spellings that look the same on screen must be one class: macOS hands out decomposed file names.
    return unicodedata.normalize("NFC", name).strip()


def checked_names(
    names: object, one: str, many: str, least: int = 1, *, numbers: bool = False
) -> tuple[str, ...]:
    """``names`` as a tuple of canonical names, no two alike.

    Parameters
    ----------
    names : iterable of str
    one, many : str
        What is listed, for the messages: "class", "classes".
    least : int
        How many there must be.
    numbers : bool
        A whole number is the name of its text.

    Raises
    ------
    LabelError
        Too few; a name that is empty, not text or there twice, as far as a person can see.

    Examples
    --------
    >>> checked_names(["car", " bike "], "label", "labels")
    ('car', 'bike')
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise LabelError(
            f"{many}={shown(names)} is not a list of names.",
            f'Pass a list, for example {many}=["ok", "crack"].',
        )
    candidates = _as_list(names, many)
    unique_names = tuple(_checked_name(as_name(name) if numbers else name, one, many) for name in candidates)
    twice = sorted(name for name, times in Counter(unique_names).items() if times > 1)
    if twice:
        raise LabelError(f"{one} {shown(twice[0])} is listed twice.", f"List every {one} once.")
    _refuse_alike(unique_names, one)
    if len(unique_names) < least:
        few = "leaves nothing to tell apart" if least > 1 else "leaves nothing to say"
        raise LabelError(
            f"{len(unique_names)} {one} {few}: {shown(list(unique_names))}.",
            f"List at least {'two ' + many if least > 1 else 'one ' + one}.",
        )
    return unique_names


def as_name(value: object) -> Any:
    """A whole number as the name it means, anything else as it is: classes are numbers in many a data set.

    Examples
    --------
    >>> as_name(7), as_name(True), as_name(1.0)
    ('7', True, 1.0)
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) < MAX_NUMBER_AS_NAME:
        return str(int(value))
    return value


def _as_list(names: Iterable[Any], many: str) -> list[Any]:
    try:
        return list(names)
    except Exception as problem:  # of a person's own generator
        raise LabelError(
            f"{many}= cannot be listed: {said_by(problem)}.", "Pass a list of names."
        ) from problem


def _refuse_alike(names: tuple[str, ...], one: str) -> None:
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(visible_text(name), name)
        if other != name:
            raise LabelError(
                f"{one} names {shown(other)} and {shown(name)} look the same: "
                f"they differ in {codes(unseen(other + name))}, which nobody sees.",
                f"Remove it, or list the {one} once.",
            )


def _checked_name(name: object, one: str, many: str) -> str:
    if not isinstance(name, str):
        raise LabelError(
            f"{one} names are text; {shown(name)} is {type(name).__name__}.",
            f'Write it as text, for example {many}=["0", "1"].',
        )
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise LabelError(
            f"{one} name {shown(name)} is not valid Unicode text.", f"Rename the {one}."
        ) from None
    plain = canonical(name)
    if is_blank(plain):
        only = f": nobody sees {codes(plain)}" if plain else ""
        raise LabelError(
            f"{one} name {shown(name)} is empty{only}.", f"Give every {one} a name a person can read."
        )
    return plain


def known_name(
    value: object, names: Mapping[str, Any], one: str, where: str = "", *, numbers: bool = False
) -> str:
    """The one of ``names`` that ``value`` means.

    With ``numbers`` a whole number means its text.

    Raises
    ------
    LabelError
        None of them, with the closest; ``where`` begins the message.

    Examples
    --------
    >>> known_name("crak", {"ok": 0, "crack": 1}, "class")
    Traceback (most recent call last):
    ...
    spin_nb.errors.LabelError: 'crak' is not a class of this project; did you mean 'crack'?
      -> Use one of: ok, crack.
    """
    if type(value) is str and value in names:  # as it is stored: ten thousand labels of one gesture are
        return value
    value = as_name(value) if numbers else value
    if isinstance(value, str):
        name = canonical(value) if len(value) <= MAX_CANONICAL_CHARACTERS else value
        if name in names:
            return name
    text = value[:100] if isinstance(value, str) else shown(value)
    like = looks(text)
    twin = next((name for name in names if looks(name) == like), None)
    close = [twin] if twin is not None else difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    hint = f"; did you mean {shown(close[0])}?" if close else "."
    if twin is not None:
        hint += _difference(text, twin)
    article = "an" if one[0] in "aeiou" else "a"
    raise LabelError(
        f"{where}{shown(value)} is not {article} {one} of this project{hint}",
        f"Use one of: {listing(names)}.",
    )


def _difference(text: str, name: str) -> str:
    """Words for the difference of two that look alike.

    There are none where that can be seen, as case can.
    """
    odd = [c for c in text if c not in name and not c.isascii()]
    missing = [c for c in name if c not in text and not c.isascii()]
    parts = [f"this one has {codes(odd)}"] if odd else []
    parts += [f"that one has {codes(missing)}"] if missing else []
    return f" They look alike, but {' and '.join(parts)}." if parts else ""
