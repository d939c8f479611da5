"""How the classes of a project came to be those that they are: what a label said when it was given, and says now."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from spin_nb.errors import LabelError
from spin_nb.project.class_table import ClassTable
from spin_nb.project.records import Event


@dataclass(frozen=True)
class ClassHistory:
    """The classes that came with a project, and those after each event that changed them.

    It never changes: :meth:`after` gives a new one.

    Attributes
    ----------
    first : ClassTable
    changes : tuple of Event
        Those that stand, in their order.
    seqs : tuple of int
        Events after which the classes were others, undo and redo among them.
    tables : tuple of ClassTable
        The classes from each of them on.
    """

    first: ClassTable = field(default_factory=ClassTable)
    changes: tuple[Event, ...] = ()
    seqs: tuple[int, ...] = ()
    tables: tuple[ClassTable, ...] = ()

    @property
    def now(self) -> ClassTable:
        """Classes in force."""
        return self.tables[-1] if self.tables else self.first

    def before(self, seq: int) -> ClassTable:
        """Classes in force when event ``seq`` was stored."""
        at = bisect_left(self.seqs, seq)
        return self.tables[at - 1] if at else self.first

    def when_called(self, names: Sequence[str], seq: int) -> ClassTable | None:
        """Return the classes of event ``seq`` or of soon after that had these names; None where none had."""
        at = bisect_left(self.seqs, seq)
        tables = (self.first, *self.tables)[at:]
        return next((table for table in tables if list(table.names) == list(names)), None)

    def after(self, seq: int, changes: Sequence[Event]) -> ClassHistory:
        """Return the history in which from event ``seq`` on these changes stand.

        One that cannot be made of the classes it finds, since another was undone, is passed over: a fold never fails.
        """
        table, changes = self.first, sorted(changes, key=lambda event: event.seq)
        for event in changes:
            table = _attempt(table, event)
        return replace(self, changes=tuple(changes), seqs=(*self.seqs, seq), tables=(*self.tables, table))

    def value_now(self, value: Any, item: str, seq: int) -> Any:
        """Return what a label that event ``seq`` gave to an item says now; None where it says nothing any more."""
        return self.now.value_now(value, item, self.before(seq)) if self.tables else value


def _attempt(table: ClassTable, event: Event) -> ClassTable:
    try:
        return table.after(event.value, event.seq)
    except LabelError:
        return table
