"""Which labels a person has reviewed: kept, or given in a review."""

from __future__ import annotations

from typing import Any

from spin_nb.project.class_history import ClassHistory
from spin_nb.project.fold import Current
from spin_nb.project.records import VALUE_KINDS, Event

REVIEW_SOURCE = {"by": "review"}
"""Source of an event that a review made."""


def is_reviewed(label: Current, events: tuple[Event, ...], classes: ClassHistory) -> bool:
    """Tell whether the label that holds has been reviewed; ``events`` are the item's that stand.

    It was given in a review, or kept since: a label that is changed afterwards is reviewed anew.
    """
    if isinstance(label.event.source, dict) and label.event.source.get("by") == REVIEW_SOURCE["by"]:
        return True
    return any(
        event.kind == "keep" and event.seq > label.seq and _value_now(event, classes) == label.value
        for event in events
    )


def labels_of_others(label: Current, events: tuple[Event, ...], classes: ClassHistory) -> dict[str, Any]:
    """Value that each other annotator gave last, its class as it is called now.

    ``events`` are the item's that stand.
    """
    last = {event.annotator: event for event in events if event.kind in VALUE_KINDS}
    values = {annotator: _value_now(event, classes) for annotator, event in last.items()}
    return {name: value for name, value in values.items() if name != label.annotator and value is not None}


def _value_now(event: Event, classes: ClassHistory) -> Any:
    return classes.value_now(event.value, event.item, event.seq)
