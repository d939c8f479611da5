"""Items that a search came up with, the best first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spin_nb.types import Float
from spin_nb.words import HtmlRepr

if TYPE_CHECKING:
    import polars as pl

N_SHOWN = 8


@dataclass(frozen=True, eq=False, repr=False)
class Hits(HtmlRepr):
    """Items and how well they fit, the best first.

    Attributes
    ----------
    ids : tuple of str
    scores : float32 (k,)
    measure : str
        Measure of the scores: "distance", the smaller the better, "relevance" or "similarity", the higher the better.
    """

    ids: tuple[str, ...]
    scores: Float
    measure: str

    @property
    def table(self) -> pl.DataFrame:
        """Columns item, and what :attr:`measure` says."""
        import polars as pl

        return pl.DataFrame(
            {"item": self.ids, self.measure: self.scores}, schema_overrides={"item": pl.String}
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __repr__(self) -> str:
        if not self.ids:
            return "Nothing fits"
        pairs = zip(self.ids[:N_SHOWN], self.scores, strict=False)
        lines = [f"  {score:.3f} {id!r}" for id, score in pairs]
        return "\n".join([f"{len(self):,} items, the best first, with their {self.measure}", *lines])
