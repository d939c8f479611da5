"""What changed, told to the views on the main thread, and the last problem of the background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from spin_nb.session.runtime.main_thread import MainThread
from spin_nb.session.runtime.signals import Signals


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


class Announcer:
    """Emits a session's signals, from any thread.

    Attributes
    ----------
    problem : str or None
        What went wrong in the background since the last training that succeeded.
    """

    def __init__(self, main_thread: MainThread, signals: Signals) -> None:
        self._main_thread = main_thread
        self._signals = signals
        self.problem: str | None = None
        signals.problem.connect(self._remember)

    def emit(self, signal: str, value: object) -> None:
        """Emit one signal by its name."""
        self._main_thread.run(lambda: getattr(self._signals, signal).emit(value))

    def emit_later(self, signal: str, value: object) -> None:
        """Emit one signal by its name once the main thread is free: whoever calls may hold a lock."""
        self._main_thread.later(lambda: getattr(self._signals, signal).emit(value))

    def labels_changed(self, changes: Iterable[_HasId], ids: Sequence[str] = ()) -> None:
        """Signal the items labelled or changed, if any."""
        item_ids = tuple(dict.fromkeys([*ids, *(change.id for change in changes)]))
        if item_ids:
            self.emit("labelled", item_ids)

    def report(self, problem: str) -> None:
        """Report a failure in the background."""
        self.emit("problem", problem)

    def _remember(self, problem: str) -> None:
        self.problem = problem
