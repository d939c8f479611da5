"""What the columns of predictions are made from: class probabilities, or a regression of numbers."""

from __future__ import annotations

from typing import Any, Protocol

from spin_nb.models.graph_regression import GraphRegression
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.prediction_columns import CLASS_COLUMNS, ClassProbabilities, class_column
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.open_project import OpenProject
from spin_nb.session.table.column_cache import Basis, Columns
from spin_nb.session.table.number_columns import number_columns, predict_numbers
from spin_nb.types import Float


def prediction_names(project: OpenProject) -> tuple[str, ...]:
    """Names of the columns that are predicted for a project's task."""
    return CLASS_COLUMNS if project.learns_classes else number_columns(project.task)


class PredictionSource(Protocol):
    """Something that columns of predictions follow from."""

    @property
    def basis(self) -> Basis:
        """Objects that are the same as long as the predictions are."""

    def columns(self, name: str) -> Columns:
        """Column of this name, and others that come with it."""


class FromClasses:
    """Class probabilities of the pool."""

    def __init__(self, predictive: ClassProbabilities, task: Any) -> None:
        self._predictive = predictive
        self._task = task

    @property
    def basis(self) -> Basis:
        """The predictive, and the task: its classes may be called otherwise."""
        return self._predictive, self._task

    def columns(self, name: str) -> Columns:
        """One column alone."""
        return {name: class_column(name, self._predictive, self._task.names)}


class FromNumbers:
    """Regression of the labels' numbers."""

    def __init__(self, regression: GraphRegression, phi: Float, task: object) -> None:
        self._regression = regression
        self._phi = phi
        self._task = task

    @property
    def basis(self) -> Basis:
        """The regression, and the features of the pool."""
        return self._regression, self._phi

    def columns(self, name: str) -> Columns:
        """All columns: one prediction gives them together."""
        return predict_numbers(self._regression, self._phi, self._task)


class Nothing:
    """Nothing is predicted yet."""

    def __init__(self, project: OpenProject) -> None:
        self._n = len(project.pool)
        self._learns_classes = project.learns_classes

    @property
    def basis(self) -> Basis:
        """The number of items."""
        return (self._n,)

    def columns(self, name: str) -> Columns:
        """One column of nulls."""
        import polars as pl

        number = pl.Float32() if self._learns_classes else pl.Float64()
        dtype = pl.String() if name == "predicted" and self._learns_classes else number
        return {name: pl.Series(name, [None], dtype).new_from_index(0, self._n)}


def prediction_source(project: OpenProject, live: LiveModel, suggestions: Suggestions) -> PredictionSource:
    """Gather what predicts now, under the lock.

    It changes no more: columns are computed from it without the lock.
    """
    if not live.pool_model.ready:  # a large folder is still being looked at
        return Nothing(project)
    if project.learns_classes:
        predictive = live.predictive
        return Nothing(project) if predictive is None else FromClasses(predictive, project.task)
    regression = suggestions.regression
    if regression is None:
        return Nothing(project)
    return FromNumbers(regression, live.pool_model.learner.graph.phi, project.task)
