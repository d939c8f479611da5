"""What a label is: the values a person may give an item, one file per task.

Every task keeps the contract :class:`spin_nb.protocols.Task`, which :func:`spin_nb.testing.check_task` checks.
"""

from spin_nb.errors import LabelError
from spin_nb.protocols import Task
from spin_nb.registry import resolve, words
from spin_nb.tasks.base import TaskBase, read_json
from spin_nb.tasks.boxes import Boxes
from spin_nb.tasks.classes import Classes
from spin_nb.tasks.freetext import FreeText
from spin_nb.tasks.keypoints import Keypoints
from spin_nb.tasks.multilabel import MultiLabel
from spin_nb.tasks.number import Number
from spin_nb.tasks.pairs import Pairs
from spin_nb.tasks.polygons import Polygons
from spin_nb.tasks.spans import Spans
from spin_nb.words import shown

__all__ = [
    "Boxes",
    "Classes",
    "FreeText",
    "Keypoints",
    "MultiLabel",
    "Number",
    "Pairs",
    "Polygons",
    "Spans",
    "TaskBase",
    "from_json",
]


def from_json(text: str) -> Task:
    """Read the task that ``to_json`` of any registered one wrote.

    Raises
    ------
    LabelError
        ``text`` describes none of them.

    Examples
    --------
    >>> from_json('{"kind": "number", "low": 0, "high": 10}')
    Number(0.0, 10.0)
    """
    kind = read_json(text).get("kind")
    kinds = words("task")
    if isinstance(kind, str) and kind in kinds:
        task: Task = resolve("task", kind).from_json(text)
        return task
    raise LabelError(
        f"{shown(text)} does not describe a task.",
        f"Pass what to_json() of a task returned; kinds are {', '.join(kinds)}. One of your own is registered before"
        " its project is opened: spin_nb.registry.register.",
    )
