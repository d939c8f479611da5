"""What every task does the same way: equality by content, JSON, what its editor is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from inspect import Parameter, signature
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from spin_nb.errors import LabelError
from spin_nb.words import shown

T = TypeVar("T", bound="TaskBase")


class TaskBase:
    """Immutable, hashable, equal to a task of the same class and settings.

    Parameters
    ----------
    **settings : JSON values
        The arguments of the task's constructor, checked and canonical; tuples for lists.
    """

    kind: ClassVar[str]
    editor: ClassVar[str]
    works_on: ClassVar[Mapping[str, int]] = MappingProxyType({})
    metric: ClassVar[str]
    about: ClassVar[str]  # what to_json() describes, in words

    __slots__ = ("_json", "_settings")

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._json = json.dumps({"kind": self.kind, **settings})  # last: from here on nothing may be set

    @property
    def names(self) -> tuple[str, ...]:
        """Names a value may use, in order.

        It is () where there are none.
        """
        names: tuple[str, ...] = self._settings.get("names", ())
        return names

    @property
    def outputs(self) -> int:
        """Width of the training target; 0: there is none."""
        return 0

    @property
    def learns(self) -> str | None:
        """Kind of learning: "classes", "numbers" or None.

        There are :attr:`outputs` numbers; with None nothing is learnt of such labels.
        """
        return "numbers" if self.outputs else None

    def to_json(self) -> str:
        """Text that ``from_json`` reads back."""
        return self._json

    @classmethod
    def from_json(cls: type[T], text: str) -> T:
        """Read what ``to_json`` wrote.

        Raises
        ------
        LabelError
            ``text`` is something else.
        """
        fields = read_json(text)
        settings = {key: value for key, value in fields.items() if key != "kind"}
        parameters = signature(cls).parameters
        required_keys = {key for key, p in parameters.items() if p.default is Parameter.empty}
        if fields.get("kind") != cls.kind or not required_keys <= set(settings) <= set(parameters):
            raise LabelError(
                f"{shown(text)} does not describe {cls.about}.",
                f"Pass what {cls.__name__}.to_json() returned.",
            )
        return cls(**settings)

    def spec(self) -> dict[str, Any]:
        """Description of the task for its editor.

        It holds kind, editor, names, empty (what a draft starts from) and the task's own.

        Returns
        -------
        dict
            JSON values only, a fresh copy at every call.
        """
        fields = json.loads(self._json)
        return {**fields, "editor": self.editor, "names": list(self.names), "empty": self._empty()}

    def _empty(self) -> Any:
        return None  # else the key that accepts a draft would store what nobody chose

    def __setattr__(self, name: str, value: object) -> None:
        # Sessions, views and models share one task: whoever changed it would change stored labels' meaning.
        if hasattr(self, "_json"):
            raise AttributeError(f"a {type(self).__name__} cannot be changed; make a new one")
        super().__setattr__(name, value)

    def __reduce__(self) -> Any:
        return type(self).from_json, (self._json,)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, TaskBase) and other._json == self._json

    def __hash__(self) -> int:
        return hash(self._json)

    def __repr__(self) -> str:
        words = []
        for key, parameter in signature(type(self)).parameters.items():
            value = (
                list(self._settings[key]) if isinstance(self._settings[key], tuple) else self._settings[key]
            )
            if parameter.default is Parameter.empty:
                words.append(repr(value))
            elif value not in (parameter.default, []):
                words.append(f"{key}={value!r}")
        return f"{type(self).__name__}({', '.join(words)})"


def read_json(text: str) -> dict[str, Any]:
    """A JSON object; {} for anything else."""
    try:
        fields = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
