"""What a network says of the whole pool, kept so that a project opens without asking it again.

Only a cache, and only of the models that can be asked now: where it is missing, damaged or of another pool, the model
is asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import StorageError
from spin_nb.io import is_sealed, write_sealed
from spin_nb.models.own import Own, OwnPredictive, Source
from spin_nb.project.folder import FEATURES, inside

if TYPE_CHECKING:
    from spin_nb.session.session import Session

PREFIX = "own-"


def write(session: Session, model_id: str, said: OwnPredictive | None, shown: str | None = None) -> None:
    """Keep it, where it took items to find out, instead of what was kept before but for the model ``shown``."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    for old in inside(session.folder, FEATURES).glob(f"{PREFIX}*"):
        if shown is None or old.name.split(".")[0] != f"{PREFIX}{shown}":
            old.unlink(missing_ok=True)
    if said is None or said.by.inputs is None:
        return
    arrays = {name: np.array(array, order="C") for name, array in said.arrays().items()}
    path = _path(session, model_id)
    try:
        write_sealed(path, lambda half: save_file(arrays, half, {"pool": session.pool.content}))
    except (SafetensorError, StorageError):  # nothing is lost but time
        path.unlink(missing_ok=True)


def read(session: Session, model_id: str, own: Own, source: Source) -> OwnPredictive | None:
    """What was kept of this model, at most as many rows as the pool has; None where nothing fits."""
    from safetensors import safe_open

    path = _path(session, model_id)
    if not is_sealed(path):
        return None
    try:
        with safe_open(path, "numpy") as file:
            if (file.metadata() or {}).get("pool") != session.pool.content:
                return None
            arrays: dict[str, Any] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        said = OwnPredictive.restore(own, source, arrays)
    except Exception:  # of another version: the model is asked again
        return None
    whole = session.pool.n_base <= len(said) <= len(session.pool)
    return said if whole and said.mean.shape[1] == own.n_classes else None


def _path(session: Session, model_id: str) -> Path:
    return inside(session.folder, FEATURES, f"{PREFIX}{model_id}.safetensors")
