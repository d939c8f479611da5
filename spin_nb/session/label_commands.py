"""Labels, skips, flags, tags, notes and undos given in a cell or in bulk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from spin_nb.errors import LabelError
from spin_nb.project.records import MARK_KINDS, NewEvent, Suggestion
from spin_nb.session.labels.label_log import Change
from spin_nb.session.labels.new_events import Act, new_events, revert
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.review.machine_labels import is_open
from spin_nb.session.runtime.runtime import Runtime


@dataclass(frozen=True, repr=False)
class BulkReport:
    """Outcome of one decision on many items.

    Attributes
    ----------
    ids : tuple of str
        Items that it was stored for.
    left_out : tuple of str
        Items that are being asked: whoever is asked looks at the item itself, and an audit must not be answered by
        the company it is in.
    audits : tuple of str
        Items left out, too, because what they were answered judges the model.
    """

    ids: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    audits: tuple[str, ...] = ()

    def __repr__(self) -> str:
        notes = [f"{len(self.ids):,} items"]
        if self.left_out:
            notes.append(f"{len(self.left_out):,} left out: they are being asked, answer them one by one")
        if self.audits:
            notes.append(
                f"{len(self.audits):,} left out: they audit, what they were answered judges the model"
            )
        return "; ".join(notes)


class LabelCommands:
    """Commits decisions and lets the model follow."""

    def __init__(self, project: OpenProject, runtime: Runtime, live: LiveModel) -> None:
        self._project = project
        self._runtime = runtime
        self._live = live

    def commit(self, acts: Sequence[Act], source: object = None) -> None:
        """Store acts as one gesture, all or none.

        ``source``, a JSON value, says what their items were picked by.

        Raises
        ------
        LabelError, ReadOnlyError, StorageError
        """
        if not acts:
            raise LabelError("no label was given.", "Pass an id and a value, or a mapping id -> value.")
        self._store(acts, lambda: new_events(self._live.label_log, acts, source))

    def accept(self, suggestions: Mapping[str, Suggestion], source: object) -> BulkReport:
        """Label items with what is suggested of each, as one gesture; what was decided on meanwhile is left out.

        Raises
        ------
        LabelError
            Nothing is left to accept, a value the task does not allow: nothing was stored.
        ReadOnlyError, StorageError
        """
        label_log = self._live.label_log
        with label_log.lock:
            self._live.catch_up()
            ids = tuple(id for id in suggestions if is_open(label_log, id))
        if not ids:
            raise LabelError(
                f"none of these {len(suggestions):,} machine labels waits: they were decided on, or are being asked.",
                "Call s.prelabel() again.",
            )
        acts: list[Act] = [("label", id, suggestions[id][0]) for id in ids]

        def events() -> list[NewEvent]:
            return [
                replace(event, suggestion=suggestions[id], is_accepted=True)
                for id, event in zip(ids, new_events(label_log, acts, source), strict=True)
            ]

        self._store(acts, events)
        return BulkReport(ids, tuple(id for id in suggestions if id not in set(ids)))

    def _store(self, acts: Sequence[Act], events: Callable[[], list[NewEvent]]) -> None:
        self._runtime.main_thread.drain()
        self._project.check_writable("label")
        label_log = self._live.label_log

        def step() -> list[Change]:
            with label_log.transaction():  # nobody changes the classes between the look at them and the label
                self._live.follow_classes()
                label_log.store.append(events())
            changes = label_log.sync()
            self._live.follow(changes)
            return changes

        changes = label_log.retry_while_busy(step)
        self._announce([(kind, item) for kind, item, _ in acts], changes)

    def decide_together(self, kind: str, ids: Sequence[str], value: object, source: object) -> BulkReport:
        """Store one decision on many items as one gesture; those being asked are left out, and audits.

        Raises
        ------
        LabelError
            Unknown item, a value the task does not allow, nothing but items left out: nothing was stored.
        ReadOnlyError, StorageError
        """
        label_log = self._live.label_log
        with label_log.lock:
            left_out = tuple(id for id in ids if label_log.shown_asks.open_token(id) is not None)
            asked_ids = set(left_out)
            audits = tuple(id for id in ids if id in label_log.audit_items and id not in asked_ids)
        fixed_ids = asked_ids.union(audits)
        stored_ids = tuple(id for id in ids if id not in fixed_ids)
        if fixed_ids and not stored_ids:
            raise LabelError(
                f"all of these {len(fixed_ids):,} items are being asked, or audit: nothing was stored.",
                "Answer them one by one: s.labeller, or s.label(id, value).",
            )
        self.commit([(kind, id, value) for id in stored_ids], source)
        return BulkReport(stored_ids, left_out, audits)

    def revert(self, kind: str) -> list[str]:
        """Undo or redo this annotator's last gesture.

        Returns its items, the one it did last first.
        """
        self._runtime.main_thread.drain()
        self._project.check_writable(kind)

        def step() -> tuple[list[tuple[str, str]], list[Change]]:
            events, changes = revert(self._live.label_log, kind)
            self._live.follow(changes)
            return [(event.kind, event.item) for event in reversed(events) if event.item], changes

        acts, changes = self._live.label_log.retry_while_busy(step)
        self._announce(acts, changes)
        return list(dict.fromkeys(item for _, item in acts))

    def _announce(self, acts: Sequence[tuple[str, str]], changes: Sequence[Change]) -> None:
        announcer = self._runtime.announcer
        announcer.labels_changed(changes, [item for kind, item in acts if kind not in MARK_KINDS])
        if tagged_items := tuple(dict.fromkeys(item for kind, item in acts if kind in MARK_KINDS)):
            announcer.emit("tagged", tagged_items)
