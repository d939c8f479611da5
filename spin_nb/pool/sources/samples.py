"""Real data that comes with the dependencies, so that every lesson runs offline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.pool.media.decoded_images import Pixels
from spin_nb.pool.media.extras import need

CROP_SIDE = 72
MAX_CROPS = 32
"""Crops of one picture."""
PICTURES = {
    "astronaut": "astronaut",
    "brick": "brick",
    "cat": "chelsea",
    "coffee": "coffee",
    "coins": "coins",
    "galaxies": "hubble_deep_field",
    "grass": "grass",
    "gravel": "gravel",
    "retina": "retina",
    "rocket": "rocket",
    "tissue": "immunohistochemistry",
}
"""Class -> its picture in scikit-image's package."""
PICTURES_OF_SCIKIT_LEARN = {"flower": "flower.jpg", "temple": "china.jpg"}


@dataclass(frozen=True, eq=False)
class Sample:
    """A named pool whose true labels are known.

    The labels stand in for the person in lessons and tests; opening a project never reads them unless it is
    told to (``labels_from="sample"``).

    Attributes
    ----------
    name : str
        Short name.
    items : ndarray (n, h, w) or (n, h, w, 3) uint8
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


def photos() -> Sample:
    """396 square pieces of 13 photographs, in colour.

    They are photographs of a cat, galaxies, gravel, a rocket and so on.  The class is the picture that a piece comes
    from, so this is no benchmark: pieces of one sky look alike.  It shows what features see.  Pieces do not overlap;
    of large pictures some are taken, spread evenly.  Grey pictures have three equal channels.

    Returns
    -------
    Sample
        ``items`` uint8 (396, 72, 72, 3); ids "cat-00" ...; classes "astronaut" ... "tissue".

    Raises
    ------
    PoolError
        When scikit-image is not installed, which brings eleven of the pictures.

    References
    ----------
    In the packages of scikit-image (astronaut and Hubble deep field: NASA, rocket: SpaceX, public domain; Chelsea the
    cat, coffee, brick, grass, gravel, retina: CC0; coins, immunohistochemistry: no known restrictions) and of
    scikit-learn ("china" by dynamicrotator and "flower" by vultilion, CC BY 2.0).

    Examples
    --------
    >>> sample = photos()   # doctest: +SKIP
    >>> sample.items.shape, sample.ids[0], sample.labels[0]   # doctest: +SKIP
    ((396, 72, 72, 3), 'astronaut-00', 'astronaut')
    """
    pictures = _pictures()
    crops = {name: _crops(pictures[name]) for name in sorted(pictures)}
    return Sample(
        name="photos",
        items=np.stack([crop for of_one in crops.values() for crop in of_one]),
        ids=[f"{name}-{number:02d}" for name, of_one in crops.items() for number in range(len(of_one))],
        labels=[name for name, of_one in crops.items() for _ in of_one],
        classes=list(crops),
    )


def _pictures() -> dict[str, Pixels]:
    """Class -> the whole picture, (h, w) or (h, w, 3)."""
    need("skimage")
    from skimage import data
    from sklearn.datasets import load_sample_image

    pictures = {name: getattr(data, function)() for name, function in PICTURES.items()}
    return pictures | {name: load_sample_image(file) for name, file in PICTURES_OF_SCIKIT_LEARN.items()}


def _crops(picture: Pixels) -> list[Pixels]:
    """Squares of a picture that do not overlap, at most :data:`MAX_CROPS` of them, in colour."""
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    corners = [
        (top, left)
        for top in range(0, picture.shape[0] - CROP_SIDE + 1, CROP_SIDE)
        for left in range(0, picture.shape[1] - CROP_SIDE + 1, CROP_SIDE)
    ]
    chosen = np.linspace(0, len(corners) - 1, min(len(corners), MAX_CROPS)).astype(np.int64)
    places = [corners[number] for number in chosen]
    return [picture[top : top + CROP_SIDE, left : left + CROP_SIDE, :3] for top, left in places]
