"""Outlines: what they enclose, and how far two agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

N_SCAN_LINES = 256


def polygon_area(points: Points) -> float:
    """Area inside an outline (m, 2), px^2, as :func:`iou` measures it."""
    return _measure(_crossings(points, _lines(points)), _pitch(points))


def iou(a: Points, b: Points) -> float:
    """Intersection over union of what two outlines enclose.

    Outlines (m, 2) may be concave or cross themselves: a place is inside where a ray from it crosses the outline
    an odd number of times.  Both are measured along the same 256 horizontal lines, evenly spaced over the height
    of the two; along a line exactly.

    Examples
    --------
    >>> square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], float)
    >>> iou(square, square + [2, 0])
    0.3333333333333333
    """
    both = np.concatenate([a, b])
    lines, pitch = _lines(both), _pitch(both)
    in_a, in_b = _crossings(a, lines), _crossings(b, lines)
    # The outlines of both together enclose, counted odd and even, what lies in exactly one of them.
    area, apart = _measure(in_a, pitch) + _measure(in_b, pitch), _measure(np.hstack([in_a, in_b]), pitch)
    return (area - apart) / (area + apart) if area + apart else 0.0


def _pitch(points: Points) -> float:
    return float(np.ptp(points[:, 1])) / N_SCAN_LINES


def _lines(points: Points) -> Points:
    return np.asarray(points[:, 1].min() + (np.arange(N_SCAN_LINES) + 0.5) * _pitch(points))


def _crossings(points: Points, lines: Points) -> Points:
    """Places where an outline crosses each line, (N_SCAN_LINES, m).

    They are x, infinite where a side does not.
    """
    x0, y0 = points.T
    x1, y1 = np.roll(points, -1, axis=0).T
    crosses = (y0 <= lines[:, None]) != (y1 <= lines[:, None])
    part = np.divide(lines[:, None] - y0, y1 - y0, out=np.zeros(crosses.shape), where=crosses)
    return np.where(crosses, x0 + part * (x1 - x0), np.inf)


def _measure(crossings: Points, pitch: float) -> float:
    """Area between every first and second crossing."""
    edges_in_order = np.sort(crossings, axis=1)[:, : crossings.shape[1] // 2 * 2]
    edges_in_order[np.isinf(edges_in_order)] = 0  # crossings come in twos, so these are whole pairs
    return float((edges_in_order[:, 1::2] - edges_in_order[:, ::2]).sum() * pitch)
