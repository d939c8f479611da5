"""Several things at once: every part through its own encoder, all of equal weight."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.encoders.scaled import FIT_ITEMS, Scaled, fit_scaled, scaled_from_arrays
from spin_nb.pool.modalities.lookup import kind_of, modality_class, resolve_encoder
from spin_nb.types import Float


class MultimodalEncoder:
    """Features of all parts, side by side ("parts").

    Each part has mean 0 and a total variance of 1.

    A part goes through the encoder that "auto" would choose for it alone.  Where it is missing its features are zero:
    the mean says nothing.

    Examples
    --------
    >>> items = [{"words": f"{a} {b}", "size": {"cm": float(len(a))}} for a in ("red", "green") for b in ("car", "bus")]
    >>> MultimodalEncoder().fit(items).encode(items).shape
    (4, 4)
    """

    name = "parts"
    fit_items = FIT_ITEMS

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self._parts: dict[str, Scaled] | None = None

    def fit(self, items: Sequence[Any]) -> MultimodalEncoder:
        """Learn the encoder of every part.

        Items are dicts of part -> loaded item or None.

        Raises
        ------
        PoolError
            When a part's encoder cannot learn from it.
        """
        parts = {}
        for name in items[0]:
            there = [item[name] for item in items if item.get(name) is not None]
            if there:
                parts[name] = _learn(name, there)
        self._parts = parts
        return self

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d).

        They are those of every part, in order.
        """
        return np.concatenate(
            [_encode_part(name, part, items) for name, part in self._require_parts().items()], axis=1
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt; names and words as UTF-8 JSON bytes."""
        parts = self._require_parts()
        plan = json.dumps([[name, part.encoder.name] for name, part in parts.items()])
        arrays: dict[str, NDArray[Any]] = {"plan": np.frombuffer(plan.encode(), np.uint8)}
        for number, part in enumerate(parts.values()):
            arrays |= part.to_arrays(number)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        plan = json.loads(arrays["plan"].tobytes())
        encoder._parts = {
            name: scaled_from_arrays(arrays, number, resolve_encoder(word)())
            for number, (name, word) in enumerate(plan)
        }
        return encoder

    def _require_parts(self) -> dict[str, Scaled]:
        if self._parts is None:
            raise ModelError("the encoder 'parts' has learnt nothing yet.", "Call fit(items) first.")
        return self._parts


def _learn(name: str, items: list[Any]) -> Scaled:
    modality = modality_class(str(kind_of(items[0])))
    encoder = resolve_encoder(modality.default_encoder(modality.largest_side(items)))()
    try:
        return fit_scaled(encoder, items)
    except PoolError as problem:
        raise PoolError(f"the part {name!r}: {problem.what}", problem.do) from None


def _encode_part(name: str, part: Scaled, items: Sequence[Any]) -> Float:
    features = np.zeros((len(items), len(part.mean)), np.float32)
    there = [row for row, item in enumerate(items) if item.get(name) is not None]
    if there:
        features[there] = part.encode([items[row][name] for row in there])
    return features
