"""The card of a model as it lies on disk: what each entry must be before anything is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from spin_nb.errors import ModelError
from spin_nb.io import checksum
from spin_nb.words import shown

AGAIN = "Train again: s.train()."
MAX_POWER = 1e3  # of a head in the mean: beyond any that labels warrant


def check_card(card: object) -> dict[str, Any]:
    """Return ``card`` if every entry is right.

    A project may come from somebody else.

    Raises
    ------
    ValueError
        One is not; the entry and its value are named.
    """
    return _check_entries(card, _ENTRIES)


def check_model_entry(card: object) -> dict[str, Any]:
    """Return the entry of a model of the person's choice, as :func:`check_card`.

    Raises
    ------
    ValueError
    """
    return _check_entries(card, _MODEL_ENTRIES)


def content(path: Path, digests: Mapping[str, str]) -> bytes:
    """Read a file of a model, which must be what its card says.

    The card has its sha256; older cards have none.

    Raises
    ------
    ModelError
        It was changed.
    OSError
    """
    if path.name in digests and checksum(path) != digests[path.name]:
        raise ModelError(f"{path.name} cannot be read: it is not what was saved (sha256 differs).", AGAIN)
    return path.read_bytes()


def _check_entries(card: object, entries: dict[str, Callable[[object], bool]]) -> dict[str, Any]:
    if not isinstance(card, dict):
        raise ValueError(f"its card is {shown(card)}")
    for name, fits in entries.items():
        if not fits(card.get(name)):
            raise ValueError(f"{name!r} in its card is {card.get(name, 'missing')!s:.60}")
    return card


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_power(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < MAX_POWER


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _maybe(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or fits(value)


def _is_object(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _is_classes(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_encoder(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return _maybe(_is_text)(value.get("name")) and isinstance(value.get("settings"), dict)


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_count, value))


_ENTRIES: dict[str, Callable[[object], bool]] = {
    "schema": _is_count,
    "model_id": _is_text,
    "created": _is_text,
    "classes": _is_classes,
    "encoder": _is_encoder,
    "head": _is_text,
    "n_labels": _is_count,
    "last_event": _maybe(_is_count),
    "agreement": _is_number,
    "validation": _is_object(_is_number),
    "powers": _maybe(_is_object(_is_power)),
    "own": _maybe(lambda value: isinstance(value, dict)),
    "sha256": _maybe(
        _is_object(lambda value: isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{64}", value)))
    ),
}
_MODEL_ENTRIES: dict[str, Callable[[object], bool]] = {
    "name": _is_text,
    "class": _is_text,
    "posterior": _maybe(_is_text),
    "shape": _maybe(_is_shape),
}
