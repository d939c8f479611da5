"""Labels, skips, flags and undos given in a cell."""

from __future__ import annotations

from typing import Any

from spin_nb.errors import LabelError
from spin_nb.session.labels.label_log import Change
from spin_nb.session.labels.new_events import new_events, revert
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.runtime import Runtime

Act = tuple[str, str, Any]
"""Kind ("label", "skip", "unsure", "flag"), item, value."""


class LabelCommands:
    """Commits decisions and lets the model follow."""

    def __init__(self, project: OpenProject, runtime: Runtime, live: LiveModel) -> None:
        self._project = project
        self._runtime = runtime
        self._live = live

    def commit(self, acts: list[Act]) -> None:
        """Store acts as one gesture, all or none.

        Raises
        ------
        LabelError, ReadOnlyError, StorageError
        """
        self._runtime.main_thread.drain()
        self._project.check_writable("label")
        if not acts:
            raise LabelError("no label was given.", "Pass an id and a value, or a mapping id -> value.")
        label_log = self._live.label_log

        def step() -> list[Change]:
            changes = label_log.commit(new_events(label_log, acts))
            self._live.follow(changes)
            return changes

        changes = label_log.retry_while_busy(step)
        self._runtime.announcer.labels_changed(changes, [item for _, item, _ in acts])

    def revert(self, kind: str) -> str:
        """Undo or redo this annotator's last gesture.

        Returns its first item.
        """
        self._runtime.main_thread.drain()
        self._project.check_writable(kind)

        def step() -> tuple[list[str], list[Change]]:
            items, changes = revert(self._live.label_log, kind)
            self._live.follow(changes)
            return items, changes

        items, changes = self._live.label_log.retry_while_busy(step)
        self._runtime.announcer.labels_changed(changes, items)
        return items[0]
