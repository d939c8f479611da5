"""A torch Dataset as a pool: read item by item, streamed to disk, never whole in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.pool_data import PoolData, fingerprint
from spin_nb.pool.sources.scratch import Scratch
from spin_nb.pool.sources.torch_dataset_items import array_and_label, entries, iterable, length, reason
from spin_nb.pool.sources.torch_dataset_labels import class_names, name_labels
from spin_nb.types import Broken
from spin_nb.words import shown

FIRST = 64
"""Good items that decide the shape of all."""
_HOPELESS = 1000
_TWICE = 8


def read_dataset(
    dataset: object,
    *,
    labels_from: str | None = None,
    classes: Sequence[str] | None = None,
    near: Path | None = None,
    progress: Callable[[float, str], Any] | None = None,
) -> PoolData:
    """Read the items of a torch Dataset.

    It may be with or without a length, iterable or not.

    Pictures are kept as uint8, floats by the range of all values, as for arrays; vectors as float32.  Items that
    raise, hold NaN or have another shape than most go to ``broken``.

    Parameters
    ----------
    dataset : torch.utils.data.Dataset
        Its items are tensors (c, h, w), (h, w) or (d,), arrays, PIL pictures, or tuples (item, label, ...).
    labels_from : str, optional
        "dataset": take the labels too; class indices become names by ``dataset.classes``, or by ``classes``.
    classes : sequence of str, optional
        The project's class names.
    near : Path, optional
        Folder of the file system to stream to; by default that of temporary files.
    progress : callable, optional
        Called with (fraction, words); the fraction stays 0 where there is no length.

    Raises
    ------
    PoolError
        When it is empty, changes while it is read, gives another item each time, or most items differ in shape.
    StorageError
        When the items cannot be written.
    """
    if labels_from not in (None, "dataset"):
        raise PoolError(
            f"labels_from={shown(labels_from)} does not go with a dataset.",
            'Use labels_from="dataset", or leave it out.',
        )
    _check_steady(dataset)
    with Scratch(near) as scratch:
        read = _Reader(scratch, labels_from is not None)
        total = length(dataset)
        for number, entry in enumerate(entries(dataset)):
            read.take(number, entry)
            if progress is not None and number % 64 == 0:
                of = f" of {total:,}" if total is not None else ""
                progress(min(1.0, number / total) if total else 0.0, f"reading {number:,}{of} items")
        read.finish()
        data, about = scratch.finish()
    if progress is not None:
        progress(1.0, f"{len(read.ids):,} items read")
    names = class_names(dataset)
    labels, class_order = (
        name_labels(read.ids, read.labels, names, classes) if labels_from is not None else ({}, [])
    )
    return PoolData(
        ids=read.ids,
        sources=[{"row": row} for row in read.rows],
        modality="table" if data.ndim == 2 else "image",
        container="array",
        items=data,
        metadata=about,
        broken=read.broken,
        labels=labels,
        fingerprint=fingerprint("dataset", read.ids, str(data.dtype), data.shape, about, scratch.digest),
        classes=names or class_order,
    )


class _Reader:
    """Items as they come.

    Good ones go to the scratch file, once the first few have decided the shape of all.
    """

    def __init__(self, scratch: Scratch, has_labels: bool) -> None:
        self.ids: list[str] = []
        self.rows: list[int] = []
        self.labels: list[Any] = []
        self.broken: list[Broken] = []
        self._scratch, self._has_labels = scratch, has_labels
        self._waiting: list[tuple[int, NDArray[Any], Any]] | None = []
        self._odd: list[str] = []
        self._advice = ""

    def take(self, row: int, entry: object) -> None:
        """One item, or the exception it raised."""
        try:
            if isinstance(entry, Exception):
                raise entry
            array, label = array_and_label(entry, self._has_labels)
        except Exception as problem:  # a person's own dataset raises anything
            why = problem.what if isinstance(problem, PoolError) else reason(problem)
            self._advice = self._advice or (
                problem.do if isinstance(problem, PoolError) else "Mend the dataset."
            )
            self.broken.append(Broken(f"item-{row:06d}", why))
            if len(self.broken) >= _HOPELESS and not self.ids and not self._waiting:
                self._nothing()
            return
        if self._waiting is None:
            self._keep(row, array, label)
            return
        self._waiting.append((row, array, label))
        if len(self._waiting) == FIRST:
            self._decide()

    def finish(self) -> None:
        """All items have come."""
        if self._waiting is not None:
            self._decide()
        self.broken.sort(key=lambda item: item.id)
        if len(self._odd) > len(self.ids):
            raise _odd_shapes([str(self._scratch.shape), *dict.fromkeys(self._odd)][:3])

    def _decide(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        if not waiting:
            self._nothing()
        shapes = Counter((array.shape[:2] if array.ndim > 1 else array.shape) for _, array, _ in waiting)
        (shape, count), *_ = shapes.most_common()
        if 2 * count <= len(waiting) and len(waiting) > 1:
            raise _odd_shapes([f"{shape}" for shape, _ in shapes.most_common(3)])
        alike = [a for _, a, _ in waiting if (a.shape[:2] if a.ndim > 1 else a.shape) == shape]
        largest = max(alike, key=lambda array: array.ndim)  # RGB as soon as one is
        kind = Counter(array.dtype for array in alike).most_common(1)[0][0]
        self._scratch.begin(largest.shape, kind)
        for row, array, label in waiting:
            self._keep(row, array, label)

    def _keep(self, row: int, array: NDArray[Any], label: object) -> None:
        scratch, name = self._scratch, f"item-{row:06d}"
        if array.ndim == 2 and scratch.shape == (*array.shape, 3):
            array = np.repeat(array[:, :, None], 3, axis=2)
        if array.shape != scratch.shape:
            self._odd.append(str(array.shape))
            self.broken.append(
                Broken(name, f"its shape is {array.shape}, that of the others {scratch.shape}")
            )
        elif array.dtype != scratch.dtype:
            self.broken.append(
                Broken(name, f"its numbers are {array.dtype}, those of the others {scratch.dtype}")
            )
        else:
            scratch.add(array)
            self.ids.append(name)
            self.rows.append(row)
            self.labels.append(label)

    def _nothing(self) -> None:
        if not self.broken:
            raise PoolError("the dataset is empty.", "Pass one with items.")
        first, n = self.broken[0], len(self.broken)
        raise PoolError(
            f"none of the first {n:,} items can be used; {first.id}: {first.reason}.", self._advice
        )


def _odd_shapes(shapes: list[str]) -> PoolError:
    return PoolError(
        f"items of different shapes: {'; '.join(shapes)}.",
        "Bring them to one size in the dataset's transform.",
    )


def _check_steady(dataset: Any) -> None:
    """Refuse random transforms.

    Labels must stay with what was seen.
    """
    total = 0 if iterable(dataset) else length(dataset) or 0
    for row in np.unique(np.linspace(0, max(0, total - 1), min(_TWICE, total)).astype(int)).tolist():
        with suppress(Exception):  # told later, item by item
            first, second = (array_and_label(dataset[row], False)[0] for _ in range(2))
            if first.shape != second.shape or not np.allclose(first, second, rtol=1e-3, atol=1e-3):
                break
    else:
        return
    raise PoolError(
        f"item {row} of the dataset is different each time it is read.",
        "Leave random transforms out of the pool; they belong into training.",
    )
