"""A strategy gets what it names, chance is really mixed in, and what breaks the contract is told."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.protocols import wants
from spin_nb.query import badge, entropy, epsilon_greedy, kcenter, power, uniform
from spin_nb.query.call import ask_by
from spin_nb.query.mixture import epsilon_greedy_batch, make_picked, sample_proportional
from spin_nb.types import Picked

P = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [1.0, 0.0, 0.0], [0.6, 0.2, 0.2]], np.float32)
GIVEN = {"probs": P, "features": np.eye(4, dtype=np.float32), "labelled_rows": np.empty(0, int)}


def ask(strategy, k=1, free=(0, 1, 2, 3), seed=0):
    return ask_by(strategy, GIVEN.__getitem__, 4, k, free=np.array(free), seed=seed)


def test_a_score_is_asked_highest_first_and_a_batch_as_it_is():
    best = [int(ask(entropy, seed=s).indices[0]) for s in range(200)]
    assert np.mean(np.array(best) == 1) == pytest.approx(0.95 + 0.05 / 4, abs=0.04)
    assert ask(entropy).reason == "highest entropy"
    assert ask(kcenter, k=2).indices.shape == (2,)


def test_it_is_given_what_it_names_and_nothing_else():
    heard = {}

    def mine(features, k, *, power=3, seed=0):
        heard.update(features=features, k=k, seed=seed, power=power)
        return epsilon_greedy(features[:, 0], k, seed=seed)

    assert wants(mine) == ("features", "k", "seed")
    assert ask(mine, k=2, seed=7).indices[0] == 0
    assert heard["k"] == 2
    assert heard["seed"] == 7
    assert heard["power"] == 3
    assert heard["features"] is GIVEN["features"]


def test_only_free_rows_are_asked():
    assert set(ask(entropy, k=2, free=(2, 3)).indices.tolist()) == {2, 3}
    with pytest.raises(QueryError, match="did not pick 1 different rows of 2"):
        ask(lambda probs, k: Picked(np.array([0]), np.ones(1), np.ones(1)), free=(2, 3))


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("entropy", "is no strategy"),
        (lambda probs, colour: probs, "asks for 'colour'"),
        (lambda probs: probs, "not a score for each of 4 rows"),
        (lambda probs: ["a"] * 4, "not a score"),
        (lambda probs: 1 / 0, "ZeroDivisionError"),
        (lambda probs, k: [1], "not Picked"),
        (lambda probs, k: Picked(np.array([9]), np.ones(1), np.ones(1)), "did not pick 1 different rows"),
        (lambda probs, k: Picked(np.array([1]), np.ones(1), np.zeros(1)), "q outside"),
    ],
)
def test_what_breaks_the_contract_is_told(broken, says):
    with pytest.raises(QueryError, match=says) as caught:
        ask(broken)
    assert "check_strategy" in str(caught.value)


def frequencies(draw, n, times=4000):
    picks = [draw(seed) for seed in range(times)]
    first = np.bincount([p.indices[0] for p in picks], minlength=n) / times
    inverse = (
        np.bincount([p.indices[0] for p in picks], weights=[1 / p.q[0] for p in picks], minlength=n) / times
    )
    return first, inverse


def test_a_batch_without_chance_is_mixed_with_uniform_picks_at_the_probability_it_says():
    batch = make_picked([2, 0], [0.9, 0.5], 4, "because")
    assert not batch.is_sampled
    first, inverse = frequencies(lambda s: epsilon_greedy_batch(batch, np.arange(4), epsilon=0.2, seed=s), 4)
    assert np.allclose(first, [0.05, 0.05, 0.85, 0.05], atol=0.02)
    assert np.allclose(inverse, 1, atol=0.35)
    some = [epsilon_greedy_batch(batch, np.arange(4), epsilon=0.2, seed=s) for s in range(50)]
    assert all(len(set(p.indices.tolist())) == 2 and p.reason == "because" for p in some)


def test_strategies_that_draw_say_the_probability_they_drew_with():
    scores = np.array([0.0, 1.0, 2.0, 5.0])
    for draw in (lambda s: power(scores, 1, seed=s), lambda s: badge(P, GIVEN["features"], 1, seed=s)):
        first, inverse = frequencies(draw, 4)
        assert draw(0).is_sampled
        assert np.allclose(inverse, 1, atol=0.35), "sum over rows of 1/q is n where q is the frequency"
        assert first.min() > 0.005, "every row can be asked"


def test_random_is_uniform_and_says_so():
    picks = [uniform(P, 2, seed=s) for s in range(2000)]
    assert np.allclose(np.bincount([p.indices[0] for p in picks]) / 2000, 0.25, atol=0.04)
    assert np.allclose(picks[0].q, [1 / 4, 1 / 3])


def test_a_row_is_drawn_by_its_weight_and_a_uniform_share():
    rng, left = np.random.default_rng(0), np.array([True, True, False, True])
    rows, q = zip(
        *(sample_proportional(np.array([1.0, 0, 7, 3]), left, rng, epsilon=0.3) for _ in range(4000)),
        strict=True,
    )
    expected = np.array([0.7 / 4 + 0.1, 0.1, 0, 0.7 * 3 / 4 + 0.1])
    assert np.allclose(np.bincount(rows, minlength=4) / 4000, expected, atol=0.03)
    assert {round(value, 4) for value in q} == {round(value, 4) for value in expected if value}


def test_a_batch_is_equal_to_itself_alone_and_can_be_a_key():
    one, other = (Picked(np.array([1]), np.float32([0.5]), np.array([0.9])) for _ in range(2))
    assert one == one
    assert one != other
    assert len({one, other}) == 2
