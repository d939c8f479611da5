"""Dictionaries that are cheap to copy, so that every label can have a state of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")
Own = TypeVar("Own", bound="CopyOnWriteDict")  # type: ignore[type-arg]

N_PAGES = 512


class CopyOnWriteDict(Mapping[Key, Value]):
    """A dictionary of which a copy costs its pages, not its entries.

    Copies share each page until one of them changes it: that one then writes into a page of its own.

    Examples
    --------
    >>> before: CopyOnWriteDict[str, int] = CopyOnWriteDict()
    >>> before["a"] = 1
    >>> after = before.copy()
    >>> after["b"] = 2
    >>> dict(before), dict(after) == {"a": 1, "b": 2}
    ({'a': 1}, True)
    """

    def __init__(self) -> None:
        self._pages: dict[int, dict[Key, Value]] = {}
        self._own: set[int] = set()
        self._n = 0

    def copy(self: Own) -> Own:
        """Return one that can be changed without changing this one."""
        new = type(self)()
        new._pages, new._n = dict(self._pages), self._n
        self._own = set()  # they are shared from now on
        return new

    def __getitem__(self, key: Key) -> Value:
        return self._pages[self._number(key)][key]

    def __setitem__(self, key: Key, value: Value) -> None:
        page = self._writable(self._number(key))
        self._n += key not in page
        page[key] = value

    def __delitem__(self, key: Key) -> None:
        number = self._number(key)
        page = self._writable(number)
        del page[key]
        self._n -= 1
        if not page:
            del self._pages[number]
            self._own.discard(number)

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[Key]:
        return (key for page in self._pages.values() for key in page)

    def _number(self, key: Key) -> int:
        return hash(key) % N_PAGES

    def _writable(self, number: int) -> dict[Key, Value]:
        if number not in self._own:
            self._pages[number] = dict(self._pages.get(number, ()))
            self._own.add(number)
        return self._pages[number]


class SeqDict(CopyOnWriteDict[int, Value]):
    """Entries by the number of an event, in ascending order."""

    def __iter__(self) -> Iterator[int]:
        return (seq for number in sorted(self._pages) for seq in sorted(self._pages[number]))

    def newest(self) -> Iterator[tuple[int, Value]]:
        """Numbers and values, the highest first.

        The first few cost no look at the rest.
        """
        for number in sorted(self._pages, reverse=True):
            page = self._pages[number]
            yield from ((seq, page[seq]) for seq in sorted(page, reverse=True))

    def _number(self, key: int) -> int:
        return key // N_PAGES
