"""Boxes around things in a picture, each with a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import LabelError
from spin_nb.tasks._labelled import Entry, LabelledList
from spin_nb.tasks._matching import f1_paired, touching
from spin_nb.tasks._names import known_name
from spin_nb.tasks._pictures import MIN_SIDE_PX, PICTURES, inside, limits
from spin_nb.tasks._values import entries, fields, number
from spin_nb.types import Extent

KEYS = ("label", "x", "y", "width", "height")


class Boxes(LabelledList):
    """Any number of labelled boxes.

    [] says that there is nothing.

    A box is ``{"label", "x", "y", "width", "height"}`` in pixels of the original picture, x and y its left and
    top edge.

    Parameters
    ----------
    names : iterable of str
        Labels: at least one, no two alike.

    Attributes
    ----------
    metric : str
        "F1@0.5": boxes are found where label and place agree, the latter at an intersection over union of .5.

    Raises
    ------
    LabelError
        No names; a name that is empty, not text or there twice.

    Examples
    --------
    >>> task = Boxes(["car", "bike"])
    >>> task.describe(task.validate([{"label": "car", "x": 10, "y": 20, "width": 30, "height": 40}]))
    '1 box: car'
    """

    kind: ClassVar[str] = "boxes"
    editor: ClassVar[str] = "boxes"
    works_on: ClassVar[Mapping[str, int]] = PICTURES
    metric: ClassVar[str] = "F1@0.5"
    about: ClassVar[str] = "labelled boxes"

    thing: ClassVar[tuple[str, str]] = ("box", "boxes")

    __slots__ = ()

    def validate(self, value: object, extent: Extent | None = None) -> list[Entry]:
        """Return the boxes as they are stored.

        They are floats, clipped where they reach up to a pixel out of the picture.

        Raises
        ------
        LabelError
            Not a list of boxes (10,000 at most), an unknown label, a place outside the picture, no width or height.

        Examples
        --------
        >>> box = {"label": "car", "x": -0.5, "y": 0, "width": 8, "height": 8}
        >>> Boxes(["car"]).validate([box], Extent(size=(10, 10)))
        [{'label': 'car', 'x': 0.0, 'y': 0.0, 'width': 7.5, 'height': 8.0}]
        """
        boxes = entries(
            value, "the label", f"[{dict(zip(KEYS, (self.names[0], 10, 10, 40, 30), strict=True))}]"
        )
        return [self._box(box, extent, f"box {i}") for i, box in enumerate(boxes, 1)]

    def _box(self, value: object, extent: Extent | None, what: str) -> Entry:
        label, *rest = fields(value, KEYS, what)
        label = known_name(label, self._index, "label", f"{what}: ")
        x, y, width, height = (number(v, f"{key} of {what}") for key, v in zip(KEYS[1:], rest, strict=True))
        right, bottom = limits(extent)
        x, width = _side(x, width, right, ("x", "width"), what)
        y, height = _side(y, height, bottom, ("y", "height"), what)
        return {"label": label, "x": x, "y": y, "width": width, "height": height}

    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float:
        """F1 of boxes that agree.

        Two agree with the same label and intersection over union >= .5 (Everingham et al. 2010).

        Boxes are paired one to one, as many as possible; two empty lists score 1.0.

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> car = {"label": "car", "x": 0, "y": 0, "width": 10, "height": 10}
        >>> Boxes(["car"]).score([car | {"x": 2}], [car, car | {"x": 50}])
        0.6666666666666666
        """
        answer, truth = self.validate(answer, extent), self.validate(truth, extent)
        a, b = _edges(answer), _edges(truth)
        area_a, area_b = ((e[:, 2:] - e[:, :2]).prod(axis=1) for e in (a, b))
        overlaps = []
        for (i, j), intersection in touching(answer, truth, a, b):
            agree = 2 * intersection >= area_a[i] + area_b[j] - intersection
            overlaps.append((i[agree], j[agree]))
        i, j = (np.concatenate([part[k] for part in overlaps] or [np.array([], np.intp)]) for k in (0, 1))
        return f1_paired((i, j), len(answer), len(truth))


def _side(start: float, length: float, limit: float, keys: tuple[str, str], what: str) -> tuple[float, float]:
    """Start and length of one side, inside the picture.

    Both are as given where nothing is clipped.
    """
    if length >= MIN_SIDE_PX:
        left = inside(start, limit, f"{keys[0]} of {what}")
        right = inside(start + length, limit, f"{keys[0]} + {keys[1]} of {what}")
        clipped_length = length if (left, right) == (start, start + length) else right - left
        if clipped_length >= MIN_SIDE_PX:
            return left, clipped_length
    raise LabelError(
        f"{keys[1]} of {what} is {length:.10g}, which leaves nothing inside the picture.",
        f"Give it a {keys[1]} above 0, or remove it.",
    )


def _edges(boxes: Sequence[Entry]) -> NDArray[np.float64]:
    rows = [(b["x"], b["y"], b["x"] + b["width"], b["y"] + b["height"]) for b in boxes]
    return np.array(rows, np.float64).reshape(-1, 4)
