"""Packages that only some pools need, imported when an item asks for them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from spin_nb.errors import PoolError

if TYPE_CHECKING:
    from types import ModuleType

PACKAGES = {
    "cv2": ("videos", "opencv-python-headless", "video"),
    "skimage": ("the sample photographs", "scikit-image", "samples"),
    "soundfile": ("this format", "soundfile", "audio"),
}
"""Module -> what it reads, its package, our extra."""


class MissingPackageError(PoolError, ImportError):
    """Nothing is wrong with the item.

    What reads it is not installed, so it must not be kept out for good.
    """


def is_installed(module: str) -> bool:
    """Tell whether a module of :data:`PACKAGES` can be imported."""
    return find_spec(module) is not None


def need(module: str) -> ModuleType:
    """Import a module of :data:`PACKAGES`.

    Raises
    ------
    MissingPackageError
        With the command that installs it.
    """
    reads, package, extra = PACKAGES[module]
    try:
        return import_module(module)
    except ImportError as problem:
        raise MissingPackageError(
            f"{reads} cannot be read without the package {package} ({problem!s:.200}).",
            f'Install it: pip install "spin_nb[{extra}]", or pip install {package}.',
        ) from None
