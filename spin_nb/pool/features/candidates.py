"""Features of candidate encoders, of each by itself and of several side by side; an item is encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spin_nb.pool.encoders import make_encoder
from spin_nb.pool.encoders.joined import SEPARATOR, Joined, join_fitted
from spin_nb.pool.encoders.reduced import MAX_WIDTH, Reduced, principal_axes
from spin_nb.pool.features.cache import features
from spin_nb.pool.features.encoding import Progress
from spin_nb.pool.pool import Pool
from spin_nb.types import Float

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder

AXES_ITEMS = 10_000
"""Base items that the axes of wide features are learnt from at most."""
_HELD_OUT_STEP = 5


def parts_of(name: str, words: Sequence[str]) -> list[str]:
    """Words of the encoders that a name stands for, of some; none where it is another's.

    Examples
    --------
    >>> parts_of("photo + efficientnet-lite", ["photo", "efficientnet-lite"]), parts_of("photo", ["tfidf-svd"])
    (['photo', 'efficientnet-lite'], [])
    """
    parts = name.split(SEPARATOR)
    return parts if set(parts) <= set(words) else []


def candidate_features(
    pool: Pool, words: Sequence[str], folder: Path | None = None, *, progress: Progress | None = None
) -> tuple[Encoder, Float]:
    """Features of one encoder, or of several side by side; each encodes an item once, whoever asks.

    Parameters
    ----------
    words : sequence of str
    folder, progress
        As for :func:`~spin_nb.pool.features.cache.features`.

    Returns
    -------
    encoder : Encoder
        Fitted.
    features : float32 (n, d)

    Raises
    ------
    PoolError
        As :func:`~spin_nb.pool.features.cache.features`.
    """
    parts = [
        features(pool, word, folder, progress=_part(progress, at, len(words)))
        for at, word in enumerate(words)
    ]
    if len(parts) == 1:
        return parts[0]
    join_of_words = make_encoder(list(words), pool)
    assert isinstance(join_of_words, Joined)
    side_by_side, rows = join_fitted(
        join_of_words, [encoder for encoder, _ in parts], [array[: pool.n_base] for _, array in parts]
    )
    late = side_by_side.scale_features([array[pool.n_base :] for _, array in parts])
    if rows.shape[1] <= MAX_WIDTH:
        return side_by_side, np.concatenate([rows, late])
    encoder = _reduce(side_by_side, rows)
    return encoder, np.concatenate([encoder.project(rows), encoder.project(late)])


def _reduce(side_by_side: Joined, rows: Float) -> Reduced:
    is_learnt_from = np.ones(len(rows), bool)
    is_learnt_from[_HELD_OUT_STEP - 1 :: _HELD_OUT_STEP] = False
    learnt_from = np.flatnonzero(is_learnt_from)
    some = learnt_from[:: max(1, -(-len(learnt_from) // AXES_ITEMS))]
    return Reduced(side_by_side, *principal_axes(rows[some]), np.setdiff1d(np.arange(len(rows)), some))


def _part(progress: Progress | None, at: int, n_parts: int) -> Progress | None:
    if progress is None:
        return None
    return lambda fraction, words: progress((at + fraction) / n_parts, words)
