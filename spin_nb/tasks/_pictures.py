"""Places in a picture: pixels of the original, x to the right, y downwards, (0, 0) the top left corner."""

from __future__ import annotations

from types import MappingProxyType

from spin_nb.errors import LabelError
from spin_nb.tasks._values import entries, number
from spin_nb.types import Extent

CLIPPED_PX = 1.0  # px beyond the edge that are clipped: rounding and a shaky hand; more is a mistake
MAX_SIDE_PX = 1_000_000  # px; where the size is not known, so that areas stay finite
MIN_SIDE_PX = 1e-3  # px; what is narrower than this holds nothing
PICTURES = MappingProxyType({"image": 1600})  # of at most so many pixels a side, to be drawn on


def limits(extent: Extent | None) -> tuple[float, float]:
    """Width and height within which places must lie."""
    size = extent.size if extent else None
    return (float(size[0]), float(size[1])) if size else (float(MAX_SIDE_PX), float(MAX_SIDE_PX))


def inside(value: float, limit: float, what: str) -> float:
    """``value`` in [0, limit], where it is at most a pixel outside.

    Raises
    ------
    LabelError
        It is farther out.
    """
    if not -CLIPPED_PX <= value <= limit + CLIPPED_PX:
        raise LabelError(
            f"{what} = {value:.10g} is outside the picture, which ends at {limit:.10g}.",
            f"Give pixels of the original picture, from 0 to {limit:.10g}.",
        )
    return min(max(value, 0.0), limit)


def place(value: object, extent: Extent | None, what: str) -> list[float]:
    """``value`` as [x, y] inside the picture.

    Raises
    ------
    LabelError
        Not two finite numbers, or outside.

    Examples
    --------
    >>> place((3, 4.5), Extent(size=(10, 10)), "the nose")
    [3.0, 4.5]
    """
    both = entries(value, what, "[12.5, 80]")
    if len(both) != 2:
        raise LabelError(f"{what} has {len(both):,} numbers, not two.", "Give [x, y] in pixels.")
    return [
        inside(number(at, f"{axis} of {what}"), limit, f"{axis} of {what}")
        for at, limit, axis in zip(both, limits(extent), "xy", strict=True)
    ]
