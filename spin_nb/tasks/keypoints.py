"""Named points of a thing in a picture, joined to a skeleton."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import LabelError
from spin_nb.tasks._likely import near, prediction, probability
from spin_nb.tasks._names import checked_names, known_name
from spin_nb.tasks._pictures import PICTURES, place
from spin_nb.tasks._values import entries
from spin_nb.tasks.base import TaskBase
from spin_nb.types import Extent, Float
from spin_nb.words import shown

PCK_SHARE = 0.05  # of the larger side: PCK@0.05

Points = dict[str, list[float] | None]


class Keypoints(TaskBase):
    """Named points of a picture.

    A value says where each is, or None where it is not visible.

    A value is ``{name: [x, y] or None}`` with every name a key, in pixels of the original picture.

    Parameters
    ----------
    names : iterable of str
        Points: at least one, no two alike.
    skeleton : iterable of (str, str)
        Points that are joined by a line.

    Attributes
    ----------
    metric : str
        "PCK@0.05": the share of points that are right.

    Raises
    ------
    LabelError
        No names; a name that is empty, not text or there twice; a skeleton that names unknown points, joins a point
        to itself or says a line twice.

    Examples
    --------
    >>> task = Keypoints(["nose", "tail"], skeleton=[("nose", "tail")])
    >>> task.validate({"nose": (3, 4), "tail": None})
    {'nose': [3.0, 4.0], 'tail': None}
    >>> task.describe({"nose": [3.0, 4.0], "tail": None})
    '1 of 2 points'
    """

    kind: ClassVar[str] = "keypoints"
    editor: ClassVar[str] = "keypoints"
    works_on: ClassVar[Mapping[str, int]] = PICTURES
    metric: ClassVar[str] = "PCK@0.05"
    about: ClassVar[str] = "named points"

    __slots__ = ("_index", "skeleton")

    def __init__(self, names: Iterable[str], skeleton: Iterable[tuple[str, str]] = ()) -> None:
        unique_names = checked_names(names, "point", "points")
        self._index = {name: i for i, name in enumerate(unique_names)}
        self.skeleton = self._checked_skeleton(skeleton)
        super().__init__(names=unique_names, skeleton=self.skeleton)

    def _checked_skeleton(self, skeleton: object) -> tuple[tuple[str, str], ...]:
        lines: list[tuple[str, str]] = []
        for i, line in enumerate(entries(skeleton, "skeleton", '[("nose", "tail")]'), 1):
            ends = entries(line, f"line {i} of the skeleton", '("nose", "tail")')
            edge = [known_name(end, self._index, "point", f"line {i} of the skeleton: ") for end in ends]
            if len(edge) != 2 or edge[0] == edge[1]:
                raise LabelError(
                    f"line {i} of the skeleton is {shown(line)}.",
                    'Join two points, for example ("nose", "tail").',
                )
            lines.append((edge[0], edge[1]))
        if len({frozenset(line) for line in lines}) < len(lines):
            raise LabelError(
                "the skeleton joins two points twice.", "Give every line once, whichever way round."
            )
        return tuple(lines)

    @property
    def outputs(self) -> int:
        """Two a point: x and y."""
        return 2 * len(self.names)

    def validate(self, value: object, extent: Extent | None = None) -> Points:
        """Return the points as they are stored.

        They are in the task's order, clipped where up to a pixel out of the picture.

        Raises
        ------
        LabelError
            Not a dictionary of points, a name that is unknown, missing or there twice, a place that is not two
            finite numbers or lies outside the picture.

        Examples
        --------
        >>> Keypoints(["nose"]).validate({"nose": [12, 5]}, Extent(size=(10, 10)))
        Traceback (most recent call last):
        ...
        spin_nb.errors.LabelError: x of 'nose' = 12 is outside the picture, which ends at 10.
          -> Give pixels of the original picture, from 0 to 10; None for a point that is not visible.
        """
        if not isinstance(value, Mapping):
            raise LabelError(
                f"the label is {shown(value)}, not a dictionary of points.",
                f"Pass {{{self.names[0]!r}: [x, y], ...}}, None for a point that is not visible.",
            )
        points: Points = {}
        for answer, at in value.items():
            name = known_name(answer, self._index, "point")
            if name in points:
                raise LabelError(f"{shown(name)} is there twice.", "Give every point once.")
            points[name] = None if at is None else _place(at, extent, name)
        missing = [name for name in self.names if name not in points]
        if missing:
            raise LabelError(
                f"{shown(missing[0])} is missing.",
                "Give every point: [x, y], or None where it is not visible.",
            )
        return {name: points[name] for name in self.names}

    def describe(self, value: Points) -> str:
        """Return how many points are visible."""
        return f"{sum(at is not None for at in value.values()):,} of {len(self.names):,} points"

    def score(self, answer: object, truth: object, extent: Extent | None = None) -> float:
        """Share of the points that are right.

        PCK@0.05 (Yang & Ramanan 2013).

        A point is right where both say that it is not visible, or both place it, at most 5 % of the larger side of
        the picture apart.  Where the size is not known, it is 5 % of the larger side of the box around the truth's
        visible points: of one point alone only the very same place is right.

        Raises
        ------
        LabelError
            A value that the task does not allow.

        Examples
        --------
        >>> task, picture = Keypoints(["nose", "tail"]), Extent(size=(100, 50))
        >>> task.score({"nose": [3, 0], "tail": [60, 9]}, {"nose": [0, 4], "tail": [80, 9]}, picture)
        0.5
        """
        a, b = (self._array(self.validate(value, extent)) for value in (answer, truth))
        is_hidden = np.isnan(a[:, 0]) & np.isnan(b[:, 0])
        close = np.hypot(*(a - b).T) <= PCK_SHARE * _side(extent, b)
        return float((is_hidden | close).mean())

    def target(self, value: object, extent: Extent | None = None) -> Float:
        """Give x / width and y / height of every point in turn, NaN where it is not visible; float32 (outputs,).

        Raises
        ------
        LabelError
            A value that the task does not allow; the size of the picture is not known.

        Examples
        --------
        >>> Keypoints(["nose", "tail"]).target({"nose": [25, 5], "tail": None}, Extent(size=(100, 50)))
        array([0.25, 0.1 ,  nan,  nan], dtype=float32)
        """
        return (self._array(self.validate(value, extent)) / _size(extent)).astype(np.float32).ravel()

    def suggestion(
        self, mean: ArrayLike, sd: ArrayLike, extent: Extent | None = None
    ) -> tuple[Points, float]:
        """Suggest every point at its mean, to a hundredth of a pixel, inside the picture; NaN means not visible.

        Parameters
        ----------
        mean, sd : (outputs,)
            Of the predicted target, x and y independent normals.
        extent : Extent
            With the size of the picture.

        Returns
        -------
        value : dict
        p : float
            Mean over the suggested points of the probability that the true one is within 5 % of the picture's
            larger side, which is when :meth:`score` takes it to be right; near 0 where no point is suggested.

        Raises
        ------
        ModelError
            Other shapes, infinite numbers.
        LabelError
            The size of the picture is not known.

        Examples
        --------
        >>> value, p = Keypoints(["nose"]).suggestion([0.5, 0.2], [0.02, 0.02], Extent(size=(100, 100)))
        >>> value, round(p, 2)
        ({'nose': [50.0, 20.0]}, 0.96)
        """
        size = _size(extent)
        centre, spread = (
            part.reshape(-1, 2) * size for part in prediction(mean, sd, self.outputs, gaps=True)
        )
        at = np.clip(np.round(centre, 2), 0, size)
        is_visible = np.asarray(np.isfinite(at).all(axis=1))
        value: Points = {
            name: [x, y] if visible else None
            for name, (x, y), visible in zip(self.names, at.tolist(), is_visible.tolist(), strict=True)
        }
        right = near((at - centre)[is_visible], spread[is_visible], PCK_SHARE * float(size.max()))
        return value, probability(float(right.mean()) if is_visible.any() else 0.0)

    def _array(self, value: Points) -> NDArray[np.float64]:
        return np.array([at or (np.nan, np.nan) for at in value.values()], np.float64)


def _place(at: object, extent: Extent | None, name: str) -> list[float]:
    try:
        return place(at, extent, shown(name))
    except LabelError as error:
        raise LabelError(error.what, f"{error.do[:-1]}; None for a point that is not visible.") from None


def _size(extent: Extent | None) -> NDArray[np.float64]:
    if extent is None or extent.size is None:
        raise LabelError(
            "the size of the picture is not known, so its points cannot be learned.",
            "Pass extent=Extent(size=(width, height)) in pixels.",
        )
    return np.array(extent.size, np.float64)


def _side(extent: Extent | None, truth: NDArray[np.float64]) -> float:
    """Larger side of the picture, or of the box around the truth's visible points."""
    if extent is not None and extent.size is not None:
        return float(max(extent.size))
    visible = truth[~np.isnan(truth[:, 0])]
    return float(np.ptp(visible, axis=0).max()) if len(visible) else 0.0
