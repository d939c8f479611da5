"""Characters that a person cannot see, and letters that look like others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_UNSEEN = ("Cc", "Cf")  # control and format characters
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
_TAGS = range(0xE0020, 0xE0080)  # they tell flags apart: England's from Scotland's
_ALIKE = str.maketrans(
    "АВЕІЈКМНОРСЅТУХаеіјкорсѕухһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABEIJKMHOPCSTYXaeijkopcsyxhdqwABEZHIKMNOPTYXo",
)


def unseen(text: str) -> list[str]:
    """Characters of ``text`` of which nothing is seen, spaces aside."""
    return [c for c in text if unicodedata.category(c) in _UNSEEN or c in _FILLERS]


def is_blank(text: str) -> bool:
    r"""Say whether nothing of ``text`` is seen.

    Examples
    --------
    >>> is_blank(" \u200b"), is_blank("a\u200b")
    (True, False)
    """
    return all(c.isspace() or c in _FILLERS or unicodedata.category(c) in _UNSEEN for c in text)


def visible_text(text: str) -> str:
    """``text`` as it looks.

    What is not seen is left out.
    """
    invisible = {c for c in unseen(text) if ord(c) not in _TAGS}
    return "".join(c for c in text if c not in invisible).strip()


def looks(text: str) -> str:
    """Text as it looks, equal for texts that look alike.

    Case, width, and Cyrillic and Greek letters like Latin make no difference.

    Examples
    --------
    >>> looks("ОК") == looks("ok")  # the first is Cyrillic
    True
    """
    return unicodedata.normalize("NFKC", visible_text(text).translate(_ALIKE)).casefold()


def codes(characters: Iterable[str]) -> str:
    r"""Code points as Unicode writes them, each once.

    Examples
    --------
    >>> codes("\u200b\u202e")
    'U+200B, U+202E'
    """
    return ", ".join(f"U+{ord(c):04X}" for c in dict.fromkeys(characters))
