"""Learning loss: it ranks by the loss it was shown, whatever its scale, and only where there is something to learn."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import learning_loss, predicted_loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 5)).astype(np.float32)
LOSS = np.maximum(X[:, 0], 0) + 0.5 * np.abs(X[:, 1])
KNOWN = np.arange(120)


def rank_correlation(a, b):
    return np.corrcoef(np.argsort(np.argsort(a)), np.argsort(np.argsort(b)))[0, 1]


def test_it_ranks_unseen_items_by_their_loss():
    score = predicted_loss(X, KNOWN, LOSS[KNOWN])
    assert score.dtype == np.float32
    assert rank_correlation(score[120:], LOSS[120:]) > 0.85


def test_the_scale_of_the_losses_and_of_the_features_does_not_matter():
    score = predicted_loss(X, KNOWN, LOSS[KNOWN])
    assert np.allclose(predicted_loss(X, KNOWN, LOSS[KNOWN] / 1024), score)
    assert np.allclose(predicted_loss(X * 100 + 3, KNOWN, LOSS[KNOWN]), score, atol=0.05)


def test_pairs_teach_the_margin_loss_of_the_paper():
    import torch

    from spin_nb.query.gradients.learning_loss import MARGIN, _train

    w1, b1, w2 = _train(X[:40], LOSS[:40].astype(np.float32), seed=1)
    score = torch.relu(torch.from_numpy(X[:40] @ w1 + b1)) @ torch.from_numpy(w2)
    i, j = np.triu_indices(40, 1)
    apart = np.sign(LOSS[i] - LOSS[j]) * (score[i] - score[j]).numpy()
    assert (apart > 0).mean() > 0.9
    assert np.median(apart) > MARGIN / 2


def test_losses_of_classes_are_minus_the_log_of_the_labels_probability():
    probs = RNG.dirichlet(np.ones(3), 300).astype(np.float32)
    labels = RNG.integers(0, 3, 120)
    losses = -np.log(probs[KNOWN, labels])
    assert np.allclose(
        learning_loss(probs, X, KNOWN, labels, seed=4), predicted_loss(X, KNOWN, losses, seed=4)
    )


def test_it_is_seeded_and_leaves_torchs_own_generator_alone():
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, again, other = (predicted_loss(X, KNOWN[:9], LOSS[:9], seed=s) for s in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert (one == again).all()
    assert not (one == other).all()


def test_degenerate_labels_still_give_numbers():
    constant = np.ones((10, 3))
    for losses in (np.zeros(4), np.arange(4.0)):
        assert np.isfinite(predicted_loss(constant, np.arange(4), losses)).all()
    assert np.isfinite(predicted_loss(X[:10], [0, 1], [0.0, 1.0])).all()
    assert np.isfinite(predicted_loss(X[:10], [0, 1, 2], [0.0, 1.0, 2.0])).all()


def test_bad_input_is_refused():
    for act, words in (
        (lambda: predicted_loss(X, [0], [1.0]), "1 is too few"),
        (lambda: predicted_loss(X, [0, 1], [1.0]), r"\(1,\).*\(2,\)"),
        (lambda: predicted_loss(X, [0, 1], [1.0, np.nan]), "NaN"),
    ):
        with pytest.raises(QueryError, match=words):
            act()
