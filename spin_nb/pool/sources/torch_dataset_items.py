"""What a torch Dataset gives, item by item, as plain arrays.

torch is not imported here: who passes a Dataset has it already.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.media.images import pil_pixels
from spin_nb.words import said_by

RETURN = "Let the dataset return a tensor (c, h, w), (h, w) or (d,), a PIL picture, or a pair (item, label)."
"""What a dataset's items should be."""


def is_dataset(thing: object) -> bool:
    """Tell whether it is a torch Dataset, without importing torch."""
    # Another thread may be importing it at this moment: who holds a Dataset has imported it before.
    kind = getattr(sys.modules.get("torch.utils.data"), "Dataset", None)
    return kind is not None and isinstance(thing, kind)


def is_tensor(thing: object) -> bool:
    """Tell whether it is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.Tensor)


def length(dataset: Any) -> int | None:
    """Items in the dataset.

    It is None where it does not say.
    """
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        return None


def iterable(dataset: object) -> bool:
    """Tell whether it is read in its own order only."""
    return isinstance(dataset, sys.modules["torch.utils.data"].IterableDataset)


def entries(dataset: Any) -> Iterator[Any]:
    """Yield each entry of the dataset, or its exception."""
    if iterable(dataset):
        yield from _iterate(dataset)
        return
    total, row = length(dataset), 0
    while total is None or row < total:
        try:
            yield dataset[row]
        except IndexError as problem:
            if total is None:
                return
            if (now := length(dataset)) != total:
                raise _length_error(total, now) from None
            yield problem
        except Exception as problem:  # a person's own dataset raises anything
            yield problem
        row += 1
    if (now := length(dataset)) != total:
        raise _length_error(total, now)


def _iterate(dataset: Any) -> Iterator[Any]:
    number = 0
    try:
        for item in dataset:
            yield item
            number += 1
    except PoolError:
        raise
    except Exception as problem:  # as above; what comes after it cannot be had
        raise PoolError(
            f"the dataset stopped after {number:,} items: {reason(problem)}.",
            "Let it skip what it cannot read.",
        ) from problem


def _length_error(before: int, now: object) -> PoolError:
    return PoolError(
        f"the dataset had {before:,} items and has {now:,} now.", "Pass it again when it no longer changes."
    )


def reason(problem: Exception) -> str:
    """Exception of a person's own code, in a line."""
    return said_by(problem).rstrip(": .")


def array_and_label(entry: object, has_label: bool) -> tuple[NDArray[Any], Any]:
    """Array and label of one entry of a dataset."""
    if not isinstance(entry, (tuple, list)):
        if has_label:
            raise PoolError("it comes without a label", RETURN)
        return as_array(entry), None
    if not entry or (has_label and len(entry) < 2):
        raise PoolError("it comes without a label" if entry else "it is empty", RETURN)
    return as_array(entry[0]), entry[1] if has_label else None


def as_array(item: Any) -> NDArray[Any]:
    """One item of a dataset.

    It is a picture (h, w), (h, w, 3) or (h, w, 4), or a vector float32 (d,).

    Raises
    ------
    PoolError
        When it is neither, or not finite.
    """
    if type(item).__module__.startswith("PIL."):
        return pil_pixels(item)
    if is_tensor(item):
        item = item.detach().cpu()
        array, first = np.asarray(item.float() if item.is_floating_point() else item), True
    elif isinstance(item, np.ndarray):
        array, first = item, False
    else:
        texts = "Pass texts as a list: [text for text, label in dataset]."
        raise PoolError(f"it is a {type(item).__name__}", texts if isinstance(item, str) else RETURN)
    if array.dtype.kind not in "buif" or array.ndim not in (1, 2, 3) or not array.size:
        raise PoolError(f"it is {array.dtype} of shape {array.shape}", RETURN)
    if array.dtype.kind == "f" or array.ndim == 1:
        with np.errstate(over="ignore"):  # what turns infinite is refused below
            array = array.astype(np.float32, copy=False)
        if not np.isfinite(array).all():
            raise PoolError("it holds NaN or infinite values, or more than float32 takes", RETURN)
    return _channels_last(array, first) if array.ndim == 3 else array


def _channels_last(array: NDArray[Any], first: bool) -> NDArray[Any]:
    """Move a picture's channels to the last axis.

    It becomes (h, w), (h, w, 3) or (h, w, 4).  With ``first``, channels come first where either axis may be
    theirs.
    """
    axes = [axis for axis in ((0, 2) if first else (2, 0)) if array.shape[axis] in (1, 3, 4)]
    if not axes:
        raise PoolError(f"a picture of shape {array.shape} has neither 1, 3 nor 4 channels", RETURN)
    picture = np.moveaxis(array, axes[0], -1)
    return picture[:, :, 0] if picture.shape[2] == 1 else picture


def plain_items(items: Any) -> Any:
    """Items of a torch Dataset, a tensor (n, ...), a list with tensors or pairs (item, label) as arrays; else as it is.

    Raises
    ------
    PoolError
        When one of them is no picture or vector.
    """
    if is_dataset(items):
        arrays: list[Any] = []
        for entry in entries(items):
            if isinstance(entry, Exception):
                raise PoolError(f"item {len(arrays)} of the dataset raised {reason(entry)}.", "Mend it.")
            arrays.append(array_and_label(entry, False)[0])
        return arrays
    if is_tensor(items):
        return [as_array(item) for item in items] if items.ndim > 1 else items.numpy()
    if isinstance(items, (list, tuple)) and any(is_tensor(item) or _is_pair(item) for item in items):
        return [
            array_and_label(item, False)[0] if is_tensor(item) or _is_pair(item) else item for item in items
        ]
    return items


def _is_pair(entry: object) -> bool:
    """Tell whether it is an entry of a labelled dataset.

    Such an entry is a picture or vector, then numbers or words.
    """
    if not isinstance(entry, (tuple, list)) or len(entry) < 2:
        return False
    first, *rest = entry
    picture = type(first).__module__.startswith("PIL.")
    whole = picture or ((is_tensor(first) or isinstance(first, np.ndarray)) and first.ndim > 0)
    return whole and all(_is_label(part) for part in rest)


def _is_label(part: object) -> bool:
    return part is None or isinstance(part, (str, int, float)) or getattr(part, "shape", None) == ()
