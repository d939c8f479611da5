"""The error of an id that no item has, with ids like it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from spin_nb.errors import LabelError
from spin_nb.types import Broken
from spin_nb.words import short, shown

MAX_COMPARED_CHARS, MAX_COMPARED_IDS = 200, 5000
"""Characters of an unknown id, and ids that it is compared with."""


def unknown_item(id: object, ids: Sequence[str], broken: Sequence[Broken]) -> LabelError:
    """Build the error of an id that is not in ``ids``.

    ``broken`` are items kept out, of which it says why.
    """
    if not isinstance(id, str):
        return LabelError(
            f"{shown(id)} is a {type(id).__name__}, no item id.", f"Pass one id, such as {ids[0]!r}."
        )
    reason = next((item.reason for item in broken if item.id == id), None)
    if reason is not None:
        return LabelError(f"the item {id!r} was kept out: {reason}.", "Repair it and pass pool= again.")
    return LabelError(
        f"there is no item {shown(id, 200)}.",
        f"{_suggest_ids(id, ids)}; see s.items for all.  If it arrived in another notebook, open the project"
        " again.",
    )


def _suggest_ids(id: str, ids: Sequence[str]) -> str:
    """Name ids like this one, or any where none is.

    It looks at the first thousands, and at no endless text: labels may wait meanwhile.
    """
    has_few_characters = len(id) <= MAX_COMPARED_CHARS
    alike = difflib.get_close_matches(id, ids[:MAX_COMPARED_IDS], n=3) if has_few_characters else []
    if not alike:
        return f"For example {short(ids[0], 100)}"
    return f"Closest: {', '.join(short(name, 100) for name in alike)}"
