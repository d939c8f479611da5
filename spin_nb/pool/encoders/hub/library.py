"""Libraries that load weights of the hub, imported when an encoder asks for them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.words import said_by

LIBRARIES = {
    "transformers": ("transformers", "hub"),
    "sentence_transformers": ("sentence-transformers", "hub"),
    "model2vec": ("model2vec", "hub"),
    "timm": ("timm", "timm"),
    "open_clip": ("open_clip_torch", "open-clip"),
}
"""Module -> its package, our extra."""


def check_installed(module: str, word: str) -> None:
    """Refuse to go on without a module of :data:`LIBRARIES`; none of its code is run.

    Raises
    ------
    MissingPackageError
        With the command that installs it.
    """
    if find_spec(module) is None:
        package, extra = LIBRARIES[module]
        raise MissingPackageError(
            f"the encoder {word!r} needs the package {package}, which is not installed.",
            f'Install it: pip install "spin_nb[{extra}]", or pip install {package}.',
        )


def load_library(module: str, word: str) -> Any:
    """Import a module of :data:`LIBRARIES`.

    Raises
    ------
    MissingPackageError
        When it is not installed, or cannot be imported.
    """
    check_installed(module, word)
    try:
        return import_module(module)
    except (
        Exception
    ) as problem:  # a torchvision that does not fit torch raises RuntimeError when it is imported
        raise MissingPackageError(
            f"the encoder {word!r} needs the package {LIBRARIES[module][0]}, which cannot be imported "
            f"({said_by(problem)}).",
            _advice(module, problem),
        ) from None


def _advice(module: str, problem: Exception) -> str:
    """Advice that mends an import; torchvision is the commonest hindrance, made for another torch, or missing."""
    if "torchvision" not in str(problem):
        return f"Install it anew: pip install --force-reinstall {LIBRARIES[module][0]}."
    if module in ("timm", "open_clip"):
        return "Install the torchvision made for this torch, from where torch came: pip install torchvision."
    return "Nothing here needs torchvision, and this one does not fit torch: pip uninstall torchvision."
