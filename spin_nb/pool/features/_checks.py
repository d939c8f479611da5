"""The check that the map and the neighbours make of features."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import ModelError


def check_features(features: object) -> None:
    """Refuse features that are no finite floats (n, d).

    Raises
    ------
    ModelError
    """
    if not isinstance(features, np.ndarray) or features.ndim != 2 or features.dtype.kind != "f":
        shape = getattr(features, "shape", type(features).__name__)
        raise ModelError(
            f"features of shape {shape} are no float32 array (n, d).", "Pass a float32 array (n, d)."
        )
    if not np.isfinite(features).all():
        raise ModelError("features hold NaN or infinite values.", "Mend the encoder or the items.")
