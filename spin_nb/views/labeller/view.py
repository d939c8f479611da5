"""The labeller: the next items to ask, one key each.

The browser half keeps what was decided until it is on disk (``labeller/outbox.js``) and shows the next item
before the kernel has answered; this half only passes entries to the session and cards to the browser.  Its
verbs may run on a subshell thread while a cell is busy, so they touch only the session's thread-safe channel.
Everything is drawn and edited in the browser: ``editors/`` by task, ``media/`` by what an item is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import traitlets as t

from spin_nb.errors import SpinError
from spin_nb.session.arguments import field, sequence_of, text, whole_number
from spin_nb.session.labeller.cards import shift_buffers
from spin_nb.session.labeller.key_bindings import check_bindings
from spin_nb.views.base.widget import Answer, Buffers, View, in_words
from spin_nb.views.session_like import ChannelLike, SessionLike

N_RECENT_DECISIONS = 8  # decisions shown again after the page was reloaded
CARD_FIELDS = (
    "id",
    "mime",
    "data",
    "size",
    "buffers",
    "parts",
    "broken",
    "kind",
    "label",
)  # tells nothing of the model
MAX_CARDS_PER_ANSWER = 64  # cards in one answer
MAX_LABELS_PER_PUSH = 500  # changed labels told one by one; beyond, the browser asks for a new queue


class Labeller(View, entry="labeller/page.js"):
    """Label items with keyboard, mouse or finger.

    Keys: 1-9, 0 and then letters label, or choose what is drawn; Enter submits, or accepts the suggestion; Space
    skips; ``;`` unsure; F flags; F4 says that no class fits, F2 adds one; U, Backspace or Ctrl+Z undoes; Y or
    Ctrl+Shift+Z redoes; N puts a new shape into the picture, where the arrow keys move it; Esc gives the keyboard
    back to the notebook. F9 fills the screen. ``?`` shows all of them ("Keys"), where they can be changed.

    Parameters
    ----------
    session : SessionLike
        The open project; ``s.labeller`` is always the same widget.

    Attributes
    ----------
    spec : dict
        What the task says of itself: its editor, names, limits.
    bindings : dict
        Keys of your own: ``{"skip": "s", "class:crack": "c"}``; kept in the project for this annotator.
    project : str
        Names the browser's outbox: what was not saved goes to this project only.
    read_only : bool
        Whether labels can be saved.
    n_items : int
        Size of the pool, arrivals included.
    has_first_item : bool
        Whether a page has shown its first item, or that there is none: what else is on the page may follow.
    mode : str
        "label", or "review" where labels are looked at again.
    why_empty : str
        What the page says where there is no card, in place of its own words.

    Examples
    --------
    >>> s.labeller                                                 # doctest: +SKIP
    """

    spec: t.Dict[str, Any] = t.Dict().tag(sync=True)
    bindings: t.Any = t.Any().tag(sync=True)  # no Dict, which refuses in traitlets' words; see _check
    project = t.Unicode().tag(sync=True)
    read_only = t.Bool(False).tag(sync=True)
    n_items = t.Int(0).tag(sync=True)
    has_first_item = t.Bool(False)
    mode = t.Unicode("label").tag(sync=True)
    why_empty = t.Unicode().tag(sync=True)

    def __init__(self, session: SessionLike) -> None:
        super().__init__(
            spec=_spec(session),
            bindings=session.key_bindings.get(),
            project=_key(session),
            read_only=bool(session.read_only),
        )
        self.layout.width, self.layout.min_width = "100%", "0"  # beside another view neither may collapse
        self._session = session
        self._channel = self._channel_of(session)
        self.n_items = self._count_items()
        self.verbs = {
            "hello": self._hello,
            "seen": self._note_first_item,
            "cards": self._cards,
            "card": self._card,
            "past": self._past,
            "suggestions": self._suggestions,
            "frame": self._frame,
            "detail": self._detail,
            "apply": self._apply,
            "bind": self._bind,
            "add_class": self._add_class,
        }
        self.observe(self._on_bindings, "bindings")
        session.events.classes.connect(self._on_classes)
        session.events.labelled.connect(self._on_labelled)
        session.events.suggested.connect(self._on_suggested)
        session.events.trained.connect(self._on_trained)
        session.events.watched.connect(self._on_watched)
        session.events.problem.connect(self._on_problem)

    def show(self, id: str) -> None:
        """Put an item in front, whatever its state.

        ``s.labeller.show("img_7")``.
        """
        self._session.pool.row(id)
        self.push("show", {"id": id})

    def _channel_of(self, session: SessionLike) -> ChannelLike:
        """Return what pages of this view talk to."""
        return session.channel

    def _count_items(self) -> int:
        """Return of how many items the page says how many are done."""
        return len(self._session.pool)

    # -- what the browser asks for --------------------------------------------------------------------------

    def _hello(self, _message: Answer) -> tuple[Answer, Buffers]:
        recent, buffers = self._with_cards(self._channel.past("undo", N_RECENT_DECISIONS))
        return {**self._counts(), "recent": recent}, buffers

    def _note_first_item(self, _message: Answer) -> tuple[Answer, Buffers]:
        self.has_first_item = True
        return {}, []

    def _past(self, message: Answer) -> tuple[Answer, Buffers]:
        n = min(whole_number(message.get("n", 0), "n"), MAX_CARDS_PER_ANSWER)
        past, buffers = self._with_cards(
            self._channel.past(message.get("kind", "undo"), n, message.get("skip", 0))
        )
        return {"past": past}, buffers

    def _with_cards(self, events: list[Answer]) -> tuple[list[Answer], Buffers]:
        """Events with the cards of their items."""
        out: list[Answer] = []
        buffers: Buffers = []
        for event in events:
            card, card_buffers = self._card({"id": event["id"]})
            fields = {key: event[key] for key in ("kind", "value", "previous", "n")}
            out.append({**fields, "card": shift_buffers(card, len(buffers))})
            buffers += card_buffers
        return out, buffers

    def _frame(self, message: Answer) -> tuple[Answer, Buffers]:
        number = whole_number(field(message, "frame"), "frame")
        return self._channel.frame(field(message, "id"), number, message.get("part"))

    def _detail(self, message: Answer) -> tuple[Answer, Buffers]:
        box, size = field(message, "box"), message.get("size", 0)
        return self._channel.detail(field(message, "id"), box, size, message.get("part"))

    def _card(self, message: Answer) -> tuple[Answer, Buffers]:
        card, buffers = self._channel.card(field(message, "id"))
        return {key: card[key] for key in CARD_FIELDS if key in card}, buffers

    def _cards(self, message: Answer) -> tuple[Answer, Buffers]:
        # What was decided is applied first: else the asks of those items would count as never shown.
        answer = self._apply(message)[0] if message.get("entries") else {}
        if answer.get("error"):
            return {**answer, "cards": None}, []
        n = min(whole_number(message.get("n", 0), "n"), MAX_CARDS_PER_ANSWER)
        have = [token for token in sequence_of(message.get("have", []), "have") if token is not None]
        cards, buffers = self._channel.queue_cards(n, have)
        return {**answer, "cards": cards}, buffers

    def _suggestions(self, message: Answer) -> tuple[Answer, Buffers]:
        tokens = sequence_of(message.get("tokens", []), "tokens")[:MAX_CARDS_PER_ANSWER]
        fields = {
            "suggestions": self._channel.suggestions(tokens),
            "likeliest": self._channel.likeliest(tokens),
        }
        return fields, []

    def _apply(self, message: Answer) -> tuple[Answer, Buffers]:
        client, entries = (
            text(field(message, "client"), "client"),
            sequence_of(field(message, "entries"), "entries"),
        )
        try:
            answer = self._channel.apply(client, entries)
        except Exception as error:
            # The entries stay in the browser, which tries again and says why.
            words = in_words(error)
            answer = {"ack": 0, "gap": None, "error": f"{words['what']} {words['do']}"}
        return {"client": client, **answer}, []

    def _bind(self, message: Answer) -> tuple[Answer, Buffers]:
        try:
            self.bindings = check_bindings(field(message, "bindings"), self.spec.get("names", []))
        except SpinError as error:
            return {"bindings": self._session.key_bindings.get(), "problem": in_words(error)}, []
        return {}, []

    def _add_class(self, message: Answer) -> tuple[Answer, Buffers]:
        try:
            name = self._session.add_class(field(message, "name"))
        except SpinError as error:
            return {"problem": in_words(error)}, []
        return {"name": name, "spec": _spec(self._session)}, []

    def _counts(self) -> Answer:
        answer = self._channel.apply("", [])  # applies nothing: the counts alone
        return {key: answer[key] for key in ("n_labels", "per_minute", "at")}

    # -- what the session tells (main thread) ---------------------------------------------------------------

    def _on_classes(self, _names: object) -> None:
        with self.hold_trait_notifications():
            self.spec = _spec(self._session)
            self.bindings = self._session.key_bindings.get()

    def _on_labelled(self, ids: Sequence[str]) -> None:
        labels = {id: self._session.value(id) for id in ids} if len(ids) <= MAX_LABELS_PER_PUSH else None
        self.push("labelled", {"labels": labels, **self._counts()})

    @t.validate("bindings")
    def _check_keys(self, proposal: t.Bunch) -> dict[str, str]:
        """Refuse what are no keys of this project."""
        return check_bindings(proposal["value"], self.spec.get("names", []))

    def _on_bindings(self, change: t.Bunch) -> None:
        if change["new"] == self._session.key_bindings.get():
            return
        try:
            self._session.key_bindings.set(change["new"])
        except SpinError:
            self.bindings = self._session.key_bindings.get()  # pages have heard of the new ones already
            raise

    def _on_suggested(self, _n: int) -> None:
        self.push("suggested", {})

    def _on_trained(self, _report: object) -> None:
        self.push("trained", {})

    def _on_watched(self, _n: int) -> None:
        self.n_items = self._count_items()

    def _on_problem(self, what: str) -> None:
        self.push("problem", {"what": what})


def _spec(session: SessionLike) -> dict[str, Any]:
    """Task as it describes itself, whether classes may be added, and whether none of them may be the answer."""
    task = session.task
    return {
        **task.spec(),
        "names_may_change": hasattr(task, "with_names") and not session.read_only,
        "has_none": task.learns == "classes",
    }


def _key(session: SessionLike) -> str:
    """Name of the browser's outbox.

    There is one per folder and annotator, without telling the saved notebook the path.
    """
    owner = f"{session.folder}\0{session.annotator}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(owner, digest_size=8).hexdigest()
    return f"{session.name}-{digest}"
