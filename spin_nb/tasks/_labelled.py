"""Any number of labelled things: what boxes, polygons and spans share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Self

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

    def with_names(self, names: Iterable[str]) -> Self:
        """Return the task with other labels."""
        return type(self)(names)

    def translate(self, value: Sequence[Entry], name_now: Callable[[str], str | None]) -> list[Entry]:
        """Return what a value says when labels are called otherwise; things of which the label is gone are left out.

        Examples
        --------
        >>> from spin_nb.tasks import Spans
        >>> Spans(["town"]).translate([{"label": "place", "start": 0, "end": 3}], {"place": "town"}.get)
        [{'label': 'town', 'start': 0, 'end': 3}]
        """
        things = [{**thing, "label": name_now(thing["label"])} for thing in value]
        return [thing for thing in things if thing["label"] is not None]

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
