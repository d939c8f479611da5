"""Keys a person has chosen for the labeller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spin_nb.errors import SettingError
from spin_nb.session.arguments import items_of
from spin_nb.session.open_project import OpenProject
from spin_nb.words import shown

ACTIONS = (
    "accept",
    "skip",
    "unsure",
    "flag",
    "no_class",
    "add_class",
    "undo",
    "redo",
    "delete",
    "absent",
    "next",
    "previous",
    "new",
    "duplicate",
    "point",
    "help",
    "full",
)
KEY_NAMES = ("Enter", "Backspace", "Delete", "Insert", "Home", "End", *(f"F{i}" for i in range(1, 13)))


class KeyBindings:
    """Keys of one annotator, kept in the project."""

    def __init__(self, project: OpenProject) -> None:
        self._project = project

    def get(self) -> dict[str, str]:
        """Action, or "class:<name>" -> key."""
        try:
            return check_bindings(self._with_names_now(), self._project.classes)
        except SettingError:  # damaged, or of another version: the keys that come with it do
            return {}

    def set(self, keys: Mapping[str, str]) -> None:
        """Keep these from now on.

        Raises
        ------
        SettingError, ReadOnlyError
        """
        bindings = check_bindings(keys, self._project.classes)
        self._project.check_writable("keep keys")
        self._project.store.set_meta("bindings", {**self._of_all(), self._project.annotator: bindings})

    def _with_names_now(self) -> dict[str, Any]:
        """Keys of classes by the names in force; those of classes that are gone are left out."""
        bindings, classes = (
            self._of_all().get(self._project.annotator, {}),
            self._project.store.state().classes.now,
        )
        if not classes.former or not isinstance(bindings, dict):
            return bindings
        pairs: dict[str, Any] = {}
        for action, key in bindings.items():
            if not str(action).startswith("class:"):
                pairs[action] = key
            elif (name := classes.present_name(str(action).removeprefix("class:"))) is not None:
                pairs.setdefault(f"class:{name}", key)
        return pairs

    def _of_all(self) -> dict[str, Any]:
        bindings = self._project.store.meta.get("bindings")
        return bindings if isinstance(bindings, dict) else {}


def check_bindings(keys: object, names: Sequence[str]) -> dict[str, str]:
    """Action -> key, each key for one thing only.

    Raises
    ------
    SettingError
        Unknown actions or classes, keys that are none or given twice.

    Examples
    --------
    >>> check_bindings({"skip": "s", "class:crack": "C"}, ["ok", "crack"])
    {'skip': 's', 'class:crack': 'c'}
    """
    if not isinstance(keys, Mapping):
        raise SettingError(f"{shown(keys)} are no keys.", 'Pass a mapping, for example {"skip": "s"}.')
    actions = [*ACTIONS, *(f"class:{name}" for name in names)]
    bindings: dict[str, str] = {}
    for action, key in items_of(keys, "the keys", SettingError):
        if action not in actions:
            raise SettingError(
                f"{shown(action)} is nothing a key does.", f"Use one of: {', '.join(actions[:30])}."
            )
        if not isinstance(key, str) or not _pressable(key):
            raise SettingError(f"{shown(key)} is no key.", "Give one character, or a name such as F2.")
        lower = key if key in KEY_NAMES else key.lower()
        if lower in bindings.values():
            raise SettingError(f"the key {key!r} is given twice.", "Give every action its own key.")
        bindings[str(action)] = lower
    if "Enter" in bindings.values() and "accept" not in bindings:
        raise SettingError(
            "Enter submits, and is the key of something else.", 'Give "accept" another key as well.'
        )
    return bindings


def _pressable(key: str) -> bool:
    """Check a key; as ``keyProblem`` in views/base/keys.js."""
    lower = key.lower()  # some capitals become two characters, which would be refused the next time
    return key in KEY_NAMES or (len(lower) == 1 and lower.isprintable())
