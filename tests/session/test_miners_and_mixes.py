"""Miners and mixes in a session: by word, by object, and with the costs of a pool."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import query
from spin_nb.errors import QueryError

MINERS = ("activation", "embedding_distance", "novelty", "outlier", "similar")


def check(s, asked, k):
    assert len(set(asked.ids)) == k
    assert not set(asked.ids) & set(s.labels["item"])
    assert all(0 < q <= 1 for q in asked.q)
    last = s.asks.tail(k)
    assert last["item"].to_list() == list(asked.ids)
    assert last["q"].to_list() == list(asked.q)


def test_miners_go_by_word(project, digits):
    s = project()
    s.audit.share = 0
    digits.label(s, s.ask(10).ids)
    for word in MINERS:
        asked = s.ask(4, strategy=word)
        check(s, asked, 4)
        assert asked.strategy == word
        assert asked.reason == f"highest {word.replace('_', ' ')}"


@pytest.mark.parametrize("word", ["embedding_distance", "novelty", "similar"])
def test_before_the_first_label_there_is_nothing_to_compare_with(project, word):
    with pytest.raises(QueryError, match="nothing is labelled") as caught:
        project().ask(2, strategy=word)
    assert "typiclust" in caught.value.do


def test_mixes_are_asked_by(project, digits):
    s = project()
    s.audit.share = 0
    mixes = {
        "typiclust until 10, then margin": query.phases([(10, "typiclust"), (None, "margin")]),
        "margin + 0.5 novelty": query.weighted({"margin": 1, "novelty": 0.5}),
        "bald x density": query.product("bald", "density"),
        "kcenter of 50 by margin": query.best_then("margin", 50, "kcenter"),
        "badge of 50 by bald": query.best_then("bald", 50, "badge"),
    }
    for name, mix in mixes.items():
        asked = s.ask(5, strategy=mix)
        check(s, asked, 5)
        assert asked.strategy == name
        assert s.asks.tail(1)["strategy"].item() == name
        digits.label(s, [*asked.ids, *s.ask(3).ids])
    assert "until there are 10 labels" in s.asks["reason"][0]
    assert s.ask(1, strategy=mixes["typiclust until 10, then margin"]).reason == "highest margin"


def test_costs_are_looked_up_by_row_of_the_pool(project, digits):
    s = project()
    s.audit.share = 0
    digits.label(s, s.ask(10).ids)
    cost = np.full(len(s.pool), 1000.0)
    cheap = [row for row in range(0, len(s.pool), 7) if s.pool.ids[row] not in set(s.labels["item"])]
    cost[cheap] = 0.001
    asked = s.ask(12, strategy=query.per_cost("least_confident", cost))
    check(s, asked, 12)
    of_the_best = [s.pool.row(id) for id, q in zip(asked.ids, asked.q, strict=True) if q > 0.5]
    assert len(of_the_best) >= 6
    assert set(of_the_best) <= set(cheap)
    with pytest.raises(QueryError, match="3 costs"):
        s.ask(1, strategy=query.per_cost("margin", [1, 2, 3]))
