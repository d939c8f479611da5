"""The labeller: the next items to ask, one key each.

The browser half keeps what was decided until it is on disk (``labeller_outbox.js``) and shows the next item
before the kernel has answered; this half only passes entries to the session and cards to the browser.  Its
verbs may run on a subshell thread while a cell is busy, so they touch only the session's thread-safe channel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import traitlets as t

from spin_nb.views._base import Answer, Buffers, View, in_words

PARTS = ("labeller_outbox", "labeller_keys", "item", "labeller_decisions", "labeller_desk", "labeller")
RECENT = 8  # decisions shown again after the page was reloaded
CARD = (
    "id",
    "mime",
    "data",
    "buffer",
    "kind",
)  # a recent card tells nothing of the model: audits stay hidden
MOST = 64  # cards in one answer
MANY = 500  # changed labels told one by one; beyond, the browser asks for a new queue


class Labeller(View, parts=PARTS):
    """Label a session's items with the keyboard.

    Keys: 1-9, 0 and then letters label; Enter accepts the suggestion; Space skips; ``?`` unsure; F flags; U,
    Backspace or Ctrl+Z undoes; Y or Ctrl+Shift+Z redoes; Esc gives the keyboard back to the notebook.

    Parameters
    ----------
    session : Session
        The open project; ``s.labeller`` is always the same widget.

    Attributes
    ----------
    classes : list of str
        Class names in the order of their keys.
    project : str
        Names the browser's outbox: what was not saved goes to this project only.
    read_only : bool
        Whether labels can be saved.
    n_items : int
        Size of the pool, arrivals included.

    Examples
    --------
    >>> s.labeller                                                 # doctest: +SKIP
    """

    classes: Any = t.List(t.Unicode()).tag(sync=True)
    project = t.Unicode().tag(sync=True)
    read_only = t.Bool(False).tag(sync=True)
    n_items = t.Int(0).tag(sync=True)

    def __init__(self, session: Any) -> None:
        super().__init__(
            classes=list(session.classes),
            project=_key(session),
            read_only=bool(session.read_only),
            n_items=len(session.pool),
        )
        self.layout.width, self.layout.min_width = "100%", "0"  # beside another view neither may collapse
        self._session = session
        self.verbs = {"hello": self._hello, "cards": self._cards, "card": self._card, "apply": self._apply}
        session.events.labelled.connect(self._labelled)
        session.events.trained.connect(self._trained)
        session.events.watched.connect(self._watched)
        session.events.problem.connect(self._problem)

    # -- what the browser asks for --------------------------------------------------------------------------

    def _hello(self, _message: Answer) -> tuple[Answer, Buffers]:
        recent: list[Answer] = []
        buffers: Buffers = []
        for row in _own(self._session.history, self._session.annotator)[-RECENT:]:
            card, pictures = self._card({"id": row["item"]})
            if "buffer" in card:
                card["buffer"] += len(buffers)
            recent.append({"kind": row["kind"], "value": row["value"], "card": card})
            buffers.extend(pictures)
        return {**self._counts(), "recent": recent}, buffers

    def _card(self, message: Answer) -> tuple[Answer, Buffers]:
        card, buffers = self._session.card(str(message["id"]))
        return {key: card[key] for key in CARD if key in card}, buffers

    def _cards(self, message: Answer) -> tuple[Answer, Buffers]:
        # What was decided is applied first: else the asks of those items would count as never shown.
        answer = self._apply(message)[0] if message.get("entries") else {}
        if answer.get("error"):
            return {**answer, "cards": None}, []
        n = min(max(0, int(message.get("n", 0))), MOST)
        have = [str(token) for token in message.get("have", []) if token is not None]
        cards, buffers = self._session.queue_cards(n, have)
        return {**answer, "cards": cards}, buffers

    def _apply(self, message: Answer) -> tuple[Answer, Buffers]:
        client = str(message["client"])
        try:
            answer = self._session.apply(client, message["entries"])
        except Exception as error:
            # The entries stay in the browser, which tries again and says why.
            words = in_words(error)
            answer = {"ack": 0, "gap": None, "error": f"{words['what']} {words['do']}"}
        return {"client": client, **answer}, []

    def _counts(self) -> Answer:
        answer = self._session.apply("", [])  # applies nothing: the counts alone
        return {"n_labels": answer["n_labels"], "per_minute": answer["per_minute"]}

    # -- what the session tells (home thread) ---------------------------------------------------------------

    def _labelled(self, ids: Sequence[str]) -> None:
        labels = None
        if len(ids) <= MANY:
            index, row = self._session.label_index, self._session.pool.row
            labels = {id: self._name(index[row(id)]) for id in ids}
        self.push("labelled", {"labels": labels, **self._counts()})

    def _name(self, index: int) -> str | None:
        return self.classes[index] if index >= 0 else None

    def _trained(self, _report: Any) -> None:
        self.push("trained", {})

    def _watched(self, _n: int) -> None:
        self.n_items = len(self._session.pool)

    def _problem(self, what: str) -> None:
        self.push("problem", {"what": what})


def _own(history: Any, annotator: str) -> list[dict[str, Any]]:
    """The annotator's own events that stand, oldest first: the last is what undo takes back."""
    stands: list[dict[str, Any]] = []
    undone: list[dict[str, Any]] = []
    for row in history.rows(named=True):
        if row["annotator"] != annotator:
            continue
        if row["kind"] == "undo":
            undone += stands[-1:]
            del stands[-1:]
        elif row["kind"] == "redo":
            stands += undone[-1:]
            del undone[-1:]
        else:
            stands.append(row)
            undone.clear()
    return stands


def _key(session: Any) -> str:
    """Name of the browser's outbox: one per project folder, without telling the saved notebook its path."""
    digest = hashlib.blake2b(str(session.folder).encode(), digest_size=8).hexdigest()
    return f"{session.name}-{digest}"
