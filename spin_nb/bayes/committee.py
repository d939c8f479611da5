"""A committee made from any scikit-learn classifier: its own members, or copies of it on bootstrap samples.

References
----------
Breiman (1996), *Bagging predictors*.
Seung, Opper & Sompolinsky (1992), *Query by committee*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.bayes._checks import check_count, check_features, check_training_labels, not_fitted
from spin_nb.bayes.functions import Functions, FunctionsPredictive, member_order
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints
from spin_nb.words import shown

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

MAX_BOOTSTRAP_ATTEMPTS = 20  # bootstrap samples drawn before a member goes without a second class


class Committee:
    """A posterior whose draws are classifiers.

    A forest's trees (or a bagging classifier's members) are the committee; any other classifier is fitted to
    bootstrap samples of the labels.  Each member's probabilities are mixed with one pseudo-label spread evenly over
    the classes, so a class without a label stays possible.

    Parameters
    ----------
    estimator : scikit-learn classifier
        With ``predict_proba``; cloned, never fitted itself.
    n_members : int
        Bootstrap samples; a forest keeps its own number.
    seed : int

    Raises
    ------
    ModelError
        No classifier, or one without probabilities.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    >>> posterior = Committee(GaussianNB(), n_members=5).fit(x, np.array([0, 0, 1, 1]), n_classes=2)
    >>> posterior.predict(x).mean.argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    validation = "folds"
    asks_by = "variance"

    def __init__(self, estimator: ClassifierMixin, n_members: int = 16, *, seed: int = 0) -> None:
        if isinstance(estimator, type) or not all(hasattr(estimator, name) for name in ("fit", "get_params")):
            raise ModelError(
                f"{shown(estimator)} is no scikit-learn estimator.",
                "Pass an instance: RandomForestClassifier().",
            )
        if not hasattr(estimator, "predict_proba"):
            raise ModelError(
                f"{type(estimator).__name__} gives no class probabilities (no predict_proba).",
                "Wrap it: sklearn.calibration.CalibratedClassifierCV(estimator), or choose a classifier.",
            )
        check_count(n_members, 2, "the members of a committee", "Use two or more, for example 16.")
        self.estimator, self.n_members, self.seed = estimator, n_members, seed
        self._members: list[Callable[[Float], Float]] = []
        self._shape = (0, 0)
        self._n_labels = 0

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> Committee:
        """Fit the members to features (n, d) and class indices (n,).

        Classes without a label are allowed.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit, an estimator that fails or gives anything
            but probabilities.
        """
        features = check_features(features)
        y = check_training_labels(y, features, n_classes)
        if len(np.unique(y)) == 1:
            members = [_constant(int(y[0]), n_classes)] * self.n_members
        else:
            ensemble = _fit_clone(self.estimator, features, y, self.seed)
            members = _members_of(ensemble, n_classes) or self._bootstrap_members(features, y, n_classes)
        self._members, self._shape, self._n_labels = members, (features.shape[1], n_classes), len(y)
        return self

    def _bootstrap_members(self, features: Float, y: Ints, n_classes: int) -> list[Callable[[Float], Float]]:
        rng = np.random.default_rng(self.seed)
        members = []
        for number in range(self.n_members):
            for _ in range(MAX_BOOTSTRAP_ATTEMPTS):
                rows = rng.integers(0, len(y), len(y))
                if len(np.unique(y[rows])) > 1:
                    break
            if len(np.unique(y[rows])) == 1:
                members.append(_constant(int(y[rows[0]]), n_classes))
                continue
            member = _fit_clone(self.estimator, features[rows], y[rows], self.seed + number)
            members.append(_probabilities(member, member.classes_, n_classes))
        return members

    def predict(self, features: Float) -> FunctionsPredictive:
        """Predictive over features (m, d): its draws are members.

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; features of another width, NaN or infinite.
        """
        if not self._members:
            raise not_fitted("committee")
        features = check_features(features, width=self._shape[0])
        members, n_classes, n_labels = self._members, self._shape[1], self._n_labels

        def logits(x: Float, indices: Ints) -> Float:
            probs = np.stack([members[member](x) for member in indices])
            return np.log((n_labels * probs + np.float32(1 / n_classes)) / np.float32(n_labels + 1))

        def draw(S: int, seed: int) -> Functions:
            indices, turn = np.unique(member_order(len(members), S, seed), return_inverse=True)
            return lambda x: logits(x, indices)[turn]

        return FunctionsPredictive(features, lambda x: logits(x, np.arange(len(members))), draw)


def _fit_clone(estimator: ClassifierMixin, features: Float, y: Ints, seed: int) -> Any:
    from sklearn.base import clone

    copy = clone(estimator)
    if "random_state" in copy.get_params() and copy.get_params()["random_state"] is None:
        copy.set_params(random_state=seed)
    try:
        return copy.fit(features, y)
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"{type(copy).__name__} could not be fitted to {len(y)} labels: {error}",
            "Label more items of every class, or use another estimator.",
        ) from error


def _members_of(ensemble: Any, n_classes: int) -> list[Callable[[Float], Float]]:
    """Classifiers of a forest or a bagging classifier; none for anything else."""
    from sklearn.ensemble import BaggingClassifier, ExtraTreesClassifier, RandomForestClassifier

    if not isinstance(ensemble, (BaggingClassifier, ExtraTreesClassifier, RandomForestClassifier)):
        return []
    if not all(hasattr(member, "predict_proba") for member in ensemble.estimators_):
        return []
    subsets = getattr(ensemble, "estimators_features_", [None] * len(ensemble.estimators_))
    # Members number the classes 0, 1, ... in the order the whole has them, each the ones it saw.
    return [
        _probabilities(member, ensemble.classes_[np.asarray(member.classes_, np.int64)], n_classes, columns)
        for member, columns in zip(ensemble.estimators_, subsets, strict=True)
    ]


def _probabilities(
    member: Any, classes: Ints, n_classes: int, columns: Ints | None = None
) -> Callable[[Float], Float]:
    def apply(x: Float) -> Float:
        out = np.zeros((len(x), n_classes), np.float32)
        if len(x):
            out[:, classes] = member.predict_proba(x if columns is None else x[:, columns])
        if not np.isfinite(out).all():
            raise ModelError(
                f"predict_proba of {type(member).__name__} gives NaN.", "Scale the features, or regularise."
            )
        if (out < 0).any() or np.abs(out.sum(axis=1) - 1).max(initial=0) > 1e-3:
            raise ModelError(
                f"predict_proba of {type(member).__name__} gives no probabilities (rows sum to {out.sum(1)[0]:.3g}).",
                "Return probabilities, not logits: apply a softmax.",
            )
        return out

    return apply


def _constant(label: int, n_classes: int) -> Callable[[Float], Float]:
    """The member that has seen one class only."""
    row = np.eye(n_classes, dtype=np.float32)[label]
    return lambda x: np.broadcast_to(row, (len(x), n_classes))
