"""Outlines of things in a picture, each with a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from spin_nb.errors import LabelError
from spin_nb.tasks._labelled import Entry, LabelledList
from spin_nb.tasks._matching import f1_paired, touching
from spin_nb.tasks._names import known_name
from spin_nb.tasks._pictures import PICTURES, place
from spin_nb.tasks._shapes import Points, iou, polygon_area
from spin_nb.tasks._values import MAX_ENTRIES, entries, fields
from spin_nb.types import Extent

MIN_AREA_PX2 = 1e-6  # px^2; what encloses less is a line
MIN_IOU = 0.5


class Polygons(LabelledList):
    """Any number of labelled outlines.

    [] says that there is nothing.

    A polygon is ``{"label", "points": [[x, y], ...]}`` in pixels of the original picture, at least three points.

    Parameters
    ----------
    names : iterable of str
        Labels: at least one, no two alike.

    Attributes
    ----------
    metric : str
        "F1@0.5": polygons are found where label and place agree, the latter at an intersection over union of .5.

    Raises
    ------
    LabelError
        No names; a name that is empty, not text or there twice.

    Examples
    --------
    >>> task = Polygons(["leaf"])
    >>> task.describe(task.validate([{"label": "leaf", "points": [[0, 0], [9, 0], [5, 7]]}]))
    '1 polygon: leaf'
    """

    kind: ClassVar[str] = "polygons"
    editor: ClassVar[str] = "polygons"
    works_on: ClassVar[Mapping[str, int]] = PICTURES
    metric: ClassVar[str] = "F1@0.5"
    about: ClassVar[str] = "labelled polygons"

    thing: ClassVar[tuple[str, str]] = ("polygon", "polygons")

    __slots__ = ()

    def validate(self, value: object, extent: Extent | None = None) -> list[Entry]:
        """Return the polygons as they are stored.

        They are floats, clipped where they reach up to a pixel out of the picture.

        A point that repeats the one before it is left out, and so is a last point that closes the outline.

        Raises
        ------
        LabelError
            Not a list of polygons (10,000 at most, 100,000 points), an unknown label, a point outside the picture,
            fewer than three points, an outline that encloses nothing.

        Examples
        --------
        >>> Polygons(["leaf"]).validate([{"label": "leaf", "points": [[0, 0], [9, 0], [5, 7], [0, 0]]}])
        [{'label': 'leaf', 'points': [[0.0, 0.0], [9.0, 0.0], [5.0, 7.0]]}]
        """
        example = f'[{{"label": {self.names[0]!r}, "points": [[0, 0], [9, 0], [5, 7]]}}]'
        rings, total = [], 0
        for i, shape in enumerate(entries(value, "the label", example), 1):
            rings.append(self._polygon(shape, extent, f"polygon {i}"))
            total += len(rings[-1]["points"])
            if total > 10 * MAX_ENTRIES:
                raise LabelError(
                    f"the polygons have more than {10 * MAX_ENTRIES:,} points.", "Draw with fewer points."
                )
        return rings

    def _polygon(self, value: object, extent: Extent | None, what: str) -> Entry:
        label, points = fields(value, ("label", "points"), what)
        label = known_name(label, self._index, "label", f"{what}: ")
        outline: list[list[float]] = []
        for i, point in enumerate(entries(points, f"points of {what}", "[[0, 0], [9, 0], [5, 7]]"), 1):
            at = place(point, extent, f"point {i} of {what}")
            if not outline or at != outline[-1]:
                outline.append(at)
        while len(outline) > 1 and outline[0] == outline[-1]:
            outline.pop()
        if len(outline) < 3:
            raise LabelError(
                f"{what} has {len(outline)} different points.", "Give at least three, or remove it."
            )
        if polygon_area(np.array(outline)) < MIN_AREA_PX2:
            raise LabelError(f"{what} encloses nothing: its points lie on a line.", "Draw around something.")
        return {"label": label, "points": outline}

    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float:
        """F1 of polygons that agree.

        Two agree with the same label and intersection over union >= .5.

        Polygons are paired one to one, as many as possible; two empty lists score 1.0.  Intersection and union are
        measured along 256 horizontal lines, ``tasks._shapes.iou``.

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> square = {"label": "leaf", "points": [[0, 0], [4, 0], [4, 4], [0, 4]]}
        >>> half = {"label": "leaf", "points": [[0, 0], [4, 0], [4, 4]]}
        >>> Polygons(["leaf"]).score([square], [half])
        1.0
        """
        answer, truth = self.validate(answer, extent), self.validate(truth, extent)
        a, b = ([np.array(shape["points"]) for shape in shapes] for shapes in (answer, truth))
        area_a, area_b = (np.array([polygon_area(points) for points in outlines]) for outlines in (a, b))
        pairs = []
        for (rows, columns), intersection in touching(answer, truth, _bounds(a), _bounds(b)):
            # What two outlines share is at most what their bounding boxes do; 0.4: areas are measured, not exact.
            maybe = intersection >= 0.4 * np.maximum(area_a[rows], area_b[columns])
            several = zip(rows[maybe].tolist(), columns[maybe].tolist(), strict=True)
            pairs += [(i, j) for i, j in several if iou(a[i], b[j]) >= MIN_IOU]
        i, j = np.array(pairs, np.intp).reshape(-1, 2).T
        return f1_paired((i, j), len(answer), len(truth))


def _bounds(outlines: Sequence[Points]) -> Points:
    rows = [[*points.min(axis=0), *points.max(axis=0)] for points in outlines]
    return np.array(rows, np.float64).reshape(-1, 4)
