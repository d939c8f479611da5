"""What turns labels into predictions over a pool: a live graph head, a linear head, and the choice between them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_features, check_labels
from spin_nb.bayes.basis import GraphBasis, graph_basis, length_scales
from spin_nb.bayes.graph import LiveGraph
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.bayes.predictive import RowsPredictive, averaged
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.growing import Growing
from spin_nb.models.ask import ask
from spin_nb.models.fitted_model import Own, OwnPredictive, Source
from spin_nb.models.fitting import fit_own, survey
from spin_nb.models.gestures import thinned
from spin_nb.models.head_selection import HEADS, Cancelled, Fit, choose, held_out_heads, within
from spin_nb.models.model_spec import Wanted
from spin_nb.models.tree_head import with_trees
from spin_nb.threads import one_thread
from spin_nb.types import Float, Ints, Picked
from spin_nb.words import shown

__all__ = ["Cancelled", "Fit", "Learner"]


@dataclass(frozen=True)
class Extension:
    """The arrays of a :class:`Learner` with items that arrived behind them, and what models of the person's say."""

    features: Float
    scales: Float
    graph: dict[str, NDArray[Any]]
    own: dict[str, OwnPredictive]


class Learner:
    """Both heads over one pool.

    Parameters
    ----------
    features : float32 (n, d)
        Of the pool; held, never written.
    neighbours : int (n, k)
        Rows of each item's nearest items, nearest first, without itself.
    distances : float32 (n, k)
    n_classes : int
    seed : int
    inputs_of : callable, optional
        Unfitted model -> :class:`~spin_nb.pool.inputs.inputs.Inputs`, or None where it takes the features.

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
        inputs_of: Callable[[Any], Any] | None = None,
    ) -> None:
        self.features = check_features(features)
        self.n_classes = n_classes
        self.seed = seed
        with one_thread():
            self.basis: GraphBasis = graph_basis(neighbours, distances, self.features, n_classes, seed)
        self.scales = self.basis.scales
        self._growing = {name: Growing() for name in ("features", "scales")}
        self.graph = LiveGraph(self.basis.phi, n_classes)
        self._inputs_of = inputs_of or (lambda model: None)
        self._fit: Fit | None = None
        self._linear: RowsPredictive | None = None
        # What models of the person's choice say, by name: of the one last trained, and of the one shown.
        self._owns: dict[str, OwnPredictive] = {}
        self._learnt: dict[str, frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self.features)

    @property
    def head(self) -> str:
        """The head shown: "graph" until a fit is adopted, then the fit's choice."""
        return self._fit.head if self._fit else "graph"

    @property
    def heads(self) -> list[str]:
        """The heads that can be asked now, the one shown first."""
        known = [*HEADS, *self._owns] if self._fit else ["graph"]
        return [self.head, *(head for head in known if head != self.head)]

    def own(self, head: str | None = None) -> Own | None:
        """The model of the person's choice where the head meant, by default the one shown, is one.

        Raises
        ------
        ModelError
            An unknown head.
        """
        said = self._owns.get(self._checked(head))
        return None if said is None else said.by

    def learnt(self, head: str | None = None) -> frozenset[str]:
        """Ids whose labels a head learnt from when it was last trained; none for the graph, which lets go of a label.

        Raises
        ------
        ModelError
            An unknown head.
        """
        head = self._checked(head)
        if self._fit is None or head == "graph":
            return frozenset()
        return self._fit.learnt if head in HEADS else self._learnt[head]

    @property
    def trained(self) -> bool:
        """Whether there is a label to predict from."""
        return len(self.graph) > 0

    def frozen(self) -> Learner:
        """A copy that later labels do not change, for work that must not hold them up."""
        other = copy.copy(self)
        other.graph = self.graph.frozen()
        return other

    @one_thread()
    def label(self, row: int, y: int, weight: float = 1.0) -> None:
        """Take one label, which counts as ``weight`` labels; the graph head follows at once."""
        self.graph.update(row, y, weight)

    @one_thread()
    def unlabel(self, row: int) -> None:
        """Take one label back, exactly."""
        self.graph.remove(row)

    @one_thread()
    def reset(self, rows: Ints, y: Ints, weights: NDArray[np.float64] | None = None) -> None:
        """Forget all labels and take these; ``weights`` (m,): how many labels each counts as, one without."""
        self.graph.reset(rows, y, weights)

    def extend(
        self, features: Float, neighbours: Ints, distances: Float, own: OwnPredictive | None = None
    ) -> None:
        """Append items that arrived, as :meth:`extension` has it."""
        self.take(self.extension(features, neighbours, distances, own))

    @one_thread()
    def extension(
        self, features: Float, neighbours: Ints, distances: Float, own: OwnPredictive | None = None
    ) -> Extension:
        """Items that arrived: rows n, n + 1, ...; ``neighbours`` are rows of the original pool.

        Nothing is changed until :meth:`take` has it, and that cannot fail.

        Parameters
        ----------
        features : float32 (m, d)
        neighbours : int (m, k)
        distances : float32 (m, k)
        own : OwnPredictive, optional
            What :meth:`own` says of them; asked when somebody wants to know unless given.

        Raises
        ------
        ModelError
            Features of another width, not finite; neighbours outside the original pool.
        """
        phi = self.basis.extend(neighbours, distances, features)
        late = length_scales(np.asarray(distances, np.float32), floor=float(self.basis.scales.min()))
        asked = {} if own is None else {n: said for n, said in self._owns.items() if said.by is own.by}
        return Extension(
            self._growing["features"].after(self.features, check_features(features)),
            self._growing["scales"].after(self.scales, late),
            self.graph.extension(phi),
            {name: self.caught_up(said).extended(own) for name, said in asked.items() if own is not None},
        )

    @one_thread()
    def take(self, extension: Extension) -> None:
        """Let the items of an extension, made since the last label, join."""
        self.features, self.scales = extension.features, extension.scales
        self.graph.take(extension.graph)
        self._linear = None
        self._owns = {**self._owns, **extension.own}  # the others are asked when somebody wants to know

    @one_thread()
    def fit(
        self,
        rows: Ints,
        y: Ints,
        *,
        wanted: Wanted | None = None,
        rival: Wanted | None = None,
        progress: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> Fit:
        """Fit the linear head, cross-validate both heads and choose; changes nothing here.

        Parameters
        ----------
        rows : int (m,)
            Labelled rows, m >= 1.
        y : int (m,)
            Class index of each.
        wanted : Wanted, optional
            To fit and show instead of the head cross-validation chooses; see :func:`spin_nb.models.model_spec.wanted`.
        rival : Wanted, optional
            Compared with what is wanted, on the same labels held out; it is not fitted to all of them.
        progress : callable, optional
            Hears ``(fraction, words)``.
        cancelled : callable, optional
            Asked between steps; :class:`Cancelled` is raised when it says True.
        weights : float64 (m,), optional
            How many labels each counts as, one without.  A model of the person's choice, which counts every label as
            one, gets :func:`some of them <spin_nb.models.gestures.thinned>`.

        Returns
        -------
        Fit
            For :meth:`adopt`.

        Raises
        ------
        ModelError
            No labels; rows or class indices out of range; what was wanted cannot be fitted.
        Cancelled
        """
        rows = np.asarray(rows, np.int64).reshape(-1)
        y = check_labels(y, len(rows), self.n_classes)
        if not len(rows):
            raise ModelError("there is nothing to train on: no labels.", "Label an item first.")
        if rows.min() < 0 or rows.max() >= len(self):
            raise ModelError(
                f"a labelled row lies outside the pool of {len(self)}.", "Pass rows of the pool."
            )
        tell, stop = progress or (lambda fraction, words: None), cancelled or (lambda: False)
        share = 0.7 if wanted is None else 0.1 if wanted.begin else 1
        noise, seed, n_classes = self.graph.noise, self.seed, self.n_classes
        told: dict[str, Any] = {"progress": within(tell, 0, share), "cancelled": stop}
        labelled = self.features[rows], self.graph.phi[rows], y, n_classes
        fit = choose(*labelled, noise=noise, seed=seed, weights=weights, **told)
        told = {"progress": within(tell, share, 1), "cancelled": stop}
        kept = thinned(y, weights)
        if wanted is None:
            return with_trees(
                fit, self._encoded, rows, y, n_classes, len(self), seed=seed, weights=weights, **told
            )
        if wanted.begin is None:
            return replace(fit, head=wanted.name, compared=dict(fit.validation), n_compared=len(kept))
        rows, y = rows[kept], y[kept]
        told = {"progress": within(tell, share, 0.65), "cancelled": stop}
        own, accuracies, parts = fit_own(
            wanted, self._inputs_of, self._encoded, rows, y, n_classes, seed=seed, rival=rival, **told
        )
        said = survey(own, self.source(own), len(self), progress=within(tell, 0.65, 0.9), cancelled=stop)
        fit = replace(fit, head=own.name, own=said)
        if parts is None:
            tell(1.0, "too few labels to compare heads")
            return fit
        told = {"progress": within(tell, 0.9, 1), "cancelled": stop}
        logs = held_out_heads(
            self.features[rows], self.graph.phi[rows], y, n_classes, parts, fit.linear, noise=noise, **told
        )
        truth = y[parts >= 0]
        heads = {head: float(np.mean(logs[head].argmax(axis=1) == truth)) for head in HEADS}
        tell(1.0, "heads compared")
        validation = {**fit.validation, own.name: accuracies[own.name]}
        return replace(fit, validation=validation, compared={**accuracies, **heads}, n_compared=len(truth))

    def source(self, own: Own) -> Source:
        """Rows of the pool -> what a model takes of them."""
        return self._encoded if own.inputs is None else own.inputs.rows

    def _encoded(self, rows: Ints) -> Float:
        found: Float = self.features[rows]
        return found

    def adopt(self, fit: Fit) -> None:
        """Put a fit in place; items that arrived since are caught up with.

        A head of its that is a model of the person's choice, and not its own one, must have been there before: it goes
        on being shown.
        """
        before = {name: said for name, said in self._owns.items() if name == fit.head}
        self._fit, self._linear = fit, None
        self._owns = before if fit.own is None else {**before, fit.own.by.name: self.caught_up(fit.own)}
        new = {} if fit.own is None else {fit.own.by.name: fit.learnt}
        self._learnt = {**{name: self._learnt[name] for name in before}, **new}

    def caught_up(self, said: OwnPredictive) -> OwnPredictive:
        """``said`` with what its model says of the items that have joined since."""
        late, source = np.arange(len(said), len(self)), self.source(said.by)
        if not len(late):
            return said
        return said.extended(said.by.survey(lambda rows: source(late[rows]), len(late)))

    @one_thread()
    def predictive(self, head: str | None = None) -> RowsPredictive | OwnPredictive:
        """Predictive over the pool as labelled so far; later labels do not change it.

        Parameters
        ----------
        head : str, optional
            "graph", "linear", "mean", or the name of the model of the person's choice.  Default: the head shown.
            All but the graph are those of the last fit adopted.

        Raises
        ------
        NotTrainedError
            "linear" or "mean" before a fit is adopted.
        ModelError
            An unknown head.
        """
        head = self._checked(head)
        if head == "graph":
            return self.graph.predictive()
        if head not in HEADS:
            self._owns[head] = self.caught_up(self._owns[head])
            return self._owns[head]
        if self._linear is None:
            self._linear = self._fitted().predict(self.features)
        return self._linear if head == "linear" else averaged(self.graph.predictive(), self._linear)

    @one_thread()
    def predict(
        self, features: Float, neighbours: Ints, distances: Float, head: str | None = None
    ) -> RowsPredictive | OwnPredictive:
        """Predictive over items outside the pool; what takes the items themselves is asked by ``own().new``.

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
        head, own = self._checked(head), self.own(head)
        if own is not None:
            return _of_features(own, features)
        if head == "linear":
            return self._fitted().predict(features)
        graph = self.graph.predict(self.basis.extend(neighbours, distances, features))
        return graph if head == "graph" else averaged(graph, self._fitted().predict(features))

    def _checked(self, head: str | None) -> str:
        head = head or self.head
        known = (*HEADS, *self._owns)
        if head not in known:
            raise ModelError(f"no head is called {shown(head)}.", f"Use one of {', '.join(known)}.")
        return head

    def _fitted(self) -> LastLayerLaplace:
        if self._fit is None:
            raise NotTrainedError("the linear head has not been trained.", "Train first: s.train(wait=True).")
        return self._fit.linear

    @one_thread()
    def ask(
        self,
        k: int,
        candidates: Ints,
        *,
        strategy: Any = "auto",
        pending: Sequence[int] = (),
        seed: int = 0,
    ) -> Picked:
        """Choose ``k`` items to label.

        Parameters
        ----------
        k : int
        candidates : int (m,)
            Pool rows that may be asked.
        strategy : str or callable
            "auto", a word of the registry, or a :class:`~spin_nb.protocols.Strategy`.
        pending : sequence of int
            Rows asked and not answered yet: never picked; "auto" counts them as labelled.
        seed : int

        Returns
        -------
        Picked
            ``indices`` are pool rows.

        Raises
        ------
        QueryError
            Nothing left to ask, ``k`` out of range.
        UnknownWordError
            No such strategy.
        """
        return ask(self, k, candidates, strategy=strategy, pending=pending, seed=seed)


def _of_features(own: Own, features: Float) -> OwnPredictive:
    if own.inputs is not None:
        raise ModelError(f"{own.name} takes items, no features.", "Ask it: own().new(items, encode).")
    return own.survey(lambda rows: features[rows], len(features))
