"""Several things at once for one item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spin_nb.errors import PoolError
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.modalities.lookup import kind_of, modality_class, modality_for
from spin_nb.pool.pool_data import PoolData
from spin_nb.types import Extent, Shown
from spin_nb.words import shown


@dataclass(frozen=True)
class MultimodalModality(Modality):
    """Items of several parts.

    A part that is missing, or a file that cannot be read, is None.  Any other value that the part's modality refuses
    makes the item a broken one, and so does no good part at all.

    Parameters
    ----------
    parts : mapping
        Name -> modality of that part; empty: each is told from its loaded value.
    """

    parts: Mapping[str, Modality] = field(default_factory=dict)
    name = "several"
    title = "item of several parts"
    chunk_items = 64
    encoders = ("parts",)

    @classmethod
    def of(cls, data: PoolData) -> MultimodalModality:
        """Make the modality from those of the parts."""
        return cls({name: modality_for(part) for name, part in data.parts.items()})

    def load(self, source: object) -> dict[str, Any]:
        """Name -> loaded part, or None.

        Raises
        ------
        PoolError
            When it has no named parts, an unknown one, a value that a part does not take, or none that can be read.
        """
        parts, reasons = self._raw_parts(source), []
        items: dict[str, Any] = {}
        for name, (maker, raw) in parts.items():
            try:
                items[name] = maker.load(_require(raw))
            except MissingPackageError:
                raise
            except PoolError as problem:
                if not (raw is None or isinstance(raw, PoolError) or _is_file(maker, raw)):
                    raise PoolError(f"the part {name!r}: {problem.what}", problem.do) from None
                items[name] = None
                reasons.append(f"{name}: {problem.what}")
        if len(reasons) == len(parts):
            raise _no_part_error(reasons)
        return items

    def show(self, source: object, size: int | Mapping[str, int] | None = None) -> Shown:
        """multipart/mixed: every part as its modality shows it; text/plain with the reason where it cannot be.

        ``size`` is for all of them, or modality -> size.

        Raises
        ------
        PoolError
            When no part can be shown.
        """
        parts, reasons = self._raw_parts(source), []
        views: list[tuple[str, Shown]] = []
        for name, (maker, raw) in parts.items():
            try:
                part_size = size.get(maker.name) if isinstance(size, Mapping) else size
                views.append((name, maker.show(_require(raw), part_size)))
            except PoolError as problem:
                views.append((name, Shown("text/plain", f"cannot be shown: {problem.what}")))
                reasons.append(f"{name}: {problem.what}")
        if len(reasons) == len(parts):
            raise _no_part_error(reasons)
        return Shown(
            "multipart/mixed", {"broken": [line.partition(":")[0] for line in reasons]}, parts=tuple(views)
        )

    def part(self, source: object, name: str) -> tuple[Modality, Any]:
        """The modality of one part, and its raw source.

        Raises
        ------
        PoolError
            When there is no such part, or it is missing.
        """
        parts = self._raw_parts(source)
        if name not in parts:
            raise PoolError(f"the item has no part {shown(name)}.", f"Its parts are {', '.join(parts)}.")
        maker, raw = parts[name]
        return maker, _require(raw)

    def extent(self, source: object) -> Extent:
        """Size of the first picture (else the first video) among the parts, and the first text with words in it."""
        extents: dict[str, Extent] = {}
        for maker, raw in self._raw_parts(source).values():
            if maker.name not in ("image", "video", "text") or maker.name in extents:
                continue
            try:
                extent = maker.extent(_require(raw))
            except PoolError:  # a broken part limits nothing
                continue
            if extent.text is None or extent.text.strip():
                extents[maker.name] = extent
        nothing = Extent()
        return Extent(
            extents.get("image", extents.get("video", nothing)).size, extents.get("text", nothing).text
        )

    def _raw_parts(self, source: object) -> dict[str, tuple[Modality, Any]]:
        if not isinstance(source, dict) or not source:
            names = ", ".join(self.parts) or "name: value"
            raise PoolError(
                f"{shown(source)} does not name the parts of an item.", f"Pass a dict with {names}."
            )
        if not self.parts:
            return {str(name): (_modality_of(raw), raw) for name, raw in source.items()}
        strange = next((name for name in source if name not in self.parts), None)
        if strange is not None:
            raise PoolError(
                f"the pool has no part {shown(strange)}.", f"Its parts are {', '.join(self.parts)}."
            )
        return {name: (maker, source.get(name)) for name, maker in self.parts.items()}


def _require(raw: object) -> Any:
    if isinstance(raw, PoolError):
        raise raw
    if raw is None:
        raise PoolError("it is missing.", "Pass it, or go on without it.")
    return raw


def _is_file(maker: Modality, raw: object) -> bool:
    """Tell a file, or the bytes of one, from a value that is wrong in itself."""
    return bool(maker.extensions) and isinstance(raw, (str, bytes, Path))


def _no_part_error(reasons: list[str]) -> PoolError:
    return PoolError(f"no part can be read: {' '.join(reasons)}", "Repair or remove them.")


def _modality_of(raw: object) -> Modality:
    word = kind_of(raw)
    if word is None:
        raise PoolError(f"{shown(raw)} is no loaded part.", "Pass a text, a dict, an array or a spin.Sound.")
    return modality_class(word)()
