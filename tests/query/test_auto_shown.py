"""What "auto" asks once a head is shown: decisions likely to be wrong, by labels that tell something."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from tests.query.test_query import GROUPS, State

NOISE = 0.2


def posterior(n=40, width=5, labelled=(0, 1, 2)):
    rng = np.random.default_rng(2)
    state = State(rng.standard_normal((n, width)) / 2, rows=labelled)
    state.scores = (rng.standard_normal((n, 3)) / 3).astype(np.float32)
    return state, rng.dirichlet([1, 1, 1], n).astype(np.float32)


def test_without_labels_the_graph_judges_alone():
    state, probs = posterior()
    graph, shown = state.ask(5), state.ask(5, probs=probs, n_labels=0)
    assert graph.indices.tolist() == shown.indices.tolist()
    assert np.array_equal(graph.scores, shown.scores)


def test_the_first_pick_is_the_formula_of_the_docstring():
    from scipy.stats import norm

    state, probs = posterior()
    two = np.sort(state.scores, axis=1)[:, -2:]
    by_graph = norm.cdf(-(two[:, 1] - two[:, 0]) / np.sqrt(2 * state.variance))
    shared = state.phi @ state.covariance @ state.phi.T
    total = NOISE**2 + state.variance
    a = (by_graph + 1 - probs.max(axis=1)) / 2  # twenty labels weigh as much as the graph
    unknown = NOISE**2 + np.mean(np.sum(state.phi**2, axis=1))
    s = (total + (1 - np.sum(probs**2, axis=1)) / (2 / 3) * unknown) / 2
    score = (shared**2 @ a) / len(a) * s / total**2
    picked = state.ask(probs=probs, n_labels=20)
    assert picked.indices[0] == score.argmax() != state.ask().indices[0]
    assert picked.scores[0] == pytest.approx(score.max(), rel=1e-4)


def test_it_asks_where_the_head_shown_is_undecided_though_the_graph_is_not():
    state = State(GROUPS, rows=[0, 1, 40, 41, 60, 61])
    state.scores[:, 0] = 0.9
    probs = np.tile(np.array([0.99, 0.01], np.float32), (70, 1))
    probs[60:] = 0.5
    assert state.ask(probs=probs, n_labels=200).indices[0] >= 60


def test_a_label_that_can_be_foretold_is_not_asked():
    state = State(GROUPS, rows=[0, 1, 40, 41, 60, 61])
    probs = np.full((70, 2), 0.5, np.float32)
    probs[:39] = 0.999, 0.001
    assert state.ask(probs=probs, n_labels=10**6, candidates=np.arange(40)).indices[0] == 39


def test_an_outlier_is_not_chased():
    rng = np.random.default_rng(0)
    phi = np.concatenate([rng.normal([1, 0], 0.1, (30, 2)), rng.normal([0, 1], 0.1, (20, 2)), [[30, 3]]])
    state = State(phi, rows=[0, 30])
    assert state.ask().indices[0] == 50
    assert state.ask(probs=np.full((51, 2), 0.5, np.float32), n_labels=40).indices[0] < 50


def test_a_batch_does_not_settle_one_group_twice():
    probs = np.full((70, 2), 0.5, np.float32)
    picked = State(GROUPS).ask(3, probs=probs, n_labels=100)
    assert sorted(np.argmax(GROUPS[picked.indices], axis=1)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("probs", "says"),
    [
        (np.full((69, 2), 0.5), r"\(69, 2\).*70"),
        (np.full((70, 2), 3.0), "sum to 1"),
        (np.full((70, 2), np.nan), "probs"),
        (np.ones((70, 1)), "single class"),
    ],
)
def test_what_are_no_probabilities_of_the_pool_is_refused(probs, says):
    with pytest.raises(QueryError, match=says):
        State(GROUPS).ask(probs=probs, n_labels=20)


@pytest.mark.parametrize("n_labels", [-1, 2.5, "many", None])
def test_what_is_no_number_of_labels_is_refused(n_labels):
    with pytest.raises(QueryError, match=str(n_labels)):
        State(GROUPS).ask(probs=np.full((70, 2), 0.5, np.float32), n_labels=n_labels)
