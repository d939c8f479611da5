"""What "auto" looks ahead with: how far each candidate's label would move decisions likely to be wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.types import Float, Ints

MAX_ROWS_SCORED = 3000  # candidates scored, and rows they are scored on
GRAPH_LABELS = 20  # that the graph's judgement is worth; the head shown counts as the labels it learnt from


class Lookahead:
    """Effect of each candidate's label, updated with every pick.

    Parameters
    ----------
    phi, covariance, variance, scores
        Of the graph posterior, as :func:`~spin_nb.query.auto` takes them.
    candidates : int64 (m,)
        Pool rows that may be asked.
    probs : float32 (n, C) or None
        By the head shown.
    n_labels : int
        Labels that it has learnt from.
    noise : float
    seed : int
    """

    def __init__(
        self,
        phi: Float,
        covariance: NDArray[np.float64],
        variance: Float,
        scores: Float,
        candidates: Ints,
        *,
        probs: Float | None,
        n_labels: int,
        noise: float,
        seed: int,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.phi, self.noise_variance = phi, np.float32(noise**2)
        self.covariance = covariance.astype(np.float32)
        self.rows = _some(candidates, rng)
        rows_judged = _some(np.arange(len(phi)), rng)
        self.phi_asked, self.phi_judged = phi[self.rows], phi[rows_judged]
        self.variance = variance[self.rows].astype(np.float32, copy=True)
        self.judged_variance = variance[rows_judged].astype(np.float32, copy=True)
        self.prior = np.einsum("nd,nd->n", self.phi_judged, self.phi_judged)
        self.scores, self.judged_scores = scores, scores[rows_judged].astype(np.float32, copy=True)
        self.weights = np.zeros((phi.shape[1], scores.shape[1]), np.float32)  # weights, since ``scores``
        self.share_shown = 0.0 if probs is None else n_labels / (n_labels + GRAPH_LABELS)
        if probs is None:
            self.surprise, self.wrong_shown = np.zeros(len(phi), np.float32), np.float32(0)
        else:
            # In the graph's units: a label nobody can foretell surprises as much as one where nothing is known.
            unknown = float(self.noise_variance) + float(self.prior.mean())
            impurity = 1 - np.einsum("nc,nc->n", probs, probs)
            self.surprise = (impurity * unknown / (1 - 1 / probs.shape[1])).astype(np.float32)
            self.wrong_shown = 1 - probs[rows_judged].max(axis=1)
        self.wrong_at_first = self._wrong_by_graph()
        self.gain: Float | None = None
        self._to_learn: list[int] = []

    def learn(self, *rows: int) -> None:
        """Count rows as labelled, all at once, when the next score is wanted."""
        self._to_learn += rows
        self.gain = None

    def _learn(self, rows: list[int]) -> None:
        if not rows:
            return
        x = self.phi[rows]
        directions = x @ self.covariance
        total = (directions @ x.T).astype(np.float64) + float(self.noise_variance) * np.eye(len(rows))
        root = np.linalg.cholesky(total)
        directions = np.linalg.solve(root, directions).astype(np.float32)
        self._believe(directions.T @ np.linalg.solve(root, self._error(rows, x)).astype(np.float32))
        for variance, phi in ((self.variance, self.phi_asked), (self.judged_variance, self.phi_judged)):
            variance -= np.sum((phi @ directions.T) ** 2, axis=1)
        self.covariance -= directions.T @ directions

    def _error(self, rows: list[int], x: Float) -> Float:
        """Distance from each row's scores to its likeliest class.

        It is 0 where no label says anything yet.
        """
        scores = self.scores[rows] + x @ self.weights
        if not scores.any():
            return scores
        likeliest = np.eye(scores.shape[1], dtype=np.float32)[scores.argmax(axis=1)]
        return np.asarray(likeliest - np.float32(1 / scores.shape[1]) - scores)

    def _believe(self, step: Float) -> None:
        """Move every score by a step of the weights (D, C)."""
        self.weights += step
        self.judged_scores += self.phi_judged @ step

    def _wrong_by_graph(self) -> Float:
        """Probability, under the graph, that each decision judged is wrong against its rival."""
        from scipy.special import ndtr

        two = np.partition(self.judged_scores, -2, axis=1)[:, -2:]
        deviation = np.sqrt(2 * np.maximum(self.judged_variance, 1e-9))
        return np.asarray(ndtr((two[:, 0] - two[:, 1]) / deviation), np.float32)

    def gains(self) -> Float:
        """Score of every candidate looked at."""
        if self.gain is None:
            self._learn(self._to_learn)
            self._to_learn = []
            by_graph = self._wrong_by_graph()
            # Under the head shown a decision becomes as much surer, within the batch, as under the graph.
            still = np.minimum(1, by_graph / np.maximum(self.wrong_at_first, 1e-6))
            self.wrong = self._average(self.wrong_shown * still, by_graph)
            # sum_j a_j cov(i, j)^2 is a square form of item i: one product with the candidates, not two.
            factors = self.phi_judged * np.sqrt(self.wrong / len(self.phi_judged))[:, None]
            form = self.covariance @ (factors.T @ factors) @ self.covariance
            movement = np.einsum("nd,nd->n", self.phi_asked @ form, self.phi_asked)
            self.gain = movement * self._factor(self.rows, self.variance)
            if not np.isfinite(self.gain).all():
                raise QueryError(
                    "phi, covariance, variance or scores hold NaN or numbers too large.",
                    "Scale the features.",
                )
        return self.gain

    def best(self, left: NDArray[np.bool_]) -> int:
        is_askable = left[self.rows]
        if not is_askable.any():
            return int(np.flatnonzero(left)[0])
        return int(self.rows[np.argmax(np.where(is_askable, self.gains(), -np.inf))])

    def score(self, row: int) -> float:
        self.gains()
        across = self.covariance @ self.phi[row]
        variance = np.asarray([self.phi[row] @ across])
        movement = np.mean(self.wrong * (self.phi_judged @ across) ** 2)
        return float(movement * self._factor(np.asarray([row]), variance)[0])

    def exploration_share(self, row: int) -> float:
        """Share of what ``row`` settles that no label reached.

        What a label reached is no longer at its prior variance.
        """
        self.gains()
        share = self.wrong * (self.phi_judged @ (self.covariance @ self.phi[row])) ** 2
        open_still = np.clip(self.judged_variance / np.maximum(self.prior, 1e-9), 0, 1)
        return float(share @ open_still / max(float(share.sum()), 1e-30))

    def _factor(self, rows: Ints, variance: Float) -> Float:
        """Expected square of each label's surprise, over the square of what one unit of it is divided by."""
        total = self.noise_variance + np.maximum(variance, 0)
        return self._average(self.surprise[rows], total) / total**2

    def _average(self, shown: Float, graph: Float) -> Float:
        return np.asarray(self.share_shown * shown + (1 - self.share_shown) * graph, np.float32)


def _some(rows: Ints, rng: np.random.Generator) -> Ints:
    if len(rows) <= MAX_ROWS_SCORED:
        return rows
    return np.sort(rng.choice(rows, MAX_ROWS_SCORED, replace=False))
