"""Real data that comes with the dependencies, so that every lesson runs offline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Sample:
    """A named pool whose true labels are known.

    The labels stand in for the person in lessons and tests; opening a project never reads them unless it is
    told to (``labels_from="sample"``).

    Attributes
    ----------
    name : str
        Short name.
    items : ndarray (n, h, w) uint8
        The things to label.
    ids : list of str
        One stable id an item.
    labels : list of str
        True class of each item.
    classes : list of str
        Class names, in order.
    """

    name: str
    items: NDArray[Any] = field(repr=False)
    ids: list[str] = field(repr=False)
    labels: list[str] = field(repr=False)
    classes: list[str]

    def __len__(self) -> int:
        return len(self.ids)


def digits() -> Sample:
    """1,797 real handwritten digits, 8 x 8 grey pixels.

    Returns
    -------
    Sample
        ``items`` uint8 (1797, 8, 8); ids "digit-0000" ...; classes "0" ... "9".

    References
    ----------
    Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits (UCI, CC BY 4.0), test part, as shipped
    with scikit-learn.

    Examples
    --------
    >>> digits().items.shape
    (1797, 8, 8)
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    items = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    return Sample(
        name="digits",
        items=items,
        ids=[f"digit-{row:04d}" for row in range(len(items))],
        labels=[str(label) for label in bunch.target],
        classes=[str(label) for label in range(10)],
    )
