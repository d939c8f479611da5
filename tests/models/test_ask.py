"""Every strategy by its word, on a learner with labels and items that wait for an answer."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.models.ask import StrategyInputs, ask
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.learner import Learner
from spin_nb.pool.features.neighbours import neighbours
from spin_nb.protocols import STRATEGY_ARRAYS
from spin_nb.query import auto, bald
from spin_nb.registry import words

PENDING = (7, 8)
LABELS = {0: 0, 1: 1, 2: 2, 3: 0}


def labelled(labels):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(90, 6)) + 4 * np.eye(6)[np.arange(90) % 3]).astype(np.float32)
    learner = Learner(x, *neighbours(x, 10), 3)
    for row, y in labels.items():
        learner.label(row, y)
    return learner


@pytest.fixture(scope="module")
def learner():
    return labelled(LABELS)


@pytest.mark.parametrize("word", ["auto", *sorted(words("strategy"))])
def test_it_asks_free_rows_of_the_pool_each_once_with_a_probability(learner, word):
    candidates = np.arange(4, 80)
    for seed in range(3):
        picked = ask(learner, 5, candidates, strategy=word, pending=PENDING, seed=seed)
        again = ask(learner, 5, candidates, strategy=word, pending=PENDING, seed=seed)
        rows = set(picked.indices.tolist())
        assert len(rows) == 5
        assert rows <= set(candidates.tolist()) - set(PENDING)
        assert ((picked.q > 0) & (picked.q < 1)).all()
        assert picked.is_sampled, "what is recorded was really drawn"
        assert picked.indices.tolist() == again.indices.tolist()


def test_auto_judges_by_the_head_shown():
    learner = labelled({row: row % 3 for row in range(30)})
    learner.adopt(fit_heads(learner, learner.graph.rows, learner.graph.y))
    assert learner.head == "mean"
    g, free = learner.graph, np.arange(30, 90)
    state = (g.phi, g.covariance, g.variance, g.scores, free, 5)
    expected = auto(*state, probs=learner.predictive("mean").mean, n_labels=30, noise=g.noise, seed=1)
    picked = ask(learner, 5, free, seed=1)
    assert picked.indices.tolist() == expected.indices.tolist()
    assert np.array_equal(picked.scores, expected.scores)


def test_what_a_strategy_names_is_of_the_rows_it_is_asked_about(learner):
    heard = {}

    def mine(
        features,
        labelled_rows,
        pool_rows,
        labels,
        probs,
        draws,
        target_draws,
        scores,
        score_means,
        phi,
        variance,
        k,
        *,
        seed,
    ):
        heard.update({name: value for name, value in locals().items() if name in STRATEGY_ARRAYS})
        raise QueryError("heard", "enough")

    with pytest.raises(QueryError, match="heard"):
        ask(learner, 2, np.arange(4, 80), strategy=mine, pending=PENDING, seed=3)
    free = np.setdiff1d(np.arange(4, 80), PENDING)
    rows = np.concatenate([free, list(LABELS), PENDING])
    expected = learner.predictive().mean
    assert heard["labelled_rows"].tolist() == list(range(len(free), len(rows)))
    assert heard["pool_rows"].tolist() == rows.tolist()
    assert heard["labels"].tolist() == [*LABELS.values(), *expected[list(PENDING)].argmax(axis=1)]
    for name, whole in (
        ("features", learner.features),
        ("probs", expected),
        ("phi", learner.graph.phi),
        ("variance", learner.graph.variance),
        ("score_means", learner.graph.scores),
    ):
        assert np.array_equal(heard[name], whole[rows]), name
    assert np.array_equal(heard["draws"], learner.predictive().draws(rows, len(heard["draws"]), 3))
    assert np.array_equal(heard["scores"], bald(heard["draws"]))
    assert heard["target_draws"].shape == (len(heard["draws"]), len(learner), 3)


def test_every_name_of_the_contract_is_given(learner):
    given = StrategyInputs(learner, np.arange(5), 5, 0, 0)
    for name in STRATEGY_ARRAYS:
        assert name == "labels" or given(name) is not None
