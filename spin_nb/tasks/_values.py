"""Reading what a person, a notebook or a browser hands over: numbers, lists, dictionaries, text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from spin_nb.errors import LabelError
from spin_nb.words import shown

MAX_ENTRIES = (
    10_000  # entries of one label: what lies beyond is a mistake or an attack, and would stop every view
)


def whole_text(value: object, what: str) -> str:
    """``value`` as plain NFC text that can be stored as UTF-8."""
    if not isinstance(value, str):
        raise LabelError(f"{what} is {shown(value)}, not text.", "Pass it as text, in quotes.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise LabelError(
            f"{what} {shown(value)} is not valid Unicode text.",
            'Remove the lone surrogates, for example with .encode("utf-8", "replace").decode().',
        ) from None
    return unicodedata.normalize("NFC", str(value))


def number(value: object, what: str) -> float:
    """``value`` as a finite float.

    Numpy's scalars are numbers, True and "3" are not.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool) or not isinstance(value, Real):
        raise LabelError(f"{what} is {shown(value)}, not a number.", "Pass a number, for example 3.5.")
    try:
        plain = float(value)
    except OverflowError:
        plain = math.inf
    if not math.isfinite(plain):
        raise LabelError(f"{what} is {plain}, which no label can be.", "Pass a finite number.")
    return plain + 0.0  # -0.0 becomes 0.0


def whole_number(value: object, what: str) -> int:
    """``value`` as an int."""
    plain = number(value, what)
    if not plain.is_integer():
        raise LabelError(f"{what} is {plain:.10g}, not a whole number.", "Pass an int.")
    return int(plain)


def entries(value: Any, what: str, example: str, most: int = MAX_ENTRIES) -> list[Any]:
    """The entries of a list, tuple or array."""
    array = isinstance(value, np.ndarray) and value.ndim > 0
    if not array and not isinstance(value, list | tuple):
        raise LabelError(f"{what} is {shown(value)}, not a list.", f"Pass a list, for example {example}.")
    if len(value) > most:
        raise LabelError(
            f"{what} has {len(value):,} entries; {most:,} is the most one label may have.",
            "Check where the list comes from, or split the item.",
        )
    return list(value)


def fields(value: object, keys: tuple[str, ...], what: str) -> list[Any]:
    """The values of a dictionary that has exactly ``keys``, in their order."""
    if not isinstance(value, Mapping):
        raise LabelError(
            f"{what} is {shown(value)}, not a dictionary.", f"Pass a dictionary with {', '.join(keys)}."
        )
    missing = [key for key in keys if key not in value]
    if missing:
        raise LabelError(f"{what} has no {missing[0]!r}.", f"Give it {', '.join(keys)}.")
    extra = [key for key in value if key not in keys]
    if extra:
        raise LabelError(
            f"{what} has {shown(extra[0])}, which this task does not know.",
            f"Give it {', '.join(keys)}, nothing else.",
        )
    return [value[key] for key in keys]
