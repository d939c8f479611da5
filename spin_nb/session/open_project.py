"""What a session is about: folder, database and pool, the same as long as it is open, and the task in force."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spin_nb.errors import ModelError, ReadOnlyError
from spin_nb.pool.pool import Pool
from spin_nb.project.store import Store


@dataclass(eq=False)
class OpenProject:
    """An open project.

    Attributes
    ----------
    folder : Path
    store : Store
        Its database.
    pool : Pool
        What can be labelled.
    task : Task
        What a label may be now: :class:`~spin_nb.session.labels.label_log.LabelLog` sets it when classes change.
    annotator : str
        Who labels here.
    seed : int
        Everything random follows from it.
    """

    folder: Path
    store: Store
    pool: Pool
    task: Any
    annotator: str
    seed: int

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def read_only(self) -> bool:
        """True if nothing may be written."""
        return self.store.read_only

    @property
    def classes(self) -> list[str]:
        """Class names, in the order of probability columns."""
        return list(self.task.names)

    @property
    def learns_classes(self) -> bool:
        """True if a label is one of :attr:`classes`.

        Otherwise there are no class probabilities.
        """
        return bool(self.task.learns == "classes")

    def check_writable(self, doing: str) -> None:
        """Refuse to write where that is not allowed.

        Raises
        ------
        ReadOnlyError
        """
        if self.read_only:
            raise ReadOnlyError(
                f"{self.name!r} is open read-only, so this session cannot {doing}.",
                "Open it where you may write, without read_only=True.",
            )

    def check_classes(self, what: str, instead: str) -> None:
        """Refuse what needs class probabilities where there are none.

        Raises
        ------
        ModelError
        """
        if not self.learns_classes:
            raise ModelError(f"{what} needs classes, and a label here is {self.task.kind!r}.", instead)
