"""The encoder that a project opens with: the one asked for, the one it had, or those it chooses from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from spin_nb.errors import ContradictionError, PoolError, ProjectError
from spin_nb.pool.encoders import choose_encoder, make_encoder
from spin_nb.pool.encoders.absent import AbsentEncoder
from spin_nb.pool.encoders.candidates import candidates, is_installed
from spin_nb.pool.encoders.hub.names import is_hub_name
from spin_nb.pool.encoders.joined import SEPARATOR
from spin_nb.pool.encoders.saved import load_encoder
from spin_nb.pool.features.cache import features
from spin_nb.pool.features.candidates import candidate_features, parts_of
from spin_nb.pool.features.encoding import Progress
from spin_nb.pool.modalities.lookup import brought_encoder
from spin_nb.pool.pool import Pool
from spin_nb.project.store import Store
from spin_nb.protocols import Encoder, Task
from spin_nb.registry import words as registered_words
from spin_nb.session.checks.weights import introduce_weights, kept_settings
from spin_nb.session.model.encoder_choice import CHOICE
from spin_nb.types import Float

ComputeFeatures = Callable[[Progress | None], tuple[Encoder, Float]]


def candidate_words(store: Store, pool: Pool, task: Task, encoder: object) -> list[str]:
    """Words of the encoders that the session chooses from by the labels.

    None where a person chose one, now or before, where labels are no classes, or nothing may be written.
    """
    if store.read_only:
        return []
    is_automatic = _is_auto(encoder) and ("encoder" not in store.meta or store.meta.get(CHOICE) is not None)
    if is_automatic and store.meta.get(CHOICE) is None:
        store.set_meta(CHOICE, {})
    elif not is_automatic and store.meta.get(CHOICE) is not None:
        store.set_meta(CHOICE, None)
    return candidates(pool) if is_automatic and task.learns == "classes" else []


def features_to_begin_with(
    store: Store, folder: Path, pool: Pool, encoder: object, words: Sequence[str], trusted: bool
) -> ComputeFeatures:
    """Return what computes the features that a project opens with.

    Where it chooses its encoder by the labels these are of the one it chose last, at first of the quick one.

    Raises
    ------
    ProjectError
        The encoder the project had is a network, which is not run where it is not trusted.
    ContradictionError
        The encoder the project had is not kept on disk.
    UnknownWordError, PoolError
        What was asked for is no encoder of these items, or its weights are not on this machine.
    """
    if words:
        parts = parts_of(store.meta.get("encoder") or "", words) or words[:1]
        return lambda progress: candidate_features(pool, parts, folder, progress=progress)
    spec = _spec(store, folder, encoder, trusted)
    chosen_by_items = any(map(_is_auto, spec if isinstance(spec, list | tuple) else [spec]))
    if not chosen_by_items:
        spec = _make(spec, store, pool)
        introduce_weights(spec, store)

    def compute(progress: Progress | None) -> tuple[Encoder, Float]:
        encoder, array = features(pool, spec, folder, progress=progress)
        if chosen_by_items:
            introduce_weights(encoder, store)
        return encoder, array

    return compute


def _make(spec: object, store: Store, pool: Pool) -> Encoder:
    """Encoder of a spec; one that stands in for it where it is the project's own and its weights are gone.

    Raises
    ------
    UnknownWordError, PoolError
    """
    try:
        return make_encoder(spec, pool)
    except PoolError as problem:
        name = store.meta.get("encoder")
        if name is None or name != _name_of(spec):
            raise
        quick = choose_encoder(pool)
        error = type(problem)(
            f"this project's features come from {name!r:.80}: {problem.what}",
            f"{problem.do} Or go on with other features, which keeps labels, history and audits: encoder={quick!r}.",
        )
        settings = kept_settings(name, store)
        if settings is None:
            raise error from None
        return AbsentEncoder(name, settings, error)


def _name_of(spec: object) -> str:
    """Name of the encoder that words stand for."""
    parts = spec if isinstance(spec, list | tuple) else [spec]
    return SEPARATOR.join(str(getattr(part, "name", part)) for part in parts)


def _spec(store: Store, folder: Path, encoder: object, trusted: bool) -> object:
    name = store.meta.get("encoder")
    if name is None or not _is_auto(encoder) or _is_not_installed(store, name):
        return encoder
    if _is_word(name):
        return name
    parts = name.split(SEPARATOR)
    # Whoever made the project chose the name: what it fetches is not fetched for a stranger's.
    if all(_is_word(part) or (trusted and is_hub_name(part)) for part in parts):
        return parts if len(parts) > 1 else name
    if not trusted:  # a graph can hold a loop without an end, and tensors of any size
        raise ProjectError(
            f"this project's features come from {name!r:.80}, a network that is not run with trusted=False.",
            "Pass encoder= yourself: a word, for other features, or the network after a look at it.",
        )
    saved_encoder = load_encoder(name, folder)
    if saved_encoder is None:
        raise ContradictionError(
            f"this project's features come from {name!r}, which is not kept on disk.",
            "Pass it again: encoder=...; or a word, to compute other features.",
        )
    return saved_encoder


def _is_not_installed(store: Store, name: str) -> bool:
    """Say whether the project chose an encoder itself whose weights are not on this machine: it does without."""
    if store.meta.get(CHOICE) is None or not all(map(_is_word, name.split(SEPARATOR))):
        return False
    return not all(map(is_installed, name.split(SEPARATOR)))


def _is_auto(encoder: object) -> bool:
    return isinstance(encoder, str) and encoder == "auto"


def _is_word(name: str) -> bool:
    return name in registered_words("encoder") or brought_encoder(name) is not None
