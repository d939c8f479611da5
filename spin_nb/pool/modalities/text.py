"""Texts."""

from __future__ import annotations

from dataclasses import dataclass

from spin_nb.errors import PoolError
from spin_nb.pool.modalities.base import Modality
from spin_nb.types import Extent, Shown
from spin_nb.words import shown

MAX_TEXT = 1_000_000


@dataclass(frozen=True)
class TextModality(Modality):
    """Plain text."""

    name = "text"
    title = "text"
    chunk_items = 4096
    encoders = ("tfidf-svd", "minilm", "bge-small", "potion")
    schema = 1

    @classmethod
    def pretrained_encoders(cls, largest_side: int | None = None) -> tuple[str, ...]:
        """Words of pretrained encoders that "auto" weighs beside "tfidf-svd"."""
        return ("minilm",)

    @classmethod
    def is_loaded(cls, item: object) -> bool:
        """Tell whether an item is a text."""
        return isinstance(item, str)

    def load(self, source: object) -> str:
        """The text itself.

        Raises
        ------
        PoolError
            When it is not a string.
        """
        if not isinstance(source, str):
            raise PoolError(f"{shown(source)} is a {type(source).__name__}, not a text.", "Pass a str.")
        return source

    def show(self, source: object, size: int | None = None) -> Shown:
        """text/plain, at most ``size`` characters (default 1,000,000).

        Raises
        ------
        PoolError
            When there is nothing to read in it.
        """
        text, limit = self.load(source), size or MAX_TEXT
        if not text.strip():
            raise PoolError("the text is empty.", "Remove it, or flag it as a bad item.")
        return Shown("text/plain", text if len(text) <= limit else text[: limit - 1] + "…")

    def extent(self, source: object) -> Extent:
        """The whole text."""
        return Extent(text=self.load(source))
