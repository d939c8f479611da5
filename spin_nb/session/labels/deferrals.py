"""Items that are not asked: decided on, or put aside (skipped, unsure) until one more look may help."""

from __future__ import annotations

from collections.abc import Sequence

from spin_nb.session.labels.label_log import LabelLog

DEFERRAL_KINDS = ("skip", "unsure")
MAX_REASKS = 1  # one more look may help (another day, another person); who still cannot tell then never will


def excluded_items(label_log: LabelLog, *, again: bool = False) -> list[str]:
    """Items labelled, flagged or put aside.

    With ``again``, what was put aside comes back, unless people put it aside more than :data:`MAX_REASKS` times.
    Undone events do not count; a restart changes nothing.
    """
    with label_log.lock:
        askable = (
            {id for id in deferred_items(label_log) if _n_deferrals(label_log, id) <= MAX_REASKS}
            if again
            else set()
        )
        return [id for id in label_log.state.current if id not in askable and label_log.pool.has(id)]


def deferred_items(label_log: LabelLog, kinds: Sequence[str] = DEFERRAL_KINDS) -> list[str]:
    """Items put aside and not flagged, oldest first.

    ``kinds`` says in which ways they were put aside.
    """
    with label_log.lock:
        current = label_log.state.current.items()
        return [
            id
            for id, label in current
            if label.kind in kinds and not label.flagged and label_log.pool.has(id)
        ]


def _n_deferrals(label_log: LabelLog, item: str) -> int:
    return sum(event.kind in DEFERRAL_KINDS for event in label_log.state.active[item])
