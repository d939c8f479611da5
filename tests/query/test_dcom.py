"""DCoM: balls, competence and ranks, against loops over every pair."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.query import dcom, margin, probcover


def to_unit(v):
    return (v - v.min()) / max(v.max() - v.min(), 1e-30)


def naive(probs, x, k, labelled_rows, y, radius):
    n = len(x)
    apart = np.sqrt(((x[:, None].astype(float) - x) ** 2).sum(axis=2))
    predicted, coverage = probs.argmax(axis=1), 0.0
    radii, covered = [], np.zeros(n, bool)
    for _ in range(2):
        radii, covered = [], np.zeros(n, bool)
        for row, label in zip(labelled_rows, y, strict=True):
            inside = [
                r
                for r in [*np.unique(apart[row][apart[row] < radius])[1:], radius]
                if (predicted[apart[row] < r] == label).mean() >= 0.4 + 0.2 * coverage
            ]
            radii.append(max(inside, default=0))
            covered |= apart[row] < radii[-1]
        coverage = covered.mean()
    reach = np.mean(radii) if len(labelled_rows) else radius
    competence = (1 + np.exp(-10)) / (1 + np.exp(-50 * (coverage - 0.8)))
    left, unsure = np.ones(n, bool), to_unit(margin(probs).astype(float))
    left[labelled_rows], unsure[labelled_rows] = False, 0
    rows, scores = [], []
    for _ in range(k):
        degree = ((apart < reach) & ~covered).sum(axis=1) * left
        rank = competence * to_unit(unsure) + (1 - competence) * to_unit(degree)
        rank[~left] = -1
        rows.append(int(rank.argmax()))
        scores.append(rank.max())
        left[rows[-1]], unsure[rows[-1]] = False, 0
        covered |= apart[rows[-1]] < reach
    return rows, scores


def made(n=150, C=4, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, C, n)
    centres = rng.normal(0, 3, (C, 3))
    x = (centres[y] + rng.normal(0, 0.8, (n, 3))).astype(np.float32)
    logits = -((x[:, None] - centres) ** 2).sum(axis=2) / 2
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (probs / probs.sum(axis=1, keepdims=True)).astype(np.float32), x, y


@pytest.mark.parametrize("radius", [1.0, 2.5])
@pytest.mark.parametrize("known", [0, 4, 25])
def test_ranks_are_those_of_the_paper(known, radius):
    probs, x, y = made()
    labelled_rows = np.arange(known)
    rows, scores = naive(probs, x, 8, labelled_rows, y[:known], radius)
    picked = dcom(probs, x, 8, labelled_rows=labelled_rows, labels=y[:known], radius=radius)
    assert picked.indices.tolist() == rows
    assert np.allclose(picked.scores, scores, atol=1e-5)


def test_it_covers_first_and_looks_at_margins_last():
    probs, x, y = made()
    assert dcom(probs, x, 3, radius=1.5).indices.tolist() == probcover(x, 3, radius=1.5).indices.tolist()
    assert "covers" in dcom(probs, x, 1, radius=1.5).reason
    many = np.arange(120)
    late = dcom(probs, x, 3, labelled_rows=many, labels=y[:120], radius=2.5)
    assert late.indices.tolist() == (120 + np.argsort(-margin(probs)[120:], kind="stable")[:3]).tolist()
    assert "margins" in late.reason


def test_the_radius_is_estimated():
    probs, x, _ = made()
    assert len(dcom(probs, x, 5).indices) == 5
