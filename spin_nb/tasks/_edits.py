"""How many characters differ."""

from __future__ import annotations

from collections import defaultdict


def levenshtein(a: str, b: str) -> int:
    """Fewest insertions, deletions and substitutions of characters that turn ``a`` into ``b``.

    It is exact at every length, ``O(len(a) len(b) / w)``: one column of the table at a time, in the bits of
    two whole numbers, vertical differences +1 and -1 (Myers 1999, in the form of Hyyrö 2003).

    Examples
    --------
    >>> levenshtein("kitten", "sitting")
    3
    """
    if not a or not b:
        return len(a) + len(b)
    where: defaultdict[str, int] = defaultdict(int)
    for i, character in enumerate(a):
        where[character] |= 1 << i
    last, every, distance = 1 << (len(a) - 1), (1 << len(a)) - 1, len(a)
    up, down = every, 0
    for character in b:
        same = where.get(character, 0)
        diagonal = (((same & up) + up) ^ up) | same | down
        right, left = down | ~(diagonal | up), diagonal & up
        distance += bool(right & last) - bool(left & last)
        right, left = (right << 1) | 1, left << 1
        up, down = (left | ~(diagonal | right)) & every, right & diagonal & every
    return distance
