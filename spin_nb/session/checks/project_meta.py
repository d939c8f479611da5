"""What a project says of itself, checked before anything builds on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spin_nb.errors import LabelError, ProjectError
from spin_nb.protocols import Task
from spin_nb.tasks import from_json
from spin_nb.words import shown


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 0.5


_RULES = {
    "task": lambda value: isinstance(value, str),
    "seed": _is_count,
    "audit_share": _is_share,
    "audits_released": _is_count,
    "encoder": lambda value: isinstance(value, str),
    "weights": lambda value: isinstance(value, dict),
}


def read_task(meta: Mapping[str, Any]) -> Task:
    """The task of a project.

    Raises
    ------
    ProjectError
        Where its description is damaged.
    """
    for key, is_right in _RULES.items():
        if key in meta and not is_right(meta[key]):
            raise _damage_error(f"its {key} is {shown(meta[key])}")
    missing = next((key for key in ("task", "seed") if key not in meta), None)
    if missing is not None:
        raise _damage_error(f"its {missing} is missing")
    try:
        return from_json(meta["task"])
    except LabelError as problem:
        raise _damage_error(f"its task cannot be read ({problem.what})") from None


def _damage_error(why: str) -> ProjectError:
    return ProjectError(
        f"the project is damaged: {why}.", "Restore project.db from a copy; its labels may still be in it."
    )
