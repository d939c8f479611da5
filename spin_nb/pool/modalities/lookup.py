"""The registered modalities: by word, by file ending, by loaded item."""

from __future__ import annotations

from typing import Any

from spin_nb.errors import PoolError
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.pool_data import PoolData
from spin_nb.registry import WORDS, resolve, words


def modality_class(word: str) -> type[Modality]:
    """Class of the modality that a word stands for.

    Raises
    ------
    UnknownWordError
        When there is none.
    """
    kind: type[Modality] = resolve("modality", word)
    return kind


def modality_classes() -> list[type[Modality]]:
    """Classes of all modalities, built-in ones first."""
    builtin = WORDS["modality"]
    return [modality_class(word) for word in sorted(words("modality"), key=lambda word: word not in builtin)]


def modality_for(data: PoolData) -> Modality:
    """Modality of a pool, with its metadata."""
    return modality_class(data.modality).of(data)


def kind_of(item: object) -> str | None:
    """Word of the modality of a loaded item.

    It is None where it is none, or several at once.

    Examples
    --------
    >>> import numpy as np
    >>> kind_of("a text"), kind_of({"speed": 3}), kind_of(np.zeros((2, 50), np.float32))
    ('text', 'table', 'series')
    """
    return next((kind.name for kind in modality_classes() if kind.is_loaded(item)), None)


def brought_encoder(name: str) -> type | None:
    """Class of an encoder that a modality brings itself, without a word of its own; None for any other."""
    return _brought_encoders().get(name)


def _brought_encoders() -> dict[str, type]:
    """Name -> class, of the encoders that modalities bring themselves."""
    classes = (
        kind for modality in modality_classes() for kind in modality.encoders if isinstance(kind, type)
    )
    return {str(kind.name): kind for kind in classes if hasattr(kind, "name")}


def resolve_encoder(spec: object) -> Any:
    """Return the encoder that a word stands for, registered or brought by a modality; else ``spec`` itself.

    Raises
    ------
    UnknownWordError
        When no encoder has this word.
    """
    own_encoders = _brought_encoders()
    if isinstance(spec, str) and spec in own_encoders:
        return own_encoders[spec]
    return resolve("encoder", spec, also=("auto", *own_encoders))


def words_by_extension() -> dict[str, str]:
    """Ending of a file, in lower case -> word of its modality.

    Examples
    --------
    >>> words_by_extension()[".jpg"], words_by_extension()[".wav"]
    ('image', 'audio')
    """
    table: dict[str, str] = {}
    for kind in modality_classes():
        for extension in kind.extensions:
            table.setdefault(extension, kind.name)
    return table


def object_as_text(item: object) -> str:
    """Text from which its modality loads an object again.

    Raises
    ------
    PoolError
        When no modality has such objects.

    Examples
    --------
    >>> object_as_text(3.5)
    Traceback (most recent call last):
    ...
    spin_nb.errors.PoolError: a float is no item of any modality.
      -> Pass texts, arrays, or objects that a modality has a text for.
    """
    for kind in modality_classes():
        if kind.is_loaded(item) and hasattr(kind, "to_text"):
            return str(kind.to_text(item))
    raise PoolError(
        f"a {type(item).__name__} is no item of any modality.",
        "Pass texts, arrays, or objects that a modality has a text for.",
    )
