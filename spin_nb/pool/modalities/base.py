"""What every modality has, and what is true of it unless it says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from spin_nb.types import Extent, Shown

if TYPE_CHECKING:
    import polars as pl

    from spin_nb.pool.pool_data import PoolData


class Modality:
    """Base of the modalities.

    A subclass in one file, and one word for it, make a new one.

    It must have a ``name``, ``load`` and ``show`` (:class:`spin_nb.protocols.Modality`), ``encoders`` and
    :meth:`is_loaded`; ``extensions`` where its items can be files.  Where they can be objects in a list, or arrive
    as objects, it has ``to_text(item)``, the text from which ``load`` makes the item again.

    Attributes
    ----------
    name : str
        The word.
    title : str
        One item, in messages.
    extensions : frozenset of str
        Endings of its files, in lower case.
    module : str or None
        Optional package that reads them.
    files_at_once : int
        Files decoded side by side, outside the interpreter lock.
    batch_axes : int
        Axes of an array that holds several items.
    chunk_items : int
        Items that are encoded at a time, at most.
    encoders : tuple of str or type
        Words, or classes with a ``name``, of the encoders that read its items; the first is the default.
    schema : int
        Version of a stored pool from which there is such a modality.
    """

    name: ClassVar[str]
    title: ClassVar[str] = "item"
    extensions: ClassVar[frozenset[str]] = frozenset()
    module: ClassVar[str | None] = None
    files_at_once: ClassVar[int] = 1
    batch_axes: ClassVar[int] = 1
    chunk_items: ClassVar[int] = 256
    encoders: ClassVar[tuple[str | type, ...]] = ()
    schema: ClassVar[int] = 2

    @classmethod
    def of(cls, data: PoolData) -> Self:
        """Make the modality of a pool, with its metadata."""
        return cls()

    @classmethod
    def is_loaded(cls, item: object) -> bool:
        """Tell whether an item is one that :meth:`load` gives; every modality loads to a type of its own."""
        return False

    @classmethod
    def check_file(cls, path: Path) -> int:
        """Look at a file's header.

        Returns the longest side of a picture in pixels, else 0.

        Raises
        ------
        ValueError
            With the reason why it cannot be an item.
        """
        return 0

    @classmethod
    def largest_side(cls, items: list[Any]) -> int | None:
        """Longest side of loaded pictures, in pixels.

        It is None for anything else.
        """
        return None

    @classmethod
    def default_encoder(cls, largest_side: int | None = None) -> str | type:
        """Encoder of "auto", by the largest picture's side."""
        return cls.encoders[0]

    @classmethod
    def pretrained_encoders(cls, largest_side: int | None = None) -> tuple[str, ...]:
        """Words of pretrained encoders that "auto" weighs beside that, where their weights are installed."""
        return ()

    @classmethod
    def check_batch(cls, raws: list[Any], data: PoolData) -> list[Any]:
        """Raw items of a batch as the pool's own are; what the pool would misread is refused.

        Raises
        ------
        PoolError
        """
        return raws

    def load_frame(self, frame: pl.DataFrame) -> Sequence[Any] | None:
        """Make loaded items of a frame's rows, all at once; None where each is loaded by itself."""
        return None

    def load(self, source: object) -> Any:
        """Make a loaded item of a raw source.

        Raises
        ------
        PoolError
            When it is none, or cannot be read.
        """
        raise NotImplementedError

    def show(self, source: object, size: int | None = None) -> Shown:
        """Make what a view shows of a raw source.

        See :class:`spin_nb.types.Shown`.

        Raises
        ------
        PoolError
            When it cannot be read.
        """
        raise NotImplementedError

    def extent(self, source: object) -> Extent:
        """Limits of an item's labels: none."""
        return Extent()
