"""The form in which loaded items enter a network or an encoder: one array, pictures at one size."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.media.audio import Sound
from spin_nb.pool.media.images import Pixels, resize
from spin_nb.types import Float
from spin_nb.words import said_by, shown

SIDE = 64
"""Pictures are at most this large a side unless ``size`` says otherwise."""

Prepare = Callable[[Sequence[Any]], Any]
Size = int | Sequence[int | None] | None
_DEPTHS = (None, 1, 3)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class InputSpec:
    """Rule by which loaded items become an array.

    :func:`infer_input_spec` infers it; it is plain enough to be kept.

    Attributes
    ----------
    shape : tuple of int
        Of one item: (c, h, w), (h, w, c) where ``last``, (d,), (c, length) of a series, or what ``prepare`` returns.
    last : bool
        Whether the channels of pictures come last.
    columns : tuple of str
        Of rows with names, in order; empty for anything else.
    prepare : callable, optional
        Does it all instead.
    """

    shape: tuple[int, ...]
    last: bool = False
    columns: tuple[str, ...] = ()
    prepare: Prepare | None = None

    def __call__(self, items: Sequence[Any]) -> Float:
        """Array float32 (m, *shape) of loaded items, finite.

        Raises
        ------
        PoolError
            When an item is of another kind, lacks a number, or ``prepare`` fails.
        """
        if not len(items):
            return np.empty((0, *self.shape), np.float32)
        if self.prepare is not None:
            return _check_inputs(_call_prepare(self.prepare, items), len(items), self.shape)
        if _is_picture(items[0]):
            return self._pictures(items)
        if isinstance(items[0], dict):
            return _check_inputs([_values(item, self.columns) for item in items], len(items), self.shape)
        return _check_inputs(items, len(items), self.shape)

    def describe(self) -> dict[str, Any]:
        """Steps on a device, in words and numbers."""
        facts: dict[str, Any] = {"input": ["batch", *self.shape], "dtype": "float32"}
        if self.prepare is not None:
            name = getattr(self.prepare, "__qualname__", type(self.prepare).__name__)
            return facts | {"prepare": f"the function {name!r} of whoever made this encoder"}
        if len(self.shape) < 3:
            return facts | ({"columns": list(self.columns)} if self.columns else {})
        c, h, w = self._picture
        return facts | {
            "colour": "RGB; grey repeated three times" if c == 3 else "grey (ITU-R 601 luma)",
            "resize": f"to {h} x {w} (height x width), antialiased bilinear (Pillow BILINEAR), aspect ratio not kept, "
            "unless it has that size",
            "scale": "divide uint8 by 255",
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All but ``prepare``, as arrays to keep."""
        facts = {"shape": self.shape, "last": self.last, "columns": self.columns}
        return {"form": np.frombuffer(json.dumps(facts).encode(), np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], prepare: Prepare | None = None) -> InputSpec:
        """Take back what :meth:`to_arrays` gave."""
        facts = json.loads(arrays["form"].tobytes())
        return cls(tuple(facts["shape"]), facts["last"], tuple(facts["columns"]), prepare)

    @property
    def _picture(self) -> tuple[int, int, int]:
        a, b, c = self.shape
        return (c, a, b) if self.last else (a, b, c)

    def _pictures(self, items: Sequence[Any]) -> Float:
        pixels = stack_pictures(items, self._picture)
        return np.ascontiguousarray(np.moveaxis(pixels, 1, 3)) if self.last else pixels


def infer_input_spec(
    items: Sequence[Any], *, size: Size = None, last: bool = False, prepare: Prepare | None = None
) -> InputSpec:
    """Find the form of loaded items.

    Parameters
    ----------
    items : sequence
        Some of them, as :meth:`Pool.load <spin_nb.pool.pool.Pool.load>` gives them; at least one.
    size : int, (h, w) or (c, h, w), optional
        Of pictures; by default, and for every None in it, the commonest, at most 64 pixels a side, in RGB as soon
        as one is.
    last : bool
        Channels last.
    prepare : callable, optional
        Function of a list of items that returns an array (m, ...), instead of all this.

    Raises
    ------
    PoolError
        Texts, rows with values that are no numbers, a size that is none.

    Examples
    --------
    >>> infer_input_spec([np.zeros((8, 6), np.uint8)]).shape
    (1, 8, 6)
    >>> infer_input_spec([{"a": 1.0, "b": 2}])([{"a": 3.0, "b": 4}])
    array([[3., 4.]], dtype=float32)
    """
    first = items[0]
    if prepare is not None:
        return InputSpec(_check_inputs(_call_prepare(prepare, items[:1]), 1).shape[1:], prepare=prepare)
    if isinstance(first, str):
        raise PoolError("a network on raw items needs numbers; these are texts.", _INSTEAD)
    if isinstance(first, Sound) or (isinstance(first, np.ndarray) and first.ndim == 4):
        raise PoolError(
            "a network on raw items needs one array an item; these are sounds or videos.", _INSTEAD
        )
    if _is_picture(first):
        c, h, w = _picture_shape(items, size)
        return InputSpec((h, w, c) if last else (c, h, w), last)
    if isinstance(first, dict):
        columns = tuple(first)
        for item in items:
            _values(item, columns)
        return InputSpec((len(columns),), columns=columns)
    return InputSpec(_check_inputs(items, len(items)).shape[1:])


_INSTEAD = "Pass prepare=, a function items -> array (n, ...), or train on features."


def common_size(items: Sequence[Any], limit: int) -> tuple[int, int, int]:
    """(channels, height, width).

    It is the commonest size, at most ``limit`` a side; RGB as soon as one is RGB.
    """
    (height, width), _ = Counter(item.shape[:2] for item in items).most_common(1)[0]
    shrink = min(1.0, limit / max(height, width))
    channels = 3 if any(item.ndim == 3 for item in items) else 1
    return channels, max(1, round(height * shrink)), max(1, round(width * shrink))


def stack_pictures(items: Sequence[Any], shape: tuple[int, int, int]) -> Float:
    """Pictures, uint8 (h, w) or (h, w, 3) -> float32 (n, c, h, w), values 0..1."""
    channels, height, width = shape
    alike = (height, width) if channels == 1 else (height, width, 3)
    if all(item.shape == alike for item in items):
        pixels = np.asarray(items, dtype=np.uint8).reshape(len(items), height, width, channels)
    else:
        pixels = np.empty((len(items), height, width, channels), np.uint8)
        for row, item in enumerate(items):
            pixels[row] = _recolour(resize(item, height, width), channels).reshape(height, width, channels)
    tensor = np.empty((len(items), channels, height, width), np.float32)
    return np.divide(np.moveaxis(pixels, 3, 1), np.float32(255), out=tensor)


def _recolour(pixels: Pixels, channels: int) -> Pixels:
    if channels == 3 and pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    if channels == 1 and pixels.ndim == 3:
        return np.rint(pixels @ _LUMA).astype(np.uint8)
    return pixels


def _is_picture(item: object) -> bool:
    return isinstance(item, np.ndarray) and item.dtype == np.uint8 and item.ndim in (2, 3)


def sides(size: Size) -> tuple[int | None, int | None, int | None]:
    """Channels, height and width that ``size`` asks for.

    They are None where the pool decides.

    Raises
    ------
    PoolError
        When it is no size of pictures.

    Examples
    --------
    >>> sides(None), sides(8), sides((6, 8)), sides((3, None, 8))
    ((None, None, None), (None, 8, 8), (None, 6, 8), (3, None, 8))
    """
    try:
        lengths = [size, size] if isinstance(size, int) else list(size or (None, None))
        whole = [None if side is None else int(side) for side in lengths]
    except (TypeError, ValueError):
        whole = []
    c, h, w = whole if len(whole) == 3 else (None, *whole) if len(whole) == 2 else (0, 0, 0)
    if c not in _DEPTHS or any(side is not None and side < 1 for side in (h, w)):
        raise PoolError(
            f"size={shown(size)} is no size of pictures.", "Pass one side, (h, w), or (1 or 3, h, w)."
        )
    return c, h, w


def _picture_shape(items: Sequence[Any], size: Size) -> tuple[int, int, int]:
    c, h, w = (
        asked_side or common_side
        for asked_side, common_side in zip(sides(size), common_size(items, SIDE), strict=True)
    )
    return c, h, w


def _values(item: object, columns: Sequence[str]) -> list[float]:
    """Numbers of a row with names."""
    if not isinstance(item, dict):
        raise PoolError(f"{shown(item)} is no row with names.", f"Pass a dict with {', '.join(columns[:5])}.")
    rows = []
    for name in columns:
        value = item.get(name)
        if not isinstance(value, (int, float)):
            raise PoolError(
                f"a network on raw items needs numbers; column {shown(name)} holds {shown(value)}.", _INSTEAD
            )
        rows.append(float(value))
    return rows


def _call_prepare(prepare: Prepare, items: Sequence[Any]) -> object:
    try:
        inputs = prepare(list(items))
    except Exception as problem:  # a person's own code raises anything
        raise PoolError(
            f"prepare raised {said_by(problem)}.",
            "Mend it; it takes a list of loaded items.",
        ) from problem
    return inputs.detach().cpu().numpy() if hasattr(inputs, "detach") else inputs


def _check_inputs(inputs: object, n: int, shape: tuple[int, ...] | None = None) -> Float:
    try:
        with np.errstate(over="ignore"):  # what turns infinite is refused below
            array = np.ascontiguousarray(inputs, dtype=np.float32)
    except (TypeError, ValueError):
        raise PoolError("the items have different lengths, or hold no numbers.", _INSTEAD) from None
    if array.ndim < 2 or len(array) != n or (shape is not None and array.shape[1:] != shape):
        expected_shape = f"({n}, ...)" if shape is None else str((n, *shape))
        raise PoolError(
            f"{n} items became an array of shape {array.shape}, not {expected_shape}.",
            "Give every item the same number of values.",
        )
    if not np.isfinite(array).all():
        raise PoolError(
            "an item holds NaN or infinite values, or more than float32 takes.", "Fill or remove it."
        )
    return array
