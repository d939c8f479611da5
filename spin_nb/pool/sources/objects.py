"""A list of objects that a modality has a text for, as a pool."""

from __future__ import annotations

from collections.abc import Sequence

from spin_nb.errors import PoolError
from spin_nb.pool.modalities.lookup import kind_of, modality_class, object_as_text
from spin_nb.pool.pool_data import PoolData, default_ids, fingerprint


def has_text(item: object) -> bool:
    """Tell whether a modality keeps such objects as texts."""
    kind = kind_of(item)
    return kind is not None and hasattr(modality_class(kind), "to_text")


def read_objects(objects: Sequence[object]) -> PoolData:
    """Read objects of one modality; their texts are kept.

    Raises
    ------
    PoolError
        When one is of another kind.
    """
    import polars as pl

    word = str(kind_of(objects[0]))
    stranger = next((number for number, item in enumerate(objects) if kind_of(item) != word), None)
    if stranger is not None:
        raise PoolError(
            f"item {stranger} is a {type(objects[stranger]).__name__}, the first a {type(objects[0]).__name__}.",
            "Pass objects of one kind.",
        )
    ids, texts = default_ids(len(objects)), [object_as_text(item) for item in objects]
    return PoolData(
        ids=ids,
        sources=[{"row": row} for row in range(len(ids))],
        modality=word,
        container="frame",
        items=pl.DataFrame({word: texts}),
        metadata={"column": word},
        broken=[],
        labels={},
        fingerprint=fingerprint("objects", word, ids, texts),
    )
