"""Mixes: known answers, the chance of every pick, and what is refused."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb import testing
from spin_nb.errors import QueryError, UnknownWordError
from spin_nb.protocols import wants
from spin_nb.query import badge, best_then, kcenter, margin, per_cost, phases, product, typiclust, weighted
from spin_nb.query.call import ask_by
from spin_nb.query.mixed.scores import ranks

RNG = np.random.default_rng(0)


def first(features):
    return features[:, 0].copy()


def second(features):
    return features[:, 1].copy()


COLUMNS = np.array([[1.0, 1], [2, 50], [3, 20], [4, 10], [5, -1e9]], np.float32)


def arrays(n=40, n_labelled=6, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "probs": rng.dirichlet(np.ones(3), n).astype(np.float32),
        "features": rng.normal(size=(n, 4)).astype(np.float32),
        "labelled_rows": np.arange(n - n_labelled, n),
        "pool_rows": np.arange(n),
    }


def ask(strategy, given, k, seed=0):
    n = len(given["features"])
    free = np.setdiff1d(np.arange(n), given["labelled_rows"])
    return ask_by(strategy, given.__getitem__, n, k, free=free, seed=seed)


def test_ranks_are_shares_of_lower_scores():
    assert ranks(np.array([3.0, 1.0, 2.0])).tolist() == pytest.approx([5 / 6, 1 / 6, 3 / 6])
    assert ranks(np.array([2.0, 2.0])).tolist() == [0.5, 0.5]
    assert ranks(np.array([-np.inf, np.inf])).tolist() == [0.25, 0.75]


def test_a_weighted_sum_by_hand():
    one, two = np.array([1, 3, 5, 7, 9]) / 10, np.array([3, 9, 7, 5, 1]) / 10
    assert np.allclose(weighted({first: 1, second: 0.5})(features=COLUMNS), one + two / 2)
    assert np.allclose(weighted({first: 1, second: -1})(features=COLUMNS), one - two)
    assert np.allclose(product(first, second)(features=COLUMNS), np.sqrt(one * two))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), power=st.sampled_from([1, 3, 9]))
def test_heavy_tails_change_nothing(seed, power):
    x = np.random.default_rng(seed).normal(size=(30, 2)).astype(np.float32)
    for mix in (weighted({first: 1, second: 2}), product(first, second)):
        assert np.array_equal(mix(features=x), mix(features=x**power))


def test_labelled_rows_come_last_and_do_not_count():
    given = arrays()
    mix = weighted({"margin": 1, "novelty": 0.5})
    scores = mix(**{name: given[name] for name in wants(mix)})
    assert (scores[-6:] == 0).all()
    assert (scores[:-6] > 0).all()
    low = weighted({"margin": -1, "embedding_distance": 0.1})
    assert low(**{name: given[name] for name in wants(low)})[-6:].max() == -1
    alone = weighted({"margin": 1})(probs=given["probs"])
    without = weighted({"margin": 1})(probs=given["probs"][:-6])
    assert np.array_equal(ranks(alone[:-6]), ranks(without))


def test_mixes_are_parts_of_mixes():
    mix = weighted({product("margin", "density"): 1, weighted({"outlier": -1}): 0.1})
    assert wants(mix) == ("probs", "features")
    assert best_then(mix, 20, "kcenter").__name__ == "kcenter of 20 by margin x density + 0.1 -1 outlier"
    testing.check_strategy(mix)


MIXES = {
    "margin + 0.5 novelty": weighted({"margin": 1, "novelty": 0.5}),
    "bald x density": product("bald", "density"),
    "margin per cost": per_cost("margin", np.linspace(1, 2, 56)),
    "kcenter of 20 by margin": best_then("margin", 20, "kcenter"),
    "badge of 20 by bald": best_then("bald", 20, "badge"),
    "batchbald of 30 by entropy": best_then("entropy", 30, "batchbald"),
    "class_balanced of 30 by model_change": best_then("model_change", 30, "class_balanced"),
    "typiclust until 3, then margin": phases([(3, "typiclust"), (None, "margin")]),
    "kcenter until 50, then power": phases([(50, "kcenter"), (None, "power")]),
}


@pytest.mark.parametrize("name", MIXES)
def test_mixes_are_strategies(name):
    mix = MIXES[name]
    assert mix.__name__ == name
    assert mix.__doc__
    assert "labelled_rows" not in str(signature(mix)) or "labelled_rows=None" in str(signature(mix))
    testing.check_strategy(mix)


def test_the_best_are_filtered_then_covered():
    given = arrays()
    picked = best_then("margin", 10, "kcenter")(**given_for(given, best_then("margin", 10, "kcenter")), k=3)
    best = np.sort(np.argsort(-margin(given["probs"][:34]), kind="stable")[:10])
    rows = [*best, *given["labelled_rows"]]
    alone = kcenter(given["features"][rows], 3, labelled_rows=np.arange(10, 16))
    assert picked.indices.tolist() == best[alone.indices].tolist()
    assert np.array_equal(picked.scores, alone.scores)
    assert "among the 10 highest margin" in picked.reason
    assert not picked.is_sampled


def given_for(given, mix):
    return {name: given[name] for name in wants(mix) if name in given}


def test_as_many_pass_as_are_asked_for():
    given = arrays()
    mix = best_then("margin", 1, "kcenter")
    assert len(mix(**given_for(given, mix), k=12).indices) == 12


@pytest.mark.parametrize("batch", ["kcenter", "badge", "kmeans_pp", "power_bald"])
def test_q_is_the_frequency_of_a_pick_and_every_row_can_be_asked(batch):
    """Given the batch that was drawn; the uniform share reaches rows that did not pass the filter."""
    given = arrays(8, 1) | {"draws": RNG.dirichlet(np.ones(3), (4, 8)).astype(np.float32)}
    mix = best_then("margin", 3, batch)
    picks = [ask(mix, given, 1, seed=seed) for seed in range(1500)]
    rows, q = (np.array([getattr(p, name)[0] for p in picks]) for name in ("indices", "q"))
    share = np.bincount(rows, minlength=8) / len(picks)
    passed = np.argsort(-margin(given["probs"][:7]), kind="stable")[:3]
    outside = np.setdiff1d(np.arange(7), passed)
    assert share[7] == 0
    assert np.allclose(share[outside], 0.05 / 7, atol=0.009)
    assert set(np.round(q, 6)) == {round(0.05 / 7, 6), round(0.95 + 0.05 / 7, 6)}
    weights = np.bincount(rows, weights=1 / q, minlength=8) / len(picks)
    assert weights[:7].sum() == pytest.approx(7, abs=1.8), "weights of 1/q sum to the number of rows"


def test_q_of_scores_is_that_of_the_mixture():
    given = arrays()
    for mix in (weighted({"margin": 1, "novelty": 1}), per_cost("margin", np.ones(40))):
        picked = ask(mix, given, 3)
        uniform = 0.05 / np.array([34, 33, 32])
        assert (np.isclose(picked.q, 0.95 + uniform) | np.isclose(picked.q, uniform)).all()
    assert ask(weighted({"margin": 1}), given, 1).reason == "highest margin"


def test_phases_go_by_the_number_of_labels():
    given = arrays(n_labelled=6)
    early, late = phases([(7, "typiclust"), (None, "margin")]), phases([(6, "typiclust"), (None, "margin")])
    picked = early(**given_for(given, early), k=2, seed=4)
    alone = typiclust(given["features"], 2, labelled_rows=given["labelled_rows"], seed=4)
    assert picked.indices.tolist() == alone.indices.tolist()
    assert picked.reason.endswith("until there are 7 labels")
    assert not picked.is_sampled
    picked = late(**given_for(given, late), k=1, seed=4)
    assert picked.indices[0] == margin(given["probs"][:34]).argmax()
    assert picked.is_sampled
    assert picked.reason == "highest margin"


def test_a_batch_that_draws_keeps_its_q_in_a_phase():
    given = arrays()
    mix = phases([(None, "badge")])
    picked = mix(**given_for(given, mix), k=3, seed=1)
    alone = badge(given["probs"], given["features"], 3, labelled_rows=given["labelled_rows"], seed=1)
    assert np.array_equal(picked.q, alone.q)
    assert ask(mix, given, 3, seed=1).indices.tolist() == alone.indices.tolist()


def test_costs_are_those_of_the_pools_rows():
    probs = np.array([[0.5, 0.5], [0.6, 0.4]], np.float32)
    mix = per_cost("margin", [9, 9, 2, 9, 0.5])
    assert np.allclose(mix(probs=probs, pool_rows=np.array([4, 2])), margin(probs) / [0.5, 2])
    ranked = per_cost(weighted({"activation": 1}), [1.0, 2.0])
    assert ranked(features=COLUMNS[:2], pool_rows=np.arange(2)).tolist() == [0.75, 0.125]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: weighted({}), "weighs no scores"),
        (lambda: weighted("margin"), "weighs no scores"),
        (lambda: weighted({"margin": np.nan}), "no weight"),
        (lambda: weighted({"margin": "much"}), "'much' is no weight"),
        (lambda: weighted({"margin": True}), "no weight"),
        (lambda: weighted({"margin": 0}), "all weights are 0"),
        (lambda: weighted({"kcenter": 1}), "'kcenter' chooses a batch"),
        (lambda: weighted({"auto": 1}), "'auto' is no part"),
        (lambda: weighted({3: 1}), "3 is no strategy"),
        (lambda: product(), "product of no scores"),
        (lambda: product("margin", "badge"), "'badge' chooses a batch"),
        (lambda: per_cost("typiclust", [1.0]), "'typiclust' chooses a batch"),
        (lambda: per_cost("margin", [1.0, 0.0]), "above 0"),
        (lambda: per_cost("margin", [1.0, np.inf]), "NaN or infinity"),
        (lambda: per_cost("margin", "cheap"), "must be numbers"),
        (lambda: per_cost("margin", [1.0])(probs=np.eye(2), pool_rows=np.arange(2)), "1 costs"),
        (lambda: per_cost("activation", [1.0])(features=np.ones((1, 2)), pool_rows=[0]), "below 0"),
        (lambda: best_then("kcenter", 5, "margin"), "'kcenter' chooses a batch"),
        (lambda: best_then("margin", 5, "entropy"), "'entropy' is a score"),
        (lambda: best_then("margin", 0, "kcenter"), "0 rows cannot pass"),
        (lambda: best_then("margin", 2.5, "kcenter"), "2.5 rows cannot pass"),
        (lambda: phases([]), "are no phases"),
        (lambda: phases("typiclust"), "are no phases"),
        (lambda: phases([(50, "margin", 2), (None, "bald")]), "are no phases"),
        (lambda: phases([(50, "margin")]), "the last phase ends"),
        (lambda: phases([(None, "bald"), (None, "margin")]), "no numbers of labels"),
        (lambda: phases([(50, "bald"), (50, "egl"), (None, "margin")]), "does not rise"),
        (lambda: phases([(0, "bald"), (None, "margin")]), "no numbers of labels"),
        (lambda: weighted({lambda features: np.full(5, np.nan): 1})(features=COLUMNS), "lambda.*NaN"),
        (lambda: weighted({lambda features: [1.0]: 1})(features=COLUMNS), "lambda"),
        (
            lambda: best_then(first, 3, lambda features, k: [0])(features=COLUMNS, labelled_rows=[], k=1),
            "not Picked",
        ),
    ],
)
def test_what_cannot_be_mixed_is_refused(call, says):
    with pytest.raises(QueryError, match=says) as caught:
        call()
    assert caught.value.do


def test_an_unknown_word_is_told_at_once():
    with pytest.raises(UnknownWordError, match="did you mean 'margin'"):
        weighted({"margn": 1})
    with pytest.raises(UnknownWordError):
        phases([(5, "typiclus"), (None, "margin")])
