"""Events and current labels as polars frames."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spin_nb.project.fold import Current
from spin_nb.project.records import Event

if TYPE_CHECKING:
    import polars as pl


def shown(value: Any) -> str | None:
    """Return text as it is, anything else as JSON text: one column holds one type."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def labels(current: Iterable[Current], audited: set[str]) -> pl.DataFrame:
    """Current labels in order of labelling.

    An item that was once asked as an audit item stays one, whichever event labelled it in the end: a
    corrected audit label must not start to train.
    """
    import polars as pl

    held = list(current)
    events = [c.event for c in held]
    suggested = [e.suggested or (None, None) for e in events]
    return pl.DataFrame(
        {
            "item": [c.item for c in held],
            "value": [shown(c.value) for c in held],
            "annotator": [c.annotator for c in held],
            "time": [c.time for c in held],
            "kind": [c.kind for c in held],
            "ask": [c.ask for c in held],
            "audit": [c.item in audited for c in held],
            "suggested": [shown(value) for value, _ in suggested],
            "suggested_p": [p for _, p in suggested],
            "accepted": [e.accepted for e in events],
            "shown_ms": [e.shown_ms for e in events],
            "flagged": [c.flagged for c in held],
            "seq": [c.seq for c in held],
        },
        schema={
            "item": pl.String,
            "value": pl.String,
            "annotator": pl.String,
            "time": pl.Datetime("us", "UTC"),
            "kind": pl.String,
            "ask": pl.String,
            "audit": pl.Boolean,
            "suggested": pl.String,
            "suggested_p": pl.Float64,
            "accepted": pl.Boolean,
            "shown_ms": pl.Float64,
            "flagged": pl.Boolean,
            "seq": pl.Int64,
        },
    )


def history(events: list[Event]) -> pl.DataFrame:
    """Every event ever stored, oldest first."""
    import polars as pl

    suggested = [e.suggested or (None, None) for e in events]
    return pl.DataFrame(
        {
            "seq": [e.seq for e in events],
            "time": [e.time for e in events],
            "annotator": [e.annotator for e in events],
            "kind": [e.kind for e in events],
            "item": [e.item for e in events],
            "value": [shown(e.value) for e in events],
            "previous": [shown(e.previous) for e in events],
            "suggested": [shown(value) for value, _ in suggested],
            "suggested_p": [p for _, p in suggested],
            "accepted": [e.accepted for e in events],
            "ask": [e.ask for e in events],
            "shown_ms": [e.shown_ms for e in events],
            "target": [e.target for e in events],
            "client": [e.client for e in events],
            "client_seq": [e.client_seq for e in events],
            "gesture": [e.gesture for e in events],
        },
        schema={
            "seq": pl.Int64,
            "time": pl.Datetime("us", "UTC"),
            "annotator": pl.String,
            "kind": pl.String,
            "item": pl.String,
            "value": pl.String,
            "previous": pl.String,
            "suggested": pl.String,
            "suggested_p": pl.Float64,
            "accepted": pl.Boolean,
            "ask": pl.String,
            "shown_ms": pl.Float64,
            "target": pl.Int64,
            "client": pl.String,
            "client_seq": pl.Int64,
            "gesture": pl.Int64,
        },
    )
