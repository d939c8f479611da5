"""Labels of a torch Dataset: class indices, or names, and the names that go with the indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.words import shown


def class_names(dataset: object) -> list[str]:
    """``dataset.classes``, also of a Subset's or the first part of a concatenation; empty where there are none."""
    for _ in range(8):  # parts of parts
        classes = getattr(dataset, "classes", None)
        if isinstance(classes, (list, tuple, np.ndarray)) and len(classes):
            return [str(name) for name in classes]
        parts = getattr(dataset, "datasets", None)
        dataset = getattr(dataset, "dataset", None) or (
            parts[0] if isinstance(parts, list) and parts else None
        )
    return []


def name_labels(
    ids: Sequence[str], labels: Sequence[Any], names: Sequence[str], classes: Sequence[str] | None
) -> tuple[dict[str, str], list[str]]:
    """Id -> class name, and the classes found.

    None and negative indices are no labels.

    Parameters
    ----------
    ids : sequence of str
    labels : sequence
        Class index or name of each.
    names : sequence of str
        The dataset's own class names; empty where it has none.
    classes : sequence of str or None
        The project's: they name the indices where the dataset does not, or calls them otherwise altogether.

    Raises
    ------
    PoolError
        When a label is neither index nor name, or an index has no name.

    Examples
    --------
    >>> name_labels(["a", "b", "c"], [1, 0, -1], ["cat", "dog"], None)
    ({'a': 'dog', 'b': 'cat'}, ['cat', 'dog'])
    """
    plain = [_plain(id, label) for id, label in zip(ids, labels, strict=True)]
    indices = sorted({label for label in plain if isinstance(label, int)})
    order = list(names)
    if classes is not None and len(order) in (0, len(classes)) and not set(order) & set(classes):
        order = list(classes)
    order = order or [str(index) for index in range(indices[-1] + 1 if indices else 0)]
    if indices and indices[-1] >= len(order):
        raise PoolError(
            f"the label {indices[-1]} has no name: there are {len(order)} classes.",
            "Pass classes= with a name for every index.",
        )
    texts = [order[label] if isinstance(label, int) else label for label in plain]
    names_by_id = {id: text for id, text in zip(ids, texts, strict=True) if text is not None}
    names_in_use = set(names_by_id.values())
    return names_by_id, [name for name in order if name in names_in_use] + sorted(names_in_use - set(order))


def _plain(id: str, label: object) -> int | str | None:
    if label is None or isinstance(label, str):
        return label
    try:
        number = np.asarray(label).item()
        index = int(number)
    except (TypeError, ValueError, RuntimeError):
        number, index = np.nan, 0
    if number != index:
        raise PoolError(
            f"the label of {id!r} is {shown(label)}, no class index.",
            "Let the dataset return (item, index of the class), or leave labels_from out.",
        )
    return index if index >= 0 else None
