"""What the model believes of an item, how sure it is, why it is not surer, and what would change that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from spin_nb.session.arguments import field
from spin_nb.views.base.redraw import Redraw, soon
from spin_nb.views.base.waiting import loading
from spin_nb.views.base.widget import Answer, Brief, Buffers, Verb
from spin_nb.views.session_like import SessionLike
from spin_nb.views.uncertainty.item import Explain, chances, doubt, labelled_card, mind, near
from spin_nb.views.uncertainty.pool_plot import PoolPlot

if TYPE_CHECKING:
    from spin_nb.protocols import Predictive
    from spin_nb.session.model.explanation import Explanation

MAX_HISTORY = 100
NO_MODEL_NOTE = (
    "No model yet. Label a few items (s.labeller, or s.label(id, class)) to see what is uncertain, and why."
)
ASKED_NOTE = "Being asked now: what the model thinks is kept back until you have answered."


class UncertaintyView(Brief, widgets.Box):
    """One item in the posterior's eyes (``s.uncertainty``).

    Its place in the pool is shown, too.

    Each class has a strip of posterior samples: where they agree, the model knows.  Below: doubt in nats, split into
    what labels would remove (epistemic) and what stays (aleatoric), and the nearest labels.  Beside: the pool, and
    which labels of other items would change the answer.  A click on a point of the pool or of ``s.map``, or on any
    item shown, looks at that item; so does its id.  At first it is the most uncertain one without a label.

    Parameters
    ----------
    session : SessionLike

    Examples
    --------
    >>> s.uncertainty                                  # doctest: +SKIP
    >>> s.uncertainty.look("img_7")                    # doctest: +SKIP
    """

    def __init__(self, session: SessionLike) -> None:
        self._session = session
        self._looked_at, self._pointed_at = "", ""
        self._past: list[str] = []
        self._asked_ids: tuple[str, ...] = ()
        self._rests = ""  # what is shown while nothing is pointed at
        words = loading("what the model knows", session)
        self.item, self.mind = Explain(can={"back": False}, chances={"note": words}), Explain()
        for part in (self.item, self.mind):
            part.verbs = {
                "look": _verb(lambda message: self.look(field(message, "id"))),
                "back": _verb(lambda _: self.back()),
                "next": _verb(lambda _: self.next()),
            }
        self.pool = PoolPlot(session, self.look)
        columns = _column([self.item], "3 1 520px"), _column([self.pool, self.mind], "2 1 360px")
        super().__init__(columns, layout=widgets.Layout(flex_flow="row wrap", width="100%", min_width="0"))
        self.redraw = Redraw(self._draw, every=0.5, on_failure=self._show_failure)
        # A person waits: not at the labels' pace.
        self._turn = Redraw(self._draw, every=0.1, on_failure=self._show_failure, pause=0)
        events = session.events
        for signal in (events.labelled, events.trained):
            signal.connect(lambda *_: self.redraw())
        on_arrivals = Redraw(self._take_in, every=0.5, on_failure=self._show_failure)
        events.watched.connect(lambda *_: on_arrivals())
        events.selection.connect(lambda *_: self._follow_selection())
        events.asked.connect(lambda ids, *_: self._note_asked(ids))
        soon(self._begin)

    def _begin(self) -> None:
        self._follow_selection()
        if not self._session.selected:
            self.redraw()

    # -- which item ---------------------------------------------------------------------------------------

    def look(self, id: str) -> None:
        """Look at item ``id``.

        "" is the most uncertain one without a label.

        Raises
        ------
        LabelError
            No such item.
        """
        if not isinstance(id, str) or id:
            self._session.pool.row(id)
        if self._rests and id != self._rests:
            self._past = [*self._past[1 - MAX_HISTORY :], self._rests]
        self._looked_at, self._pointed_at = id, ""
        self._turn()

    def back(self) -> None:
        """Look at the item before, if any."""
        if self._past:
            self._looked_at, self._pointed_at = self._past.pop(), ""
            self._turn()

    def next(self) -> None:
        """Look at the next most uncertain item.

        It goes by epistemic uncertainty, among those without a label.
        """
        predictive = self._session.predictive
        if predictive is None or not self._rests:
            return
        row = self._session.pool.row(self._rests)
        epistemic = np.asarray(predictive.epistemic)
        free = self._free(len(epistemic))
        after = epistemic == epistemic[row]
        after[: row + 1] = False  # of equals the lower row comes first
        rows = np.flatnonzero(free & (after | (epistemic < epistemic[row])))
        if len(rows):
            self.look(self._session.pool.ids[rows[np.argmax(epistemic[rows])]])

    def point_at(self, id: str) -> None:
        """Show an item while something points at it.

        "" goes back to the item looked at.
        """
        if not isinstance(id, str) or id:
            self._session.pool.row(id)
        if id != self._pointed_at:
            self._pointed_at = id
            self._turn()

    def _follow_selection(self) -> None:
        selection = self._session.selected
        if selection and selection[0] != self._looked_at:
            self.look(selection[0])

    def _note_asked(self, ids: Sequence[str]) -> None:
        self._asked_ids = tuple(ids)
        self.redraw()

    def _waits(self, id: str) -> bool:
        """Say whether a person is being asked it.

        An opinion would lead them, in audits too.
        """
        return id in self._asked_ids and self._session.label_index[self._session.pool.row(id)] < 0

    def _free(self, n: int) -> NDArray[np.bool_]:
        """Items without a label that nobody is asked about."""
        free: NDArray[np.bool_] = self._session.label_index[:n] < 0
        free[[self._session.pool.row(id) for id in self._asked_ids]] = False
        return free

    def _most_uncertain(self, predictive: Predictive) -> str:
        epistemic = np.asarray(predictive.epistemic)
        return str(
            self._session.pool.ids[int(np.argmax(np.where(self._free(len(epistemic)), epistemic, -1.0)))]
        )

    # -- drawing ------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        session = self._session
        predictive = session.predictive
        id = self._pointed_at or self._looked_at
        if not id and predictive is not None:
            id = self._most_uncertain(predictive)
        if not self._pointed_at:
            self._rests = id
        with self.item.hold_sync(), self.mind.hold_sync():
            self.item.can = {"back": bool(self._past)}
            self.item.item = self._card(id)
            if predictive is None or self._waits(id):
                self._say(ASKED_NOTE if predictive is not None else NO_MODEL_NOTE)
            else:
                self._explain(session.explain(id))
        self.pool.mark(session.pool.row(id) if id else -1)

    def _take_in(self) -> None:
        """Take in arrivals.

        They teach nothing of the item that is shown, unless they are more uncertain.
        """
        item_id, predictive = self._pointed_at or self._rests, self._session.predictive
        moves_on = False
        if predictive is not None and not self._pointed_at and not self._looked_at:
            moves_on = self._most_uncertain(predictive) != item_id
        if moves_on or not item_id:
            self._draw()
        else:
            self.pool.mark(self._session.pool.row(item_id))

    def _card(self, id: str) -> dict[str, Any]:
        if not id:
            return {}
        index = self._session.label_index[self._session.pool.row(id)]
        return labelled_card(self._session, id, self._session.classes[index] if index >= 0 else None)

    def _explain(self, explanation: Explanation) -> None:
        session, item = self._session, self.item
        item.chances = chances(explanation.mean, explanation.draws, session.classes)
        item.doubt = doubt(explanation)
        item.near = near(session, explanation)
        self.mind.mind = mind(session, explanation, self._waits)

    def _say(self, sentence: str) -> None:
        self.item.chances = {"note": sentence}
        self.item.doubt, self.item.near, self.mind.mind = {}, {}, {}

    def _show_failure(self, text: str) -> None:
        self._say(text)


def _verb(act: Callable[[dict[str, Any]], None]) -> Verb:
    """Wrap an action as a verb of the page.

    It is done, or refused with the reason.
    """

    def verb(message: dict[str, Any]) -> tuple[Answer, Buffers]:
        act(message)
        return {}, []

    return verb


def _column(parts: list[Any], flex: str) -> widgets.VBox:
    return widgets.VBox(parts, layout=widgets.Layout(flex=flex, min_width="0"))
