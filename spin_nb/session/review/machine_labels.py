"""Items that may have a machine label, and which those are."""

from __future__ import annotations

from spin_nb.project.records import Suggestion
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.model.suggestions import Suggestions

PRELABEL_SOURCE = {"by": "prelabel"}
"""Source of an event by which a machine label was accepted."""


def is_open(label_log: LabelLog, id: str) -> bool:
    """Tell whether an item may have a machine label: nobody has decided on it, is asked it, or keeps it for audits."""
    if not label_log.pool.has(id) or label_log.current(id) is not None:
        return False
    is_asked = label_log.shown_asks.open_token(id) is not None
    return not (is_asked or id in label_log.audit_items or label_log.plan.is_reserved(label_log.pool.row(id)))


def machine_labels(label_log: LabelLog, suggestions: Suggestions) -> dict[str, Suggestion]:
    """List what is suggested of every item that may have a machine label, the most uncertain first.

    Those whose probability nobody said come last.
    """
    pairs: list[tuple[str, Suggestion]] = []
    for id in list(label_log.pool.ids):
        with label_log.lock:
            row = label_log.pool.row(id) if is_open(label_log, id) else None
        if row is not None and (suggestion := suggestions.of(row)) is not None:
            pairs.append((id, suggestion))
    pairs.sort(key=lambda pair: 1.0 if pair[1][1] is None else pair[1][1])
    return dict(pairs)
