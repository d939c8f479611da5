"""Which rows train and which audit, kept up to date label by label: no label costs a look at the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.project.copy_on_write import SeqDict
from spin_nb.types import Ints


class TrainingSet:
    """Labels by use: training, auditing, or neither.

    Parameters
    ----------
    row_of : callable
        Item id -> pool row, None where it is not in the pool (any more).
    lock : context manager
        The label log's, taken by whatever reads rows and classes.
    """

    def __init__(self, row_of: Callable[[str], int | None], lock: AbstractContextManager[Any]) -> None:
        self._row_of = row_of
        self._lock = lock
        self._row: dict[str, int] = {}
        self._trains: dict[str, int] = {}
        self._audit_labels: SeqDict[tuple[str, int]] = SeqDict()
        self._audit_seqs: dict[str, int] = {}
        self._classes = np.empty(0, np.int64)
        self._audits: tuple[Ints, Ints] | None = None
        self._unasked_items: set[str] = set()
        self._unasked_mask = np.empty(0, bool)

    def update(
        self,
        item: str,
        row: int,
        trains: int | None,
        audits: tuple[int, int] | None,
        is_unasked: bool = False,
    ) -> int | None:
        """Enter an item's decision; returns the class before.

        It is None where there was none.

        ``trains``: class index, or None; ``audits``: number of the event and class index, or None; ``is_unasked``:
        somebody decided on it, though nobody was asked.
        """
        self._row[item] = row
        before = self._trains.pop(item, None)
        if trains is not None:
            self._trains[item] = trains
        self._judge(item, audits)
        label = trains if audits is None else audits[1]
        self._enter(np.array([row]), np.array([-1 if label is None else label]))
        (self._unasked_items.add if is_unasked else self._unasked_items.discard)(item)
        self._unasked_mask[row] = is_unasked
        return before

    def _judge(self, item: str, audits: tuple[int, int] | None) -> None:
        at = self._audit_seqs.pop(item, None)
        if at is not None:
            del self._audit_labels[at]
        if audits is not None:
            self._audit_seqs[item] = audits[0]
            self._audit_labels[audits[0]] = item, audits[1]
        if at is not None or audits is not None:
            self._audits = None

    def _enter(self, rows: Ints, classes: Ints) -> None:
        self._make_room(rows)
        self._classes[rows] = classes

    def _make_room(self, rows: Ints) -> None:
        n_rows = int(rows.max(initial=-1)) + 1
        if n_rows > len(self._classes):
            more = n_rows + n_rows // 2 - len(self._classes)
            self._classes = np.concatenate([self._classes, np.full(more, -1, np.int64)])
            self._unasked_mask = np.concatenate([self._unasked_mask, np.zeros(more, bool)])

    def reindex(self) -> None:
        """Follow the pool: items left, rows moved up."""
        rows_now = {item: self._row_of(item) for item in self._row}
        self._row = {item: row for item, row in rows_now.items() if row is not None}
        for item in rows_now.keys() - self._row.keys():
            self._trains.pop(item, None)
            self._judge(item, None)
            self._unasked_items.discard(item)
        self._audits, self._classes, self._unasked_mask = None, np.empty(0, np.int64), np.empty(0, bool)
        for rows, classes in (self.training, self.audits):
            self._enter(rows, classes)
        unasked_rows = self._rows(self._unasked_items)
        self._make_room(unasked_rows)
        self._unasked_mask[unasked_rows] = True

    @property
    def trains(self) -> Iterable[str]:
        """Items that train, in order of labelling."""
        return self._trains.keys()

    @property
    def training(self) -> tuple[Ints, Ints]:
        """Rows (n,) and classes (n,) that train.

        They are in order of labelling; this looks at every one.
        """
        with self._lock:
            classes = np.fromiter(self._trains.values(), np.int64, len(self._trains))
            return self._rows(self._trains), classes

    @property
    def audits(self) -> tuple[Ints, Ints]:
        """Rows (n,) and classes (n,) that audit.

        They are in order of labelling; bad items are left out.
        """
        with self._lock:
            if self._audits is None:
                labels = list(self._audit_labels.values())
                self._audits = (
                    self._rows([item for item, _ in labels]),
                    np.array([y for _, y in labels], np.int64),
                )
            return self._audits

    def unasked_mask(self, n: int) -> NDArray[np.bool_]:
        """Mask rows decided on without an ask, bool (n,)."""
        with self._lock:
            unasked_mask = np.zeros(n, bool)
            mask = self._unasked_mask[:n]
            unasked_mask[: len(mask)] = mask
            return unasked_mask

    @property
    def n_unasked(self) -> int:
        """Number of items decided on without an ask.

        None of them can be drawn any more.
        """
        return len(self._unasked_items)

    def index(self, n: int) -> Ints:
        """Class index of ``n`` rows, int64, or -1.

        Audits are included.
        """
        with self._lock:
            y = np.full(n, -1, np.int64)
            classes = self._classes[:n]
            y[: len(classes)] = classes
            return y

    def _rows(self, items: Collection[str]) -> Ints:
        return np.fromiter(map(self._row.__getitem__, items), np.int64, len(items))
