"""What is pre-filled on a card: a person's own suggestions first, else what the model learnt of the labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import LabelError, SpinError
from spin_nb.models.targets import FEWEST, Targets
from spin_nb.project.records import Suggestion
from spin_nb.session.cards import extent

if TYPE_CHECKING:
    from spin_nb.session.core import Session

GROWTH = 0.1  # share by which the labels grow before numbers are learnt anew


class Suggesting:
    """Suggestions for a session's items."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._given: dict[str, Suggestion] = {}
        self._ask: Callable[[str], Any] | None = None
        self._made: dict[str, Suggestion | None] = {}
        self._targets: Targets | None = None
        self._learnt = 0

    def take(self, given: Mapping[str, Any] | Callable[[str], Any]) -> int:
        """Hold suggestions, or a function that makes them; see :meth:`Session.suggest`."""
        if callable(given) and not isinstance(given, Mapping):
            self._ask, self._made = given, {}
            return len(self._session.pool)
        if not isinstance(given, Mapping):
            raise LabelError(
                f"{given!r:.60} is neither a mapping nor a function.",
                "Pass {id: value, ...}, {id: (value, probability), ...}, or a function of an id.",
            )
        checked = {str(id): self._checked(str(id), said) for id, said in given.items()}
        self._given.update(checked)
        return len(checked)

    def of(self, row: int) -> Suggestion | None:
        """Value and probability for one row, or None."""
        s = self._session
        id = s.pool.ids[row]
        if id in self._given:
            return self._given[id]
        if self._ask is not None:
            if id not in self._made:
                self._made[id] = self._asked(id)
            return self._made[id]
        if s.by_class:
            predictive = s.predictive
            if predictive is None:
                return None
            best = int(predictive.mean[row].argmax())
            return s.task.names[best], float(predictive.mean[row, best])
        return self._of_targets(row)

    def audited(self) -> list[float]:
        """Score of what would be suggested now for every audit item, beside what a person said; 0 where nothing is."""
        s = self._session
        s._wait_where_labelled()
        if s.task.outputs and not s._stage.ready:
            return []  # a large folder is still being looked at: no suggestion yet is no wrong one
        values, out = s._ledger.values, []
        for row in s._ledger.audits[0]:
            said, truth = self.of(int(row)), values[s.pool.ids[row]]
            out.append(0.0 if said is None else float(s.task.score(said[0], truth, extent(s.pool, int(row)))))
        return out

    def _asked(self, id: str) -> Suggestion | None:
        assert self._ask is not None
        try:
            said = self._ask(id)
            return None if said is None else self._checked(id, said)
        except (
            Exception
        ) as error:  # a person's own code raises anything: the item is asked without a suggestion
            what = str(error) if isinstance(error, SpinError) else f"{type(error).__name__}: {error}"
            self._session._trouble(f"No suggestion for {id!r}: {what:.300}")
            return None

    def _checked(self, id: str, said: Any) -> Suggestion:
        s = self._session
        value, p = said if isinstance(said, tuple) and len(said) == 2 else (said, None)
        if p is not None and (isinstance(p, bool) or not isinstance(p, Real) or not 0 < float(p) <= 1):
            raise LabelError(
                f"the probability {p!r:.40} of a suggestion is not in (0, 1].", "Pass (value, probability)."
            )
        return s.task.validate(value, extent(s.pool, s.pool.row(id))), None if p is None else float(p)

    def _of_targets(self, row: int) -> Suggestion | None:
        s = self._session
        if not s.task.outputs or not s._stage.ready:
            return None
        targets = self._current()
        if targets is None:
            return None
        mean, sd = targets.predict(s._stage.learner.graph.phi[[row]])
        try:
            value, p = s.task.suggestion(mean[0], sd[0], extent(s.pool, row))
        except LabelError:
            return None
        return value, float(p)

    def _current(self) -> Targets | None:
        """Learnt anew when the labels have grown by a tenth, or shrunk."""
        s = self._session
        rows, _ = s._ledger.training
        if len(rows) < FEWEST:
            return None
        if self._targets is None or not 0 <= len(rows) - self._learnt <= GROWTH * self._learnt:
            found = {int(row): target for row in rows if (target := self._target(int(row))) is not None}
            self._learnt = len(rows)
            if len(found) < FEWEST:
                return None
            phi = s._stage.learner.graph.phi[list(found)]
            self._targets = Targets(phi, np.stack(list(found.values())).astype(np.float32))
        return self._targets

    def _target(self, row: int) -> Any:
        """What a row's label stands for; None where its picture cannot be read any more, so has no size."""
        s = self._session
        try:
            return s.task.target(s.value(s.pool.ids[row]), extent(s.pool, row))
        except LabelError:
            return None
