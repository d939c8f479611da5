"""What is pre-filled on a card: a person's own suggestions first, else what the model learnt of the labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import LabelError, SpinError
from spin_nb.monitor.audit import over_parts
from spin_nb.project.records import Suggestion
from spin_nb.session.arguments import items_of
from spin_nb.session.audit.judge import estimate
from spin_nb.session.labeller.cards import extent
from spin_nb.session.model.target_regression import TargetSuggestions
from spin_nb.tasks._values import number
from spin_nb.types import Estimate, Ints
from spin_nb.words import said_by, shown

if TYPE_CHECKING:
    from spin_nb.session.session import Session

LEAST = 0.5  # a class that is less probable would be wrong more often than not: it is not pre-filled
KEYED = 33  # classes that have keys of their own in the labeller, whatever the item
LIKELIEST = 5  # of more classes, those on the first keys
ROUNDING = 1e-5  # by which a float32 probability may exceed 1


class _Function:
    """A person's function, and what it said of each item; replaced as a whole, so no late answer outlives it."""

    def __init__(self, ask: Callable[[str], Any]) -> None:
        self.ask = ask
        self.said: dict[str, Suggestion | None] = {}


class Suggestions:
    """Suggestions for a session's items."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._given: dict[str, Suggestion] = {}
        self._function: _Function | None = None
        self._learnt = TargetSuggestions(session)
        self._scores: dict[str, tuple[int, Suggestion, float]] = {}
        self._judged: tuple[tuple[object, ...], NDArray[np.float64]] | None = None

    def take(self, given: Mapping[str, Any] | Callable[[str], Any] | None) -> int:
        """Hold suggestions, or a function that makes them, or let go of them; see :meth:`Session.suggest`."""
        if given is None:
            self._given, self._function = {}, None
            return 0
        if callable(given) and not isinstance(given, Mapping):
            self._function = _Function(given)
            return len(self._session.pool)
        if not isinstance(given, Mapping):
            raise LabelError(
                f"{shown(given)} is neither a mapping nor a function.",
                "Pass {id: value, ...}, {id: (value, probability), ...}, a function of an id, or None for none.",
            )
        pairs = items_of(given, "the mapping")
        rows = {id: self._session.pool.row(id) for id, _ in pairs}
        new = {id: self._checked(rows[id], said) for id, said in pairs if said is not None}
        kept = {id: said for id, said in self._given.items() if id not in rows}
        self._given = {**kept, **new}
        return len(new)

    def of(self, row: int) -> Suggestion | None:
        """Value and probability for one row, or None: what was given, else the function's word, else the model's."""
        s = self._session
        id = s.pool.ids[row]
        given, function = self._given.get(id), self._function
        if given is not None:
            return given
        if function is not None:
            said = self._asked(function, id)
            if function is not self._function:  # it was replaced while it was at work
                return self.of(row)
            if said is not None:
                return said
        return self._of_class(row) if s.by_class else self._learnt.of(row)

    def likeliest(self, row: int, told: bool) -> list[tuple[str, float | None]] | None:
        """Classes for the first keys, where there are more than keys: name and probability, the likeliest first.

        Where the model is not to be told (``told`` is false) or knows nothing yet: those given most often, without a
        probability.
        """
        s = self._session
        if s.task.editor != "classes" or len(s.task.names) <= KEYED:
            return None
        names, predictive = s.task.names, s.predictive if told else None
        if predictive is not None:
            mean, said = predictive.mean[row], self.of(row)
            best = np.argsort(-mean, kind="stable")[:LIKELIEST]
            found: list[tuple[str, float | None]] = [] if said is None else [said]
            found += [(names[i], float(mean[i])) for i in best if said is None or names[i] != said[0]]
            return found[:LIKELIEST]
        given = np.bincount(s.label_index.clip(-1) + 1, minlength=len(names) + 1)[1:]
        most = np.argsort(-given, kind="stable")[:LIKELIEST]
        return [(names[i], None) for i in most if given[i]]

    def accuracy(self) -> Estimate:
        """Mean score of what would be suggested now for the audit items; 0 for an item without a suggestion."""
        s = self._session
        s._wait_where_labelled()
        if s.task.outputs and not s._pool_model.ready:
            return over_parts([])  # a large folder is still being looked at: no suggestion is no wrong one
        if not (self._given or self._function or self._learnt):
            return Estimate(None, 0.0, 1.0, 0, "nothing is suggested yet, so nothing is judged")
        audits = s._label_log.audits
        return estimate(s, audits[0], self._audit_scores(audits))

    def _audit_scores(self, audits: tuple[Ints, Ints]) -> NDArray[np.float64]:
        """Of all audit labels; looked at again only where a label or a suggestion is another."""
        rests_on = (audits, self._given, self._function, self._learnt.labels)
        if self._judged is None or any(
            new is not old for new, old in zip(rests_on, self._judged[0], strict=True)
        ):
            scores = np.array([self._score(int(row)) for row in audits[0]], np.float64)
            self._judged = rests_on, scores
        return self._judged[1]

    def _score(self, row: int) -> float:
        """Of what would be suggested now; kept until that or the label is another."""
        s = self._session
        id = s.pool.ids[row]
        held, said = s._label_log.current(id), self.of(row)
        if held is None or said is None:
            return 0.0
        known = self._scores.get(id)
        if known is None or known[:2] != (held.seq, said):
            score = float(s.task.score(said[0], held.value, extent(s.pool, row)))
            known = self._scores[id] = held.seq, said, score
        return known[2]

    def _asked(self, function: _Function, id: str) -> Suggestion | None:
        if id not in function.said:
            try:
                said = function.ask(id)
                # Rows may have moved meanwhile.
                function.said[id] = None if said is None else self._checked(self._session.pool.row(id), said)
            except (
                Exception
            ) as error:  # a person's own code raises anything: the item is asked without its word
                what = str(error) if isinstance(error, SpinError) else said_by(error)
                self._session._trouble(f"No suggestion of yours for {id!r}: {what:.300}")
                function.said[id] = None
        return function.said[id]

    def _of_class(self, row: int) -> Suggestion | None:
        s = self._session
        predictive = s.predictive
        if predictive is None:
            return None
        best = int(predictive.mean[row].argmax())
        p = float(predictive.mean[row, best])
        return (s.task.names[best], p) if p >= LEAST else None

    def _checked(self, row: int, said: Any) -> Suggestion:
        s = self._session
        value, p = said if isinstance(said, tuple) and len(said) == 2 else (said, None)
        return s.task.validate(value, extent(s.pool, row)), None if p is None else _probability(p)


def _probability(said: Any) -> float:
    p = number(said, "the probability of a suggestion")
    if not 0 < p <= 1 + ROUNDING:
        raise LabelError(
            f"the probability {p:.6g} of a suggestion is not in (0, 1].", "Pass (value, probability)."
        )
    return min(p, 1.0)
