"""The default question: explores while the posterior is broad and refines later, without a switch.

It asks the item whose label would most reduce the variance of the decisions that are still likely to be wrong.
With no labels every decision is equally likely to be wrong and this is VOpt (Ji & Han 2012).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import askable, check_k, check_rows
from spin_nb.query.mixture import EPSILON, sample_with
from spin_nb.query.rare import Rare
from spin_nb.types import Float, Ints, Picked

MAX_ROWS_SCORED = 3000  # candidates scored, and rows they are scored on


def auto(
    phi: Float,
    covariance: NDArray[np.float64],
    variance: Float,
    scores: Float,
    candidates: Ints,
    k: int,
    *,
    pending: Sequence[int] = (),
    noise: float = 0.2,
    rare: Rare | None = None,
    seed: int = 0,
    epsilon: float = EPSILON,
) -> Picked:
    """Ask where labels settle most likely errors.

    It asks where a label removes most variance from decisions that are likely to be wrong.

    ``a_j = P(decision j is wrong) = Phi(-margin_j / sqrt(2 v_j))``; the score of item ``i`` is
    ``sum_j a_j cov(i, j)^2 / (noise^2 + v_i)``.  Items already being asked, and each pick, count as labelled: the
    covariance does not depend on the labels' values, and the scores move as if each were of its likeliest class
    (the "kriging believer" of Ginsbourger et al. 2010), so a batch does not settle one boundary ten times.

    Parameters
    ----------
    phi : float32 (n, D)
        Features of the whole pool, prior covariance identity.
    covariance : float64 (D, D)
        Posterior covariance of the weights.
    variance : float32 (n,)
        Posterior variance of each item's scores.
    scores : float32 (n, C)
        Posterior mean of each item's scores.
    candidates : int64 (m,)
        Pool rows that may be asked.
    k : int
    pending : sequence of int
        Pool rows asked and not yet answered.
    noise : float
        Standard deviation of a label around its score.
    rare : Rare, optional
        Whose turn comes in between; see :mod:`spin_nb.query.rare`.
    seed : int
    epsilon : float
        Share of uniform picks (:func:`~spin_nb.query.epsilon_greedy`).

    Returns
    -------
    Picked
        Pool rows; ``reason`` says whether it explores or refines, and why.

    Raises
    ------
    QueryError
        Nothing left to ask, ``k`` outside 1..candidates left.
    """
    phi, scores = np.asarray(phi), np.asarray(scores)
    if phi.ndim != 2 or scores.ndim != 2 or scores.shape[1] < 2:
        raise QueryError(
            f"phi is {phi.shape}, scores are {scores.shape}.", "Pass phi (n, D), scores (n, C) with C >= 2."
        )
    check_rows(len(phi), variance=variance, scores=scores)
    if np.shape(covariance) != (phi.shape[1],) * 2:
        raise QueryError(
            f"covariance is {np.shape(covariance)}, phi is {phi.shape}.",
            "Pass covariance (D, D), phi (n, D).",
        )
    left, waiting = askable(len(phi), candidates, pending)
    candidates = np.flatnonzero(left)
    k = check_k(k, len(candidates))
    look = _Lookahead(phi, covariance, variance, scores, candidates, noise, seed)
    look.learn(*waiting.tolist())
    exploration_share: list[float] = []

    def best() -> int:
        row = look.best(left) if rare is None or not rare.turn() else rare.likeliest(left)
        exploration_share.append(look.exploration_share(row))
        return row

    batch = sample_with(best, look.score, left, k, epsilon=epsilon, seed=seed, after_pick=look.learn)
    reason = _reason(float(np.mean(exploration_share)))
    return Picked(
        batch.indices, batch.scores, batch.q, reason if rare is None else f"{reason}; {rare.reason}"
    )


def _reason(exploration_share: float) -> str:
    if exploration_share >= 0.5:
        return f"exploring: {exploration_share:.0%} of what these teach is about places that no label has reached"
    return f"refining: {1 - exploration_share:.0%} of what these teach is about boundaries between classes"


class _Lookahead:
    """Effect of each candidate's label, updated with every pick."""

    def __init__(
        self,
        phi: Float,
        covariance: NDArray[np.float64],
        variance: Float,
        scores: Float,
        candidates: Ints,
        noise: float,
        seed: int,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.phi, self.noise_variance = phi, np.float32(noise**2)
        self.covariance = covariance.astype(np.float32)
        self.rows = _some(candidates, rng)
        judged = _some(np.arange(len(phi)), rng)
        self.phi_asked, self.phi_judged = phi[self.rows], phi[judged]
        self.across = self.phi_asked @ self.covariance
        self.spread = np.einsum("nd,nd->n", self.across, self.phi_asked)
        self.judged_spread = variance[judged].astype(np.float32, copy=True)
        self.prior = np.einsum("nd,nd->n", self.phi_judged, self.phi_judged)
        self.scores, self.judged_scores = scores, scores[judged].astype(np.float32, copy=True)
        self.weights = np.zeros((phi.shape[1], scores.shape[1]), np.float32)  # weights, since ``scores``
        self.gain: Float | None = None

    def learn(self, *rows: int) -> None:
        """Count rows as labelled, all at once."""
        if not rows:
            return
        x = self.phi[list(rows)]
        directions = x @ self.covariance
        total = (directions @ x.T).astype(np.float64) + float(self.noise_variance) * np.eye(len(rows))
        root = np.linalg.cholesky(total)
        directions = np.linalg.solve(root, directions).astype(np.float32)
        self.believe(directions.T @ np.linalg.solve(root, self.surprise(rows, x)).astype(np.float32))
        effect = self.phi_asked @ directions.T
        self.across -= effect @ directions
        self.spread -= np.einsum("nr,nr->n", effect, effect)
        self.judged_spread -= np.sum((self.phi_judged @ directions.T) ** 2, axis=1)
        self.covariance -= directions.T @ directions
        self.gain = None

    def surprise(self, rows: tuple[int, ...], x: Float) -> Float:
        """Distance from each row's scores to its likeliest class.

        It is 0 where no label says anything yet.
        """
        reason = self.scores[list(rows)] + x @ self.weights
        if not reason.any():
            return reason
        likeliest = np.eye(reason.shape[1], dtype=np.float32)[reason.argmax(axis=1)]
        return np.asarray(likeliest - np.float32(1 / reason.shape[1]) - reason)

    def believe(self, step: Float) -> None:
        """Move every score by a step of the weights (D, C)."""
        self.weights += step
        self.judged_scores += self.phi_judged @ step

    def gains(self) -> Float:
        """Score of every candidate looked at."""
        if self.gain is None:
            from scipy.special import ndtr

            spread = np.maximum(self.judged_spread, 1e-9)
            two = np.partition(self.judged_scores, -2, axis=1)[:, -2:]
            self.wrong = ndtr((two[:, 0] - two[:, 1]) / np.sqrt(2 * spread)).astype(np.float32)
            weight = (self.phi_judged * self.wrong[:, None]).T @ self.phi_judged
            gain = np.einsum("nd,nd->n", self.across @ weight, self.across)
            self.gain = gain / (self.noise_variance + np.maximum(self.spread, 0)) / len(self.phi_judged)
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
        effect = self.phi_judged @ (self.covariance @ self.phi[row])
        self.gains()
        total = self.noise_variance + self.phi[row] @ self.covariance @ self.phi[row]
        return float(np.mean(self.wrong * effect**2) / total)

    def exploration_share(self, row: int) -> float:
        """Share of what ``row`` settles that no label reached.

        What a label reached is no longer at its prior variance.
        """
        self.gains()
        share = self.wrong * (self.phi_judged @ (self.covariance @ self.phi[row])) ** 2
        open_still = np.clip(self.judged_spread / np.maximum(self.prior, 1e-9), 0, 1)
        return float(share @ open_still / max(float(share.sum()), 1e-30))


def _some(rows: Ints, rng: np.random.Generator) -> Ints:
    if len(rows) <= MAX_ROWS_SCORED:
        return rows
    return np.sort(rng.choice(rows, MAX_ROWS_SCORED, replace=False))
