"""Items a person has selected, on the map or in a cell."""

from __future__ import annotations

from collections.abc import Iterable

from spin_nb.errors import SettingError
from spin_nb.session.arguments import items_of
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.announcer import Announcer
from spin_nb.words import shown


class Selection:
    """Ids selected in one session.

    Attributes
    ----------
    source : str
        What they were picked by: "selected" by a hand, or for example "similar to img_7".
    """

    def __init__(self, project: OpenProject, announcer: Announcer) -> None:
        self._project = project
        self._announcer = announcer
        self._ids: tuple[str, ...] = ()
        self.source = "selected"

    @property
    def ids(self) -> list[str]:
        """Selected ids, in the order of selection."""
        return list(self._ids)

    def set(self, ids: Iterable[str], source: str = "selected") -> None:
        """Select these items and no others; ``source`` says what picked them.

        Raises
        ------
        LabelError
            Unknown items.
        SettingError
            No list of ids; the selection stays as it was.
        """
        if isinstance(ids, str) or not isinstance(ids, Iterable):
            raise SettingError(f"{shown(ids)} is no list of item ids.", "Set s.selected = [id, ...].")
        ids = tuple(items_of(ids, "the selection", SettingError))
        for id in ids:
            self._project.pool.row(id)
        if ids != self._ids:
            self._ids, self.source = ids, source
            self._announcer.emit("selection", ids)
