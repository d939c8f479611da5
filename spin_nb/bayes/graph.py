"""The graph posterior: Bayesian regression on graph features, closed form, one rank-one update per label.

Scores ``f = phi mu`` regress ``e_y - 1/C``; their variance ``phi' A phi`` is the same for every class and does
not depend on the labels' values, so what a label would teach is known before it is given.

References
----------
Ji & Han (2012), *A variance minimization criterion to active learning on graphs*.
Ma, Garnett & Schneider (2013), *Sigma-optimality for active learning on Gaussian random fields*.
Rasmussen & Williams (2006), *Gaussian Processes for Machine Learning*, eq. 2.11-2.12, 5.10-5.12.
"""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._arrays import Arrays
from spin_nb.bayes._checks import (
    check_between,
    check_features,
    check_labels,
    check_training_labels,
    not_fitted,
)
from spin_nb.bayes._regression import fit_sharpness, leave_one_out, predictive, score_variance, solve
from spin_nb.bayes.predictive import RowsPredictive
from spin_nb.errors import ModelError
from spin_nb.growing import Growing
from spin_nb.types import Float, Ints

NOISE = 0.2  # standard deviation of a label around its score
MAX_LABELS_FOR_SHARPNESS = 4096  # labels to which the sharpness is fitted at most, anew after each of them


class LiveGraph:
    """The graph posterior over a pool, label by label.

    Parameters
    ----------
    phi : float32 (n, D)
        :attr:`GraphBasis.phi <spin_nb.bayes.basis.GraphBasis>`; never written.
    n_classes : int
    noise : float
        Standard deviation of a label around its score.

    Attributes
    ----------
    scores : float32 (n, C)
        Posterior mean of every item's scores.
    variance : float32 (n,)
        Posterior variance of every item's scores.
    covariance : float64 (D, D)
        Posterior covariance ``A`` of the weights.

    Examples
    --------
    >>> live = LiveGraph(np.eye(3, dtype=np.float32), n_classes=2)
    >>> live.update(0, 1)
    >>> live.predictive().mean.argmax(axis=1)[0].item()
    1
    >>> live.remove(0)
    >>> np.allclose(live.scores, 0, atol=1e-6)
    True
    """

    def __init__(self, phi: Float, n_classes: int, *, noise: float = NOISE) -> None:
        _check_noise(noise)
        self.phi = np.ascontiguousarray(check_features(phi))
        check_labels(np.zeros(0, np.int64), 0, n_classes)
        self.n_classes, self.noise = n_classes, noise
        self._labels: dict[int, int] = {}
        self._weights: dict[int, float] = {}
        self._growing = {name: Growing() for name in ("phi", "scores", "variance")}
        self._start()

    def _start(self) -> None:
        n, width = self.phi.shape
        self.covariance = np.eye(width)
        self.weights = np.zeros((width, self.n_classes))
        self.scores = np.zeros((n, self.n_classes), np.float32)
        self.variance = np.einsum("nd,nd->n", self.phi, self.phi)

    def freeze(self) -> LiveGraph:
        """Return a copy that later labels do not change; ``phi`` is shared."""
        other = copy.copy(self)
        for name in ("covariance", "weights", "scores", "variance"):
            setattr(other, name, getattr(self, name).copy())
        other._labels, other._weights = dict(self._labels), dict(self._weights)
        return other

    def __len__(self) -> int:
        """Number of labelled rows."""
        return len(self._labels)

    @property
    def rows(self) -> Ints:
        """Labelled rows, in labelling order."""
        return np.fromiter(self._labels, np.int64, len(self._labels))

    @property
    def y(self) -> Ints:
        """Class index of each labelled row."""
        return np.fromiter(self._labels.values(), np.int64, len(self._labels))

    @property
    def weights_of_labels(self) -> NDArray[np.float64] | None:
        """Labels that each labelled row counts as, float64 (m,); None where each is one."""
        if all(weight == 1 for weight in self._weights.values()):
            return None
        return np.array([self._weights[row] for row in self._labels])

    def update(self, row: int, y: int, weight: float = 1.0) -> None:
        """Take one label, which counts as ``weight`` labels.

        A row that has one gets the new one instead.

        Raises
        ------
        ModelError
            Unknown row, class index out of range.
        """
        row, y = self._check_label(row, y)
        if row in self._labels:
            self.remove(row)
        self._step(row, y, self.noise**2 / weight)
        self._labels[row], self._weights[row] = y, weight

    def remove(self, row: int) -> None:
        """Take one label back, exactly.

        Raises
        ------
        ModelError
            The row has no label.
        """
        if row not in self._labels:
            raise ModelError(f"row {row} has no label to take back.", "Remove only labelled rows.")
        # A label with noise variance -g^2 has precision -1/g^2: it cancels the one given.
        self._step(row, self._labels.pop(row), -(self.noise**2) / self._weights.pop(row))
        if not self._labels:
            self._start()

    def _step(self, row: int, y: int, noise_variance: float) -> None:
        x = self.phi[row].astype(np.float64)
        gain = self.covariance @ x
        spread = noise_variance + x @ gain
        target = -np.full(self.n_classes, 1 / self.n_classes)
        target[y] += 1
        residual = (target - x @ self.weights) / spread
        self.weights += np.outer(gain, residual)
        self.covariance -= np.outer(gain / spread, gain)
        covariances = self.phi @ gain.astype(np.float32)
        self.scores += covariances[:, None] * residual.astype(np.float32)
        self.variance -= covariances * (covariances / np.float32(spread))
        np.maximum(self.variance, 0, out=self.variance)

    def reset(self, rows: Ints, y: Ints, weights: NDArray[np.float64] | None = None) -> None:
        """Forget every label and take these, in one solve.

        ``weights`` (m,) says how many labels each counts as.

        Raises
        ------
        ModelError
            Unknown rows, class indices out of range.
        """
        rows = np.asarray(rows, np.int64).reshape(-1)
        pairs = [
            self._check_label(int(r), int(c))
            for r, c in zip(rows, check_labels(y, len(rows), self.n_classes), strict=True)
        ]
        counts = [1.0] * len(rows) if weights is None else weights.tolist()
        self._labels, self._weights = {}, {}
        for (row, label), weight in zip(pairs, counts, strict=True):
            self._labels.pop(row, None)
            self._labels[row], self._weights[row] = label, weight
        self._start()
        if pairs:
            self.weights, self.covariance = solve(
                self.phi[self.rows], self.y, self.n_classes, self.noise, self.weights_of_labels
            )
            self.scores = self.phi @ self.weights.astype(np.float32)
            self.variance = score_variance(self.phi, self.covariance)

    def extend(self, phi: Float) -> None:
        """Append items, features (m, D); the labels so far speak for them too."""
        self.take(self.extension(phi))

    def extension(self, phi: Float) -> Arrays:
        """Prepare what :meth:`take` appends; all of it that may fail, and nothing is changed."""
        phi = check_features(phi, width=self.phi.shape[1])
        scores, variance = phi @ self.weights.astype(np.float32), score_variance(phi, self.covariance)
        late = {"phi": phi, "scores": scores, "variance": variance}
        return {name: self._growing[name].after(getattr(self, name), more) for name, more in late.items()}

    def take(self, extension: Arrays) -> None:
        """Append what :meth:`extension` made since the last label."""
        for name, array in extension.items():
            setattr(self, name, array)

    def _check_label(self, row: int, y: int) -> tuple[int, int]:
        row, y = int(row), int(y)
        if not 0 <= row < len(self.phi):
            raise ModelError(f"row {row} is not in the pool of {len(self.phi)}.", "Pass a row of the pool.")
        if not 0 <= y < self.n_classes:
            raise ModelError(f"class index {y} is not in 0..{self.n_classes - 1}.", "Check the class list.")
        return row, y

    @property
    def sharpness(self) -> float:
        """Logits per unit of score, by leave-one-out.

        Of many labels it looks at some, spread over all.
        """
        rows, y, weights = self.rows, self.y, self.weights_of_labels
        if len(rows) > MAX_LABELS_FOR_SHARPNESS:
            some = np.linspace(0, len(rows) - 1, MAX_LABELS_FOR_SHARPNESS).astype(np.int64)
            rows, y, weights = rows[some], y[some], None if weights is None else weights[some]
        loo = leave_one_out(self.scores[rows], self.variance[rows], y, self.noise, weights)
        return fit_sharpness(*loo, y, weights)

    def predictive(self) -> RowsPredictive:
        """Predict the pool as it stands; later labels do not change it."""
        return predictive(
            self.phi,
            self.scores,
            self.variance,
            self.weights.copy(),
            self.covariance.copy(),
            self.sharpness,
        )

    def predict(self, phi: Float) -> RowsPredictive:
        """Predict items by :meth:`GraphBasis.extend`'s features (m, D)."""
        phi = check_features(phi, width=self.phi.shape[1])
        scores = phi @ self.weights.astype(np.float32)
        variance = score_variance(phi, self.covariance)
        return predictive(phi, scores, variance, self.weights.copy(), self.covariance.copy(), self.sharpness)


class GraphPosterior:
    """Bayesian regression on one-hot labels, in closed form.

    It is the graph posterior on any feature matrix.

    Parameters
    ----------
    noise : float
        Standard deviation of a label around its score.

    Examples
    --------
    >>> x = np.array([[-1.0], [1.0]], np.float32)
    >>> GraphPosterior().fit(x, np.array([0, 1]), n_classes=2).predict(x).mean.argmax(axis=1).tolist()
    [0, 1]
    """

    validation = "loo"
    asks_by = "variance"

    def __init__(self, noise: float = NOISE) -> None:
        _check_noise(noise)
        self.noise = noise
        self.weights: NDArray[np.float64] | None = None

    def fit(self, features: Float, y: Ints, *, n_classes: int) -> GraphPosterior:
        """Fit to features (n, d) and class indices.

        Classes without a label are allowed.

        Raises
        ------
        ModelError
            No rows, values that are not finite, labels that do not fit.
        """
        features = check_features(features)
        y = check_training_labels(y, features, n_classes)
        self.weights, self.covariance = solve(features, y, n_classes, self.noise)
        scores = features @ self.weights.astype(np.float32)
        loo = leave_one_out(scores, score_variance(features, self.covariance), y, self.noise)
        self.sharpness = fit_sharpness(*loo, y)
        return self

    def predict(self, features: Float) -> RowsPredictive:
        """Predictive over features (m, d).

        Raises
        ------
        NotTrainedError
            Before :meth:`fit`.
        """
        if self.weights is None:
            raise not_fitted("posterior")
        features = check_features(features, width=len(self.weights))
        scores = features @ self.weights.astype(np.float32)
        variance = score_variance(features, self.covariance)
        return predictive(features, scores, variance, self.weights, self.covariance, self.sharpness)

    def to_arrays(self) -> Arrays:
        """Everything :meth:`from_arrays` needs, by name.

        Raises
        ------
        NotTrainedError
            Before :meth:`fit`.
        """
        if self.weights is None:
            raise not_fitted("posterior")
        arrays = {"weights": self.weights, "covariance": self.covariance}
        return arrays | {"sharpness": np.array(self.sharpness), "noise": np.array(self.noise)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> GraphPosterior:
        """Rebuild from :meth:`to_arrays`; predictions are identical."""
        posterior = cls(float(arrays["noise"]))
        posterior.weights, posterior.covariance = arrays["weights"], arrays["covariance"]
        posterior.sharpness = float(arrays["sharpness"])
        return posterior


def _check_noise(noise: float) -> None:
    check_between(noise, 0, np.inf, "the noise of a label", "Use a standard deviation > 0, for example 0.2.")
