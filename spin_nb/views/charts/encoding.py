"""A figure's parts as a widget sends them: arrays of numbers as bytes, everything else as JSON."""

from __future__ import annotations

import math
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

BROWSER_DTYPES = ("float64", "float32", "int32", "int16", "int8", "uint32", "uint16", "uint8")


@overload
def encode(value: dict[str, Any]) -> dict[str, Any]: ...
@overload
def encode(value: object) -> object: ...
def encode(value: object) -> object:
    """A trace or a layout for ``plot.js``.

    An array of numbers, (n,) or (n, m), becomes ``{"dtype", "shape", "bytes"}``; other arrays become lists, numbers
    that are none become None.

    Examples
    --------
    >>> encode({"x": np.array([1.0]), "y": [float("nan"), np.float32(2)], "name": "line"})["y"]
    [None, 2.0]
    >>> encode(np.arange(3))["dtype"]
    'int32'
    """
    if isinstance(value, dict):
        return {name: encode(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return (
            _array_fields(value)
            if value.dtype.kind in "iuf" and value.ndim in (1, 2)
            else encode(value.tolist())
        )
    if isinstance(value, (list, tuple)):
        return list(value) if all(type(part) is str for part in value) else [encode(part) for part in value]
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _array_fields(numbers: NDArray[Any]) -> dict[str, Any]:
    """An array as dtype, shape and bytes.

    The browser has no numbers of 64 bits but floats, and no floats of 16.
    """
    if numbers.dtype.name not in BROWSER_DTYPES:
        small = numbers.dtype.kind in "iu" and numbers.size and np.abs(numbers).max() < 2**31
        numbers = numbers.astype(np.int32 if small else np.float64)
    little = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)
    return {"dtype": numbers.dtype.name, "shape": list(numbers.shape), "bytes": little.tobytes()}
