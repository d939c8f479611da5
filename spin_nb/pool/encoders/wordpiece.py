"""Texts -> numbers of word pieces, as BERT's uncased models take them.

The vocabulary is the one of google-research/bert (Copyright 2018 The Google AI Language Team Authors), under the Apache
License 2.0, which lies beside it.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

MAX_WORD_CHARACTERS = 100
"""A longer word is unknown as a whole."""
_CACHED_WORDS = 100_000
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@cache
def vocabulary() -> dict[str, int]:
    """Piece -> number, of 30,522 pieces; those that continue a word begin with "##".

    Examples
    --------
    >>> vocabulary()["[PAD]"], vocabulary()["the"], vocabulary()["##ing"]
    (0, 1996, 2075)
    """
    text = files("spin_nb.pool.encoders").joinpath("vocabulary", "uncased.txt").read_text(encoding="utf-8")
    return {piece: number for number, piece in enumerate(text.splitlines())}


def tokenize(text: str, limit: int) -> tuple[list[int], bool]:
    """Numbers of a text's pieces, and whether there would have been more than ``limit``.

    Accents and control characters go, letters become small; every mark of punctuation and every ideograph is a word;
    a word is cut into the longest pieces there are, from its beginning.

    Parameters
    ----------
    text : str
    limit : int
        Most numbers, the two that begin and end a text among them.

    References
    ----------
    Devlin et al. 2019, BERT; Wu et al. 2016, section 4.1 (word pieces).

    Examples
    --------
    >>> tokenize("Où est l'activation?", 256)
    ([101, 15068, 9765, 1048, 1005, 13791, 1029, 102], False)
    >>> tokenize("one two three", 4)
    ([101, 2028, 2048, 102], True)
    """
    numbers = [vocabulary()["[CLS]"]]
    room = limit - 1
    for word in unicodedata.normalize("NFD", text).translate(_characters).split():
        numbers += _pieces(word)
        if len(numbers) > room:
            return [*numbers[:room], vocabulary()["[SEP]"]], True
    return [*numbers, vocabulary()["[SEP]"]], False


class _Characters(dict[int, str]):
    """Character -> what it becomes, worked out when it is met for the first time."""

    def __missing__(self, code: int) -> str:
        self[code] = _character(chr(code))
        return self[code]


_characters = _Characters()


def _character(character: str) -> str:
    kind = unicodedata.category(character)
    if character in "\t\n\r" or kind in ("Zs", "Zl", "Zp"):
        return " "
    if kind in ("Cc", "Cf", "Co", "Cs", "Mn") or character == "\ufffd":
        return ""
    if _is_punctuation(character, kind) or any(low <= ord(character) <= high for low, high in _IDEOGRAPHS):
        return f" {character} "
    return character.lower()


def _is_punctuation(character: str, kind: str) -> bool:
    """Tell whether it is a mark by Unicode, or any of ASCII that is neither letter nor digit."""
    return kind[0] == "P" or (character.isascii() and not character.isalnum())


@lru_cache(maxsize=_CACHED_WORDS)
def _pieces(word: str) -> tuple[int, ...]:
    """Numbers of the longest pieces from the beginning of a word on."""
    table = vocabulary()
    unknown = (table["[UNK]"],)
    if len(word) > MAX_WORD_CHARACTERS:
        return unknown
    numbers: list[int] = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        end = next((end for end in range(len(word), start, -1) if prefix + word[start:end] in table), None)
        if end is None:
            return unknown
        numbers.append(table[prefix + word[start:end]])
        start = end
    return tuple(numbers)
