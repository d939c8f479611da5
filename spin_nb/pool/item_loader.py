"""Raw items -> loaded, shown and measured ones, as the modality of a pool has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from spin_nb.errors import PoolError
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.pool.media.images import Box
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.modalities.lookup import modality_for
from spin_nb.pool.modalities.multimodal import MultimodalModality
from spin_nb.pool.pool_data import PoolData
from spin_nb.pool.sources.raw_items import raw_items_of
from spin_nb.types import Extent, Shown

Size = int | Mapping[str, int] | None


class ItemLoader:
    """Loads items: base rows by number, others by source.

    Parameters
    ----------
    data : PoolData
    """

    def __init__(self, data: PoolData) -> None:
        self._data = data
        self._modality = modality_for(data)
        self._threads = self._modality.files_at_once if "root" in data.metadata else 1

    def raw(self, rows: Iterable[int]) -> list[Any]:
        """Raw items of base rows.

        A ``PoolError`` stands in the place of what must not be read.
        """
        return raw_items_of(self._data, rows)

    def load_frame(self, rows: Sequence[int]) -> Sequence[Any] | None:
        """Load base rows all at once; None where each is loaded by itself."""
        return self._modality.load_frame(self._data.items[rows]) if self._data.container == "frame" else None

    def load(self, raw: object) -> Any:
        """One loaded item.

        Raises
        ------
        PoolError
            When it cannot be read.
        """
        return self._modality.load(_readable(raw))

    def load_all(self, raws: Sequence[Any]) -> list[Any]:
        """Loaded items.

        A ``PoolError`` stands in the place of those that cannot be read.

        Raises
        ------
        MissingPackageError
            When what reads them is not installed: that is no fault of the items.
        """
        if self._threads > 1 and len(raws) > 1:
            with ThreadPoolExecutor(self._threads) as threads:
                return list(threads.map(self._attempt, raws))
        return [self._attempt(raw) for raw in raws]

    def _attempt(self, raw: object) -> Any:
        try:
            return self.load(raw)
        except MissingPackageError:
            raise
        except PoolError as problem:
            return problem

    def show(self, raw: object, size: Size) -> Shown:
        """One item as a view shows it.

        ``size`` as a mapping says it by modality.

        Raises
        ------
        PoolError
            When it cannot be read.
        """
        if isinstance(self._modality, MultimodalModality):
            return self._modality.show(_readable(raw), size)
        size = size.get(self._modality.name) if isinstance(size, Mapping) else size
        return self._modality.show(_readable(raw), size)

    def frame(self, raw: object, number: int, size: int | None, part: str | None) -> Shown:
        """One frame of a video, or of a part.

        Raises
        ------
        PoolError
            When it is none, cannot be read, or has no such frame.
        """
        return self._piece("frame", raw, part, number, size)

    def detail(self, raw: object, box: Box, size: int | None, part: str | None) -> Shown:
        """A piece of a picture, or of a part.

        Raises
        ------
        PoolError
            When it is none, cannot be read, or the box lies outside.
        """
        return self._piece("detail", raw, part, box, size)

    def _piece(self, what: str, raw: object, part: str | None, *which: object) -> Shown:
        modality, raw = self._part(raw, part)
        if not hasattr(modality, what):
            raise PoolError(f"an item of the modality {modality.name!r} has no {what}.", "Use show.")
        piece: Shown = getattr(modality, what)(raw, *which)
        return piece

    def _part(self, raw: object, part: str | None) -> tuple[Modality, Any]:
        raw = _readable(raw)
        if part is None:
            return self._modality, raw
        if not isinstance(self._modality, MultimodalModality):
            raise PoolError(
                f"an item of the modality {self._data.modality!r} has no parts.", "Leave part out."
            )
        return self._modality.part(raw, part)

    def extent(self, raw: object) -> Extent:
        """Limits of an item's labels.

        Raises
        ------
        PoolError
            When it cannot be read.
        """
        return self._modality.extent(_readable(raw))


def _readable(raw: object) -> Any:
    if isinstance(raw, PoolError):
        raise raw
    return raw
