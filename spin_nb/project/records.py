"""What the store takes and gives: one frozen record per kind of fact."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from spin_nb.errors import ProjectError
from spin_nb.words import shown

CLASSES = "classes"
"""Kind of an event that changes the classes of the project, and is about no item."""
NONE_OF_THESE = "none"
"""Kind of an event that says that no class fits an item."""
KINDS = (
    "label",
    "imported",
    "skip",
    "unsure",
    NONE_OF_THESE,
    "flag",
    "keep",
    "tag",
    "untag",
    "note",
    CLASSES,
    "undo",
    "redo",
)
VALUE_KINDS = ("label", "imported")
MARK_KINDS = ("tag", "untag", "note")
"""Kinds that say something about an item beside its label."""
ASIDE_KINDS = ("keep", *MARK_KINDS)
"""Kinds that leave what an item's label is as it is."""

Suggestion = tuple[Any, float | None]
"""A value, and the probability that it is right; None where nobody said one."""


class SequenceGapError(ProjectError):
    """A client's entry arrived before the one it follows.

    Nothing was stored.

    Attributes
    ----------
    next_seq : int
        The sequence number to send next.
    """

    def __init__(self, client: str, next_seq: int, actual: int) -> None:
        super().__init__(
            f"entry {actual} of client {shown(client)} arrived, entry {next_seq} has not.",
            f"Send everything from entry {next_seq} on again, in order.",
        )
        self.next_seq = next_seq


@dataclass(frozen=True)
class NewItem:
    """An item to be added.

    It is something that can be labelled, or (``broken``) a listed thing that cannot.

    ``source`` is anything JSON can hold; what it means is the pool's business.
    """

    id: str
    source: object
    modality: str
    broken: str | None = None
    is_arrival: bool = False


@dataclass(frozen=True)
class NewEvent:
    """One thing a person did.

    Attributes
    ----------
    kind : str
        "label", "imported" (came with the pool), "skip", "unsure", "none" (no class fits), "flag", "keep" (a person has
        reviewed the label and kept it), "tag", "untag", "note", "classes" (the classes change), "undo" or "redo".
    item : str or None
        Item id; None for undo and redo, which find it themselves, and for "classes".
    value : JSON value or None
        For "label" and "imported"; for "keep" the label that is kept; for "tag" and "untag" the tag, for "note" the
        text, "" for none any more; for "classes" the change, as :meth:`ClassTable.after
        <spin_nb.project.class_table.ClassTable.after>` takes it.
    annotator : str
        Who did it.
    suggestion : (value, probability or None) or None
        What was suggested before the person chose.
    is_accepted : bool or None
        The suggestion was taken unchanged.
    ask : str or None
        Token of the ask this answers.
    shown_ms : float or None
        Milliseconds the item was on screen.
    target : int or None
        For undo and redo: the event meant; None is this annotator's last.
    gesture : int or None
        Where one call or gesture makes several events: the number of its first one, 0 if that is the first of the same
        :meth:`Store.append <spin_nb.project.Store.append>`.
    source : JSON value or None
        What the items of a gesture were picked by; the first event of it says so for all.
    """

    kind: str
    item: str | None = None
    value: Any = None
    annotator: str = field(kw_only=True)
    suggestion: Suggestion | None = None
    is_accepted: bool | None = None
    ask: str | None = None
    shown_ms: float | None = None
    target: int | None = None
    gesture: int | None = None
    source: Any = None


@dataclass(frozen=True, slots=True)
class Event:
    """A :class:`NewEvent` that is on disk.

    Attributes
    ----------
    seq : int
        Place in the project's one sequence of events; never reused.
    item : str
        Item id; "" for "classes", and for its undo and redo.
    time : datetime
        UTC.
    previous : JSON value or None
        The item's value before this event.  For undo and redo ``value`` is the item's value after it.
    client, client_seq : str, int or None
        Which view sent it, as its how manieth entry.
    gesture : int or None
        Number of the first event of the call or gesture that made several; None for one alone.
    chain : str
        Hash of all events up to this one, sha256 in hexadecimal.
    """

    seq: int
    time: datetime
    annotator: str
    kind: str
    item: str
    value: Any = None
    previous: Any = None
    suggestion: Suggestion | None = None
    is_accepted: bool | None = None
    ask: str | None = None
    shown_ms: float | None = None
    target: int | None = None
    client: str | None = None
    client_seq: int | None = None
    gesture: int | None = None
    source: Any = None
    chain: str = ""


@dataclass(frozen=True)
class NewAsk:
    """A question that may be put to a person.

    Attributes
    ----------
    q : float
        Probability with which the item was drawn, in (0, 1] (Farquhar et al. 2021, arXiv:2101.11665).
    audit : bool
        Drawn for the hidden audit sample.
    suggest : bool
        A suggestion is shown with it.
    model_id : str or None
        The model whose scores chose it.
    annotator : str or None
        For whom it was drawn; unknown in asks of projects from before version 2.
    """

    item: str
    strategy: str
    q: float
    audit: bool = False
    suggest: bool = False
    model_id: str | None = None
    reason: str = ""
    annotator: str | None = None


@dataclass(frozen=True)
class Ask:
    """A :class:`NewAsk` on disk.

    ``shown_at`` is None until a person has seen it (UTC).
    """

    token: str
    item: str
    strategy: str
    q: float
    audit: bool
    suggest: bool
    model_id: str | None
    reason: str
    proposed_at: datetime
    shown_at: datetime | None
    annotator: str | None = None


@dataclass(frozen=True)
class Run:
    """One training run.

    ``ended_at`` is None while it runs, or where its kernel died.
    """

    id: int
    started_at: datetime
    settings: dict[str, Any]
    ended_at: datetime | None
    status: str
    model_id: str | None
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """An entry of the model repository.

    Its arrays are in ``models/<id>/``.
    """

    id: str
    created_at: datetime
    head: str
    card: dict[str, Any]
