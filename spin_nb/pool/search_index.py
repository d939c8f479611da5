"""Full-text index of a pool: ids, texts and the columns that came with it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from spin_nb.pool.pool import Pool
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    import polars as pl

ROWS_PER_BLOCK = 2000
MAX_CHARACTERS = 20_000  # of a text that are looked at
WEIGHTS = (2.0, 1.0, 1.0)  # of words in id, text and columns
_WORD = re.compile(r"\w+")


class SearchIndex:
    """Words of every item, in a temporary database of SQLite that goes with the process.

    Nothing of it lies in the project: a database that a stranger made runs what its maker wanted when it is asked.

    Parameters
    ----------
    pool : Pool
    progress : callable, optional
        Hears ``(fraction, words)``.
    """

    def __init__(self, pool: Pool, progress: Callable[[float, str], None] | None = None) -> None:
        self._db = sqlite3.connect("", check_same_thread=False)  # an empty name: on disk, and nobody else's
        self._db.execute(
            "CREATE VIRTUAL TABLE words USING fts5(id, text, columns, content='', prefix='2 3',"
            " tokenize='unicode61 remove_diacritics 2')"
        )
        report = progress or (lambda fraction, words: None)
        ids = pool.ids
        for first in range(0, len(ids), ROWS_PER_BLOCK):
            rows = range(first, min(first + ROWS_PER_BLOCK, len(ids)))
            lines = zip(
                rows, [ids[row] for row in rows], _texts(pool, rows), _column_words(pool, rows), strict=True
            )
            with self._db:
                self._db.executemany(
                    "INSERT INTO words(rowid, id, text, columns) VALUES (? + 1, ?, ?, ?)", lines
                )
            report(rows.stop / len(ids), f"reading words, {rows.stop:,} of {len(ids):,} items")

    def search(self, query: str, k: int) -> tuple[Ints, Float]:
        """Find the ``k`` items that hold every word of a query, the last one as it begins.

        Case and accents do not count.

        Returns
        -------
        int64 (m,)
            Rows, best first; m <= k.
        float32 (m,)
            Relevance (BM25), the higher the better.

        References
        ----------
        Robertson & Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond.
        """
        words = _WORD.findall(query)
        if not words:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        # In quotes a word is nothing but a word, whatever the language of queries makes of it.
        condition = " ".join(f'"{word}"' for word in words) + "*"
        rank = f"bm25(words, {', '.join(map(str, WEIGHTS))})"
        matches = self._db.execute(
            f"SELECT rowid - 1, -{rank} FROM words WHERE words MATCH ? ORDER BY {rank}, rowid LIMIT ?",
            (condition, k),
        ).fetchall()
        rows, relevance = zip(*matches, strict=True) if matches else ((), ())
        return np.array(rows, np.int64), np.array(relevance, np.float32)

    def close(self) -> None:
        """Delete it."""
        self._db.close()


def _texts(pool: Pool, rows: range) -> Iterator[str]:
    """Texts of items that are texts, "" of others and of those that cannot be read now."""
    if pool.modality != "text":
        yield from ("" for _ in rows)
        return
    items, unreadable = pool.try_load(rows)
    broken_ids = {item.id for item in unreadable}
    texts = iter(items)
    for row in rows:
        yield "" if pool.ids[row] in broken_ids else str(next(texts))[:MAX_CHARACTERS]


def _column_words(pool: Pool, rows: range) -> Iterator[str]:
    """Values of the pool's columns, but for broken numbers, which nobody types."""
    columns = [pool.column(name)[rows.start : rows.stop] for name in pool.column_names]
    words = [_as_words(column) for column in columns if not column.dtype.is_float()]
    for at in range(len(rows)):
        yield " ".join(values[at] for values in words)[:MAX_CHARACTERS]


def _as_words(column: pl.Series) -> list[str]:
    return ["" if value is None else str(value) for value in column.to_list()]
