"""The pool's items nearest to each arrival, kept on disk: after opening again only those of new ones are looked for."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import StorageError
from spin_nb.io import is_intact, write_sealed
from spin_nb.pool.features.neighbours import Neighbours, nearest
from spin_nb.types import Float, Ints


def nearest_to_arrivals(base: Float, late: Float, k: int, path: Path | None) -> tuple[Neighbours, int]:
    """As :func:`~spin_nb.pool.features.neighbours.nearest` of ``late`` among ``base``, from a file as far as that goes.

    Parameters
    ----------
    base, late : float32 (n, d), (m, d)
        Features of the pool, and of what arrived since, in order of arrival.
    k : int
    path : Path, optional
        What :func:`save_nearest` wrote for this ``base``; None where nothing is kept.

    Returns
    -------
    neighbours : int32, float32 (m, k)
    n_kept : int
        For how many of ``late`` they lay in the file.
    """
    k = min(k, len(base))
    saved_part = None if path is None or not len(late) else _read(path, late, k, len(base))
    indices, distances = saved_part or (np.empty((0, k), np.int32), np.empty((0, k), np.float32))
    if len(indices) == len(late):
        return (indices, distances), len(late)
    more = nearest(base, late[len(indices) :], k)
    neighbours = np.concatenate([indices, more[0]]), np.concatenate([distances, more[1]])
    return neighbours, len(indices)


def save_nearest(path: Path, late: Float, neighbours: tuple[Ints, Float]) -> None:
    """Keep what was found for all of ``late``.

    Where the disk does not take it, nothing is lost but time.
    """
    from safetensors.numpy import save

    whose = np.frombuffer(_digest(late), np.uint8)
    indices, distances = (np.ascontiguousarray(part) for part in neighbours)
    arrays: dict[str, NDArray[Any]] = {"indices": indices, "distances": distances, "whose": whose}
    with suppress(StorageError):
        write_sealed(path, lambda half: half.write_bytes(save(arrays)))


def _read(path: Path, late: Float, k: int, n: int) -> Neighbours | None:
    """Read the neighbours kept of the first of ``late``.

    It is None where the file is damaged, or is about other arrivals.
    """
    if not is_intact(path):
        return None
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
        indices, distances, whose = arrays["indices"], arrays["distances"], arrays["whose"].tobytes()
        m = len(indices)
        fits = indices.shape == distances.shape == (m, k) and m <= len(late)
        fits = fits and indices.dtype == np.int32 and distances.dtype == np.float32
        fits = fits and indices.min(initial=0) >= 0 and indices.max(initial=0) < n
        return (indices, distances) if fits and whose == _digest(late[:m]) else None
    except Exception:  # a damaged cache is computed again, whatever is wrong with it
        return None


def _digest(late: Float) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(late).data).digest()
