"""laplace-torch, the reference our closed forms are held against and the way to all-weights posteriors."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType
from typing import Any


def import_laplace() -> ModuleType:
    """``import laplace``, also beside a torchvision that cannot load.

    laplace-torch pulls in torchvision through torchmetrics, which needs it for image metrics only and imports it
    wherever the distribution is installed.  Beside a CPU build of torch pip may have installed a torchvision
    built for CUDA, whose import fails (``operator torchvision::nms does not exist``) and takes laplace-torch
    down with it.  So torchmetrics is told that there is none, unless torchvision is already imported.

    Returns
    -------
    module
        ``laplace``.

    Examples
    --------
    >>> import_laplace().__name__
    'laplace'
    """
    if "laplace" not in sys.modules and "torchvision" not in sys.modules:
        _hide_torchvision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import laplace

        return laplace


def _hide_torchvision() -> None:
    from lightning_utilities.core.imports import RequirementCache

    check_available = RequirementCache._check_available

    def check(self: Any) -> None:
        requirement = str(getattr(self, "requirement", None) or getattr(self, "module", None) or "")
        if requirement.startswith("torchvision"):
            self.available, self.message = False, "kept out by spin_nb"
        else:
            check_available(self)

    RequirementCache._check_available = check  # type: ignore[method-assign]
