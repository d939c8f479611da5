"""What "auto" asks where trees are shown: small margins, the rare class's turn, nothing twice."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query.rare import ASKS_PER_TURN, Rare
from spin_nb.query.refine import refine

NEVER = 1e-12  # share of uniform picks


def probs(rare):
    rare = np.asarray(rare, np.float32)
    return np.stack([1 - rare, rare], axis=1)


def line(n, scale=0.5):
    """Items one apart, each its own surroundings."""
    return np.arange(n, dtype=np.float32)[:, None], np.full(n, scale, np.float32)


def ask(p, k, *, x=None, candidates=None, epsilon=NEVER, **more):
    x, scales = line(len(p)) if x is None else x
    candidates = np.arange(len(p)) if candidates is None else np.asarray(candidates)
    return refine(probs(p), x, scales, candidates, k, epsilon=epsilon, **more)


def test_the_least_decided_come_first_and_ties_go_to_the_lowest_row():
    picked = ask([0.1, 0.5, 0.45, 0.9, 0.5], 4)
    assert picked.indices.tolist() == [1, 4, 2, 0]
    assert np.allclose(picked.scores, [1, 1, 0.9, 0.2], atol=1e-6)


def test_one_ask_in_four_is_the_likeliest_member_of_the_rare_class():
    p = [0.5, 0.49, 0.48, 0.47, 0.46, 0.45, 0.97, 0.96, 0.02]

    def rare(n_asked):
        return Rare(probs(p)[:, 1], n_asked)

    assert ask(p, 5, rare=rare(12)).indices.tolist() == [6, 0, 1, 2, 7]
    assert "rarest class" in ask(p, 1, rare=rare(12)).reason
    one_by_one = [ask(p, 1, rare=rare(12 + n)).indices[0] for n in range(ASKS_PER_TURN)]
    assert one_by_one == [6, 0, 0, 0]


def test_near_duplicates_are_passed_over_as_long_as_there_are_others():
    x = np.array([[0], [0.1], [0.2], [5], [5.1]], np.float32)
    p = [0.5, 0.5, 0.5, 0.4, 0.4]
    batch = ask(p, 4, x=(x, np.full(5, 0.5, np.float32)))
    assert batch.indices.tolist() == [0, 3, 1, 2]


def test_items_that_wait_are_not_asked_again_nor_are_their_neighbours():
    x = np.array([[0], [0.1], [5]], np.float32), np.full(3, 0.5, np.float32)
    assert ask([0.5, 0.5, 0.9], 1, x=x, pending=[0]).indices.tolist() == [2]


def test_exact_duplicates_do_not_fill_a_batch():
    rng = np.random.default_rng(0)
    once = rng.standard_normal((40, 3)).astype(np.float32)
    x, p = np.repeat(once, 10, axis=0), np.repeat(rng.uniform(0.3, 0.7, 40), 10)
    batch = ask(p, 20, x=(x, np.full(400, 1e-3, np.float32)))
    assert len(np.unique(batch.indices // 10)) == 20


def test_q_is_the_share_of_the_mixture():
    p, n = [0.5, 0.4, 0.1], 3000
    picks = [ask(p, 1, epsilon=0.3, seed=seed) for seed in range(n)]
    share = np.bincount([int(one.indices[0]) for one in picks], minlength=3) / n
    assert np.allclose(share, [0.8, 0.1, 0.1], atol=0.025)
    assert {round(float(one.q[0]), 6) for one in picks} == {0.8, 0.1}


@pytest.mark.parametrize(
    ("candidates", "pending", "k"), [([], [], 1), ([0], [0], 1), ([0, 1], [], 3), ([0, 1], [], 0)]
)
def test_what_cannot_be_asked_is_refused(candidates, pending, k):
    with pytest.raises(QueryError):
        ask([0.5, 0.5], k, candidates=np.array(candidates, np.int64), pending=pending)


def test_a_large_pool_is_looked_at_no_further_than_needed():
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    x = rng.standard_normal((200_000, 8)).astype(np.float32), np.full(200_000, 1e-3, np.float32)
    best = np.argsort(np.abs(p - 0.5), kind="stable")[:50]
    assert ask(p, 50, x=x).indices.tolist() == best.tolist()


def test_a_whole_pool_of_near_items_is_asked_without_looking_at_every_pair_again():
    n = 3000
    x = np.random.default_rng(0).standard_normal((n, 8)).astype(np.float32), np.full(n, 50, np.float32)
    p = np.random.default_rng(1).random(n)
    order = np.argsort(np.abs(p - 0.5).astype(np.float32), kind="stable")
    picked = ask(p, n, x=x).indices
    assert sorted(picked.tolist()) == list(range(n))
    assert picked[:50].tolist() == order[:50].tolist()


def wrong():
    """(what is wrong, what the error must name)."""
    x, p = np.zeros((4, 2), np.float32), probs([0.5, 0.4, 0.3, 0.2])
    fine = {"probs": p, "features": x, "scales": np.ones(4, np.float32), "candidates": np.arange(4), "k": 2}
    bad = [
        ({"k": 2.0}, "2.0"),
        ({"k": True}, "True"),
        ({"candidates": np.ones(4, bool)}, "bool"),
        ({"candidates": [4]}, "0..3"),
        ({"candidates": [-1]}, "0..3"),
        ({"pending": [9]}, "pending"),
        ({"pending": [0.5]}, "float64"),
        ({"probs": p[:3]}, r"\(3, 2\)"),
        ({"scales": np.ones(3, np.float32)}, r"\(3,\)"),
        ({"probs": p * 2}, "sum"),
    ]
    return [(fine | change, says) for change, says in bad]


@pytest.mark.parametrize(("arguments", "says"), wrong())
def test_bad_input_is_refused_with_both_shapes(arguments, says):
    with pytest.raises(QueryError, match=says):
        refine(**arguments)
