"""How values are written into columns and read back: JSON text, plain text, UTC times."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from spin_nb.errors import LabelError, ProjectError
from spin_nb.words import said_by, shown

_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))  # made once: a pool has many items


def as_json(value: object, what: str) -> str:
    """``value`` as JSON text.

    It raises LabelError where JSON cannot hold it (NaN, arrays, objects).
    """
    try:
        return _ENCODER.encode(value)
    except Exception as error:  # of a person's own dictionary, too
        raise LabelError(
            f"{what} {shown(value)} cannot be stored ({said_by(error)}).",
            "Pass text, numbers, lists or dictionaries.",
        ) from None


def from_json(text: str | None) -> Any:
    """Read what :func:`as_json` wrote.

    It is None for an empty column.
    """
    try:
        return None if text is None else json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise _damage(text, error) from None


def as_text(value: object, what: str) -> str:
    """``value`` itself if it is text SQLite can hold.

    It raises LabelError otherwise.
    """
    try:
        if isinstance(value, str) and value.strip():
            value.encode("utf-8")
            return value
    except UnicodeEncodeError:
        pass
    raise LabelError(f"{what} {shown(value)} is not valid, non-empty text.", f"Give the {what} as text.")


def now() -> str:
    """UTC now, as it is written.

    It is ISO 8601 with microseconds.
    """
    return as_moment(datetime.now(UTC))


def as_moment(time: datetime) -> str:
    """A UTC time as it is written."""
    return time.isoformat(timespec="microseconds")


def from_moment(text: str) -> datetime:
    """Read a written time."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _damage(text, error) from None


def from_moment_or_none(text: str | None) -> datetime | None:
    """Read a written time; None for an empty column."""
    return None if text is None else from_moment(text)


def _damage(text: object, error: Exception) -> ProjectError:
    return ProjectError(f"the project is damaged: {shown(text)} ({error}).", "Restore it from a copy.")
