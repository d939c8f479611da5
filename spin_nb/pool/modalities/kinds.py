"""Which modality a loaded item is of: every kind loads to a type or shape of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from spin_nb.pool.media.audio import Sound


def kind_of(item: Any) -> str | None:
    """Word of the modality of a loaded item; None where it is none of ours, or several at once.

    Examples
    --------
    >>> kind_of("a text"), kind_of({"speed": 3}), kind_of(np.zeros((2, 50), np.float32))
    ('text', 'table', 'series')
    """
    if isinstance(item, str):
        return "text"
    if isinstance(item, dict):
        return "table"
    if isinstance(item, Sound):
        return "audio"
    if not isinstance(item, np.ndarray):
        return None
    if item.dtype == np.uint8:
        return {2: "image", 3: "image", 4: "video"}.get(item.ndim)
    return {1: "table", 2: "series"}.get(item.ndim)
