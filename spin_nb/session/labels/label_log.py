"""Label events and what they come to: what holds for an item, which labels train, which audit.

Everything here happens under one lock and may happen on any thread.  An audit item is an item that was shown as
an audit ask; its labels never train until the person says so (:meth:`LabelLog.release_audits`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from spin_nb.interrupts import defer_interrupts
from spin_nb.monitor.curves import N_RECENT_LABELS, labels_per_minute
from spin_nb.project.class_table import ClassTable
from spin_nb.project.database import BUSY_SECONDS, Busy
from spin_nb.project.fold import Current, State, changed_items
from spin_nb.project.records import VALUE_KINDS, NewAsk, NewEvent
from spin_nb.project.store import Store
from spin_nb.session.labels.audit_items import AuditItems
from spin_nb.session.labels.audit_plan import AuditPlan
from spin_nb.session.labels.audit_release import AuditRelease
from spin_nb.session.labels.gestures import Gestures
from spin_nb.session.labels.shown_asks import ShownAsks
from spin_nb.session.labels.training_set import TrainingSet
from spin_nb.types import Ints

if TYPE_CHECKING:
    from spin_nb.pool.pool import Pool

Result = TypeVar("Result")
LOCK_PATIENCE_SECONDS = 0.1  # for which a writer keeps the lock while another process has the database
DEFAULT_AUDIT_SHARE = 0.1  # of the asks, unless somebody sets another


@dataclass(frozen=True)
class Change:
    """One item's training label before and after.

    Each is a class index (0 where labels are no classes), None for no label.

    The same class twice where it counts otherwise than before: given by itself, after a gesture gave it.
    """

    row: int
    id: str
    before: int | None
    after: int | None


class LabelLog:
    """The project's label events, folded.

    Where people disagree on an item, the last that was said and not undone holds, whoever said it: a label trains
    alone, a skip or unsure takes the label back.  What was said before stays in the history, and holds again when
    the later one is undone by who gave it.  A label that holds is not asked again, agreed or not.

    Parameters
    ----------
    store : Store
        The open project.
    task : Task
        What a label may be.
    pool : Pool
        What can be labelled.
    annotator : str
        Who labels in this session.
    seed : int
        The project's.
    on_task : callable, optional
        Told the task in force whenever the classes are others, under the lock.

    Attributes
    ----------
    lock : threading.RLock
        Held by whoever reads or changes what is here; see :mod:`spin_nb.session.labels`.
    state : State
        The fold of all events seen so far.
    training_set : TrainingSet
        Which labels train and which audit.
    gestures : Gestures
        What each label counts in training.
    shown_asks : ShownAsks
        What people were asked.
    audit_items : AuditItems
        Which items audit, and what came of each.
    plan : AuditPlan
        Which items are reserved for auditing; its share is what any session set last.
    revision : int
        How often an item's label was looked at anew; no more labels can have changed.
    """

    def __init__(
        self,
        store: Store,
        task: Any,
        pool: Pool,
        annotator: str,
        seed: int = 0,
        on_task: Callable[[Any], None] = lambda task: None,
    ) -> None:
        self.lock = threading.RLock()
        self.store = store
        self.task = task
        self.annotator = annotator
        self.pool = pool
        self.state = State(classes=store.state().classes)
        self.training_set = self._new_training_set()
        self.gestures = Gestures(_n_classes(task))
        self._on_task = on_task
        self.audit_items = AuditItems()
        self._release = AuditRelease(store, self.audit_items)
        self.shown_asks = ShownAsks(store, annotator, self.audit_items, self._release)
        self.revision = 0
        self.plan = AuditPlan(pool.ids, DEFAULT_AUDIT_SHARE, seed)
        self.sync()

    def sync(self) -> list[Change]:
        """Read what every kernel stored; returns the changes.

        Asks that were shown elsewhere count, too: whoever labels such an audit, it does not train here either.
        """
        with self.lock:
            before, self.state = self.state, self.store.state()
            # What is stored in between is settled next time.
            events = [event for event in self.store.events(before.seq) if event.seq <= self.state.seq]
            items = self._take_classes(before)
            self._release.take_in(events)
            # After the events: an audit that was shown before one of them must be known as one when it is settled.
            is_changed = self.store.changed_elsewhere()
            if is_changed:
                meta = self.store.meta
                self._release.stored_seq = int(meta.get("audits_released", 0))
                self.plan.share = float(meta.get("audit_share", DEFAULT_AUDIT_SHARE))
            items.update(dict.fromkeys(self._release.apply_stored(self.state.seq, events)))
            if is_changed:
                items.update(dict.fromkeys(self.shown_asks.read_elsewhere(self.state)))
            self.shown_asks.take_in(events, self.state)
            items.update(dict.fromkeys(changed_items(before, events)))
            return [change for item in items if (change := self._refresh(item)) is not None]

    def _new_training_set(self) -> TrainingSet:
        pool = self.pool
        return TrainingSet(lambda id: pool.row(id) if pool.has(id) else None, self.lock)

    @property
    def classes(self) -> ClassTable:
        """Classes in force."""
        return self.state.classes.now

    def _take_classes(self, before: State) -> dict[str, None]:
        """Put the task in force where classes have changed; returns the items whose labels may say something else."""
        if self.state.classes is before.classes:
            return {}
        if self.classes.task is not None:
            self.task = self.classes.task
            self._on_task(self.task)
        self.gestures, self.training_set = Gestures(_n_classes(self.task)), self._new_training_set()
        return dict.fromkeys([*self.state.active, *self.audit_items.items])

    @property
    def has_other_classes(self) -> bool:
        """True where another session has changed the classes, and this one has not heard of it."""
        return self.store.state().classes is not self.state.classes

    def commit(self, events: Sequence[NewEvent]) -> list[Change]:
        """Store events in one transaction, then fold.

        See :meth:`Store.append` for what may be raised.
        """
        with self.lock:
            with self.transaction():
                self.store.append(events)
            return self.sync()

    def transaction(self) -> AbstractContextManager[Any]:
        """Open a transaction that waits only a moment.

        It is for steps of :meth:`retry_while_busy`.
        """
        return self.store.transaction(patience=LOCK_PATIENCE_SECONDS)

    def retry_while_busy(self, step: Callable[[], Result]) -> Result:
        """Do a step under the lock, again while busy.

        While another process has the database, the lock is free between tries.

        Whoever only reads goes on meanwhile.  No Ctrl-C parts what is on disk from what is in memory: it comes after
        the step.

        Raises
        ------
        StorageError
            The other process goes on for ten seconds, or the disk did not take the write.
        """
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            with self.lock, defer_interrupts():
                try:
                    return step()
                except Busy:
                    if time.monotonic() >= deadline:
                        raise
            time.sleep(LOCK_PATIENCE_SECONDS)

    def note_shown(self, tokens: Sequence[str], asks: Sequence[NewAsk]) -> None:
        """Note asks that are on disk as shown.

        From now on the audits among them are audit items.
        """
        with self.lock:
            now = datetime.now(UTC)
            for token, ask in zip(tokens, asks, strict=True):
                self.shown_asks.note(ask.item, token, ask.audit, ask.annotator, now, self.state)
                self._refresh(ask.item)

    @property
    def labels_per_minute(self) -> float:
        """Pace of the latest labels given in a view."""
        newest = islice(self.state.manual.newest(), N_RECENT_LABELS)
        return labels_per_minute([label.time.timestamp() for _, label in newest])

    def current(self, id: str) -> Current | None:
        """Return an item's current decision."""
        return self.state.decision(id)

    def value(self, id: str) -> Any | None:
        """The item's label now, or None."""
        label = self.current(id)
        return label.value if label is not None and label.kind in VALUE_KINDS else None

    def reindex(self) -> None:
        """Follow the pool: items left, rows moved up."""
        with self.lock:
            self.training_set.reindex()
            self.gestures.keep(self.training_set.trains)
            self.plan = AuditPlan(self.pool.ids, self.plan.share, self.plan.seed)

    @property
    def values(self) -> dict[str, Any]:
        """Item id -> its label now; lists every one."""
        with self.lock:
            return {label.item: label.value for label in self.state.labels}

    def may_audit(self, item: str) -> bool:
        """Check that an item can still be drawn.

        Nobody has decided on it, and it never audited.
        """
        return self.current(item) is None and not self.audit_items.has_audited(item)

    def missed_audit(self, item: str) -> bool:
        """Check that an item came too late to audit.

        Somebody has decided on it, though it never audited.
        """
        return self.current(item) is not None and not self.audit_items.has_audited(item)

    def rows(self, items: Iterable[str]) -> Ints:
        """Rows of those items that are in the pool, int64 (n,)."""
        return np.array([self.pool.row(item) for item in items if self.pool.has(item)], np.int64)

    def decided_since(self, item: str, seq: int) -> bool:
        """Check for a decision after event ``seq``."""
        label = self.current(item)
        return label is not None and label.seq > seq

    def save_share(self, share: float) -> None:
        """Set the plan's share, in the project too.

        It is a step of :meth:`retry_while_busy`.
        """
        with self.transaction():
            self.store.set_meta("audit_share", share)
        self.plan.share = share

    def release_audits(self, catch_up: Callable[[], None]) -> tuple[int, list[Change]]:
        """Let the audits so far train.

        They never again estimate accuracy.

        A step of :meth:`retry_while_busy`.

        Parameters
        ----------
        catch_up : callable
            Takes in what other sessions have stored: their audits are released, too.

        Returns
        -------
        int
            How many audit labels these are.
        list of Change
        """
        with self.transaction():  # nobody stores an event between the look at what there is and the release
            catch_up()
            n, seq = len(self.training_set.audits[0]), self.state.seq
            newest = self.store.events(seq - 1)
            self.store.set_meta("audits_released", seq)
        items = self._release.apply(seq, newest)
        return n, [change for item in items if (change := self._refresh(item)) is not None]

    def _class_of(self, value: object) -> int:
        return self.task.index(value) if self.task.learns == "classes" else 0

    def _refresh(self, item: str) -> Change | None:
        if not self.pool.has(item):  # its file is gone or broken by now; its label stays on disk
            return None
        self.revision += 1
        label = self.current(item)
        if label is not None:
            self.shown_asks.close(item)
        is_audit = item in self.audit_items
        if is_audit:
            self.audit_items.settle(item, label)
        after = audit = None
        if label is not None and label.kind in VALUE_KINDS and not label.flagged:
            if is_audit:
                audit = label.seq, self._class_of(label.value)
            else:
                after = self._class_of(label.value)
        row = self.pool.row(item)
        # Without classes no gesture is one of a single class.
        may_be_gesture = label is not None and not label.ask and self.task.learns == "classes"
        gesture = label.event.gesture if label and may_be_gesture else None
        counts_anew = self.gestures.put(item, after, gesture, is_answer=label is not None and bool(label.ask))
        before = self.training_set.update(
            item, row, after, audit, label is not None and item not in self.shown_asks
        )
        return Change(row, item, before, after) if before != after or counts_anew else None


def _n_classes(task: Any) -> int:
    return len(task.names) if task.learns == "classes" else 1
