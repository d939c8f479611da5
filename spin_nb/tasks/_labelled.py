"""Any number of labelled things: what boxes, polygons and spans share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from spin_nb.tasks._names import checked_names
from spin_nb.tasks.base import TaskBase
from spin_nb.words import short

Entry = dict[str, Any]


class LabelledList(TaskBase):
    """A value is a list of dictionaries with "label", one of ``names``; [] says that there is nothing."""

    thing: ClassVar[tuple[str, str]]  # one and many, for people

    __slots__ = ("_index",)

    def __init__(self, names: Iterable[str]) -> None:
        unique_names = checked_names(names, "label", "labels")
        self._index = {name: i for i, name in enumerate(unique_names)}
        super().__init__(names=unique_names)

    def _empty(self) -> list[Entry]:
        return []

    def describe(self, value: Sequence[Entry]) -> str:
        """Return how many there are and their labels, at most 60 characters.

        Examples
        --------
        >>> from spin_nb.tasks import Boxes
        >>> Boxes(["car", "bike"]).describe([{"label": "car"}, {"label": "bike"}])
        '2 boxes: car, bike'
        """
        one, many = self.thing
        if not value:
            return f"no {many}"
        labels = ", ".join(thing["label"] for thing in value[:60])
        return short(f"{len(value):,} {one if len(value) == 1 else many}: {labels}")
