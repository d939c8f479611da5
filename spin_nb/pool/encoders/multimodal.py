"""Several things at once: every part through its own encoder, all of equal weight."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.modalities.lookup import kind_of, modality_class, resolve_encoder
from spin_nb.types import Float

FIT_ITEMS = 10_000
"""That a part is learnt from at most, where its encoder does not say."""


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
        self._parts: dict[str, tuple[str, Any, Float, Float]] | None = None

    def fit(self, items: Sequence[Any]) -> MultimodalEncoder:
        """Learn the encoder of every part.

        Items are dicts of part -> loaded item or None.

        Raises
        ------
        PoolError
            When a part's encoder cannot learn from it.
        """
        encoders = {}
        for name in items[0]:
            there = [item[name] for item in items if item.get(name) is not None]
            if there:
                encoders[name] = _learn(name, there)
        self._parts = encoders
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
        plan = json.dumps([[name, word] for name, (word, *_) in parts.items()])
        arrays: dict[str, NDArray[Any]] = {"plan": np.frombuffer(plan.encode(), np.uint8)}
        for number, (_, encoder, mean, scale) in enumerate(parts.values()):
            arrays |= {f"{number}.mean": mean, f"{number}.scale": scale}
            arrays |= {f"{number}.of.{name}": array for name, array in encoder.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._parts = {}
        for number, (name, word) in enumerate(json.loads(arrays["plan"].tobytes())):
            start = f"{number}.of."
            part_arrays = {
                key.removeprefix(start): array for key, array in arrays.items() if key.startswith(start)
            }
            unfitted = resolve_encoder(word)()
            part = type(unfitted).from_arrays(part_arrays, unfitted)
            encoder._parts[name] = (word, part, arrays[f"{number}.mean"], arrays[f"{number}.scale"])
        return encoder

    def _require_parts(self) -> dict[str, tuple[str, Any, Float, Float]]:
        if self._parts is None:
            raise ModelError("the encoder 'parts' has learnt nothing yet.", "Call fit(items) first.")
        return self._parts


def _learn(name: str, items: list[Any]) -> tuple[str, Any, Float, Float]:
    modality = modality_class(str(kind_of(items[0])))
    word = modality.default_encoder(modality.largest_side(items))
    encoder = resolve_encoder(word)()
    sample = items[:: max(1, -(-len(items) // getattr(encoder, "fit_items", FIT_ITEMS)))]
    try:
        features = encoder.fit(sample).encode(sample)
    except PoolError as problem:
        raise PoolError(f"the part {name!r}: {problem.what}", problem.do) from None
    total = float(np.sqrt(features.var(axis=0, dtype=np.float64).sum()))
    return encoder.name, encoder, features.mean(axis=0), np.asarray([total or 1.0], np.float32)


def _encode_part(name: str, part: tuple[str, Any, Float, Float], items: Sequence[Any]) -> Float:
    _, encoder, mean, scale = part
    features = np.zeros((len(items), len(mean)), np.float32)
    there = [row for row, item in enumerate(items) if item.get(name) is not None]
    if there:
        features[there] = (encoder.encode([items[row][name] for row in there]) - mean) / scale
    return features
