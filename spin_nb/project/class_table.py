"""The classes of a project at one moment, and what each change of them makes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from spin_nb.errors import LabelError
from spin_nb.tasks._names import checked_names, known_name
from spin_nb.types import Extent
from spin_nb.words import shown

Key = tuple[int, str]
"""A class whatever it is called: number of the event that made it (0: it came with the project), its name then."""


class NeedsLabelError(Exception):
    """A class was split, and nobody said which part an item belongs to."""


@dataclass(frozen=True)
class ClassTable:
    """Names in force, and what became of those that no longer are.

    Attributes
    ----------
    task : Task or None
        With the names in force; None where the project has none whose names may change.
    keys : tuple of Key
        In the order of ``task.names``.
    heirs : mapping
        Class that is gone -> the one it was merged into, None where it was retired.
    parts : mapping
        Class that was split -> item -> part.
    origins : mapping
        Part -> the class it was split off.
    former : mapping
        Name no longer in force -> the class that had it last.
    """

    task: Any = None
    keys: tuple[Key, ...] = ()
    heirs: Mapping[Key, Key | None] = field(default_factory=dict)
    parts: Mapping[Key, Mapping[str, Key]] = field(default_factory=dict)
    origins: Mapping[Key, Key] = field(default_factory=dict)
    former: Mapping[str, Key] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Any) -> ClassTable:
        """Return the classes that come with a project."""
        return cls() if task is None else cls(task, tuple((0, name) for name in task.names))

    @property
    def names(self) -> tuple[str, ...]:
        """Names in force, in order."""
        return () if self.task is None else tuple(self.task.names)

    @cached_property
    def _key_of_name(self) -> dict[str, Key]:
        return {**self.former, **dict(zip(self.names, self.keys, strict=True))}

    @cached_property
    def _name_of_key(self) -> dict[Key, str]:
        return dict(zip(self.keys, self.names, strict=True))

    def name_now(self, name: str, item: str, then: ClassTable) -> str | None:
        """Return what a name that was given to an item then is called now; None where that class is gone.

        Raises
        ------
        NeedsLabelError
            It was split, and nobody said which part the item belongs to.
        """
        key = then._key_of_name.get(name)
        while key is not None and key not in self._name_of_key:
            if key in self.parts:
                if item not in self.parts[key]:
                    raise NeedsLabelError
                key = self.parts[key][item]
            elif key in self.heirs:
                key = self.heirs[key]
            else:  # what made it was undone
                key = then.origins.get(key)
        return None if key is None else self._name_of_key[key]

    def value_now(self, value: Any, item: str, then: ClassTable) -> Any:
        """Return what a label that was given to an item then says now; None where it says nothing any more."""
        try:
            return self.task.translate(value, lambda name: self.name_now(name, item, then))
        except NeedsLabelError:
            return None
        except (AttributeError, TypeError, KeyError):
            return value  # of a project that was made by hand

    def columns_of(self, then: ClassTable) -> list[int | None]:
        """Return where each class of then is among those in force; None for one that is gone, or was split."""
        place_of_name = {name: at for at, name in enumerate(self.names)}
        columns: list[int | None] = []
        for name in then.names:
            try:
                columns.append(place_of_name.get(self.name_now(name, "", then) or ""))
            except NeedsLabelError:
                columns.append(None)
        return columns

    def tells_apart_as(self, then: ClassTable) -> bool:
        """Check that the classes are those of then in the same order, whatever they are called."""
        return self.columns_of(then) == list(range(len(self.names)))

    def validate(self, value: object, extent: Extent | None = None) -> Any:
        """Return a label as it is stored, as the task does.

        A name of former times is let be: it means what became of its class.

        Raises
        ------
        LabelError
            The task does not allow it, or its class is gone.
        """
        try:
            return self.task.validate(value, extent)
        except LabelError:
            former = [name for name in self.former if self.present_name(name) is not None]
            if not former:
                raise
            try:
                return self.task.with_names([*self.names, *former]).validate(value, extent)
            except LabelError:
                pass
            raise

    def present_name(self, name: str) -> str | None:
        """Return what the class that has, or had last, this name is called now; None where it is gone or was split."""
        try:
            return self.name_now(name, "", self)
        except NeedsLabelError:
            return None

    def after(self, change: object, seq: int) -> ClassTable:
        """Return the classes after a change, the value of event ``seq``.

        Raises
        ------
        LabelError
            It is none, or cannot be made of these classes.
        """
        if self.task is None or not hasattr(self.task, "with_names"):
            raise LabelError(
                "the labels of this project have no names that may change.", "Make a new project."
            )
        verb, content = (
            next(iter(change.items())) if isinstance(change, dict) and len(change) == 1 else (None, None)
        )
        if verb not in _CHANGES:
            raise LabelError(
                f"{shown(change)} is no change of classes.", f"Use one of: {', '.join(_CHANGES)}."
            )
        try:
            return _CHANGES[verb](self, content, seq)
        except LabelError:
            raise
        except (TypeError, KeyError, AttributeError, ValueError):
            raise LabelError(
                f"{shown(change)} is no change of classes.", "Use the verbs of s.classes."
            ) from None

    def _with(self, names: Sequence[str], keys: Sequence[Key], **fields: Any) -> ClassTable:
        dropped_names = {
            name: key for name, key in zip(self.names, self.keys, strict=True) if name not in names
        }
        former = {name: key for name, key in {**self.former, **dropped_names}.items() if name not in names}
        return replace(self, task=self.task.with_names(names), keys=tuple(keys), former=former, **fields)

    def _index(self, name: object) -> int:
        places = {other: at for at, other in enumerate(self.names)}
        return places[known_name(name, places, "class", numbers=True)]

    def _refuse_existing(self, name: str, advice: str) -> None:
        if name in self.names:
            raise LabelError(f"{shown(name)} is a class of this project already.", advice)


def _add(table: ClassTable, names: list[str], seq: int) -> ClassTable:
    new_names = _names(names)
    for name in new_names:
        table._refuse_existing(name, "Label with it, or give another name.")
    return table._with([*table.names, *new_names], [*table.keys, *((seq, name) for name in new_names)])


def _rename(table: ClassTable, content: dict[str, str], seq: int) -> ClassTable:
    at, (new,) = table._index(content["old"]), _names([content["new"]])
    old = table.names[at]
    table._refuse_existing(new, f"To make the two one: s.classes.merge([{old!r}], into={new!r}).")
    return table._with([*table.names[:at], new, *table.names[at + 1 :]], table.keys)


def _merge(table: ClassTable, content: dict[str, Any], seq: int) -> ClassTable:
    into = table._index(content["into"])
    indices = {table._index(name) for name in _name_list(content["names"])} - {into}
    if not indices:
        raise LabelError(
            f"nothing is merged into {shown(table.names[into])}.",
            'Name others: s.classes.merge(["b"], into="a").',
        )
    return _without(table, indices, {table.keys[at]: table.keys[into] for at in indices})


def _retire(table: ClassTable, names: list[str], seq: int) -> ClassTable:
    indices = {table._index(name) for name in _name_list(names)}
    return _without(table, indices, {table.keys[at]: None for at in indices})


def _split(table: ClassTable, content: dict[str, Any], seq: int) -> ClassTable:
    at, new_names = table._index(content["name"]), _names(content["into"])
    key, new_keys = table.keys[at], [(seq, name) for name in new_names]
    for name in new_names:
        if name != table.names[at]:
            table._refuse_existing(name, f"Give the parts of {shown(table.names[at])} new names.")
    if len(new_names) < 2:
        raise LabelError("a class is split into two parts or more.", 'Or: s.classes.rename("old", "new").')
    part_of: dict[str, Key] = {}
    for new_key, ids in zip(new_keys, content["into"].values(), strict=True):
        for id in ids:
            if part_of.setdefault(id, new_key) != new_key:
                raise LabelError(f"{shown(id)} is in two parts.", "Put every item into one part.")
    others = [*table.names[:at], *new_names, *table.names[at + 1 :]]
    keys = [*table.keys[:at], *new_keys, *table.keys[at + 1 :]]
    origins = {**table.origins, **dict.fromkeys(new_keys, key)}
    return table._with(others, keys, parts={**table.parts, key: part_of}, origins=origins)


_CHANGES: dict[Any, Callable[[ClassTable, Any, int], ClassTable]] = {
    "add": _add,
    "rename": _rename,
    "merge": _merge,
    "split": _split,
    "retire": _retire,
}


def _without(table: ClassTable, indices: set[int], heirs: Mapping[Key, Key | None]) -> ClassTable:
    stay = [at for at in range(len(table.keys)) if at not in indices]
    names, keys = [table.names[at] for at in stay], [table.keys[at] for at in stay]
    return table._with(names, keys, heirs={**table.heirs, **heirs})


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return checked_names(names, "class", "classes", numbers=True)


def _name_list(names: object) -> list[Any]:
    if isinstance(names, str) or not isinstance(names, Iterable) or not (values := list(names)):
        raise LabelError(f"{shown(names)} is no list of classes.", 'Pass one: ["crack", "dent"].')
    return values
