"""Texts in the space of an encoder's features, where it has a text side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spin_nb.errors import PoolError
from spin_nb.types import Float


def encode_texts(encoder: Any, texts: Sequence[str]) -> Float:
    """Features of texts, float32 (n, d), comparable with the features of the encoder's items.

    Raises
    ------
    PoolError
        When the encoder has no text side.

    Examples
    --------
    >>> from spin_nb.pool.encoders.function import FunctionEncoder
    >>> encode_texts(FunctionEncoder(len), ["a red car"])
    Traceback (most recent call last):
    ...
    spin_nb.errors.PoolError: the encoder 'function len' has no text side.
      -> Open the pool with one: encoder="clip" or "siglip2" for pictures, "clap" for sounds, "minilm" for texts.
    """
    if not hasattr(encoder, "encode_texts"):
        raise no_text_side(encoder.name)
    features: Float = encoder.encode_texts(texts)
    return features


def no_text_side(name: str) -> PoolError:
    """Error of an encoder that texts cannot be compared with."""
    return PoolError(
        f"the encoder {name!r} has no text side.",
        'Open the pool with one: encoder="clip" or "siglip2" for pictures, "clap" for sounds, "minilm" for texts.',
    )
