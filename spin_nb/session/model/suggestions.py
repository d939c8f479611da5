"""What is pre-filled on a card: a person's own suggestions first, else what the model learnt of the labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spin_nb.errors import LabelError, SpinError
from spin_nb.models.graph_regression import GraphRegression
from spin_nb.project.records import Suggestion
from spin_nb.session.arguments import items_of
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.numeric_suggestions import NumericSuggestions
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.announcer import Announcer
from spin_nb.tasks._values import number
from spin_nb.words import said_by, shown

# A class that is less probable would be wrong more often than not: it is not pre-filled.
MIN_PROBABILITY = 0.5
CLASSES_WITH_KEYS = 33  # classes that have keys of their own in the labeller, whatever the item
LIKELIEST_CLASSES = 5  # of more classes, those on the first keys
MAX_ROUNDING_ERROR = 1e-5  # by which a float32 probability may exceed 1


class _Function:
    """A person's function and its answers.

    It is replaced as a whole, so no late answer outlives it.
    """

    def __init__(self, ask: Callable[[str], Any]) -> None:
        self.ask = ask
        self.answers: dict[str, Suggestion | None] = {}


class Suggestions:
    """Suggestions by mapping, function or model, in turn.

    A person's mapping goes before their function, and that before the model.

    False where there is nothing to suggest from.
    """

    def __init__(self, project: OpenProject, live: LiveModel, announcer: Announcer) -> None:
        self._project = project
        self._live = live
        self._announcer = announcer
        self._mapping: dict[str, Suggestion] = {}
        self._function: _Function | None = None
        self._targets = NumericSuggestions(project, live)

    @property
    def regression(self) -> GraphRegression | None:
        """Regression of labels that are no classes; None before there are enough."""
        return self._targets.regression

    def __bool__(self) -> bool:
        return bool(self._mapping or self._function or self._targets)

    @property
    def sources(self) -> tuple[object, ...]:
        """Objects that suggestions follow from.

        They are the same ones as long as the suggestions are the same.
        """
        return self._mapping, self._function, self._targets.labels

    def take(self, suggestions: Mapping[str, Any] | Callable[[str], Any] | None) -> int:
        """Take a person's suggestions; see :meth:`Session.suggest`."""
        if suggestions is None:
            self._mapping, self._function = {}, None
            return 0
        if callable(suggestions) and not isinstance(suggestions, Mapping):
            self._function = _Function(suggestions)
            return len(self._project.pool)
        if not isinstance(suggestions, Mapping):
            raise LabelError(
                f"{shown(suggestions)} is neither a mapping nor a function.",
                "Pass {id: value, ...}, {id: (value, probability), ...}, a function of an id, or None for none.",
            )
        pairs = items_of(suggestions, "the mapping")
        rows = {id: self._project.pool.row(id) for id, _ in pairs}
        new = {id: self._validate(rows[id], answer) for id, answer in pairs if answer is not None}
        others = {id: suggestion for id, suggestion in self._mapping.items() if id not in rows}
        self._mapping = {**others, **new}
        return len(new)

    def of(self, row: int) -> Suggestion | None:
        """Value and probability for one row, or None: what a person suggested, by the classes in force."""
        suggestion, classes = self._of(row), self._live.label_log.classes
        if suggestion is None or not classes.former:
            return suggestion
        value = classes.value_now(suggestion[0], self._project.pool.ids[row], classes)
        return None if value is None else (value, suggestion[1])

    def _of(self, row: int) -> Suggestion | None:
        id = self._project.pool.ids[row]
        suggestion, function = self._mapping.get(id), self._function
        if suggestion is not None:
            return suggestion
        if function is not None:
            answer = self._answer(function, id)
            if function is not self._function:  # it was replaced while it was at work
                return self._of(row)
            if answer is not None:
                return answer
        return self._of_class(row) if self._project.learns_classes else self._targets.of(row)

    def likeliest(self, row: int, by_model: bool) -> list[tuple[str, float | None]] | None:
        """Likeliest classes and probabilities for the first keys.

        It names them where there are more classes than keys.

        Where the model is not to say (``by_model`` is false) or knows nothing yet: the classes given most often,
        without a probability.
        """
        task = self._project.task
        if not self._project.learns_classes or len(task.names) <= CLASSES_WITH_KEYS:
            return None
        names, predictive = task.names, self._live.predictive if by_model else None
        if predictive is not None:
            mean, suggestion = predictive.mean[row], self.of(row)
            best = np.argsort(-mean, kind="stable")[:LIKELIEST_CLASSES]
            first = [] if suggestion is None else [suggestion]
            others = [(names[i], float(mean[i])) for i in best if not first or names[i] != first[0][0]]
            return [*first, *others][:LIKELIEST_CLASSES]
        y = self._live.label_log.training_set.index(len(self._project.pool))
        counts = np.bincount(y.clip(-1) + 1, minlength=len(names) + 1)[1:]
        frequent = np.argsort(-counts, kind="stable")[:LIKELIEST_CLASSES]
        return [(names[i], None) for i in frequent if counts[i]]

    def _answer(self, function: _Function, id: str) -> Suggestion | None:
        if id not in function.answers:
            try:
                answer = function.ask(id)
                # Rows may have moved meanwhile.
                row = self._project.pool.row(id)
                function.answers[id] = None if answer is None else self._validate(row, answer)
            # A person's own code raises anything: the item is asked without its word.
            except Exception as error:
                what = str(error) if isinstance(error, SpinError) else said_by(error)
                self._announcer.report(f"No suggestion of yours for {id!r}: {what:.300}")
                function.answers[id] = None
        return function.answers[id]

    def _of_class(self, row: int) -> Suggestion | None:
        predictive = self._live.predictive
        if predictive is None:
            return None
        best = int(predictive.mean[row].argmax())
        p = float(predictive.mean[row, best])
        return (self._project.task.names[best], p) if p >= MIN_PROBABILITY else None

    def _validate(self, row: int, answer: object) -> Suggestion:
        value, p = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)
        value = self._project.task.validate(value, self._project.pool.known_extent(row))
        return value, None if p is None else _probability(p)


def _probability(value: object) -> float:
    p = number(value, "the probability of a suggestion")
    if not 0 < p <= 1 + MAX_ROUNDING_ERROR:
        raise LabelError(
            f"the probability {p:.6g} of a suggestion is not in (0, 1].", "Pass (value, probability)."
        )
    return min(p, 1.0)
