"""Weights that others trained: a project names them and their terms once, and keeps that."""

from __future__ import annotations

from typing import Any

from spin_nb.project.store import Store

KEY = "weights"
SETTINGS = "encoder_settings"


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


def keep_settings(encoder: Any, store: Store) -> None:
    """Keep the settings of an encoder with weights that others trained: its features are found without them."""
    settings = {"name": encoder.name, "settings": getattr(encoder, "settings", {})}
    if getattr(encoder, "pretrained", ()) and not store.read_only and store.meta.get(SETTINGS) != settings:
        store.set_meta(SETTINGS, settings)


def kept_settings(name: str, store: Store) -> dict[str, Any] | None:
    """Settings of the project's encoder; None where they were not kept, or are of another one."""
    facts = store.meta.get(SETTINGS)
    if (
        not isinstance(facts, dict)
        or facts.get("name") != name
        or not isinstance(facts.get("settings"), dict)
    ):
        return None
    settings: dict[str, Any] = facts["settings"]
    return settings
