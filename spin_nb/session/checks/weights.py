"""Weights that others trained: a project names them and their terms once, and keeps that."""

from __future__ import annotations

from typing import Any

from spin_nb.project.store import Store

KEY = "weights"


def introduce_weights(encoder: object, store: Store) -> None:
    """Print on what terms an encoder's weights may be used, the first time that a project uses them.

    The project keeps it, in its meta entry "weights": word -> :meth:`Pretrained.facts
    <spin_nb.pool.encoders.pretrained.Pretrained.facts>`.
    """
    kept_facts: dict[str, Any] = store.meta.get(KEY) or {}
    new = [
        weights
        for weights in getattr(encoder, "pretrained", ())
        if kept_facts.get(weights.word) != weights.facts()
    ]
    for weights in new:
        print(weights)
    if new and not store.read_only:
        store.set_meta(KEY, {**kept_facts, **{weights.word: weights.facts() for weights in new}})
