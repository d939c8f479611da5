"""Label events and what they come to: which labels train, which audit.

Everything here happens under one lock and may happen on any thread.  An audit item is an item that was shown as
an audit ask; its labels never train until the person says so (:meth:`LabelLog.release_audits`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import LabelError
from spin_nb.interrupts import defer_interrupts
from spin_nb.monitor.curves import N_RECENT_LABELS, labels_per_minute
from spin_nb.project.database import BUSY_SECONDS, Busy
from spin_nb.project.fold import Current, State, changed_items, current, newest_first
from spin_nb.project.records import VALUE_KINDS, Ask, Event, NewAsk, NewEvent
from spin_nb.project.store import Store
from spin_nb.session.labels.audit_items import AuditItems
from spin_nb.session.labels.audit_plan import AuditPlan
from spin_nb.session.labels.gestures import Gestures
from spin_nb.session.labels.training_set import TrainingSet
from spin_nb.types import Extent, Ints
from spin_nb.words import shown

if TYPE_CHECKING:
    from spin_nb.pool.pool import Pool

Result = TypeVar("Result")
DEFERRAL_KINDS = ("skip", "unsure")
LOCK_PATIENCE_SECONDS = 0.1  # for which a writer keeps the lock while another process has the database
# Clocks of two machines may disagree by that before all asks are looked through.
MAX_CLOCK_SKEW = timedelta(minutes=1)
DEFAULT_AUDIT_SHARE = 0.1  # of the asks, unless somebody sets another
MAX_REASKS = 1  # one more look may help (another day, another person); who still cannot tell then never will


@dataclass(frozen=True)
class Change:
    """One item's training label before and after.

    Class index (0 where labels are no classes), None for none.

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

    Attributes
    ----------
    lock : threading.RLock
        Held by whoever reads or changes what is here; see :mod:`spin_nb.session.labels`.
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
    ) -> None:
        self.lock = threading.RLock()
        self.store = store
        self.task = task
        self.annotator = annotator
        self._pool = pool
        self._state = State()
        self._audits = AuditItems()
        self._open_ask: dict[str, str] = {}
        self._ask_numbers: dict[str, tuple[int, str | None]] = {}
        self._asked_items: set[str] = set()
        self._n_asked = 0
        self._training_set = TrainingSet(lambda id: pool.row(id) if pool.has(id) else None)
        self._gestures = Gestures(len(task.names) if task.learns == "classes" else 1)
        self.revision = 0
        self._first_labelled: dict[str, int] = {}
        self._latest_shown = datetime.min.replace(tzinfo=UTC) + MAX_CLOCK_SKEW
        self._release_seq, self._release_time = 0, self._latest_shown
        self._stored_release_seq = 0
        self.plan = AuditPlan(pool.ids, DEFAULT_AUDIT_SHARE, seed)
        self.sync()

    @property
    def state(self) -> State:
        """The fold of all events seen so far."""
        return self._state

    def sync(self) -> list[Change]:
        """Read what every kernel stored; returns the changes.

        Asks that were shown elsewhere count, too: whoever labels such an audit, it does not train here either.
        """
        with self.lock:
            before, self._state = self._state, self.store.state()
            # What is stored in between is settled next time.
            events = [event for event in self.store.events(before.seq) if event.seq <= self._state.seq]
            items: dict[str, None] = {}
            self._take_in(events)
            # After the events: an audit that was shown before one of them must be known as one when it is settled.
            is_changed = self.store.changed_elsewhere()
            if is_changed:
                meta = self.store.meta
                self._stored_release_seq = int(meta.get("audits_released", 0))
                self.plan.share = float(meta.get("audit_share", DEFAULT_AUDIT_SHARE))
            items.update(dict.fromkeys(self._learn_release(events)))
            if is_changed:
                items.update(dict.fromkeys(self._learn_asks()))
            self._learn_answers(events)
            items.update(dict.fromkeys(changed_items(before, events)))
            return [change for item in items if (change := self._refresh(item)) is not None]

    def _learn_release(self, events: Sequence[Event]) -> list[str]:
        """Apply a release made elsewhere.

        Or before the project was opened; ``events`` are the new ones.
        """
        # One that was stored after the events were read waits for those that came before it.
        if not self._release_seq < self._stored_release_seq <= self._state.seq:
            return []
        return self._release(self._stored_release_seq, events)

    def _release(self, seq: int, events: Sequence[Event]) -> list[str]:
        """Release audits drawn before event ``seq``.

        ``events`` are the newest, read already.

        What was taken in since counts as if it came later: every session must come to the same audits, whenever it
        hears of the release.
        """
        until = [event for event in events if event.seq <= seq]
        until = until or [event for event in self.store.events() if event.seq <= seq]
        self._release_seq = seq
        self._release_time = until[-1].time if until else self._release_time
        items = [item for item, time in self._audits.showings() if self._was_released(item, time)]
        self._audits.release(items)
        return items

    def _was_released(self, item: str, shown_at: datetime) -> bool:
        return (
            shown_at <= self._release_time
            or self._first_labelled.get(item, self._release_seq + 1) <= self._release_seq
        )

    def _take_in(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind in VALUE_KINDS:
                self._first_labelled.setdefault(event.item, event.seq)

    def _learn_asks(self) -> list[str]:
        """Read asks shown elsewhere; returns their items."""
        asks = self.store.shown_elsewhere(self._ask_numbers, self._latest_shown - MAX_CLOCK_SKEW)
        for ask in asks:
            self._learn_ask(ask)
        return [ask.item for ask in asks]

    def _learn_ask(self, ask: Ask) -> None:
        shown_at = ask.shown_at or self._latest_shown
        self._latest_shown = max(self._latest_shown, shown_at)
        self._note_shown(ask.item, ask.token, ask.audit, ask.annotator, shown_at)

    def _learn_answers(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.ask is not None and event.ask not in self._ask_numbers:
                ask = self.store.ask(event.ask)
                if ask is not None:
                    self._learn_ask(ask)
            if event.ask in self._ask_numbers:
                self._audits.answer(*self._ask_numbers[event.ask])

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

        For :meth:`retry_while_busy`.
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

    def event(self, kind: str, item: str, value: object = None, extent: Extent | None = None) -> NewEvent:
        """Make an event, tied to the item's open ask.

        ``extent``: the item's, where it is known already; to look it up reads a file.
        """
        row = self._pool.row(item)
        if kind in VALUE_KINDS:
            value = self.task.validate(value, self._pool.known_extent(row) if extent is None else extent)
        return NewEvent(kind, item, value, annotator=self.annotator, ask=self._open_ask.get(item))

    def events(self, acts: Sequence[tuple[str, str, Any]]) -> list[NewEvent]:
        """Make one call's events from ``(kind, item, value)``.

        Undo takes them back together.
        """
        gesture = 0 if len(acts) > 1 else None
        return [replace(self.event(*act), gesture=gesture) for act in acts]

    def revert(self, kind: str) -> tuple[list[str], list[Change]]:
        """Undo or redo this annotator's last gesture.

        Returns its items, the one done last first, and what changed.

        What that is, the transaction finds out: another kernel may undo for the same person at the same moment.

        Raises
        ------
        LabelError
            If there is nothing to take back or bring back.
        """
        with self.lock:
            with self.transaction():
                events = self.store.append([NewEvent(kind, annotator=self.annotator)])
            if not events:
                raise self.nothing_to(kind)
            return self.items_of(events[0]), self.sync()

    def nothing_to(self, kind: str) -> LabelError:
        """Build the error for nothing to undo or redo."""
        return LabelError(f"{shown(self.annotator)} has nothing to {kind}.", "Label something first.")

    def items_of(self, reversal: Event) -> list[str]:
        """Items of a new undo or redo, latest first."""
        events = self.store.state().reversed_by(reversal)
        return list(dict.fromkeys(event.item for event in reversed(events)))

    def past(self, kind: str, n: int, skip: int = 0) -> list[tuple[Event, ...]]:
        """List what ``kind`` would take, the next last.

        ("undo", "redo") of this annotator's; one call is one entry.

        ``n`` of them at most, all but the last ``skip``.
        """
        reversals = newest_first(self.store.state(), kind, self.annotator)
        return list(islice(reversals, skip, skip + n))[::-1]

    def note_shown(self, tokens: Sequence[str], asks: Sequence[NewAsk]) -> None:
        """Note asks that are on disk as shown.

        From now on the audits among them are audit items.
        """
        with self.lock:
            now = datetime.now(UTC)
            for token, ask in zip(tokens, asks, strict=True):
                self._note_shown(ask.item, token, ask.audit, ask.annotator, now)
                self._refresh(ask.item)

    @property
    def labels_per_minute(self) -> float:
        """Pace of the latest labels given in a view."""
        newest = islice(self._state.manual.newest(), N_RECENT_LABELS)
        return labels_per_minute([label.time.timestamp() for _, label in newest])

    def current(self, id: str) -> Current | None:
        """Return an item's current decision."""
        return current(self._state.active.get(id, ()))

    def value(self, id: str) -> Any | None:
        """The item's label now, or None."""
        label = self.current(id)
        return label.value if label is not None and label.kind in VALUE_KINDS else None

    @property
    def training(self) -> tuple[Ints, Ints]:
        """Rows (n,) and classes (n,) that train.

        In order of labelling; looks at every one.
        """
        with self.lock:
            return self._training_set.training

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """Weights of :attr:`training`, float64 (n,), or None.

        None where each counts as one label.

        Labels that one gesture gave to many items count less: see :mod:`spin_nb.models.gesture_weights`.
        """
        with self.lock:
            return self._gestures.weights(list(self._training_set.trains))

    @property
    def weights_version(self) -> int:
        """Number that grows with every change of weights."""
        return self._gestures.version

    def weight(self, item: str) -> float:
        """Return the weight of an item that trains."""
        return self._gestures.weight(item)

    def training_data(self) -> tuple[Ints, Ints, NDArray[np.float64] | None, dict[str, int]]:
        """Return rows, classes, weights and label events.

        (n,), (n,), (n,) or None, and item -> number of the event of its label.

        All in one order.
        """
        with self.lock:
            return *self._training_set.training, self.weights, self.training_events()[1]

    def training_events(self) -> tuple[int, dict[str, int]]:
        """Return the revision, and item -> label event's number."""
        with self.lock:
            seqs = {
                id: label.seq for id in self._training_set.trains if (label := self.current(id)) is not None
            }
            return self.revision, seqs

    @property
    def audits(self) -> tuple[Ints, Ints]:
        """Rows (n,) and classes (n,) that audit.

        Bad items left out, in order of labelling.
        """
        with self.lock:
            return self._training_set.audits

    def index(self, n: int) -> Ints:
        """Class index of ``n`` rows, int64, or -1.

        Audits included.
        """
        with self.lock:
            return self._training_set.index(n)

    def reindex(self) -> None:
        """Follow the pool: items left, rows moved up."""
        with self.lock:
            self._training_set.reindex()
            self._gestures.keep(self._training_set.trains)
            self.plan = AuditPlan(self._pool.ids, self.plan.share, self.plan.seed)

    @property
    def values(self) -> dict[str, Any]:
        """Item id -> its label now; lists every one."""
        with self.lock:
            return {label.item: label.value for label in self._state.labels}

    @property
    def n_audited(self) -> int:
        """Audit items shown so far, released ones among them."""
        return len(self._audits) + len(self._audits.released_items)

    @property
    def n_unasked(self) -> int:
        """Number of items decided on without an ask.

        None of them can be drawn any more.
        """
        return self._training_set.n_unasked

    def unasked_mask(self, n: int) -> NDArray[np.bool_]:
        """Mask the rows of those, bool (n,)."""
        with self.lock:
            return self._training_set.unasked_mask(n)

    @property
    def flagged_items(self) -> list[str]:
        """Audits that turned out to be bad items."""
        return [item for item in self._audits.flagged_items if self.has(item)]

    @property
    def released_items(self) -> list[str]:
        """Items that audited once and no longer do."""
        return [item for item in self._audits.released_items if self.has(item)]

    def drawn_rows(self) -> Ints:
        """Rows of the audits in force, answered or not."""
        return self._rows(self._audits.items)

    def unanswered_rows(self) -> Ints:
        """Rows of audits left without a label."""
        return self._rows(self._audits.unanswered_items)

    def may_audit(self, item: str) -> bool:
        """Check that an item can still be drawn.

        Nobody has decided on it, and it never audited.
        """
        return self.current(item) is None and not self._has_audited(item)

    def missed_audit(self, item: str) -> bool:
        """Check that an item came too late to audit.

        Somebody has decided on it, though it never audited.
        """
        return self.current(item) is not None and not self._has_audited(item)

    def _has_audited(self, item: str) -> bool:
        return item in self._audits or item in self._audits.released_items

    def _rows(self, items: Iterable[str]) -> Ints:
        return np.array([self._pool.row(item) for item in items if self.has(item)], np.int64)

    @property
    def n_asked(self) -> int:
        """Number of asks put to this annotator.

        And by earlier versions to anybody.
        """
        return self._n_asked

    def decided_since(self, item: str, seq: int) -> bool:
        """Check for a decision after event ``seq``."""
        label = self.current(item)
        return label is not None and label.seq > seq

    def excluded_items(self, *, again: bool = False) -> list[str]:
        """Items labelled, flagged or put aside.

        With ``again``, what was put aside comes back, unless people put it aside more than :data:`MAX_REASKS` times.
        Undone events do not count; a restart changes nothing.
        """
        with self.lock:
            current = self._state.current.items()
            askable = (
                {id for id in self.deferred_items() if self._n_deferrals(id) <= MAX_REASKS}
                if again
                else set()
            )
            return [id for id, _ in current if id not in askable and self.has(id)]

    def deferred_items(self, kinds: Sequence[str] = DEFERRAL_KINDS) -> list[str]:
        """Items put aside and not flagged, oldest first.

        ``kinds``: in one of these ways.
        """
        with self.lock:
            current = self._state.current.items()
            return [id for id, label in current if label.kind in kinds and not label.flagged and self.has(id)]

    def save_share(self, share: float) -> None:
        """Set the plan's share, in the project too.

        A step of :meth:`retry_while_busy`.
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
            n, seq = len(self.audits[0]), self._state.seq
            newest = self.store.events(seq - 1)
            self.store.set_meta("audits_released", seq)
        items = self._release(seq, newest)
        return n, [change for item in items if (change := self._refresh(item)) is not None]

    def _class_of(self, value: object) -> int:
        return self.task.index(value) if self.task.learns == "classes" else 0

    def has(self, item: str) -> bool:
        """Check that the item is in the pool.

        Its file may be gone or broken by now.
        """
        return self._pool.has(item)

    def _n_deferrals(self, item: str) -> int:
        return sum(event.kind in DEFERRAL_KINDS for event in self._state.active[item])

    def _note_shown(
        self, item: str, token: str, audit: bool, annotator: str | None, shown_at: datetime
    ) -> None:
        if token not in self._ask_numbers and annotator in (None, self.annotator):
            self._n_asked += 1
        number, _ = self._ask_numbers.setdefault(token, (len(self._ask_numbers), annotator))
        self._asked_items.add(item)
        if audit and self._was_released(item, shown_at):
            self._audits.released_items.add(item)
        elif audit:
            self._audits.show(item, number, annotator, shown_at)
        if item not in self._state.active:
            self._open_ask[item] = token

    def _refresh(self, item: str) -> Change | None:
        if not self.has(item):  # its file is gone or broken by now; its label stays on disk
            return None
        self.revision += 1
        label = self.current(item)
        if label is not None:
            self._open_ask.pop(item, None)
        is_audit = item in self._audits
        if is_audit:
            self._audits.settle(item, label)
        after = audit = None
        if label is not None and label.kind in VALUE_KINDS and not label.flagged:
            if is_audit:
                audit = label.seq, self._class_of(label.value)
            else:
                after = self._class_of(label.value)
        row = self._pool.row(item)
        # Without classes no gesture is one of a single class.
        may_be_gesture = label is not None and not label.ask and self.task.learns == "classes"
        gesture = label.event.gesture if label and may_be_gesture else None
        counts_anew = self._gestures.put(
            item, after, gesture, is_answer=label is not None and bool(label.ask)
        )
        before = self._training_set.update(
            item, row, after, audit, label is not None and item not in self._asked_items
        )
        return Change(row, item, before, after) if before != after or counts_anew else None
