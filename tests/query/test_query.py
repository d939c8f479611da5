"""Scores by hand, picks by their stated probability, and what "auto" looks for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.bayes.graph import LiveGraph
from spin_nb.errors import QueryError
from spin_nb.query import auto, bald, entropy, epsilon_greedy, least_confident, margin

P = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [1.0, 0.0, 0.0], [0.6, 0.2, 0.2]], np.float32)


def test_scores_by_hand():
    assert np.allclose(margin(P), [1, 0.9, 0, 0.6], atol=1e-6)
    assert np.allclose(least_confident(P), [0.5, 0.6, 0, 0.4], atol=1e-6)
    assert np.allclose(entropy(P)[[0, 2]], [np.log(2), 0], atol=1e-6)
    assert entropy(P).argmax() == 1
    for score in (entropy(P), margin(P), least_confident(P), bald(P[None])):
        assert score.dtype == np.float32


@pytest.mark.parametrize(
    "bad",
    [
        np.array([[2.0, -1.0]]),
        np.array([[0.2, 0.2]]),
        np.array([[np.nan, 1.0]]),
        np.zeros((0, 3)),
        np.ones(3) / 3,
    ],
)
def test_what_is_no_probability_is_refused(bad):
    for score in (entropy, margin, least_confident):
        with pytest.raises(QueryError):
            score(bad)
    with pytest.raises(QueryError):
        bald(bad)


def test_ties_go_to_the_lowest_index():
    assert epsilon_greedy(np.zeros(5), 3, epsilon=1e-9, seed=0).indices.tolist() == [0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 20), data=st.data())
def test_picks_are_distinct_and_q_is_possible(seed, n, data):
    k = data.draw(st.integers(1, n))
    picked = epsilon_greedy(np.random.default_rng(seed).random(n), k, seed=seed)
    assert len(set(picked.indices.tolist())) == k
    assert ((picked.q > 0) & (picked.q <= 1)).all()


def test_q_is_the_frequency_with_which_items_are_drawn():
    scores, n = np.array([0.1, 0.9, 0.4]), 4000
    picks = [epsilon_greedy(scores, 2, epsilon=0.3, seed=s) for s in range(n)]
    first = np.bincount([p.indices[0] for p in picks], minlength=3) / n
    assert np.allclose(first, [0.1, 0.8, 0.1], atol=0.02)
    assert np.allclose(np.mean([1 / p.q[0] for p in picks]), 3, atol=0.35)  # sum over items of q / q
    top_first = [p for p in picks if p.indices[0] == 1]
    assert np.mean([p.indices[1] == 2 for p in top_first]) == pytest.approx(0.85, abs=0.03)
    assert {round(float(p.q[1]), 6) for p in top_first} == {0.85, 0.15}


@pytest.mark.parametrize("k", [0, -1, 5])
def test_asking_none_or_more_than_there_are_is_refused(k):
    with pytest.raises(QueryError, match=str(k)):
        epsilon_greedy(np.zeros(4), k, seed=0)


class State:
    """A hand-made regression posterior: prior identity, labels as rank-one updates."""

    def __init__(self, phi, rows=(), noise=0.2):
        self.phi = np.asarray(phi, np.float32)
        x = self.phi[list(rows)].astype(float)
        self.covariance = np.linalg.inv(np.eye(self.phi.shape[1]) + x.T @ x / noise**2)
        self.variance = np.einsum("nd,de,ne->n", self.phi, self.covariance, self.phi).astype(np.float32)
        self.scores = np.zeros((len(self.phi), 2), np.float32)

    def ask(self, k=1, candidates=None, **kwargs):
        candidates = np.arange(len(self.phi)) if candidates is None else np.asarray(candidates)
        state = self.phi, self.covariance, self.variance, self.scores
        return auto(*state, candidates, k, **{"epsilon": 1e-9, **kwargs})


# Three separate groups of 40, 20 and 10 equal items.
GROUPS = np.repeat(np.eye(3), [40, 20, 10], axis=0)


def test_without_labels_it_asks_the_largest_group_first():
    picked = State(GROUPS).ask(3)
    assert np.argmax(GROUPS[picked.indices], axis=1).tolist() == [0, 1, 2]
    assert picked.reason.startswith("exploring")


def test_without_labels_it_is_vopt():
    rng = np.random.default_rng(0)
    state = State(rng.standard_normal((50, 8)) / 3)
    shared = state.phi @ state.covariance @ state.phi.T
    gain = (shared**2).sum(axis=1) / (0.04 + np.diag(shared))
    assert state.ask().indices[0] == gain.argmax()


def test_what_is_pending_counts_as_labelled_and_is_not_asked_again():
    picked = State(GROUPS).ask(1, pending=(0,))
    assert 40 <= picked.indices[0] < 60


def test_it_refines_where_only_a_boundary_is_open():
    state = State(GROUPS, rows=[0, 1, 40, 41, 60, 61])
    state.scores[:, 0] = 0.9
    state.scores[40:60] = 0.05, 0.0  # the second group is nearly a tie
    picked = state.ask()
    assert 40 <= picked.indices[0] < 60
    assert picked.reason.startswith("refining")


def test_only_candidates_are_asked_each_once():
    picked = State(GROUPS).ask(4, candidates=[3, 45, 66, 69])
    assert sorted(picked.indices.tolist()) == [3, 45, 66, 69]


def test_the_mixture_reaches_every_candidate():
    picks = [State(GROUPS).ask(epsilon=0.5, seed=s) for s in range(300)]
    assert len({int(p.indices[0]) for p in picks}) > 40
    assert {round(float(p.q[0]), 4) for p in picks} == {round(0.5 + 0.5 / 70, 4), round(0.5 / 70, 4)}


def test_nothing_left_is_said():
    with pytest.raises(QueryError, match="nothing is left"):
        State(GROUPS).ask(1, candidates=[])
    with pytest.raises(QueryError, match="5 of 2"):
        State(GROUPS).ask(5, candidates=[1, 2])


def state(n=20, width=3):
    phi = np.random.default_rng(0).standard_normal((n, width)).astype(np.float32)
    return {
        "phi": phi,
        "covariance": np.eye(width),
        "variance": np.einsum("nd,nd->n", phi, phi),
        "scores": np.zeros((n, 2), np.float32),
        "candidates": np.arange(n),
        "k": 2,
    }


NAN = np.full((20, 3), np.nan, np.float32)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"k": 2.0}, "2.0"),
        ({"k": True}, "True"),
        ({"candidates": np.ones(20, bool)}, "bool"),
        ({"candidates": [-1]}, r"0\.\.19"),
        ({"pending": [20]}, "pending"),
        ({"variance": np.ones(19, np.float32)}, r"\(19,\).*20"),
        ({"scores": np.zeros((2, 20), np.float32)}, r"\(2, 20\).*20"),
        ({"scores": np.zeros((20, 1), np.float32)}, r"\(20, 1\)"),
        ({"covariance": np.eye(2)}, r"\(2, 2\).*\(20, 3\)"),
        ({"phi": NAN}, "NaN"),
        ({"covariance": np.full((3, 3), np.nan)}, "NaN"),
        ({"variance": np.full(20, np.nan, np.float32)}, "NaN"),
        ({"scores": NAN[:, :2]}, "NaN"),
    ],
)
def test_auto_refuses_what_does_not_fit_together(change, says):
    with pytest.raises(QueryError, match=says):
        auto(**(state() | change))


def test_waiting_items_count_once_and_all_at_once_as_one_by_one():
    once, twice = (auto(**state(), pending=rows, epsilon=1e-12) for rows in ([3, 5], [3, 5, 3]))
    assert np.array_equal(once.scores, twice.scores)
    known = state()
    for row in (3, 5):
        x = known["phi"][row].astype(float)
        along = known["covariance"] @ x
        known["covariance"] = known["covariance"] - np.outer(along, along) / (0.04 + x @ along)
    known["variance"] = np.einsum("nd,de,ne->n", known["phi"], known["covariance"], known["phi"]).astype("f4")
    known["candidates"] = np.setdiff1d(np.arange(20), [3, 5])
    told = auto(**known, epsilon=1e-12)
    assert told.indices.tolist() == once.indices.tolist()
    assert np.allclose(told.scores, once.scores, rtol=1e-3)


def test_a_batch_is_what_single_asks_would_be_if_every_label_were_the_likeliest_one():
    rng = np.random.default_rng(4)
    live = LiveGraph(rng.standard_normal((60, 6)).astype(np.float32) / 2, n_classes=3)
    for row, y in [(0, 0), (1, 1), (2, 2), (3, 0)]:
        live.update(row, y)

    def ask(k, free):
        known = live.phi, live.covariance, live.variance, live.scores
        return auto(*known, np.array(free), k, noise=live.noise, epsilon=1e-12)

    batch, free = ask(6, range(4, 60)), list(range(4, 60))
    for row, score in zip(batch.indices, batch.scores, strict=True):
        one = ask(1, free)
        assert one.indices[0] == row
        assert np.isclose(one.scores[0], score, rtol=1e-3)
        live.update(int(row), int(live.scores[row].argmax()))
        free.remove(row)
