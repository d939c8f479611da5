"""Soft neighbours among the labelled rows: the input kernel of t-SNE, at a stated perplexity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_labelled, unlabelled
from spin_nb.threads import blocks
from spin_nb.types import Float, Ints, Rows

ENTROPY_TOLERANCE = 1e-4  # nats; the published code stops at 1e-3
MAX_STEPS = 60
MAX_LOG_PRECISION = (
    70.0  # largest log of mean d / (2 sigma^2): by then only exact duplicates of the nearest row count
)


class Neighbours(NamedTuple):
    """Unlabelled rows (r,) and their labelled neighbours.

    Each row has places in ``labelled_rows`` (r, k) of its neighbours, and their weights.
    """

    rows: Ints
    nearest: Ints
    weights: Float


def soft_neighbours(
    features: Float, labelled_rows: Rows, *, perplexity: float, neighbours: int, paper_compat: bool
) -> Iterator[Neighbours]:
    """Weights ``q(j|i) ~ exp(-|z_i - z_j|^2 / 2 sigma_i^2)`` over labelled ``j``, block by block of unlabelled ``i``.

    Parameters
    ----------
    features : float32 (n, d)
        Checked already.
    labelled_rows : int (m,)
        m >= 1.
    perplexity : float
        ``exp`` of the entropy of ``q``, above 1; with fewer labelled rows than that all weigh the same.
    neighbours : int
        Only the nearest so many are kept; what is kept sums to 1.
    paper_compat : bool
        As the published code: 2 to the power of the entropy in nats is brought to ``perplexity`` (20 then means 75.3),
        and what is kept is not scaled up again.

    Raises
    ------
    QueryError
        No labelled rows, all labelled, perplexity or neighbours out of range.
    """
    labelled_rows = check_labelled(labelled_rows, len(features))
    if not len(labelled_rows):
        raise QueryError("EGL++ compares with labelled rows; none is labelled.", "Label a few items first.")
    if not (np.isfinite(perplexity) and perplexity > 1) or neighbours < 1:
        raise QueryError(
            f"perplexity {perplexity} must be above 1 and neighbours {neighbours} at least 1.",
            "Use the defaults of 20 and 30.",
        )
    open_rows = np.flatnonzero(unlabelled(len(features), labelled_rows))
    entropy = np.log2(perplexity) if paper_compat else np.log(perplexity)
    labelled_features = features[labelled_rows]
    lengths = np.einsum("md,md->m", labelled_features, labelled_features)
    k = min(neighbours, len(labelled_rows))
    for block in blocks(len(open_rows), len(labelled_rows)):
        rows = open_rows[block]
        x = features[rows]
        distances = lengths - 2 * (x @ labelled_features.T)  # up to |x|^2, which changes no weight
        distances -= distances.min(axis=1, keepdims=True)
        weights = gaussian_weights(distances, float(entropy))
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        nearest_weights = np.take_along_axis(weights, nearest, axis=1)
        if not paper_compat:
            nearest_weights /= nearest_weights.sum(axis=1, keepdims=True)
        yield Neighbours(rows, nearest, nearest_weights)


def gaussian_weights(distances: Float, entropy: float) -> Float:
    """Rows of ``exp(-b d)`` scaled to sum 1.

    Their ``b`` is such that their entropy is ``entropy`` nats.

    Newton's method on ``log b``, kept inside a bracket; the first rows tell where to start with the others: some 3
    steps where bisection takes 20.

    Parameters
    ----------
    distances : float32 (r, m)
        Squared distances less each row's smallest.
    entropy : float
        More than ``log m`` gives equal weights; less than ties allow gives equal weights to the tied.
    """
    r, m = distances.shape
    if entropy >= np.log(m):
        return np.full((r, m), 1 / m, np.float32)
    distances = distances / np.maximum(distances.mean(axis=1, keepdims=True), np.float32(1e-30))
    weights = np.empty((r, m), np.float32)
    few, rest = slice(0, 64), slice(64, r)
    usual = np.median(_solve(distances[few], entropy, 1.0, weights[few]))
    _solve(distances[rest], entropy, float(usual), weights[rest])
    return weights


def _solve(distances: Float, entropy: float, start: float, weights: Float) -> NDArray[np.float64]:
    """Fill ``weights``, every ``log b`` starting at ``start``.

    Returns the ``log b`` found (r,).
    """
    r = len(distances)
    steep, low, high = np.full(r, start), np.full(r, -np.inf), np.full(r, MAX_LOG_PRECISION)
    active = np.arange(r)
    for step in range(MAX_STEPS):
        some = distances if len(active) == r else distances[active]
        mass, total, error, slope = _entropy_error(some, steep[active], entropy)
        low[active] = np.where(error > 0, steep[active], low[active])
        high[active] = np.where(error > 0, high[active], steep[active])
        going = (np.abs(error) > ENTROPY_TOLERANCE) & (high[active] - low[active] > 1e-6)
        going &= step < MAX_STEPS - 1
        weights[active[~going]] = mass[~going] / total[~going, None]
        active, error, slope = active[going], error[going], slope[going]
        if not len(active):
            break
        steep[active] = _next(steep[active], error, slope, low[active], high[active])
    return steep


def _entropy_error(
    distances: Float, steep: NDArray[np.float64], entropy: float
) -> tuple[Float, Float, NDArray[np.float64], NDArray[np.float64]]:
    """Weights and their sums, their entropy less the one wanted, and how fast it falls with ``log b``."""
    minus = distances * -np.exp(steep)[:, None].astype(np.float32)
    mass = np.exp(minus)
    total = mass.sum(axis=1)
    parts = mass * minus
    mean = parts.sum(axis=1) / total
    slope = np.einsum("rm,rm->r", parts, minus) / total - mean**2
    return (
        mass,
        total,
        np.log(total.astype(np.float64)) - mean - entropy,
        np.maximum(slope, 0).astype(np.float64),
    )


def _next(
    steep: NDArray[np.float64],
    error: NDArray[np.float64],
    slope: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Newton's step where it stays inside the bracket, else its middle, else two down."""
    newton = steep + np.clip(error / np.maximum(slope, 1e-12), -4, 4)
    middle = np.where(np.isfinite(low), (np.maximum(low, -1e300) + high) / 2, steep - 2)
    return np.where((newton > low) & (newton < high), newton, middle)
