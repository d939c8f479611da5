"""Columns that came with the pool, under names that none of the table's own has."""

from __future__ import annotations

from collections.abc import Collection, Sequence

PREFIX = "meta."  # before a metadata column whose name is one of the table's own


def metadata_names(columns: Sequence[str], own_names: Collection[str]) -> dict[str, str]:
    """Map names in the table to names in the pool, in order.

    A column called like one of the table's own gets the prefix ``meta.``, again where the pool has that name, too;
    every other keeps its name.

    Examples
    --------
    >>> metadata_names(["camera", "label", "meta.label"], {"item", "label"})
    {'camera': 'camera', 'meta.meta.label': 'label', 'meta.label': 'meta.label'}
    """
    used_names = {*own_names, *columns}
    names: dict[str, str] = {}
    for column in columns:
        name = column
        while name in own_names or (name != column and name in used_names):
            name = PREFIX + name
        used_names.add(name)
        names[name] = column
    return names
