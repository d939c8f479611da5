"""Whatever a person passes as ``pool=`` -> what can be labelled."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.media.safe_open import reading
from spin_nb.pool.pool_data import PoolData, as_labels, default_ids
from spin_nb.pool.sources.arrays import read_array
from spin_nb.pool.sources.data_frames import read_frame, read_pandas
from spin_nb.pool.sources.folders import read_folder
from spin_nb.pool.sources.multimodal import read_multimodal
from spin_nb.pool.sources.objects import has_text, read_objects
from spin_nb.pool.sources.parquet import read_parquet
from spin_nb.pool.sources.samples import Sample
from spin_nb.pool.sources.time_series import read_series
from spin_nb.pool.sources.torch_dataset import read_dataset
from spin_nb.pool.sources.torch_dataset_items import is_dataset
from spin_nb.pool.sources.user_pools import Multimodal, TimeSeries
from spin_nb.types import Broken
from spin_nb.words import said_by, shown

__all__ = ["PoolData", "read_pool"]

_KINDS = (
    "a folder of pictures, sounds or videos, a numpy array, a polars or pandas frame, a .parquet file, a list of texts "
    "or paths, a TimeSeries, Multimodal, a torch Dataset or a sample"
)
_TORCH = "Pass the dataset itself; for a tensor torch.utils.data.TensorDataset(tensor), for a loader loader.dataset."


def read_pool(
    pool: object,
    *,
    labels_from: str | None = None,
    classes: Sequence[str] | None = None,
    near: Path | None = None,
    progress: Callable[[float, str], Any] | None = None,
) -> PoolData:
    """Read what can be labelled.

    Parameters
    ----------
    pool : str, Path, ndarray, frame, Sample, list of str, TimeSeries, Multimodal or torch Dataset
        A folder of pictures, sounds or videos (read recursively, ids are relative paths), an array of pictures
        (n, h, w[, c]), of numbers (n, d) or of texts (n,), a polars or pandas frame (see
        :func:`spin_nb.pool.sources.data_frames.read_frame`), the path of a .parquet file, a sample, texts, paths,
        :class:`spin_nb.pool.sources.user_pools.TimeSeries`, :class:`spin_nb.pool.sources.user_pools.Multimodal`, or a
        torch Dataset (see :func:`spin_nb.pool.sources.torch_dataset.read_dataset`).
    labels_from : str, optional
        Where known classes are: "folder" (name of the sub-folder), "sample", "series", "dataset", or a column of the
        frame.
    classes, near, progress : optional
        The project's class names, where to stream to, and who hears how far it is: for a torch Dataset.

    Returns
    -------
    PoolData
        Ids, data, known labels and what was kept out.

    Raises
    ------
    PoolError
        When there is nothing that can be labelled in it.

    Examples
    --------
    >>> read_pool(["a first text", "a second text"]).ids
    ['item-000000', 'item-000001']
    """
    if isinstance(pool, Sample):
        return _sample(pool, labels_from)
    if isinstance(pool, TimeSeries):
        return read_series(pool, labels_from=labels_from)
    if isinstance(pool, Multimodal):
        _no_labels(labels_from, "several parts")
        return read_multimodal(pool, lambda part: read_pool(part, near=near, progress=progress))
    if isinstance(pool, (str, os.PathLike)):
        return _path(_readable(pool), labels_from)
    if is_dataset(pool):
        return read_dataset(pool, labels_from=labels_from, classes=classes, near=near, progress=progress)
    package = type(pool).__module__.partition(".")[0]
    if package in ("polars", "pandas"):
        return read_frame(_frame(pool, package), labels_from=labels_from)
    if isinstance(pool, np.ndarray):
        if pool.ndim == 1 and pool.dtype.kind in "UTO":
            return _texts(pool.tolist(), labels_from)
        _no_labels(labels_from, "an array")
        return read_array(pool)
    if isinstance(pool, (list, tuple)):
        return _texts(list(pool), labels_from)
    if package == "torch":
        raise PoolError(f"a torch {type(pool).__name__} cannot be a pool.", _TORCH)
    raise PoolError(f"a {type(pool).__name__} cannot be a pool.", f"Pass {_KINDS}.")


def _sample(sample: Sample, labels_from: str | None) -> PoolData:
    data = replace(read_array(sample.items, ids=sample.ids), classes=sample.classes)
    if labels_from is None:
        return data
    if labels_from != "sample":
        raise PoolError(
            f"labels_from={shown(labels_from)} does not go with a sample.",
            'Use labels_from="sample", or leave it out.',
        )
    return replace(data, labels=as_labels(data.ids, sample.labels))


def _readable(pool: str | os.PathLike[str]) -> Path:
    """A path that the system can look at."""
    try:
        path = Path(pool).expanduser()
        path.exists()
    except (OSError, ValueError, TypeError, RuntimeError) as problem:
        raise PoolError(
            f"{shown(pool)} cannot be a path: {said_by(problem, 100)}.", "Check the path."
        ) from None
    return path


def _path(path: Path, labels_from: str | None) -> PoolData:
    if path.suffix.lower() != ".parquet" or path.is_dir():
        if path.is_file():
            raise PoolError(f"the file {str(path)!r} is no folder.", f"Read it first; pass {_KINDS}.")
        return read_folder(path, labels_from=labels_from)

    if not path.exists():
        raise PoolError(f"there is no file {str(path)!r}.", "Check the path.")
    with reading("parquet file", path):
        frame = read_parquet(path)
    return read_frame(frame, base=path.parent, labels_from=labels_from)


def _frame(pool: object, package: str) -> Any:
    if type(pool).__name__ != "DataFrame":
        hint = "Call .collect() first." if hasattr(pool, "collect") else "Call .to_frame() first."
        raise PoolError(f"a {package} {type(pool).__name__} cannot be a pool.", hint)
    return read_pandas(pool) if package == "pandas" else pool


def _texts(texts: list[Any], labels_from: str | None) -> PoolData:
    import polars as pl

    _no_labels(labels_from, "a list")
    if not texts:
        raise PoolError("the list is empty.", "Pass at least one text.")
    texts = [str(text) if isinstance(text, Path) else text for text in texts]
    odd = next((text for text in texts if not isinstance(text, str)), None)
    if odd is not None and has_text(odd):
        return read_objects(texts)
    if odd is not None:
        raise PoolError(f"the list holds a {type(odd).__name__}.", f"Lists hold texts only; pass {_KINDS}.")
    ids = default_ids(len(texts))
    broken = [
        Broken(id, f"no valid Unicode: {why}")
        for id, text in zip(ids, texts, strict=True)
        if (why := _surrogate(text))
    ]
    if len(broken) == len(texts):
        raise PoolError(f"every text is {broken[0].reason}.", "Decode them with errors='replace'.")
    out = {item.id for item in broken}
    good = {id: text for id, text in zip(ids, texts, strict=True) if id not in out}
    data = read_frame(pl.DataFrame({"id": list(good), "text": list(good.values())}))
    return replace(data, broken=[*data.broken, *broken], all_ids=ids) if broken else data


def _surrogate(text: str | None) -> str | None:
    """Half a character that a text holds, and where.

    It can be neither stored nor shown.
    """
    try:
        (text or "").encode()  # a missing text is an empty one
    except UnicodeEncodeError as problem:
        return f"{problem.object[problem.start]!r} at position {problem.start}"
    return None


def _no_labels(labels_from: str | None, what: str) -> None:
    if labels_from is not None:
        raise PoolError(
            f"labels_from={shown(labels_from)} does not go with {what}.",
            "It holds no labels: leave labels_from out.",
        )
