"""Exact nearest neighbours without an n x n matrix: the one graph that the map and the models share.

Rows are scored in chunks by one matrix product, ``|b|^2 - 2 a.b``.  Columns fall into groups; the k nearest lie
in the k groups with the smallest minima, so only those few are sorted.  The distances of the survivors are then
computed directly, without cancellation, and decide order and choice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, StorageError
from spin_nb.io import is_intact, write_sealed
from spin_nb.pool.features._checks import check_features
from spin_nb.threads import map_parts
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch

Progress = Callable[[float, str], Any]
Neighbours = tuple[NDArray[np.int32], Float]

_GROUP = 32
_SPARE = 8
"""Candidates beyond k that rounding of the product cannot push out."""
_CHUNK_VALUES = {"cpu": 3_000_000, "cuda": 30_000_000}


def neighbours(
    features: Float, k: int = 15, *, device: str = "auto", progress: Progress | None = None
) -> Neighbours:
    """Nearest other rows of every row, exact.

    They are nearest in Euclidean distance.

    Parameters
    ----------
    features : float32 (n, d)
        A memory map of a file keeps its answer beside that file and finds it there.
    k : int
        Neighbours a row; n - 1 where there are fewer.
    device : str
        "auto" (a CUDA device where there is one), or a torch device.
    progress : callable, optional
        Called with (fraction, words).

    Returns
    -------
    indices : int32 (n, k)
        Rows, nearest first; never the row itself, even among duplicates.
    distances : float32 (n, k)
        Euclidean, rising.

    Raises
    ------
    ModelError
        When features are not (n, d) or not finite.

    Examples
    --------
    >>> indices, distances = neighbours(np.array([[0.0], [1.0], [3.0]], np.float32), 1)
    >>> indices.ravel().tolist(), distances.ravel().tolist()
    ([1, 0, 1], [1.0, 1.0, 2.0])
    """
    check_features(features)
    k = min(k, len(features) - 1)
    cache = _beside(features, k)
    graph = _read_cache(cache, features, k)
    if graph is None:
        graph = _search(features, features, k, device, progress, exclude_self=True)
        _write_cache(cache, graph)
    if progress:
        progress(1.0, "neighbours ready")
    return graph


def nearest(
    features: Float, queries: Float, k: int = 15, *, device: str = "auto", progress: Progress | None = None
) -> Neighbours:
    """Nearest rows of ``features`` for new items.

    It answers as :func:`neighbours`; ``queries`` are (m, d).

    Examples
    --------
    >>> nearest(np.array([[0.0], [1.0], [3.0]], np.float32), np.array([[2.9]], np.float32), 1)[0]
    array([[2]], dtype=int32)
    """
    check_features(features)
    check_features(queries)
    if queries.shape[1] != features.shape[1]:
        raise ModelError(
            f"queries have {queries.shape[1]} features, the pool has {features.shape[1]}.",
            "Use the same encoder.",
        )
    return _search(features, queries, min(k, len(features)), device, progress, exclude_self=False)


def _search(
    features: Float, queries: Float, k: int, device: str, progress: Progress | None, *, exclude_self: bool
) -> Neighbours:
    import torch

    n, m = len(features), len(queries)
    indices, distances = np.empty((m, k), np.int32), np.empty((m, k), np.float32)
    if not k or not m:
        return indices, distances
    place = _device(device)
    centre = torch.from_numpy(features.mean(axis=0, dtype=np.float64).astype(np.float32))
    base = (torch.from_numpy(np.array(features, np.float32)) - centre).to(place)
    queries_from_centre = (
        base if exclude_self else (torch.from_numpy(np.array(queries, np.float32)) - centre).to(place)
    )
    columns = _columns(base)
    step = max(16, _CHUNK_VALUES[place.type if place.type == "cuda" else "cpu"] // columns.shape[1])

    def answer(start: int) -> None:
        rows = queries_from_centre[start : start + step]
        block = _score(rows, columns)
        if exclude_self:
            own = torch.arange(len(rows), device=place)
            block[own, own + start] = torch.inf
        near, far = _nearest(block, rows, base, k, n - exclude_self)
        indices[start : start + step], distances[start : start + step] = near.cpu().numpy(), far.cpu().numpy()

    for n_chunks, _ in enumerate(map_parts(answer, range(0, m, step)), start=1):
        if progress:
            progress(min(1.0, n_chunks * step / m), f"neighbours: {min(m, n_chunks * step):,} of {m:,}")
    return indices, distances


def _device(device: str) -> torch.device:
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def _columns(base: torch.Tensor) -> torch.Tensor:
    """(d + 1, n') right side of the product.

    It is -2 b and |b|^2, padded to whole groups with infinities.
    """
    import torch

    n, d = base.shape
    columns = torch.zeros(d + 1, -(-n // _GROUP) * _GROUP, device=base.device)
    columns[:d, :n] = -2 * base.T
    columns[d, :n] = (base * base).sum(1)
    columns[d, n:] = torch.inf
    return columns


def _score(rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.mm(torch.cat([rows, torch.ones(len(rows), 1, device=rows.device)], dim=1), columns)


def _nearest(
    block: torch.Tensor, rows: torch.Tensor, base: torch.Tensor, k: int, others: int
) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    candidates = _candidates(block, min(k + _SPARE, others))
    gaps = base[candidates] - rows[:, None, :]
    exact = torch.linalg.vector_norm(gaps, dim=2)
    order = candidates.sort(dim=1)  # ties go to the lowest row
    far, position = exact.gather(1, order.indices).sort(dim=1, stable=True)
    return order.values.gather(1, position)[:, :k], far[:, :k]


def _candidates(block: torch.Tensor, count: int) -> torch.Tensor:
    """Columns of the ``count`` smallest values of each row."""
    rows, width = block.shape
    groups = width // _GROUP
    if groups <= count * 2:
        return block.topk(count, dim=1, largest=False, sorted=False).indices
    # A group is every groups-th column: its minimum vectorises.
    groups_of_columns = block.view(rows, _GROUP, groups)
    group_indices = groups_of_columns.amin(dim=1).topk(count, dim=1, largest=False, sorted=False).indices
    values = groups_of_columns.gather(2, group_indices[:, None, :].expand(rows, _GROUP, count)).flatten(1)
    position = values.topk(count, dim=1, largest=False, sorted=False).indices
    member, group = position // count, group_indices.gather(1, position % count)
    return member * groups + group


def _beside(features: Float, k: int) -> Path | None:
    """Cache file of a whole memory-mapped file.

    It is None for arrays in memory and for slices.
    """
    name = getattr(features, "filename", None)
    if not isinstance(features, np.memmap) or name is None or isinstance(features.base, np.ndarray):
        return None
    return Path(name).with_suffix(f".knn{k}.safetensors")


def _read_cache(path: Path | None, features: Float, k: int) -> Neighbours | None:
    if path is None or not is_intact(path):
        return None
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
        indices, distances = arrays["indices"], arrays["distances"]
    except Exception:  # a damaged cache is recomputed, whatever is wrong with it
        return None
    if not indices.shape == distances.shape == (len(features), k) or indices.dtype != np.int32:
        return None
    inside = indices.min(initial=0) >= 0 and indices.max(initial=0) < len(features)
    return (indices, distances) if inside and np.isfinite(distances).all() else None


def _write_cache(path: Path | None, graph: Neighbours) -> None:
    if path is None:
        return
    from safetensors.numpy import save

    arrays = {"indices": graph[0], "distances": graph[1]}
    try:
        write_sealed(path, lambda half: half.write_bytes(save(arrays)))
    except StorageError:  # a read-only or full project: nothing is lost but time
        return
