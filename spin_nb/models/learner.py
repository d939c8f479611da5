"""A learner: labels in, predictions over a pool out, by all heads together or the one asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_features
from spin_nb.bayes.basis import GraphBasis, graph_basis, length_scales
from spin_nb.bayes.graph import LiveGraph
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.bayes.mixture import mixture, mixture_mean
from spin_nb.bayes.predictive import RowsPredictive
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.growing import Growing
from spin_nb.models.bulk_label_weights import thin
from spin_nb.models.calibration import Calibration
from spin_nb.models.fitted_model import FittedModel, ModelPredictive, Source
from spin_nb.models.head_selection import HEADS, Fit
from spin_nb.models.linear_head import typical_length
from spin_nb.monitor.audit import MIN_AUDITS_TO_SHOW
from spin_nb.threads import one_thread
from spin_nb.types import Float, Ints
from spin_nb.words import shown

if TYPE_CHECKING:
    from spin_nb.pool.inputs.inputs import Inputs
    from spin_nb.protocols import Model, Posterior

__all__ = ["Extension", "Learner"]


@dataclass(frozen=True, eq=False)
class Extension:
    """A learner's arrays and predictions, with items that arrived at their end."""

    features: Float
    scales: Float
    graph: dict[str, NDArray[Any]]
    predictives: dict[str, ModelPredictive]


class Learner:
    """The heads over one pool.

    Parameters
    ----------
    features : float32 (n, d)
        Of the pool; never written.
    neighbours : int (n, k)
        Rows of each item's nearest items, nearest first, without itself.
    distances : float32 (n, k)
    n_classes : int
    seed : int
    inputs_of : callable, optional
        Unfitted model -> :class:`~spin_nb.pool.inputs.inputs.Inputs`, or None where it takes the features.

    Attributes
    ----------
    needs_training : bool
        What was fitted told other classes apart: only the graph follows until the next fit.

    Raises
    ------
    ModelError
        NaN or infinite features, shapes that do not fit.

    Examples
    --------
    >>> x = np.array([[0.0], [0.1], [1.0], [1.1]], np.float32)
    >>> nearest, gaps = np.array([[1], [0], [3], [2]]), np.full((4, 1), 0.1, np.float32)
    >>> learner = Learner(x, nearest, gaps, n_classes=2)
    >>> learner.label(0, 0); learner.label(2, 1)
    >>> learner.predictive().mean.argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    def __init__(
        self,
        features: Float,
        neighbours: Ints,
        distances: Float,
        n_classes: int,
        *,
        seed: int = 0,
        inputs_of: Callable[[Model | Posterior], Inputs | None] | None = None,
    ) -> None:
        self.features = check_features(features)
        self.n_classes = n_classes
        self.seed = seed
        with one_thread():
            self.basis: GraphBasis = graph_basis(neighbours, distances, self.features, n_classes, seed)
        self.scales = self.basis.scales
        self.length = typical_length(self.features)
        self._growing = {name: Growing() for name in ("features", "scales")}
        self.graph = LiveGraph(self.basis.phi, n_classes)
        self.inputs_of = inputs_of or (lambda model: None)
        self.needs_training = False
        self._fit: Fit | None = None
        self._linear: LastLayerLaplace | None = None  # has followed the labels since the fit
        self._spread: Float | None = None  # of the linear head's logits over the pool, (n, 1)
        # Of models of the person's choice, by name: the one last trained, and the one shown.
        self._predictives: dict[str, ModelPredictive] = {}
        self._training_ids: dict[str, frozenset[str]] = {}
        self._current: dict[str, RowsPredictive] = {}  # of HEADS, since the last change
        self._audits: tuple[Ints, Ints] = np.empty(0, np.int64), np.empty(0, np.int64)
        self._calibration: Calibration | None = None  # of the labels, the fit and the audits there are now

    def __len__(self) -> int:
        return len(self.features)

    @property
    def head(self) -> str:
        """The head shown: "graph" until a fit is adopted, then the mean, or the model asked for."""
        return self._fit.head if self._fit else "graph"

    @property
    def heads(self) -> list[str]:
        """The heads that can be asked now, the one shown first."""
        heads = [*HEADS, *self._predictives] if self._fit else ["graph"]
        return [self.head, *(head for head in heads if head != self.head)]

    def fitted_model(self, head: str | None = None) -> FittedModel | None:
        """Return the model of a head, by default the one shown; None for heads that every training fits.

        Raises
        ------
        ModelError
            An unknown head.
        """
        predictive = self._predictives.get(self._check_head(head))
        return None if predictive is None else predictive.model

    @property
    def asks_by(self) -> str:
        """Measure that "auto" asks by for the head shown: "variance" or "margin".

        For the mean, it is that of the member with the greatest power.
        """
        head = self.head
        if head == "mean" and self._fit:
            head = max(self._fit.powers, key=self._fit.powers.__getitem__)
        model = self._predictives[head].model if head in self._predictives else None
        return "variance" if model is None else str(getattr(model.model, "asks_by", "variance"))

    def training_ids(self, head: str | None = None) -> frozenset[str]:
        """Ids whose labels a head learnt from when it was last trained.

        There are none for the graph, which lets go of a label.

        Raises
        ------
        ModelError
            An unknown head.
        """
        head = self._check_head(head)
        if self._fit is None or head == "graph":
            return frozenset()
        return self._fit.training_ids if head in HEADS else self._training_ids[head]

    @property
    def is_trained(self) -> bool:
        """True where there is a label to predict from."""
        return len(self.graph) > 0

    def freeze(self) -> Learner:
        """Return a copy that later labels do not change, for work that must not hold them up."""
        snapshot = copy.copy(self)
        snapshot.graph, snapshot._current = self.graph.freeze(), dict(self._current)
        return snapshot

    @one_thread()
    def with_classes(self, n_classes: int) -> Learner:
        """Return a learner over the same pool that tells other classes apart: without labels, and without a fit."""
        other = copy.copy(self)
        other.n_classes, other.graph = n_classes, LiveGraph(self.graph.phi, n_classes)
        other._growing = {name: Growing() for name in self._growing}
        other._fit = other._spread = None
        other._predictives, other._training_ids = {}, {}
        other.needs_training = self.needs_training or self._fit is not None
        other._audits = np.empty(0, np.int64), np.empty(0, np.int64)
        other._forget()
        return other

    @one_thread()
    def label(self, row: int, y: int, weight: float = 1.0) -> None:
        """Take one label, which counts as ``weight`` labels; all heads but trees and own models follow at once."""
        self.graph.update(row, y, weight)
        self._forget()

    @one_thread()
    def unlabel(self, row: int) -> None:
        """Take one label back, exactly."""
        self.graph.remove(row)
        self._forget()

    @one_thread()
    def reset(self, rows: Ints, y: Ints, weights: NDArray[np.float64] | None = None) -> None:
        """Forget all labels and take these; ``weights`` (m,): how many labels each counts as, one without."""
        self.graph.reset(rows, y, weights)
        self._forget()

    def _forget(self) -> None:
        """Let go of all that rests on the labels before."""
        self._linear = self._calibration = None
        self._current = {}

    def calibrate(self, rows: Ints, y: Ints) -> None:
        """Take labels that no head learns from, instead of those taken before.

        From twenty on, all probabilities of the mean are raised to the one power that these warrant; what it answers
        stays.

        Parameters
        ----------
        rows : int (n,)
            Drawn uniformly from the pool.
        y : int (n,)
            Class index of each.
        """
        self._audits, self._calibration, self._current = (rows, y), None, {}

    @property
    def calibration(self) -> Calibration:
        """The temperature of the mean, which follows each label; there is none before a fit."""
        if self._calibration is None and not self._can_calibrate:
            self._calibration = Calibration()
        if self._calibration is None:
            self.predictive("mean")
        assert self._calibration is not None
        return self._calibration

    @property
    def _can_calibrate(self) -> bool:
        return self._fit is not None and len(self._audits[0]) >= MIN_AUDITS_TO_SHOW

    def extend(
        self, features: Float, neighbours: Ints, distances: Float, predictive: ModelPredictive | None = None
    ) -> None:
        """Append items that arrived, as :meth:`extension` has it."""
        self.take(self.extension(features, neighbours, distances, predictive))

    @one_thread()
    def extension(
        self, features: Float, neighbours: Ints, distances: Float, predictive: ModelPredictive | None = None
    ) -> Extension:
        """Prepare items that arrived, as the last rows.

        ``neighbours`` are rows of the original pool.  Nothing is changed until :meth:`take` has it, and that cannot
        fail.

        Parameters
        ----------
        features : float32 (m, d)
        neighbours : int (m, k)
        distances : float32 (m, k)
        predictive : ModelPredictive, optional
            Of :meth:`fitted_model` for them; without it the model is asked when somebody wants to know.

        Raises
        ------
        ModelError
            Features of another width, not finite; neighbours outside the original pool.
        """
        phi = self.basis.extend(neighbours, distances, features)
        late = length_scales(np.asarray(distances, np.float32), floor=float(self.basis.scales.min()))
        predictives: dict[str, ModelPredictive] = {}
        if predictive is not None:
            for name, earlier in self._predictives.items():
                if earlier.model is predictive.model:
                    predictives[name] = self.catch_up(earlier).extend(predictive)
        return Extension(
            self._growing["features"].after(self.features, check_features(features)),
            self._growing["scales"].after(self.scales, late),
            self.graph.extension(phi),
            predictives,
        )

    @one_thread()
    def take(self, extension: Extension) -> None:
        """Let the items of an extension, made since the last label, join."""
        self.features, self.scales = extension.features, extension.scales
        self.graph.take(extension.graph)
        self._spread, self._current = None, {}
        # The others are asked when somebody wants to know.
        self._predictives = {**self._predictives, **extension.predictives}

    def source(self, model: FittedModel) -> Source:
        """Return the function from rows of the pool to what a model takes of them."""
        return self.features_of if model.inputs is None else model.inputs.rows

    def features_of(self, rows: Ints) -> Float:
        """Return the features of rows, (m, d)."""
        features: Float = self.features[rows]
        return features

    def adopt(self, fit: Fit) -> None:
        """Put a fit in place, and catch up with items that arrived since.

        A head of it that is another model of the person's choice must have been there before: it goes on being shown.
        """
        before = {name: predictive for name, predictive in self._predictives.items() if name == fit.head}
        self._fit, self._spread, self.needs_training = fit, None, False
        self._forget()
        self._predictives = before
        self._training_ids = {name: self._training_ids[name] for name in before}
        if fit.predictive is not None:
            name = fit.predictive.model.name
            self._predictives[name] = self.catch_up(fit.predictive)
            self._training_ids[name] = fit.training_ids

    def catch_up(self, predictive: ModelPredictive) -> ModelPredictive:
        """Predict the items that have joined since as well."""
        late, source = np.arange(len(predictive), len(self)), self.source(predictive.model)
        if not len(late):
            return predictive
        return predictive.extend(predictive.model.predict_all(lambda rows: source(late[rows]), len(late)))

    @one_thread()
    def predictive(self, head: str | None = None) -> RowsPredictive | ModelPredictive:
        """Predict the pool as labelled so far.

        Later labels do not change it.

        Parameters
        ----------
        head : str, optional
            "graph", "linear", "mean", or the name of the model of the person's choice.  Default: the head shown.
            Trees and own models are those of the last fit adopted, and so are the powers of the mean, but for a
            factor that all of them share: its :attr:`calibration`.

        Raises
        ------
        NotTrainedError
            "linear" or "mean" before a fit is adopted.
        ModelError
            An unknown head.
        """
        head = self._check_head(head)
        if head not in HEADS:
            self._predictives[head] = self.catch_up(self._predictives[head])
            return self._predictives[head]
        if head not in self._current:
            make = {
                "graph": self.graph.predictive,
                "linear": self._predict_linear,
                "mean": self._predict_mean,
            }
            self._current[head] = make[head]()
        return self._current[head]

    def _predict_linear(self) -> RowsPredictive:
        linear = self._linear_head()
        if self._spread is None:
            self._spread = linear.contrast(self.features)
        return linear.predict(self.features, spread=self._spread)

    def _predict_mean(self) -> RowsPredictive:
        self._linear_head()  # says so where there is none
        members, powers = self._members(self.predictive)
        if self._calibration is None and self._can_calibrate:
            rows, y = self._audits
            self._calibration = Calibration.fit(mixture_mean(members, powers, rows), rows, y)
        return mixture(members, [self.calibration.power * power for power in powers])

    @one_thread()
    def predict(
        self, features: Float, neighbours: Ints, distances: Float, head: str | None = None
    ) -> RowsPredictive | ModelPredictive:
        """Return the predictive over items outside the pool.

        A model that takes the items themselves is asked by ``fitted_model().predict_items``.

        Parameters
        ----------
        features : float32 (m, d)
        neighbours : int (m, k)
            Rows of the original pool, nearest first.
        distances : float32 (m, k)
        head : str, optional
            As for :meth:`predictive`.

        Raises
        ------
        NotTrainedError, ModelError
            As :meth:`predictive`; features of another width, not finite; a model that takes no features.
        """
        head, model = self._check_head(head), self.fitted_model(head)
        if model is not None:
            return _predict_features(model, features)
        if head == "linear":
            return self._linear_head().predict(features)
        if head == "graph":
            return self.graph.predict(self.basis.extend(neighbours, distances, features))
        self._linear_head()  # says so where there is none
        members, powers = self._members(partial(self.predict, features, neighbours, distances))
        return mixture(members, [self.calibration.power * power for power in powers])

    def _members(
        self, predict: Callable[[str], RowsPredictive | ModelPredictive]
    ) -> tuple[list[RowsPredictive | ModelPredictive], list[float]]:
        """The heads in the mean and their powers; ``predict`` asks a head by its name."""
        assert self._fit is not None
        # Trees that could not be put back from disk are missed by nobody but the mean.
        powers = {
            name: power
            for name, power in self._fit.powers.items()
            if name in HEADS or name in self._predictives
        }
        return [predict(name) for name in powers], list(powers.values())

    def _check_head(self, head: str | None) -> str:
        head = head or self.head
        heads = (*HEADS, *self._predictives)
        if head not in heads:
            raise ModelError(f"no head is called {shown(head)}.", f"Use one of {', '.join(heads)}.")
        return head

    def _linear_head(self) -> LastLayerLaplace:
        """The linear head of the last fit, with the labels there are now."""
        if self._fit is None:
            raise NotTrainedError("the linear head has not been trained.", "Train first: s.train(wait=True).")
        if self._linear is None:
            graph, linear = self.graph, self._fit.linear
            if len(graph):
                sample = thin(graph.y, graph.weights_of_labels)
                rows = graph.rows[sample]
                linear = linear.follow(self.features[rows], graph.y[sample], n_classes=self.n_classes)
            self._linear = linear
        return self._linear


def _predict_features(model: FittedModel, features: Float) -> ModelPredictive:
    if model.inputs is not None:
        raise ModelError(
            f"{model.name} takes items, no features.", "Ask it: fitted_model().predict_items(items, encode)."
        )
    return model.predict_all(lambda rows: features[rows], len(features))
