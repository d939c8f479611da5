"""Which labels a person has reviewed: kept, or given in a review."""

from __future__ import annotations

from spin_nb.project.fold import Current
from spin_nb.project.records import VALUE_KINDS, Event

REVIEW_SOURCE = {"by": "review"}
"""Source of an event that a review made."""


def is_reviewed(label: Current, events: tuple[Event, ...]) -> bool:
    """Tell whether the label that holds has been reviewed; ``events`` are the item's that stand.

    It was given in a review, or kept since: a label that is changed afterwards is reviewed anew.
    """
    if isinstance(label.event.source, dict) and label.event.source.get("by") == REVIEW_SOURCE["by"]:
        return True
    values = label.value, label.event.value  # the latter where its class is called otherwise by now
    return any(event.kind == "keep" and event.seq > label.seq and event.value in values for event in events)


def labels_of_others(label: Current, events: tuple[Event, ...]) -> list[Event]:
    """The last label that stands of each other annotator; ``events`` are the item's that stand."""
    last = {event.annotator: event for event in events if event.kind in VALUE_KINDS}
    return [event for annotator, event in last.items() if annotator != label.annotator]
