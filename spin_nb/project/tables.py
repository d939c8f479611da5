"""Items, asks, events and current labels as polars frames; an item's id is the column ``item`` in all of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from spin_nb.project.fold import Current
from spin_nb.project.records import Ask, Event

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType

    Columns = Mapping[str, tuple[PolarsDataType, Sequence[object]]]
    """Name -> type and values, in the order of the frame."""


def _frame(columns: Columns) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame([pl.Series(name, values, kind) for name, (kind, values) in columns.items()])


def _as_text(value: object) -> str | None:
    """Return text as it is, anything else as JSON text: one column holds one type."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def items(rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    """Table of all items.

    ``rows`` hold row number, id, modality, source, why it is broken, whether it arrived.
    """
    import polars as pl

    row, ids, modality, source, broken, flags = zip(*rows, strict=True) if rows else ((),) * 6
    return _frame(
        {
            "row": (pl.Int64, row),
            "item": (pl.String, ids),
            "modality": (pl.String, modality),
            "source": (pl.String, source),
            "broken": (pl.String, broken),
            "arrived": (pl.Boolean, [bool(flag) for flag in flags]),
        }
    )


def asks(asks: Sequence[Ask]) -> pl.DataFrame:
    """Asks in the order passed.

    ``time`` is when one was shown.
    """
    import polars as pl

    return _frame(
        {
            "token": (pl.String, [ask.token for ask in asks]),
            "item": (pl.String, [ask.item for ask in asks]),
            "time": (pl.Datetime("us", "UTC"), [ask.shown_at for ask in asks]),
            "strategy": (pl.String, [ask.strategy for ask in asks]),
            "q": (pl.Float64, [ask.q for ask in asks]),
            "audit": (pl.Boolean, [ask.audit for ask in asks]),
            "with_suggestion": (pl.Boolean, [ask.suggest for ask in asks]),
            "model_id": (pl.String, [ask.model_id for ask in asks]),
            "reason": (pl.String, [ask.reason for ask in asks]),
            "annotator": (pl.String, [ask.annotator for ask in asks]),
        }
    )


def labels(current: Iterable[Current], audits: Collection[str]) -> pl.DataFrame:
    """Current labels in order of labelling.

    An item that was once asked as an audit item stays one, whichever event labelled it in the end: a
    corrected audit label must not start to train.
    """
    import polars as pl

    labels = list(current)
    events = [label.event for label in labels]
    return _frame(
        {
            "item": (pl.String, [label.item for label in labels]),
            "value": (pl.String, [_as_text(label.value) for label in labels]),
            "annotator": (pl.String, [label.annotator for label in labels]),
            "time": (pl.Datetime("us", "UTC"), [label.time for label in labels]),
            "kind": (pl.String, [label.kind for label in labels]),
            "ask": (pl.String, [label.ask for label in labels]),
            "audit": (pl.Boolean, [label.item in audits for label in labels]),
            **_answers(events),
            "flagged": (pl.Boolean, [label.flagged for label in labels]),
            "seq": (pl.Int64, [label.seq for label in labels]),
        }
    )


def history(events: Sequence[Event]) -> pl.DataFrame:
    """Every event ever stored, oldest first."""
    import polars as pl

    answers = _answers(events)
    return _frame(
        {
            "seq": (pl.Int64, [event.seq for event in events]),
            "time": (pl.Datetime("us", "UTC"), [event.time for event in events]),
            "annotator": (pl.String, [event.annotator for event in events]),
            "kind": (pl.String, [event.kind for event in events]),
            "item": (pl.String, [event.item or None for event in events]),
            "value": (pl.String, [_as_text(event.value) for event in events]),
            "previous": (pl.String, [_as_text(event.previous) for event in events]),
            **{name: answers[name] for name in ("suggested", "suggested_p", "accepted")},
            "ask": (pl.String, [event.ask for event in events]),
            "shown_ms": answers["shown_ms"],
            "target": (pl.Int64, [event.target for event in events]),
            "client": (pl.String, [event.client for event in events]),
            "client_seq": (pl.Int64, [event.client_seq for event in events]),
            "gesture": (pl.Int64, [event.gesture for event in events]),
            "source": (pl.String, [_as_text(event.source) for event in events]),
        }
    )


def _answers(events: Iterable[Event]) -> dict[str, tuple[PolarsDataType, Sequence[object]]]:
    """Columns about what was suggested, and how it was answered."""
    import polars as pl

    events = list(events)
    suggestions = [event.suggestion or (None, None) for event in events]
    return {
        "suggested": (pl.String, [_as_text(value) for value, _ in suggestions]),
        "suggested_p": (pl.Float64, [p for _, p in suggestions]),
        "accepted": (pl.Boolean, [event.is_accepted for event in events]),
        "shown_ms": (pl.Float64, [event.shown_ms for event in events]),
    }
