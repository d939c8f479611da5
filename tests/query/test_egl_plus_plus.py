"""EGL++: t-SNE weights at the perplexity stated, gradients against autograd, published quirks where asked for."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import egl_plus_plus, egl_plus_plus_heatmaps
from spin_nb.query.gradients.neighbours import gaussian_weights, soft_neighbours

RNG = np.random.default_rng(0)


def entropy(q):
    q = q[q > 0].astype(float)
    return float(-(q * np.log(q)).sum())


def naive_weights(x, known, nats):
    """Bisection on sigma, one row at a time."""
    d2 = ((x - known) ** 2).sum(axis=1).astype(float)
    low, high = 0.0, 1e6
    for _ in range(200):
        b = (low + high) / 2
        q = np.exp(-b * (d2 - d2.min()))
        q /= q.sum()
        low, high = (b, high) if entropy(q) > nats else (low, b)
    return q


def weights_of(features, labelled_rows, **kwargs):
    kwargs = {"perplexity": 5.0, "neighbours": 10**6, "paper_compat": False, **kwargs}
    out = np.zeros((len(features), len(labelled_rows)))
    for rows, nearest, q in soft_neighbours(np.asarray(features, np.float32), labelled_rows, **kwargs):
        np.put_along_axis(out[rows[0] : rows[-1] + 1], nearest, q, axis=1)
    return out


@pytest.mark.parametrize("perplexity", [1.5, 5.0, 20.0])
def test_weights_have_the_perplexity_stated(perplexity):
    x = RNG.normal(size=(90, 4))
    q = weights_of(x, np.arange(60, 90), perplexity=perplexity)[:60]
    assert np.allclose(q.sum(axis=1), 1, atol=1e-5)
    assert np.allclose([np.exp(entropy(row)) for row in q], perplexity, rtol=1e-3)
    wanted = [naive_weights(row, x[60:], np.log(perplexity)) for row in x[:60]]
    assert np.allclose(q, wanted, atol=1e-3)


def test_as_published_a_perplexity_of_20_is_really_75():
    x = RNG.normal(size=(210, 4))
    q = weights_of(x, np.arange(10, 210), perplexity=20.0, paper_compat=True)[:10]
    assert np.allclose([entropy(row) for row in q], np.log2(20), atol=1e-3)
    assert np.exp(entropy(q[0])) == pytest.approx(75.3, rel=1e-2)


def test_only_the_nearest_count_and_published_weights_are_not_scaled_up_again():
    x = RNG.normal(size=(110, 3))
    known = np.arange(10, 110)
    full = weights_of(x, known, perplexity=20.0, paper_compat=True)[:10]
    cut = weights_of(x, known, perplexity=20.0, neighbours=7, paper_compat=True)[:10]
    for row, kept in zip(full, cut, strict=True):
        nearest = np.argsort(-row)[:7]
        assert np.allclose(kept[nearest], row[nearest])
        assert (kept > 0).sum() == 7
    assert (cut.sum(axis=1) < 0.9).all()
    assert np.allclose(weights_of(x, known, perplexity=20.0, neighbours=7)[:10].sum(axis=1), 1, atol=1e-5)


def test_degenerate_distances():
    assert np.allclose(gaussian_weights(np.zeros((2, 5), np.float32), np.log(3)), 0.2)  # only ties
    assert np.allclose(
        gaussian_weights(np.array([[0, 1.0, 9]], np.float32), np.log(50)), 1 / 3
    )  # too few rows
    tied = gaussian_weights(np.array([[0, 0, 0, 5.0]], np.float32), np.log(2))[0]
    assert np.allclose(tied, [1 / 3, 1 / 3, 1 / 3, 0], atol=1e-3)  # perplexity 2 cannot be had of three ties
    for scale in (1e-12, 1e12):
        q = gaussian_weights((RNG.random((3, 40)) * scale).astype(np.float32), np.log(4))
        assert np.allclose([np.exp(entropy(row)) for row in q], 4, rtol=1e-2)


def softmax_gradient(p, x, y):
    """Squared gradient norm of the cross-entropy in weights and bias, by autograd."""
    import torch

    w = torch.zeros(len(p), len(x), dtype=torch.float64, requires_grad=True)
    b = torch.tensor(np.log(p.astype(float)), requires_grad=True)
    loss = torch.nn.functional.cross_entropy(
        (w @ torch.tensor(x.astype(float)) + b)[None], torch.tensor([int(y)])
    )
    return sum(float((g**2).sum()) for g in torch.autograd.grad(loss, [w, b]))


@pytest.mark.parametrize("paper_compat", [False, True])
def test_classes_against_autograd(paper_compat):
    probs, x = RNG.dirichlet(np.ones(3), 30).astype(np.float32), RNG.normal(size=(30, 4)).astype(np.float32)
    labelled_rows, labels = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]), RNG.integers(0, 3, 10)
    kwargs = {"perplexity": 3.0, "neighbours": 6, "paper_compat": paper_compat}
    q = weights_of(
        np.delete(x, labelled_rows, axis=0).tolist() + x[labelled_rows].tolist(), np.arange(20, 30), **kwargs
    )
    open_rows = np.setdiff1d(np.arange(30), labelled_rows)
    found = egl_plus_plus(probs, x, labelled_rows, labels, **kwargs)
    wanted = [
        sum(q[at, j] * softmax_gradient(probs[i], x[i], labels[j]) for j in range(10) if q[at, j] > 0)
        for at, i in enumerate(open_rows)
    ]
    assert np.allclose(found[open_rows], wanted, rtol=1e-4)
    assert (found[labelled_rows] == 0).all()


@pytest.mark.parametrize("own_targets", [False, True])
def test_heatmaps_against_autograd(own_targets):
    import torch

    n, D, J, H, W, m = 9, 4, 3, 5, 6, 4
    head = torch.nn.Conv2d(D, J, 1)
    maps = torch.from_numpy(RNG.normal(size=(n, D, H, W)).astype(np.float32))
    heatmaps = head(maps).detach().numpy()
    labelled_rows = np.array([1, 4, 6, 8])
    targets = None if own_targets else RNG.random((m, J, H, W)).astype(np.float32)
    visible = None if own_targets else RNG.random((m, J)) < 0.7
    kwargs = {"perplexity": 2.0, "neighbours": 3}
    found = egl_plus_plus_heatmaps(
        maps.numpy(), heatmaps, labelled_rows, targets=targets, visible=visible, **kwargs
    )
    q = np.zeros((n, m))
    pooled = maps.numpy().mean(axis=(2, 3))
    for rows, nearest, weights in soft_neighbours(pooled, labelled_rows, paper_compat=False, **kwargs):
        for row, near, weight in zip(rows, nearest, weights, strict=True):
            q[row, near] = weight
    aims = heatmaps[labelled_rows] if own_targets else targets
    seen = np.ones((m, J), bool) if own_targets else visible
    for i in set(range(n)) - set(labelled_rows.tolist()):
        wanted = 0.0
        for j in range(m):
            error = (head(maps[i : i + 1])[0] - torch.from_numpy(aims[j])) * torch.from_numpy(seen[j])[
                :, None, None
            ]
            grads = torch.autograd.grad((error**2).mean(), [*head.parameters()])
            wanted += q[i, j] * sum(float((g**2).sum()) for g in grads)
        assert found[i] == pytest.approx(wanted, rel=1e-4)
    assert (found[labelled_rows] == 0).all()


def test_it_sees_what_is_sure_and_wrong():
    probs = np.array([[0.99, 0.01], [0.5, 0.5], [0.01, 0.99], [0.99, 0.01]])
    x = np.array([[0.0], [2.0], [5.0], [5.1]])
    score = egl_plus_plus(probs, x, [0, 2], [0, 1], perplexity=1.1)
    assert score.argmax() == 3


def test_bad_input_is_refused():
    probs, x = np.full((4, 2), 0.5), np.arange(8.0).reshape(4, 2)
    for act, words in (
        (lambda: egl_plus_plus(probs, x, [], []), "none is labelled"),
        (lambda: egl_plus_plus(probs, x, range(4), [0] * 4), "all 4 rows are labelled"),
        (lambda: egl_plus_plus(probs, x, [0], [2]), r"0\.\.1"),
        (lambda: egl_plus_plus(probs, x, [0], [0], perplexity=1.0), "perplexity"),
        (lambda: egl_plus_plus(probs, x, [0], [0], neighbours=0), "neighbours"),
        (
            lambda: egl_plus_plus_heatmaps(np.ones((4, 2, 3, 3)), np.ones((4, 1, 3, 2)), [0]),
            "same items and pixels",
        ),
        (
            lambda: egl_plus_plus_heatmaps(
                np.ones((4, 2, 3, 3)), np.ones((4, 1, 3, 3)), [0], targets=np.ones((2, 1, 3, 3))
            ),
            r"\(1, 1, 3, 3\), not \(2, 1, 3, 3\)",
        ),
    ):
        with pytest.raises(QueryError, match=words):
            act()
