"""What a network says of the whole pool, kept so that a project opens without asking it again.

Only a cache, and only of the models that can be asked now: where it is missing, damaged or of another pool, the model
is asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import StorageError
from spin_nb.io import is_intact, write_sealed
from spin_nb.models.fitted_model import FittedModel, ModelPredictive, Source
from spin_nb.project.folder import FEATURES, inside
from spin_nb.session.open_project import OpenProject

CACHE_PREFIX = "own-"


def save(
    project: OpenProject, model_id: str, predictive: ModelPredictive | None, shown_id: str | None = None
) -> None:
    """Save a model's predictions of the pool.

    It does so only where it took items to find out; of other models only ``shown_id`` stays.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    for old in inside(project.folder, FEATURES).glob(f"{CACHE_PREFIX}*"):
        if shown_id is None or old.name.split(".")[0] != f"{CACHE_PREFIX}{shown_id}":
            old.unlink(missing_ok=True)
    if predictive is None or predictive.model.inputs is None:
        return
    arrays = {name: np.array(array, order="C") for name, array in predictive.to_arrays().items()}
    path = _path(project, model_id)
    try:
        write_sealed(path, lambda half: save_file(arrays, half, {"pool": project.pool.content}))
    except (SafetensorError, StorageError):  # nothing is lost but time
        path.unlink(missing_ok=True)


def load(project: OpenProject, model_id: str, model: FittedModel, source: Source) -> ModelPredictive | None:
    """Load a model's predictions, None if unfit.

    They are of at most as many rows as the pool has.
    """
    from safetensors import safe_open

    path, pool = _path(project, model_id), project.pool
    if not is_intact(path):
        return None
    try:
        with safe_open(path, "numpy") as file:
            if (file.metadata() or {}).get("pool") != pool.content:
                return None
            arrays: dict[str, Any] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        predictive = ModelPredictive.from_arrays(model, source, arrays)
    except Exception:  # of another version: the model is asked again
        return None
    fits = pool.n_base <= len(predictive) <= len(pool) and predictive.mean.shape[1] == model.n_classes
    return predictive if fits else None


def _path(project: OpenProject, model_id: str) -> Path:
    return inside(project.folder, FEATURES, f"{CACHE_PREFIX}{model_id}.safetensors")
